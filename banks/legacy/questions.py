"""What the reading of a format gathers while it walks: the questions made, and where old ids lead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from banks.formats.definition import NUMERIC_TYPES
from banks.formats.field_checks import AREA_UNITS
from banks.legacy.converted import TableAnswers
from banks.legacy.ids import Ids
from banks.legacy.reading import Log, Node


@dataclass(slots=True)
class Question:
    """A field of ours (``node``, to be completed in place) with what the old format said of it.

    ``path`` is ours; ``old`` the ids by which the old format may name it; ``document`` the id of the old
    document that holds it; ``table`` the path of the table whose column (or row field) it is.
    """

    node: dict[str, Any]
    path: str
    old: tuple[str, ...]
    document: str
    raw: Node
    table: str = ""
    read_only: bool = False
    # The old type was a calculated one.
    computed: bool = False
    texts: str = ""
    # What the old field said of its calculation, as read.
    formula: Any = None
    recipe: Any = None
    metadata: Any = None

    @property
    def type(self) -> str:
        return str(self.node["type"])

    @property
    def is_numeric(self) -> bool:
        return self.type in NUMERIC_TYPES

    @property
    def areas(self) -> list[str]:
        """The units of area in which it may come; none where it is no area."""
        unit = self.node.get("unit")
        return self.units or ([unit] if unit in AREA_UNITS else [])

    @property
    def units(self) -> list[str]:
        found: list[str] = self.node.get("units", [])
        return found


@dataclass(frozen=True, slots=True)
class Wish:
    """A condition that waits until every name is known: on ``node``, at our ``path``."""

    node: dict[str, Any]
    path: str
    document: str
    raw: Node
    value: Any


@dataclass(frozen=True, slots=True)
class Scope:
    """Where fields are being read: our path, the free ids in it, and the same place in old ids."""

    path: str
    ids: Ids
    document: str
    old: tuple[str, ...]
    group: bool = False
    # Put before the labels of what stood in a group within a group.
    lead: str = ""

    def inside(self, field_id: str, old_id: str) -> Scope:
        return replace(
            self, path=f"{self.path}.{field_id}", ids=Ids(), old=(*self.old, old_id), group=True, lead=""
        )


@dataclass(slots=True)
class Gathered:
    """Everything that the second pass needs."""

    log: Log
    questions: dict[str, Question] = field(default_factory=dict)
    wishes: list[Wish] = field(default_factory=list)
    option_values: dict[str, dict[str, str]] = field(default_factory=dict)
    tables: dict[str, TableAnswers] = field(default_factory=dict)
    # Our path of a group or table → the old ids by which it may be named.
    containers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    # Our path → every old place of it, as ids from the outermost in.
    places: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def add(self, question: Question, *old_places: tuple[str, ...]) -> None:
        self.questions[question.path] = question
        self.places.extend((question.path, place) for place in old_places)
        if old_places and old_places[0]:
            self.log.ids.append([question.path, ".".join(old_places[0])])

    def answer_paths(self) -> dict[str, tuple[str, ...]]:
        """Old place, whole or from any step further in → our paths."""
        found: dict[str, dict[str, None]] = {}
        for path, steps in self.places:
            for short in _shorter(steps):
                found.setdefault(short, {})[path] = None
        return {place: tuple(paths) for place, paths in found.items()}


def _shorter(steps: tuple[str, ...]) -> Iterator[str]:
    """The place itself; without its inner scopes; from each step further in: all by which it may be named."""
    named = [step for step in steps if step]
    for at in range(len(named)):
        yield ".".join(named[at:])
    if len(named) > 2:
        yield f"{named[0]}.{named[-1]}"
        yield f"{named[1]}.{named[-1]}"
