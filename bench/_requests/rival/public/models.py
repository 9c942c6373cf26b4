"""The public schema: firms with their subdomains, and people."""

from __future__ import annotations

from typing import ClassVar, cast

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.urls import reverse
from django_tenants.models import DomainMixin, TenantMixin

from tenants import permissions
from tenants.models import User as ServedUser
from tenants.permissions import Permission, Role


class Firm(TenantMixin):
    """A firm with a schema; the columns are those of the application's ``Organization`` that a page reads."""

    name = models.CharField(max_length=120)
    initials = models.CharField(max_length=6)
    status = models.CharField(max_length=20, default="active")
    accent = models.CharField(max_length=10, default="teal")
    letterhead = models.JSONField(default=dict)
    valuers_may_review = models.BooleanField(default=False)

    # A firm without a plan: nothing is limited, nothing ends.
    plan = ""
    limits = subscription_ends_on = read_only_from = None
    is_read_only = own_reports_may_be_approved = False

    # What fills the database makes the schema.
    auto_create_schema = False

    @property
    def is_active(self) -> bool:
        return self.status == "active"

    @property
    def logo_url(self) -> str:
        logo = self.letterhead.get("logo") if self.letterhead else None
        return f"{reverse('firm-logo')}?v={logo}" if logo else ""


class Domain(DomainMixin):
    """A firm's subdomain."""


class Person(AbstractBaseUser):
    """Who signs in: a member of one firm."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=100)
    organization = models.ForeignKey(Firm, on_delete=models.PROTECT, related_name="people", null=True)
    role = models.CharField(max_length=20, choices=Role.choices, blank=True)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)

    support = scopes = None

    USERNAME_FIELD = "email"

    objects: ClassVar = BaseUserManager["Person"]()

    def can(self, permission: Permission) -> bool:
        """By the application's own rule, which looks at the same attributes."""
        return permissions.can(cast(ServedUser, self), permission)
