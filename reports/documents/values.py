"""One answer, as it is printed.

Amounts are grouped as the format says (``12,34,567``), dates read ``23 Nov 2026``, an empty answer is a
dash and a question that does not apply says so. A figure is never rounded here to fewer places than the
format gave it, except that an endless fraction is cut to what a reader can use (money 2 places, others 4).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from banks.formats.definition import Field, FieldType, FormatDefinition
from reports.calculation import rounding, units
from reports.calculation.exact import plain_decimal
from reports.calculation.numbers import group

EMPTY = "—"
NOT_APPLICABLE = "Not applicable"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SYMBOLS = {"INR": "₹", "USD": "$", "EUR": "€", "GBP": "£"}
_PLACES = {"currency": 2, "percent": 4, "number": 4}
# A year reads 2006, not 2,006; formats have no type of their own for it.
_YEAR = re.compile(r"\byear\b(?!s)|\bbuilt in\b", re.IGNORECASE)


class Figures(Protocol):
    """The part of a calculation's result that a document shows; paths as the engine writes them."""

    @property
    def values(self) -> Mapping[str, Decimal]: ...
    @property
    def computed(self) -> Mapping[str, Decimal]: ...
    @property
    def overridden(self) -> frozenset[str]: ...
    @property
    def hidden(self) -> frozenset[str]: ...


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer as text. ``kind`` is ``text``, ``number``, ``empty`` or ``na``."""

    text: str
    kind: str = "text"


NOTHING = Shown(EMPTY, "empty")


def date_text(value: date | str) -> str:
    """``23 Nov 2026`` from a date or its ISO text; text that is no date is returned unchanged."""
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            return str(value)
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def to_decimal(value: Any) -> Decimal | None:
    """The figure in canonical decimal text, or ``None`` when there is none."""
    if isinstance(value, Mapping):
        value = value.get("value")
    return plain_decimal(str(value)) if isinstance(value, str | int) and not isinstance(value, bool) else None


@dataclass(frozen=True, slots=True)
class Formatter:
    """Prints answers for one format.

    ``labels`` is source of options → value → label; ``named`` is the label of whatever value the source has
    when ``labels`` does not know it (a report has one bank and one branch).
    """

    definition: FormatDefinition
    labels: Mapping[str, Mapping[str, str]]
    named: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def symbol(self) -> str:
        """The sign before an amount: ``₹``, or the code of the currency and a space."""
        code = self.definition.currency
        return _SYMBOLS.get(code, f"{code} ")

    def amount(self, value: Decimal, *, symbol: bool = True) -> str:
        """``₹14,72,625``; paise only where there are any."""
        text = self.figure(value, "currency")
        if not symbol:
            return text
        return f"-{self.symbol}{text[1:]}" if text.startswith("-") else f"{self.symbol}{text}"

    def unit(self, unit_id: str) -> str:
        """``sq_ft`` → ``sq ft``."""
        return units.label(unit_id)

    def figure(self, value: Decimal, display: str = "number") -> str:
        """The grouped figure without unit or sign of currency."""
        shown = rounding.apply(value, Decimal(1).scaleb(-_PLACES.get(display, 4)))
        if display == "currency":
            return group(shown, self.definition.grouping, places=0 if shown == int(shown) else 2)
        return group(shown, self.definition.grouping)

    def number(self, field: Field, value: Decimal, *, bare: bool = False, unit: str | None = None) -> Shown:
        """A figure with its prefix, unit and suffix; ``bare`` leaves out what a heading already says."""
        money = field.type is FieldType.CURRENCY or (
            field.type is FieldType.CALCULATED and field.display == "currency"
        )
        if money:
            text = self.amount(value, symbol=not bare)
        elif _is_year(field, value):
            text = str(int(value))
        else:
            text = self.figure(value, field.display)
        if bare:
            return Shown(text, "number")
        prefix = (
            "" if money and field.prefix.strip().rstrip(".") in {self.symbol.strip(), "Rs"} else field.prefix
        )
        suffix = field.suffix or ("%" if field.display == "percent" else "")
        chosen = unit or field.unit
        named = self.unit(chosen) if chosen else ""
        if money and named and not suffix:
            # The unit of an amount of money is what the rate is for.
            named = f"per {named}"
        if named == suffix:
            named = ""
        words = prefix + text
        for part in (named, suffix.strip()):
            # A sign of degrees belongs to its figure; a word or a per cent sign stands apart.
            words += part if part in {"", "°", "′", "″"} else f" {part}"
        return Shown(words, "number")

    def answer(self, field: Field, answer: Any, *, bare: bool = False) -> Shown:
        """The printed form of one answer as stored; groups and tables are not answers of this kind."""
        if answer is None or answer == "" or answer == []:
            return NOTHING
        if isinstance(answer, Mapping) and answer.get("not_applicable"):
            return Shown(NOT_APPLICABLE, "na")
        if field.is_numeric:
            return self._numeric(field, answer, bare=bare)
        if field.type is FieldType.DATE:
            return Shown(date_text(str(answer)))
        if field.type is FieldType.CHECKBOX:
            return Shown("Yes" if answer else "No")
        if field.type is FieldType.FILE:
            return Shown(self.labels.get("files", {}).get(str(answer), "Attached"))
        if isinstance(answer, list):
            return Shown(", ".join(self._choice(field, str(item)) for item in answer))
        return Shown(self._choice(field, str(answer)))

    def _numeric(self, field: Field, answer: Any, *, bare: bool) -> Shown:
        value = to_decimal(answer)
        unit = answer.get("unit") if isinstance(answer, Mapping) else None
        if value is not None:
            # A column's heading names the column's own unit, never one that was chosen for a single cell.
            return self.number(field, value, bare=bare and not unit, unit=unit)
        left = answer.get("value") if isinstance(answer, Mapping) else answer
        return Shown(str(left)) if left else NOTHING

    def _choice(self, field: Field, value: str) -> str:
        if field.options_source:
            known = self.labels.get(field.options_source, {}).get(value)
            return known or self.named.get(field.options_source) or value
        return next((option.label for option in field.options if option.value == value), value)


def _is_year(field: Field, value: Decimal) -> bool:
    named = _YEAR.search(field.label) or _YEAR.search(field.id.replace("_", " "))
    return bool(named) and value == int(value) and 1000 <= value <= 2999
