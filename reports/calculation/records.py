"""The rows of a table as a report stores them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from banks.formats.definition import Field, TableKind
from reports.calculation.values import is_not_applicable

# Twice what a format may allow; more is nobody's table and is not worked out.
MOST_RECORDS = 200


@dataclass(frozen=True, slots=True)
class Records:
    """The rows of a table (or the columns of a column_dynamic one), each with its key in a cell's path."""

    keys: tuple[str, ...]
    answers: tuple[Mapping[str, Any], ...]
    transposed: bool = False
    # How many there are when they are too many; then none is read.
    too_many: int = 0

    def path(self, table: str, position: int, part: str) -> str:
        key = self.keys[position]
        return f"{table}.{part}.{key}" if self.transposed else f"{table}.{key}.{part}"


def read_records(field: Field, raw: Any) -> Records:
    """The rows of a table as stored; a shape that is not the table's own counts as no rows."""
    table = field.table
    if table is None or is_not_applicable(raw):
        return Records((), ())
    if table.kind is TableKind.FIXED:
        given = raw if isinstance(raw, Mapping) else {}
        rows = tuple({**_mapping(given.get(row.id)), **row.cells} for row in table.rows)
        return Records(tuple(row.id for row in table.rows), rows)
    if table.kind is TableKind.ROW_DYNAMIC:
        listed = raw if isinstance(raw, list | tuple) else ()
        if len(listed) > MOST_RECORDS:
            return Records((), (), too_many=len(listed))
        return Records(tuple(map(str, range(len(listed)))), tuple(_mapping(row) for row in listed))
    stored = _mapping(raw)
    names = stored.get("columns")
    cells = _mapping(stored.get("cells"))
    width = len(names) if isinstance(names, list | tuple) else 0
    if width > MOST_RECORDS:
        return Records((), (), transposed=True, too_many=width)
    columns = tuple(
        {row: line[at] for row, line in cells.items() if isinstance(line, list | tuple) and at < len(line)}
        for at in range(width)
    )
    return Records(tuple(map(str, range(width))), columns, transposed=True)


def _mapping(raw: Any) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}
