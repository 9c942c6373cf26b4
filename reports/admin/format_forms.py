"""The forms that a draft of a format is written with: one for each kind of node, from tables of parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict

from banks.formats.definition import FieldType, TableKind
from banks.formats.editing import new_node
from reports.admin.format_values import Unreadable, at, put, read, shown

_TYPES = [(one.value, one.value.replace("_", " ")) for one in FieldType]
_IN_TABLE = [pair for pair in _TYPES if pair[0] not in ("group", "table", "dynamic_table", "file")]
_OPERATORS = ("==", "!=", "in", "not_in", ">", ">=", "<", "<=", "filled", "empty")
_LISTED = ("in", "not_in")


def _id_field() -> forms.Field:
    return forms.RegexField(
        r"^[a-z][a-z0-9_]{0,59}$",
        label="Id",
        max_length=60,
        error_messages={"invalid": "A lower-case letter, then at most 59 lower-case letters, digits and _."},
    )


@dataclass(frozen=True, slots=True)
class Part:
    """One value of a node: its place in it, how it is typed, and the fieldset that it stands in."""

    name: str
    label: str
    path: str
    way: str = "text"
    of: str = ""
    help: str = ""
    choices: Sequence[str] = ()
    # What a flag means that is not there.
    default: bool = False

    def form_field(self) -> forms.Field:
        common: dict[str, Any] = {"label": self.label, "required": False, "help_text": self.help}
        if self.way == "flag":
            return forms.BooleanField(**common)
        if self.way == "choice":
            pairs = [("", "–"), *((one, one.replace("_", " ")) for one in self.choices)]
            return forms.ChoiceField(choices=pairs, **common)
        if self.way in ("text", "whole", "list", "default", "comparison"):
            return forms.CharField(**common)
        rows = {"area": 2, "lines": 4, "columns": 4}.get(self.way, 6)
        return forms.CharField(widget=forms.Textarea(attrs={"rows": rows}), strip=False, **common)


def _condition() -> tuple[Part, ...]:
    of = "Shown only while"
    return (
        Part("condition_field", "Question", "condition.field", of=of, help="A path, or a neighbour's id."),
        Part("condition_operator", "Compares", "condition.operator", "choice", of, choices=_OPERATORS),
        Part("condition_value", "Value", "condition.value", "comparison", of, "With in: several, by commas."),
    )


_NAMES = (Part("label", "Label", "label"), Part("number", "Number printed before it", "number"))
TAB = (
    Part("label", "Label", "label"),
    Part("numeral", "Number of the part", "numeral", help="As it is printed: I, II, A."),
    *_condition(),
)
SECTION = (
    *_NAMES,
    Part("help", "Help", "help", "area"),
    Part("printed", "Stands in the document", "printed", "flag", default=True),
    *_condition(),
)
_ANSWER, _LIMITS, _FIGURE, _TABLE = "The answer", "Limits", "Computed", "The table"
FIELD = (
    *_NAMES,
    Part("help", "Help", "help", "area"),
    Part("required", "Required", "required", "flag"),
    Part("not_applicable", "May be “not applicable”", "not_applicable", "flag"),
    Part("read_only", "Read only", "read_only", "flag"),
    Part("width", "Width of 12", "width", "whole", help="3, 6 or 12."),
    Part("options", "Options", "options", "options", _ANSWER, "One a line: value = label."),
    Part("options_source", "Options from", "options_source", of=_ANSWER, help="banks, bank_branches …"),
    Part("default", "Default", "default", "default", _ANSWER, "An option, today, or true. No figures."),
    Part("placeholder", "Placeholder", "placeholder", of=_ANSWER),
    Part("unit", "Unit", "unit", of=_ANSWER, help="sq_ft, ft …, or a text to print."),
    Part("units", "Units to choose from", "units", "list", _ANSWER, "By commas: sq_ft, sq_m."),
    Part("prefix", "Before it", "prefix", of=_ANSWER),
    Part("suffix", "After it", "suffix", of=_ANSWER),
    Part("minimum", "At least", "validation.minimum", of=_LIMITS),
    Part("maximum", "At most", "validation.maximum", of=_LIMITS),
    Part("min_length", "Characters, at least", "validation.min_length", "whole", _LIMITS),
    Part("max_length", "Characters, at most", "validation.max_length", "whole", _LIMITS),
    Part("min_date", "Not before", "validation.min_date", of=_LIMITS, help="2026-04-01, today, or a path."),
    Part("max_date", "Not after", "validation.max_date", of=_LIMITS, help="2026-04-01, today, or a path."),
    Part("pattern", "Pattern", "validation.pattern", of=_LIMITS, help="A regular expression for the whole."),
    Part("message", "Said when it does not fit", "validation.message", of=_LIMITS),
    Part("formula", "Formula", "formula", "area", _FIGURE),
    Part("rounding_to", "Rounded to", "rounding.to", of=_FIGURE, help="A step: 1, 0.01, 1000."),
    Part("rounding_mode", "Rounded", "rounding.mode", "choice", _FIGURE, choices=("nearest", "down", "up")),
    Part("overridable", "A person may type over it", "overridable", "flag", _FIGURE),
    Part("display", "Shown as", "display", "choice", _FIGURE, choices=("currency", "number", "percent")),
    *_condition(),
)
COLUMN = (*FIELD, Part("total", "The foot shows its sum", "total", "flag", _FIGURE))
TABLE = (
    Part("kind", "Kind", "table.kind", "choice", _TABLE, choices=[one.value for one in TableKind]),
    Part("rows", "Given rows", "table.rows", "rows", _TABLE, "One a line: id = label."),
    Part("row_label", "What a row is called", "table.row_label", of=_TABLE),
    Part("min_rows", "Rows, at least", "table.min_rows", "whole", _TABLE),
    Part("max_rows", "Rows, at most", "table.max_rows", "whole", _TABLE),
    Part(
        "column_pattern", "Names of added columns", "table.column_pattern", of=_TABLE, help="Floor {number}"
    ),
    Part("first_columns", "Columns to begin with", "table.first_columns", "lines", _TABLE, "One a line."),
    Part("max_columns", "Columns, at most", "table.max_columns", "whole", _TABLE),
)
FORMAT = (
    Part("title", "Title", "title"),
    Part("description", "Description", "description", "area"),
    Part(
        "parameters",
        "Parameters",
        "parameters",
        "pairs",
        help="Percentages, rates, steps: name = figure.",
    ),
    Part("headline", "Headline figures", "headline", "pairs", help="fair_market_value = path, one a line."),
    Part("currency", "Currency", "currency", help="INR"),
    Part("grouping", "Grouping", "grouping", "choice", choices=("indian", "western")),
)
_DECLARATION, _ABSTRACT = "Declaration", "Abstract of values"
DOCUMENT = (
    Part("title", "Title", "document.title"),
    Part("subtitle", "Subtitle", "document.subtitle"),
    Part("addressee", "Addressee", "document.addressee", "lines", help="One line a line."),
    Part("abstract_title", "Title", "document.abstract.title", of=_ABSTRACT),
    Part("abstract_columns", "Columns", "document.abstract.columns", "columns", _ABSTRACT, "id = heading"),
    Part(
        "abstract_lines",
        "Lines",
        "document.abstract.lines",
        "abstract",
        _ABSTRACT,
        "Label | column = path | column = path. A line that begins with * is emphasised.",
    ),
    Part("words_path", "Figure that is also in words", "document.words.path", of=_ABSTRACT),
    Part("words_label", "Its label", "document.words.label", of=_ABSTRACT),
    Part("methodology", "Methodology", "document.methodology", "paragraphs", "Prose", "Blank lines between."),
    Part("declaration_title", "Title", "document.declaration.title", of=_DECLARATION),
    Part(
        "statements",
        "Statements",
        "document.declaration.statements",
        "paragraphs",
        _DECLARATION,
        "They are lettered a), b), c). A blank line between.",
    ),
    Part(
        "declaration_rows",
        "Table",
        "document.declaration.rows",
        "particulars",
        _DECLARATION,
        "Particulars = answer: a path, or text that may quote {tab.section.field} and {valuer}.",
    ),
    Part("enclosures_title", "Heading of the enclosures", "document.enclosures_title", of="Closing"),
    Part("enclosures", "Enclosures", "document.enclosures", "lines", "Closing", "One a line."),
    Part(
        "manager_block",
        "Block for the branch manager",
        "document.manager_block",
        "flag",
        "Closing",
        default=True,
    ),
)


def parts_for(node: Mapping[str, Any], kind: str) -> tuple[Part, ...]:
    """What can be said of a node of this kind."""
    if kind in ("tab", "section"):
        return TAB if kind == "tab" else SECTION
    parts = COLUMN if kind in ("column", "row") else FIELD
    return (*parts, *TABLE) if isinstance(node.get("table"), Mapping) else parts


class PartsForm(forms.Form):
    """A node (or a whole format) by its parts. ``changed_node`` afterwards is the node as it was typed."""

    def __init__(
        self, parts: Sequence[Part], node: Mapping[str, Any], data: QueryDict | None = None, kind: str = ""
    ) -> None:
        super().__init__(data, prefix="node", initial={})
        self.parts = parts
        self.node = node
        self.kind = kind
        if kind:
            self.fields["id"] = _id_field()
            self.initial["id"] = node.get("id", "")
        if kind in ("field", "column", "row"):
            types = _TYPES if kind == "field" else _IN_TABLE
            self.fields["type"] = forms.ChoiceField(label="Type", choices=types)
            self.initial["type"] = node.get("type", "")
        for part in parts:
            self.fields[part.name] = part.form_field()
            value = at(node, part.path)
            if part.way == "flag":
                self.initial[part.name] = part.default if value is None else bool(value)
            else:
                self.initial[part.name] = shown(part.way, value)

    def groups(self) -> Iterator[tuple[str, list[forms.BoundField], bool]]:
        """(heading, fields, whether something is in it) of each fieldset; the first has no heading."""
        own = [self[name] for name in ("id", "type") if name in self.fields]
        names = dict.fromkeys(part.of for part in self.parts)
        for name in names:
            fields = [self[part.name] for part in self.parts if part.of == name]
            filled = any(field.value() or field.errors for field in fields)
            yield name, [*own, *fields] if not name else fields, bool(filled)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        node = dict(self.node)
        for name in ("id", "type"):
            if name in self.fields and values.get(name):
                node[name] = values[name]
        for part in self.parts:
            before = at(self.node, part.path)
            typed = values.get(part.name)
            if part.way == "flag":
                # What goes without saying is not written down.
                put(node, part.path, before if bool(typed) == self.initial[part.name] else bool(typed))
                continue
            try:
                put(node, part.path, read(part.way, typed or "", before))
            except Unreadable as error:
                self.add_error(part.name, str(error))
        _settle_condition(node)
        self.changed_node = node
        return values


def _settle_condition(node: dict[str, Any]) -> None:
    """A condition that compares with several has a list; one that compares with nothing has no value."""
    condition = node.get("condition")
    if not isinstance(condition, Mapping) or not isinstance(condition.get("value"), str):
        return
    if condition.get("operator") in _LISTED:
        values = [part.strip() for part in condition["value"].split(",") if part.strip()]
        node["condition"] = {**condition, "value": values}


class AddForm(forms.Form):
    """A new tab, section, field, column or row: what it needs to be there at all."""

    id = _id_field()
    label = forms.CharField(label="Label", max_length=200)

    def __init__(self, kind: str, data: QueryDict | None = None) -> None:
        super().__init__(data, prefix="new")
        self.kind = kind
        if kind in ("field", "column", "row"):
            types = _TYPES if kind == "field" else _IN_TABLE
            self.fields["type"] = forms.ChoiceField(label="Type", choices=types)

    def node(self) -> dict[str, Any]:
        values = self.cleaned_data
        return new_node(self.kind, values["id"], values["label"], values.get("type", ""))


class WholeForm(forms.Form):
    """A draft as JSON, for those who know the schema."""

    content = forms.CharField(
        label="Format",
        strip=False,
        widget=forms.Textarea(attrs={"rows": 32, "class": "code", "spellcheck": "false", "wrap": "off"}),
    )
    sample = forms.CharField(
        label="Sample answers",
        required=False,
        strip=False,
        help_text="What the preview is filled with; empty: made-up answers.",
        widget=forms.Textarea(attrs={"rows": 12, "class": "code", "spellcheck": "false", "wrap": "off"}),
    )


class UploadForm(forms.Form):
    """A file, or the text of the one that was looked through before."""

    file = forms.FileField(
        label="File",
        required=False,
        help_text="JSON, as a version is downloaded or as load_formats reads it.",
    )
    text = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)
    name = forms.CharField(required=False, max_length=120, widget=forms.HiddenInput)
