"""What the templates of a section draw: questions, groups and tables as plain objects.

The names of the attributes are those that ``templates/components/field.html``, ``group.html`` and the
``table_*.html`` document. ``kind`` says which template draws an item.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reports.comments import Comment

Choice = tuple[str, str, bool]


@dataclass(frozen=True, slots=True)
class Conflict:
    """What somebody else stored under a question that was being answered."""

    theirs_text: str
    theirs_value: str
    by: str
    at: datetime | None


@dataclass(slots=True)
class Question:
    """One question, or one cell of a table."""

    id: str
    name: str
    type: str
    label: str
    path: str = ""
    kind: str = "field"
    number: str = ""
    help: str = ""
    placeholder: str = ""
    required: bool = False
    read_only: bool = False
    width: int = 6
    value: Any = ""
    shown: str = ""
    choices: Sequence[Choice] = ()
    # Too many to list: a person types; ``choices`` are suggestions.
    searched: bool = False
    unit: str = ""
    unit_name: str = ""
    unit_choices: Sequence[Choice] = ()
    prefix: str = ""
    suffix: str = ""
    min: str = ""
    max: str = ""
    max_length: int | None = None
    error: str = ""
    not_applicable: bool = False
    not_applicable_name: str = ""
    is_not_applicable: bool = False
    computed_text: str = ""
    computed_how: str = ""
    overridable: bool = False
    is_overridden: bool = False
    hidden: bool = False
    condition_field: str = ""
    condition_operator: str = ""
    condition_value: str = ""
    conflict: Conflict | None = None
    comments: Sequence[Comment] = ()
    # A file that is attached: its id and name.
    file_id: str = ""
    file_name: str = ""


@dataclass(slots=True)
class Group:
    """Questions that belong together."""

    id: str
    label: str
    path: str
    fields: list[Question]
    kind: str = "group"
    type: str = "group"
    number: str = ""
    help: str = ""
    error: str = ""
    hidden: bool = False
    condition_field: str = ""
    condition_operator: str = ""
    condition_value: str = ""
    comments: Sequence[Comment] = ()


@dataclass(slots=True)
class TableColumn:
    """The head of a column; ``name`` is that of the control with its label, where people name columns."""

    id: str
    label: str
    unit: str = ""
    number: bool = False
    name: str = ""
    remove_value: str = ""


@dataclass(slots=True)
class TableRow:
    """A row: its label and one question a column."""

    id: str
    label: str
    cells: list[Question]
    unit: str = ""
    remove_value: str = ""


@dataclass(slots=True)
class FootCell:
    """A total; ``label`` names its column where the table has become cards."""

    text: str
    label: str = ""

    def __str__(self) -> str:
        return self.text


@dataclass(slots=True)
class Table:
    """A table of any kind; ``kind`` is ``table_fixed``, ``table_rows`` or ``table_columns``."""

    id: str
    label: str
    path: str
    kind: str
    columns: list[TableColumn]
    rows: list[TableRow]
    number: str = ""
    help: str = ""
    error: str = ""
    row_label: str = ""
    column_label: str = ""
    foot: list[FootCell] = field(default_factory=list)
    can_add: bool = False
    add_value: str = ""
    max_text: str = ""
    max_rows: int | None = None
    next_row: int | None = None
    blank: TableRow | None = None
    read_only: bool = False
    hidden: bool = False
    condition_field: str = ""
    condition_operator: str = ""
    condition_value: str = ""
    comments: Sequence[Comment] = ()

    @property
    def has_tail(self) -> bool:
        """Whether each row ends with a cell for its button."""
        return self.kind == "table_rows" and not self.read_only


Item = Question | Group | Table
