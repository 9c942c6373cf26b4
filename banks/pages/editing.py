"""Forms of what two people may change at once: what was typed, what the page began with, what is stored now.

A form carries the version of the override and the values that it was drawn from. When somebody saved in
between, what only one of the two changed is taken from whoever changed it; where both changed a value, the
form comes back with both and asks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from django import forms
from django.http import QueryDict

from banks.overrides import OverrideProblem, StaleOverride
from banks.places import PlaceUnknown, parse
from tenants.questions import question

# Who saves while others save all the time is told so rather than kept waiting.
_ATTEMPTS = 3
THEIRS = "theirs"

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Current:
    """What a form shows as it is stored: JSON-able values, and the override's version, author and time."""

    values: Values
    version: int = 0
    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Conflict:
    """What somebody else wrote where this person wrote too; as ``components/conflict.html`` reads it."""

    theirs_text: str
    theirs_value: str
    by: str
    at: datetime | None


def plain(value: Any) -> Any:
    """The value as JSON carries it: figures and days as text, nothing as the empty text."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool | list | Mapping):
        return value
    return str(value)


def three_way(typed: Values, was: Values, now: Values) -> tuple[dict[str, Any], list[str]]:
    """What to store, and the names of the values that both changed, differently.

    What this person left as it ``was`` follows what is stored ``now``.
    """
    merged, both = dict(typed), []
    for name, value in typed.items():
        mine, before, theirs = plain(value), plain(was.get(name)), plain(now.get(name))
        if theirs in (before, mine):
            continue
        if mine == before:
            merged[name] = now.get(name)
        else:
            both.append(name)
    return merged, both


class EditForm(forms.Form):
    """A form that knows what it was drawn from. Fields are declared, or added by the subclass's ``build``."""

    # Widths of twelve columns by name; six where nothing is said.
    widths: Mapping[str, int] = MappingProxyType({})

    def __init__(self, data: QueryDict | None = None, *, current: Current) -> None:
        self.current = current
        self._posted = data
        self.conflicts: dict[str, Conflict] = {}
        super().__init__(data, initial=dict(current.values), prefix=None)
        self.build()

    def build(self) -> None:
        """Add fields that are known only now."""

    @property
    def was(self) -> dict[str, Any]:
        """What the form was drawn from."""
        if not self.is_bound:
            return {name: plain(value) for name, value in self.current.values.items()}
        try:
            given = json.loads(str(self.data.get("was", "")))
        except ValueError:
            given = None
        return given if isinstance(given, dict) else {}

    @property
    def base_version(self) -> int:
        """The version that the form was drawn from; what nobody can have seen when that is missing."""
        if not self.is_bound:
            return self.current.version
        text = str(self.data.get("version", ""))
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1

    @property
    def carried(self) -> dict[str, str]:
        """The hidden inputs that tell the next request what this page shows."""
        if self.is_bound and not self.conflicts:
            return {"version": str(self.base_version), "was": json.dumps(self.was)}
        values = {name: plain(value) for name, value in self.current.values.items()}
        return {"version": str(self.current.version), "was": json.dumps(values)}

    def amend(self, values: Mapping[str, Any]) -> None:
        """Take other values than were posted, before they are looked at."""
        if self._posted is None:
            return
        posted = self._posted.copy()
        for name, value in values.items():
            posted.setlist(name, value if isinstance(value, list) else [value])
        self.data = self._posted = posted

    def _clean_fields(self) -> None:
        # Who was asked which of two values to keep, and keeps the other one, sends both.
        was = self.was
        theirs = {
            name: was.get(name, "") for name in self.fields if self.data.get(f"{name}__choose") == THEIRS
        }
        # A box that is not ticked is not sent.
        self.amend({name: "" if value is False else value for name, value in theirs.items()})
        super()._clean_fields()  # type: ignore[misc]

    def forgive_untouched(self) -> None:
        """Take back the errors of fields that nobody touched: what the bank's record says is not refused."""
        for name in list(self.errors):
            if name in self.was and str(self.data.get(name, "")).strip() == str(self.was[name]):
                del self.errors[name]
                self.cleaned_data[name] = self.current.values.get(name)

    def typed(self) -> dict[str, Any]:
        """What is to be stored, by name. Only for a valid form."""
        return dict(self.cleaned_data)

    def follow(self, was: Values, now: Values) -> list[str]:
        """Take from what is stored ``now`` what this person left as it ``was``. The names of what both
        changed, differently.
        """
        merged, both = three_way(self.cleaned_data, was, now)
        for name, value in merged.items():
            if value is not self.cleaned_data[name]:
                self.cleaned_data[name] = self._taken(name, value)
        return both

    def _taken(self, name: str, value: Any) -> Any:
        """What is stored as the form's field has it: figures as figures; what it would refuse, as it is."""
        try:
            return self.fields[name].clean(value)
        except forms.ValidationError:
            return value

    def ask_which(self, names: list[str], now: Current) -> None:
        """Have the form come back with both values of ``names``, drawn from what is stored now."""
        self.current = now
        for name in names:
            theirs = plain(now.values.get(name))
            self.conflicts[name] = Conflict(
                self.told(name, theirs), str(theirs if theirs is not True else "true"), now.by, now.at
            )

    def tell(self, problem: OverrideProblem) -> None:
        """Put each sentence of a refusal at its field, or above the form."""
        for key, sentence in problem.problems:
            self.add_error(next((name for name in _names_of(key) if name in self.fields), None), sentence)

    def told(self, name: str, value: Any) -> str:
        """A value in words, for the one who has to choose."""
        choices = {str(key): str(label) for key, label in getattr(self.fields[name], "choices", ())}
        if isinstance(value, list):
            return ", ".join(choices.get(str(one), str(one)) for one in value)
        if isinstance(value, bool):
            return "Yes" if value else "No"
        return choices.get(str(value), str(value))

    def questions(self) -> dict[str, dict[str, Any]]:
        """Each field as ``components/field.html`` draws it."""
        return {name: self.question(name) for name in self.fields}

    def question(self, name: str) -> dict[str, Any]:
        bound = self[name]
        asked = asdict(question(bound, width=self.widths.get(name, 6)))
        conflict = self.conflicts.get(name)
        if conflict is not None:
            asked |= {"conflict": conflict, "shown": self.told(name, plain(bound.value()))}
        if isinstance(bound.field, forms.MultipleChoiceField):
            given = [str(one) for one in bound.value() or ()]
            choices = [(key, label, key in given) for key, label, _ in asked["choices"]]
            asked |= {"type": "multiselect", "choices": choices, "value": given}
        elif isinstance(bound.field, forms.DateField):
            asked["type"] = "date"
        elif isinstance(bound.field, forms.DecimalField | forms.IntegerField):
            asked["type"] = "number"
        elif asked["type"] == "radio" and not isinstance(bound.field.widget, forms.RadioSelect):
            asked["type"] = "select"
            # The select draws the empty choice by itself, in these words.
            asked["placeholder"] = next((one[1] for one in asked["choices"] if not one[0]), "")
            asked["choices"] = [one for one in asked["choices"] if one[0]]
        return asked


def _names_of(key: str) -> tuple[str, ...]:
    """What a form's field may be called that a refusal is about: of a key of ``banks.places``, or a name."""
    try:
        place = parse(key)
    except PlaceUnknown:
        return (key,)
    return place.path, place.field


Read = Callable[[], Current]
Write = Callable[[dict[str, Any], int], None]


def save(form: EditForm, *, read: Read, write: Write, changed_only: bool = False) -> bool:
    """Whether the valid form's values are stored; what stands against it is on the form.

    ``write`` takes values (with ``changed_only`` those that are not stored already) and the version that they
    are based on, and raises what ``banks.overrides`` raises; ``read`` gives what is stored when somebody was
    faster.
    """
    was, version, now = form.was, form.base_version, form.current
    if was and version == now.version:
        # Under the firm's values the bank's may be others by now. Nobody here chose those that were.
        form.follow(was, now.values)
        was = dict(now.values)
    for _ in range(_ATTEMPTS):
        values = form.typed()
        different = {name: one for name, one in values.items() if plain(one) != plain(now.values.get(name))}
        try:
            write(different if changed_only else values, version)
        except StaleOverride:
            now = read()
            both = form.follow(was, now.values)
            if both:
                form.ask_which(both, now)
                return False
            was, version = dict(now.values), now.version
        except OverrideProblem as problem:
            form.tell(problem)
            return False
        else:
            return True
    form.add_error(None, "Others are changing this bank at this moment. Nothing is lost; save again.")
    return False
