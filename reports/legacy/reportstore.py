"""Old reports into their organization's database, a batch in one transaction."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import DatabaseError, IntegrityError, connections
from django.utils import timezone

from reports.counts import begin_next_revision
from reports.legacy.bringing import Import, batches, id_of
from reports.legacy.converting import (
    LONGEST_REFERENCE,
    ConvertedReport,
    KnownBank,
    World,
    convert_report,
    reference_of,
)
from reports.legacy.known import Formats, FormatUnknown
from reports.legacy.notebook import Outcome, Row
from reports.legacy.recognising import Kind
from reports.models import Report
from tenants.context import require_org_id
from tenants.models import Counter, Organization
from tenants.mongodb.transaction import run_atomically
from tenants.reference import financial_year, read_pattern

# What a document of MongoDB may hold, less what its other fields need.
_LARGEST = 15_000_000


def bring_reports(
    run: Import,
    old: str,
    organization: Organization | None,
    formats: Formats,
    banks: Mapping[str, KnownBank],
    world: World,
) -> int:
    """The reports of one organization, active unless it is still to be made; how many were stored."""
    taken: set[str] = set()
    stored, met = 0, False
    for batch in batches(run.book.rows(Kind.REPORT, old)):
        met = True
        known = _stored(batch) if organization is not None else {}
        new: list[tuple[Row, ConvertedReport, Any]] = []
        for row in batch:
            found = _decide(run, row, known, taken)
            if found is False:
                continue
            made = _converted(run, row, formats, banks, world)
            if made is not None:
                new.append((row, made, known.get(str(id_of(row)))))
        if run.dry_run:
            for row, _, earlier in new:
                run.book.decide(row.seq, Outcome.UPDATED if earlier else Outcome.ADDED)
        elif new:
            stored += _store(run, new)
    # A run that was cut short may have stored reports and not come to this.
    if met and organization is not None and not run.dry_run:
        raise_counters(organization)
    return stored


def _stored(batch: list[Row]) -> dict[str, dict[str, Any]]:
    """Ours by id, and by reference number; what decides is asked in two commands for the whole batch."""
    names = ["reference", "version", "legacy.hash", "legacy.version"]
    ids = [id_of(row) for row in batch]
    references = [reference for row in batch if (reference := reference_of(row.document))]
    found: dict[str, dict[str, Any]] = {}
    for wanted in ({"_id": {"$in": ids}}, {"reference": {"$in": references}}):
        for one in Report.objects.documents(wanted, names, order=(), start=0, stop=len(batch)):
            found[str(one["_id"])] = one
            found[f"reference {one['reference']}"] = one
    return found


def _decide(run: Import, row: Row, known: Mapping[str, Mapping[str, Any]], taken: set[str]) -> bool:
    """Whether the report is to be taken over; else what becomes of it is written down."""
    ours = known.get(str(id_of(row)))
    if ours is not None:
        legacy = ours.get("legacy")
        untouched = legacy is not None and ours["version"] == legacy.get("version")
        outcome = run.met(row, legacy, what=f"The report {ours['reference']}", untouched=untouched)
        if outcome is not None:
            taken.add(str(ours["reference"]))
            run.book.decide(row.seq, outcome, str(ours["_id"]))
            return False
    reference = reference_of(row.document)
    problem = ""
    if not reference:
        problem = "The report has no reference number."
    elif len(reference) > LONGEST_REFERENCE:
        problem = f"The reference number has more than {LONGEST_REFERENCE} characters."
    else:
        holder = known.get(f"reference {reference}")
        if reference in taken or (holder is not None and str(holder["_id"]) != str(id_of(row))):
            problem = f"Another report has the reference number “{reference}”."
    if problem:
        run.book.refuse(
            row, "reference_number", problem,
            "The report is not brought over; it stands whole in the report of this run. Give it a number of "
            "its own in the source and run again.",
        )  # fmt: skip
        return False
    taken.add(reference)
    return True


def _converted(
    run: Import, row: Row, formats: Formats, banks: Mapping[str, KnownBank], world: World
) -> ConvertedReport | None:
    document = row.document
    try:
        known = formats.of(document)
    except FormatUnknown as problem:
        run.book.refuse(
            row, "template_id", str(problem),
            "The report is not brought over; it stands whole in the report of this run. "
            "Import its format first.",
        )  # fmt: skip
        return None
    code = known.key.bank_code
    made = convert_report(row, document, known, banks.get(code) or KnownBank(code, code), world)
    size = len(made.fields["legacy"]["document"]) + len(
        json.dumps([made.fields["answers"], made.fields["set_aside"]])
    )
    if size > _LARGEST:
        run.book.refuse(
            row, "report_data", f"With its old form it would take {size:,} bytes, more than MongoDB keeps.",
            "The report is not brought over; it stands whole in the report of this run.",
        )  # fmt: skip
        return None
    run.book.tell_all(made.faults)
    return made


def _store(run: Import, new: list[tuple[Row, ConvertedReport, Any]]) -> int:
    try:
        _store_together(new)
    except IntegrityError:
        # Somebody began a report with one of these numbers in this moment: each for itself then.
        return sum(_store_alone(run, one) for one in new)
    for row, _, earlier in new:
        run.book.decide(row.seq, Outcome.UPDATED if earlier else Outcome.ADDED, str(id_of(row)))
    return len(new)


def _store_alone(run: Import, one: tuple[Row, ConvertedReport, Any]) -> int:
    row, _, earlier = one
    try:
        _store_together([one])
    except IntegrityError:
        run.book.refuse(
            row, "reference_number", "Another report here has its reference number.",
            "The report is not brought over. Give it a number of its own in the source and run again.",
        )  # fmt: skip
        return 0
    run.book.decide(row.seq, Outcome.UPDATED if earlier else Outcome.ADDED, str(id_of(row)))
    return 1


class _Overtaken(DatabaseError):
    """Somebody changed a report between looking at it and taking it over anew."""


def _store_together(new: list[tuple[Row, ConvertedReport, Any]]) -> None:
    def store() -> None:
        begin_next_revision()
        fresh = []
        for row, made, earlier in new:
            version = int(earlier["version"]) + 1 if earlier else 1
            legacy = {**made.fields["legacy"], "version": version}
            values = {**made.fields, "legacy": legacy, "version": version}
            if earlier is None:
                fresh.append(Report(pk=id_of(row), **values))
            elif not Report.objects.filter(pk=earlier["_id"], version=earlier["version"]).update(**values):
                raise _Overtaken(
                    f"{made.fields['reference']} was changed in this moment; run the import again."
                )
        Report.objects.bulk_create(fresh)

    run_atomically(store)


# The numbers that follow --------------------------------------------------------------------------------


def raise_counters(organization: Organization) -> None:
    """Have the next reference number follow the highest that any report of the firm has by its pattern."""
    highest: dict[str, int] = {}
    numbered = numbers_in(organization.reference_pattern, organization.initials)
    for reference, created in Report.objects.values_list("reference", "created_at").iterator():
        found = numbered(reference, timezone.localdate(created))
        if found is not None:
            counter, number = found
            highest[counter] = max(highest.get(counter, 0), number)
    connection: Any = connections[require_org_id("A counter")]
    collection = connection.get_collection(Counter._meta.db_table)
    for counter, number in sorted(highest.items()):
        collection.update_one({"name": counter}, {"$max": {"value": number}}, upsert=True)


def numbers_in(text: str, initials: str) -> Any:
    """``(reference, day it was made) → (counter, number)`` by a firm's pattern; None where none fits."""
    pattern = read_pattern(text)
    tokens = {
        "initials": re.escape(initials), "bank": r"[A-Z0-9_]{1,20}", "FY": r"(?P<fy>\d{4}-\d{2})",
        "DDMMYYYY": r"\d{4}(?P<y1>\d{4})", "DDMMYY": r"\d{4}(?P<y2>\d{2})", "YYYYMMDD": r"(?P<y3>\d{4})\d{4}",
        "YYYY": r"(?P<y4>\d{4})", "YY": r"(?P<y5>\d{2})", "MM": r"\d{2}", "DD": r"\d{2}",
    }  # fmt: skip
    made, used = "", set[str]()
    for part in re.split(r"(\{[^{}]*\})", text):
        token = part[1:-1] if part.startswith("{") else ""
        if token.startswith("seq"):
            made += r"(?P<seq>\d{1,9})"
        elif token:
            # A second one of the same year needs no name.
            made += tokens[token] if token not in used else re.sub(r"\?P<\w+>", "?:", tokens[token])
            used.add(token)
        else:
            made += re.escape(part)
    shape = re.compile(made)

    def numbered(reference: str, day: date) -> tuple[str, int] | None:
        match = shape.fullmatch(reference)
        if match is None:
            return None
        said = match.groupdict()
        if pattern.reset == "fy":
            return f"report-fy-{said.get('fy') or financial_year(day)}", int(said["seq"])
        years = [said[key] for key in ("y1", "y3", "y4", "y2", "y5") if said.get(key)]
        year = int(years[0]) if years else day.year
        year = year if year > 99 else 2000 + year
        return (f"report-{year}" if pattern.reset == "year" else "report"), int(said["seq"])

    return numbered
