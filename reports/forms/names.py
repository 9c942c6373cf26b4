"""Names of controls: the path below the section with ``__`` between its parts.

``field``, ``group__field``, ``table__row__column`` (a fixed row's id, or a 0-based number), for a table whose
columns a person adds ``table__row__0`` and ``table__columns__0`` (the column's own name). Beside a control
``name__unit`` holds its unit, ``name__na`` says "not applicable", ``name__choose`` settles a conflict,
``name__kept`` and ``name__remove`` belong to a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

SEPARATOR = "__"
COLUMNS = "columns"
# Where the number of a row stands in a blank row that the browser copies.
BLANK_ROW = "__row__"
# Rows are numbered by browsers; a number beyond this is not one of theirs.
_LARGEST_NUMBER = 9_999
_NUMBER = re.compile(r"[0-9]{1,4}")


def name_of(path: str, section_path: str) -> str:
    """``tab.section.group.field`` → ``group__field``."""
    return path.removeprefix(f"{section_path}.").replace(".", SEPARATOR)


def join(*parts: object) -> str:
    """The name of a part of something."""
    return SEPARATOR.join(str(part) for part in parts)


def row_number(text: str) -> int | None:
    """The number of a row or column as a browser sends it; None for anything else."""
    return int(text) if _NUMBER.fullmatch(text) else None


def record_numbers(table: str, names: Iterable[str]) -> list[int]:
    """The numbers of a table's rows among the names that were sent, in order; gaps are possible."""
    pattern = re.compile(rf"{re.escape(table)}__([0-9]{{1,4}})__.+")
    found = {int(match[1]) for name in names if (match := pattern.fullmatch(name))}
    return sorted(number for number in found if number <= _LARGEST_NUMBER)


def column_numbers(table: str, names: Iterable[str]) -> list[int]:
    """The numbers of a table's added columns among the names that were sent, in order."""
    pattern = re.compile(rf"{re.escape(table)}__{COLUMNS}__([0-9]{{1,4}})")
    found = {int(match[1]) for name in names if (match := pattern.fullmatch(name))}
    return sorted(number for number in found if number <= _LARGEST_NUMBER)
