"""What may stand in one field of a format: attributes that fit its type, bounds in order, safe patterns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from banks.formats.definition import CHOICE_TYPES, NUMERIC_TYPES, Field, FieldType, TableKind
from banks.formats.paths import TABLE_TYPES, describe

# Units that the calculation can convert, the last four with the sizes of the property's state.
AREA_UNITS = frozenset(
    {
        "sq_ft",
        "sq_m",
        "sq_yd",
        "gaj",
        "acre",
        "hectare",
        "are",
        "cent",
        "decimal",
        "guntha",
        "ground",
        "ankanam",
        "marla",
        "kanal",
        "bigha",
        "biswa",
        "katha",
        "dhur",
    }
)
# Every unit that a formula keeps in mind.
MEASURES = AREA_UNITS | {"ft", "m", "km"}
OPTION_SOURCES = frozenset({"banks", "bank_branches", "document_types"})
MOST_COLUMNS = 40
MOST_COLUMNS_ADDED = 10
MOST_STEP = Decimal(10_000_000)

_TEXT_TYPES = frozenset({FieldType.TEXT, FieldType.TEXTAREA, FieldType.EMAIL, FieldType.TEL})
# A default chooses among options, or is today; a figure or a text as default would end up in reports
# unread, which is how sample figures got into the documents of the system before this one.
_MAY_DEFAULT = frozenset(
    {
        FieldType.SELECT,
        FieldType.RADIO,
        FieldType.MULTISELECT,
        FieldType.CHECKBOX,
        FieldType.DATE,
        FieldType.NUMBER_WITH_UNIT,
    }
)
_NOT_IN_GROUP = TABLE_TYPES | {FieldType.GROUP}
_NOT_IN_TABLE = _NOT_IN_GROUP | {FieldType.FILE, FieldType.SELECT_DYNAMIC}
# A repeated group that itself repeats: the shape behind patterns that take minutes on a short text.
_NESTED_REPEAT = re.compile(r"\((?:[^()\\]|\\.)*(?:[+*]|\{\d+,\d*\})(?:[^()\\]|\\.)*\)(?:[+*]|\{\d+,)")


def field_problems(item: Field) -> Iterator[str]:
    """What is wrong with one field taken by itself; references to other fields are checked elsewhere."""
    problems = (
        *_choice_problems(item),
        *_number_problems(item),
        *_default_problems(item),
        *_validation_problems(item),
        *_group_problems(item),
        *_table_problems(item),
    )
    if problems:
        place = describe(item.path)
        yield from (f"{place}: {problem}" for problem in problems)


def _choice_problems(item: Field) -> Iterator[str]:
    if item.type in CHOICE_TYPES:
        if not item.options:
            yield f"a {item.type} has no options; list at least one, or name an option set."
        values = Counter(option.value.lower() for option in item.options)
        for value in sorted(value for value, many in values.items() if many > 1):
            yield f"option {value} occurs twice; give each option a value of its own."
    elif item.options:
        yield f"a {item.type} takes no options; remove them, or make it a select."
    if item.type is FieldType.SELECT_DYNAMIC:
        if item.options_source not in OPTION_SOURCES:
            yield (
                f"options_source {item.options_source or '(none)'} is not known; "
                f"use one of {', '.join(sorted(OPTION_SOURCES))}."
            )
    elif item.options_source:
        yield f"a {item.type} takes no options_source; remove it, or make it a select_dynamic."


def _number_problems(item: Field) -> Iterator[str]:
    if item.type is FieldType.NUMBER_WITH_UNIT:
        unknown = [unit for unit in item.units if unit not in AREA_UNITS]
        if not item.units:
            yield "a number_with_unit has no units; list those that a person may choose."
        if unknown:
            yield f"units {', '.join(unknown)} cannot be converted; use {', '.join(sorted(AREA_UNITS))}."
    elif item.units:
        yield f"a {item.type} takes no choice of units; use unit for one, or make it a number_with_unit."
    if item.per is not None and (item.type not in NUMERIC_TYPES or item.type is FieldType.NUMBER_WITH_UNIT):
        yield f"a {item.type} is no rate; remove per."
    elif item.per is not None and item.unit is not None:
        yield f"it is in {item.unit} and also per {item.per}; a figure is either a measure or a rate."
    yield from _calculation_problems(item)


def _calculation_problems(item: Field) -> Iterator[str]:
    if item.type is FieldType.CALCULATED:
        if not item.formula:
            yield "a calculated field has no formula; add one."
        if item.required:
            yield "a calculated field cannot be required; the fields that it is made from can."
    elif item.formula:
        yield f"a {item.type} takes no formula; remove it, or make it calculated."
    if item.overridable and item.type is not FieldType.CALCULATED:
        yield "only a calculated field can be overridden; remove overridable."
    if item.rounding is not None:
        if item.type is not FieldType.CALCULATED:
            yield "only a calculated field is rounded; remove rounding."
        if not 0 < item.rounding.to <= MOST_STEP:
            yield f"rounding to {item.rounding.to} is no step; give one above 0, such as 0.01 or 1000."


def _default_problems(item: Field) -> Iterator[str]:
    if item.default is None:
        return
    if item.type not in _MAY_DEFAULT:
        yield "a default figure or text would reach reports unread; remove it, or make it the placeholder."
    elif not _default_fits(item):
        yield f"default {item.default!r} is none of its answers; choose one of them or remove it."


def _default_fits(item: Field) -> bool:
    values = {option.value for option in item.options}
    default: Any = item.default
    match item.type:
        case FieldType.CHECKBOX:
            return isinstance(default, bool)
        case FieldType.DATE:
            return bool(default == "today")
        case FieldType.MULTISELECT:
            return isinstance(default, list) and all(value in values for value in default)
        case FieldType.NUMBER_WITH_UNIT:
            return isinstance(default, Mapping) and set(default) == {"unit"} and default["unit"] in item.units
        case _:
            return isinstance(default, str) and default in values


def _validation_problems(item: Field) -> Iterator[str]:
    rules = item.validation
    if rules.pattern is not None:
        yield from _pattern_problems(rules.pattern)
    has_text_rules = (rules.pattern, rules.min_length, rules.max_length) != (None, None, None)
    if has_text_rules and item.type not in _TEXT_TYPES:
        yield f"a pattern or length does not apply to a {item.type}; remove it."
    if item.type not in NUMERIC_TYPES and (rules.minimum is not None or rules.maximum is not None):
        yield f"minimum and maximum do not apply to a {item.type}; remove them."
    if item.type is not FieldType.DATE and (rules.min_date or rules.max_date):
        yield f"min_date and max_date do not apply to a {item.type}; remove them."
    if rules.min_length is not None and rules.max_length is not None and rules.min_length > rules.max_length:
        yield f"min_length {rules.min_length} is above max_length {rules.max_length}; exchange them."
    if rules.minimum is not None and rules.maximum is not None and rules.minimum > rules.maximum:
        yield f"minimum {rules.minimum} is above maximum {rules.maximum}; exchange them."


def _pattern_problems(pattern: str) -> Iterator[str]:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        yield f"its pattern {pattern} is no regular expression ({error}); mend it."
    if _NESTED_REPEAT.search(pattern):
        yield f"its pattern {pattern} repeats a repeated group, which can take minutes; write it without."


def is_fixed_date(text: str) -> bool:
    """Whether the limit of a date is ``today`` or an ISO date, and so not the path of another field."""
    if text == "today":
        return True
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _group_problems(item: Field) -> Iterator[str]:
    if item.type is not FieldType.GROUP:
        if item.fields:
            yield f"a {item.type} takes no fields; remove them, or make it a group."
        return
    if not item.fields:
        yield "a group has no fields; add some or remove it."
    if item.required:
        yield "a group cannot be required; the fields in it can."
    for part in item.fields:
        if part.type in _NOT_IN_GROUP:
            yield f"part {part.id}: a {part.type} cannot stand in a group; move it into the section."


def _table_problems(item: Field) -> Iterator[str]:
    table = item.table
    if item.type not in TABLE_TYPES:
        if table is not None:
            yield f"a {item.type} takes no table; remove it, or make it a table or dynamic_table."
        return
    if table is None:
        yield f"a {item.type} has no table; describe its kind and columns."
        return
    fixed = table.kind is TableKind.FIXED
    if fixed != (item.type is FieldType.TABLE):
        yield f"kind {table.kind} does not go with a {item.type}; a table is fixed, a dynamic_table is not."
    if table.kind is TableKind.COLUMN_DYNAMIC:
        yield from _column_dynamic_problems(item)
    else:
        yield from _row_table_problems(item)
    for part in (*table.columns, *table.row_fields):
        if part.type in _NOT_IN_TABLE:
            yield f"part {part.id}: a {part.type} cannot stand in a table; use another type or move it out."
        if part.condition is not None:
            yield f"part {part.id}: a column or row of a table has no condition; remove it."
        if part.total and part.type not in NUMERIC_TYPES - {FieldType.NUMBER_WITH_UNIT}:
            yield f"part {part.id}: a {part.type} has no total; remove total."


def _row_table_problems(item: Field) -> Iterator[str]:
    table = item.table
    if table is None:
        return
    if not table.columns:
        yield "the table has no columns; add some."
    if len(table.columns) > MOST_COLUMNS:
        yield f"the table has {len(table.columns)} columns; at most {MOST_COLUMNS} are allowed."
    if table.row_fields:
        yield f"row_fields belong to column_dynamic tables; give a {table.kind} table columns instead."
    column_ids = {column.id for column in table.columns}
    if table.kind is TableKind.FIXED:
        if not table.rows:
            yield "a fixed table has no rows; list them."
        row_ids = [row.id for row in table.rows]
        for double in sorted({name for name in row_ids if row_ids.count(name) > 1}):
            yield f"row {double} occurs twice; give each row an id of its own."
        for row in table.rows:
            for name in sorted(set(row.cells) - column_ids):
                yield f"row {row.id}: there is no column {name}; use one of {', '.join(sorted(column_ids))}."
    elif table.rows:
        yield "given rows belong to fixed tables; remove them."
    elif table.min_rows > table.max_rows:
        yield f"min_rows {table.min_rows} is above max_rows {table.max_rows}; exchange them."


def _column_dynamic_problems(item: Field) -> Iterator[str]:
    table = item.table
    if table is None:
        return
    if not table.row_fields:
        yield "a column_dynamic table has no row_fields; list its rows."
    if table.columns or table.rows:
        yield "a column_dynamic table takes row_fields, not columns or rows; move them."
    if "{number}" not in table.column_pattern:
        yield f"column_pattern {table.column_pattern} lacks {{number}}; write it like Floor {{number}}."
    if table.max_columns > MOST_COLUMNS_ADDED:
        yield f"max_columns {table.max_columns} is too many; at most {MOST_COLUMNS_ADDED} fit a page."
    if len(table.first_columns) > table.max_columns:
        count = len(table.first_columns)
        yield f"{count} first_columns are more than max_columns {table.max_columns}; drop some."
