"""The view that every address of the API stands on, and the address that tells who is calling."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tenants.api import schema  # noqa: F401 - registers how sign-in is described
from tenants.api.problems import InvalidValues, value_problems
from tenants.api.serializers import MeSerializer, StrictSerializer
from tenants.authentication import IsMember
from tenants.models import Organization, User
from tenants.permissions import Permission


class MayUse(IsMember):
    """A member whose role has the view's permission: ``may_read`` for safe methods, else ``may_write``."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        needed = view.may_read if request.method in SAFE_METHODS else view.may_write
        if needed is None or cast(User, request.user).can(needed):
            return True
        self.message = f"Your role does not allow this ({needed.value})."
        return False


class MemberView(APIView):
    """An address that only members of an active organization use.

    ``may_read`` and ``may_write`` name the permissions; ``None`` is: every member.
    """

    permission_classes = [MayUse]
    may_read: ClassVar[Permission | None] = None
    may_write: ClassVar[Permission | None] = None

    @property
    def member(self) -> User:
        """Who is calling."""
        return cast(User, self.request.user)

    @property
    def organization(self) -> Organization:
        """The active organization, which is the member's."""
        return cast(Organization, self.request._request.organization)  # type: ignore[attr-defined]

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        final = super().finalize_response(request, response, *args, **kwargs)
        # One firm's data: no shared cache keeps it, and a browser asks before it shows it again.
        final.headers.setdefault("Cache-Control", "private, no-cache")
        return final


def read_query(serializer: type[StrictSerializer], request: Request) -> dict[str, Any]:
    """The checked query parameters. Raises InvalidValues."""
    return _read(serializer(data=request.query_params), in_query=True)


def read_body(serializer: type[StrictSerializer], request: Request) -> dict[str, Any]:
    """The checked body. Raises InvalidValues, or what the parser refuses."""
    return _read(serializer(data=request.data))


def _read(reading: StrictSerializer, *, in_query: bool = False) -> dict[str, Any]:
    if not reading.is_valid():
        raise InvalidValues(value_problems(reading.errors, in_query=in_query))
    return cast(dict[str, Any], reading.validated_data)


class Me(MemberView):
    """Who is signed in."""

    @extend_schema(
        operation_id="me",
        summary="Who is signed in, and what they may do",
        tags=["Person"],
        responses=MeSerializer,
    )
    def get(self, request: Request) -> Response:
        person, organization = self.member, self.organization
        return Response(
            MeSerializer(
                {
                    "id": person.pk,
                    "name": person.name,
                    "email": person.email,
                    "role": person.role,
                    "permissions": [one.value for one in Permission if person.can(one)],
                    "organization": {"org_id": organization.org_id, "name": organization.name},
                    "links": {
                        name: reverse(f"api:{name}") for name in ("me", "banks", "reports", "schema", "docs")
                    },
                }
            ).data
        )
