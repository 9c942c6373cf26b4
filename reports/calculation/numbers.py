"""Numbers as people type them, and as a report shows them.

Reading is generous about form (``14,72,625``, ``14.7 lakh``, ``₹ 12,000/-``, ``1200 sqft``, digits of the
Indic scripts) and strict about meaning: what could be two numbers is refused with the way out, never guessed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from reports.calculation import rounding, units
from reports.calculation.exact import CONTEXT
from reports.calculation.problems import NumberProblem

LONGEST_TEXT = 64
MOST_WHOLE_DIGITS = 18
MOST_PLACES = 6

# The code points of the digit zero in the scripts that are read: Devanagari, Bengali, Gurmukhi, Gujarati,
# Odia, Tamil, Telugu, Kannada, Malayalam, and the two Arabic sets (Urdu, Kashmiri, Sindhi).
_ZEROS = (0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0x660, 0x6F0)
_TO_ASCII = {zero + digit: str(digit) for zero in _ZEROS for digit in range(10)} | {0x2212: "-", 0x2013: "-"}

_MULTIPLIERS = {
    "thousand": 1_000,
    "lakh": 100_000, "lakhs": 100_000, "lac": 100_000, "lacs": 100_000,
    "crore": 10_000_000, "crores": 10_000_000, "cr": 10_000_000,
    "million": 1_000_000,
}  # fmt: skip

_TYPED = re.compile(
    r"(?P<sign>[-+]?)\s*"
    r"(?P<money>(?:₹|rs\.?|inr|rupees)\s*)?"
    r"(?P<late_sign>[-+]?)\s*"
    r"(?P<number>[0-9][0-9,]*(?:\.[0-9]*)?|\.[0-9]+)"
    r"(?P<slash>\s*/-)?\s*"
    r"(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_INDIAN = re.compile(r"[0-9]{1,2}(?:,[0-9]{2})*,[0-9]{3}")
_WESTERN = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+")
_EXPONENT = re.compile(r"[eE][-+]?[0-9]")


class ParsedNumber(NamedTuple):
    """``unit`` is the id of the unit typed, else the field's own unit, else ``None``."""

    value: Decimal
    unit: str | None


def parse_number(text: str, unit: str | None = None, units: Sequence[str] = ()) -> ParsedNumber:
    """The number that a person typed into a field.

    ``unit`` is the field's own unit, ``units`` the ids to choose from; a unit after the figure is read only
    if it is one of these. Lakh and crore multiply. At most 18 digits before the point and 6 after it.
    Raises ``NumberProblem`` whose text says what is wrong and what to write instead.
    """
    cleaned = _clean(text)
    match = _TYPED.fullmatch(cleaned)
    if match is None:
        raise NumberProblem(f"“{_shown(text)}” is not a number; write digits, for example 14,72,625.")
    rest = match["rest"].strip()
    if _EXPONENT.match(rest):
        raise NumberProblem("Powers of ten are not read; write the number in full, for example 1,00,000.")
    if match["sign"] and match["late_sign"]:
        raise NumberProblem("The number has two signs; write one.")
    many, spelt = _split_multiplier(rest)
    if match["slash"] and (many != 1 or spelt):
        raise NumberProblem(f"“{spelt or rest}” cannot follow /-; write the number alone.")
    value = _digits(match["number"]) * many
    if "-" in (match["sign"], match["late_sign"]):
        value = value.copy_negate()
    _check_size(value)
    found = _allowed_unit(spelt, unit, units) if spelt else unit
    if spelt and match["money"]:
        raise NumberProblem("The number is both money and a measure; write one of the two.")
    return ParsedNumber(Decimal(canonical(value)), found)


def _clean(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise NumberProblem(f"The number is too long; at most {LONGEST_TEXT} characters are read.")
    cleaned = unicodedata.normalize("NFKC", text).translate(_TO_ASCII).strip()
    if not cleaned:
        raise NumberProblem("There is no number; write digits, for example 14,72,625.")
    return cleaned


def _shown(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 24 else f"{flat[:23]}…"


def _digits(typed: str) -> Decimal:
    whole, _, places = typed.partition(".")
    if "," in whole and not (_INDIAN.fullmatch(whole) or _WESTERN.fullmatch(whole)):
        raise NumberProblem(
            f"The commas in “{whole}” do not group thousands; write 14,72,625 or 1,472,625, "
            "and a point before decimals."
        )
    return Decimal(f"{whole.replace(',', '') or '0'}.{places or '0'}")


def _split_multiplier(rest: str) -> tuple[int, str]:
    match = re.match(r"([^\W\d_]+)\.?(?=\s|$)", rest)
    many = _MULTIPLIERS.get(match[1].lower()) if match else None
    if match is None or many is None:
        return 1, rest
    return many, rest[match.end() :].strip()


def _allowed_unit(spelt: str, own: str | None, choices: Sequence[str]) -> str:
    allowed = [own] if own is not None else []
    allowed += [choice for choice in choices if choice != own]
    plain = spelt.lower().rstrip(".")
    found = units.find_unit(spelt)
    if found in allowed and found is not None:
        return found
    for choice in allowed:
        # A unit outside the table (years, percent) is read when it is written as the field shows it.
        if plain in (choice.lower(), units.label(choice).lower()) or (choice == "percent" and plain == "%"):
            return choice
    if not allowed:
        raise NumberProblem(f"“{_shown(spelt)}” after the number is not understood; write the number alone.")
    fitting = " or ".join(units.label(choice) for choice in allowed)
    raise NumberProblem(f"“{_shown(spelt)}” does not fit here; give the figure in {fitting}.")


def _check_size(value: Decimal) -> None:
    if value and value.adjusted() >= MOST_WHOLE_DIGITS:
        raise NumberProblem(f"The number is too large; at most {MOST_WHOLE_DIGITS} digits before the point.")
    if len(canonical(value).partition(".")[2]) > MOST_PLACES:
        raise NumberProblem(f"The number is too fine; at most {MOST_PLACES} digits after the point.")


def canonical(value: Decimal) -> str:
    """Plain decimal text as it is stored: ``1275.5``, no exponent, no trailing zeros, no negative zero."""
    if not value.is_finite():
        raise NumberProblem("Only a finite number has a text.")
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def group(value: Decimal, grouping: str = "indian", places: int | None = None) -> str:
    """``1234567`` → ``12,34,567`` (``indian``) or ``1,234,567`` (``western``).

    ``places`` fixes the digits after the point, rounding half up; without it there are as many as the value
    has. Raises ``NumberProblem`` for an unknown grouping.
    """
    if grouping not in ("indian", "western"):
        raise NumberProblem(f"“{grouping}” is no grouping; use indian or western.")
    if places is not None:
        value = rounding.apply(value, Decimal(1).scaleb(-places))
    sign, text = ("-", canonical(value.copy_abs())) if value < 0 else ("", canonical(value))
    whole, _, fraction = text.partition(".")
    if places is not None:
        fraction = fraction.ljust(places, "0")
    head, tail = whole[:-3], whole[-3:]
    size = 2 if grouping == "indian" else 3
    parts = [head[max(0, end - size) : end] for end in range(len(head), 0, -size)][::-1]
    return sign + ",".join([*parts, tail]) + (f".{fraction}" if fraction else "")


def lakh_style(value: Decimal) -> str:
    """``4200000`` → ``Rs. 42.00 Lac``, to two places, half up."""
    lakhs = CONTEXT.divide(rounding.apply(value, Decimal(1000)), Decimal(100_000))
    return f"Rs. {group(lakhs, 'indian', 2)} Lac"
