"""Comparable sales: adjustments and their mean.

An adjustment is positive where the comparable is inferior to the property valued, negative where superior.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from reports.calculation.exact import CONTEXT, HUNDRED, ZERO
from reports.calculation.problems import ComparableProblem


def _total(values: Iterable[Decimal]) -> Decimal:
    total = ZERO
    for value in values:
        total = CONTEXT.add(total, value)
    return total


def _share_of_price(amount: Decimal, price: Decimal) -> Decimal:
    if price <= 0:
        raise ComparableProblem("The price of a comparable must be above zero.")
    return CONTEXT.divide(CONTEXT.multiply(amount, HUNDRED), price)


def adjusted(price: Decimal, adjustments: Iterable[Decimal]) -> Decimal:
    """price + Σ adjustments, in the unit of the price."""
    return CONTEXT.add(price, _total(adjustments))


def net_percent(price: Decimal, adjustments: Iterable[Decimal]) -> Decimal:
    """Σ adjustments ÷ price, as a percentage."""
    return _share_of_price(_total(adjustments), price)


def gross_percent(price: Decimal, adjustments: Iterable[Decimal]) -> Decimal:
    """Σ |adjustment| ÷ price, as a percentage: how much was adjusted in either direction."""
    return _share_of_price(_total(adjustment.copy_abs() for adjustment in adjustments), price)


def weighted_mean(rates: Sequence[Decimal], weights: Sequence[Decimal]) -> Decimal:
    """Σ (rate × weight) ÷ Σ weight; the weights need not add up to any given figure."""
    if len(rates) != len(weights) or not rates:
        raise ComparableProblem("Each comparable needs a rate and a weight.")
    if any(weight < 0 for weight in weights) or not any(weights):
        raise ComparableProblem("No weight may be below zero, and at least one must be above it.")
    pairs = zip(rates, weights, strict=True)
    return CONTEXT.divide(_total(CONTEXT.multiply(rate, weight) for rate, weight in pairs), _total(weights))
