"""Old answers of tables laid over ours. Pure.

The former system stored a table as a list of rows, as rows by their id, or as columns with a list of cells
each; which of them is seen from the value, how it lies over ours is what ``TableAnswers`` says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from banks.formats.definition import Field, Table, TableKind
from banks.legacy.converted import TableAnswers
from reports.legacy.values import Around, Unfit, is_nothing, typed
from reports.legacy.values import result as worked_out

_HOLDERS = ("rows", "data", "tableData", "table_data", "values")
_NAMES_OF_ROWS = ("rowId", "row_id", "id", "_id", "key")
_DIGITS = re.compile(r"(\d+)")
# "1.", "(a)", "iv)": what counts rows and says nothing else.
_SIGN = re.compile(r"\(?([0-9.]+[a-z]?|[a-z]|[ivxl]{1,6})[.):]*")
_NUMBERED_HERE = "Ours numbers and names the rows itself."


@dataclass(slots=True)
class Laid:
    """A table's answer, and what of it found no place: ``(where, old value, why)``."""

    answer: Any = None
    left_over: list[tuple[str, Any, str]] = field(default_factory=list)


def laid(question: Field, value: Any, answers: TableAnswers | None, around: Around) -> Laid:
    """The answer of a table. What does not fit stands in ``left_over``; never raises."""
    table = question.table
    result = Laid()
    if table is None or is_nothing(value):
        return result
    layout = answers or _own_layout(table)
    if table.kind is TableKind.COLUMN_DYNAMIC:
        _by_column(table, value, layout, around, result)
        return result
    rows = list(_rows(value))
    if not rows:
        result.left_over.append(("", value, "It is no table."))
    elif table.kind is TableKind.FIXED:
        result.answer = _fixed(table, rows, layout, around, result) or None
    else:
        result.answer = _listed(table, rows, layout, around, result) or None
    return result


def _own_layout(table: Table) -> TableAnswers:
    return TableAnswers(
        kind=table.kind.value,
        columns={one.id: one.id for one in table.columns},
        rows=tuple(one.id for one in (table.rows or table.row_fields)),
        labels=tuple(one.label for one in (table.rows or table.row_fields)),
    )


def _rows(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """``(name of the row or its number, cells)`` of a list of rows or of rows by their id."""
    value = _unwrapped(value)
    if isinstance(value, list | tuple):
        for at, row in enumerate(value):
            yield str(at), row if isinstance(row, Mapping) else {"": row}
    elif isinstance(value, Mapping) and all(isinstance(row, Mapping) for row in value.values()):
        yield from sorted(((str(name), row) for name, row in value.items()), key=_numbered)


def _numbered(row: tuple[str, Any]) -> int:
    """Rows whose names are numbers stand by them, the tenth after the ninth; all others stay as they are."""
    return int(row[0]) if row[0].isdecimal() else 0


def _natural(name: str) -> list[tuple[int, str]]:
    """``floor_2`` before ``floor_10``: an old document no longer tells in which order its keys stood."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in _DIGITS.split(name) if part]


def _unwrapped(value: Any) -> Any:
    if isinstance(value, Mapping):
        for key in _HOLDERS:
            if key in value and isinstance(value[key], list | tuple | Mapping) and len(value) == 1:
                return value[key]
    return value


def _cells(
    row: Mapping[str, Any],
    columns: Mapping[str, Field],
    layout: TableAnswers,
    around: Around,
    result: Laid,
    where: str,
) -> dict[str, Any]:
    cells = {}
    for old, value in row.items():
        if is_nothing(value):
            continue
        if _names_its_row(old, value, layout, where, result):
            continue
        target = layout.columns.get(old) or (old if old in columns else "")
        column = columns.get(target)
        if column is None:
            result.left_over.append((f"{where}.{old}", value, "The table has no such column."))
            continue
        try:
            # A message of a cell names the cell.
            told = replace(around, told=[])
            reader = typed if column.formula is None else worked_out
            cells[column.id] = reader(column, value, told)
            around.told.extend(f"{where}.{old}: {one}" for one in told.told)
        except Unfit as problem:
            result.left_over.append((f"{where}.{old}", value, str(problem)))
    return cells


def _names_its_row(old: str, value: Any, layout: TableAnswers, where: str, result: Laid) -> bool:
    """Whether the cell names or numbers its row, which ours does itself; kept where it says otherwise."""
    if old in layout.columns:
        if layout.columns[old] is not None:
            return False
        if not _says_row(value, layout):
            result.left_over.append((f"{where}.{old}", value, _NUMBERED_HERE))
        return True
    return old in _NAMES_OF_ROWS and old not in layout.first


def _says_row(value: Any, layout: TableAnswers) -> bool:
    said = str(value).strip().casefold()
    return _SIGN.fullmatch(said) is not None or said in {label.casefold() for label in layout.labels}


def _fixed(
    table: Table,
    rows: list[tuple[str, Mapping[str, Any]]],
    layout: TableAnswers,
    around: Around,
    result: Laid,
) -> dict[str, Any]:
    columns = {one.id: one for one in table.columns}
    given = {one.id: one.cells for one in table.rows}
    answer: dict[str, Any] = {}
    for at, (name, row) in enumerate(rows):
        found = _row_of(name, at, row, layout)
        if found is None or found in answer:
            reason = "The table has no such row." if found is None else "The row stands there a second time."
            result.left_over.append((name, dict(row), reason))
            continue
        cells = _cells(row, columns, layout, around, result, name)
        # What the format itself says is no answer.
        for key in cells.keys() & given.get(found, {}).keys():
            cell = cells.pop(key)
            if not _same_words(cell, given[found][key]):
                reason = f"The format itself says “{given[found][key][:60]}” here."
                result.left_over.append((f"{name}.{key}", cell, reason))
        if cells:
            answer[found] = cells
    return answer


def _same_words(cell: Any, given: str) -> bool:
    return " ".join(str(cell).split()).casefold() == " ".join(given.split()).casefold()


def _row_of(name: str, at: int, row: Mapping[str, Any], layout: TableAnswers) -> str | None:
    """Our row for an old one: by its own id, by its label, and only then by its place."""
    named = [str(row[key]) for key in _NAMES_OF_ROWS if key in row and key not in layout.columns]
    # The place of a row in a list, from 0, is no name: a row may be labelled "1".
    named = named if name == str(at) else [name, *named]
    for one in named:
        if one in layout.rows:
            return one
    labels = {label.casefold(): row_id for label, row_id in zip(layout.labels, layout.rows, strict=False)}
    said = [str(row[old]) for old, target in layout.columns.items() if target is None and old in row]
    for one in (*said, *named):
        text = one.strip().casefold()
        for label in (text, text.rstrip(".)")):
            if label in labels:
                return labels[label]
    if said and any(one.strip() for one in said):
        return None
    return layout.rows[at] if name == str(at) and at < len(layout.rows) else None


def _listed(
    table: Table,
    rows: list[tuple[str, Mapping[str, Any]]],
    layout: TableAnswers,
    around: Around,
    result: Laid,
) -> list[dict[str, Any]]:
    columns = {one.id: one for one in table.columns}
    answer = []
    for at, (name, row) in enumerate(rows):
        if at >= table.max_rows:
            result.left_over.append((name, dict(row), f"The table takes {table.max_rows} rows."))
            continue
        cells = _cells(row, columns, layout, around, result, name)
        if cells or any(not is_nothing(cell) for cell in row.values()):
            answer.append(cells)
    # Rows that nothing was said in, at the end, are none.
    while answer and not answer[-1]:
        answer.pop()
    return answer


# Cells that ours computes ------------------------------------------------------------------------------


def parts_of(table: Table | None) -> tuple[Field, ...]:
    """What a table asks for in each of its rows (or columns, where those are added)."""
    return (*table.columns, *table.row_fields) if table is not None else ()


def results_of(question: Field, answer: Any) -> dict[str, dict[str | int, str]]:
    """Take the cells out of a table's answer that ours computes: path of the column → row → old text."""
    taken: dict[str, dict[str | int, str]] = {}
    for column in parts_of(question.table):
        if column.formula is None:
            continue
        found: dict[str | int, str] = {}
        if isinstance(answer, Mapping) and "columns" in answer:
            line = answer["cells"].get(column.id, [])
            found = {at: cell for at, cell in enumerate(line) if isinstance(cell, str)}
            for at in found:
                line[at] = None
        else:
            for row, cells in answer.items() if isinstance(answer, Mapping) else enumerate(answer):
                if isinstance(cells.get(column.id), str):
                    found[row] = cells.pop(column.id)
        if found:
            taken[column.path] = found
    return taken


def put_back(answer: Any, row: str | int, column: str, text: str) -> None:
    """Put a cell that ``results_of`` took out into the answer again, to stand over the computed one."""
    if isinstance(answer, Mapping) and "columns" in answer:
        answer["cells"][column][row] = text
    else:
        answer[row][column] = text


# Columns that people add --------------------------------------------------------------------------------


def _by_column(table: Table, value: Any, layout: TableAnswers, around: Around, result: Laid) -> None:
    """Rows that are given, columns that people add: each row has a cell for each of the columns."""
    rows = list(_rows(_ours(value)))
    if not rows:
        result.left_over.append(("", value, "It is no table."))
        return
    fields = {one.id: one for one in table.row_fields}
    names, places = _columns(table, rows, layout)
    cells: dict[str, list[Any]] = {}
    for at, (name, row) in enumerate(rows):
        found = _row_of(name, at, row, layout)
        question = fields.get(found or "")
        if question is None or found is None or found in cells:
            result.left_over.append((name, dict(row), "The table has no such row."))
            continue
        line: list[Any] = [None] * len(names)
        for old, cell in row.items():
            if is_nothing(cell) or _names_its_row(old, cell, layout, name, result):
                continue
            place = places.get(old)
            if place is None:
                result.left_over.append(
                    (f"{name}.{old}", cell, f"The table takes {table.max_columns} columns.")
                )
                continue
            try:
                line[place] = (typed if question.formula is None else worked_out)(question, cell, around)
            except Unfit as problem:
                result.left_over.append((f"{name}.{old}", cell, str(problem)))
        if any(cell is not None for cell in line):
            cells[found] = line
    if cells:
        result.answer = {"columns": names, "cells": cells}


def _ours(value: Any) -> Any:
    """Rows of cells, where the value has our own shape already."""
    if isinstance(value, Mapping) and isinstance(value.get("cells"), Mapping) and "columns" in value:
        names = [str(one) for one in value["columns"]] if isinstance(value["columns"], list) else []
        return {
            row: dict(zip(names, line, strict=False)) if isinstance(line, list) else {"": line}
            for row, line in value["cells"].items()
        }
    return value


def _columns(
    table: Table, rows: list[tuple[str, Mapping[str, Any]]], layout: TableAnswers
) -> tuple[list[str], dict[str, int]]:
    """Names of the columns, and the place of each old column in them."""
    names = list(table.first_columns)
    places = dict(layout.first)
    by_name = {name.casefold(): at for at, name in enumerate(names)}
    added = {old for _, row in rows for old in row} - places.keys() - layout.columns.keys()
    for old in sorted(added - {*_NAMES_OF_ROWS}, key=_natural):
        if old.casefold() in by_name:
            places[old] = by_name[old.casefold()]
        elif len(names) < table.max_columns:
            places[old] = len(names)
            names.append(_column_name(table, old, len(names)))
    return names, places


def _column_name(table: Table, old: str, at: int) -> str:
    words = old.replace("_", " ").strip()
    if not words or words.isdigit():
        return table.column_pattern.replace("{number}", str(at + 1))
    return words[:1].upper() + words[1:80]
