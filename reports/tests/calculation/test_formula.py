"""The formula language: what it reads, what it refuses, what it gives."""

from __future__ import annotations

import string
from collections.abc import Mapping
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.calculation.formula import LONGEST_FORMULA, Result, compile_formula
from reports.calculation.problems import FormulaProblem
from reports.calculation.values import Column, Failure, Quantity, Value

D = Decimal


def work_out(text: str, **values: Value) -> Result:
    return compile_formula(text).evaluate(lambda name: values.get(name))


def work_out_with(text: str, values: Mapping[str, Value]) -> Result:
    return compile_formula(text).evaluate(values.get)


@pytest.mark.parametrize(
    ("formula", "result"),
    [
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("7 / 2", "3.5"),
        ("-3 + 5", "2"),
        ("0.1 + 0.2", "0.3"),
        ("0.1 + 0.2 - 0.3", "0"),
        ("1 if 2 > 1 else 5", "1"),
        ("1 if 1 < 2 < 2 else 5", "5"),
        ("1 if not 1 == 2 and (1 > 2 or 2 >= 2) else 5", "1"),
        ("1 if 'a' == \"a\" else 5", "1"),
        ("percent(200, 12)", "24"),
        ("round_to(1234567, 1000)", "1235000"),
        ("round_to(1234567, 1000, 'down')", "1234000"),
        ("round_to(1234567, 1000, mode='up')", "1235000"),
        ("straight_line_percent(8, 60, 10)", "12"),
        ("flat_rate_amount(1000000, 1.5, 20)", "300000"),
        ("flat_rate_amount(1000000, 1.5, 80, 10)", "900000"),
        ("round_to(constant_percent(1.5, 8), 0.01)", "11.39"),
        ("sinking_by_salvage(1000, 100, 60, 60)", "100"),
        ("years_from(2006, '2026-11-23')", "20"),
        ("min(3, 1, 2)", "1"),
        ("max(3, 1, 2)", "3"),
        ("1\n + 2", "3"),
    ],
)
def test_it_works_out(formula: str, result: str) -> None:
    assert work_out(formula) == D(result)


@pytest.mark.parametrize(
    ("formula", "why"),
    [
        ("a # the land\n+ b", "it may not contain #"),
        ('lookup("rates" "other", a)', "is not one text; put a comma between two"),
        ("if(a = 1, 2, 3)", "a single = compares nothing; write =="),
        ("a * 5 %", "write percent"),
        ("a × b", r"write \* for ×"),
        ("a ≤ b", "write <=, >= or !="),
        ("1 if a == “rcc” else 0", "write straight quotes"),
        ("a * .5", "“.5” is no number here"),
        ("a * 1e5", "at most 18 before and 18 after the point"),
    ],
)
def test_what_people_write_elsewhere_is_told_as_it_is_written_here(formula: str, why: str) -> None:
    with pytest.raises(FormulaProblem, match=why):
        compile_formula(formula)


def test_a_sign_in_a_text_is_a_text() -> None:
    assert work_out("1 if a == 'plot #5 = 5 %' else 0", a="plot #5 = 5 %") == 1


@pytest.mark.parametrize(
    "formula",
    [
        "",
        "1 +",
        "a.b()",
        "__import__('os')",
        "a.__class__",
        "().__class__",
        "a[0]",
        "[1]",
        "{1}",
        "{1: 2}",
        "(1, 2)",
        "lambda: 1",
        "[x for x in a]",
        "sum(x for x in a)",
        "sum(*a)",
        "percent(*a)",
        "percent(**a)",
        "f'{a}'",
        "b'a'",
        "a := 1",
        "a = 1",
        "a; b",
        "import os",
        "await a",
        "2 ** 3",
        "7 // 2",
        "7 % 2",
        "1 << 3",
        "a & b",
        "~a",
        "+a",
        "a in b",
        "a is b",
        "1e5",
        "0x10",
        "1_000",
        "1j",
        "True",
        "None",
        "...",
        "1.",
        "é",
        "a\x00b",
        "'\\n'",
        "\ud800",
        "1" * 19,
        "unknown(1)",
        "sum()",
        "sum(a, key=b)",
        "percent(1)",
        "percent(1, 2, 3)",
        "round_to(1, mode='up')",
        "round_to(1, 2, 'sideways')",
        "area_in(a, 'furlong')",
        "a.b.c.d.e.f.g",
        "(" * 300 + "1" + ")" * 300,
        "-" * 200 + "1",
        "+".join(["1"] * 300),
        "1" + " " * LONGEST_FORMULA,
    ],
)
def test_it_refuses_everything_else_when_the_formula_is_read(formula: str) -> None:
    with pytest.raises(FormulaProblem):
        compile_formula(formula)


def test_a_refusal_names_the_functions_there_are() -> None:
    with pytest.raises(FormulaProblem, match=r"“total” is no function here; use one of sum, count"):
        compile_formula("total(a)")


def test_a_refusal_quotes_the_part_that_is_not_allowed() -> None:
    with pytest.raises(FormulaProblem, match=r"“a \*\* 2” is not allowed"):
        compile_formula("1 + a ** 2")


def test_it_lists_the_names_it_needs() -> None:
    formula = compile_formula("sum(floors.net_value) + land * parameter.rate if kind == 'a' else 0")
    assert formula.references == {"floors.net_value", "land", "parameter.rate", "kind"}


def test_say_needs_the_parameters_of_the_format() -> None:
    assert compile_formula("say(total)").references == {"total", "parameter.say_to", "parameter.say_mode"}


def test_say_rounds_by_the_parameters_of_the_format() -> None:
    scope: dict[str, Value] = {"x": D(1999), "parameter.say_to": D(1000), "parameter.say_mode": "down"}
    assert work_out_with("say(x)", scope) == 1000


@pytest.mark.parametrize(
    "formula",
    [
        "a + 1",
        "1 - a",
        "a * 0",
        "a / 2",
        "1 / a",
        "-a",
        "a",
        "percent(a, 10)",
        "percent(10, a)",
        "min(a, 1)",
        "max(1, a)",
        "coalesce(a, a)",
        "area_in(a, 'sq_ft')",
        "years_from(a, '2026-11-23')",
        "1 if a > 0 else 2",
        "1 if a > 0 and 2 > 1 else 2",
        "1 if not a > 0 else 2",
    ],
)
def test_an_empty_operand_makes_the_result_empty(formula: str) -> None:
    assert work_out(formula, a=None) is None


@pytest.mark.parametrize(
    ("formula", "result"),
    [
        ("sum(a, 1, 2)", "3"),
        ("sum(a, a)", "0"),
        ("coalesce(a, 4)", "4"),
        ("count(a, 1, 0)", "2"),
        ("1 if a == 'yes' else 2", "2"),
        ("1 if a != 'yes' else 2", "1"),
        ("1 if a > 0 and 1 > 2 else 2", "2"),
        ("1 if a > 0 or 2 > 1 else 2", "1"),
    ],
)
def test_an_empty_value_is_passed_over_where_it_cannot_matter(formula: str, result: str) -> None:
    assert work_out(formula, a=None) == D(result)


@pytest.mark.parametrize(
    ("formula", "result"),
    [("sum(c)", "6"), ("count(c)", "3"), ("min(c)", "1"), ("max(c)", "3"), ("sum(c, 4)", "10")],
)
def test_a_column_is_gathered_over_its_filled_cells(formula: str, result: str) -> None:
    assert work_out(formula, c=Column((D(1), None, D(2), D(3)))) == D(result)


def test_the_least_of_an_empty_column_is_not_known() -> None:
    assert work_out("min(c)", c=Column((None,))) is None


def test_the_name_of_a_column_with_a_total_means_the_total() -> None:
    assert work_out("c * 2", c=Column((D(1), D(2)), has_total=True)) == 6


def test_the_name_of_a_column_without_total_means_no_number() -> None:
    with pytest.raises(FormulaProblem, match="c is a whole column"):
        work_out("c * 2", c=Column((D(1), D(2))))


def test_division_by_zero_is_told_in_words() -> None:
    with pytest.raises(FormulaProblem, match="divide by zero, because life is 0"):
        work_out("age / life", age=D(1), life=D(0))


def test_a_choice_keeps_the_other_side_from_being_worked_out() -> None:
    assert work_out("a / b if b != 0 else 0", a=D(1), b=D(0)) == 0


def test_a_measure_is_turned_into_the_unit_asked_for() -> None:
    assert work_out("area_in(a, 'sq_ft')", a=Quantity(D(240), "sq_yd", sole=False)) == 2160


def test_a_measure_with_a_choice_of_units_is_no_bare_number() -> None:
    with pytest.raises(FormulaProblem, match="a may come in several units"):
        work_out("a * 2", a=Quantity(D(240), "sq_yd", sole=False))


def test_a_measure_with_one_unit_is_a_bare_number_too() -> None:
    assert work_out("a * 2", a=Quantity(D(240), "sq_ft", sole=True)) == 480


def test_a_number_without_unit_has_no_area() -> None:
    with pytest.raises(FormulaProblem, match="a has no unit"):
        work_out("area_in(a, 'sq_ft')", a=D(5))


def test_a_text_is_no_number() -> None:
    with pytest.raises(FormulaProblem, match="a holds the text “old”"):
        work_out("a + 1", a="old")


def test_a_parameter_written_as_text_is_a_number() -> None:
    assert work_out("a + 1", a="1.5") == D("2.5")


def test_a_text_that_is_a_number_equals_that_number() -> None:
    assert work_out("1 if a == 2 else 0", a="2") == 1


def test_a_number_and_a_text_have_no_order() -> None:
    with pytest.raises(FormulaProblem, match="no order"):
        work_out("1 if a > 2 else 0", a="old")


def test_a_choice_needs_a_yes_or_no() -> None:
    with pytest.raises(FormulaProblem, match="yes or no"):
        work_out("1 if a else 0", a=D(2))


def test_a_value_that_could_not_be_had_is_named() -> None:
    with pytest.raises(FormulaProblem, match="waits for “Land value”"):
        work_out("a + 1", a=Failure("Land value"))


@pytest.mark.parametrize("formula", ["sum(a, 1)", "count(a)", "min(a, 1)", "coalesce(a, 1)"])
def test_a_value_that_could_not_be_had_is_never_passed_over(formula: str) -> None:
    with pytest.raises(FormulaProblem, match="waits for"):
        work_out(formula, a=Failure("Land value"))


def test_a_cell_that_could_not_be_had_is_never_passed_over() -> None:
    with pytest.raises(FormulaProblem, match="waits for"):
        work_out("sum(c)", c=Column((D(1), Failure("Rate"))))


def test_a_result_beyond_all_bounds_is_refused() -> None:
    with pytest.raises(FormulaProblem, match="too large"):
        work_out("a * a * a", a=D(10) ** 17)


def test_a_result_beyond_the_arithmetic_itself_is_refused() -> None:
    with pytest.raises(FormulaProblem, match="too large or too small"):
        work_out("a / b", a=D(10) ** 20, b=D("1E-999"))


def test_a_large_step_on_the_way_to_a_small_result_is_fine() -> None:
    assert work_out("a * a / a", a=D(10) ** 17) == D(10) ** 17


def test_a_function_given_nonsense_says_so() -> None:
    with pytest.raises(FormulaProblem, match="total life"):
        work_out("straight_line_percent(1, 0, 10)")


def test_it_does_not_count_years_to_what_is_no_date() -> None:
    with pytest.raises(FormulaProblem, match="is not a date"):
        work_out("years_from(2006, a)", a="soon")


_values = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=5),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20),
    st.builds(Failure, st.just("x")),
    st.just(("a", "b")),
    st.builds(Quantity, st.just(D(2)), st.sampled_from(["sq_ft", "bigha", "?"]), st.booleans()),
    st.builds(Column, st.tuples(st.just(D(1)), st.none()), st.booleans()),
)
_leaves = st.sampled_from(
    ["a", "b.c", "0", "1", "2.50", "'sq_ft'", "'down'", "'2026-11-23'", "2006", "é", "1e9"]
)
_formulas = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.tuples(
            inner, st.sampled_from(["+", "-", "*", "/", "<", "==", "and", "or", "**", "in"]), inner
        ).map(lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"),
        st.tuples(inner, inner, inner).map(lambda parts: f"({parts[0]} if {parts[1]} else {parts[2]})"),
        inner.map(lambda one: f"-{one}"),
        inner.map(lambda one: f"(not {one})"),
        st.tuples(
            st.sampled_from(
                "sum count min max coalesce percent round_to area_in straight_line_percent flat_rate_amount "
                "constant_percent sinking_by_salvage years_from say open".split(" ")
            ),
            st.lists(inner, max_size=4),
        ).map(lambda call: f"{call[0]}({', '.join(call[1])})"),
    ),
    max_leaves=8,
)


def _has_a_result_or_a_problem(text: str, values: Mapping[str, Value]) -> bool:
    """Raises what is no FormulaProblem; a number that is not finite is no result."""
    try:
        result = compile_formula(text).evaluate(values.get)
    except FormulaProblem:
        return True
    return result is None or isinstance(result, str | bool) or result.is_finite()


@given(st.one_of(st.text(max_size=60), st.text(string.printable, max_size=60)))
def test_any_text_is_a_formula_or_a_formula_problem(text: str) -> None:
    assert _has_a_result_or_a_problem(text, {})


@given(_formulas, st.dictionaries(st.sampled_from(["a", "b.c", "parameter.say_to"]), _values))
def test_any_formula_on_any_values_has_a_result_or_a_formula_problem(
    text: str, values: dict[str, Value]
) -> None:
    assert _has_a_result_or_a_problem(text, values)


@given(st.lists(st.decimals(-(10**12), 10**12, places=4), min_size=1, max_size=20))
def test_the_sum_of_the_parts_is_the_total(parts: list[Decimal]) -> None:
    assert work_out("sum(c)", c=Column(tuple(parts))) == sum(parts)


@pytest.mark.parametrize(
    ("formula", "result"),
    [
        ("1 if lift == 'yes' else 0", 1),
        ("1 if 'True' == lift else 0", 1),
        ("1 if lift != 'no' else 0", 1),
        ("1 if lift == 'perhaps' else 0", 0),
        ("1 if seen == 'deed' else 0", 1),
        ("1 if seen == 'plan' else 0", 0),
        ("1 if seen != 'deed' else 0", 0),
    ],
)
def test_a_tick_and_several_choices_are_compared_as_in_a_condition(formula: str, result: int) -> None:
    assert work_out(formula, lift=True, seen=("deed", "map")) == result
