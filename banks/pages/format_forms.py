"""What a firm changes of a question, adds as a question of its own, or sets of a format's figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

from django import forms

from banks.formats.definition import Field, FieldType
from banks.formats.field_checks import is_fixed_date
from banks.formats.overriding import OF_TABLE
from banks.pages.adapting import Asked, own_id
from banks.pages.editing import Current, EditForm, plain
from banks.pages.telling import day as day_told

TYPES = (
    ("text", "Text, one line"),
    ("textarea", "Text, several lines"),
    ("number", "Whole number"),
    ("decimal", "Number"),
    ("currency", "Amount of money"),
    ("date", "Date"),
    ("select", "One of a list"),
    ("radio", "One of a few, side by side"),
    ("multiselect", "Several of a list"),
    ("checkbox", "Yes or no, to tick"),
)
WITH_OPTIONS = frozenset({"select", "radio", "multiselect"})
MOST_OPTIONS = 60
TODAY = "today"
NONE: Mapping[str, str] = MappingProxyType({})
_DAYS = ("%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y", "%d.%m.%Y")
_OF_DAYS = "A day such as 31-03-2026, “today”, or another date of the format."
LAST = "last"
FIRST = "first"
_MODES = (("nearest", "to the nearest"), ("down", "always down"), ("up", "always up"))
_LABELS = {
    "salvage_percent": "Salvage value",
    "realizable_percent": "Realizable value",
    "distress_percent": "Distress value",
    "insurable_percent": "Insurable value",
    "depreciation_rate": "Depreciation a year",
    "say_to": "“Say” rounds to",
    "say_mode": "“Say” rounds",
}


class FigureField(forms.DecimalField):
    """A figure as people write it: ``14,72,625`` too."""

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = value.replace(",", "").replace("\u202f", "").replace(" ", "")
        return super().to_python(value)


def _figure(label: str, **options: Any) -> FigureField:
    return FigureField(
        label=label,
        required=False,
        error_messages={"invalid": "Give a figure, such as 85 or 1275.5."},
        **options,
    )


def _whole(label: str, of: str, most: int) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=1,
        max_value=most,
        error_messages={"invalid": f"Give a whole number of {of}."},
    )


class DayField(forms.CharField):
    """A limit of a date: a day, ``today``, or another date of the format, told by its words."""

    def __init__(self, label: str, *, dates: Mapping[str, str]) -> None:
        self.dates = dates
        self._paths = {words.casefold(): path for path, words in dates.items()}
        super().__init__(label=label, required=False, empty_value=None, help_text=_OF_DAYS)

    def to_python(self, value: Any) -> str | None:
        text: str | None = super().to_python(value)
        if text is None or text in self.dates:
            return text
        if text.casefold() == TODAY:
            return TODAY
        if text.casefold() in self._paths:
            return self._paths[text.casefold()]
        try:
            day = forms.DateField(input_formats=_DAYS).to_python(text)
        except forms.ValidationError:
            day = None
        if day is None:
            raise forms.ValidationError("Write a day such as 31-03-2026, “today”, or choose another date.")
        return day.isoformat()

    def prepare_value(self, value: Any) -> Any:
        """What is stored, in words; what was typed, as it was."""
        text = str(value or "")
        return self.dates[text] if text in self.dates else day_told(text) if is_fixed_date(text) else value


class QuestionForm(EditForm):
    """The attributes of one of the format's questions that a firm may change."""

    widths = {"label": 12, "help": 12, "default": 12, "required": 12, "hidden": 12}

    def __init__(
        self, data: Any = None, *, current: Current, asked: Asked, dates: Mapping[str, str] = NONE
    ) -> None:
        """``dates``: path → words of the dates that may be a limit of the question's."""
        self.asked = asked
        self._dates = dates
        super().__init__(data, current=current)

    def build(self) -> None:
        made = {
            "label": forms.CharField(
                label="Wording", max_length=200, error_messages={"required": "A question needs its words."}
            ),
            "help": forms.CharField(
                label="Help below it",
                max_length=500,
                required=False,
                widget=forms.Textarea,
                help_text="What the person who answers should know.",
            ),
            "required": forms.BooleanField(label="It must be answered before submitting", required=False),
            "hidden": forms.BooleanField(
                label="Do not ask it",
                required=False,
                help_text="New reports leave the question out, in the pages and in the document.",
            ),
            "minimum": _figure("Least"),
            "maximum": _figure("Most"),
            "min_length": _whole("Least characters", "characters", 20_000),
            "max_length": _whole("Most characters", "characters", 20_000),
            "min_date": DayField("Not before", dates=self._dates),
            "max_date": DayField("Not after", dates=self._dates),
            "max_rows": _whole("Most rows", "rows", 100),
            "max_columns": _whole("Most columns", "columns", 10),
        }
        for name in self.asked.offered:
            self.fields[name] = default_field(self.asked.field) if name == "default" else made[name]

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        for low, high in (("minimum", "maximum"), ("min_length", "max_length")):
            least, most = cleaned.get(low), cleaned.get(high)
            if least is not None and most is not None and least > most:
                self.add_error(high, f"{most} is below the least, {least}; exchange them or take one away.")
        least, most = cleaned.get("min_date"), cleaned.get("max_date")
        if least and most and least[:1].isdigit() and most[:1].isdigit() and least > most:
            self.add_error(
                "max_date",
                f"{day_told(most)} is before {day_told(least)}; exchange them or take one away.",
            )
        return cleaned

    def typed(self) -> dict[str, Any]:
        values = dict(self.cleaned_data)
        if "default" in values:
            values["default"] = default_from(self.asked.field, values["default"])
        for name in OF_TABLE:
            # Without a most of its own a table has the one below again.
            if name in values and values[name] is None:
                values[name] = self.asked.below[name]
        return values

    def told(self, name: str, value: Any) -> str:
        field = self.fields[name]
        return str(field.prepare_value(value)) if isinstance(field, DayField) else super().told(name, value)

    def question(self, name: str) -> dict[str, Any]:
        asked, field = super().question(name), self.fields[name]
        if isinstance(field, DayField):
            # The control of one of too many to list: it is typed, with suggestions.
            suggested = [TODAY, *dict.fromkeys(field.dates.values())]
            asked |= {"searched": True, "choices": [(words, words, False) for words in suggested]}
        return asked


def shown_values(one: Asked) -> dict[str, Any]:
    """The question's attributes as its form shows them."""
    values = {name: one.values[name] for name in one.offered}
    if "default" in values:
        values["default"] = default_shown(one.field, values["default"])
    return {name: plain(value) if value is not None else "" for name, value in values.items()}


def default_field(one: Field) -> forms.Field:
    """A control for the answer that stands there beforehand: one that fits the question's type."""
    label, help_text = "Answered beforehand with", "The person can still change it."
    if one.type is FieldType.MULTISELECT:
        return forms.MultipleChoiceField(
            label=label,
            required=False,
            help_text=help_text,
            choices=[(o.value, o.label) for o in one.options],
        )
    if one.type is FieldType.CHECKBOX:
        choices = [("", "Nothing"), ("false", "Not ticked"), ("true", "Ticked")]
    elif one.type is FieldType.DATE:
        choices = [("", "Nothing"), ("today", "The day on which the report is begun")]
    elif one.type is FieldType.NUMBER_WITH_UNIT:
        label, help_text = "Unit beforehand", "The person can still choose another."
        choices = [("", "Nothing"), *((unit, unit.replace("_", " ")) for unit in one.units)]
    else:
        choices = [("", "Nothing"), *((option.value, option.label) for option in one.options)]
    return forms.ChoiceField(label=label, required=False, help_text=help_text, choices=choices)


def default_shown(one: Field, value: Any) -> Any:
    """A default as its control has it."""
    if one.type is FieldType.MULTISELECT:
        return list(value or ())
    if one.type is FieldType.CHECKBOX:
        return "" if value is None else str(bool(value)).lower()
    if one.type is FieldType.NUMBER_WITH_UNIT:
        return str((value or {}).get("unit", ""))
    return str(value or "")


def default_from(one: Field, given: Any) -> Any:
    """What the control says, as a format keeps a default; None for nothing."""
    if one.type is FieldType.MULTISELECT:
        return list(given) or None
    if not given:
        return None
    if one.type is FieldType.CHECKBOX:
        return given is True or given == "true"
    if one.type is FieldType.NUMBER_WITH_UNIT:
        return {"unit": str(given)}
    return str(given)


class ExtraForm(EditForm):
    """A question of the firm's own."""

    widths = {"label": 12, "type": 6, "after": 6, "options": 12, "help": 12, "required": 12}

    label = forms.CharField(
        label="Question", max_length=200, error_messages={"required": "Write what is asked."}
    )
    type = forms.ChoiceField(label="Answered with", choices=TYPES, error_messages={"required": "Choose one."})
    after = forms.ChoiceField(label="Stands")
    options = forms.CharField(
        label="Answers to choose from",
        required=False,
        widget=forms.Textarea,
        help_text="One a line. For questions that are answered from a list.",
    )
    help = forms.CharField(label="Help below it", max_length=500, required=False, widget=forms.Textarea)
    required = forms.BooleanField(label="It must be answered before submitting", required=False)

    def __init__(
        self, data: Any = None, *, current: Current, places: Sequence[tuple[str, str]], field_id: str = ""
    ) -> None:
        self._places = places
        self._field_id = field_id
        super().__init__(data, current=current)

    def build(self) -> None:
        after = [(field_id, f"after “{label}”") for field_id, label in self._places]
        self.fields["after"] = forms.ChoiceField(
            label="Stands", choices=[(FIRST, "first in the section"), *after]
        )

    def clean_options(self) -> str:
        lines = [" ".join(line.split()) for line in str(self.cleaned_data["options"]).splitlines()]
        return "\n".join(line for line in lines if line)

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        options = str(cleaned.get("options") or "").splitlines()
        if cleaned.get("type") not in WITH_OPTIONS:
            cleaned["options"] = ""
        elif len(options) < 2 and "options" not in self.errors:
            self.add_error(
                "options", "Write at least two answers, one a line, or choose another kind of answer."
            )
        elif len(options) > MOST_OPTIONS:
            self.add_error(
                "options", f"{len(options)} answers are too many; at most {MOST_OPTIONS} are shown."
            )
        elif len(set(options)) < len(options):
            twice = next(line for line in options if options.count(line) > 1)
            self.add_error("options", f"“{twice}” stands there twice; take one away.")
        return cleaned

    def node(self, values: Mapping[str, Any], taken: Sequence[str]) -> dict[str, Any]:
        """The question as a format has it. An id once given stays, whatever the words become."""
        node: dict[str, Any] = {
            "id": self._field_id or own_id(str(values["label"]), taken),
            "type": values["type"],
            "label": values["label"],
        }
        if values.get("help"):
            node["help"] = values["help"]
        if values.get("required"):
            node["required"] = True
        if values.get("options"):
            node["options"] = [{"value": line, "label": line} for line in str(values["options"]).splitlines()]
        return node


def shown_extra(node: Mapping[str, Any], after: str | None, last: str) -> dict[str, Any]:
    """A firm's own question as its form shows it; ``last``: the id of the section's last question."""
    return {
        "label": str(node.get("label", "")),
        "type": str(node.get("type", "text")),
        "after": FIRST if after == "" else after or last,
        "options": "\n".join(str(one["label"]) for one in node.get("options", ())),
        "help": str(node.get("help", "")),
        "required": bool(node.get("required")),
    }


class ParametersForm(EditForm):
    """Percentages, rates and roundings that formulas read. Names of fields are the parameters' names."""

    def __init__(self, data: Any = None, *, current: Current, below: Mapping[str, Any]) -> None:
        self._below = below
        super().__init__(data, current=current)

    def build(self) -> None:
        for name, value in self._below.items():
            self.fields[name] = self._field(name, value)
        self.widths = dict.fromkeys(self.fields, 4)

    def _field(self, name: str, value: Any) -> forms.Field:
        label = parameter_label(name)
        if name.endswith("_mode"):
            return forms.ChoiceField(label=label, choices=_MODES, required=False)
        if name.endswith(("_percent", "depreciation_rate")):
            return _figure(label, min_value=0, max_value=100)
        if name == "say_to":
            return _figure(label, min_value=Decimal("0.01"))
        if is_figure(value):
            return _figure(label)
        return forms.CharField(label=label, max_length=120, required=False)

    def typed(self) -> dict[str, Any]:
        """An emptied parameter is the one below again."""
        return {
            name: self._below[name] if value in (None, "") else value
            for name, value in self.cleaned_data.items()
        }

    def question(self, name: str) -> dict[str, Any]:
        asked = super().question(name)
        if name.endswith(("_percent", "depreciation_rate")):
            asked["suffix"] = "%"
        elif name == "say_to":
            asked["prefix"] = "₹"
        return asked


def is_figure(value: Any) -> bool:
    try:
        return Decimal(str(value)).is_finite()
    except InvalidOperation:
        return False


def parameter_label(name: str) -> str:
    """The parameter's name in words."""
    return _LABELS.get(name) or name.replace("_", " ").capitalize()


def parameter_told(name: str, value: Any) -> str:
    """A parameter's value in words."""
    if name.endswith("_mode"):
        return dict(_MODES).get(str(value), str(value))
    if name.endswith(("_percent", "depreciation_rate")):
        return f"{value} %"
    return f"₹ {value}" if name == "say_to" else str(value)
