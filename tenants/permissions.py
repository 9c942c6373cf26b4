"""Who may do what: permissions are an enum, roles are data, one function decides."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from tenants.models import Organization, User


class Role(models.TextChoices):
    """What a person is within an organization. Staff have none."""

    MANAGER = "manager", "Manager"
    VALUER = "valuer", "Valuer"
    ASSISTANT = "assistant", "Assistant"
    VIEWER = "viewer", "Viewer"


class Permission(StrEnum):
    VIEW_REPORTS = "view_reports"
    DRAFT_REPORTS = "draft_reports"
    SUBMIT_REPORTS = "submit_reports"
    REVIEW_REPORTS = "review_reports"
    ISSUE_REPORTS = "issue_reports"
    CANCEL_REPORTS = "cancel_reports"
    MANAGE_FIRM = "manage_firm"
    MANAGE_PEOPLE = "manage_people"
    MANAGE_TEMPLATES = "manage_templates"
    MANAGE_OVERRIDES = "manage_overrides"
    VIEW_ACTIVITY = "view_activity"
    VIEW_USAGE = "view_usage"


_VIEWER = frozenset({Permission.VIEW_REPORTS})
_ASSISTANT = _VIEWER | {Permission.DRAFT_REPORTS}
_VALUER = _ASSISTANT | {Permission.SUBMIT_REPORTS, Permission.CANCEL_REPORTS}
_MANAGER = frozenset(Permission)

PERMISSIONS_OF_ROLE: dict[str, frozenset[Permission]] = {
    Role.VIEWER.value: _VIEWER,
    Role.ASSISTANT.value: _ASSISTANT,
    Role.VALUER.value: _VALUER,
    Role.MANAGER.value: _MANAGER,
}

# What is left to whom while nothing in the firm may be changed: looking, and deciding who comes in.
KEPT_WHEN_READ_ONLY = frozenset(
    {
        Permission.VIEW_REPORTS,
        Permission.VIEW_ACTIVITY,
        Permission.VIEW_USAGE,
        Permission.MANAGE_PEOPLE,
    }
)

# A member of the staff in a support session: looks, and drafts where that was asked for. Never submits,
# issues or decides about people.
_SUPPORT_LOOKING = frozenset({Permission.VIEW_REPORTS, Permission.VIEW_ACTIVITY, Permission.VIEW_USAGE})
_SUPPORT_WRITING = _SUPPORT_LOOKING | {Permission.DRAFT_REPORTS}


class Scope(models.TextChoices):
    """What a token of the API is for: never more than the person's role allows, often less."""

    READ = "read", "Read reports and banks"
    DRAFT = "draft", "Begin and change reports"


PERMISSIONS_OF_SCOPE: dict[str, frozenset[Permission]] = {
    Scope.READ.value: frozenset({Permission.VIEW_REPORTS}),
    Scope.DRAFT.value: frozenset({Permission.VIEW_REPORTS, Permission.DRAFT_REPORTS}),
}


class Feature(models.TextChoices):
    """What a plan may include besides its limits."""

    API = "api", "API with tokens"
    SINGLE_SIGN_ON = "single_sign_on", "Single sign-on"
    ACTIVITY_EXPORT = "activity_export", "Export of the activity log"


def can(user: User, permission: Permission) -> bool:
    """Whether ``user`` may do it in the firm that the request works for.

    Staff may only within a support session; people without an organization never. A token's scopes, and a
    firm that may not be changed, take away what the role would allow.
    """
    return permission in permissions_of(user)


def permissions_of(user: User) -> frozenset[Permission]:
    """All that ``user`` may do now, by the rules of ``can``. No command."""
    if not user.is_active:
        return frozenset()
    if user.is_staff:
        if user.support is None:
            return frozenset()
        allowed = _SUPPORT_WRITING if user.support.may_write else _SUPPORT_LOOKING
        return _while_read_only(allowed, user.organization)
    if user.organization is None:
        return frozenset()
    allowed = PERMISSIONS_OF_ROLE.get(user.role, frozenset())
    if user.scopes is not None:
        allowed &= frozenset[Permission]().union(
            *(PERMISSIONS_OF_SCOPE.get(scope, frozenset()) for scope in user.scopes)
        )
    return _while_read_only(allowed, user.organization)


def _while_read_only(
    allowed: frozenset[Permission], organization: Organization | None
) -> frozenset[Permission]:
    expired = organization is not None and organization.is_read_only
    return allowed & KEPT_WHEN_READ_ONLY if expired else allowed
