"""Plausible answers for a format that nobody has filled yet, so that its form and document can be looked at.

Deterministic: the same format gives the same answers. They are of the shape that a report stores
(``banks.formats.definition``), within the limits of each field. People and phones are made up.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from banks.formats.definition import Field, FieldType, FormatDefinition, Table, TableKind, Validation

# Dates of a made-up report; an inspection comes before a valuation, and that before the report.
_DAY = "2026-04-01"
_DAYS = {"inspection_date": "2026-03-30", "valuation_date": "2026-04-01", "report_date": "2026-04-02"}
_YEAR = "2015"
_ROWS = 2
_TEXTS = {
    FieldType.EMAIL: "applicant.four@example.com",
    FieldType.TEL: "000 0000 0004",
    FieldType.TEXTAREA: "A sample of what a valuer would write here, long enough to fill more than one line.",
}
_NAMES = ("name", "owner", "applicant", "person", "occupant")
_WHOLE = Decimal(1)


def sample_answers(definition: FormatDefinition) -> dict[str, Any]:
    """Answers to every question that a person fills: ``{tab: {section: {field: answer}}}``.

    Calculated fields, files and choices that come from elsewhere (banks, branches) are left out.
    """
    answers: dict[str, Any] = {}
    for section in definition.sections():
        filled = _filled(section.fields)
        if filled:
            answers.setdefault(section.tab_id, {})[section.id] = filled
    return answers


def _filled(fields: Iterable[Field], number: int = 1) -> dict[str, Any]:
    answers = {field.id: _answer(field, number) for field in fields}
    return {name: answer for name, answer in answers.items() if answer not in (None, {}, [])}


def _answer(field: Field, number: int) -> Any:
    """An answer, or None where none can be made; ``number`` makes the rows of a table differ."""
    if field.table is not None:
        return _table(field.table)
    match field.type:
        case FieldType.GROUP:
            return _filled(field.fields, number)
        case FieldType.CALCULATED | FieldType.FILE | FieldType.SELECT_DYNAMIC:
            return None
        case FieldType.CHECKBOX:
            return True
        case FieldType.DATE:
            return _date(field)
        case FieldType.SELECT | FieldType.RADIO:
            return field.options[0].value if field.options else None
        case FieldType.MULTISELECT:
            return [option.value for option in field.options[:2]]
        case FieldType.NUMBER_WITH_UNIT:
            return {"value": _figure(field, number), "unit": field.units[0]} if field.units else None
        case FieldType.NUMBER | FieldType.DECIMAL | FieldType.CURRENCY:
            return _figure(field, number)
        case _:
            return _text(field, number)


def _table(table: Table) -> Any:
    if table.kind is TableKind.FIXED:
        rows = {row.id: (row, _filled(table.columns, at)) for at, row in enumerate(table.rows, start=1)}
        return {
            name: {key: answer for key, answer in cells.items() if key not in row.cells}
            for name, (row, cells) in rows.items()
            if cells
        }
    if table.kind is TableKind.ROW_DYNAMIC:
        rows_wanted = max(table.min_rows, min(_ROWS, table.max_rows))
        listed = [_filled(table.columns, at) for at in range(1, rows_wanted + 1)]
        return [row for row in listed if row]
    columns = list(table.first_columns) or [table.column_pattern.replace("{number}", "1")]
    cells = {row.id: [_answer(row, at) for at in range(1, len(columns) + 1)] for row in table.row_fields}
    return {"columns": columns, "cells": {row: line for row, line in cells.items() if any(line)}}


def _figure(field: Field, number: int) -> str:
    """A figure near what such a field usually holds, pushed inside its limits; in canonical form."""
    limits = field.validation
    words = field.id.split("_")
    if "year" in words:
        wanted = Decimal(_YEAR)
    elif field.unit == "percent" or field.suffix == "%" or "percent" in words or "share" in words:
        wanted = Decimal(50 if "share" in words else 10)
    elif field.type is FieldType.CURRENCY:
        wanted = Decimal(1000 * number)
    elif field.type is FieldType.NUMBER:
        wanted = Decimal(number)
    else:
        wanted = Decimal(100 * number)
    if limits.minimum is not None and wanted < limits.minimum:
        wanted = limits.minimum.quantize(_WHOLE, ROUND_CEILING)
    if limits.maximum is not None and wanted > limits.maximum:
        wanted = limits.maximum.quantize(_WHOLE, ROUND_FLOOR)
        if limits.minimum is not None and wanted < limits.minimum:
            # Between two neighbouring whole figures: the lower limit itself is allowed.
            wanted = limits.minimum
    text = f"{wanted:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _date(field: Field) -> str:
    wanted = _DAYS.get(field.id, _DAY)
    for limit, beyond in ((field.validation.min_date, max), (field.validation.max_date, min)):
        if limit is not None and limit[:1].isdigit():
            wanted = beyond(wanted, limit)
    return wanted


def _text(field: Field, number: int) -> str | None:
    limits: Validation = field.validation
    if limits.pattern is not None:
        # A pattern's own example is the placeholder; without one nothing is invented that might not fit.
        return field.placeholder or None
    if field.type in _TEXTS:
        text = _TEXTS[field.type]
    elif any(word in field.id for word in _NAMES):
        text = f"Applicant {('One', 'Two', 'Three', 'Four')[number % 4]}"
    elif field.unit or field.suffix:
        text = "10"
    else:
        text = f"Sample {number}" if number > 1 else "Sample"
    if limits.min_length is not None and len(text) < limits.min_length:
        text = (text + " sample" * limits.min_length)[: limits.min_length]
    return text[: limits.max_length] if limits.max_length is not None else text
