"""Adjusting comparable sales."""

from __future__ import annotations

from decimal import Decimal

import pytest

from reports.calculation.comparables import adjusted, gross_percent, net_percent, weighted_mean
from reports.calculation.problems import ComparableProblem

D = Decimal


def test_an_inferior_comparable_is_raised_and_a_superior_one_lowered() -> None:
    assert adjusted(D(4000), [D(300), D(-100)]) == 4200


def test_net_adjustment_is_a_share_of_the_price() -> None:
    assert net_percent(D(4000), [D(300), D(-100)]) == 5


def test_gross_adjustment_counts_both_directions() -> None:
    assert gross_percent(D(4000), [D(300), D(-100)]) == 10


def test_a_price_of_zero_has_no_percentage() -> None:
    with pytest.raises(ComparableProblem, match="above zero"):
        net_percent(D(0), [D(1)])


def test_the_mean_follows_the_weights() -> None:
    assert weighted_mean([D(4000), D(4400)], [D(3), D(1)]) == 4100


@pytest.mark.parametrize(("rates", "weights"), [([], []), ([1], [0]), ([1, 2], [1]), ([1, 2], [2, -1])])
def test_the_mean_needs_weights_that_make_sense(rates: list[int], weights: list[int]) -> None:
    with pytest.raises(ComparableProblem, match="weight"):
        weighted_mean([D(rate) for rate in rates], [D(weight) for weight in weights])
