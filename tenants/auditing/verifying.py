"""Whether a record is as it was written: reads it once from its first entry to its last."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import connections

from tenants.auditing.chain import CHAINED
from tenants.auditing.hashing import FIRST, Log, hash_of, moment

# An entry is chained as soon as it is committed; one that still waits has lost its process.
LONGEST_PENDING = timedelta(minutes=1)
# More of one record are counted, not told.
MOST_TOLD = 100
_BATCH = 5_000


class ProblemKind(StrEnum):
    CHANGED = "changed"
    GAP = "gap"
    DUPLICATE = "duplicate"
    ASTRAY = "astray"
    CUT = "cut"
    REWRITTEN = "rewritten"
    PENDING = "pending"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: ``number`` in the chain where it has one, ``entry`` the document's id."""

    kind: ProblemKind
    text: str
    number: int | None = None
    entry: str = ""

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "kind": self.kind.value}


@dataclass(frozen=True, slots=True)
class Anchor:
    """What was noted elsewhere of a chain: the hash at a number, and when."""

    number: int
    hash: str
    at: datetime


@dataclass(slots=True)
class Findings:
    """What is known of one record after reading it. More than MOST_TOLD problems are only counted."""

    entries: int = 0
    number: int = 0
    hash: str = FIRST
    pending: int = 0
    count: int = 0
    problems: list[Problem] = field(default_factory=list)

    def add(self, kind: ProblemKind, text: str, *, number: int | None = None, entry: object = "") -> None:
        self.count += 1
        if len(self.problems) < MOST_TOLD:
            self.problems.append(Problem(kind, text, number, str(entry)))


def verify(
    log: Log,
    alias: str,
    *,
    anchors: Sequence[Anchor] = (),
    now: datetime | None = None,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Findings:
    """Read the whole record on ``alias`` and compare it with itself and with ``anchors``. ``now`` is aware.

    Changes nothing. Raises what the database fails with.
    """
    connection: Any = connections[alias]
    collection = connection.get_collection(log.collection)
    reader = ChainReader(log, anchors)
    with collection.find(CHAINED, batch_size=_BATCH) as found:
        for count, entry in enumerate(found.sort("number", 1), start=1):
            reader.take(entry)
            if count % 1_000 == 0:
                on_progress(1_000)
    findings = reader.finish()
    _look_at_others(findings, collection, now or datetime.now(UTC))
    return findings


class ChainReader:
    """Takes the entries of a chain in the order of their numbers. Pure."""

    def __init__(self, log: Log, anchors: Sequence[Anchor] = ()) -> None:
        self._log = log
        # Of two with one number the later: a restore may have explained the earlier.
        self._anchors = {one.number: one for one in sorted(anchors, key=lambda one: one.at)}
        self.findings = Findings()

    def take(self, entry: Mapping[str, Any]) -> None:
        """The next entry, as MongoDB has it."""
        findings, number = self.findings, int(entry["number"])
        findings.entries += 1
        if number <= findings.number:
            findings.add(
                ProblemKind.DUPLICATE, f"Number {number} is there twice.", number=number, entry=entry["_id"]
            )
            return
        missing = number - findings.number - 1
        if missing:
            findings.add(ProblemKind.GAP, _gap(findings.number + 1, number - 1), number=findings.number + 1)
        elif not self._is_true(entry, number):
            findings.add(
                ProblemKind.CHANGED,
                f"Entry {number} is not as it was written, or the one before it is not.",
                number=number,
                entry=entry["_id"],
            )
        findings.number, findings.hash = number, str(entry.get("hash", ""))
        anchor = self._anchors.get(number)
        if anchor is not None and anchor.hash != findings.hash:
            findings.add(
                ProblemKind.REWRITTEN,
                f"Entry {number} had another hash on {anchor.at:%Y-%m-%d %H:%M} UTC: the record was made "
                "anew since.",
                number=number,
                entry=entry["_id"],
            )

    def finish(self) -> Findings:
        """What was found, once every entry was taken."""
        beyond = [one for one in self._anchors.values() if one.number > self.findings.number]
        if beyond:
            last = max(beyond, key=lambda one: one.number)
            self.findings.add(
                ProblemKind.CUT,
                f"{_gap(self.findings.number + 1, last.number)} They were there on "
                f"{last.at:%Y-%m-%d %H:%M} UTC: the end was removed.",
                number=self.findings.number + 1,
            )
        return self.findings

    def _is_true(self, entry: Mapping[str, Any], number: int) -> bool:
        return self._log.known.issuperset(entry) and entry.get("hash") == hash_of(
            self._log, self.findings.hash, number, entry
        )


def _gap(first: int, last: int) -> str:
    return f"Entry {first} is missing." if first == last else f"Entries {first} to {last} are missing."


def _look_at_others(findings: Findings, collection: Any, now: datetime) -> None:
    """Entries outside of the chain: those that wait, and those whose number is none."""
    latest = now - LONGEST_PENDING
    with collection.find({"$nor": [CHAINED]}, {"number": 1, "at": 1}, batch_size=_BATCH) as found:
        for entry in found:
            if entry.get("number") is not None:
                findings.add(
                    ProblemKind.ASTRAY,
                    f"An entry has the number {entry['number']!r}, which the application never gives.",
                    entry=entry["_id"],
                )
                continue
            findings.pending += 1
            at = entry.get("at")
            if not isinstance(at, datetime) or at.replace(tzinfo=UTC) < latest:
                when = moment(at) if isinstance(at, datetime) else "an unknown time"
                findings.add(
                    ProblemKind.PENDING, f"An entry of {when} is not chained yet.", entry=entry["_id"]
                )
