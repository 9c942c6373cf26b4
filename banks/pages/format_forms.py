"""What a firm changes of a question, adds as a question of its own, or sets of a format's figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms

from banks.formats.definition import Field, FieldType
from banks.pages.adapting import Asked, own_id
from banks.pages.editing import Current, EditForm, plain

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


def _whole(label: str) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=1,
        max_value=20_000,
        error_messages={"invalid": "Give a whole number of characters."},
    )


class QuestionForm(EditForm):
    """The attributes of one of the format's questions that a firm may change."""

    widths = {"label": 12, "help": 12, "default": 12, "required": 12, "hidden": 12}

    def __init__(self, data: Any = None, *, current: Current, asked: Asked) -> None:
        self.asked = asked
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
            "min_length": _whole("Least characters"),
            "max_length": _whole("Most characters"),
        }
        for name in self.asked.offered:
            self.fields[name] = default_field(self.asked.field) if name == "default" else made[name]

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        for low, high in (("minimum", "maximum"), ("min_length", "max_length")):
            least, most = cleaned.get(low), cleaned.get(high)
            if least is not None and most is not None and least > most:
                self.add_error(high, f"{most} is below the least, {least}; exchange them or take one away.")
        return cleaned

    def typed(self) -> dict[str, Any]:
        values = dict(self.cleaned_data)
        if "default" in values:
            values["default"] = default_from(self.asked.field, values["default"])
        return values


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
