"""From typed text to an answer."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from banks.formats.definition import Field, FieldType, Validation
from reports.forms.parsing import AnswerProblem, Typed, read_typed


def asked(kind: str, **more: Any) -> Field:
    return Field(id="q", type=FieldType(kind), label="Question", path="a.b.q", **more)


def read(field: Field, *texts: str, unit: str = "", na: bool = False, choices: Any = ()) -> Any:
    return read_typed(field, Typed(texts, unit, na), choices=choices)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("14,72,625", "1472625"),
        ("14.7 lakh", "1470000"),
        ("2 crore", "20000000"),
        ("₹ 12,000", "12000"),
        ("1,472,625.50", "1472625.5"),
        ("१२३", "123"),
        ("0", "0"),
    ],
)
def test_it_reads_figures_as_people_type_them(typed: str, stored: str) -> None:
    assert read(asked("currency"), typed) == stored


def test_it_reads_a_unit_that_fits() -> None:
    assert read(asked("decimal", unit="sq_ft"), "1200 sqft") == "1200"


def test_it_refuses_a_unit_that_does_not_fit() -> None:
    with pytest.raises(AnswerProblem, match="sq ft"):
        read(asked("decimal", unit="sq_ft"), "120 sq m")


def test_a_measure_keeps_the_chosen_unit() -> None:
    field = asked("number_with_unit", units=("sq_ft", "sq_yd"))

    assert read(field, "240", unit="sq_yd") == {"value": "240", "unit": "sq_yd"}


def test_a_unit_that_is_typed_goes_before_the_chosen_one() -> None:
    field = asked("number_with_unit", units=("sq_ft", "sq_yd"))

    assert read(field, "240 sq yd", unit="sq_ft") == {"value": "240", "unit": "sq_yd"}


def test_a_measure_refuses_a_unit_that_is_not_offered() -> None:
    with pytest.raises(AnswerProblem, match="unit"):
        read(asked("number_with_unit", units=("sq_ft", "sq_yd")), "240", unit="acre")


def test_a_percentage_may_be_written_with_its_sign() -> None:
    assert read(asked("decimal", unit="%"), "12.5 %") == "12.5"


def test_a_count_is_a_whole_number() -> None:
    with pytest.raises(AnswerProblem, match="whole number"):
        read(asked("number"), "2.5")


@pytest.mark.parametrize(("typed", "rule"), [("0", "At least 1"), ("201", "At most 200")])
def test_it_says_which_limit_was_passed(typed: str, rule: str) -> None:
    field = asked("number", validation=Validation(minimum=Decimal(1), maximum=Decimal(200)))

    with pytest.raises(AnswerProblem, match=rule):
        read(field, typed)


def test_a_format_may_say_a_limit_in_its_own_words() -> None:
    rules = Validation(maximum=Decimal(5), message="Give the share in fifths.")

    with pytest.raises(AnswerProblem, match=r"Give the share in fifths\. At most 5"):
        read(asked("number", validation=rules), "6")


@pytest.mark.parametrize("typed", ["abc", "1e5", "nan", "inf", "12 13", "--5", "1" * 40])
def test_it_refuses_what_is_no_number(typed: str) -> None:
    with pytest.raises(AnswerProblem):
        read(asked("decimal"), typed)


@pytest.mark.parametrize("typed", ["2026-11-23", "23-11-2026", "23/11/2026", "23.11.2026", "23 Nov 2026"])
def test_it_reads_dates_in_the_usual_forms(typed: str) -> None:
    assert read(asked("date"), typed) == "2026-11-23"


@pytest.mark.parametrize("typed", ["31-02-2026", "yesterday", "23-11-0026", "2026-13-01", "11-23-2026"])
def test_it_refuses_what_is_no_date(typed: str) -> None:
    with pytest.raises(AnswerProblem, match="23-11-2026"):
        read(asked("date"), typed)


@pytest.mark.parametrize("kind", ["select", "radio", "select_dynamic"])
def test_it_refuses_what_is_not_offered(kind: str) -> None:
    with pytest.raises(AnswerProblem, match="choose one of the list"):
        read(asked(kind), "castle", choices=[("home", "Home")])


def test_several_choices_are_stored_in_the_order_of_the_list() -> None:
    offered = [("deed", "Deed"), ("plan", "Plan"), ("tax", "Tax")]

    assert read(asked("multiselect"), "tax", "deed", choices=offered) == ["deed", "tax"]


def test_a_choice_that_is_not_offered_spoils_several() -> None:
    with pytest.raises(AnswerProblem):
        read(asked("multiselect"), "deed", "crown", choices=[("deed", "Deed")])


@pytest.mark.parametrize("kind", ["text", "textarea", "currency", "date", "select", "multiselect", "email"])
def test_nothing_typed_is_no_answer(kind: str) -> None:
    assert read(asked(kind), "  ") is None


def test_not_applicable_is_an_answer_where_it_is_allowed() -> None:
    assert read(asked("currency", not_applicable=True), "5", na=True) == {"not_applicable": True}


def test_not_applicable_is_nothing_where_it_is_not_allowed() -> None:
    assert read(asked("currency"), "5", na=True) == "5"


@pytest.mark.parametrize("typed", ["someone", "a@b", "a b@c.org", "a@b.org, c@d.org"])
def test_it_refuses_what_is_no_mail_address(typed: str) -> None:
    with pytest.raises(AnswerProblem, match="e-mail"):
        read(asked("email"), typed)


@pytest.mark.parametrize("typed", ["12", "call me", "+91 98765 43210 ext"])
def test_it_refuses_what_is_no_telephone_number(typed: str) -> None:
    with pytest.raises(AnswerProblem, match="telephone"):
        read(asked("tel"), typed)


def test_a_pattern_speaks_in_the_formats_words() -> None:
    rules = Validation(pattern=r"[1-9][0-9]{5}", message="A PIN code has six digits.")

    with pytest.raises(AnswerProblem, match=r"A PIN code has six digits\."):
        read(asked("text", validation=rules), "12345")


@pytest.mark.parametrize(("typed", "rule"), [("ab", "At least 3"), ("x" * 21, "At most 20")])
def test_text_has_its_limits(typed: str, rule: str) -> None:
    with pytest.raises(AnswerProblem, match=rule):
        read(asked("text", validation=Validation(min_length=3, max_length=20)), typed)


def test_text_in_any_script_is_kept() -> None:
    assert read(asked("text"), "आवेदक एक") == "आवेदक एक"


def test_control_characters_are_dropped() -> None:
    assert read(asked("text"), "A\x00p\x07plicant\x1b") == "Applicant"


def test_lines_are_kept_in_long_text_only() -> None:
    assert read(asked("textarea"), "one\r\ntwo") == "one\ntwo"
    assert read(asked("text"), "one\r\ntwo") == "one two"
