"""How a person and an organization look in the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from tenants.api.fields import ObjectIdField
from tenants.permissions import Permission, Role


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses names that it does not know: a misspelt one would be ignored in silence."""

    def to_internal_value(self, data: Any) -> Any:
        errors: dict[str, Any] = {}
        value: Any = None
        try:
            value = super().to_internal_value(data)
        except ValidationError as error:
            errors = dict(error.detail)  # type: ignore[arg-type]
        if isinstance(data, Mapping):
            known = ", ".join(self.fields)
            errors |= {
                str(name): [f"There is no such name here; there are: {known}."]
                for name in data
                if name not in self.fields
            }
        if errors:
            raise ValidationError(errors)
        return value


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
