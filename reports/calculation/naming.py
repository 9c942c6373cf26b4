"""Every place of a format that holds a value, and what a name in a formula or condition refers to.

A name is looked for nearest first: a column of the same row, a field of the same group, a field of the same
section, then as a full path. ``parameter.name`` is a parameter of the format.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from banks.formats.definition import Condition, Field, FieldType, FormatDefinition, TableKind
from reports.calculation.formula import LOOKUP_PREFIX

# No field is deeper in groups than this; a format that nests further is not walked to its end.
_DEEPEST_GROUP = 4


class Kind(StrEnum):
    """What a name stands for."""

    FIELD = "field"
    TABLE = "table"
    COLUMN = "column"
    ROW_CELL = "row cell"
    CELL = "cell"
    PARAMETER = "parameter"
    LOOKUP = "lookup"


@dataclass(frozen=True, slots=True)
class Target:
    """``path`` is a field's, table's or column's; ``record`` the row of a single cell.

    Of a parameter and of a table to look up in, ``path`` is the name.
    """

    kind: Kind
    path: str
    record: str = ""


@dataclass(frozen=True, slots=True)
class Guard:
    """The condition on a tab, section, group or field, at whose ``path`` it stands."""

    path: str
    condition: Condition
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A field, a table, or a column of one (for a column_dynamic table: one of its row fields).

    ``keys`` lead to the answer of the field or table; ``guards`` are the paths of the conditions that it
    depends upon, outermost first; ``scopes`` the path prefixes in which its formula's names are looked for.
    """

    path: str
    field: Field
    keys: tuple[str, ...]
    guards: tuple[str, ...]
    scopes: tuple[str, ...]
    table: str = ""


@dataclass(frozen=True, slots=True)
class Places:
    """The index of a format: its places and guards by path."""

    by_path: dict[str, Place]
    guards: dict[str, Guard]
    # The ids of the parts of each table: columns, or the row fields of a column_dynamic one.
    parts: dict[str, tuple[str, ...]]
    # Fields and tables (not their parts) by (tab, section).
    by_section: dict[tuple[str, str], list[Place]] = field(default_factory=dict)


def index_places(definition: FormatDefinition) -> Places:
    """Walk a format once."""
    places = Places({}, {}, {})
    for tab in definition.tabs:
        outer = _guarded(places, tab.id, tab.condition, (), ())
        for section in tab.sections:
            scopes = (f"{section.path}.",)
            inner = _guarded(places, section.path, section.condition, outer, scopes)
            for item in section.fields:
                _walk(places, item, (tab.id, section.id), inner, scopes)
    return places


def _guarded(
    places: Places, path: str, condition: Condition | None, outer: tuple[str, ...], scopes: tuple[str, ...]
) -> tuple[str, ...]:
    if condition is None:
        return outer
    places.guards[path] = Guard(path, condition, scopes)
    return (*outer, path)


def _walk(
    places: Places, field: Field, parents: tuple[str, ...], outer: tuple[str, ...], scopes: tuple[str, ...]
) -> None:
    keys = (*parents, field.id)
    path = ".".join(keys)
    guards = _guarded(places, path, field.condition, outer, scopes)
    if field.type is FieldType.GROUP:
        if len(keys) < 2 + _DEEPEST_GROUP:
            for inner in field.fields:
                _walk(places, inner, keys, guards, (f"{path}.", *scopes))
        return
    place = places.by_path[path] = Place(path, field, keys, guards, scopes)
    places.by_section.setdefault((keys[0], keys[1]), []).append(place)
    if field.table is not None:
        columns = _parts(field)
        places.parts[path] = tuple(column.id for column in columns)
        for column in columns:
            column_path = f"{path}.{column.id}"
            inner_scopes = (f"{path}.", *scopes)
            column_guards = _guarded(places, column_path, column.condition, guards, inner_scopes)
            places.by_path[column_path] = Place(
                column_path, column, keys, column_guards, inner_scopes, table=path
            )


def _parts(field: Field) -> tuple[Field, ...]:
    if field.table is None:
        return ()
    if field.table.kind is TableKind.COLUMN_DYNAMIC:
        return field.table.row_fields
    return field.table.columns


def resolve(
    name: str, scopes: tuple[str, ...], places: Places, definition: FormatDefinition, table: str = ""
) -> Target | None:
    """What ``name`` stands for, seen from a place with ``scopes`` (inside ``table``, if it is a column)."""
    if name.startswith("parameter."):
        parameter = name.removeprefix("parameter.")
        return Target(Kind.PARAMETER, parameter) if parameter in definition.parameters else None
    if name.startswith(LOOKUP_PREFIX):
        looked_up = name.removeprefix(LOOKUP_PREFIX)
        return Target(Kind.LOOKUP, looked_up) if looked_up in definition.lookups else None
    if table and name in places.parts[table]:
        return Target(Kind.ROW_CELL, f"{table}.{name}")
    for scope in (*scopes, ""):
        target = _at(f"{scope}{name}", places)
        if target is not None:
            return target
    return None


def _at(path: str, places: Places) -> Target | None:
    place = places.by_path.get(path)
    if place is not None:
        if place.table:
            return Target(Kind.COLUMN, path)
        return Target(Kind.TABLE if place.field.table is not None else Kind.FIELD, path)
    return _cell_at(path, places)


def _cell_at(path: str, places: Places) -> Target | None:
    """A cell of a given row: ``tab.section.table.row.column``, where the format itself names the row."""
    rest, _, column = path.rpartition(".")
    table, _, record = rest.rpartition(".")
    place = places.by_path.get(table)
    if place is None or place.field.table is None or place.field.table.kind is not TableKind.FIXED:
        return None
    known = any(row.id == record for row in place.field.table.rows)
    return Target(Kind.CELL, f"{table}.{column}", record) if known and column in places.parts[table] else None


def suggestion(name: str, scopes: tuple[str, ...], places: Places, definition: FormatDefinition) -> str:
    """`` Did you mean “x”?`` for a name that stands for nothing, or an empty text."""
    candidates = list(_names_near(scopes, places)) + [f"parameter.{key}" for key in definition.parameters]
    close = difflib.get_close_matches(name, candidates, n=1, cutoff=0.75)
    return f" Did you mean “{close[0]}”?" if close else ""


def _names_near(scopes: tuple[str, ...], places: Places) -> Iterator[str]:
    for path in places.by_path:
        yield path
        for scope in scopes:
            if path.startswith(scope):
                yield path.removeprefix(scope)
