"""Answers as the API takes them, checked by the forms of the pages. No database."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from banks.formats.definition import Condition, Field, FormatDefinition, Section, Tab, Validation
from reports.api.answers import Checked, SentSection, check_sections
from reports.tests.forms.formats import PATH, TODAY, YES_NO, context, field

AT = ("sections", PATH, "answers")
CHOICES = {"bank_branches": [("B1", "First branch"), ("B2", "Second branch")]}


def checked(answers: dict[str, Any], *fields: Field, stored: dict[str, Any] | None = None) -> Checked:
    """``answers`` for the section ``land.size``, over what it has stored."""
    about = context(*fields, **(stored or {}))
    sent = SentSection(about.section, answers, AT)
    return check_sections(about.definition, about.answers, [sent], today=TODAY, choices=CHOICES)


def values(answers: dict[str, Any], *fields: Field, stored: dict[str, Any] | None = None) -> dict[str, Any]:
    """What would be stored; fails when a value is wrong."""
    found = checked(answers, *fields, stored=stored)
    assert found.problems == []
    return dict(found.values[PATH])


def wrong(answers: dict[str, Any], *fields: Field, stored: dict[str, Any] | None = None) -> dict[str, str]:
    """Place below the section's answers → the rule that is broken there."""
    prefix = "#/" + "/".join(AT) + "/"
    problems = checked(answers, *fields, stored=stored).problems
    return {problem.pointer.removeprefix(prefix): problem.detail for problem in problems}


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("note", "Two trees"),
        ("story", "One line\nand another"),
        ("count", "12"),
        ("rate", "1650.5"),
        ("rate", {"not_applicable": True}),
        ("share", "12.5"),
        ("extent", {"value": "240", "unit": "sq_yd"}),
        ("seen", "2026-11-20"),
        ("built", "yes"),
        ("use", "shop"),
        ("papers", ["deed", "plan"]),
        ("mapped", True),
        ("mapped", False),
        ("mail", "name@example.org"),
        ("branch", "B2"),
        ("value", "99"),
        ("owner", {"name": "Applicant One", "born": "1970"}),
        ("owner", {"not_applicable": True}),
        ("floors", [{"floor": "Ground", "area": "1275"}, {"floor": "First"}]),
        ("sides", {"north": {"deed": "Road", "seen": True}}),
        (
            "parts",
            {"columns": ["Ground", "First"], "cells": {"wall": ["Brick", None], "height": ["10", "9.5"]}},
        ),
    ],
)
def test_an_answer_is_stored_as_it_was_sent(name: str, answer: Any) -> None:
    assert values({name: answer}) == {name: answer}


@pytest.mark.parametrize(
    ("name", "answer", "stored"),
    [
        ("count", 12, "12"),
        ("rate", Decimal("0.1"), "0.1"),
        ("rate", Decimal("1.5E+3"), "1500"),
        ("rate", "14,72,625", "1472625"),
        ("seen", "20-11-2026", "2026-11-20"),
        ("extent", {"value": 240}, {"value": "240", "unit": "sq_ft"}),
        ("note", "  Two   trees ", "Two trees"),
    ],
)
def test_an_answer_in_another_form_is_stored_in_the_one_form(name: str, answer: Any, stored: Any) -> None:
    assert values({name: answer}) == {name: stored}


@pytest.mark.parametrize(
    "name", ["note", "count", "extent", "seen", "built", "papers", "branch", "floors", "parts"]
)
def test_null_empties_an_answer(name: str) -> None:
    assert values({name: None}, stored={"note": "Old one"}) == {name: None}


@pytest.mark.parametrize(
    ("answers", "place"),
    [
        ({"nothing": 1}, "nothing"),
        ({"note": 5}, "note"),
        ({"note": ["x"]}, "note"),
        ({"note": "x"}, "note"),
        ({"note": {"not_applicable": True}}, "note"),
        ({"count": True}, "count"),
        ({"count": {}}, "count"),
        ({"count": "many"}, "count"),
        ({"count": 201}, "count"),
        ({"rate": Decimal("1E+999999")}, "rate"),
        ({"extent": "240"}, "extent"),
        ({"extent": {"value": "1", "unit": "acre"}}, "extent"),
        ({"extent": {"value": "1", "unit": 1}}, "extent"),
        ({"extent": {"value": "1", "of": "land"}}, "extent"),
        ({"seen": "2026-02-30"}, "seen"),
        ({"seen": "2026-11-24"}, "seen"),
        ({"seen": "2026-11-20", "sold": "2026-11-19"}, "sold"),
        ({"built": "perhaps"}, "built"),
        ({"papers": "deed"}, "papers"),
        ({"papers": ["will"]}, "papers"),
        ({"papers": [1]}, "papers"),
        ({"mapped": "true"}, "mapped"),
        ({"mail": "name"}, "mail"),
        ({"branch": "B3"}, "branch"),
        ({"deed_copy": "0" * 24}, "deed_copy"),
        ({"number": "mine"}, "number"),
        ({"owner": "Applicant One"}, "owner"),
        ({"owner": {"name": 1}}, "owner/name"),
        ({"owner": {"wife": "x"}}, "owner/wife"),
        ({"floors": {}}, "floors"),
        ({"floors": [1]}, "floors/0"),
        ({"floors": [{"floor": "Ground"}, {"area": "wide"}]}, "floors/1/area"),
        ({"floors": [{"roof": "flat"}]}, "floors/0/roof"),
        ({"floors": [{"cost": "5"}]}, "floors/0/cost"),
        ({"floors": [{"floor": str(number)} for number in range(4)]}, "floors"),
        ({"floors": {"not_applicable": True}}, "floors"),
        ({"sides": []}, "sides"),
        ({"sides": {"up": {}}}, "sides/up"),
        ({"sides": {"north": "Road"}}, "sides/north"),
        ({"sides": {"south": {"deed": "Road"}}}, "sides/south/deed"),
        ({"parts": []}, "parts"),
        ({"parts": {"columns": "Ground"}}, "parts/columns"),
        ({"parts": {"columns": [""]}}, "parts/columns"),
        ({"parts": {"columns": ["1", "2", "3", "4"]}}, "parts/columns"),
        ({"parts": {"columns": ["1"], "cells": []}}, "parts/cells"),
        ({"parts": {"columns": ["1"], "cells": {"roof": []}}}, "parts/cells/roof"),
        ({"parts": {"columns": ["1"], "cells": {"wall": ["a", "b"]}}}, "parts/cells/wall"),
        ({"parts": {"columns": ["1"], "cells": {"height": ["high"]}}}, "parts/cells/height/0"),
    ],
)
def test_a_wrong_answer_is_named_by_its_place(answers: dict[str, Any], place: str) -> None:
    assert list(wrong(answers)) == [place]


def test_a_wrong_answer_is_told_with_its_rule() -> None:
    assert wrong({"seen": "2026-11-24"})["seen"] == ("The visit cannot lie ahead. At most today, 23-11-2026.")


def test_a_wrong_cell_is_named_by_its_path() -> None:
    (problem,) = checked({"floors": [{}, {"area": "wide"}]}).problems

    assert problem.path == f"{PATH}.floors.1.area"


def test_every_wrong_answer_is_named() -> None:
    assert sorted(wrong({"count": "many", "owner": {"born": "long ago"}, "note": 1})) == [
        "count",
        "note",
        "owner/born",
    ]


@pytest.mark.parametrize(
    ("name", "answer"),
    [("number", "AV/0001"), ("deed_copy", "0" * 24)],
)
def test_what_a_person_cannot_change_may_be_sent_back_as_it_was_read(name: str, answer: str) -> None:
    assert wrong({name: answer}, stored={name: answer}) == {}


def test_a_file_is_not_taken_away_by_answers_that_do_not_name_it() -> None:
    assert "deed_copy" not in values({"note": "Two trees"}, stored={"deed_copy": "0" * 24})


def test_members_of_a_group_that_are_not_named_are_left_alone() -> None:
    assert values({"owner": {"born": "1970"}}, stored={"owner": {"name": "Applicant One"}}) == {
        "owner": {"born": "1970"}
    }


def test_cells_of_a_table_with_given_rows_that_are_not_named_are_kept() -> None:
    stored = {"sides": {"north": {"deed": "Road"}, "south": {"seen": True}}}

    assert values({"sides": {"south": {"seen": False}}}, stored=stored) == {
        "sides": {"north": {"deed": "Road"}}
    }


def test_a_table_of_added_rows_is_replaced_whole() -> None:
    stored = {"floors": [{"floor": "Ground", "area": "900"}, {"floor": "First"}]}

    assert values({"floors": [{"floor": "Cellar"}]}, stored=stored) == {"floors": [{"floor": "Cellar"}]}


def test_a_table_that_is_not_named_is_left_alone() -> None:
    assert "floors" not in values({"note": "Two trees"}, stored={"floors": [{"floor": "Ground"}]})


# Questions that are not asked -------------------------------------------------------------------------


def test_an_answer_to_a_question_that_is_not_asked_is_refused() -> None:
    assert list(wrong({"built": "no", "storeys": "2"})) == ["storeys"]


def test_an_answer_to_a_question_that_the_same_request_opens_is_taken() -> None:
    assert values({"built": "yes", "storeys": "2"}) == {"built": "yes", "storeys": "2"}


def test_an_answer_that_is_stored_behind_a_closed_question_may_be_sent_back() -> None:
    assert wrong({"built": "no", "storeys": "2"}, stored={"storeys": "2"}) == {}


def test_a_wrong_answer_to_a_question_that_is_not_asked_is_refused_too() -> None:
    assert list(wrong({"built": "no", "storeys": "many"})) == ["storeys"]


# Several sections -------------------------------------------------------------------------------------


def two_sections() -> tuple[FormatDefinition, Section, Section]:
    """A format whose first section looks at its second one."""
    about = context(
        field("storeys", "number", condition=Condition("land.later.built", "==", "yes")),
        field("seen", "date", validation=Validation(max_date="land.later.valued")),
    )
    later = Section(
        "later",
        "land",
        "Later",
        (
            field("built", "radio", "land.later", options=YES_NO),
            field("valued", "date", "land.later"),
        ),
    )
    tab = Tab("land", "Land", (about.section, later))
    return replace(about.definition, tabs=(tab,)), about.section, later


def test_a_condition_sees_a_section_further_down_in_the_same_request() -> None:
    definition, first, later = two_sections()
    sent = [SentSection(first, {"storeys": "2"}, AT), SentSection(later, {"built": "yes"}, ("b",))]

    found = check_sections(definition, {}, sent, today=TODAY, choices={})

    assert (found.problems, found.values[PATH]) == ([], {"storeys": "2"})


def test_a_limit_of_a_date_sees_a_section_further_down_in_the_same_request() -> None:
    definition, first, later = two_sections()
    sent = [
        SentSection(first, {"seen": "2026-11-20"}, AT),
        SentSection(later, {"valued": "2026-11-19"}, ("b",)),
    ]

    found = check_sections(definition, {}, sent, today=TODAY, choices={})

    assert [problem.path for problem in found.problems] == [f"{PATH}.seen"]
