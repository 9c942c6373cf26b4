"""Content of a format → dataclasses. Nothing is judged here: the shape has been checked before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from banks.formats.definition import (
    AbstractLine,
    Condition,
    DocumentLayout,
    Field,
    FieldType,
    FixedRow,
    FormatDefinition,
    FormatKey,
    Lookup,
    Option,
    Rounding,
    Section,
    Tab,
    Table,
    TableKind,
    Validation,
)

_PLAIN_KEYS = (
    "help",
    "placeholder",
    "required",
    "read_only",
    "default",
    "options_source",
    "unit",
    "prefix",
    "suffix",
    "width",
    "number",
    "formula",
    "overridable",
    "not_applicable",
    "display",
    "total",
    "per",
)
_NO_VALIDATION = Validation()


def build_definition(content: Mapping[str, Any]) -> FormatDefinition:
    """The dataclasses of self-contained content; ``KeyError`` and its like when the content is damaged."""
    key = content["format"]
    return FormatDefinition(
        key=FormatKey(key["bank_code"], key["scheme"], key["property_type"], int(key["version"])),
        title=content["title"],
        tabs=tuple(_tab(tab) for tab in content["tabs"]),
        document=_document(content["document"]),
        parameters={name: _figure_or_word(value) for name, value in content.get("parameters", {}).items()},
        currency=content.get("currency", "INR"),
        grouping=content.get("grouping", "indian"),
        headline=dict(content.get("headline", {})),
        description=content.get("description", ""),
        lookups={name: _lookup(name, raw) for name, raw in content.get("lookups", {}).items()},
        origin=content.get("origin", ""),
    )


def _lookup(name: str, raw: Mapping[str, Any]) -> Lookup:
    return Lookup(
        name=name,
        title=raw.get("title", ""),
        rows={key: _figure_or_word(value) for key, value in raw.get("rows", {}).items()},
        ranges=tuple(
            (_decimal(item["up_to"]) if "up_to" in item else None, _figure_or_word(item["value"]))
            for item in raw.get("ranges", ())
        ),
        unit=raw.get("unit"),
        per=raw.get("per"),
    )


def _tab(raw: Mapping[str, Any]) -> Tab:
    return Tab(
        id=raw["id"],
        label=raw["label"],
        sections=tuple(_section(section, raw["id"]) for section in raw["sections"]),
        numeral=raw.get("numeral", ""),
        condition=_condition(raw.get("condition")),
    )


def _section(raw: Mapping[str, Any], tab_id: str) -> Section:
    path = f"{tab_id}.{raw['id']}"
    return Section(
        id=raw["id"],
        tab_id=tab_id,
        label=raw["label"],
        fields=_fields(raw["fields"], path),
        number=raw.get("number", ""),
        help=raw.get("help", ""),
        condition=_condition(raw.get("condition")),
        printed=raw.get("printed", True),
    )


def _fields(raw: Sequence[Mapping[str, Any]], scope: str) -> tuple[Field, ...]:
    return tuple(build_field(item, scope) for item in raw)


def build_field(raw: Mapping[str, Any], scope: str) -> Field:
    path = f"{scope}.{raw['id']}"
    rounding = raw.get("rounding")
    return Field(
        id=raw["id"],
        type=FieldType(raw["type"]),
        label=raw["label"],
        path=path,
        options=tuple(Option(item["value"], item["label"]) for item in raw.get("options", ())),
        validation=_validation(raw.get("validation")),
        units=tuple(raw.get("units", ())),
        fields=_fields(raw.get("fields", ()), path),
        table=_table(raw["table"], path) if raw.get("table") else None,
        condition=_condition(raw.get("condition")),
        rounding=Rounding(_decimal(rounding["to"]), rounding.get("mode", "nearest")) if rounding else None,
        **{key: raw[key] for key in _PLAIN_KEYS if key in raw},
    )


def _table(raw: Mapping[str, Any], path: str) -> Table:
    rows = tuple(FixedRow(row["id"], row["label"], dict(row.get("cells", {}))) for row in raw.get("rows", ()))
    plain = ("row_label", "min_rows", "max_rows", "column_pattern", "max_columns")
    return Table(
        kind=TableKind(raw["kind"]),
        columns=_fields(raw.get("columns", ()), path),
        rows=rows,
        row_fields=_fields(raw.get("row_fields", ()), path),
        first_columns=tuple(raw.get("first_columns", ())),
        **{key: raw[key] for key in plain if key in raw},
    )


def _condition(raw: Mapping[str, Any] | None) -> Condition | None:
    if not raw:
        return None
    value = raw.get("value")
    return Condition(raw["field"], raw["operator"], tuple(value) if isinstance(value, list) else value)


def _validation(raw: Mapping[str, Any] | None) -> Validation:
    if not raw:
        return _NO_VALIDATION
    figures = ("minimum", "maximum")
    rules: dict[str, Any] = {key: _decimal(raw[key]) if key in figures else raw[key] for key in raw}
    return Validation(**rules)


def _document(raw: Mapping[str, Any]) -> DocumentLayout:
    abstract = raw.get("abstract", {})
    words = raw.get("words", {})
    declaration = raw.get("declaration", {})
    return DocumentLayout(
        title=raw["title"],
        subtitle=raw.get("subtitle", ""),
        addressee=tuple(raw.get("addressee", ())),
        abstract_title=abstract.get("title", "Abstract of values"),
        abstract_columns=tuple((item["id"], item["label"]) for item in abstract.get("columns", ())),
        abstract_lines=tuple(_line(line) for line in abstract.get("lines", ())),
        words_path=words.get("path"),
        words_label=words.get("label", ""),
        methodology=tuple(raw.get("methodology", ())),
        declaration_title=declaration.get("title", "Declaration"),
        declaration=tuple(declaration.get("statements", ())),
        declaration_rows=tuple((row["particulars"], row["answer"]) for row in declaration.get("rows", ())),
        enclosures_title=raw.get("enclosures_title", "Enclosures"),
        enclosures=tuple(raw.get("enclosures", ())),
        manager_block=raw.get("manager_block", True),
    )


def _line(raw: Mapping[str, Any]) -> AbstractLine:
    return AbstractLine(
        label=raw["label"],
        paths=dict(raw["paths"]),
        emphasis=raw.get("emphasis", False),
        condition=_condition(raw.get("condition")),
    )


def _decimal(value: Any) -> Decimal:
    return Decimal(str(value))


def _figure_or_word(value: Any) -> Decimal | str:
    """A parameter: a figure when it reads as one, else the word itself ("nearest")."""
    try:
        figure = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    return figure if figure.is_finite() else str(value)
