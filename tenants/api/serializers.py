"""How a person and an organization look in the API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from tenants.api.fields import ObjectIdField
from tenants.permissions import Permission, Role


class OrganizationSerializer(serializers.Serializer[Any]):
    """The firm whose data the API shows."""

    org_id = serializers.CharField(help_text="The firm's identifier, which never changes.")
    name = serializers.CharField()


class LinksSerializer(serializers.Serializer[Any]):
    """Where the API goes on from here, as paths on the same host."""

    me = serializers.CharField()
    banks = serializers.CharField()
    reports = serializers.CharField()
    schema = serializers.CharField()
    docs = serializers.CharField()


class MeSerializer(serializers.Serializer[Any]):
    """The person who is signed in."""

    id = ObjectIdField()
    name = serializers.CharField()
    email = serializers.EmailField()
    role = serializers.ChoiceField(choices=Role.choices)
    permissions = serializers.ListField(
        child=serializers.ChoiceField(choices=[(one.value, one.value) for one in Permission]),
        help_text="What the role allows in this firm.",
    )
    organization = OrganizationSerializer()
    links = LinksSerializer()
