"""Shutting an organization's people out, and letting them in again; its database is not touched."""

from __future__ import annotations

from django.utils import timezone

from tenants.audit import record_audit
from tenants.errors import TenancyError
from tenants.models import OPEN_STATUSES, Organization, OrganizationStatus, User
from tenants.mongodb.transaction import atomic
from tenants.naming import CONTROL_ALIAS
from tenants.sessions import end_sessions_of


class WrongState(TenancyError):
    """The organization is not in a state from which this can be done."""


def suspend_organization(organization: Organization, *, reason: str, by: User | None) -> None:
    """Refuse the organization's people from their next request on, and end their sessions.

    Nothing of the organization's is deleted.
    """
    _set_status(organization, OrganizationStatus.SUSPENDED, reason, "organization.suspended", by)


def reactivate_organization(organization: Organization, *, by: User | None) -> None:
    """Let the organization's people in again."""
    _set_status(organization, OrganizationStatus.ACTIVE, "", "organization.reactivated", by)


def _set_status(
    organization: Organization, status: OrganizationStatus, reason: str, action: str, by: User | None
) -> None:
    found = Organization.objects.filter(pk=organization.pk)
    if status == OrganizationStatus.SUSPENDED:
        # At any time: a move goes on, and leaves it suspended.
        found, wanted = found.filter(status__in=[one.value for one in OPEN_STATUSES]), "active"
    else:
        # A restore has shut its people out for a moment, by this status too.
        found = found.filter(status=OrganizationStatus.SUSPENDED, operation=None)
        wanted = "suspended, or an operation works on it"
    with atomic(CONTROL_ALIAS):
        if not found.update(status=status, status_reason=reason, updated_at=timezone.now()):
            raise WrongState(f"“{organization.name}” is not {wanted}.")
        if status == OrganizationStatus.SUSPENDED:
            end_sessions_of(User.objects.filter(organization=organization).values_list("pk", flat=True))
        record_audit(
            action, by=by, organization=organization, target=organization.org_id, details={"reason": reason}
        )
    organization.status, organization.status_reason = status, reason
