"""What the reading of an old document gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from banks.formats.definition import FormatKey
from banks.legacy.faults import Fault, Severity


@dataclass(frozen=True, slots=True)
class Converted:
    """A bank or the common fields.

    ``values`` are ours, empty when the document was refused. ``legacy`` is JSON to be stored beside them:
    ``{"id", "collection", "hash", "kept": [[old place, JSON text], ...]}``, where ``kept`` holds everything
    that was read and has no field or no effect here. ``answer_paths`` is as in ``ConvertedFormat``.
    """

    values: dict[str, Any]
    faults: list[Fault]
    legacy: dict[str, Any]
    answer_paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def refused(self) -> bool:
        return any(fault.severity is Severity.REFUSED for fault in self.faults)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A formula that staff may give to a total that had none, and why it is likely."""

    formula: str
    reason: str

    def as_json(self) -> dict[str, str]:
        return {"formula": self.formula, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class TableAnswers:
    """How the old answer of a table is laid over ours.

    columns  old column id → our column id; None where the column only named or numbered the rows
    rows     for a fixed table our row ids, for a column_dynamic one the ids of its row fields, in old order
    labels   the text of each of those rows, in the same order
    first    old id of a column that is there from the beginning → its position (column_dynamic)
    """

    kind: str
    columns: Mapping[str, str | None] = field(default_factory=dict)
    rows: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    first: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConvertedFormat:
    """A format.

    answer_paths   old place → our paths. A place is ``tab.section.group.field`` in old ids, and every shorter
                   form of it that begins further in, down to the bare id; the id of the tab's document may
                   stand for the tab's. More than one path: the short form is ambiguous.
    option_values  our path → {old value of an option: ours}, where one of them had to be changed
    tables         our path of a table → how its answers lie
    suggestions    our path → a formula for a total that had none
    format_id      the old template id, by which reports name their format
    """

    content: dict[str, Any]
    key: FormatKey | None
    title: str
    is_active: bool
    faults: list[Fault]
    legacy: dict[str, Any]
    answer_paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    option_values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    tables: Mapping[str, TableAnswers] = field(default_factory=dict)
    suggestions: Mapping[str, Suggestion] = field(default_factory=dict)
    format_id: str = ""

    @property
    def refused(self) -> bool:
        return any(fault.severity is Severity.REFUSED for fault in self.faults)
