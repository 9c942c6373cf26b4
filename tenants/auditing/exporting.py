"""Entries as CSV or JSON Lines, line by line."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from bson import ObjectId

from tenants.auditing.actions_known import Kept
from tenants.auditing.hashing import ACTIVITY, AUDIT, moment
from tenants.auditing.reading import Entry
from tenants.auditing.telling import origin_is_shown, told_details, who_of

CSV, JSON_LINES = "csv", "jsonl"
CONTENT_TYPES = {CSV: "text/csv; charset=utf-8", JSON_LINES: "application/x-ndjson; charset=utf-8"}
# So that spreadsheets take it for UTF-8.
_BYTE_ORDER_MARK = "\ufeff"
# What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_FIRM_COLUMNS = (
    *("record", "number", "time", "who", "action", "words", "category", "target", "report_id"),
    *("ip", "request_id", "details", "hash"),
)
_SYSTEM_COLUMNS = (*AUDIT.fields, "number", "hash")

Row = Mapping[str, Any]


def of_firm(entry: Entry, people: Mapping[str, str]) -> dict[str, Any]:
    """An entry for the firm: its own with every stored field, so that its hash can be computed anew.

    Of the system's record, what the firm may see: its hash is for comparing alone.
    """
    told: dict[str, Any] = {
        "record": "activity" if entry.kept is Kept.ACTIVITY else "audit",
        "number": entry.document.get("number"),
        "time": moment(entry.at),
        "who": who_of(entry, people),
        "action": entry.text("action"),
        "words": entry.action.words,
        "category": entry.action.category.value,
        "target": entry.text("target"),
        "report_id": entry.text("report_id"),
        "ip": entry.text("ip") if origin_is_shown(entry, people) else "",
        "request_id": entry.text("request_id"),
        "details": told_details(entry),
        "hash": entry.text("hash"),
    }
    if entry.kept is Kept.ACTIVITY:
        told["stored"] = {name: as_plain(entry.document.get(name, "")) for name in ACTIVITY.fields}
    return told


def of_system(document: Row) -> dict[str, Any]:
    """An entry of the audit log for staff, with every stored field."""
    return {name: as_plain(document.get(name, "")) for name in _SYSTEM_COLUMNS}


def firm_lines(form: str, rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """A file of ``of_firm`` rows. CSV leaves out ``stored``."""
    return _lines(form, _FIRM_COLUMNS, rows)


def system_lines(form: str, rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """A file of ``of_system`` rows."""
    return _lines(form, _SYSTEM_COLUMNS, rows)


def as_plain(value: Any) -> Any:
    """A stored value as JSON has it."""
    if isinstance(value, datetime):
        return moment(value)
    return str(value) if isinstance(value, ObjectId) else value


def safe_cell(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula; what is not text is JSON."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _lines(form: str, columns: tuple[str, ...], rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    if form == JSON_LINES:
        for row in rows:
            yield f"{json.dumps(row, ensure_ascii=False, default=str)}\n".encode()
        return
    write = csv.writer(_Echo()).writerow
    yield _encoded(write, columns, mark=_BYTE_ORDER_MARK)
    for row in rows:
        yield _encoded(write, [safe_cell(row.get(name)) for name in columns])


def _encoded(write: Callable[[Iterable[Any]], Any], cells: Iterable[Any], mark: str = "") -> bytes:
    line: str = write(cells)
    return f"{mark}{line}".encode()


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text
