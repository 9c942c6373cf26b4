"""How an action changes one report: read, decide, and write back only what nobody else changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reports.counts import begin_next_revision
from reports.models import Report
from tenants.audit import record_activity
from tenants.models import User
from tenants.mongodb.transaction import run_atomically

_ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class Changed:
    """What an action decided: the report's new values, and the entry that records it."""

    action: str
    fields: Mapping[str, Any]
    target: str = ""
    details: dict[str, Any] = field(default_factory=dict)


class _Overtaken(Exception):
    """Another change came between reading and writing."""


def change_report(
    report_id: object, decide: Callable[[Report], Changed | None], *, by: User, now: datetime
) -> Report:
    """Read the report, ask ``decide``, write its answer and the activity entry: both or neither.

    The write is conditional on the report's version, so a change that came between makes ``decide`` run
    again on the newer report. ``decide`` returns ``None`` to change nothing, or raises a refusal.
    Cost: 3 commands and the commit, one more where the status changes. Raises Report.DoesNotExist.
    """

    def attempt() -> Report:
        report: Report = Report.objects.get(pk=report_id)
        change = decide(report)
        if change is None:
            return report
        values = {
            **change.fields,
            "version": report.version + 1,
            "updated_at": now,
            "updated_by_name": by.acting_name,
        }
        if not Report.objects.filter(pk=report.pk, version=report.version).update(**values):
            raise _Overtaken
        if "status" in values:
            begin_next_revision()
        record_activity(
            change.action, by=by, report_id=str(report.pk), target=change.target, details=change.details
        )
        for name, value in values.items():
            setattr(report, name, value)
        return report

    for _ in range(_ATTEMPTS - 1):
        try:
            return run_atomically(attempt)
        except _Overtaken:
            continue
    return run_atomically(attempt)
