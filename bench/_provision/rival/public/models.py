"""The public schema: firms and their subdomains."""

from __future__ import annotations

from django.db import models
from django_tenants.models import DomainMixin, TenantMixin


class Firm(TenantMixin):
    """A firm with a schema, which is made when it is saved for the first time."""

    name = models.CharField(max_length=120)
    initials = models.CharField(max_length=6)
    letterhead = models.JSONField(default=dict)

    auto_create_schema = True


class Domain(DomainMixin):
    """A firm's subdomain."""
