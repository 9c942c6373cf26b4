"""Numbers as people type them and as a report shows them."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.calculation.numbers import canonical, group, lakh_style, parse_number
from reports.calculation.problems import NumberProblem

amounts = st.decimals(min_value=-(10**15), max_value=10**15, places=2)


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("1472625", "1472625"),
        ("14,72,625", "1472625"),
        ("1,472,625.50", "1472625.5"),
        ("12,345", "12345"),
        ("14.7 lakh", "1470000"),
        ("14.7lac", "1470000"),
        ("3 Lacs", "300000"),
        ("2 crore", "20000000"),
        ("2.5 Cr.", "25000000"),
        ("₹ 12,000", "12000"),
        ("₹12,000/-", "12000"),
        ("Rs. 5", "5"),
        ("Rs 14.7 lakh", "1470000"),
        ("INR 100", "100"),
        ("-5", "-5"),
        ("₹ -5", "-5"),
        ("−5", "-5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("007", "7"),
        ("  42  ", "42"),
        ("१४,७२,६२५", "1472625"),
        ("১২৩", "123"),
        ("௧௨", "12"),
        ("౧౨.౫", "12.5"),
        ("１２", "12"),
        ("0.000001", "0.000001"),
        ("999999999999999999", "999999999999999999"),
    ],
)
def test_it_reads_what_people_type(typed: str, value: str) -> None:
    assert parse_number(typed).value == Decimal(value)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "no number"),
        ("   ", "no number"),
        ("abc", "not a number"),
        ("nan", "not a number"),
        ("inf", "not a number"),
        ("-Infinity", "not a number"),
        ("1e5", "in full"),
        ("1E+5", "in full"),
        ("14,7", "14,72,625"),
        ("1,2,3", "do not group"),
        ("1,23,456,789", "do not group"),
        ("12,345,67", "do not group"),
        (",5", "not a number"),
        ("1.2.3", "not understood"),
        ("12 34", "not understood"),
        ("--5", "two signs"),
        ("-₹-5", "two signs"),
        ("5 lakh/-", "not understood"),
        ("5/- lakh", "cannot follow /-"),
        ("5/- sqft", "cannot follow /-"),
        ("1/2", "not understood"),
        ("1 crore 20 lakh", "not understood"),
        ("$5", "not a number"),
        ("1234567890123456789", "18 digits"),
        ("99999999999999 lakh", "18 digits"),
        ("0.1234567", "6 digits"),
        ("1" * 65, "too long"),
    ],
)
def test_it_refuses_what_is_no_number_and_says_why(typed: str, says: str) -> None:
    with pytest.raises(NumberProblem, match=says):
        parse_number(typed)


@pytest.mark.parametrize(
    ("typed", "value", "unit"),
    [
        ("1200 sqft", "1200", "sq_ft"),
        ("1,200 Sq. Ft.", "1200", "sq_ft"),
        ("120 sq m", "120", "sq_m"),
        ("120m²", "120", "sq_m"),
        ("240 sq yd", "240", "sq_yd"),
        ("240 gaj", "240", "gaj"),
        ("1.2 lakh sqft", "120000", "sq_ft"),
    ],
)
def test_it_reads_a_unit_that_the_field_allows(typed: str, value: str, unit: str) -> None:
    assert parse_number(typed, units=("sq_ft", "sq_m", "sq_yd", "gaj")) == (Decimal(value), unit)


def test_it_refuses_a_unit_that_does_not_fit_and_names_those_that_do() -> None:
    with pytest.raises(NumberProblem, match="“acre” does not fit here; give the figure in sq ft or sq m"):
        parse_number("2 acre", units=("sq_ft", "sq_m"))


def test_it_refuses_a_unit_where_none_is_asked() -> None:
    with pytest.raises(NumberProblem, match="write the number alone"):
        parse_number("1200 sqft")


def test_it_takes_the_fields_own_unit_when_none_is_typed() -> None:
    assert parse_number("1200", unit="sq_ft", units=("sq_ft", "sq_m")).unit == "sq_ft"


def test_it_leaves_the_unit_open_when_the_field_has_a_choice_and_no_unit_of_its_own() -> None:
    assert parse_number("1200", units=("sq_ft", "sq_m")).unit is None


def test_it_reads_a_unit_outside_the_table_as_the_field_shows_it() -> None:
    assert parse_number("20 years", unit="years") == (Decimal(20), "years")


def test_it_reads_a_percent_sign_where_the_unit_is_per_cent() -> None:
    assert parse_number("10 %", unit="percent") == (Decimal(10), "percent")


def test_it_refuses_money_with_a_measure() -> None:
    with pytest.raises(NumberProblem, match="both money and a measure"):
        parse_number("₹ 1200 sqft", unit="sq_ft")


@given(st.text(max_size=80))
def test_any_text_is_a_number_or_a_number_problem(typed: str) -> None:
    try:
        value = parse_number(typed, unit="sq_ft", units=("sq_m",)).value
    except NumberProblem:
        return
    assert value.is_finite()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("0", "0"),
        ("999", "999"),
        ("1000", "1,000"),
        ("99999", "99,999"),
        ("100000", "1,00,000"),
        ("1234567", "12,34,567"),
        ("1234567.5", "12,34,567.5"),
        ("1234567.50", "12,34,567.5"),
        ("-1234567", "-12,34,567"),
        ("-0.0", "0"),
        ("1E+7", "1,00,00,000"),
    ],
)
def test_it_groups_the_indian_way(value: str, shown: str) -> None:
    assert group(Decimal(value)) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [("1234567", "12,34,567.00"), ("0.005", "0.01"), ("-0.001", "0.00"), ("-1234.5", "-1,234.50")],
)
def test_it_shows_the_places_asked_for(value: str, shown: str) -> None:
    assert group(Decimal(value), places=2) == shown


def test_it_groups_the_western_way() -> None:
    assert group(Decimal("1234567.891"), "western", 2) == "1,234,567.89"


def test_it_knows_no_other_grouping() -> None:
    with pytest.raises(NumberProblem, match="no grouping"):
        group(Decimal(1), "martian")


@pytest.mark.parametrize(
    ("value", "text"),
    [("1275.50", "1275.5"), ("1E+3", "1000"), ("-0", "0"), ("100", "100"), ("0.10", "0.1"), ("-2.0", "-2")],
)
def test_the_canonical_text_is_plain(value: str, text: str) -> None:
    assert canonical(Decimal(value)) == text


@pytest.mark.parametrize(
    ("value", "shown"),
    [("4200000", "Rs. 42.00 Lac"), ("1472625", "Rs. 14.73 Lac"), ("1234567800", "Rs. 12,345.68 Lac")],
)
def test_it_shows_lakhs_in_the_banks_style(value: str, shown: str) -> None:
    assert lakh_style(Decimal(value)) == shown


@given(amounts, st.sampled_from(["indian", "western"]))
def test_what_is_grouped_reads_back_as_the_same_number(value: Decimal, grouping: str) -> None:
    assert parse_number(group(value, grouping)).value == value


@given(amounts)
def test_the_canonical_text_reads_back_as_the_same_number(value: Decimal) -> None:
    assert Decimal(canonical(value)) == value


def test_grouping_does_not_depend_on_the_threads_own_context() -> None:
    with localcontext() as context:
        context.prec = 3
        assert group(Decimal("-1234567.89"), places=2) == "-12,34,567.89"
