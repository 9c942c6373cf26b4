"""What a firm changes of a bank, change by change: for the pages that manage it. Plain data in and out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from banks.formats.fitting import Spot
from banks.formats.overriding import FormatChanges, original, own_path
from banks.merging import BANK_FIELDS, BRANCH_FIELDS, MergedBank, Origin, SharedBank, is_own
from banks.places import Place


@dataclass(frozen=True, slots=True)
class ChangedPlace:
    """One change of the firm's.

    ``shared`` is what lies under it now, ``was`` what lay there when it was made. ``stale``: the two differ
    and the firm has not said that it keeps its own. ``problem``: why it has no effect (any more), else empty.
    """

    place: str
    label: str
    ours: Any
    shared: Any = None
    was: Any = None
    stale: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ManagedFormat:
    """A format in force of the bank, and how much the firm changes of it, ``branches`` by themselves."""

    name: str
    title: str
    version: int
    changed: int
    branches: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ManagedBranch:
    """A branch with what lies under it; ``shared`` is empty for an own one."""

    code: str
    values: Mapping[str, Any]
    origins: Mapping[str, Origin]
    shared: Mapping[str, Any]
    own: bool
    hidden: bool
    stale: tuple[ChangedPlace, ...]
    name: str
    address: str


@dataclass(frozen=True)
class ManagedBank:
    """A bank as its firm manages it, hidden or not. ``version`` is the override's, 0 when there is none.

    ``shared`` are the values that lie under the firm's; ``changes`` all that the firm changes of bank and
    branches (formats: ``banks.queries.merged_format``), ``stale`` those of them to look at.
    """

    bank: MergedBank
    version: int
    shared: Mapping[str, Any]
    changes: tuple[ChangedPlace, ...]
    formats: tuple[ManagedFormat, ...]
    updated_by_name: str
    updated_at: datetime | None

    @property
    def code(self) -> str:
        return self.bank.code

    @property
    def name(self) -> str:
        return self.bank.name

    @property
    def hidden(self) -> bool:
        return self.bank.hidden

    @property
    def values(self) -> Mapping[str, Any]:
        return self.bank.values

    @property
    def origins(self) -> Mapping[str, Origin]:
        return self.bank.origins

    @property
    def letterhead(self) -> Mapping[str, str] | None:
        return self.bank.letterhead

    @property
    def empanelment(self) -> Mapping[str, str] | None:
        return self.bank.empanelment

    @property
    def stale(self) -> tuple[ChangedPlace, ...]:
        return tuple(one for one in self.changes if one.stale or one.problem)

    def branch(self, code: str) -> ManagedBranch | None:
        """A branch of the bank, hidden by the firm or not."""
        found = self.bank.branch(code, include_hidden=True)
        if found is None:
            return None
        prefix = str(Place("branch", branch=code))
        return ManagedBranch(
            code=code,
            values=found.values,
            origins=found.origins,
            shared={} if found.own else self.bank.shared.branches.get(code, {}),
            own=found.own,
            hidden=found.hidden,
            stale=tuple(one for one in self.stale if one.place.rpartition(".")[0] == prefix),
            name=found.name,
            address=found.address,
        )


def managed(
    shared: SharedBank, bank: MergedBank, override: Mapping[str, Any], formats: Iterable[Any]
) -> ManagedBank:
    """``override`` has the fields of a BankOverride, ``formats`` are the bank's FormatSummaries."""
    return ManagedBank(
        bank=bank,
        version=int(override.get("version") or 0),
        shared=shared.values,
        changes=tuple(changed_places(shared, override)),
        formats=tuple(_format(one, override.get("formats") or {}) for one in formats),
        updated_by_name=str(override.get("updated_by_name") or ""),
        updated_at=override.get("updated_at"),
    )


def _format(summary: Any, changes: Mapping[str, Any]) -> ManagedFormat:
    own = changes.get(summary.name) or {}
    branches = {code: count for code, one in (own.get("branches") or {}).items() if (count := count_of(one))}
    return ManagedFormat(
        name=summary.name,
        title=summary.title,
        version=summary.version,
        changed=count_of(own.get("all") or {}) + sum(branches.values()),
        branches=tuple(sorted(branches)),
    )


def count_of(changes: FormatChanges) -> int:
    """How many things a FormatChanges changes."""
    return sum(1 for _ in spots_of(changes))


def changed_places(shared: SharedBank, override: Mapping[str, Any]) -> Iterator[ChangedPlace]:
    """What the firm changes of the bank's values and branches, in order."""
    under = override.get("under") or {}
    changes = override.get("changes") or {}
    for name in BANK_FIELDS:
        if name in changes:
            yield _changed(Place("bank", name), changes[name], shared.values.get(name), under)
    for code, change in (override.get("branches") or {}).items():
        base = shared.branches.get(code, {})
        if is_own(change, known=bool(base)):
            place = Place("branch", branch=code)
            yield ChangedPlace(str(place), place.label, dict(change))
            continue
        if change.get("hidden"):
            place = Place("branch", "hidden", code)
            yield ChangedPlace(str(place), place.label, ours=True, shared=False, was=False)
        for name in BRANCH_FIELDS:
            if name in change:
                yield _changed(
                    Place("branch", name, code), change[name], base.get(name), under, gone=not base
                )


def _changed(
    place: Place, ours: Any, shared: Any, under: Mapping[str, Any], *, gone: bool = False
) -> ChangedPlace:
    key = str(place)
    was = under.get(key, shared)
    if was in (None, "") and shared in (None, ""):
        # A record older than the field has nothing where others have an empty text.
        was = shared
    problem = "The bank has no such branch any more; take this back." if gone else ""
    return ChangedPlace(key, place.label, ours, shared, was, stale=was != shared, problem=problem)


def spots_of(changes: FormatChanges) -> Iterator[tuple[Spot, Any]]:
    """Every single thing that a FormatChanges changes, with the firm's value."""
    for name, value in changes.get("parameters", {}).items():
        yield Spot("parameter", name), value
    for path, wanted in changes.get("fields", {}).items():
        for attribute, value in wanted.items():
            yield Spot(attribute, path), value
    for one in changes.get("added", ()):
        yield Spot("added", own_path(one)), one


def changed_in_format(
    content: Mapping[str, Any],
    format_name: str,
    branch_code: str,
    changes: FormatChanges,
    under: Mapping[str, Any],
    problems: Sequence[tuple[Spot, str]] = (),
) -> Iterator[ChangedPlace]:
    """What the firm changes of a format, for all branches (no ``branch_code``) or for one."""
    said = dict(reversed(problems))
    for spot, ours in spots_of(changes):
        place = Place("format", spot.attribute, branch_code, format_name, spot.path)
        key = str(place)
        now = None if spot.attribute == "added" else original(content, spot.attribute, spot.path)
        was = under.get(key, now)
        yield ChangedPlace(key, place.label, ours, now, was, stale=was != now, problem=said.get(spot, ""))
