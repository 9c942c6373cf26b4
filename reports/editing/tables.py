"""The tables of a section as objects that the editor draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

from banks.formats.definition import Field, FieldType, TableKind
from reports.calculation import units
from reports.editing.questions import FootCell, Question, Table, TableColumn, TableRow
from reports.forms.layout import (
    Control,
    Record,
    TableLayout,
    blank_record,
    column_input,
    most_records,
)
from reports.forms.names import BLANK_ROW, join

if TYPE_CHECKING:
    from reports.editing.presenting import Presenter

_KINDS = {
    TableKind.FIXED: "table_fixed",
    TableKind.ROW_DYNAMIC: "table_rows",
    TableKind.COLUMN_DYNAMIC: "table_columns",
}
_FIGURES = frozenset({FieldType.NUMBER, FieldType.DECIMAL, FieldType.CURRENCY, FieldType.CALCULATED})


def present_table(presenter: Presenter, item: Field) -> Table:
    """One table with its rows, foot and buttons."""
    layout = presenter.form.layout.tables[item.id]
    table = layout.table
    by_column = table.kind is TableKind.COLUMN_DYNAMIC
    editable = presenter.look.editable and not item.read_only
    drawn = Table(
        id=f"q-{item.id}",
        label=item.label,
        path=item.path,
        kind=_KINDS[table.kind],
        columns=_added_columns(layout) if by_column else _columns(presenter, layout),
        rows=_rows_by_column(presenter, layout) if by_column else _rows(presenter, layout),
        number=item.number,
        help=item.help,
        error=presenter.form.table_errors.get(item.id, "") if presenter.look.show_errors else "",
        row_label="" if table.kind is TableKind.FIXED else table.row_label,
        read_only=not editable,
        comments=presenter.look.comments.get(item.path, ()),
    )
    presenter.add_condition(drawn, item)
    if by_column:
        drawn.row_label = "Particulars"
        drawn.column_label = table.column_pattern.replace("{number}", "").strip() or "column"
        presenter.names |= {column_input(layout, record) for record in layout.records}
    else:
        drawn.foot = foot(presenter, item)
    if table.kind is not TableKind.FIXED and editable:
        _add_buttons(presenter, layout, drawn)
    return drawn


def _add_buttons(presenter: Presenter, layout: TableLayout, drawn: Table) -> None:
    most, count = most_records(layout.table), len(layout.records)
    drawn.can_add = count < most
    drawn.add_value = layout.name
    drawn.max_rows = most
    drawn.max_text = f"at most {most}"
    if layout.table.kind is TableKind.ROW_DYNAMIC:
        drawn.next_row = max((int(record.key) for record in layout.records), default=-1) + 1
        blank = blank_record(layout, BLANK_ROW)
        names = set(presenter.names)
        drawn.blank = _row(presenter, blank, blank.records[0])
        # The blank row is a pattern; its controls are never sent.
        presenter.names = names


def shown_parts(presenter: Presenter, layout: TableLayout) -> list[Field]:
    """The columns (or row fields) whose condition holds."""
    return [part for part in layout.parts if not presenter.calculation.is_hidden(part.path)]


def _columns(presenter: Presenter, layout: TableLayout) -> list[TableColumn]:
    return [
        TableColumn(part.id, part.label, _unit(presenter, part), part.type in _FIGURES)
        for part in shown_parts(presenter, layout)
    ]


def _unit(presenter: Presenter, part: Field) -> str:
    """What the head of a column says of its figures."""
    if part.unit:
        unit = units.label(part.unit)
        return f"{presenter.prefix(part)} per {unit}" if presenter.prefix(part) else unit
    if part.suffix:
        return part.suffix
    if part.display == "percent" and part.type is FieldType.CALCULATED:
        return "%"
    return presenter.prefix(part)


def _added_columns(layout: TableLayout) -> list[TableColumn]:
    return [
        TableColumn(
            id=join(layout.name, record.key),
            label=record.label,
            name=column_input(layout, record),
            remove_value=f"{layout.name}:{record.key}",
        )
        for record in layout.records
    ]


def _rows(presenter: Presenter, layout: TableLayout) -> list[TableRow]:
    return [_row(presenter, layout, record) for record in layout.records]


def _row(presenter: Presenter, layout: TableLayout, record: Record) -> TableRow:
    cells = [_cell(presenter, layout, record, part) for part in shown_parts(presenter, layout)]
    fixed = layout.table.kind is TableKind.FIXED
    return TableRow(
        id=f"q-{join(layout.name, record.key)}",
        label=record.label,
        cells=cells,
        remove_value="" if fixed else f"{layout.name}:{record.key}",
    )


def _rows_by_column(presenter: Presenter, layout: TableLayout) -> list[TableRow]:
    rows = []
    for part in shown_parts(presenter, layout):
        cells = [_cell(presenter, layout, record, part) for record in layout.records]
        for cell, record in zip(cells, layout.records, strict=True):
            cell.label = f"{part.label}, {record.label}"
        rows.append(
            TableRow(
                id=f"q-{join(layout.name, part.id)}",
                label=part.label,
                cells=cells,
                unit=units.label(part.unit) if part.unit else "",
            )
        )
    return rows


def _cell(presenter: Presenter, layout: TableLayout, record: Record, part: Field) -> Question:
    """A cell; head or row label says its unit, so the cell does not."""
    control = layout.controls.get((record.key, part.id))
    if control is None:
        by_column = layout.table.kind is TableKind.COLUMN_DYNAMIC
        names = (part.id, record.key) if by_column else (record.key, part.id)
        places = (part.id, record.place) if by_column else (record.place, part.id)
        control = Control(
            join(layout.name, *names),
            ".".join((layout.field.path, *places)),
            part,
            record.given.get(part.id, record.kept.get(part.id)),
            in_table=True,
        )
    given = part.id in record.given
    cell = presenter.question(control, read_only=given or layout.field.read_only)
    if given:
        cell.type = "text" if part.type is FieldType.CALCULATED else cell.type
        cell.value = cell.shown = record.given[part.id]
    cell.help = ""
    cell.prefix = cell.suffix = ""
    if not cell.unit_choices:
        cell.unit = ""
    return cell


def foot(presenter: Presenter, item: Field) -> list[FootCell]:
    """The totals under the columns that have one; empty when none has."""
    layout = presenter.form.layout.tables[item.id]
    parts = shown_parts(presenter, layout)
    if not any(part.total for part in parts):
        return []
    cells = [FootCell("Total")]
    for part in parts:
        value = presenter.calculation.values.get(part.path) if part.total else None
        if value is None:
            cells.append(FootCell("", part.label))
            continue
        display = "currency" if part.type is FieldType.CURRENCY else part.display
        cells.append(FootCell(presenter.formatter.figure(value, display), part.label))
    return cells
