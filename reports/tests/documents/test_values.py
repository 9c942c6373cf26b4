"""One answer, as it is printed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banks.formats.definition import FieldType, Option
from reports.documents.values import Formatter, date_text
from reports.tests.documents.making import a_field, a_format

FORMATTER = Formatter(a_format(), {"banks": {"SBI": "State Bank of India"}, "files": {"f1": "Deed.pdf"}})
OPTIONS = (Option("yes", "Yes, it has"), Option("no", "No"))


def shown(kind: FieldType, answer: Any, **more: Any) -> str:
    return FORMATTER.answer(a_field("question", kind, **more), answer).text


def test_it_writes_a_date_out() -> None:
    assert shown(FieldType.DATE, "2026-11-23") == "23 Nov 2026"


def test_it_leaves_text_that_is_no_date_alone() -> None:
    assert date_text("soon") == "soon"


@pytest.mark.parametrize("answer", [None, "", []])
def test_it_prints_a_dash_for_an_empty_answer(answer: Any) -> None:
    assert shown(FieldType.TEXT, answer) == "—"


def test_it_says_that_a_question_does_not_apply() -> None:
    assert shown(FieldType.CURRENCY, {"not_applicable": True}) == "Not applicable"


def test_it_groups_an_amount_the_indian_way() -> None:
    assert shown(FieldType.CURRENCY, "13928125") == "₹1,39,28,125"


def test_it_prints_paise_with_two_places() -> None:
    assert shown(FieldType.CURRENCY, "1200.5") == "₹1,200.50"


def test_it_puts_the_sign_of_a_negative_amount_first() -> None:
    assert shown(FieldType.CURRENCY, "-1500") == "-₹1,500"


def test_it_groups_the_western_way_when_the_format_says_so() -> None:
    western = Formatter(a_format(grouping="western", currency="USD"), {})
    assert western.amount(Decimal(1472625)) == "$1,472,625"


def test_it_names_a_currency_without_a_sign_by_its_code() -> None:
    assert Formatter(a_format(currency="NPR"), {}).amount(Decimal(500)) == "NPR 500"


def test_it_prints_a_unit_behind_a_number() -> None:
    assert shown(FieldType.NUMBER, "2400", unit="sq_ft") == "2,400 sq ft"


def test_it_prints_the_unit_that_was_chosen() -> None:
    assert shown(FieldType.NUMBER_WITH_UNIT, {"value": "240", "unit": "sq_yd"}, unit="sq_ft") == "240 sq yd"


def test_it_reads_the_unit_of_a_rate_as_per() -> None:
    assert shown(FieldType.CURRENCY, "4200", unit="sq_ft") == "₹4,200 per sq ft"


def test_it_prints_a_percentage_with_its_sign() -> None:
    assert shown(FieldType.CALCULATED, "30", display="percent") == "30 %"


def test_it_keeps_the_sign_of_degrees_at_its_figure() -> None:
    assert shown(FieldType.DECIMAL, "17.5412", suffix="°") == "17.5412°"


def test_it_does_not_group_a_year() -> None:
    assert shown(FieldType.NUMBER, "2006", label="Year of construction") == "2006"


def test_it_groups_a_number_of_years() -> None:
    assert shown(FieldType.NUMBER, "1200", label="Life, years") == "1,200"


def test_it_cuts_an_endless_fraction() -> None:
    assert shown(FieldType.CALCULATED, "4183.333333333333333") == "4,183.3333"


def test_it_prints_a_choice_by_its_label() -> None:
    assert shown(FieldType.SELECT, "yes", options=OPTIONS) == "Yes, it has"


def test_it_lists_several_choices() -> None:
    assert shown(FieldType.MULTISELECT, ["yes", "no"], options=OPTIONS) == "Yes, it has, No"


def test_it_prints_what_was_stored_when_an_option_is_gone() -> None:
    assert shown(FieldType.SELECT, "maybe", options=OPTIONS) == "maybe"


def test_it_looks_up_options_that_come_from_elsewhere() -> None:
    assert shown(FieldType.SELECT_DYNAMIC, "SBI", options_source="banks") == "State Bank of India"


def test_it_names_the_branch_of_the_report_when_the_list_does_not() -> None:
    formatter = Formatter(a_format(), {}, {"bank_branches": "Kompally"})
    field = a_field("branch", FieldType.SELECT_DYNAMIC, options_source="bank_branches")
    assert formatter.answer(field, "SBI_0001").text == "Kompally"


@pytest.mark.parametrize(("answer", "text"), [(True, "Yes"), (False, "No")])
def test_it_prints_a_box_as_yes_or_no(answer: bool, text: str) -> None:
    assert shown(FieldType.CHECKBOX, answer) == text


def test_it_names_an_attached_file() -> None:
    assert shown(FieldType.FILE, "f1") == "Deed.pdf"


def test_it_prints_what_was_typed_when_it_is_no_number() -> None:
    assert shown(FieldType.NUMBER, "about ten") == "about ten"


@given(st.decimals(min_value=-(10**17), max_value=10**17, places=2))
def test_an_amount_reads_back_as_what_it_was(value: Decimal) -> None:
    assert Decimal(FORMATTER.amount(value).replace("₹", "").replace(",", "")) == value
