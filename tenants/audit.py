"""The two records of what was done: the system's audit trail and a firm's own activity.

The function that makes a change records it, with these. Entries are added and never changed.
"""

from __future__ import annotations

from typing import Any

from tenants.models import ActivityEntry, AuditEntry, Organization, User
from tenants.origin import origin

SYSTEM = "system"


def record_audit(
    action: str,
    *,
    by: User | None,
    organization: Organization | str | None = None,
    target: str = "",
    details: dict[str, Any] | None = None,
    actor: str = SYSTEM,
) -> AuditEntry:
    """Add to the control plane's ``audit_logs``. ``by=None`` is the system itself (a command), or ``actor``.

    ``organization`` may be given by its org_id.
    """
    return AuditEntry.objects.create(
        action=action,
        actor=by.email if by is not None else actor,
        org_id=organization.org_id if isinstance(organization, Organization) else organization or "",
        target=target[:200],
        details=details or {},
        ip=origin().ip,
        request_id=origin().request_id,
    )


def record_activity(
    action: str,
    *,
    by: User,
    report_id: str = "",
    target: str = "",
    details: dict[str, Any] | None = None,
) -> ActivityEntry:
    """Add to the active firm's ``activity_logs``. Raises NoActiveOrganization outside a firm."""
    return ActivityEntry.objects.create(
        action=action,
        actor_id=str(by.pk),
        actor_name=by.name,
        report_id=report_id,
        target=target[:200],
        details=details or {},
        ip=origin().ip,
        request_id=origin().request_id,
    )
