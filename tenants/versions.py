"""Which code may serve which organization's database, by the migrations that either knows. Pure.

A migration is named ``app.name``. An organization's version is the migrations that its database has; the
code's version is a ``Release``. The two need not be the same: indexes may come later, and a database may be
ahead of a process that is about to be replaced.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Standing(StrEnum):
    """How an organization's database stands to the code."""

    AT_HEAD = "at head"
    BEHIND = "behind"
    # It has something that this code does not know: a newer release has been there.
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True)
class Release:
    """The migrations of organizations' databases that this code knows.

    head         those that a database should have, in order
    needed       those of them without which this code cannot serve it
    destructive  those of them that take something away
    known        every migration of these apps, whatever database it is for
    replaces     squashed migrations: which older ones each stands for
    """

    head: tuple[str, ...]
    needed: frozenset[str]
    destructive: frozenset[str]
    known: frozenset[str]
    replaces: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def can_serve(
    applied: Collection[str],
    destructive_applied: Collection[str],
    known: Collection[str],
    needed: Collection[str],
) -> bool:
    """Whether code that knows ``known`` and cannot do without ``needed`` may serve such a database.

    What is applied and unknown was added by newer code and does no harm, unless it took something away.
    """
    have = set(applied)
    return all(name in have for name in needed) and all(name in known for name in destructive_applied)


def missing(release: Release, applied: Collection[str]) -> list[str]:
    """What the release has and a database with ``applied`` has not, in order."""
    have = with_replaced(release, applied)
    return [name for name in release.head if name not in have]


def with_replaced(release: Release, applied: Collection[str]) -> set[str]:
    """``applied``, and every squashed migration all of whose parts are applied."""
    have = set(applied)
    have |= {name for name, parts in release.replaces.items() if have.issuperset(parts)}
    return have


def serves(release: Release, applied: Collection[str], destructive_applied: Collection[str]) -> bool:
    """Whether the release may serve a database with these migrations."""
    return can_serve(with_replaced(release, applied), destructive_applied, release.known, release.needed)


def standing(release: Release, applied: Collection[str]) -> Standing:
    """Behind when something is missing, else ahead when something is unknown, else at head."""
    if missing(release, applied):
        return Standing.BEHIND
    return Standing.AT_HEAD if release.known.issuperset(applied) else Standing.AHEAD


def to_apply(
    pending: Sequence[str], destructive: Collection[str], allowed: str = ""
) -> tuple[list[str], list[str]]:
    """What of ``pending`` is applied in this run, and what waits for a later one.

    A destructive migration waits, and everything after it, unless it is ``allowed`` and the first: then all
    that it builds on was applied in an earlier run, and the code that still used what it takes away has had
    the time to go.
    """
    for number, name in enumerate(pending):
        if name in destructive and not (number == 0 and name == allowed):
            return list(pending[:number]), list(pending[number:])
    return list(pending), []
