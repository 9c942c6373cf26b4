"""Answers of a section: merging, comparing, naming; what lists take from them; progress."""

from __future__ import annotations

from typing import Any

import pytest

from banks.formats.definition import Field
from reports.answers import changes_between, is_empty, merged, with_section
from reports.calculation.engine import calculate
from reports.facts import facts_of, find_date, search_text
from reports.progress import next_section, progress_of
from reports.tests.forms.formats import context, definition_with, field, rows
from reports.tests.making import sample_answers, shipped_format


@pytest.mark.parametrize(
    "answer",
    [None, "", [], {}, {"value": None, "unit": "sq_ft"}, {"name": ""}, {"columns": [], "cells": {}}],
)
def test_what_holds_nothing_is_empty(answer: Any) -> None:
    assert is_empty(answer)


@pytest.mark.parametrize("answer", [False, "0", {"not_applicable": True}, {"value": "0", "unit": "sq_ft"}])
def test_a_no_a_nought_and_not_applicable_are_answers(answer: Any) -> None:
    assert not is_empty(answer)


def test_merging_keeps_members_of_a_group_that_are_not_named() -> None:
    section = context().section

    result = merged(section, {"owner": {"name": "One", "born": "1970"}}, {"owner": {"name": "Two"}})

    assert result["owner"] == {"name": "Two", "born": "1970"}


def test_merging_replaces_a_group_that_did_not_apply() -> None:
    section = context().section

    result = merged(section, {"owner": {"not_applicable": True}}, {"owner": {"name": "Two"}})

    assert result["owner"] == {"name": "Two"}


def test_merging_leaves_out_what_the_section_has_not() -> None:
    assert merged(context().section, {}, {"crown": "1", "owner": {"crown": "1"}}) == {}


def test_replacing_a_section_changes_nothing_that_was_given() -> None:
    before: dict[str, Any] = {"land": {"size": {"note": "Old"}, "other": {"a": "1"}}}

    after = with_section(before, context().section, {"note": "New"})

    assert before["land"]["size"] == {"note": "Old"}
    assert after["land"] == {"size": {"note": "New"}, "other": {"a": "1"}}


def test_a_changed_cell_is_named_by_table_row_and_column() -> None:
    before = {"floors": [{"floor": "Ground", "area": "900"}]}
    after = {"floors": [{"floor": "Ground", "area": "950"}]}

    (change,) = changes_between(context().section, before, after)

    assert change.path == "land.size.floors.0.area"
    assert (change.label, change.before, change.after) == ("Floors, Floor 1: Area", "900", "950")


def test_a_changed_cell_of_an_added_column_is_named() -> None:
    before = {"parts": {"columns": ["Ground"], "cells": {"wall": ["Brick"]}}}
    after = {"parts": {"columns": ["Ground"], "cells": {"wall": ["Stone"]}}}

    (change,) = changes_between(context().section, before, after)

    assert change.path == "land.size.parts.wall.0"


def test_an_answer_that_went_away_is_a_change_to_nothing() -> None:
    (change,) = changes_between(context().section, {"note": "Old"}, {})

    assert (change.before, change.after) == ("Old", None)


# Facts ----------------------------------------------------------------------------------------------------


def test_applicant_and_address_come_from_the_answers() -> None:
    facts = facts_of(shipped_format(), sample_answers())

    assert facts.applicant_name == "Applicant One"
    assert facts.property_address.startswith("12 Sample Cross")


def test_an_empty_report_has_empty_facts() -> None:
    facts = facts_of(shipped_format(), {})

    assert (facts.applicant_name, facts.property_address) == ("", "")


def test_a_date_is_found_by_its_id() -> None:
    assert str(find_date(shipped_format(), sample_answers(), "valuation_date")) == "2026-11-18"


def test_words_for_the_search_are_lower_case_and_stand_once() -> None:
    assert search_text("AV/0001", "Applicant One", "One Street") == "av/0001 applicant one street"


# Progress -------------------------------------------------------------------------------------------------


def progress(*fields: Field, **stored: Any) -> Any:
    definition = definition_with(*fields)
    (section,) = definition.sections()
    answers = {"land": {"size": stored}}
    return progress_of(section, answers, calculate(definition, answers))


def test_what_people_answer_is_counted() -> None:
    found = progress(field("a", "text"), field("b", "text"), field("c", "calculated", formula="1"), a="x")

    assert (found.filled, found.total) == (1, 2)


def test_a_section_is_done_when_all_that_is_required_is_there() -> None:
    assert progress(field("a", "text", required=True), field("b", "text"), a="x").is_done


def test_a_section_without_required_questions_is_done_when_all_are_answered() -> None:
    assert not progress(field("a", "text"), field("b", "text"), a="x").is_done


def test_a_required_box_must_be_ticked() -> None:
    assert progress(field("agreed", "checkbox", required=True), agreed=False).missing


def test_a_required_table_needs_a_row() -> None:
    (missing,) = progress(rows("floors", field("floor", "text"), required=True)).missing

    assert missing.label == "Floors: a row"


def test_the_next_section_is_the_next_that_applies() -> None:
    definition, answers = shipped_format(), sample_answers()
    answers["general"]["property"]["building_constructed"] = "no"

    following = next_section(definition, calculate(definition, answers), "land.valuation")

    assert following is not None
    assert following.path == "miscellaneous.items"


def test_nothing_follows_the_last_section() -> None:
    definition = shipped_format()
    last = list(definition.sections())[-1]

    assert next_section(definition, calculate(definition, sample_answers()), last.path) is None
