"""The tables of a format, laid out for a sheet of A4.

A table is first read into a plain grid (heading, rows, foot) and then fitted: columns get widths by what
they hold, as a browser does it; a table of records that is too wide for the sheet is turned on its side
(one record a column, as banks draw comparables); whatever is still too wide is continued below with its
first column repeated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from banks.formats.definition import Field, FieldType, TableKind
from reports.documents.values import EMPTY, NOTHING, Figures, Formatter, Shown

# Characters of the table's type size that fit between the margins, the padding of a column among them.
LINE = 104
PADDING = 2
_LONGEST_WORD = 15
_LONGEST_CELL = 34
_LONGEST_NAME = 24
MARK = "†"
_PLAIN_NOTE = f"{MARK} Entered by the valuer."


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    # Numbers stand at the right, under each other.
    number: bool = False
    # An override: printed with a dagger that the notes below the table explain.
    marked: bool = False
    # Never broken over two lines: a figure, a date.
    whole: bool = False

    def to_json(self) -> dict[str, Any]:
        return {"text": self.text, "number": self.number, "marked": self.marked, "whole": self.whole}


@dataclass(frozen=True, slots=True)
class Grid:
    """``lead`` columns stay at the left when the grid is continued; ``foot`` may be empty."""

    head: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    foot: tuple[Cell, ...] = ()
    notes: tuple[str, ...] = ()
    lead: int = 1

    def column(self, index: int) -> list[Cell]:
        lines = [self.head, *self.rows, *([self.foot] if self.foot else [])]
        return [line[index] for line in lines]


def table_blocks(field: Field, answer: Any, figures: Figures, formatter: Formatter) -> list[dict[str, Any]]:
    """The table as one or more JSON-able blocks ``{head, rows, foot, weights, notes}`` in print order.

    Weights are parts of the width and add up to at most ``LINE``. A table without rows gives no block.
    """
    grid = _Reader(field, figures, formatter).grid(answer)
    if grid is None or field.table is None:
        return []
    if field.table.kind is TableKind.ROW_DYNAMIC and _least_width(grid) > LINE:
        grid = _turned(grid, field.table.row_label)
    return [_block(part) for part in _continued(grid)]


class _Reader:
    """Reads one table's answers and figures into a grid."""

    def __init__(self, field: Field, figures: Figures, formatter: Formatter) -> None:
        self.field = field
        self.figures = figures
        self.formatter = formatter
        self.notes: list[str] = []

    def grid(self, answer: Any) -> Grid | None:
        table = self.field.table
        if table is None:
            return None
        if table.kind is TableKind.COLUMN_DYNAMIC:
            return self._by_columns(answer if isinstance(answer, Mapping) else {})
        columns = [column for column in table.columns if column.path not in self.figures.hidden]
        if table.kind is TableKind.FIXED:
            cells = answer if isinstance(answer, Mapping) else {}
            rows = [
                (
                    Cell(row.label),
                    *self._row(columns, row.id, row.label, {**(cells.get(row.id) or {}), **row.cells}),
                )
                for row in table.rows
            ]
            corner = Cell("" if table.row_label == "Row" else table.row_label)
        else:
            given = [line for line in answer if isinstance(line, Mapping)] if isinstance(answer, list) else []
            rows = [
                (Cell(str(index + 1), number=True), *self._row(columns, str(index), f"row {index + 1}", line))
                for index, line in enumerate(given)
            ]
            corner = Cell("No.", number=True)
        if not rows:
            return None
        head = (corner, *(self._heading(column) for column in columns))
        return Grid(head, tuple(rows), self._foot(columns), tuple(self.notes))

    def _by_columns(self, answer: Mapping[str, Any]) -> Grid | None:
        table = self.field.table
        names = answer.get("columns") or (table.first_columns if table else ())
        if table is None or not names:
            return None
        given = answer.get("cells") or {}
        rows = []
        for row in table.row_fields:
            if row.path in self.figures.hidden:
                continue
            cells = list(given.get(row.id) or ())
            cells += [None] * (len(names) - len(cells))
            line = [
                self._cell(
                    row,
                    f"{self.field.path}.{row.id}.{index}",
                    f"{row.label}, {name}",
                    cells[index],
                    bare=False,
                )
                for index, name in enumerate(names)
            ]
            rows.append((Cell(_numbered(row)), *line))
        corner = Cell("Particulars" if table.row_label == "Row" else table.row_label)
        # Words and figures of one column share the right edge as soon as there are figures.
        right = any(row.is_numeric for row in table.row_fields)
        head = (corner, *(Cell(str(name), number=right) for name in names))
        aligned = [(row[0], *(replace(cell, number=right) for cell in row[1:])) for row in rows]
        return Grid(head, tuple(aligned), (), tuple(self.notes))

    def _row(self, columns: Sequence[Field], row: str, where: str, answers: Mapping[str, Any]) -> list[Cell]:
        return [
            self._cell(
                column,
                f"{self.field.path}.{row}.{column.id}",
                f"{column.label}, {where}",
                answers.get(column.id),
            )
            for column in columns
        ]

    def _cell(self, column: Field, path: str, where: str, answer: Any, *, bare: bool = True) -> Cell:
        if path in self.figures.hidden:
            return Cell("")
        value = self.figures.values.get(path)
        shown: Shown
        if value is not None:
            shown = self.formatter.number(column, value, bare=bare)
        elif column.type is FieldType.CALCULATED and answer is None:
            shown = NOTHING
        else:
            shown = self.formatter.answer(column, answer, bare=bare)
        marked = path in self.figures.overridden
        if marked and (computed := self.figures.computed.get(path)) is not None:
            text = self.formatter.number(column, computed).text
            self.notes.append(f"{MARK} {where}: entered by the valuer; the computed figure is {text}.")
        elif marked and _PLAIN_NOTE not in self.notes:
            self.notes.insert(0, _PLAIN_NOTE)
        whole = shown.kind == "number" or column.type is FieldType.DATE
        return Cell(
            shown.text,
            number=column.is_numeric,
            marked=marked,
            whole=whole and len(shown.text) <= 2 * _LONGEST_WORD,
        )

    def _heading(self, column: Field) -> Cell:
        return Cell(heading_text(column, self.formatter), number=column.is_numeric)

    def _foot(self, columns: Sequence[Field]) -> tuple[Cell, ...]:
        sums: list[tuple[Field, Decimal | None]] = [
            (column, self.figures.values.get(f"{self.field.path}.{column.id}") if column.total else None)
            for column in columns
        ]
        if all(value is None for _, value in sums):
            return ()
        cells = [
            Cell("")
            if value is None
            else Cell(self.formatter.number(column, value, bare=True).text, number=True)
            for column, value in sums
        ]
        # The word stands in the first column that has room for it, beside the figures that it names.
        lead = Cell("Total")
        if (
            self.field.table is not None
            and self.field.table.kind is TableKind.ROW_DYNAMIC
            and not cells[0].text
        ):
            return (Cell(""), lead, *cells[1:])
        return (lead, *cells)


def heading_text(column: Field, formatter: Formatter) -> str:
    """A column's heading with its unit, unless the label already names it: ``Net value, ₹``."""
    money = column.type is FieldType.CURRENCY or (
        column.type is FieldType.CALCULATED and column.display == "currency"
    )
    label = _numbered(column)
    parts = []
    if money:
        parts.append(formatter.symbol.strip())
    if column.unit:
        parts.append(formatter.unit(column.unit))
    if column.display == "percent" or column.suffix == "%":
        parts.append("%")
    elif column.suffix:
        parts.append(column.suffix.strip())
    known = label.lower().replace(".", "")
    return ", ".join([label, *(part for part in dict.fromkeys(parts) if part.lower() not in known)])


def _numbered(field: Field) -> str:
    return f"{field.number} {field.label}" if field.number else field.label


def _word(cell: Cell) -> int:
    """Characters that must stay together: a whole figure, or the longest word up to a bound."""
    if cell.whole:
        return len(cell.text) + cell.marked
    return min(max((len(word) for word in cell.text.split()), default=1), _LONGEST_WORD)


def _least(grid: Grid, index: int) -> int:
    # Headings are bold, so that a letter takes an eighth more.
    heading = -(-_word(grid.head[index]) * 9 // 8)
    return max(heading, *(_word(cell) for cell in grid.column(index))) + PADDING


def _least_width(grid: Grid) -> int:
    return sum(_least(grid, index) for index in range(len(grid.head)))


def _turned(grid: Grid, row_label: str) -> Grid:
    """One record a column: the headings go down the side, the names of the records become headings.

    Everything in a record's column stands at the right, so that words and figures share one edge.
    """
    records = [*grid.rows, *([grid.foot] if grid.foot else [])]
    named = _names(grid)
    prefix = "" if row_label == "Row" else f"{row_label} "
    names = [cell.text for cell in named] or [f"{prefix}{row[0].text}" for row in grid.rows]
    head = [Cell("Particulars"), *(Cell(name, number=True) for name in names)]
    if grid.foot:
        head.append(Cell("Total", number=True))
    # The word in the foot heads its column now, so it is not repeated down the side.
    sides = [
        [Cell("") if cell.text == "Total" else replace(cell, number=True) for cell in record]
        for record in records
    ]
    body = tuple(
        (Cell(grid.head[index].text), *(record[index] for record in sides))
        for index in range(2 if named else 1, len(grid.head))
    )
    return Grid(tuple(head), body, (), grid.notes)


def _names(grid: Grid) -> list[Cell]:
    """The cells of the first column where they can name the records: short, different words in each."""
    cells = [row[1] for row in grid.rows]
    texts = {cell.text for cell in cells}
    good = len(texts) == len(cells) and not texts & {EMPTY, ""}
    return cells if good and all(len(cell.text) <= _LONGEST_NAME and not cell.whole for cell in cells) else []


def _continued(grid: Grid) -> list[Grid]:
    """Pieces narrow enough for the sheet, each with the lead columns; the notes go below the last."""
    least = [_least(grid, index) for index in range(len(grid.head))]
    lead = sum(least[: grid.lead])
    chunks: list[list[int]] = [[]]
    used = lead
    for index in range(grid.lead, len(grid.head)):
        if chunks[-1] and used + least[index] > LINE:
            chunks.append([])
            used = lead
        chunks[-1].append(index)
        used += least[index]
    if len(chunks) == 1:
        return [grid]
    # Even pieces: eleven columns read better as 6 and 5 than as 10 and 1.
    body = [index for chunk in chunks for index in chunk]
    size = -(-len(body) // len(chunks))
    even = [body[start : start + size] for start in range(0, len(body), size)]
    if all(lead + sum(least[index] for index in chunk) <= LINE for chunk in even):
        chunks = even
    return [_piece(grid, chunk, last=chunk is chunks[-1]) for chunk in chunks]


def _piece(grid: Grid, columns: Sequence[int], *, last: bool) -> Grid:
    keep = [*range(grid.lead), *columns]

    def pick(line: tuple[Cell, ...]) -> tuple[Cell, ...]:
        return tuple(line[index] for index in keep) if line else ()

    return Grid(
        pick(grid.head),
        tuple(pick(row) for row in grid.rows),
        pick(grid.foot),
        grid.notes if last else (),
        grid.lead,
    )


def _block(grid: Grid) -> dict[str, Any]:
    return {
        "head": [cell.to_json() for cell in grid.head],
        "rows": [[cell.to_json() for cell in row] for row in grid.rows],
        "foot": [cell.to_json() for cell in grid.foot],
        "weights": column_weights(grid),
        "notes": list(grid.notes),
    }


def column_weights(grid: Grid) -> list[float]:
    """A width for every column, in characters: room for what it holds as far as the sheet has it."""
    least = [_least(grid, index) for index in range(len(grid.head))]
    liked = [
        max(low, min(_LONGEST_CELL, max(len(cell.text) for cell in grid.column(index))) + PADDING)
        for index, low in enumerate(least)
    ]
    spare, wish = LINE - sum(least), sum(liked) - sum(least)
    share = 0.0 if spare <= 0 or wish == 0 else min(1.0, spare / wish)
    return [round(low + (high - low) * share, 2) for low, high in zip(least, liked, strict=True)]
