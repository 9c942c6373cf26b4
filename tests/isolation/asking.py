"""Requests without a database: a person who is in none asks a view through the organization's middleware."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.test import RequestFactory

from tenants.middleware import OrganizationMiddleware
from tenants.models import Organization, OrganizationStatus, User
from tenants.operations.schema import head
from tenants.permissions import Role
from tenants.sessions import SessionStore

OURS = "alpha_valuers"
THEIRS = "beta_surveyors"
View = Callable[[HttpRequest], HttpResponseBase]


def member_of(org_id: str) -> User:
    """A person of a firm; neither is in a database."""
    organization = Organization(
        org_id=org_id,
        name=org_id,
        status=OrganizationStatus.ACTIVE,
        address_setting="MONGODB_URI",
        migrations=list(head()),
    )
    return User(email=f"somebody@{org_id}.example", organization=organization, role=Role.VALUER)


def answer(view: View, user: User) -> HttpResponseBase:
    """What the middleware makes of a view."""
    request = RequestFactory().get("/")
    request.user = user
    request.session = SessionStore()
    return OrganizationMiddleware(view)(request)
