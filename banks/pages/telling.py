"""Values of banks and formats in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

from banks.formats.definition import Field, FieldType
from banks.formats.overriding import DAYS, OF_TABLE
from banks.pages.adapting import Asked

_TYPES = {
    FieldType.TEXT: "text",
    FieldType.TEXTAREA: "text of several lines",
    FieldType.NUMBER: "whole number",
    FieldType.DECIMAL: "number",
    FieldType.CURRENCY: "amount",
    FieldType.DATE: "date",
    FieldType.SELECT: "one of a list",
    FieldType.SELECT_DYNAMIC: "one of a list that is kept elsewhere",
    FieldType.MULTISELECT: "several of a list",
    FieldType.CHECKBOX: "yes or no",
    FieldType.RADIO: "one of a few",
    FieldType.EMAIL: "e-mail address",
    FieldType.TEL: "phone number",
    FieldType.FILE: "file",
    FieldType.GROUP: "group",
    FieldType.TABLE: "table",
    FieldType.DYNAMIC_TABLE: "table that grows",
    FieldType.NUMBER_WITH_UNIT: "number with a unit",
    FieldType.CALCULATED: "computed",
}
_DAYS = {"min_date": "not before", "max_date": "not after"}
NOTHING = "nothing"
_SHORT = 160
_NOT_GROUPED = 4


def type_words(one: Field) -> str:
    """How the question is answered."""
    return _TYPES[one.type]


def facts(one: Asked) -> list[str]:
    """What an outline says of a question besides its words: default, limits, options."""
    values, field = one.values, one.field
    told = []
    if values["default"] is not None:
        told.append(f"beforehand: {default(field, values['default'])}")
    told += _bounds(values["minimum"], values["maximum"], "")
    told += _bounds(values["min_length"], values["max_length"], " characters")
    told += [f"{words} {day(values[name])}" for name, words in _DAYS.items() if values[name]]
    for name in OF_TABLE:
        if name in one.offered:
            told.append(f"at most {values[name]} {name.removeprefix('max_')}")
    if field.options:
        told.append(short(", ".join(option.label for option in field.options)))
    return told


def _bounds(least: Any, most: Any, of: str) -> Iterable[str]:
    if least is not None and most is not None:
        yield f"{figure(least)} to {figure(most)}{of}"
    elif least is not None:
        yield f"at least {figure(least)}{of}"
    elif most is not None:
        yield f"at most {figure(most)}{of}"


def figure(value: Any) -> str:
    """A limit with its digits grouped as in India; a year keeps its four together."""
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    whole, point, rest = text.partition(".")
    if len(whole.lstrip("-")) <= _NOT_GROUPED or not whole.lstrip("-").isdigit():
        return text
    head, tail = whole[:-3], whole[-3:]
    while len(head.lstrip("-")) > 2:
        head, tail = head[:-2], f"{head[-2:]},{tail}"
    return f"{head},{tail}{point}{rest}"


def day(limit: Any) -> str:
    """A limit of a date: a day, today, or another question by the last word of its path."""
    text = str(limit or "")
    with suppress(ValueError):
        return f"{date.fromisoformat(text):%d-%m-%Y}"
    return text.rpartition(".")[2].replace("_", " ") or NOTHING


def default(field: Field, value: Any) -> str:
    """The answer that stands there beforehand."""
    if value in (None, "", []):
        return NOTHING
    labels = {option.value: option.label for option in field.options}
    if field.type is FieldType.CHECKBOX:
        return "ticked" if value else "not ticked"
    if field.type is FieldType.DATE:
        return "the day on which the report is begun"
    if isinstance(value, dict):
        return str(value.get("unit", "")).replace("_", " ")
    if isinstance(value, list):
        return ", ".join(labels.get(one, str(one)) for one in value)
    return labels.get(str(value), str(value))


def attribute(field: Field, name: str, value: Any) -> str:
    """An attribute of a question in words."""
    if name == "default":
        return default(field, value)
    return day(value) if name in DAYS else value_told(value)


def value_told(value: Any) -> str:
    """Any value, short enough for a line."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal | int):
        return figure(value)
    if isinstance(value, dict):
        return short(
            "; ".join(f"{key.replace('_', ' ')}: {value_told(one)}" for key, one in value.items() if one)
        )
    if isinstance(value, list | tuple):
        return short(", ".join(value_told(one) for one in value))
    return short(str(value))


def short(text: str) -> str:
    """The text, cut where it is too long for a line."""
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 1].rstrip()}…"
