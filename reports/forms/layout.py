"""The controls of a section's form: which there are, how they are called, and what they hold by now. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from banks.formats.definition import Field, FieldType, Section, Table, TableKind
from reports.answers import is_empty, is_not_applicable
from reports.forms.names import COLUMNS, column_numbers, join, name_of, record_numbers
from reports.progress import is_asked


@dataclass(frozen=True, slots=True)
class Control:
    """One control: ``path`` is that of the calculation (rows counted without gaps), ``stored`` the answer."""

    name: str
    path: str
    field: Field
    stored: Any = None
    in_table: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """A row of a table, or a column that a person added. ``key`` stands in names, ``place`` in paths."""

    key: str
    place: str
    label: str
    # Cells that the format gives.
    given: Mapping[str, str] = field(default_factory=dict)
    # Stored cells that have no control.
    kept: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TableLayout:
    """A table's records and, by (record key, part id), its controls. Parts are columns, or row fields."""

    field: Field
    name: str
    records: tuple[Record, ...]
    parts: tuple[Field, ...]
    controls: Mapping[tuple[str, str], Control]

    @property
    def table(self) -> Table:
        if self.field.table is None:
            raise TypeError(f"{self.field.path} is no table")
        return self.field.table


@dataclass(frozen=True, slots=True)
class Layout:
    """The whole section: single controls and groups' members by name, tables by field id."""

    section: Section
    single: Mapping[str, Control]
    groups: Mapping[str, tuple[Control, ...]]
    tables: Mapping[str, TableLayout]

    def controls(self) -> Iterator[Control]:
        """Every control that a person fills in."""
        yield from self.single.values()
        for table in self.tables.values():
            yield from table.controls.values()


@dataclass(frozen=True, slots=True)
class TableChange:
    """A button of a table (``add_row``, ``remove_row``, ``add_column``, ``remove_column``) and its value."""

    verb: str
    table: str
    number: int | None = None


def is_input(item: Field) -> bool:
    """Whether the field has a control: typed answers, and computed ones that may be typed over."""
    if item.type is FieldType.CALCULATED:
        return item.overridable and not item.read_only
    return is_asked(item)


def lay_out(
    section: Section,
    stored: Mapping[str, Any],
    sent: Sequence[str] | None = None,
    change: TableChange | None = None,
) -> Layout:
    """The layout for stored answers or, when names were ``sent``, for the rows that the browser had.

    ``change`` adds or removes one row or column on top of that.
    """
    single: dict[str, Control] = {}
    groups: dict[str, tuple[Control, ...]] = {}
    tables: dict[str, TableLayout] = {}
    for item in section.fields:
        answer = stored.get(item.id)
        if item.type is FieldType.GROUP:
            inner = answer if isinstance(answer, Mapping) and not is_not_applicable(answer) else {}
            members = tuple(
                Control(name_of(part.path, section.path), part.path, part, inner.get(part.id))
                for part in item.fields
            )
            groups[item.id] = members
            single |= {control.name: control for control in members if is_input(control.field)}
        elif item.table is not None:
            tables[item.id] = _table(item, answer, sent, change)
        elif is_input(item):
            name = name_of(item.path, section.path)
            single[name] = Control(name, item.path, item, answer)
    return Layout(section, single, groups, tables)


def _table(item: Field, answer: Any, sent: Sequence[str] | None, change: TableChange | None) -> TableLayout:
    table = item.table
    if table is None:
        raise TypeError(f"{item.path} is no table")
    if change is not None and change.table != item.id:
        change = None
    if table.kind is TableKind.COLUMN_DYNAMIC:
        return _by_column(item, table, answer, sent, change)
    if table.kind is TableKind.FIXED:
        stored_rows = answer if isinstance(answer, Mapping) and not is_not_applicable(answer) else {}
        rows = {row.id: stored_rows.get(row.id) or {} for row in table.rows}
        records = [
            Record(row.id, row.id, row.label, row.cells, _kept(table.columns, rows[row.id]))
            for row in table.rows
        ]
    else:
        listed = answer if isinstance(answer, list) else []
        numbers = _numbers(
            record_numbers(item.id, sent) if sent is not None else None, len(listed), table, change
        )
        rows = {str(number): listed[number] if number < len(listed) else {} for number in numbers}
        records = [
            Record(
                str(number),
                str(place),
                f"{table.row_label} {place + 1}",
                kept=_kept(table.columns, rows[str(number)]),
            )
            for place, number in enumerate(numbers)
        ]
    controls = {
        (record.key, part.id): Control(
            join(item.id, record.key, part.id),
            f"{item.path}.{record.place}.{part.id}",
            part,
            rows[record.key].get(part.id),
            in_table=True,
        )
        for record in records
        for part in table.columns
        if part.id not in record.given and is_input(part)
    }
    return TableLayout(item, item.id, tuple(records), table.columns, controls)


def _kept(parts: Sequence[Field], row: Mapping[str, Any]) -> dict[str, Any]:
    return {part.id: row[part.id] for part in parts if not is_input(part) and part.id in row}


def _by_column(
    item: Field, table: Table, answer: Any, sent: Sequence[str] | None, change: TableChange | None
) -> TableLayout:
    stored = answer if isinstance(answer, Mapping) and not is_not_applicable(answer) else {}
    names = list(stored.get("columns") or table.first_columns)
    cells = stored.get("cells") or {}
    numbers = _numbers(column_numbers(item.id, sent) if sent is not None else None, len(names), table, change)
    records = [
        Record(str(number), str(place), names[number] if number < len(names) else column_name(table, place))
        for place, number in enumerate(numbers)
    ]
    controls = {}
    for record in records:
        at = int(record.key)
        for part in table.row_fields:
            if is_input(part):
                line = cells.get(part.id) or []
                controls[record.key, part.id] = Control(
                    join(item.id, part.id, record.key),
                    f"{item.path}.{part.id}.{record.place}",
                    part,
                    line[at] if at < len(line) else None,
                    in_table=True,
                )
    return TableLayout(item, item.id, tuple(records), table.row_fields, controls)


def _numbers(sent: list[int] | None, stored: int, table: Table, change: TableChange | None) -> list[int]:
    """The numbers of the records: those sent, else those stored (and an empty one to begin with)."""
    most = most_records(table)
    numbers = sent if sent is not None else list(range(max(stored, table.min_rows, 1)))
    # The rows of two people side by side, and one that shows that they are too many. No page sends more.
    numbers = numbers[: 2 * most + 1]
    if change is not None and change.verb.startswith("add") and len(numbers) < most:
        numbers = [*numbers, max([*numbers, stored - 1], default=-1) + 1]
    if change is not None and change.verb.startswith("remove"):
        numbers = [number for number in numbers if number != change.number]
    return numbers


def most_records(table: Table) -> int:
    """How many rows, or added columns, the table may have."""
    return table.max_columns if table.kind is TableKind.COLUMN_DYNAMIC else table.max_rows


def column_name(table: Table, place: int) -> str:
    """The name that an added column gets until a person gives another: ``Floor 2``."""
    return table.column_pattern.replace("{number}", str(place + 1))


def column_input(layout: TableLayout, record: Record) -> str:
    """The name of the control that holds the name of an added column."""
    return join(layout.name, COLUMNS, record.key)


def assemble(
    layout: Layout, answers: Mapping[str, Any], column_names: Mapping[str, str], *, keep_empty: bool
) -> dict[str, Any]:
    """Field id → answer for the controls' answers by name; a group's value names the members that are there.

    ``keep_empty`` keeps empty rows, so that paths of the calculation stay those of the page.
    """
    values: dict[str, Any] = {}
    for item in layout.section.fields:
        if item.type is FieldType.GROUP:
            members = {c.field.id: answers[c.name] for c in layout.groups[item.id] if c.name in answers}
            if members:
                values[item.id] = members
        elif item.table is not None:
            values[item.id] = _table_answer(layout.tables[item.id], answers, column_names, keep_empty)
        elif item.id in answers:
            values[item.id] = answers[item.id]
    return values


def _table_answer(
    layout: TableLayout, answers: Mapping[str, Any], column_names: Mapping[str, str], keep_empty: bool
) -> Any:
    table = layout.table
    rows = {record.key: _row(layout, record, answers) for record in layout.records}
    if table.kind is TableKind.FIXED:
        return {key: row for key, row in rows.items() if row} or None
    if table.kind is TableKind.ROW_DYNAMIC:
        return [row for row in rows.values() if row or keep_empty] or None
    names = [column_names.get(column_input(layout, record)) or record.label for record in layout.records]
    if not keep_empty and not any(rows.values()) and tuple(names) == table.first_columns:
        return None
    cells = {part.id: [rows[record.key].get(part.id) for record in layout.records] for part in layout.parts}
    filled = {key: line for key, line in cells.items() if any(cell is not None for cell in line)}
    return {"columns": names, "cells": filled} if names else None


def _row(layout: TableLayout, record: Record, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The filled cells of a record; a box that was never ticked is no answer in a table."""
    row = dict(record.kept)
    for part in layout.parts:
        control = layout.controls.get((record.key, part.id))
        if control is None:
            continue
        answer = answers.get(control.name)
        unticked = answer is False and control.stored is not False
        if not is_empty(answer) and not unticked:
            row[part.id] = answer
    return row


def blank_record(layout: TableLayout, key: str) -> TableLayout:
    """The same table with one empty row called ``key``, for the browser to copy."""
    record = Record(key, key, layout.table.row_label)
    controls = {
        (key, part.id): Control(
            join(layout.name, key, part.id), f"{layout.field.path}.{key}.{part.id}", part, None, in_table=True
        )
        for part in layout.parts
        if is_input(part)
    }
    return replace(layout, records=(record,), controls=controls)
