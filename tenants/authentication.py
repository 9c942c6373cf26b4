"""How a person is recognised: by e-mail and password, in pages and in the API."""

from __future__ import annotations

from typing import Any, cast

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
from tenants.permissions import Permission
from tenants.sessions import known_person
from tenants.tokens.refusals import WAYS_IN, ScopeMissing
from tenants.tokens.scopes import granted_by


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
        return WAYS_IN


class IsMember(BasePermission):
    """Only a member of an active organization: staff and people without one get nothing.

    A token is held to its scopes here, whatever the view asks of the role: a change is never within the scope
    of one that reads. A view that names no permissions of its own is for who may read, or draft.
    """

    message = "Only a member of a firm may use this."

    def has_permission(self, request: Request, view: Any) -> bool:
        """Raises ReadOnly for a change where nothing may be changed, ScopeMissing for a token's."""
        organization = getattr(request._request, "organization", None)
        if organization is None:
            return False
        reads = request.method in SAFE_METHODS
        why = getattr(request._request, "read_only", "")
        if why and not reads:
            raise ReadOnly(organization.org_id, why)
        person = cast(User, request.user)
        least = Permission.VIEW_REPORTS if reads else Permission.DRAFT_REPORTS
        if not hasattr(view, "may_read"):
            _require_scope(person, least)
            return person.can(least)
        needed = view.may_read if reads else view.may_write or least
        if needed is not None:
            _require_scope(person, needed)
        return True


def _require_scope(person: User, needed: Permission) -> None:
    if person.scopes is not None and needed not in granted_by(person.scopes):
        raise ScopeMissing(needed)
