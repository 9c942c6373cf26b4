"""Whether answers fit a format: every key a field, every value of its shape, every choice an option.

For samples, which staff write and files bring: nothing about the answers is taken for granted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from banks.formats.definition import Field, FieldType, FormatDefinition, Table, TableKind

_FIGURE = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?")


def misfits(definition: FormatDefinition, answers: Mapping[str, Any]) -> list[str]:
    """One sentence for each answer that has no field, or not the shape that its field stores."""
    known = {section.path: section for section in definition.sections()}
    found: list[str] = []
    for tab_id, sections in answers.items():
        if not isinstance(sections, Mapping):
            found.append(f"{tab_id}: answers of a tab stand under its sections; write an object {{ … }}.")
            continue
        for section_id, given in sections.items():
            section = known.get(f"{tab_id}.{section_id}")
            if section is None:
                found.append(f"{tab_id}.{section_id}: there is no such section; remove its answers.")
                continue
            found.extend(_fields(section.fields, given, section.path))
    return found


def _fields(fields: tuple[Field, ...], given: Any, scope: str) -> Iterator[str]:
    if not isinstance(given, Mapping):
        yield f"{scope}: {_shown(given)} is no object of answers; write {{ … }}."
        return
    by_id = {item.id: item for item in fields}
    for name, value in given.items():
        if name not in by_id:
            yield f"{scope}.{name}: there is no such field; remove its answer."
        else:
            yield from _one(by_id[name], value)


def _one(item: Field, value: Any) -> Iterator[str]:
    if value == {"not_applicable": True}:
        if not item.not_applicable:
            yield f"{item.path}: it does not allow “not applicable”; give an answer or none."
    elif item.type is FieldType.GROUP:
        yield from _fields(item.fields, value, item.path)
    elif item.table is not None:
        yield from _table(item, item.table, value)
    elif value is not None and not _fits(item, value):
        yield f"{item.path}: {_shown(value)} is no answer of the type {item.type}."


def _table(item: Field, table: Table, value: Any) -> Iterator[str]:
    if not isinstance(value, list if table.kind is TableKind.ROW_DYNAMIC else Mapping):
        yield f"{item.path}: {_shown(value)} has not the shape of the table's rows."
    elif table.kind is TableKind.FIXED:
        yield from _fixed(item, table, value)
    elif table.kind is TableKind.ROW_DYNAMIC:
        if not table.min_rows <= len(value) <= table.max_rows:
            yield f"{item.path}: it has {len(value)} rows; {table.min_rows} to {table.max_rows} are allowed."
        for row in value:
            yield from _fields(table.columns, row, item.path)
    else:
        yield from _column_dynamic(item, table, value)


def _fixed(item: Field, table: Table, rows: Any) -> Iterator[str]:
    known = {row.id for row in table.rows}
    for row_id, row in rows.items():
        if row_id in known:
            yield from _fields(table.columns, row, item.path)
        else:
            yield f"{item.path}: there is no row {row_id}; remove its answers."


def _column_dynamic(item: Field, table: Table, value: Any) -> Iterator[str]:
    by_id = {row.id: row for row in table.row_fields}
    columns, rows = value.get("columns"), value.get("cells")
    if not isinstance(columns, list) or not isinstance(rows, Mapping):
        yield f"{item.path}: it needs a list of columns and an object of cells."
        return
    for row_id, cells in rows.items():
        if row_id not in by_id:
            yield f"{item.path}: there is no row {row_id}; remove its answers."
        elif not isinstance(cells, list) or len(cells) != len(columns):
            yield f"{item.path}.{row_id}: it needs {len(columns)} cells, one for each column."
        else:
            for cell in cells:
                yield from _one(by_id[row_id], cell)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _is_figure(text: Any) -> bool:
    return isinstance(text, str) and bool(_FIGURE.fullmatch(text))


def _is_date(text: Any) -> bool:
    try:
        return isinstance(text, str) and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _fits(item: Field, value: Any) -> bool:
    options = {option.value for option in item.options}
    match item.type:
        case FieldType.SELECT | FieldType.RADIO:
            return isinstance(value, str) and value in options
        case FieldType.MULTISELECT:
            return isinstance(value, list) and all(isinstance(one, str) and one in options for one in value)
        case FieldType.CHECKBOX:
            return isinstance(value, bool)
        case FieldType.DATE:
            return _is_date(value)
        case FieldType.NUMBER_WITH_UNIT:
            return (
                isinstance(value, Mapping)
                and set(value) == {"value", "unit"}
                and _is_figure(value["value"])
                and value["unit"] in item.units
            )
        case FieldType.NUMBER | FieldType.DECIMAL | FieldType.CURRENCY:
            return _is_figure(value)
        case FieldType.CALCULATED:
            return item.overridable and _is_figure(value)
        case _:
            return isinstance(value, str) and bool(value)
