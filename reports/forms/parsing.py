"""From what a person typed into one control to the answer that is stored, or to what is wrong. Pure.

Used by the form of a section and by whoever else takes answers as text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, overload

from banks.formats.definition import Field, FieldType
from reports.answers import NOT_APPLICABLE
from reports.calculation.numbers import canonical, group, parse_number
from reports.calculation.problems import NumberProblem
from reports.calculation.units import label as unit_label
from reports.calculation.values import allowed_units

LONGEST = {
    FieldType.TEXT: 500,
    FieldType.TEXTAREA: 10_000,
    FieldType.EMAIL: 254,
    FieldType.TEL: 40,
    FieldType.DATE: 20,
}
_DATE_FORMS = ("%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y", "%d.%m.%Y", "%d %b %Y", "%d %B %Y")
_EMAIL = re.compile(r"[^@\s,;<>()]+@[^@\s,;<>()]+\.[^@\s,;<>()]{2,}")
_TELEPHONE = re.compile(r"\+?[0-9][0-9 ()/-]{4,38}[0-9]")
# Control characters that no font prints and no person types; line ends and tabs stay.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_EARLIEST, _LATEST = date(1800, 1, 1), date(2200, 12, 31)


class AnswerProblem(ValueError):
    """What is wrong with one answer, with the rule, for the person who typed it."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What came from one control: its texts (several of a multiselect), unit and "not applicable"."""

    texts: tuple[str, ...] = ()
    unit: str = ""
    not_applicable: bool = False

    @property
    def text(self) -> str:
        return self.texts[-1] if self.texts else ""


Choices = Sequence[tuple[str, str]]


class SearchedChoices(Sequence[tuple[str, str]]):
    """Choices too many to list: a person types, ``find`` takes the one that is meant.

    As a sequence they are those that are known by now: chosen before, or found. ``search`` gives the first
    (value, label) pairs for a text and how many there are.
    """

    def __init__(
        self,
        chosen: Iterable[tuple[str, str]],
        search: Callable[[str], tuple[list[tuple[str, str]], int]],
    ) -> None:
        self._known = dict(chosen)
        self.search = search

    def find(self, text: str) -> str:
        """The value that is meant. Raises AnswerProblem naming some when it is one of several."""
        for value, label in self._known.items():
            if text in (value, label):
                return value
        pairs, total = self.search(text)
        if not pairs:
            raise AnswerProblem(f"Nothing has all of “{text[:60]}”; type fewer letters, or the code.")
        if total > 1:
            some = "; ".join(label for _, label in pairs[:5])
            more = f", {some}" if total <= 5 else f", among them {some}"
            raise AnswerProblem(f"“{text[:60]}” fits {total:,}{more}. Type more of the one that is meant.")
        self._known.update(pairs)
        return pairs[0][0]

    def __len__(self) -> int:
        return len(self._known)

    @overload
    def __getitem__(self, at: int) -> tuple[str, str]: ...

    @overload
    def __getitem__(self, at: slice) -> list[tuple[str, str]]: ...

    def __getitem__(self, at: int | slice) -> tuple[str, str] | list[tuple[str, str]]:
        return list(self._known.items())[at]


def read_typed(field: Field, typed: Typed, *, choices: Choices = ()) -> Any:
    """The answer of one field, ``None`` when it is empty. Raises AnswerProblem.

    ``choices`` are the (value, label) pairs that may be chosen. Limits that depend on other answers (dates)
    are the form's; whether an answer is required matters only at submission.
    """
    if typed.not_applicable and field.not_applicable:
        return dict(NOT_APPLICABLE)
    if field.type is FieldType.CHECKBOX:
        return typed.text in ("true", "on")
    if field.type is FieldType.MULTISELECT:
        return _several(typed.texts, choices)
    text = _clean(typed.text, field)
    if not text:
        return None
    if field.type in (FieldType.SELECT, FieldType.RADIO, FieldType.SELECT_DYNAMIC):
        return _one_of(text, choices)
    if field.type is FieldType.DATE:
        return _date(text).isoformat()
    if field.is_numeric:
        return _number(field, text, typed.unit)
    return _text(field, text)


def _clean(text: str, field: Field) -> str:
    plain = _UNPRINTABLE.sub("", text).replace("\r\n", "\n").replace("\r", "\n").strip()
    return plain if field.type is FieldType.TEXTAREA else " ".join(plain.split())


def _one_of(text: str, choices: Choices) -> str:
    if isinstance(choices, SearchedChoices):
        return choices.find(text)
    if any(text == value for value, _ in choices):
        return text
    raise AnswerProblem("This is not one of the choices; choose one of the list.")


def _several(texts: Sequence[str], choices: Choices) -> list[str] | None:
    chosen = [_one_of(text, choices) for text in texts if text.strip()]
    # In the order of the list, whatever the order in which they came.
    ordered = [value for value, _ in choices if value in chosen]
    return ordered or None


def _date(text: str) -> date:
    for form in _DATE_FORMS:
        try:
            day = datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no time zone
        except ValueError:
            continue
        if _EARLIEST <= day <= _LATEST:
            return day
        raise AnswerProblem(f"The year {day.year} cannot be right; write the date as 23-11-2026.")
    raise AnswerProblem(f"“{text[:24]}” is not a date; write it as 23-11-2026.")


def _number(field: Field, text: str, unit: str) -> Any:
    measure = field.type is FieldType.NUMBER_WITH_UNIT
    allowed = allowed_units(field)
    own: str | None = field.unit
    if measure:
        if unit and unit not in allowed:
            raise AnswerProblem("This unit is not one of the list; choose another.")
        own = unit or (allowed[0] if allowed else None)
    if own == "%":
        own = "percent"
    try:
        parsed = parse_number(text, own, allowed)
    except NumberProblem as problem:
        raise AnswerProblem(str(problem)) from None
    _check_number(field, parsed.value)
    if measure:
        return {"value": canonical(parsed.value), "unit": parsed.unit}
    return canonical(parsed.value)


def _check_number(field: Field, value: Decimal) -> None:
    if field.type is FieldType.NUMBER and value != value.to_integral_value():
        raise AnswerProblem("Write a whole number, without decimals.")
    least, most = field.validation.minimum, field.validation.maximum
    unit = f" {unit_label(field.unit)}" if field.unit else ""
    if least is not None and value < least:
        raise AnswerProblem(_said(field, f"At least {_shown(field, least)}{unit}."))
    if most is not None and value > most:
        raise AnswerProblem(_said(field, f"At most {_shown(field, most)}{unit}."))


def _shown(field: Field, value: Decimal) -> str:
    return canonical(value) if is_year(field) else group(value)


def is_year(field: Field) -> bool:
    """Whether the figure is a year, which is never grouped: 2006, not 2,006."""
    words = f"{field.id} {field.label}".replace("_", " ").casefold().split()
    return (
        field.type is FieldType.NUMBER and field.unit is None and ("year" in words or field.id == "built_in")
    )


def _said(field: Field, rule: str) -> str:
    """The format's own words first, the rule after them unless they say it."""
    message = field.validation.message
    return f"{message} {rule}" if message else rule


def _text(field: Field, text: str) -> str:
    rules = field.validation
    most = min(rules.max_length or LONGEST.get(field.type, 500), 20_000)
    if len(text) > most:
        raise AnswerProblem(_said(field, f"At most {most:,} characters; these are {len(text):,}."))
    if rules.min_length is not None and len(text) < rules.min_length:
        raise AnswerProblem(_said(field, f"At least {rules.min_length} characters."))
    if rules.pattern and not re.fullmatch(rules.pattern, text):
        raise AnswerProblem(rules.message or "This does not have the form that is asked for.")
    if field.type is FieldType.EMAIL and not _EMAIL.fullmatch(text):
        raise AnswerProblem("This is not an e-mail address; write it as name@example.org.")
    if field.type is FieldType.TEL and not _TELEPHONE.fullmatch(text):
        raise AnswerProblem("This is not a telephone number; write digits, for example +91 98765 43210.")
    return text
