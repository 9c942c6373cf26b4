"""Rounding to a step."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.calculation.exact import CONTEXT
from reports.calculation.problems import RoundingProblem
from reports.calculation.rounding import MODES, apply, say

values = st.decimals(min_value=-(10**15), max_value=10**15, places=4)
steps = st.sampled_from([Decimal(step) for step in ("0.01", "0.05", "0.3", "1", "7", "500", "1000")])


@pytest.mark.parametrize(
    ("value", "step", "mode", "rounded"),
    [
        ("13928125", "1000", "nearest", "13928000"),
        ("13928500", "1000", "nearest", "13929000"),
        ("13928999", "1000", "down", "13928000"),
        ("13928001", "1000", "up", "13929000"),
        ("13928000", "1000", "up", "13928000"),
        ("2.5", "1", "nearest", "3"),
        ("-2.5", "1", "nearest", "-3"),
        ("-2.9", "1", "down", "-2"),
        ("-2.1", "1", "up", "-3"),
        ("0.125", "0.01", "nearest", "0.13"),
        ("10", "0.3", "nearest", "9.9"),
    ],
)
def test_it_rounds_to_the_step(value: str, step: str, mode: str, rounded: str) -> None:
    assert apply(Decimal(value), Decimal(step), mode) == Decimal(rounded)


@pytest.mark.parametrize("step", ["0", "-1", "NaN", "Infinity"])
def test_it_refuses_a_step_that_is_not_above_zero(step: str) -> None:
    with pytest.raises(RoundingProblem, match="above zero"):
        apply(Decimal(1), Decimal(step))


def test_it_refuses_an_unknown_mode() -> None:
    with pytest.raises(RoundingProblem, match="nearest, down or up"):
        apply(Decimal(1), Decimal(1), "sideways")


def test_say_follows_the_parameters_of_the_format() -> None:
    assert say(Decimal(13928999), {"say_to": Decimal(1000), "say_mode": "down"}) == 13928000


def test_say_is_to_the_nearest_when_the_format_names_no_mode() -> None:
    assert say(Decimal(13928999), {"say_to": "1000"}) == 13929000


def test_say_needs_its_step() -> None:
    with pytest.raises(RoundingProblem, match="say_to"):
        say(Decimal(1), {})


@given(values, steps, st.sampled_from(MODES))
def test_what_is_rounded_lies_within_one_step(value: Decimal, step: Decimal, mode: str) -> None:
    assert abs(apply(value, step, mode) - value) < step


@given(values, steps)
def test_the_nearest_lies_within_half_a_step(value: Decimal, step: Decimal) -> None:
    assert abs(apply(value, step) - value) * 2 <= step


@given(values, steps)
def test_down_never_grows_and_up_never_shrinks(value: Decimal, step: Decimal) -> None:
    assert abs(apply(value, step, "down")) <= abs(value) <= abs(apply(value, step, "up"))


@given(values, steps, st.sampled_from(MODES))
def test_rounding_twice_changes_nothing(value: Decimal, step: Decimal, mode: str) -> None:
    once = apply(value, step, mode)
    assert apply(once, step, mode) == once


@pytest.mark.parametrize("mode", MODES)
def test_the_last_digit_of_a_quotient_costs_no_whole_step(mode: str) -> None:
    almost = CONTEXT.multiply(CONTEXT.divide(Decimal(1000), Decimal(3)), Decimal(3))
    assert almost != 1000
    assert apply(almost, Decimal(1000), mode) == 1000
