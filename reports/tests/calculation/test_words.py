"""Amounts in words."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.calculation.problems import NumberProblem
from reports.calculation.words import amount_in_words, rupees_in_words

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split(" ")
_READ = {word: value for value, word in enumerate(_ONES)} | {
    word: value * 10
    for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(" "), start=2)
}


def read_words(words: str) -> Decimal:
    """An independent reader: the crores read as a text of their own, the rest by running sums."""
    text = words.lower().removesuffix(" only")
    sign = -1 if text.startswith("minus ") else 1
    text = text.removeprefix("minus ").removeprefix("rupees ")
    whole, _, part = text.partition(" and ")
    paise = _read_count(part.removesuffix(" paise").split()) if part else 0
    return sign * (Decimal(_read_count(whole.split())) + Decimal(paise) / 100)


def _read_count(words: list[str]) -> int:
    if "crore" in words:
        at = len(words) - 1 - words[::-1].index("crore")
        return _read_count(words[:at]) * 10_000_000 + _read_count(words[at + 1 :])
    total = group = 0
    for word in words:
        if word == "hundred":
            group *= 100
        elif word in ("lakh", "thousand"):
            total += group * (100_000 if word == "lakh" else 1_000)
            group = 0
        else:
            group += sum(_READ[half] for half in word.split("-"))
    return total + group


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("1472625", "Rupees Fourteen Lakh Seventy-Two Thousand Six Hundred Twenty-Five Only"),
        ("13928125", "Rupees One Crore Thirty-Nine Lakh Twenty-Eight Thousand One Hundred Twenty-Five Only"),
        ("0", "Rupees Zero Only"),
        ("0.50", "Rupees Zero and Fifty Paise Only"),
        ("12.05", "Rupees Twelve and Five Paise Only"),
        ("99.999", "Rupees One Hundred Only"),
        ("-100", "Minus Rupees One Hundred Only"),
        ("-0.001", "Rupees Zero Only"),
        ("10000000", "Rupees One Crore Only"),
        ("1000000000000", "Rupees One Lakh Crore Only"),
        ("100000000000000", "Rupees One Crore Crore Only"),
        ("100001", "Rupees One Lakh One Only"),
    ],
)
def test_it_writes_rupees_in_words(value: str, words: str) -> None:
    assert rupees_in_words(Decimal(value)) == words


def test_it_writes_another_currency_in_its_own_scale() -> None:
    assert amount_in_words(Decimal("1234567.10"), "USD") == (
        "Dollars One Million Two Hundred Thirty-Four Thousand Five Hundred Sixty-Seven and Ten Cents Only"
    )


def test_it_has_no_words_for_an_unknown_currency() -> None:
    with pytest.raises(NumberProblem, match="XYZ"):
        amount_in_words(Decimal(1), "XYZ")


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1E+40"])
def test_it_refuses_what_is_no_amount(value: str) -> None:
    with pytest.raises(NumberProblem, match="too large"):
        rupees_in_words(Decimal(value))


@given(st.decimals(min_value=-(10**17), max_value=10**17, places=2))
def test_an_independent_reader_gets_the_amount_back(value: Decimal) -> None:
    assert read_words(rupees_in_words(value)) == value
