"""Nothing that a format or a report holds makes the calculation run long, or away."""

from __future__ import annotations

import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.calculation import running
from reports.calculation.engine import calculate
from reports.calculation.formula import DEEPEST, LONGEST_FORMULA, MOST_PARTS, compile_formula
from reports.calculation.problems import FormulaProblem
from reports.calculation.records import MOST_RECORDS
from reports.calculation.values import Column, Quantity, Value
from reports.tests.calculation.building import a_format, answers, calculated, number, rows
from reports.tests.calculation.generating import answers as any_answers
from reports.tests.calculation.generating import formats

D = Decimal
# What the slowest of machines takes for the largest of formulas, many times over.
SECONDS = 2.0


@pytest.mark.parametrize(
    "text",
    [
        "10**10**10",
        "9" * 900,
        "(" * 499 + "1" + ")" * 499,
        "-" * 999 + "1",
        "not " * 240 + "1",
        "if(" * 300,
        "if(1 > 0, " * 60 + "1" + ", 0)" * 60,
        "+".join("a" * 300),
        "sum(" + "c, " * 320 + "c)",
        ("lookup('t', " * 70) + "1" + ")" * 70,
        "'" + "x" * 900 + "'",
        "a" + ".b" * 400,
        "a.__class__.__mro__",
        "ａ + ｂ",
        "sum\u200b(a)",
        "μετρα * 2",
        "\N{FULLWIDTH LATIN SMALL LETTER A}.__class__",
        "a if b else " * 80 + "c",
        "[" * 500,
        "f'{a!r:{b}}'",
        "\x00" * 20,
        "lambda: lambda: 1",
        "if if if(if)",
        "if (if(1, 2, 3), 2, 3",
        "<>" * 400,
        "\ud800if(",
    ],
)
def test_a_monstrous_formula_has_a_result_or_a_problem_at_once(text: str) -> None:
    began = time.process_time()
    scope: Mapping[str, Value] = {"a": D(9) ** 20, "b": True, "c": Column((D(1),) * 100)}
    try:
        result = compile_formula(text).evaluate(scope.get)
    except FormulaProblem:
        result = None
    assert result is None or isinstance(result, Decimal)
    assert time.process_time() - began < SECONDS


@given(st.text(alphabet="if(){}[]<>=!,.'\"+-*/ abé\u200b01_:\n\\@", max_size=80))
def test_any_text_of_the_signs_of_the_language_has_a_result_or_a_problem(text: str) -> None:
    try:
        result = compile_formula(text).evaluate({"a": D(2), "b": None}.get)
    except FormulaProblem:
        return
    assert result is None or isinstance(result, Decimal | str | bool)


@settings(max_examples=30)
@given(formats(), any_answers())
def test_any_format_on_any_answers_is_worked_out(definition: Any, given_answers: dict[str, Any]) -> None:
    calculation = calculate(definition, given_answers)
    assert all(value.is_finite() for value in calculation.values.values())


@pytest.mark.parametrize("text", ["1" + "+1" * MOST_PARTS, "(" * (DEEPEST + 1) + "1" + "+1)" * (DEEPEST + 1)])
def test_a_formula_beyond_the_bounds_is_to_be_split(text: str) -> None:
    assert len(text) < LONGEST_FORMULA
    with pytest.raises(FormulaProblem, match="split it over two fields"):
        compile_formula(text)


TABLE = rows("t", number("x"), calculated("y", "x * 2", total=True), calculated("z", "sum(main.land.t.x)"))


def test_a_table_of_too_many_rows_is_a_problem_and_no_total() -> None:
    calculation = calculate(a_format(TABLE), answers(t=[{"x": "1"}] * (MOST_RECORDS + 1)))

    assert calculation.problems["main.land.t"] == "The table has 201 rows; at most 200 are worked out."
    assert "main.land.t.y" not in calculation.values


def test_a_table_of_the_most_rows_is_worked_out() -> None:
    calculation = calculate(a_format(TABLE), answers(t=[{"x": "1"}] * MOST_RECORDS))

    assert calculation.values["main.land.t.y"] == 2 * MOST_RECORDS


def test_tables_that_take_too_much_work_are_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "MOST_WORK", 1000)
    few, many = answers(t=[{"x": "1"}] * 10), answers(t=[{"x": "1"}] * 100)

    assert calculate(a_format(TABLE), few).problems == {}
    assert "too long to be worked out" in calculate(a_format(TABLE), many).problems["main.land.t.0.z"]


def test_the_most_work_is_done_in_time() -> None:
    columns = [calculated(f"c{n}", "sum(" + ", ".join(["main.land.t.x"] * 20) + ")") for n in range(10)]
    definition = a_format(rows("t", number("x"), *columns))
    began = time.process_time()

    calculation = calculate(definition, answers(t=[{"x": "1"}] * 40))

    assert calculation.values["main.land.t.0.c0"] == 800
    assert time.process_time() - began < 5 * SECONDS


@given(
    st.dictionaries(
        st.sampled_from(["a", "b"]),
        st.one_of(
            st.decimals(allow_nan=False, allow_infinity=False),
            st.builds(
                Quantity,
                st.decimals(-(10**20), 10**20),
                st.sampled_from(["sq_ft", "m", "bigha", "?"]),
                st.booleans(),
                st.none(),
                st.booleans(),
            ),
            st.text(max_size=9),
            st.booleans(),
        ),
    ),
    st.sampled_from(
        "a + b|a * b|a / b|a - b|round(a, b)|round_to(a, b)|abs(a)|mean(a, b)|if(a > b, a, b)|area_in(a, b)|"
        "constant_percent(a, b)|sinking_by_salvage(a, b, 3, 7)|years_from(a, b)|percent(a, b)".split("|")
    ),
)
def test_any_figures_have_a_result_or_a_problem(values: dict[str, Any], text: str) -> None:
    try:
        result = compile_formula(text).evaluate(values.get)
    except FormulaProblem:
        return
    assert result is None or isinstance(result, str | bool) or result.is_finite()
