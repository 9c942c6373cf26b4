"""Depreciation of a building: the methods that Indian banks' formats prescribe.

Ages and lives are years, percentages are plain figures (10 is ten per cent), costs are money. Results are
unrounded. Every function raises ``DepreciationProblem`` when its figures make no sense together.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from reports.calculation.exact import CONTEXT, HUNDRED, ONE, ZERO
from reports.calculation.problems import DepreciationProblem

_LONGEST = Decimal(10_000)


def _check_age(age: Decimal) -> None:
    if not ZERO <= age <= _LONGEST:
        raise DepreciationProblem("The age must be zero years or more.")


def _check_life(life: Decimal) -> None:
    if not ZERO < life <= _LONGEST:
        raise DepreciationProblem("The total life must be more than zero years.")


def _check_percent(percent: Decimal, what: str) -> None:
    if not ZERO <= percent <= HUNDRED:
        raise DepreciationProblem(f"The {what} must lie between 0 and 100 per cent.")


def _check_cost(cost: Decimal) -> None:
    if cost < 0:
        raise DepreciationProblem("The cost must not be below zero.")


def straight_line_percent(age: Decimal, life: Decimal, salvage_percent: Decimal) -> Decimal:
    """age × (100 − salvage %) ÷ total life, never more than (100 − salvage %): the salvage remains."""
    _check_age(age)
    _check_life(life)
    _check_percent(salvage_percent, "salvage")
    lost_at_most = CONTEXT.subtract(HUNDRED, salvage_percent)
    if age >= life:
        return lost_at_most
    return CONTEXT.divide(CONTEXT.multiply(age, lost_at_most), life)


def flat_rate_amount(
    cost: Decimal, rate_percent: Decimal, age: Decimal, salvage_percent: Decimal = ZERO
) -> Decimal:
    """cost × rate % a year × age, never more than (100 − salvage %) of the cost. Money."""
    _check_cost(cost)
    _check_age(age)
    _check_percent(rate_percent, "rate of depreciation")
    _check_percent(salvage_percent, "salvage")
    percent = min(CONTEXT.multiply(rate_percent, age), CONTEXT.subtract(HUNDRED, salvage_percent))
    return CONTEXT.divide(CONTEXT.multiply(cost, percent), HUNDRED)


def constant_percent(rate_percent: Decimal, years: Decimal) -> Decimal:
    """1 − (1 − r)ⁿ as a percentage: the same share of what is left goes every year."""
    _check_percent(rate_percent, "rate of depreciation")
    _check_age(years)
    if not years:
        return ZERO
    kept = CONTEXT.subtract(ONE, CONTEXT.divide(rate_percent, HUNDRED))
    left = CONTEXT.power(kept, years) if kept else ZERO
    return CONTEXT.multiply(CONTEXT.subtract(ONE, left), HUNDRED)


def sinking_by_salvage(cost: Decimal, salvage: Decimal, age: Decimal, life: Decimal) -> Decimal:
    """C × (S ÷ C)^(m ÷ n): the value left of cost C at age m, sinking to salvage S at life n. Money."""
    _check_age(age)
    _check_life(life)
    _check_cost(cost)
    if not ZERO <= salvage <= cost:
        raise DepreciationProblem("The salvage value must lie between zero and the cost.")
    if not age:
        return cost
    if age >= life or not salvage:
        return salvage
    share = CONTEXT.power(CONTEXT.divide(salvage, cost), CONTEXT.divide(age, life))
    # A power is inexact in its last digit, which must not carry the value below the salvage.
    return max(salvage, CONTEXT.multiply(cost, share))


def age_in_years(construction_year: Decimal | int, valuation_date: date) -> Decimal:
    """Whole years from the year of construction to the valuation date (never to today)."""
    year = Decimal(construction_year)
    if year != year.to_integral_value() or not 1000 <= year <= 9999:
        raise DepreciationProblem("The year of construction must be a year of four digits.")
    if year > valuation_date.year:
        raise DepreciationProblem(
            f"The year of construction, {int(year)}, lies after the valuation date in {valuation_date.year}."
        )
    return valuation_date.year - year
