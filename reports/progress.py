"""How far a report is: which questions are shown, answered and still needed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from banks.formats.definition import Field, FieldType, FormatDefinition, Section, TableKind
from reports.answers import is_empty, is_not_applicable, section_answers
from reports.calculation.engine import Calculation


@dataclass(frozen=True, slots=True)
class Missing:
    """A required answer that is not there; ``path`` names the field or the cell."""

    path: str
    label: str
    section: Section


@dataclass(frozen=True, slots=True)
class SectionProgress:
    """``filled`` of ``total`` questions that a person answers; ``missing`` of them must still be answered."""

    section: Section
    filled: int
    total: int
    required: int
    missing: tuple[Missing, ...]

    @property
    def is_done(self) -> bool:
        """Everything is answered, or everything that is required is."""
        if self.total == 0 or self.missing:
            return False
        return self.filled == self.total or self.required > 0


def visible_sections(definition: FormatDefinition, calculation: Calculation) -> list[Section]:
    """The sections whose condition, and whose tab's, holds."""
    return [section for section in definition.sections() if not calculation.is_hidden(section.path)]


def next_section(definition: FormatDefinition, calculation: Calculation, current: str) -> Section | None:
    """The visible section after the one of path ``current``, in the order of the format."""
    shown = visible_sections(definition, calculation)
    paths = [section.path for section in shown]
    if current not in paths:
        return shown[0] if shown else None
    place = paths.index(current) + 1
    return shown[place] if place < len(shown) else None


def progress_of(section: Section, answers: Mapping[str, Any], calculation: Calculation) -> SectionProgress:
    """The progress of one section; nothing is asked in a hidden one."""
    filled = total = required = 0
    missing: list[Missing] = []
    if not calculation.is_hidden(section.path):
        for field, answer in _asked(section, section_answers(answers, section), calculation):
            total += 1
            filled += not is_empty(answer)
            lacking = list(_missing(section, field, answer, calculation))
            required += field.required or bool(lacking)
            missing += lacking
    return SectionProgress(section, filled, total, required, tuple(missing))


def missing_answers(
    definition: FormatDefinition, answers: Mapping[str, Any], calculation: Calculation
) -> list[Missing]:
    """Every required answer that is not there, in the order of the format."""
    return [
        missing
        for section in definition.sections()
        for missing in progress_of(section, answers, calculation).missing
    ]


def is_asked(field: Field) -> bool:
    """Whether a person answers the field at all."""
    return not field.read_only and field.type is not FieldType.CALCULATED


def _asked(
    section: Section, stored: Mapping[str, Any], calculation: Calculation
) -> Iterator[tuple[Field, Any]]:
    for field in section.fields:
        if field.path in calculation.hidden:
            continue
        answer = stored.get(field.id)
        if field.type is FieldType.GROUP and not is_not_applicable(answer):
            inner = answer if isinstance(answer, Mapping) else {}
            for part in field.fields:
                if is_asked(part) and part.path not in calculation.hidden:
                    yield part, inner.get(part.id)
        elif is_asked(field):
            yield field, answer


def _missing(section: Section, field: Field, answer: Any, calculation: Calculation) -> Iterator[Missing]:
    if is_not_applicable(answer):
        return
    if field.table is not None:
        yield from _missing_cells(section, field, answer, calculation)
    elif field.required and (is_empty(answer) or answer is False):
        yield Missing(field.path, field.label, section)


def _missing_cells(
    section: Section, field: Field, answer: Any, calculation: Calculation
) -> Iterator[Missing]:
    table = field.table
    if table is None or table.kind is TableKind.COLUMN_DYNAMIC:
        if field.required and is_empty(answer):
            yield Missing(field.path, field.label, section)
        return
    if table.kind is TableKind.FIXED:
        stored = answer if isinstance(answer, Mapping) else {}
        rows = [(row.id, row.label, stored.get(row.id) or {}, row.cells) for row in table.rows]
    else:
        listed = answer if isinstance(answer, list) else []
        needed = max(table.min_rows, 1 if field.required else 0)
        if len(listed) < needed:
            count = f"at least {needed} rows" if needed > 1 else "a row"
            yield Missing(field.path, f"{field.label}: {count}", section)
        rows = [(str(at), f"{table.row_label} {at + 1}", row, {}) for at, row in enumerate(listed)]
    for key, row_label, row, given in rows:
        for column in table.columns:
            path = f"{field.path}.{key}.{column.id}"
            shown = path not in calculation.hidden and column.path not in calculation.hidden
            needed_here = column.required and is_asked(column) and shown and column.id not in given
            if needed_here and is_empty(row.get(column.id)):
                yield Missing(path, f"{field.label}, {row_label}: {column.label}", section)
