"""Small formats for the tests of calculation."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from banks.formats.definition import (
    Condition,
    DocumentLayout,
    Field,
    FieldType,
    FixedRow,
    FormatDefinition,
    FormatKey,
    Lookup,
    Section,
    Tab,
    Table,
    TableKind,
)


def number(field_id: str, **more: Any) -> Field:
    return _field(field_id, FieldType.NUMBER, **more)


def text(field_id: str, **more: Any) -> Field:
    return _field(field_id, FieldType.TEXT, **more)


def measure(field_id: str, *units: str, **more: Any) -> Field:
    return _field(field_id, FieldType.NUMBER_WITH_UNIT, units=units, **more)


def calculated(field_id: str, formula: str, **more: Any) -> Field:
    return _field(field_id, FieldType.CALCULATED, formula=formula, **more)


def of_type(field_id: str, kind: FieldType, **more: Any) -> Field:
    return _field(field_id, kind, **more)


def group(field_id: str, *fields: Field, **more: Any) -> Field:
    return _field(field_id, FieldType.GROUP, fields=fields, **more)


def rows(field_id: str, *columns: Field, **more: Any) -> Field:
    table = Table(TableKind.ROW_DYNAMIC, columns=columns)
    return _field(field_id, FieldType.DYNAMIC_TABLE, table=table, **more)


def fixed(field_id: str, row_ids: tuple[str, ...], *columns: Field, **more: Any) -> Field:
    cells: Mapping[str, Mapping[str, str]] = more.pop("cells", {})
    given = tuple(FixedRow(row_id, row_id.title(), cells.get(row_id, {})) for row_id in row_ids)
    return _field(
        field_id, FieldType.TABLE, table=Table(TableKind.FIXED, columns=columns, rows=given), **more
    )


def across(field_id: str, *row_fields: Field, **more: Any) -> Field:
    table = Table(TableKind.COLUMN_DYNAMIC, row_fields=row_fields)
    return _field(field_id, FieldType.DYNAMIC_TABLE, table=table, **more)


def when(field: str, operator: str = "==", value: str | tuple[str, ...] | None = "yes") -> Condition:
    return Condition(field, operator, value)


def section(
    section_id: str, *fields: Field, condition: Condition | None = None, tab: str = "main"
) -> Section:
    return Section(section_id, tab, section_id.title(), fields, condition=condition)


def a_format(
    *fields: Field,
    sections: tuple[Section, ...] = (),
    tabs: tuple[Tab, ...] = (),
    parameters: Mapping[str, Decimal | str] | None = None,
    headline: Mapping[str, str] | None = None,
    lookups: Mapping[str, Lookup] | None = None,
) -> FormatDefinition:
    """A format whose ``fields`` stand in ``main.land``; further sections and tabs as given."""
    first = (section("land", *fields),) if fields else ()
    own = (Tab("main", "Main", (*first, *sections)),) if first or sections else ()
    return FormatDefinition(
        key=FormatKey("DEMO", "general", "land", 1),
        title="A format of the tests",
        tabs=(*own, *tabs),
        document=DocumentLayout("Report"),
        parameters=parameters or {},
        headline=headline or {},
        lookups=lookups or {},
    )


def answers(**land: Any) -> dict[str, Any]:
    """Answers of ``main.land``."""
    return {"main": {"land": land}}


def _field(field_id: str, kind: FieldType, **more: Any) -> Field:
    label = more.pop("label", field_id.replace("_", " ").capitalize())
    return Field(id=field_id, type=kind, label=label, path=more.pop("path", f"main.land.{field_id}"), **more)
