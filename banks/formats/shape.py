"""The first look at a format: does it have the shape that ``schema.json`` asks for?

``shape_check`` says quickly whether there is any fault at all. Where there is, ``jsonschema`` finds it; what
it says is for programmers, so each fault is told again with the tab, section and field that it is in and with
the way out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from banks.formats.shape_check import Check, SchemaWord, compiled_check, pattern_of

SCHEMA_FILE = Path(__file__).with_name("schema.json")
# Enough to mend a file by; a file with more wrong than this is better looked at afresh.
MOST_PROBLEMS = 50

_NAMES = {
    "tabs": "tab",
    "sections": "section",
    "fields": "field",
    "columns": "column",
    "row_fields": "row",
    "rows": "row",
    "lines": "line",
    "options": "option",
}
_KINDS = {
    "object": "an object { … }",
    "array": "a list [ … ]",
    "string": 'text in "quotes"',
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "null",
}


@cache
def _schema(part: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return {"$defs": schema["$defs"], **schema["$defs"][part]} if part else schema


def _pattern(_validator: Any, asked: str, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(value, str) and not pattern_of(asked).search(value):
        yield ValidationError(f"{value!r} does not match {asked!r}")


_Validator = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]


@cache
def _validator(part: str) -> Any:
    return _Validator(_schema(part))


@cache
def _fast(part: str) -> Check:
    """Whether a value fits, without saying why not; everything is doubted where the schema says more."""
    try:
        return compiled_check(_schema(part))
    except SchemaWord:
        return lambda value: False


def shape_problems(raw: Any, part: str = "") -> list[str]:
    """What is wrong with the shape of ``raw``, one sentence each; an empty list when nothing is.

    ``part`` checks against one definition of the schema (``"section"``) instead of a whole format.
    """
    if _fast(part)(raw):
        return []
    found = [error for outer in _validator(part).iter_errors(raw) for error in _innermost(outer)]
    # Of several keys that are missing each is an error, and the sentence names them all.
    told = dict.fromkeys(f"{_place(raw, error.absolute_path)}{_fault(error)}" for error in found)
    return list(told)[:MOST_PROBLEMS]


def _innermost(error: ValidationError) -> list[ValidationError]:
    """Of a value that fits none of several forms: the faults in the form that it was meant to have."""
    if error.validator != "anyOf":
        return [error]
    meant = [inner for inner in error.context or () if not (inner.validator == "type" and not inner.path)]
    return [deepest for inner in meant for deepest in _innermost(inner)] or [error]


def _place(raw: Any, path: Iterable[str | int]) -> str:
    """Where a fault is, in the format's own names: ``tab general > section owners > field phone: ``."""
    words: list[str] = []
    here: Any = raw
    name = ""
    for step in path:
        here = here[step]
        if isinstance(step, str):
            if name:
                words.append(name)
            name = step
            continue
        kind = _NAMES.get(name, name or "entry")
        words.append(f"{kind} {_own_name(here, step)}")
        name = ""
    if name:
        words.append(name)
    return f"{' > '.join(words)}: " if words else ""


def _own_name(item: Any, position: int) -> str:
    if isinstance(item, Mapping):
        for key in ("id", "value", "label"):
            if isinstance(item.get(key), str):
                return str(item[key])
    return f"number {position + 1}"


def _fault(error: ValidationError) -> str:
    rule = str(error.validator)
    asked: Any = error.validator_value
    given: Any = error.instance
    schema: Any = error.schema
    shown = _shown(given)
    match rule:
        case "additionalProperties":
            return _unknown_keys(error)
        case "required":
            missing = [key for key in asked if key not in given]
            return f"{_listed(missing)} missing; add {'it' if len(missing) == 1 else 'them'}."
        case "enum":
            return f"{shown} is not known here; use one of {_listed(asked)}."
        case "type":
            return f"{shown} should be {_kind(asked)}; write it so."
        case "anyOf":
            kinds = [_kind(way.get("type")) for way in asked if "type" in way]
            return f"{shown} does not fit; write {' or '.join(kinds) or 'one of the forms in schema.json'}."
        case "pattern":
            return f"{shown} does not fit; write {schema.get('description', asked)}."
        case "maxLength" | "minLength":
            return f"{shown} has the wrong length; {_bound(rule, asked)} characters are allowed."
        case "maxItems" | "minItems" | "maxProperties" | "minProperties":
            return f"{len(given)} entries; {_bound(rule, asked)} are allowed."
        case "minimum" | "maximum":
            return f"{shown} is out of range; {_bound(rule, asked)} is allowed."
        case _:
            return f"{error.message}; see schema.json."


def _unknown_keys(error: ValidationError) -> str:
    schema: Any = error.schema
    given: Any = error.instance
    known = list(schema.get("properties", {}))
    unknown = [key for key in given if key not in known]
    return f"{_listed(unknown)} not known here; remove it, or use one of {_listed(known)}."


def _bound(rule: str, asked: int) -> str:
    return f"at most {asked}" if rule.startswith("max") else f"at least {asked}"


def _kind(asked: Any) -> str:
    if isinstance(asked, str):
        return _KINDS.get(asked, asked)
    return " or ".join(_KINDS.get(kind, kind) for kind in asked or ())


def _listed(values: Sequence[Any]) -> str:
    return ", ".join(str(value) for value in values)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}…"
