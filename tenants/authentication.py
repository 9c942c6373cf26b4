"""How a person is recognised: by e-mail and password, in pages and in the API."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from tenants.access import activate_for
from tenants.errors import ReadOnly
from tenants.models import User
from tenants.models.users import normalise_email
from tenants.sessions import known_person


class EmailBackend(BaseBackend):
    """Local sign-in. One look-up brings the person together with the organization."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        email = normalise_email(username or kwargs.get("email") or "")
        if not email or password is None:
            return None
        user = User.objects.filter(email=email).first()
        if user is None:
            # Take as long as for a person who exists, so that the time tells nothing.
            make_password(password)
            return None
        return user if user.check_password(password) and user.is_active else None

    def get_user(self, user_id: Any) -> User | None:
        """The active person of that id with the organization. No command when the session brought them."""
        user = known_person(user_id)
        if user is None:
            user = User.objects.select_related("organization").filter(pk=user_id).first()
        return user if user is not None and user.is_active else None


class OrganizationSessionAuthentication(SessionAuthentication):
    """The browser's session, for the API. Activates the organization through the middleware's function."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        found = super().authenticate(request)
        if found is not None:
            activate_for(request._request, found[0])
        return found

    def authenticate_header(self, request: Request) -> str:
        """Without it the framework answers 403 where 401 is meant."""
        return 'Session realm="api"'


class IsMember(BasePermission):
    """Only a member of an active organization: staff and people without one get nothing."""

    message = "Only a member of a firm may use this."

    def has_permission(self, request: Request, view: Any) -> bool:
        """Raises ReadOnly for a change where nothing may be changed."""
        organization = getattr(request._request, "organization", None)
        why = getattr(request._request, "read_only", "")
        if organization is not None and why and request.method not in SAFE_METHODS:
            raise ReadOnly(organization.org_id, why)
        return organization is not None
