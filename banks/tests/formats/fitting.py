"""Whether answers fit a format: every key a field, every value of its shape, every choice an option."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from banks.formats.definition import Field, FieldType, FormatDefinition, Table, TableKind

_FIGURE = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?")


def misfits(definition: FormatDefinition, answers: Mapping[str, Any]) -> list[str]:
    """One line for each answer that has no field or not the shape that its field stores."""
    known = {section.path: section for section in definition.sections()}
    found: list[str] = []
    for tab_id, sections in answers.items():
        for section_id, given in sections.items():
            section = known.get(f"{tab_id}.{section_id}")
            if section is None:
                found.append(f"{tab_id}.{section_id}: no such section")
                continue
            found.extend(_fields(section.fields, given, section.path))
    return found


def _fields(fields: tuple[Field, ...], given: Mapping[str, Any], scope: str) -> Iterator[str]:
    by_id = {item.id: item for item in fields}
    for name, value in given.items():
        if name not in by_id:
            yield f"{scope}.{name}: no such field"
        else:
            yield from _one(by_id[name], value)


def _one(item: Field, value: Any) -> Iterator[str]:
    if value == {"not_applicable": True}:
        if not item.not_applicable:
            yield f"{item.path}: does not allow not applicable"
    elif item.type is FieldType.GROUP:
        yield from _fields(item.fields, value, item.path)
    elif item.table is not None:
        yield from _table(item, item.table, value)
    elif value is not None and not _fits(item, value):
        yield f"{item.path}: {value!r} is no answer of a {item.type}"


def _table(item: Field, table: Table, value: Any) -> Iterator[str]:
    if table.kind is TableKind.FIXED:
        for row_id, row in value.items():
            if row_id not in {row.id for row in table.rows}:
                yield f"{item.path}: no such row {row_id}"
            yield from _fields(table.columns, row, item.path)
    elif table.kind is TableKind.ROW_DYNAMIC:
        if not table.min_rows <= len(value) <= table.max_rows:
            yield f"{item.path}: {len(value)} rows"
        for row in value:
            yield from _fields(table.columns, row, item.path)
    else:
        yield from _column_dynamic(item, table, value)


def _column_dynamic(item: Field, table: Table, value: Any) -> Iterator[str]:
    by_id = {row.id: row for row in table.row_fields}
    for row_id, cells in value["cells"].items():
        if row_id not in by_id:
            yield f"{item.path}: no such row {row_id}"
            continue
        if len(cells) != len(value["columns"]):
            yield f"{item.path}.{row_id}: {len(cells)} cells for {len(value['columns'])} columns"
        for cell in cells:
            yield from _one(by_id[row_id], cell)


def _is_figure(text: Any) -> bool:
    return isinstance(text, str) and bool(_FIGURE.fullmatch(text))


def _fits(item: Field, value: Any) -> bool:
    options = {option.value for option in item.options}
    match item.type:
        case FieldType.SELECT | FieldType.RADIO:
            return value in options
        case FieldType.MULTISELECT:
            return isinstance(value, list) and set(value) <= options
        case FieldType.CHECKBOX:
            return isinstance(value, bool)
        case FieldType.DATE:
            return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
        case FieldType.NUMBER_WITH_UNIT:
            return (
                set(value) == {"value", "unit"} and _is_figure(value["value"]) and value["unit"] in item.units
            )
        case FieldType.NUMBER | FieldType.DECIMAL | FieldType.CURRENCY:
            return _is_figure(value)
        case FieldType.CALCULATED:
            return item.overridable and _is_figure(value)
        case _:
            return isinstance(value, str) and bool(value)
