"""Files of banks and of branches, compared and stored: whole or not at all, each with its audit entry.

What was compared is stored under the condition that it is still what is there; otherwise nothing is written
and the file is to be compared anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import bson
import pymongo
from django.db import connections
from django.utils import timezone
from pymongo.collection import Collection

from banks.exchange.columns import BANKS, BRANCHES, Sheet
from banks.exchange.comparing import ComparedRow, Comparison, Outcome, compare
from banks.exchange.tables import Table
from banks.models import Bank, Branch
from tenants.audit import record_audit
from tenants.context import shared_resources_writable
from tenants.errors import TenancyError
from tenants.models import User
from tenants.mongodb.transaction import run_atomically
from tenants.naming import SHARED_ALIAS

# MongoDB refuses documents of 16 MiB; some room is left for what staff add by hand afterwards.
LARGEST_BANK = 15 * 1024 * 1024
# Writing 4 MB may take longer than a request is otherwise given.
_SECONDS = 30.0
# How many records the audit entry tells of; the counts are those of all.
_TOLD = 50


class ImportRefused(TenancyError):
    """Nothing was written; the message says why."""


class ChangedMeanwhile(ImportRefused):
    """Somebody changed what the file was compared with."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A file compared with what is there. ``version`` is that of what is there; it guards the storing."""

    comparison: Comparison
    version: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where the rows are from, for the audit: the file's name and its SHA-256."""

    name: str
    digest: str


# Branches of a bank ------------------------------------------------------------------------------------


def compare_branches(bank: Bank, table: Table) -> Compared:
    """Raises UnreadableFile, ImportRefused when the bank is gone. One command, which sends all branches."""
    document = _bank_document(bank)
    present = {str(one["code"]): _values(BRANCHES, one) for one in document["branches"]}
    return Compared(compare(BRANCHES, table, present), _version(document))


def import_branches(
    bank: Bank, compared: Compared, *, deactivate_missing: bool, source: Source, by: User | None
) -> dict[str, int]:
    """Store what was compared, in one write of the bank's document; the counts of what was done.

    ``deactivate_missing`` makes branches inactive that the file does not name. What the file has no column
    for stays. Raises ImportRefused when a row is faulty or the bank would become too large,
    ChangedMeanwhile. 3 commands; 10,000 new rows are written in half a second.
    """
    comparison = compared.comparison
    _require_faultless(comparison)
    document = _bank_document(bank)
    if _version(document) != compared.version:
        raise ChangedMeanwhile(_changed(str(bank)))
    missing = frozenset(comparison.missing) if deactivate_missing else frozenset()
    branches = _stored_branches(document["branches"], comparison, missing)
    counts = _counts(comparison, len(missing))
    if not _is_anything(counts):
        return counts
    size = len(bson.encode({**document, "branches": branches}))
    if size > LARGEST_BANK:
        raise ImportRefused(
            f"{bank} would take {size / 2**20:.1f} MB, and a bank can have {LARGEST_BANK // 2**20} MB at "
            "most, about 30,000 branches. Leave out branches that no report needs."
        )
    with shared_resources_writable(), pymongo.timeout(_SECONDS):
        done = _collection().update_one(
            {"_id": bank.pk, "updated_at": document.get("updated_at")},
            {"$set": {"branches": branches, "updated_at": _after(document.get("updated_at"))}},
        )
    if not done.matched_count:
        raise ChangedMeanwhile(_changed(str(bank)))
    details = _details(comparison, counts, source, missing)
    record_audit("branches.imported", by=by, target=bank.code, details=details)
    return counts


def export_branches(bank: Bank) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of all branches of the bank, as they can be imported. One command."""
    branches = sorted(_bank_document(bank)["branches"], key=lambda one: str(one["code"]))
    return list(BRANCHES.columns), [_cells(BRANCHES, one) for one in branches]


def _bank_document(bank: Bank) -> dict[str, Any]:
    with pymongo.timeout(_SECONDS):
        document = _collection().find_one({"_id": bank.pk})
    if document is None:
        raise ImportRefused(f"{bank} does not exist any more.")
    document["branches"] = document.get("branches") or []
    return document


def _stored_branches(
    present: Sequence[Mapping[str, Any]], comparison: Comparison, missing: frozenset[str]
) -> list[dict[str, Any]]:
    """The bank's branches after the import: in the order in which they are, the new ones at the end."""
    changed = {row.code: row for row in comparison.of(Outcome.CHANGED)}
    branches = []
    for one in present:
        row = changed.get(str(one["code"]))
        after = dict(one)
        if row is not None:
            after |= {change.column: row.values[change.column] for change in row.changes}
        elif one["code"] in missing:
            after["is_active"] = False
        branches.append(after)
    field: Any = Bank._meta.get_field("branches")
    connection = connections[SHARED_ALIAS]
    return branches + [
        field.base_field.get_db_prep_save(Branch(**_of_new(BRANCHES, row)), connection)
        for row in comparison.of(Outcome.NEW)
    ]


# Banks themselves --------------------------------------------------------------------------------------


def compare_banks(table: Table) -> Compared:
    """Raises UnreadableFile. One command."""
    documents = _bank_documents()
    present = {str(one["code"]): _values(BANKS, one) for one in documents}
    return Compared(compare(BANKS, table, present), _version(*documents))


def import_banks(
    compared: Compared, *, deactivate_missing: bool, source: Source, by: User | None
) -> dict[str, int]:
    """Store what was compared, all banks in one transaction; their branches stay. The counts.

    Raises ImportRefused when a row is faulty, ChangedMeanwhile.
    """
    comparison = compared.comparison
    _require_faultless(comparison)
    missing = frozenset(comparison.missing) if deactivate_missing else frozenset()
    counts = _counts(comparison, len(missing))
    if not _is_anything(counts):
        return counts
    with shared_resources_writable(), pymongo.timeout(_SECONDS):
        run_atomically(lambda: _store_banks(compared, missing), using=SHARED_ALIAS)
    details = _details(comparison, counts, source, missing)
    record_audit("banks.imported", by=by, target=source.name, details=details)
    return counts


def _store_banks(compared: Compared, missing: frozenset[str]) -> None:
    if _version(*_bank_documents()) != compared.version:
        raise ChangedMeanwhile(_changed("The list of banks"))
    now = timezone.now()
    for row in compared.comparison.of(Outcome.NEW):
        Bank(**_of_new(BANKS, row)).save(force_insert=True)
    for row in compared.comparison.of(Outcome.CHANGED):
        values = {change.column: row.values[change.column] for change in row.changes}
        Bank.objects.filter(code=row.code).update(**values, updated_at=now)
    if missing:
        Bank.objects.filter(code__in=sorted(missing)).update(is_active=False, updated_at=now)


def export_banks() -> tuple[list[str], list[list[str]]]:
    """Headings and rows of all banks, as they can be imported. One command."""
    return list(BANKS.columns), [_cells(BANKS, one) for one in _bank_documents()]


def _bank_documents() -> list[dict[str, Any]]:
    names = (*BANKS.columns, "updated_at")
    connection: Any = connections[SHARED_ALIAS]
    # Within the transaction that stores, this is read in it.
    with _collection().find(
        {}, dict.fromkeys(names, 1), sort=[("code", 1)], session=connection.session
    ) as found:
        return list(found)


# What both have in common ------------------------------------------------------------------------------


def _require_faultless(comparison: Comparison) -> None:
    number = comparison.counts[Outcome.FAULTY]
    if number:
        rows = "1 row is" if number == 1 else f"{number:,} rows are"
        raise ImportRefused(f"{rows} faulty; nothing was imported. Mend them and upload the file again.")


def _changed(what: str) -> str:
    return f"{what} was changed since the file was compared. Look at the comparison again, then confirm it."


def _values(sheet: Sheet, document: Mapping[str, Any]) -> dict[str, Any]:
    """A stored record's values; where an older one has none, what a new one has."""
    values = {}
    for name in sheet.columns:
        value = document.get(name)
        values[name] = sheet.absent(name) if value is None else value
    return values


def _of_new(sheet: Sheet, row: ComparedRow) -> dict[str, Any]:
    return {name: row.values.get(name, sheet.absent(name)) for name in sheet.columns}


def _cells(sheet: Sheet, document: Mapping[str, Any]) -> list[str]:
    values = _values(sheet, document)
    return [sheet.cell(name, values[name]) for name in sheet.columns]


def _counts(comparison: Comparison, deactivated: int) -> dict[str, int]:
    counts = comparison.counts
    del counts[Outcome.FAULTY]
    return {**counts, "deactivated": deactivated}


def _is_anything(counts: Mapping[str, int]) -> bool:
    return any(number for name, number in counts.items() if name != Outcome.UNCHANGED)


def _version(*documents: Mapping[str, Any]) -> str:
    """What is another one as soon as somebody has changed or added a document."""
    latest = max((one["updated_at"] for one in documents if one.get("updated_at")), default=None)
    return f"{len(documents)} {latest.isoformat() if latest else ''}"


def _after(before: datetime | None) -> datetime:
    """Now, as the ORM stores it, and in any case later than what was there."""
    now = timezone.now().replace(tzinfo=None)
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)
    return now if before is None or now > before else before + _MILLISECOND


_MILLISECOND = timedelta(milliseconds=1)


def _collection() -> Collection[dict[str, Any]]:
    connection: Any = connections[SHARED_ALIAS]
    collection: Collection[dict[str, Any]] = connection.get_collection(Bank._meta.db_table)
    return collection


def _details(
    comparison: Comparison, counts: Mapping[str, int], source: Source, missing: frozenset[str]
) -> dict[str, Any]:
    """What the audit tells: all counts, and the first of what was added, changed and made inactive."""
    return {
        "file": source.name,
        "sha256": source.digest,
        "counts": dict(counts),
        "added": [row.code for row in comparison.of(Outcome.NEW)[:_TOLD]],
        "deactivated": sorted(missing)[:_TOLD],
        "changes": {
            f"{row.code}.{change.column}": {"from": change.old, "to": change.new}
            for row in comparison.of(Outcome.CHANGED)[:_TOLD]
            for change in row.changes
        },
    }
