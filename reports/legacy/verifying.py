"""The comparison at the end: what was read of each collection, where it went, whether ours still says it.

Of every document that is here its old form is rebuilt from what is stored, and its hash compared with that of
the source; the answers of a report that nobody changed since are worked out again and compared with ours.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from typing import Any

from banks.models import Bank, CommonFields, Format
from reports.legacy.bringing import Import, batches
from reports.legacy.notebook import Outcome, Row
from reports.legacy.originals import NotReadable, hash_of, unpacked
from reports.legacy.recognising import Kind
from reports.models import Report
from tenants.context import organization_active
from tenants.models import ActivityEntry, AuditEntry, StoredFile, User

_HERE = (Outcome.ADDED, Outcome.UPDATED, Outcome.UNCHANGED)
_MODULUS = 1 << 256


@dataclass(slots=True)
class Line:
    """One collection. ``content`` is equal where the old documents can be rebuilt from ours, byte by byte."""

    database: str
    collection: str
    kind: str
    read: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    repeated: int = 0
    left: int = 0
    refused: int = 0
    unknown: int = 0
    hash_of_source: str = ""
    hash_of_ours: str = ""

    @property
    def accounted(self) -> bool:
        """Whether every document that was read went somewhere."""
        parts = (
            self.added,
            self.updated,
            self.unchanged,
            self.repeated,
            self.left,
            self.refused,
            self.unknown,
        )
        return self.read == sum(parts)

    @property
    def equal(self) -> bool:
        return self.hash_of_source == self.hash_of_ours

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "accounted": self.accounted, "equal": self.equal}


@dataclass(slots=True)
class _Sum:
    source: int = 0
    ours: int = 0


@dataclass(slots=True)
class Verification:
    lines: list[Line] = field(default_factory=list)
    # Old ids of documents that could not be rebuilt from ours; the first hundred.
    differing: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not self.differing and all(line.accounted and line.equal for line in self.lines)


def count(run: Import) -> Verification:
    """The counts alone: what a dry run can say."""
    lines: dict[tuple[str, str, str], Line] = {}
    for database, collection, kind, outcome, number in run.book.collections():
        line = lines.setdefault((database, collection, kind), Line(database, collection, kind))
        line.read += number
        if outcome:
            setattr(line, outcome, getattr(line, outcome) + number)
    return Verification(list(lines.values()))


def verify(run: Import) -> Verification:
    """Counts, and everything that is here compared with what was read. Reads each stored object once."""
    found = count(run)
    sums: dict[tuple[str, str, str], _Sum] = defaultdict(_Sum)
    for batch in batches(run.book.with_outcome(*_HERE)):
        groups: dict[tuple[Kind, str], list[Row]] = defaultdict(list)
        for row in batch:
            groups[row.kind, row.organization if row.kind in _OF_FIRMS else ""].append(row)
        for (kind, old), rows in groups.items():
            _compare(run, found, sums, rows, _legacies(run, kind, old, rows))
    for line in found.lines:
        total = sums.get((line.database, line.collection, line.kind))
        if total is not None:
            line.hash_of_source, line.hash_of_ours = f"{total.source:064x}", f"{total.ours:064x}"
    return found


def _compare(
    run: Import,
    found: Verification,
    sums: dict[tuple[str, str, str], _Sum],
    rows: list[Row],
    legacies: Mapping[str, Any],
) -> None:
    for row in rows:
        try:
            text = unpacked(str((legacies.get(row.made) or {}).get("document", "")))
        except NotReadable:
            text = ""
        total = sums[row.database, row.collection, row.kind.value]
        total.source = (total.source + _number(row.old_id, hash_of(row.text))) % _MODULUS
        total.ours = (total.ours + _number(row.old_id, hash_of(text))) % _MODULUS
        if text != row.text and len(found.differing) < 100:
            found.differing.append(f"{row.collection} {row.shown_id}")


def _number(old_id: str, digest: str) -> int:
    return int(hash_of(f"{old_id} {digest}"), 16)


_OF_FIRMS = (Kind.REPORT, Kind.LOG, Kind.FILE, Kind.STORE_FILE)
_MODELS: Mapping[Kind, tuple[Any, str]] = {
    Kind.BANK: (Bank, "legacy"),
    Kind.COMMON_FIELDS: (CommonFields, "legacy"),
    Kind.FORMAT: (Format, "legacy"),
    Kind.ORGANIZATION: (AuditEntry, "details.legacy"),
    Kind.PERSON: (User, "legacy"),
    Kind.REPORT: (Report, "legacy"),
    Kind.FILE: (StoredFile, "legacy"),
    Kind.STORE_FILE: (StoredFile, "legacy"),
}


def _legacies(run: Import, kind: Kind, old: str, rows: list[Row]) -> dict[str, Any]:
    """What is kept of the origin, by our id."""
    model, path = _MODELS.get(kind) or ((ActivityEntry if old else AuditEntry), "details.legacy")
    organization = run.places.get(old) if kind in _OF_FIRMS else None
    with organization_active(organization.placement) if organization is not None else nullcontext():
        ids = [model._meta.pk.to_python(row.made) for row in rows if row.made]
        documents = model.objects.documents(
            {"_id": {"$in": ids}}, [path], order=(), start=0, stop=len(ids) or 1
        )
    found = {}
    for one in documents:
        held: Any = one
        for key in path.split("."):
            held = held.get(key) if isinstance(held, Mapping) else None
        found[str(one["_id"])] = held
    return found


def table(verification: Verification) -> Iterator[str]:
    """Lines for people."""
    heads = ("read", "added", "updated", "unchanged", "repeated", "left", "refused", "unknown")
    yield f"{'collection':44} {'kind':14}" + "".join(f"{head:>10}" for head in heads) + "  content"
    for line in verification.lines:
        name = ".".join(filter(None, (line.database, line.collection)))
        content = ("equal" if line.equal else "DIFFERS") if line.hash_of_source else ""
        yield (
            f"{name[:44]:44} {line.kind:14}"
            + "".join(f"{getattr(line, head):>10,}" for head in heads)
            + f"  {content}"
        )
