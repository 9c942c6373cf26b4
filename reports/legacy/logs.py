"""Old records of what was done: a firm's into its activity, those of no firm into the audit log.

They keep their time and who did it, stand under one action of ours, and tell the old word and everything else
of theirs in the details. They are chained when all are there, the oldest first.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bson import ObjectId

from banks.legacy.faults import Severity
from reports.legacy.bringing import Import, batches, earlier, id_of
from reports.legacy.converting import KnownPerson, kept_of
from reports.legacy.notebook import Outcome, Row
from reports.legacy.originals import id_text, own_id
from reports.legacy.recognising import Kind
from reports.legacy.values import moment_of
from reports.models import Report
from tenants.auditing.chain import chain_pending
from tenants.auditing.hashing import ACTIVITY, AUDIT
from tenants.auditing.plain import plain
from tenants.context import require_org_id
from tenants.models import ActivityEntry, AuditEntry, Organization
from tenants.mongodb.transaction import run_atomically
from tenants.naming import CONTROL_ALIAS

ENTRY = "imported_entry"
CONTROL_ENTRY = "legacy.entry"
_TIMES = ("timestamp", "created_at", "createdAt", "at", "time", "logged_at", "date")
_WORDS = ("action", "event", "activity", "operation", "type")
_WHO = ("user_id", "userId", "actor_id", "created_by", "performed_by", "user", "user_email", "email", "actor")
_REPORTS = ("report_id", "reportId", "resource_id", "entity_id", "target_id")


def bring_activity(
    run: Import, old: str, organization: Organization | None, people: Mapping[str, KnownPerson]
) -> int:
    """The records of one firm, which is active unless it is still to be made; how many were stored."""
    reports = old_reports(run, old)
    stored, met = 0, False
    for batch in batches(run.book.rows(Kind.LOG, old)):
        met = True
        known = _known(ActivityEntry, batch) if organization is not None else {}
        new = []
        for row in batch:
            if (moment := _decide(run, row, known)) is not None:
                new.append((row, _activity(run, row, moment, people, reports)))
        stored += _store(run, new, ActivityEntry, None)
    # What a run that was cut short stored waits for its place in the chain too.
    if met and organization is not None and not run.dry_run:
        chain_pending(ACTIVITY, require_org_id("The activity"))
    return stored


def bring_audit(run: Import) -> int:
    """The records that name no firm."""
    stored, met = 0, False
    for batch in batches(run.book.rows(Kind.LOG, "")):
        met = True
        known = _known(AuditEntry, batch)
        new = []
        for row in batch:
            if (moment := _decide(run, row, known)) is not None:
                new.append((row, _audit(row, moment)))
        stored += _store(run, new, AuditEntry, CONTROL_ALIAS)
    if met and not run.dry_run:
        chain_pending(AUDIT, CONTROL_ALIAS)
    return stored


def old_reports(run: Import, old: str) -> dict[str, str]:
    """Our ids of the firm's reports, by every id that the former system has for them."""
    found = earlier(Report) if run.places[old] is not None else {}
    for row in run.book.rows(Kind.REPORT, old, outcome=None):
        if row.outcome not in (Outcome.REFUSED.value, Outcome.REPEATED.value):
            names = {
                row.shown_id,
                *(id_text(row.document[key]) for key in ("report_id",) if row.document.get(key)),
            }
            found.update(dict.fromkeys(names, row.made or str(id_of(row))))
    return found


def _known(model: Any, batch: list[Row]) -> dict[str, Any]:
    wanted = {"_id": {"$in": [id_of(row) for row in batch]}}
    found = model.objects.documents(wanted, ["details.legacy.hash"], order=(), start=0, stop=len(batch))
    return {str(one["_id"]): (one.get("details") or {}).get("legacy") for one in found}


def _decide(run: Import, row: Row, known: Mapping[str, Any]) -> datetime | None:
    """When it was done, for what is to be stored; else what becomes of the entry is written down."""
    pk = str(id_of(row))
    if pk in known:
        # What was done is never written again, whatever the source says now.
        outcome = run.met(row, known[pk], what="The record of what was done", untouched=False)
        run.book.decide(row.seq, outcome or Outcome.LEFT, pk)
        return None
    document = row.document
    moment = next((found for key in _TIMES if (found := moment_of(document.get(key))) is not None), None)
    if moment is None and isinstance(row.id, ObjectId):
        moment = row.id.generation_time
        run.book.tell(
            row.fault(
                "timestamp", "It does not say when it was done.", "It stands under the time in its id.",
                Severity.CHANGED,
            )
        )  # fmt: skip
    if moment is None:
        run.book.refuse(
            row, "timestamp", "It does not say when it was done.",
            "It is not brought over; it stands whole in the report of this run.",
        )  # fmt: skip
    return moment


def _activity(
    run: Import, row: Row, moment: datetime, people: Mapping[str, KnownPerson], reports: Mapping[str, str]
) -> ActivityEntry:
    document = row.document
    person = _who(document, people)
    report = next((reports[name] for key in _REPORTS if (name := _name(document, key)) in reports), "")
    missing = next((name for key in _REPORTS[:2] if (name := _name(document, key))), "")
    if missing and not report:
        run.book.tell(
            row.fault(
                "report_id", f"The report {missing[:80]} is not among those that are brought over.",
                "The entry stands in the firm's activity and leads to no report.", Severity.NOTE,
            )
        )  # fmt: skip
    return ActivityEntry(
        pk=id_of(row),
        at=moment,
        action=ENTRY,
        actor_id=person.id,
        actor_name=person.name,
        report_id=report,
        target=_word(document),
        details=_details(row, document),
    )


def _audit(row: Row, moment: datetime) -> AuditEntry:
    document = row.document
    return AuditEntry(
        pk=id_of(row),
        at=moment,
        action=CONTROL_ENTRY,
        actor=_who(document, {}).name,
        target=_word(document),
        details=_details(row, document),
    )


def _who(document: Mapping[str, Any], people: Mapping[str, KnownPerson]) -> KnownPerson:
    said = [name for key in _WHO if (name := _name(document, key))]
    for name in said:
        if (found := people.get(name.casefold())) is not None:
            return KnownPerson(found.id, found.name[:100])
    shown = next((one for one in said if "@" in one), said[0] if said else "")
    return KnownPerson("", plain(shown)[:100])


def _name(document: Mapping[str, Any], key: str) -> str:
    value = document.get(key)
    if value in (None, "") or isinstance(value, Mapping | list):
        return ""
    return id_text(value).strip()


def _word(document: Mapping[str, Any]) -> str:
    said = next((document[key] for key in _WORDS if isinstance(document.get(key), str)), "")
    words: str = plain(said)
    return " ".join(words.split())[:200]


def _details(row: Row, document: Mapping[str, Any]) -> dict[str, Any]:
    return {"legacy": {"id": row.shown_id[:200], "action": _word(document), **kept_of(row)}}


def _store(run: Import, new: list[tuple[Row, Any]], model: Any, alias: str | None) -> int:
    if new and not run.dry_run:
        run_atomically(lambda: model.objects.bulk_create([entry for _, entry in new]), using=alias)
    for row, entry in new:
        run.book.decide(row.seq, Outcome.ADDED, str(entry.pk))
    return 0 if run.dry_run else len(new)


def record_run(organization: Organization, counts: Mapping[str, int]) -> None:
    """One entry of the firm's activity that says what this run brought."""
    entry = ActivityEntry(
        pk=own_id("import", [organization.org_id, str(ObjectId())]),
        action="imported",
        actor_id="",
        actor_name="Import",
        details={"counts": dict(counts)},
    )
    entry.save(force_insert=True)
    chain_pending(ACTIVITY, organization.org_id)
