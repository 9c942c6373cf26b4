"""What the forms of banks and formats take, and how values are told."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from django.http import QueryDict

from banks.formats.definition import Field, FieldType, Option, Table, TableKind
from banks.formats.origins import Origin
from banks.pages import telling
from banks.pages.adapting import Asked, Layers, Scope, asked
from banks.pages.editing import Current, EditForm
from banks.pages.format_forms import (
    ExtraForm,
    ParametersForm,
    QuestionForm,
    default_from,
    default_shown,
    parameter_told,
    shown_values,
)
from banks.pages.forms import BranchForm, EmpanelmentForm, LetterheadForm, NewBranchForm

NOTHING = Current({})
OPTIONS = (Option("red", "Red"), Option("blue", "Blue"))
BRANCH = {"name": "Fort", "ifsc": "SBIN0000001", "city": "Mumbai", "state": "Maharashtra"}


def posted(values: dict[str, Any]) -> QueryDict:
    data = QueryDict(mutable=True)
    for name, value in {"version": "0", "was": "{}", **values}.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    return data


def errors_of(form: EditForm) -> dict[str, list[str]]:
    return {str(name): [str(one) for one in errors] for name, errors in form.errors.items()}


def question_of(**attributes: Any) -> Asked:
    one = Field("x", attributes.pop("type"), "Question", "general.extent.x", **attributes)
    return asked(one, Layers(), Scope())


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (FieldType.SELECT, "red"),
        (FieldType.RADIO, None),
        (FieldType.MULTISELECT, ["red", "blue"]),
        (FieldType.MULTISELECT, None),
        (FieldType.CHECKBOX, True),
        (FieldType.CHECKBOX, False),
        (FieldType.CHECKBOX, None),
        (FieldType.DATE, "today"),
        (FieldType.NUMBER_WITH_UNIT, {"unit": "sq_yd"}),
    ],
)
def test_a_default_comes_back_from_its_control_as_it_was(kind: FieldType, value: Any) -> None:
    one = Field("x", kind, "X", "a.b.x", options=OPTIONS, units=("sq_ft", "sq_yd"))
    assert default_from(one, default_shown(one, value)) == value


def test_limits_are_taken_as_people_write_them() -> None:
    one = question_of(type=FieldType.CURRENCY)
    form = QuestionForm(
        posted({"label": "Rate", "minimum": "0", "maximum": "14,72,625.50"}), current=NOTHING, asked=one
    )
    assert form.is_valid()
    assert form.typed()["maximum"] == Decimal("1472625.50")


def test_limits_out_of_order_are_refused_at_the_upper_one() -> None:
    one = question_of(type=FieldType.NUMBER)
    form = QuestionForm(
        posted({"label": "Rooms", "minimum": "9", "maximum": "3"}), current=NOTHING, asked=one
    )
    assert errors_of(form) == {"maximum": ["3 is below the least, 9; exchange them or take one away."]}


DATES = {"common.details.valuation_date": "Date of valuation"}


def dated(**typed: str) -> QuestionForm:
    one = question_of(type=FieldType.DATE)
    return QuestionForm(posted({"label": "Issued on", **typed}), current=NOTHING, asked=one, dates=DATES)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("", None),
        ("Today", "today"),
        ("31-03-2026", "2026-03-31"),
        ("2026-03-31", "2026-03-31"),
        ("date of Valuation", "common.details.valuation_date"),
        ("common.details.valuation_date", "common.details.valuation_date"),
    ],
)
def test_a_limit_of_a_date_is_taken_as_people_write_it(typed: str, stored: str | None) -> None:
    form = dated(max_date=typed)
    assert form.is_valid(), form.errors
    assert form.typed()["max_date"] == stored


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        ("2026-03-31", "31-03-2026"),
        ("today", "today"),
        ("common.details.valuation_date", "Date of valuation"),
        ("soon", "soon"),
    ],
)
def test_a_limit_of_a_date_is_shown_as_people_write_it(stored: str, words: str) -> None:
    one = question_of(type=FieldType.DATE)
    form = QuestionForm(None, current=Current({"max_date": stored}), asked=one, dates=DATES)
    drawn = form.question("max_date")
    assert (drawn["value"], form.told("max_date", stored)) == (words, words)
    assert [words for words, _, _ in drawn["choices"]] == ["today", "Date of valuation"]


def test_a_limit_that_is_no_date_is_refused_with_what_was_typed() -> None:
    form = dated(max_date="next week")
    assert errors_of(form) == {
        "max_date": ["Write a day such as 31-03-2026, “today”, or choose another date."]
    }
    assert form.question("max_date")["value"] == "next week"


def test_days_out_of_order_are_refused_at_the_later_one() -> None:
    form = dated(min_date="02-04-2026", max_date="01-04-2026")
    assert errors_of(form) == {
        "max_date": ["01-04-2026 is before 02-04-2026; exchange them or take one away."]
    }


def test_a_table_whose_most_is_emptied_has_the_one_below_again() -> None:
    table = Table(TableKind.ROW_DYNAMIC, max_rows=6)
    one = question_of(type=FieldType.DYNAMIC_TABLE, table=table)
    form = QuestionForm(posted({"label": "Owners", "max_rows": ""}), current=NOTHING, asked=one)
    assert form.is_valid(), form.errors
    assert form.typed()["max_rows"] == 6


def test_a_question_without_words_is_refused() -> None:
    form = QuestionForm(posted({"label": " "}), current=NOTHING, asked=question_of(type=FieldType.TEXT))
    assert errors_of(form)["label"] == ["A question needs its words."]


def test_an_answer_beforehand_is_one_of_the_questions_own() -> None:
    one = question_of(type=FieldType.SELECT, options=OPTIONS)
    form = QuestionForm(posted({"label": "Gate", "default": "green"}), current=NOTHING, asked=one)
    assert "default" in errors_of(form)


def test_the_select_of_a_default_offers_nothing_too() -> None:
    one = question_of(type=FieldType.SELECT, options=OPTIONS, default="red")
    form = QuestionForm(None, current=Current(shown_values(one)), asked=one)
    drawn = form.question("default")
    assert (drawn["type"], drawn["placeholder"], drawn["choices"][0]) == (
        "select",
        "Nothing",
        ("red", "Red", True),
    )


def extra(**values: Any) -> ExtraForm:
    given = {"label": "Colour of the gate", "type": "select", "after": "area", **values}
    return ExtraForm(posted(given), current=NOTHING, places=[("area", "Area")])


def test_a_question_of_ones_own_is_as_a_format_has_it() -> None:
    form = extra(options=" Red \n\nBlue", help="Look.", required="true")
    assert form.is_valid()
    assert form.node(form.cleaned_data, ["own_colour_of_the_gate"]) == {
        "id": "own_colour_of_the_gate_2",
        "type": "select",
        "label": "Colour of the gate",
        "help": "Look.",
        "required": True,
        "options": [{"value": "Red", "label": "Red"}, {"value": "Blue", "label": "Blue"}],
    }


@pytest.mark.parametrize(
    ("options", "sentence"),
    [("", "at least two answers"), ("Red", "at least two answers"), ("Red\nRed", "“Red” stands there twice")],
)
def test_a_list_to_choose_from_needs_answers(options: str, sentence: str) -> None:
    assert sentence in errors_of(extra(options=options))["options"][0]


def test_options_of_a_text_are_left_out() -> None:
    form = extra(type="text", options="Red\nBlue")
    assert form.is_valid()
    assert "options" not in form.node(form.cleaned_data, [])


def test_a_place_that_the_section_does_not_have_is_refused() -> None:
    assert "after" in errors_of(extra(after="gone", type="text"))


@pytest.mark.parametrize("typed", ["101", "-1", "eighty", "nan"])
def test_a_percentage_is_a_figure_from_0_to_100(typed: str) -> None:
    form = ParametersForm(
        posted({"distress_percent": typed}), current=NOTHING, below={"distress_percent": Decimal(80)}
    )
    assert "distress_percent" in errors_of(form)


def test_an_emptied_percentage_is_the_banks_again() -> None:
    form = ParametersForm(
        posted({"distress_percent": ""}), current=NOTHING, below={"distress_percent": Decimal(80)}
    )
    assert form.is_valid()
    assert form.typed() == {"distress_percent": Decimal(80)}


def test_an_ifsc_in_small_letters_is_taken() -> None:
    form = BranchForm(posted({**BRANCH, "ifsc": " sbin0000001"}), current=NOTHING)
    assert form.is_valid()
    assert form.cleaned_data["ifsc"] == "SBIN0000001"


@pytest.mark.parametrize(
    ("name", "typed", "sentence"),
    [
        ("ifsc", "SBIN1", "four letters, a zero"),
        ("pin_code", "012345", "six digits"),
        ("latitude", "91", "less than or equal to 90"),
        ("email", "nobody", "valid email"),
        ("city", "", "required"),
    ],
)
def test_a_branch_is_checked_field_by_field(name: str, typed: str, sentence: str) -> None:
    form = NewBranchForm(posted({**BRANCH, name: typed}), current=NOTHING)
    assert sentence in errors_of(form)[name][0]


def test_what_the_banks_record_has_wrong_does_not_stop_other_changes() -> None:
    was = {**BRANCH, "city": "", "pin_code": "12"}
    form = BranchForm(posted({**was, "phone": "000 0000 0004", "was": json.dumps(was)}), current=Current(was))
    assert form.is_valid()


def test_an_empanelment_does_not_end_before_it_begins() -> None:
    form = EmpanelmentForm(posted({"since": "2026-05-01", "until": "2026-04-30"}), current=NOTHING)
    assert errors_of(form) == {"until": ["It ends before it begins; give a later day, or correct the first."]}


def test_the_firms_own_letterhead_stands_in_the_empty_boxes() -> None:
    form = LetterheadForm(None, current=NOTHING, own={"name": "Alpha Valuers"})
    assert form.question("name")["placeholder"] == "Alpha Valuers"
    assert not form.question("name")["required"]


def test_six_lines_of_address_are_too_many() -> None:
    form = LetterheadForm(posted({"address": "\n".join("abcdef")}), current=NOTHING, own={})
    assert errors_of(form)["address"] == ["At most 5 lines fit beside the name."]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (Decimal("1472625.5"), "14,72,625.5"),
        (Decimal(1800), "1800"),
        (100000, "1,00,000"),
        (Decimal(-12345), "-12,345"),
    ],
)
def test_figures_are_grouped_as_in_india(value: Any, told: str) -> None:
    assert telling.figure(value) == told


def test_a_line_of_the_outline_says_what_limits_an_answer() -> None:
    one = question_of(type=FieldType.RADIO, options=OPTIONS, default="blue")
    assert telling.facts(one) == ["beforehand: Blue", "Red, Blue"]


def test_a_percentage_is_told_with_its_sign() -> None:
    assert (parameter_told("realizable_percent", "85"), parameter_told("say_mode", "down")) == (
        "85 %",
        "always down",
    )


def test_the_origins_of_an_extra_question_are_all_the_layers() -> None:
    layers = Layers({"added": [{"section": "a.b", "after": None, "field": {"id": "own_x"}}]})
    one = asked(Field("own_x", FieldType.TEXT, "X", "a.b.own_x"), layers, Scope())
    assert set(one.origins.values()) == {Origin.FIRM}
