"""Creating an organization: its record, its database, its collections and indexes, its first manager.

Two databases are never one transaction, so the steps are ordered and each can be repeated: a run that failed
anywhere is run again with the same org_id and goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.utils import timezone

from tenants.audit import record_audit
from tenants.errors import TenancyError
from tenants.models import Cluster, Organization, OrganizationStatus, Plan, Subscription, User
from tenants.mongodb.transaction import atomic
from tenants.naming import CONTROL_ALIAS
from tenants.operations.capacity import require_room
from tenants.operations.schema import create_schema, head
from tenants.sessions import end_sessions_of


class OrganizationExists(TenancyError):
    """The org_id belongs to an organization with other particulars."""


@dataclass(frozen=True, slots=True)
class NewOrganization:
    """What is asked for. ``cluster`` and ``plan`` are names; no plan means no subscription."""

    org_id: str
    name: str
    initials: str
    cluster: str = "primary"
    plan: str = ""
    letterhead: dict[str, Any] | None = None


def create_organization(request: NewOrganization, *, by: User | None) -> Organization:
    """Create the organization, or finish one that an earlier call left half-made.

    Steps: record (status provisioning) → room on the server → collections and indexes → active → audit.
    Raises ValidationError for a bad value, OrganizationExists, NoRoom. Calling it again for an active
    organization of the same name checks collections and indexes and changes nothing else.
    """
    organization = _record(request)
    return finish_provisioning(organization, plan=request.plan, by=by)


def finish_provisioning(organization: Organization, *, by: User | None, plan: str = "") -> Organization:
    """Make the database of a recorded organization, and activate it. Repeatable after any failure."""
    if organization.status not in (OrganizationStatus.REQUESTED, OrganizationStatus.PROVISIONING):
        create_schema(organization)
        return organization
    require_room(organization.address_setting)
    create_schema(organization)
    organization.migrations = list(head())
    if plan:
        _subscribe(organization, plan)
    organization.status = OrganizationStatus.ACTIVE
    organization.save()
    record_audit("organization.created", by=by, organization=organization, target=organization.org_id)
    return organization


def _record(request: NewOrganization) -> Organization:
    found = Organization.objects.filter(org_id=request.org_id).first()
    if found is not None:
        if found.name != request.name:
            raise OrganizationExists(
                f"The organization id {request.org_id!r} belongs to “{found.name}”. Choose another id."
            )
        return found
    cluster = Cluster.objects.filter(name=request.cluster).first()
    if cluster is None:
        raise ValidationError({"cluster": f"There is no cluster “{request.cluster}”."})
    organization = Organization(
        org_id=request.org_id,
        name=request.name,
        initials=request.initials,
        cluster=cluster,
        address_setting=cluster.address_setting,
        letterhead=request.letterhead or {"name": request.name},
        status=OrganizationStatus.PROVISIONING,
    )
    organization.full_clean()
    try:
        organization.save(force_insert=True)
    except IntegrityError:
        # Somebody created it in the same moment; theirs counts when it is the same firm.
        return _record(request)
    return organization


def _subscribe(organization: Organization, plan_code: str) -> None:
    plan = Plan.objects.filter(code=plan_code).first()
    if plan is None:
        raise ValidationError({"plan": f"There is no plan “{plan_code}”."})
    if not Subscription.objects.filter(organization=organization).exists():
        Subscription.objects.create(
            organization=organization, plan=plan, status="active", starts_on=timezone.localdate()
        )


def suspend_organization(organization: Organization, *, reason: str, by: User | None) -> None:
    """Refuse the organization's people from their next request on, and end their sessions.

    Nothing of the organization's is deleted.
    """
    _set_status(organization, OrganizationStatus.SUSPENDED, reason, "organization.suspended", by)


def reactivate_organization(organization: Organization, *, by: User | None) -> None:
    """Let the organization's people in again."""
    _set_status(organization, OrganizationStatus.ACTIVE, "", "organization.reactivated", by)


class WrongState(TenancyError):
    """The organization is not in a state from which this can be done."""


def _set_status(
    organization: Organization, status: OrganizationStatus, reason: str, action: str, by: User | None
) -> None:
    allowed_from = {
        OrganizationStatus.SUSPENDED: OrganizationStatus.ACTIVE,
        OrganizationStatus.ACTIVE: OrganizationStatus.SUSPENDED,
    }[status]
    with atomic(CONTROL_ALIAS):
        changed = Organization.objects.filter(pk=organization.pk, status=allowed_from).update(
            status=status, status_reason=reason, updated_at=timezone.now()
        )
        if not changed:
            raise WrongState(f"“{organization.name}” is not {allowed_from.label.lower()}.")
        if status == OrganizationStatus.SUSPENDED:
            end_sessions_of(User.objects.filter(organization=organization).values_list("pk", flat=True))
        record_audit(
            action, by=by, organization=organization, target=organization.org_id, details={"reason": reason}
        )
    organization.status, organization.status_reason = status, reason
