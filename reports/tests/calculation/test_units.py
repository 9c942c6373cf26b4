"""Units and their conversion."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.calculation.problems import UnitProblem
from reports.calculation.units import AREA_UNITS, convert, find_unit, for_state, label

FIXED_AREA_UNITS = sorted(AREA_UNITS - {"bigha", "biswa", "katha", "dhur"})


@pytest.mark.parametrize(
    ("unit", "square_feet"),
    [
        ("sq_ft", "1"),
        ("sq_m", "10.76391042"),
        ("sq_yd", "9"),
        ("gaj", "9"),
        ("acre", "43560"),
        ("hectare", "107639.1042"),
        ("are", "1076.391042"),
        ("cent", "435.6"),
        ("decimal", "435.6"),
        ("guntha", "1089"),
        ("ground", "2400"),
        ("ankanam", "72"),
        ("marla", "272.25"),
        ("kanal", "5445"),
    ],
)
def test_one_unit_has_its_published_size(unit: str, square_feet: str) -> None:
    assert convert(Decimal(1), unit, "sq_ft") == Decimal(square_feet)


def test_a_hundred_cents_are_an_acre() -> None:
    assert convert(Decimal(100), "cent", "acre") == 1


def test_a_unit_that_differs_by_state_needs_its_size() -> None:
    with pytest.raises(UnitProblem, match="differs from state to state"):
        convert(Decimal(1), "bigha", "sq_ft")


def test_a_unit_that_differs_by_state_takes_the_size_of_its_state() -> None:
    table = {("bigha", "AA"): Decimal(27000), ("bigha", "BB"): Decimal(14400)}
    assert convert(Decimal(2), "bigha", "sq_ft", local_units=for_state(table, "AA")) == 54000


def test_a_size_set_for_a_state_never_changes_a_fixed_unit() -> None:
    assert convert(Decimal(1), "acre", "sq_ft", local_units={"acre": Decimal(1)}) == 43560


def test_a_size_of_zero_is_refused() -> None:
    with pytest.raises(UnitProblem, match="above zero"):
        convert(Decimal(1), "sq_ft", "bigha", local_units={"bigha": Decimal(0)})


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(UnitProblem, match="furlong"):
        convert(Decimal(1), "furlong", "sq_ft")


def test_an_area_does_not_become_a_length() -> None:
    with pytest.raises(UnitProblem, match="cannot be turned into"):
        convert(Decimal(1), "sq_ft", "ft")


@pytest.mark.parametrize(
    ("spelt", "unit"),
    [("Sq. Ft.", "sq_ft"), ("SQFT", "sq_ft"), ("sq mtr", "sq_m"), ("gaj", "gaj"), ("Acres", "acre")],
)
def test_it_knows_a_unit_by_its_spellings(spelt: str, unit: str) -> None:
    assert find_unit(spelt) == unit


def test_it_does_not_know_a_unit_by_anything_else() -> None:
    assert find_unit("square") is None


def test_an_unknown_unit_is_labelled_by_its_words() -> None:
    assert label("per_month") == "per month"


@given(
    st.decimals(min_value=0, max_value=10**12, places=4),
    st.sampled_from(FIXED_AREA_UNITS),
    st.sampled_from(FIXED_AREA_UNITS),
)
def test_converting_there_and_back_gives_the_same_area(value: Decimal, one: str, other: str) -> None:
    back = convert(convert(value, one, other), other, one)
    assert abs(back - value) < Decimal("1e-15")
