"""Who may do what: permissions are an enum, roles are data, one function decides."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from tenants.models import User


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


_VIEWER = frozenset({Permission.VIEW_REPORTS})
_ASSISTANT = _VIEWER | {Permission.DRAFT_REPORTS}
_VALUER = _ASSISTANT | {Permission.SUBMIT_REPORTS, Permission.CANCEL_REPORTS}
_MANAGER = _VALUER | {Permission.REVIEW_REPORTS, Permission.ISSUE_REPORTS, Permission.MANAGE_FIRM}

PERMISSIONS_OF_ROLE: dict[str, frozenset[Permission]] = {
    Role.VIEWER.value: _VIEWER,
    Role.ASSISTANT.value: _ASSISTANT,
    Role.VALUER.value: _VALUER,
    Role.MANAGER.value: _MANAGER,
}


def can(user: User, permission: Permission) -> bool:
    """Whether ``user`` may do it in the own organization.

    Staff, and people without an organization, may do nothing there.
    """
    if not user.is_active or user.is_staff or user.organization_id is None:
        return False
    return permission in PERMISSIONS_OF_ROLE.get(user.role, frozenset())
