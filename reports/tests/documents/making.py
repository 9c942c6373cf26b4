"""Small formats, figures and pictures for the tests of documents."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import pypdfium2
from PIL import Image
from pypdf import PdfReader

from banks.formats.definition import (
    DocumentLayout,
    Field,
    FieldType,
    FormatDefinition,
    FormatKey,
    Section,
    Tab,
    Table,
    TableKind,
)
from reports.documents.content import DocumentContext, Letterhead, Photograph, ValuerBlock, build_document

REFERENCE = "DV/0042/23112026"


@dataclass(frozen=True)
class Worked:
    """What a calculation found, by hand."""

    values: Mapping[str, Decimal] = field(default_factory=dict)
    computed: Mapping[str, Decimal] = field(default_factory=dict)
    overridden: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()


NOTHING_WORKED = Worked()


def a_field(field_id: str, kind: FieldType = FieldType.TEXT, label: str = "", **more: Any) -> Field:
    """A field of the section ``land.plot`` unless ``path`` says otherwise."""
    more.setdefault("path", f"land.plot.{field_id}")
    return Field(id=field_id, type=kind, label=label or field_id.replace("_", " ").capitalize(), **more)


def a_table(kind: TableKind, columns: tuple[Field, ...] = (), field_id: str = "floors", **more: Any) -> Field:
    label = more.pop("label", "")
    table = Table(kind=kind, columns=columns, **more)
    which = FieldType.TABLE if kind is TableKind.FIXED else FieldType.DYNAMIC_TABLE
    return a_field(field_id, which, label, table=table)


def a_column(column_id: str, kind: FieldType = FieldType.TEXT, label: str = "", **more: Any) -> Field:
    return a_field(column_id, kind, label, path=f"land.plot.floors.{column_id}", **more)


def a_section(*fields: Field, **more: Any) -> Section:
    more.setdefault("label", "The plot")
    return Section(id="plot", tab_id="land", fields=fields, **more)


def a_format(*fields: Field, layout: DocumentLayout | None = None, **more: Any) -> FormatDefinition:
    """A format of one part, "A Land", with one section of these fields."""
    tabs = more.pop("tabs", (Tab(id="land", label="Land", numeral="A", sections=(a_section(*fields),)),))
    return FormatDefinition(
        key=FormatKey("SBI", "general", "land_building", 1),
        title="Valuation report",
        tabs=tabs,
        document=layout or DocumentLayout(title="Valuation report"),
        **more,
    )


def a_context(**more: Any) -> DocumentContext:
    """An issued report of Demo Valuers to a branch of the State Bank of India."""
    given: dict[str, Any] = {
        "firm": Letterhead("Demo Valuers", address_lines=("12 Sample Road", "Hyderabad")),
        "reference": REFERENCE,
        "valuer": ValuerBlock("A. Valuer", "B.E. (Civil)", (("IBBI", "IBBI/RV/00/0000/00000"),)),
        "report_date": date(2026, 11, 23),
        "place": "Hyderabad",
        "draft": False,
        "bank_name": "State Bank of India",
        "branch_name": "Kompally",
    }
    return DocumentContext(**{**given, **more})


def built(
    *fields: Field, plot: Mapping[str, Any] | None = None, worked: Worked = NOTHING_WORKED
) -> dict[str, Any]:
    """The document of a small format with these answers."""
    return build_document(a_format(*fields), {"land": {"plot": dict(plot or {})}}, worked, a_context())


def rows_of(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every row of the first part, groups opened."""
    rows = [
        row
        for section in document["parts"][0]["sections"]
        for block in section["blocks"]
        if block["kind"] == "rows"
        for row in block["rows"]
    ]
    return [inner for row in rows for inner in (row, *row["rows"])]


def tables_of(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        block
        for section in document["parts"][0]["sections"]
        for block in section["blocks"]
        if block["kind"] == "table"
    ]


def texts(line: list[dict[str, Any]]) -> list[str]:
    return [cell["text"] for cell in line]


def a_photograph(number: int) -> Photograph:
    return Photograph(f"photo-{number}", f"View {number}")


def picture(width: int = 40, height: int = 30, kind: str = "JPEG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), (40, 90, 140)).save(out, kind)
    return out.getvalue()


def pages_text(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


def places(pdf: bytes, wanted: str) -> list[tuple[int, float, float, float]]:
    """Every place of a text: page from 0, left, bottom and right in points from the page's lower left."""
    opened = pypdfium2.PdfDocument(pdf)
    found = []
    try:
        for number, page in enumerate(opened):
            text = page.get_textpage()
            search = text.search(wanted, match_case=True)
            while (hit := search.get_next()) is not None:
                left, bottom, _, _ = text.get_charbox(hit[0])
                right = text.get_charbox(hit[0] + hit[1] - 1)[2]
                found.append((number, left, bottom, right))
    finally:
        opened.close()
    return found


def shaped_text(pdf: bytes) -> str:
    """The text layer as a reader of PDF that honours ``ActualText`` gives it, for scripts that are shaped."""
    opened = pypdfium2.PdfDocument(pdf)
    try:
        return "\n".join(page.get_textpage().get_text_range() for page in opened)
    finally:
        opened.close()
