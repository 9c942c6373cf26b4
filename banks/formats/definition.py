"""What a format is once it has been read: tabs, sections, fields and tables, without Django.

A format (the document that ``system_templates`` holds) is JSON. ``banks.formats.reading`` turns it into
the frozen dataclasses below and refuses what is wrong with a message that names tab, section and field.
Everything that draws, validates, calculates or prints a report walks these dataclasses.

Paths
    ``tab.section.field`` names a field, ``tab.section.group.field`` a field inside a group,
    ``tab.section.table.column`` a column of a table. The same field id may occur in two sections.

Answers (what a report stores, JSON-able, under ``answers[tab][section][field]``)
    text, textarea, email, tel, select, select_dynamic, radio   ``"text"``
    number, decimal, currency, calculated (when overridden)     canonical decimal text, ``"1275.5"``
    date                                                        ISO text, ``"2026-11-23"``
    checkbox                                                    ``true`` / ``false``
    multiselect                                                 ``["a", "b"]``
    number_with_unit                                            ``{"value": "240", "unit": "sq_yd"}``
    file                                                        the id of a files_metadata document
    group                                                       ``{field id: answer}``
    table                                                       ``{row id: {column id: answer}}``
    dynamic_table, row_dynamic                                  ``[{column id: answer}, ...]`` in order
    dynamic_table, column_dynamic                               ``{"columns": ["Ground floor", ...],
                                                                "cells": {row id: [answer per column]}}``
    any field that allows it                                    ``{"not_applicable": true}``
    An empty answer is absent or ``None``; it is never an empty string.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any


class FieldType(StrEnum):
    TEXT = "text"
    TEXTAREA = "textarea"
    NUMBER = "number"
    DECIMAL = "decimal"
    CURRENCY = "currency"
    DATE = "date"
    SELECT = "select"
    SELECT_DYNAMIC = "select_dynamic"
    MULTISELECT = "multiselect"
    CHECKBOX = "checkbox"
    RADIO = "radio"
    EMAIL = "email"
    TEL = "tel"
    FILE = "file"
    GROUP = "group"
    TABLE = "table"
    DYNAMIC_TABLE = "dynamic_table"
    NUMBER_WITH_UNIT = "number_with_unit"
    CALCULATED = "calculated"


NUMERIC_TYPES = frozenset(
    {
        FieldType.NUMBER,
        FieldType.DECIMAL,
        FieldType.CURRENCY,
        FieldType.NUMBER_WITH_UNIT,
        FieldType.CALCULATED,
    }
)
CHOICE_TYPES = frozenset({FieldType.SELECT, FieldType.RADIO, FieldType.MULTISELECT})


class TableKind(StrEnum):
    FIXED = "fixed"
    ROW_DYNAMIC = "row_dynamic"
    COLUMN_DYNAMIC = "column_dynamic"


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Condition:
    """Shown only while ``field`` (a path, or an id in the same section) compares as asked.

    ``operator`` is one of ``== != in not_in > >= < <= filled empty``; ``value`` is text, a number as text,
    or a list of texts for ``in`` and ``not_in``.
    """

    field: str
    operator: str
    value: str | tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Rounding:
    """``mode`` is ``nearest`` (half up), ``down`` (truncate) or ``up``; ``to`` is the step: 1, 0.01, 1000."""

    to: Decimal
    mode: str = "nearest"


@dataclass(frozen=True, slots=True)
class Validation:
    pattern: str | None = None
    message: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    # An ISO date, ``today``, or the path of another date field.
    min_date: str | None = None
    max_date: str | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One question of a format; also one column of a table, or one row of a column_dynamic table."""

    id: str
    type: FieldType
    label: str
    path: str
    help: str = ""
    placeholder: str = ""
    required: bool = False
    read_only: bool = False
    default: Any = None
    options: tuple[Option, ...] = ()
    options_source: str | None = None
    validation: Validation = Validation()
    # The id of a unit that the calculation knows (sq_ft, ft), else the text to print (years).
    unit: str | None = None
    units: tuple[str, ...] = ()
    prefix: str = ""
    suffix: str = ""
    width: int = 6
    # The number printed before the label in the document: "5", "a)", "(i)".
    number: str = ""
    fields: tuple[Field, ...] = ()
    table: Table | None = None
    condition: Condition | None = None
    formula: str | None = None
    rounding: Rounding | None = None
    overridable: bool = False
    not_applicable: bool = False
    # How a computed number is shown: "currency", "number" or "percent".
    display: str = "number"
    # A column of a table: whether the foot of the table shows its sum.
    total: bool = False
    # A rate: the unit that it is for one of ("sq_ft"), or the field in which that unit is chosen.
    per: str | None = None

    @property
    def is_numeric(self) -> bool:
        return self.type in NUMERIC_TYPES


@dataclass(frozen=True, slots=True)
class FixedRow:
    """A given row of a fixed table: its id, its label and the cells that nobody may change."""

    id: str
    label: str
    cells: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    """The columns and rows of a table.

    fixed           ``columns`` × ``rows``
    row_dynamic     ``columns`` × as many rows as the person adds, ``min_rows`` to ``max_rows``
    column_dynamic  ``row_fields`` × columns named by ``column_pattern`` ("Floor {number}"), beginning with
                    ``first_columns``, at most ``max_columns``
    """

    kind: TableKind
    columns: tuple[Field, ...] = ()
    rows: tuple[FixedRow, ...] = ()
    row_fields: tuple[Field, ...] = ()
    row_label: str = "Row"
    min_rows: int = 0
    max_rows: int = 25
    column_pattern: str = "Column {number}"
    first_columns: tuple[str, ...] = ()
    max_columns: int = 10


@dataclass(frozen=True, slots=True)
class Lookup:
    """A table of the format itself, which ``lookup(name, key)`` reads.

    Either ``rows`` by the text of the key, or ``ranges`` of (up to and including, figure) in rising order;
    a last range without a limit takes everything above.
    """

    name: str
    title: str = ""
    rows: Mapping[str, Decimal | str] = field(default_factory=dict)
    ranges: tuple[tuple[Decimal | None, Decimal | str], ...] = ()
    # What its figures are: in a unit ("sq_ft"), or a rate for one of it.
    unit: str | None = None
    per: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    id: str
    tab_id: str
    label: str
    fields: tuple[Field, ...]
    number: str = ""
    help: str = ""
    condition: Condition | None = None
    # Whether the printed document has this section; the editor always has it.
    printed: bool = True

    @property
    def path(self) -> str:
        return f"{self.tab_id}.{self.id}"

    def leaves(self) -> Iterator[Field]:
        """Every field of the section with groups opened; tables are one leaf each."""
        for item in self.fields:
            if item.type is FieldType.GROUP:
                yield from item.fields
            else:
                yield item


@dataclass(frozen=True, slots=True)
class Tab:
    id: str
    label: str
    sections: tuple[Section, ...]
    # The part's number in the printed document: "I", "II", "A", "B".
    numeral: str = ""
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class AbstractLine:
    """A line of the abstract of values: its label and the path of the figure for each column (or none)."""

    label: str
    paths: Mapping[str, str]
    emphasis: bool = False
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class DocumentLayout:
    """What the printed document adds around the answers."""

    title: str
    subtitle: str = ""
    addressee: tuple[str, ...] = ()
    abstract_title: str = "Abstract of values"
    # (column id, heading) in print order, e.g. ("market", "Fair market value, ₹").
    abstract_columns: tuple[tuple[str, str], ...] = ()
    abstract_lines: tuple[AbstractLine, ...] = ()
    # The path of the figure that is also printed in words.
    words_path: str | None = None
    words_label: str = ""
    # Prose of the methodology section, one entry a paragraph.
    methodology: tuple[str, ...] = ()
    declaration_title: str = "Declaration"
    # Lettered statements a), b), c) …
    declaration: tuple[str, ...] = ()
    # The table that follows the declaration: (particulars, the path whose answer fills it, or text that may
    # quote answers, see banks.formats.quoting).
    declaration_rows: tuple[tuple[str, str], ...] = ()
    enclosures_title: str = "Enclosures"
    enclosures: tuple[str, ...] = ()
    # Whether the branch manager's block follows the valuer's signature.
    manager_block: bool = True


@dataclass(frozen=True, slots=True)
class FormatKey:
    bank_code: str
    scheme: str
    property_type: str
    version: int

    def __str__(self) -> str:
        return f"{self.bank_code}/{self.scheme}/{self.property_type}/{self.version}"


@dataclass(frozen=True, slots=True)
class FormatDefinition:
    key: FormatKey
    title: str
    tabs: tuple[Tab, ...]
    document: DocumentLayout
    # Percentages, rates and roundings, as text or numbers; formulas read them as ``parameter.name``.
    parameters: Mapping[str, Decimal | str] = field(default_factory=dict)
    currency: str = "INR"
    grouping: str = "indian"
    # Names of the headline figures → paths: land_value, building_value, fair_market_value,
    # realizable_value, distress_value, guideline_value, insurable_value.
    headline: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    # Tables that formulas look figures up in, by name.
    lookups: Mapping[str, Lookup] = field(default_factory=dict)
    # "imported" for a format that comes from the system before this one: gaps are warnings, not problems.
    origin: str = ""

    @property
    def is_imported(self) -> bool:
        return self.origin == "imported"

    def sections(self) -> Iterator[Section]:
        for tab in self.tabs:
            yield from tab.sections

    def section(self, tab_id: str, section_id: str) -> Section | None:
        for section in self.sections():
            if section.tab_id == tab_id and section.id == section_id:
                return section
        return None
