"""How a stored answer becomes a value."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from banks.formats.definition import FieldType
from reports.calculation.problems import NumberProblem
from reports.calculation.values import Quantity, read_answer
from reports.tests.calculation.building import measure, number, of_type, text


@pytest.mark.parametrize("stored", ["12.5", Decimal("12.5"), Decimal("12.50")])
def test_a_number_is_read_exactly(stored: Any) -> None:
    assert read_answer(number("a"), stored) == Decimal("12.5")


@pytest.mark.parametrize(
    "stored", ["12,500", "1e5", "nan", " 5", 12.5, True, ["5"], {"value": "5"}, 10**30, Decimal("NaN")]
)
def test_what_is_not_stored_as_a_number_is_told(stored: Any) -> None:
    with pytest.raises(NumberProblem, match="not a number"):
        read_answer(number("a"), stored)


@pytest.mark.parametrize("stored", [None, "", {"not_applicable": True}])
def test_an_empty_answer_is_no_value(stored: Any) -> None:
    assert read_answer(number("a"), stored) is None


def test_a_number_in_a_unit_of_area_is_a_quantity() -> None:
    assert read_answer(number("a", unit="sq_ft"), "5") == Quantity(Decimal(5), "sq_ft", sole=True)


def test_a_measure_with_a_choice_of_units_is_not_sole() -> None:
    value = read_answer(measure("a", "sq_ft", "sq_m"), {"value": "5", "unit": "sq_m"})
    assert value == Quantity(Decimal(5), "sq_m", sole=False)


def test_a_measure_with_one_unit_needs_none_stored() -> None:
    assert read_answer(measure("a", "sq_ft"), {"value": "5"}) == Quantity(Decimal(5), "sq_ft", sole=True)


def test_a_text_that_looks_like_a_number_stays_a_text() -> None:
    assert read_answer(text("a"), "007") == "007"


def test_several_choices_are_read_together() -> None:
    assert read_answer(of_type("a", FieldType.MULTISELECT), ["x", "y"]) == ("x", "y")
