"""The hash that ties an entry to the one before it. Pure: documents in, text out.

SHA-256 over the UTF-8 of one JSON list without spaces: the hash of the entry before (empty for the first),
the number, then every field in the order of ``Log.fields``; mappings have their keys sorted, times are ISO
8601 in UTC with three decimals. Anybody with an export can compute it anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

FIRST = ""


@dataclass(frozen=True, slots=True)
class Log:
    """One of the two records: its collection, and the fields that an entry's hash covers, in this order."""

    collection: str
    fields: tuple[str, ...]

    @property
    def known(self) -> frozenset[str]:
        """Every field that a stored entry may have."""
        return frozenset((*self.fields, "number", "hash"))


AUDIT = Log(
    "audit_logs",
    ("_id", "at", "action", "actor", "org_id", "target", "details", "ip", "request_id"),
)
ACTIVITY = Log(
    "activity_logs",
    (
        *("_id", "at", "action", "actor_id", "actor_name", "report_id"),
        *("target", "details", "ip", "request_id"),
    ),
)


def hash_of(log: Log, previous: str, number: int, entry: Mapping[str, Any]) -> str:
    """64 hexadecimal digits. ``entry`` is a stored document, or what will be stored."""
    said = [previous, number, *[_said(entry.get(name, "")) for name in log.fields]]
    return hashlib.sha256(_canonical(said).encode("utf-8", "surrogatepass")).hexdigest()


def moment(at: datetime) -> str:
    """``2026-11-23T10:15:00.123Z``. A time without a zone is UTC, as MongoDB gives it."""
    in_utc = at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo is not None else at
    return f"{in_utc.isoformat(timespec='milliseconds')}Z"


def _said(value: Any) -> Any:
    if isinstance(value, datetime):
        return moment(value)
    return value if isinstance(value, str | dict) else _other(value)


def _other(value: Any) -> Any:
    """What JSON has no word for: an id, or what somebody stored past the application."""
    if value is None or isinstance(value, bool | int | float | list):
        return value
    return moment(value) if isinstance(value, datetime) else str(value)


_canonical = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_other
).encode
