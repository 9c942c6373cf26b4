"""Comparing what the engine finds in a sample with what a valuer finds with pencil and paper.

The modules beside this one write the arithmetic of each sample out with its numbers, in plain ``Decimal``;
nothing here or there reads a formula of the format.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from banks.formats.shipped import sample, shipped_format
from reports.calculation.engine import calculate
from reports.calculation.words import amount_in_words

# Short, so that the sums read as sums.
D = Decimal
# Square feet in one square metre, one square yard (gaj).
SQ_M = Decimal("10.76391042")
SQ_YD = Decimal(9)


def rounded(amount: Decimal, step: str) -> Decimal:
    """To the nearest step, a half upwards (away from zero)."""
    return (amount / Decimal(step)).quantize(Decimal(1), ROUND_HALF_UP) * Decimal(step)


def rupees(amount: Decimal) -> Decimal:
    return rounded(amount, "1")


def hundredths(figure: Decimal) -> Decimal:
    return rounded(figure, "0.01")


def tenths(figure: Decimal) -> Decimal:
    return rounded(figure, "0.1")


def disagreements(name: str, by_hand: Mapping[str, Decimal]) -> list[str]:
    """One line for every figure that differs, or that only the engine or only the hand has found."""
    found = calculate(shipped_format(name), sample(name)["answers"]).values
    return [
        f"{path}: {found.get(path, 'nothing')} by the engine, {by_hand.get(path, 'nothing')} by hand"
        for path in sorted({*found, *by_hand})
        if found.get(path) != by_hand.get(path)
    ]


def in_words(name: str) -> str:
    """The amount in words that the sample's document ends with."""
    definition = shipped_format(name)
    found = calculate(definition, sample(name)["answers"]).values
    return amount_in_words(found[definition.document.words_path or ""], definition.currency)


def abstract_column(column: str, parts: Mapping[str, Decimal], percent: int) -> dict[str, Decimal]:
    """A column of the abstract: each line a percentage of its market value, to the rupee, and their sum."""
    lines = {part: rupees(amount * percent / 100) for part, amount in parts.items()}
    total = sum(lines.values(), Decimal(0))
    return {
        **{f"abstract.{column}.{part}_value": amount for part, amount in lines.items()},
        f"abstract.{column}.{column}_value": total,
        f"abstract.{column}.say_value": rounded(total, "1000"),
    }
