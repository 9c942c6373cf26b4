"""The headline, the abstract and the words may name figures that a person types."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest

from banks.formats.definition import AbstractLine, Field, FormatDefinition
from reports.calculation.engine import calculate
from reports.calculation.totals import headline
from reports.tests.calculation.building import a_format, answers, calculated, measure, number, text, when

D = Decimal


def valued(field: Field, *more: Field) -> FormatDefinition:
    return a_format(field, *more, headline={"fair_market_value": f"main.land.{field.id}"})


def test_a_typed_fair_market_value_is_the_reports() -> None:
    definition = valued(number("value"))
    assert headline(definition, calculate(definition, answers(value="4200000"))) == {
        "fair_market_value": D(4200000)
    }


def test_a_typed_figure_is_no_computed_one() -> None:
    assert calculate(valued(number("value")), answers(value="7")).computed == {}


def test_a_typed_figure_that_is_hidden_is_not_there() -> None:
    definition = valued(number("value", condition=when("built")), text("built"))
    assert calculate(definition, answers(value="7", built="no")).values == {}


def test_a_typed_figure_that_is_no_number_is_a_problem() -> None:
    calculation = calculate(valued(number("value")), answers(value="soon"))
    assert (calculation.values, list(calculation.problems)) == ({}, ["main.land.value"])


def test_of_a_measure_the_figure_is_taken() -> None:
    definition = valued(measure("extent", "sq_ft", "sq_m"))
    assert calculate(definition, answers(extent={"value": "5", "unit": "sq_m"})).values == {
        "main.land.extent": D(5)
    }


@pytest.mark.parametrize("place", ["abstract", "words"])
def test_the_abstract_and_the_words_may_name_one_too(place: str) -> None:
    plain = a_format(number("value"), calculated("total", "value"))
    line = AbstractLine("Land", {"value": "main.land.value"})
    shown = {"abstract_lines": (line,)} if place == "abstract" else {"words_path": "main.land.value"}
    definition = dataclasses.replace(plain, document=dataclasses.replace(plain.document, **shown))

    assert calculate(definition, answers(value="7")).values["main.land.value"] == 7
