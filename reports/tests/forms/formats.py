"""A small format with one field of every kind, for tests of forms and of what the editor draws."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.http import QueryDict

from banks.formats.definition import (
    Condition,
    DocumentLayout,
    Field,
    FieldType,
    FixedRow,
    FormatDefinition,
    FormatKey,
    Option,
    Section,
    Tab,
    Table,
    TableKind,
    Validation,
)
from reports.forms.section import SectionContext, SectionForm

TODAY = date(2026, 11, 23)
PATH = "land.size"
YES_NO = (Option("yes", "Yes"), Option("no", "No"))


def field(field_id: str, kind: str, path: str = PATH, **more: Any) -> Field:
    """A field of the section ``land.size`` (or of ``path``) with a label made of its id."""
    label = more.pop("label", field_id.replace("_", " ").capitalize())
    return Field(id=field_id, type=FieldType(kind), label=label, path=f"{path}.{field_id}", **more)


def group(field_id: str, *members: tuple[str, str], **more: Any) -> Field:
    path = f"{PATH}.{field_id}"
    return field(field_id, "group", fields=tuple(field(name, kind, path) for name, kind in members), **more)


def rows(field_id: str, *columns: Field, **more: Any) -> Field:
    """A table to which rows are added; ``columns`` are made with the table's path."""
    table = Table(TableKind.ROW_DYNAMIC, columns=columns, row_label="Floor", max_rows=3)
    return field(field_id, "dynamic_table", table=table, **more)


def every_kind() -> tuple[Field, ...]:
    """Fields of all kinds that a person fills in."""
    floors, sides, parts = f"{PATH}.floors", f"{PATH}.sides", f"{PATH}.parts"
    return (
        field("note", "text", validation=Validation(min_length=3, max_length=20)),
        field("story", "textarea"),
        field("count", "number", validation=Validation(minimum=Decimal(1), maximum=Decimal(200))),
        field("rate", "currency", not_applicable=True),
        field("share", "decimal", unit="%"),
        field("extent", "number_with_unit", units=("sq_ft", "sq_m", "sq_yd")),
        field("seen", "date", validation=Validation(max_date="today", message="The visit cannot lie ahead.")),
        field("sold", "date", validation=Validation(min_date=f"{PATH}.seen")),
        field("built", "radio", options=YES_NO),
        field("storeys", "number", condition=Condition("built", "==", "yes")),
        field("use", "select", options=(Option("home", "Home"), Option("shop", "Shop"))),
        field("papers", "multiselect", options=(Option("deed", "Deed"), Option("plan", "Plan"))),
        field("mapped", "checkbox"),
        field("mail", "email"),
        field("phone", "tel"),
        field("branch", "select_dynamic", options_source="bank_branches"),
        field("deed_copy", "file"),
        field("number", "text", read_only=True),
        field("value", "calculated", formula="rate * 2", overridable=True, display="currency"),
        group("owner", ("name", "text"), ("born", "number"), not_applicable=True),
        rows(
            "floors",
            field("floor", "text", floors, required=True),
            field("area", "decimal", floors, unit="sq_ft", total=True),
            field("cost", "calculated", floors, formula="area * 10", display="currency", total=True),
        ),
        field(
            "sides",
            "table",
            table=Table(
                TableKind.FIXED,
                columns=(field("deed", "text", sides), field("seen", "checkbox", sides)),
                rows=(FixedRow("north", "North"), FixedRow("south", "South", {"deed": "As surveyed"})),
            ),
        ),
        field(
            "parts",
            "dynamic_table",
            table=Table(
                TableKind.COLUMN_DYNAMIC,
                row_fields=(field("wall", "text", parts), field("height", "decimal", parts)),
                column_pattern="Floor {number}",
                first_columns=("Ground floor",),
                max_columns=3,
            ),
        ),
    )


def definition_with(*fields: Field) -> FormatDefinition:
    """A format of one tab and one section with these fields."""
    section = Section("size", "land", "Size", fields or every_kind())
    return FormatDefinition(
        key=FormatKey("SBI", "general", "land", 1),
        title="A small format",
        tabs=(Tab("land", "Land", (section,)),),
        document=DocumentLayout("A small format"),
        headline={"fair_market_value": f"{PATH}.value"},
    )


def context(*fields: Field, **stored: Any) -> SectionContext:
    """The section with stored answers."""
    definition = definition_with(*fields)
    (section,) = definition.sections()
    return SectionContext(
        definition,
        section,
        {"land": {"size": stored}} if stored else {},
        TODAY,
        {"bank_branches": [("B1", "First branch"), ("B2", "Second branch")]},
    )


def data(**typed: Any) -> QueryDict:
    """What a browser sends; a list sends a name several times, ``None`` not at all."""
    sent = QueryDict(mutable=True)
    for name, value in typed.items():
        if value is not None:
            sent.setlist(name, value if isinstance(value, list) else [value])
    return sent


def form_of(*fields: Field, stored: dict[str, Any] | None = None, **typed: Any) -> SectionForm:
    """A bound form that has been validated."""
    form = SectionForm(context(*fields, **(stored or {})), data(**typed))
    form.is_valid()
    return form


def errors_of(form: SectionForm) -> dict[str, str]:
    """Control name → what is wrong with it."""
    return {name: " ".join(map(str, texts)) for name, texts in form.errors.items()}
