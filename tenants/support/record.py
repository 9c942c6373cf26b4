"""What the audit trail says of support sessions, and what is read from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connections

from tenants.audit import record_audit
from tenants.models import AuditEntry, SupportSession, User
from tenants.naming import CONTROL_ALIAS

BEGUN, ENDED, REFUSED = "support.begun", "support.ended", "support.refused"
# Every request inside; what would change something is noted before it is let through.
VIEWED, ASKED = "support.viewed", "support.asked"


def record_request(
    support: SupportSession, *, by: User, path: str, details: Mapping[str, object], status: int | None = None
) -> None:
    """Record a request inside the firm: answered with ``status``, or about to be let through. 3 commands."""
    answered = {} if status is None else {"status": status}
    record_audit(
        ASKED if status is None else VIEWED,
        by=by,
        organization=support.org_id,
        target=path,
        details={"support": str(support.pk), **details, **answered},
    )


def pages_opened(org_id: str, supports: Sequence[SupportSession]) -> dict[str, int]:
    """How many pages and files each of these sessions of one firm asked for, by its id. One command."""
    if not supports:
        return {}
    since: datetime = min(one.begun_at for one in supports)
    collection = connections[CONTROL_ALIAS].get_collection(AuditEntry._meta.db_table)  # type: ignore[attr-defined]
    pipeline: list[dict[str, Any]] = [
        {"$match": {"org_id": org_id, "at": {"$gte": since}, "action": VIEWED}},
        {"$group": {"_id": "$details.support", "number": {"$sum": 1}}},
    ]
    with collection.aggregate(pipeline) as found:
        counted = {str(one["_id"]): int(one["number"]) for one in found}
    return {str(one.pk): counted.get(str(one.pk), 0) for one in supports}
