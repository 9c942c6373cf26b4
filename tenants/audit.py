"""The two records of what was done: the system's audit trail and a firm's own activity.

The function that makes a change records it, with these. Entries are added and never changed; once committed,
each is chained to the one before (``tenants.auditing.chain``). What was changed is told uniformly:
``details={"changes": {field: {"from": …, "to": …}}}``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone

from tenants.auditing.chain import chain_after_commit
from tenants.auditing.hashing import ACTIVITY, AUDIT, Log
from tenants.auditing.plain import plain
from tenants.context import require_org_id
from tenants.models import ActivityEntry, AuditEntry, Organization, User
from tenants.naming import CONTROL_ALIAS
from tenants.origin import origin

SYSTEM = "system"
_LONGEST_TARGET = 200


def record_audit(
    action: str,
    *,
    by: User | None,
    organization: Organization | str | None = None,
    target: str = "",
    details: Mapping[str, Any] | None = None,
    actor: str = SYSTEM,
) -> AuditEntry:
    """Add to the control plane's ``audit_logs``. ``by=None`` is the system itself (a command), or ``actor``.

    ``organization`` may be given by its org_id. 1 command, and 2 when it is committed.
    """
    entry = audit_entry(action, by=by, organization=organization, target=target, details=details, actor=actor)
    entry.save(force_insert=True)
    chain_after_commit(AUDIT, CONTROL_ALIAS, [_said(entry, AUDIT)])
    return entry


def audit_entry(
    action: str,
    *,
    by: User | None,
    organization: Organization | str | None = None,
    target: str = "",
    details: Mapping[str, Any] | None = None,
    actor: str = SYSTEM,
) -> AuditEntry:
    """An entry that is not stored yet, for ``record_audits``."""
    return AuditEntry(
        at=_now(),
        action=action,
        actor=by.email if by is not None else actor,
        org_id=organization.org_id if isinstance(organization, Organization) else organization or "",
        target=_target(target),
        details=plain(details or {}),
        ip=origin().ip,
        request_id=origin().request_id,
    )


def record_audits(entries: Sequence[AuditEntry]) -> None:
    """Add many at once, made by ``audit_entry``. 1 command, and 3 when they are committed."""
    if not entries:
        return
    AuditEntry.objects.bulk_create(entries)
    chain_after_commit(AUDIT, CONTROL_ALIAS, [_said(entry, AUDIT) for entry in entries])


def record_activity(
    action: str,
    *,
    by: User,
    report_id: str = "",
    target: str = "",
    details: Mapping[str, Any] | None = None,
) -> ActivityEntry:
    """Add to the active firm's ``activity_logs``. Raises NoActiveOrganization outside a firm.

    1 command, and 2 when it is committed.
    """
    entry = ActivityEntry(
        at=_now(),
        action=action,
        actor_id=str(by.pk),
        actor_name=by.acting_name,
        report_id=report_id,
        target=_target(target),
        details=plain(details or {}),
        ip=origin().ip,
        request_id=origin().request_id,
    )
    entry.save(force_insert=True)
    chain_after_commit(ACTIVITY, require_org_id("The activity"), [_said(entry, ACTIVITY)])
    return entry


def _now() -> Any:
    """To the millisecond, as the database keeps it."""
    now = timezone.now()
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _target(text: str) -> str:
    said: str = plain(text)
    return said[:_LONGEST_TARGET]


def _said(entry: AuditEntry | ActivityEntry, log: Log) -> dict[str, Any]:
    """What is stored of an entry, as ``hash_of`` takes it."""
    return {name: getattr(entry, "pk" if name == "_id" else name) for name in log.fields}
