"""A figure keeps its unit through a formula, and two units never meet unnoticed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from banks.formats.definition import FieldType, FormatDefinition, Lookup, Option
from reports.calculation.engine import calculate, check_formulas
from reports.calculation.formula import compile_formula
from reports.calculation.problems import FormulaProblem
from reports.calculation.values import Column, Quantity, Value
from reports.tests.calculation.building import a_format, answers, calculated, measure, number, of_type, rows

D = Decimal
UNITS = tuple(Option(unit, unit) for unit in ("sq_ft", "sq_m", "sq_yd"))
FIXED = (
    number("feet", unit="sq_ft"),
    number("metres", unit="sq_m"),
    number("width", unit="ft"),
    number("length", unit="m"),
    number("rate", per="sq_ft"),
    number("plain"),
)


def feet(value: int) -> Quantity:
    return Quantity(D(value), "sq_ft", sole=True)


def unit_of(formula: str, **values: Value) -> str | None:
    result = compile_formula(formula).value(values.get)
    return str(result.tag) if isinstance(result, Quantity) else None


@pytest.mark.parametrize(
    ("formula", "unit"),
    [
        ("a + b", "sq ft"),
        ("a - 5", "sq ft"),
        ("-a", "sq ft"),
        ("a * 2", "sq ft"),
        ("2 * a", "sq ft"),
        ("a / 2", "sq ft"),
        ("a * plain", None),
        ("a / b", None),
        ("sum(a, b)", "sq ft"),
        ("mean(column)", "sq ft"),
        ("min(a, b, plain)", "sq ft"),
        ("round(percent(a, 10), 2)", "sq ft"),
        ("if(a > b, a, b)", "sq ft"),
        ("area_in(a, 'sq_m')", "sq m"),
        ("rate", "a rate per sq ft"),
        ("rate + 10", "a rate per sq ft"),
        ("rate * a", None),
        ("side * side", "sq ft"),
        ("count(column)", None),
    ],
)
def test_a_result_is_in_the_unit_that_follows(formula: str, unit: str | None) -> None:
    values: dict[str, Value] = {
        "a": feet(10), "b": feet(4), "plain": D(3), "column": Column((feet(1), None, feet(2))),
        "rate": Quantity(D(5), "sq_ft", sole=True, rate=True), "side": Quantity(D(6), "ft", sole=True),
    }  # fmt: skip
    assert unit_of(formula, **values) == unit


def test_two_units_meeting_in_a_report_are_named_with_their_fields() -> None:
    with pytest.raises(FormulaProblem, match="deed is in sq ft and actual is in sq m"):
        unit_of("deed + actual", deed=feet(1), actual=Quantity(D(1), "sq_m", sole=True))


def test_a_column_of_two_units_has_no_sum() -> None:
    with pytest.raises(FormulaProblem, match=r"in sq ft and .* in sq m"):
        unit_of("sum(c)", c=Column((feet(1), Quantity(D(1), "sq_m", sole=True))))


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("feet + metres", "feet is in sq ft and metres is in sq m"),
        ("sum(feet, metres)", "feet is in sq ft and metres is in sq m"),
        ("1 if feet > metres else 0", "cannot be added, subtracted or compared"),
        ("metres * rate", 'turn the area into sq ft with area_in(metres, "sq_ft")'),
        ("rate * metres", 'turn the area into sq ft with area_in(metres, "sq_ft")'),
        ("width * length", "ask for both sides in one unit"),
        ("feet / metres", "a share needs one unit"),
        ("rate + feet", "rate is a rate per sq ft and feet is in sq ft"),
        ("lookup('rates', plain) * metres", "turn the area into sq ft"),
        ("if(plain > 1, feet, feet) + metres", "and metres is in sq m"),
        ("total + metres", "total is in sq ft and metres is in sq m"),
    ],
)
def test_two_units_that_the_format_fixes_are_a_fault_of_it(formula: str, words: str) -> None:
    rates = Lookup("rates", rows={"1": D(5)}, per="sq_ft")
    fields = (*FIXED, calculated("total", "feet * 2"), calculated("b", formula))

    (fault,) = check_formulas(a_format(*fields, lookups={"rates": rates}))

    assert fault.startswith("main.land.b: the formula")
    assert words in fault


@pytest.mark.parametrize(
    "formula",
    ["feet + plain", "feet * rate", "feet * plain + plain", "area_in(metres, 'sq_ft') * rate",
     "width * width + feet"],
)  # fmt: skip
def test_what_goes_together_is_no_fault(formula: str) -> None:
    assert check_formulas(a_format(*FIXED, calculated("b", formula))) == []


def test_a_field_refuses_a_result_in_another_unit() -> None:
    (fault,) = check_formulas(a_format(*FIXED, calculated("b", "feet * 2", unit="sq_m")))
    assert "the formula gives sq ft, but the field holds sq m" in fault


def test_money_keeps_no_area() -> None:
    definition = a_format(
        *FIXED, calculated("cost", "feet * 2", display="currency"), calculated("b", "cost + metres")
    )
    assert check_formulas(definition) == []


def rated() -> FormatDefinition:
    return a_format(
        measure("extent", "sq_ft", "sq_m", "sq_yd"),
        of_type("rate_unit", FieldType.SELECT, options=UNITS),
        number("rate", per="rate_unit"),
        calculated("in_feet", "area_in(extent, 'sq_ft')"),
        calculated("total", "area_in(extent, rate_unit)"),
        calculated("value", "total * rate", display="currency"),
        calculated("careless", "in_feet * rate", display="currency"),
    )


def a_report(unit: str | None) -> dict[str, Any]:
    return answers(extent={"value": "90", "unit": "sq_ft"}, rate="100", rate_unit=unit)


def test_a_rate_per_the_chosen_unit_meets_the_extent_in_it() -> None:
    assert calculate(rated(), a_report("sq_yd")).values["main.land.value"] == 1000


def test_a_rate_per_another_unit_than_the_extents_is_a_problem_of_the_report() -> None:
    problem = calculate(rated(), a_report("sq_yd")).problems["main.land.careless"]
    assert problem == (
        "rate is a rate per sq yd and in_feet is in sq ft; "
        'turn the area into sq yd with area_in(in_feet, "sq_yd").'
    )


def test_the_same_careless_formula_is_right_while_the_units_agree() -> None:
    assert calculate(rated(), a_report("sq_ft")).values["main.land.careless"] == 9000


def test_a_rate_whose_unit_is_not_chosen_yet_is_a_plain_figure() -> None:
    assert calculate(rated(), a_report(None)).values["main.land.careless"] == 9000


def test_a_chosen_unit_that_the_format_cannot_know_is_no_fault_of_it() -> None:
    assert check_formulas(rated()) == []


def test_a_unit_goes_with_the_cells_of_a_table() -> None:
    table = rows("t", number("x", unit="sq_m"), calculated("y", "x * 2", total=True))
    (fault,) = check_formulas(
        a_format(table, number("feet", unit="sq_ft"), calculated("b", "sum(t.y, feet)"))
    )
    assert "t.y is in sq m and feet is in sq ft" in fault
