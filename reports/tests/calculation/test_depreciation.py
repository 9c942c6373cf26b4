"""Depreciation, with the worked figures of the banks' formats."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.calculation.depreciation import (
    age_in_years,
    constant_percent,
    flat_rate_amount,
    sinking_by_salvage,
    straight_line_percent,
)
from reports.calculation.problems import DepreciationProblem

D = Decimal
ages = st.integers(0, 300).map(D)
lives = st.integers(1, 150).map(D)
percents = st.decimals(0, 100, places=2)
costs = st.decimals(0, 10**12, places=2)


def test_age_8_of_60_with_salvage_10_per_cent_is_12_per_cent() -> None:
    assert straight_line_percent(D(8), D(60), D(10)) == 12


def test_constant_one_and_a_half_per_cent_for_8_years_is_11_39_per_cent() -> None:
    assert round(constant_percent(D("1.5"), D(8)), 2) == D("11.39")


def test_a_floor_of_1275_sq_ft_aged_20_is_worth_14_72_625() -> None:
    cost = D(1275) * D(1650)
    percent = straight_line_percent(D(20), D(60), D(10))
    assert (percent, cost - cost * percent / 100) == (D(30), D(1472625))


def test_straight_line_leaves_the_salvage_after_the_whole_life() -> None:
    assert straight_line_percent(D(75), D(60), D(10)) == 90


@pytest.mark.parametrize(("rate", "amount"), [("1.5", "300000"), ("1.38", "276000"), ("1.0", "200000")])
def test_a_flat_rate_takes_its_share_of_the_cost_each_year(rate: str, amount: str) -> None:
    assert flat_rate_amount(D(1000000), D(rate), D(20)) == D(amount)


def test_a_flat_rate_leaves_the_salvage() -> None:
    assert flat_rate_amount(D(1000000), D("1.5"), D(80), D(10)) == 900000


def test_a_flat_rate_without_salvage_takes_at_most_the_cost() -> None:
    assert flat_rate_amount(D(1000000), D("1.5"), D(80)) == 1000000


def test_sinking_starts_at_the_cost() -> None:
    assert sinking_by_salvage(D(1000), D(100), D(0), D(60)) == 1000


def test_sinking_halfway_is_the_geometric_mean() -> None:
    assert round(sinking_by_salvage(D(10000), D(100), D(30), D(60)), 20) == 1000


def test_sinking_ends_at_the_salvage() -> None:
    assert sinking_by_salvage(D(1000), D(100), D(90), D(60)) == 100


def test_sinking_stays_above_the_salvage_just_before_the_end() -> None:
    assert sinking_by_salvage(D(262), D(87), D("59." + "9" * 42), D(60)) >= 87


def test_age_counts_to_the_valuation_date() -> None:
    assert age_in_years(2006, date(2026, 11, 23)) == 20


def test_a_year_after_the_valuation_date_is_refused() -> None:
    with pytest.raises(DepreciationProblem, match="2030, lies after the valuation date in 2026"):
        age_in_years(2030, date(2026, 11, 23))


@pytest.mark.parametrize("year", ["26", "2006.5", "20060"])
def test_a_year_has_four_digits(year: str) -> None:
    with pytest.raises(DepreciationProblem, match="four digits"):
        age_in_years(D(year), date(2026, 11, 23))


@pytest.mark.parametrize(
    ("age", "life", "salvage", "says"),
    [("-1", "60", "10", "age"), ("8", "0", "10", "life"), ("8", "60", "101", "salvage")],
)
def test_straight_line_refuses_what_makes_no_sense(age: str, life: str, salvage: str, says: str) -> None:
    with pytest.raises(DepreciationProblem, match=says):
        straight_line_percent(D(age), D(life), D(salvage))


def test_sinking_refuses_a_salvage_above_the_cost() -> None:
    with pytest.raises(DepreciationProblem, match="salvage value"):
        sinking_by_salvage(D(100), D(101), D(1), D(60))


@given(costs, ages, lives, percents)
def test_straight_line_never_goes_below_the_salvage(cost: D, age: D, life: D, salvage: D) -> None:
    net = cost * (100 - straight_line_percent(age, life, salvage)) / 100
    assert net >= cost * salvage / 100


@given(costs, percents, ages, percents)
def test_a_flat_rate_never_goes_below_the_salvage(cost: D, rate: D, age: D, salvage: D) -> None:
    assert cost - flat_rate_amount(cost, rate, age, salvage) >= cost * salvage / 100


@given(percents, ages)
def test_a_constant_percentage_stays_between_nothing_and_all(rate: D, years: D) -> None:
    assert 0 <= constant_percent(rate, years) <= 100


@given(costs, percents, ages, lives)
def test_sinking_stays_between_salvage_and_cost(cost: D, percent: D, age: D, life: D) -> None:
    salvage = cost * percent / 100
    assert salvage <= sinking_by_salvage(cost, salvage, age, life) <= cost
