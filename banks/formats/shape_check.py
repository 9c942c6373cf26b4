"""Whether a value has the shape that a JSON Schema asks for: yes or no, and fast.

``jsonschema`` interprets a schema anew at every value, which takes a hundred times longer than reading the
file. Here the schema is turned into closures once. Only the words that ``schema.json`` uses are known; a
schema with another word is not turned into anything (``SchemaWord``), and the caller asks ``jsonschema``.
What is wrong with a value is ``jsonschema``'s to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any], bool]

_SAID_ONLY = frozenset({"$schema", "$id", "$defs", "$comment", "title", "description", "examples", "default"})


class SchemaWord(ValueError):
    """The schema uses a word that is not known here."""


def compiled_check(schema: Mapping[str, Any]) -> Check:
    """A function that tells whether a value fits ``schema``. Raises SchemaWord."""
    return _Compiler(schema).check(schema)


class _Compiler:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self.root = root
        self.known: dict[str, Check] = {}

    def check(self, schema: Any) -> Check:
        if schema is True or schema == {}:
            return lambda value: True
        parts: list[Check] = []
        for word, asked in schema.items():
            if word in _SAID_ONLY:
                continue
            make = _MAKERS.get(word)
            if make is None:
                raise SchemaWord(word)
            parts.append(make(self, asked, schema))
        if len(parts) == 1:
            return parts[0]
        several = tuple(parts)

        def all_fit(value: Any) -> bool:
            for part in several:  # noqa: SIM110  a generator would cost more than the checks
                if not part(value):
                    return False
            return True

        return all_fit

    def reference(self, name: str) -> Check:
        """A definition of the schema; made when first asked for, because definitions name themselves."""
        if name not in self.known:
            made: list[Check] = []
            self.known[name] = lambda value: made[0](value)
            made.append(self.check(self._at(name)))
            self.known[name] = made[0]
        return self.known[name]

    def _at(self, pointer: str) -> Any:
        start, *steps = pointer.split("/")
        if start != "#" or any("~" in step or "%" in step for step in steps):
            raise SchemaWord(pointer)
        found: Any = self.root
        for step in steps:
            found = found[step]
        return found


def _ref(compiler: _Compiler, asked: str, _schema: Mapping[str, Any]) -> Check:
    return compiler.reference(asked)


def _is_integer(value: Any) -> bool:
    whole = isinstance(value, float) and value.is_integer()
    return whole or (isinstance(value, int) and not isinstance(value, bool))


_TYPES: Mapping[str, Check] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": _is_integer,
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}


def _type(_compiler: _Compiler, asked: Any, _schema: Mapping[str, Any]) -> Check:
    if not isinstance(asked, str) or asked not in _TYPES:
        raise SchemaWord(f"type {asked}")
    return _TYPES[asked]


def _properties(compiler: _Compiler, asked: Mapping[str, Any], _schema: Mapping[str, Any]) -> Check:
    checks = {key: compiler.check(part) for key, part in asked.items()}
    get = checks.get

    def fit(value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        for key, part in value.items():
            check = get(key)
            if check is not None and not check(part):
                return False
        return True

    return fit


def _additional(compiler: _Compiler, asked: Any, schema: Mapping[str, Any]) -> Check:
    known = frozenset(schema.get("properties", ()))
    if asked is False:
        return lambda value: not isinstance(value, dict) or value.keys() <= known
    check = compiler.check(asked)
    return lambda value: (
        not isinstance(value, dict) or all(check(part) for key, part in value.items() if key not in known)
    )


def _property_names(compiler: _Compiler, asked: Any, _schema: Mapping[str, Any]) -> Check:
    check = compiler.check(asked)
    return lambda value: not isinstance(value, dict) or all(check(key) for key in value)


def _required(_compiler: _Compiler, asked: list[str], _schema: Mapping[str, Any]) -> Check:
    keys = frozenset(asked)
    return lambda value: not isinstance(value, dict) or keys <= value.keys()


def _items(compiler: _Compiler, asked: Any, _schema: Mapping[str, Any]) -> Check:
    check = compiler.check(asked)

    def fit(value: Any) -> bool:
        if not isinstance(value, list):
            return True
        for item in value:  # noqa: SIM110
            if not check(item):
                return False
        return True

    return fit


def _enum(_compiler: _Compiler, asked: list[Any], _schema: Mapping[str, Any]) -> Check:
    if not all(isinstance(one, str | int) and not isinstance(one, bool) for one in asked):
        raise SchemaWord("enum of other than texts and whole numbers")
    known = frozenset(asked)
    return lambda value: (
        isinstance(value, str | int | float) and not isinstance(value, bool) and value in known
    )


def _pattern(_compiler: _Compiler, asked: str, _schema: Mapping[str, Any]) -> Check:
    search = pattern_of(asked).search
    return lambda value: not isinstance(value, str) or search(value) is not None


def pattern_of(asked: str) -> re.Pattern[str]:
    """A schema's pattern as JSON Schema means it: ``$`` is the very end, no line break after it."""
    return re.compile(rf"{asked[:-1]}\Z" if asked.endswith("$") else asked)


def _any_of(compiler: _Compiler, asked: list[Any], _schema: Mapping[str, Any]) -> Check:
    ways = tuple(compiler.check(way) for way in asked)
    return lambda value: any(way(value) for way in ways)


def _size(
    kind: type[str] | type[list[Any]] | type[dict[str, Any]], *, least: bool
) -> Callable[[_Compiler, int, Mapping[str, Any]], Check]:
    def make(_compiler: _Compiler, asked: int, _schema: Mapping[str, Any]) -> Check:
        if least:
            return lambda value: not isinstance(value, kind) or len(value) >= asked
        return lambda value: not isinstance(value, kind) or len(value) <= asked

    return make


def _figure(*, least: bool) -> Callable[[_Compiler, int, Mapping[str, Any]], Check]:
    def make(_compiler: _Compiler, asked: int, _schema: Mapping[str, Any]) -> Check:
        def fit(value: Any) -> bool:
            if isinstance(value, bool) or not isinstance(value, int | float):
                return True
            return value >= asked if least else value <= asked

        return fit

    return make


_MAKERS: Mapping[str, Callable[[_Compiler, Any, Mapping[str, Any]], Check]] = {
    "$ref": _ref,
    "type": _type,
    "properties": _properties,
    "additionalProperties": _additional,
    "propertyNames": _property_names,
    "required": _required,
    "items": _items,
    "enum": _enum,
    "pattern": _pattern,
    "anyOf": _any_of,
    "minLength": _size(str, least=True),
    "maxLength": _size(str, least=False),
    "minItems": _size(list, least=True),
    "maxItems": _size(list, least=False),
    "minProperties": _size(dict, least=True),
    "maxProperties": _size(dict, least=False),
    "minimum": _figure(least=True),
    "maximum": _figure(least=False),
}
