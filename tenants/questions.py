"""Django's form fields as ``components/field.html`` draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django import forms
from django.forms import BoundField

Choice = tuple[str, str, bool]


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a page's own form; the attributes that ``components/field.html`` reads."""

    id: str
    name: str
    type: str
    label: str
    value: str | bool
    help: str = ""
    placeholder: str = ""
    required: bool = False
    width: int = 12
    error: str = ""
    max_length: int | None = None
    choices: Sequence[Choice] = ()


_TYPES: tuple[tuple[type[forms.Field], str], ...] = (
    (forms.EmailField, "email"),
    (forms.BooleanField, "checkbox"),
    (forms.ChoiceField, "radio"),
)


def question(bound: BoundField, *, width: int = 12) -> Question:
    """The bound field with what was typed and what is wrong with it."""
    field = bound.field
    kind = next((name for cls, name in _TYPES if isinstance(field, cls)), "text")
    if isinstance(field.widget, forms.Textarea):
        kind = "textarea"
    elif getattr(field.widget, "input_type", "") == "tel":
        kind = "tel"
    value = bound.value()
    given = "" if value is None else str(value)
    choices = [(str(key), str(label), str(key) == given) for key, label in getattr(field, "choices", ())]
    return Question(
        id=bound.auto_id or bound.html_name,
        name=bound.html_name,
        type=kind,
        label=str(bound.label),
        value=bool(value) if kind == "checkbox" else given,
        help=str(bound.help_text),
        placeholder=str(field.widget.attrs.get("placeholder", "")),
        required=field.required,
        width=width,
        error=" ".join(str(error) for error in bound.errors),
        max_length=getattr(field, "max_length", None),
        choices=choices,
    )
