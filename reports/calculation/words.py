"""Amounts of money in words, as a report prints them beside the figures.

Indian currencies count in crore, lakh, thousand and hundred (the crore part recurses: one lakh crore); others
in million and thousand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from reports.calculation import rounding
from reports.calculation.exact import CONTEXT, HUNDRED, fits
from reports.calculation.problems import NumberProblem

_SMALL = (
    "Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine",
    "Ten", "Eleven", "Twelve", "Thirteen", "Fourteen", "Fifteen", "Sixteen",
    "Seventeen", "Eighteen", "Nineteen",
)  # fmt: skip
_TENS = ("Zero", "Ten", "Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty", "Ninety")

_INDIAN = ((10_000_000, "Crore"), (100_000, "Lakh"), (1_000, "Thousand"), (100, "Hundred"))
_WESTERN = (
    (10**12, "Trillion"),
    (10**9, "Billion"),
    (10**6, "Million"),
    (1_000, "Thousand"),
    (100, "Hundred"),
)


@dataclass(frozen=True, slots=True)
class Currency:
    """The names of the whole and of its hundredth part, and the scale in which it is counted."""

    major: str
    minor: str
    scale: tuple[tuple[int, str], ...]


CURRENCIES: Mapping[str, Currency] = {
    "INR": Currency("Rupees", "Paise", _INDIAN),
    "USD": Currency("Dollars", "Cents", _WESTERN),
    "EUR": Currency("Euros", "Cents", _WESTERN),
    "GBP": Currency("Pounds", "Pence", _WESTERN),
}


def _count(number: int, scale: tuple[tuple[int, str], ...]) -> str:
    if number < 20:
        return _SMALL[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f"-{_SMALL[ones]}" if ones else "")
    for size, name in scale:
        if number >= size:
            many, rest = divmod(number, size)
            head = f"{_count(many, scale)} {name}"
            return f"{head} {_count(rest, scale)}" if rest else head
    raise AssertionError("every scale ends at the hundred")


def amount_in_words(value: Decimal, currency: str = "INR") -> str:
    """``1472625`` → ``Rupees Fourteen Lakh Seventy-Two Thousand Six Hundred Twenty-Five Only``.

    Parts below a hundredth are rounded half up. Raises ``NumberProblem`` for a currency without words or an
    amount that is too large to be one.
    """
    names = CURRENCIES.get(currency)
    if names is None:
        raise NumberProblem(f"The currency {currency} has no words here.")
    if not fits(value):
        raise NumberProblem("The amount is too large to be written in words.")
    hundredths = int(CONTEXT.multiply(rounding.apply(value, Decimal("0.01")), HUNDRED))
    whole, part = divmod(abs(hundredths), 100)
    lead = "Minus " if hundredths < 0 else ""
    tail = f" and {_count(part, names.scale)} {names.minor}" if part else ""
    return f"{lead}{names.major} {_count(whole, names.scale)}{tail} Only"


def rupees_in_words(value: Decimal) -> str:
    """``amount_in_words`` in Indian rupees."""
    return amount_in_words(value, "INR")
