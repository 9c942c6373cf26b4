"""Where a chain ended, noted elsewhere: so that a shortened or rewritten one is found.

A firm's end is noted in the system's audit log; the audit log's own end in the process's log, whose lines
leave the machine. Both once a day.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId
from bson.errors import InvalidId
from django.db import connections

from tenants.audit import audit_entry, record_audits
from tenants.auditing.chain import FAILURES, chain_pending, head_of
from tenants.auditing.hashing import ACTIVITY, AUDIT, FIRST
from tenants.auditing.verifying import Anchor
from tenants.context import no_organization, organization_active
from tenants.models import (
    AuditEntry,
    Backup,
    Operation,
    OperationStatus,
    Organization,
    OrganizationStatus,
)
from tenants.mongodb.transaction import run_atomically
from tenants.naming import CONTROL_ALIAS
from tenants.planes import PlaneManager

logger = logging.getLogger(__name__)

ANCHORED = "activity.anchored"
# Those whose database is there and may be written to.
KEPT_STATUSES = (OrganizationStatus.ACTIVE, OrganizationStatus.SUSPENDED)
# What puts another state of a firm's data in the place of the present one.
_REPLACING = ("restore", "revert_restore")
# Anchors that are written together.
_TOGETHER = 200


def keep_chains() -> list[str]:
    """Chain what is pending in every record, and note where each ends; the org_ids that have new entries.

    For the daily duty. A firm that cannot be reached, or is being moved, waits for tomorrow. 3 commands a
    firm, and as many as are needed where something is new.
    """
    anchored: list[str] = []
    waiting: list[AuditEntry] = []
    wanted = Organization.objects.filter(status__in=[one.value for one in KEPT_STATUSES])
    # All at once: the server would close a cursor that waits for a thousand firms.
    for organization in list(wanted):
        try:
            entry = _kept(organization)
        except FAILURES as error:
            logger.warning("The activity of %s was not looked after: %s", organization.org_id, error)
            continue
        if entry is not None:
            waiting.append(entry)
            anchored.append(organization.org_id)
        if len(waiting) >= _TOGETHER:
            _store(waiting)
            waiting = []
    _store(waiting)
    keep_audit_log()
    return anchored


def keep_audit_log() -> tuple[int, str]:
    """Chain what is pending in the audit log, and say in the process's log where it ends."""
    chain_pending(AUDIT, CONTROL_ALIAS)
    number, last = head_of(AUDIT, CONTROL_ALIAS)
    logger.info("The audit log ends with %d:%s", number, last)
    return number, last


def anchors_of(org_id: str) -> list[Anchor]:
    """What the audit log says of a firm's chain, but for what a restore has put another state in place of."""
    found = AuditEntry.objects.filter(org_id=org_id, action=ANCHORED).order_by("at")
    spans = _replaced(org_id)
    return [
        Anchor(int(details["number"]), str(details["hash"]), at)
        for at, details in found.values_list("at", "details")
        if not any(since < at <= until for since, until in spans)
    ]


def _kept(organization: Organization) -> AuditEntry | None:
    """Look after one firm's chain; the anchor to be written, if there is anything new."""
    with no_organization(), organization_active(organization.placement):
        alias = organization.org_id
        head = head_of(ACTIVITY, alias)
        # Asked of the collection's own count: looking for entries without a number would read them all.
        if _number_of_entries(alias) != head[0]:
            chain_pending(ACTIVITY, alias)
            head = head_of(ACTIVITY, alias)
    if head[0] == 0 or head == _last_anchor(organization.org_id):
        return None
    return audit_entry(
        ANCHORED,
        by=None,
        organization=organization,
        target=organization.org_id,
        details={"number": head[0], "hash": head[1]},
    )


def _number_of_entries(alias: str) -> int:
    connection: Any = connections[alias]
    return int(connection.get_collection(ACTIVITY.collection).estimated_document_count())


def _last_anchor(org_id: str) -> tuple[int, str]:
    manager: PlaneManager[AuditEntry] = AuditEntry.objects
    found = manager.documents(
        {"org_id": org_id, "action": ANCHORED}, ["details"], order=[("at", -1)], start=0, stop=1
    )
    details: dict[str, Any] = found[0]["details"] if found else {"number": 0, "hash": FIRST}
    return int(details["number"]), str(details["hash"])


def _store(entries: Sequence[AuditEntry]) -> None:
    if entries:
        run_atomically(lambda: record_audits(entries), using=CONTROL_ALIAS)


def _replaced(org_id: str) -> list[tuple[datetime, datetime]]:
    """The spans of time whose entries are no longer the firm's: from a backup's moment to its restore."""
    spans = []
    known = Operation.objects.filter(org_id=org_id, kind__in=_REPLACING)
    # One that was cancelled has put back what was there.
    for operation in known.exclude(status=OperationStatus.CANCELLED.value):
        until = operation.finished_at or datetime.now(UTC)
        spans.append((_shown_by(operation), until))
    return spans


def _shown_by(operation: Operation) -> datetime:
    """The moment whose state the operation puts in place."""
    if operation.kind == "revert_restore":
        # What was live when the restore began comes back; all since is gone.
        restore = _found(Operation, operation.options.get("restore"))
        return restore.created_at if restore is not None else operation.created_at
    backup = _found(Backup, operation.options.get("backup"))
    taken: datetime | None = backup.taken_at if backup is not None else None
    return taken or operation.created_at


def _found(model: type[Any], pk: Any) -> Any:
    try:
        return model.objects.filter(pk=ObjectId(str(pk))).first()
    except InvalidId:
        return None
