"""What becomes of a draft's answers under another version of its format."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from banks.formats.changing import changed
from banks.formats.reading import read_format
from banks.tests.formats.small import small_common, small_format
from reports.upgrading import Upgrade, answer_at, plan_upgrade

OWNERS = [{"name": "Applicant Four", "share": "60"}, {"name": "Applicant Five", "share": "40"}]
ANSWERS: dict[str, Any] = {
    "common": {"details": {"applicant_name": "Applicant Four"}},
    "land": {"value": {"built": "yes", "extent": "2400", "rate": "4200", "owners": OWNERS}},
}

PATHS = {"common.details.applicant_name", *(f"land.value.{name}" for name in ANSWERS["land"]["value"])}


def upgraded(
    answers: dict[str, Any] = ANSWERS, aside: dict[str, Any] | None = None, **changes: Any
) -> Upgrade:
    """The plan for the small format, from its first version to one with the changes."""
    raw = small_format()
    raw["option_sets"]["yes_no_partly"] = [
        *raw["option_sets"]["yes_no"],
        {"value": "partly", "label": "Partly"},
    ]
    old = read_format(raw, small_common())
    new = read_format(changed(raw, changes), small_common())
    return plan_upgrade(old, new, answers, aside)


def field(path: str, **patch: Any) -> dict[str, Any]:
    return {"change": {path: patch}}


def reasons(plan: Upgrade) -> dict[str, str]:
    return {line.path: line.reason for line in plan.aside}


def test_without_a_difference_every_answer_stays() -> None:
    plan = upgraded()

    assert (plan.answers, plan.kept, plan.is_smooth) == (ANSWERS, 5, True)


def test_nothing_that_is_given_is_changed() -> None:
    before = copy.deepcopy(ANSWERS)

    upgraded(remove=["land.value.owners"])

    assert before == ANSWERS


def test_an_answer_that_nothing_asks_for_is_set_aside() -> None:
    plan = upgraded(remove=["land.value.owners"])

    assert plan.set_aside["land.value.owners"]["answer"] == OWNERS
    assert answer_at(plan.answers, "land.value.owners") is None


def test_an_answer_set_aside_comes_back_when_it_is_asked_for_again() -> None:
    without = {"land": {"value": {"extent": "2400"}}}
    plan = upgraded(without, {"land.value.rate": {"label": "Rate", "answer": "4200", "reason": "…"}})

    assert (answer_at(plan.answers, "land.value.rate"), plan.set_aside) == ("4200", {})


def test_an_answer_set_aside_never_replaces_one_that_is_there() -> None:
    plan = upgraded(ANSWERS, {"land.value.rate": {"label": "Rate", "answer": "1", "reason": "…"}})

    assert answer_at(plan.answers, "land.value.rate") == "4200"
    assert plan.set_aside["land.value.rate"]["answer"] == "1"


def test_two_answers_set_aside_from_one_question_are_both_kept() -> None:
    before = {"land.value.built": {"label": "Built", "answer": "partly", "reason": "…"}}
    once = upgraded(aside=before, remove=["land.value.built"])
    answers = {**once.answers, "land": {"value": {**once.answers["land"]["value"], "built": "no"}}}
    twice = upgraded(answers, once.set_aside, remove=["land.value.built"])

    assert {kept["answer"] for kept in once.set_aside.values()} == {"yes", "partly"}
    assert {kept["answer"] for kept in twice.set_aside.values()} == {"yes", "partly", "no"}


def test_the_second_of_two_answers_set_aside_returns_to_its_question_too() -> None:
    aside = {"land.value.rate (2)": {"label": "Rate", "answer": "4200", "reason": "…"}}
    plan = upgraded({"land": {"value": {"extent": "2400"}}}, aside)

    assert (answer_at(plan.answers, "land.value.rate"), plan.set_aside) == ("4200", {})


def test_an_answer_that_the_version_before_did_not_ask_for_returns_when_this_one_does() -> None:
    node = {"id": "own_zone", "type": "text", "label": "Zone"}
    answers = {"land": {"value": {"extent": "2400", "own_zone": "North"}}}
    plan = upgraded(answers, add=[{"into": "land.value", "node": node}])

    assert (answer_at(plan.answers, "land.value.own_zone"), plan.set_aside) == ("North", {})


def test_what_is_stored_in_a_group_without_a_question_is_kept_aside() -> None:
    part = {"id": "north", "type": "text", "label": "North"}
    group = {"id": "plot", "type": "group", "label": "Plot", "fields": [part]}
    raw = changed(small_format(), {"add": [{"into": "land.value", "node": group}]})
    format_ = read_format(raw, small_common())
    plan = plan_upgrade(format_, format_, {"land": {"value": {"plot": {"north": "Road", "south": "Pond"}}}})

    assert answer_at(plan.answers, "land.value.plot.north") == "Road"
    assert plan.set_aside["land.value.plot.south"]["answer"] == "Pond"


def test_an_answer_moves_with_its_question() -> None:
    section = {
        "id": "people",
        "label": "People",
        "fields": [{"id": "owners", "type": "dynamic_table", "label": "Owners", "table": _owners_table()}],
    }
    plan = upgraded(remove=["land.value.owners"], add=[{"into": "land", "node": section}])

    assert answer_at(plan.answers, "land.people.owners") == OWNERS
    assert plan.paths == {"land.value.owners": "land.people.owners"}


def test_a_question_that_might_have_gone_to_two_places_goes_to_neither() -> None:
    sections = [
        {"id": name, "label": name, "fields": [{"id": "rate", "type": "currency", "label": "Rate"}]}
        for name in ("one", "two")
    ]
    plan = upgraded(
        remove=["land.value.rate", "land.value.total"],
        add=[*({"into": "land", "node": section} for section in sections), _total_of("land.one.rate")],
    )

    assert plan.set_aside["land.value.rate"]["answer"] == "4200"


def test_a_choice_that_is_offered_no_more_is_set_aside() -> None:
    plan = upgraded(**field("land.value.built", options=[{"value": "no", "label": "No"}]))

    assert reasons(plan) == {"land.value.built": "“Yes” is not among the choices any more."}


def test_a_choice_is_known_by_its_label_when_its_code_has_changed() -> None:
    options = [{"value": "y", "label": "Yes"}, {"value": "n", "label": "No"}]
    plan = upgraded(**field("land.value.built", options=options))

    assert (answer_at(plan.answers, "land.value.built"), len(plan.fitted)) == ("y", 1)


def test_a_choice_becomes_text_by_its_label() -> None:
    plan = upgraded(**field("land.value.built", type="text", options=None))

    assert answer_at(plan.answers, "land.value.built") == "Yes"


def test_one_of_several_allowed_is_a_list() -> None:
    plan = upgraded(**field("land.value.built", type="multiselect"))

    assert answer_at(plan.answers, "land.value.built") == ["yes"]


def test_a_figure_keeps_its_unit() -> None:
    plan = upgraded(
        change={
            "land.value.extent": {"type": "number_with_unit", "units": ["sq_ft", "sq_m"], "unit": None},
            "land.value.total": {"formula": "area_in(extent, 'sq_ft') * rate"},
        }
    )

    assert answer_at(plan.answers, "land.value.extent") == {"value": "2400", "unit": "sq_ft"}


def test_a_figure_in_another_unit_is_never_taken_for_the_same() -> None:
    plan = upgraded(**field("land.value.extent", unit="sq_m"))

    assert reasons(plan) == {"land.value.extent": "The figure is in sq_ft, and sq_m is asked for now."}


def test_a_figure_set_aside_for_its_unit_does_not_come_back_in_the_other_one() -> None:
    first = upgraded(**field("land.value.extent", unit="sq_m"))
    raw = changed(small_format(), field("land.value.extent", unit="sq_m"))
    in_metres = read_format(raw, small_common())

    again = plan_upgrade(in_metres, in_metres, first.answers, first.set_aside)
    back = upgraded(first.answers, first.set_aside)

    assert answer_at(again.answers, "land.value.extent") is None
    assert again.set_aside["land.value.extent"]["answer"] == "2400"
    assert answer_at(back.answers, "land.value.extent") == "2400"


def test_a_rate_per_another_unit_is_never_taken_for_the_same() -> None:
    raw = changed(small_format(), field("land.value.rate", per="sq_ft"))
    per_foot = read_format(raw, small_common())
    raw = changed(raw, field("land.value.rate", per="sq_m"))
    raw = changed(raw, field("land.value.total", formula="area_in(extent, 'sq_m') * rate"))

    plan = plan_upgrade(per_foot, read_format(raw, small_common()), ANSWERS)

    assert reasons(plan) == {"land.value.rate": "The rate is per sq_ft, and one per sq_m is asked for now."}


def test_a_text_set_aside_does_not_come_back_as_a_date() -> None:
    kept = {"common.details.valuation_date": {"label": "Day", "answer": "last spring", "reason": "…"}}
    plan = upgraded(aside=kept)

    assert answer_at(plan.answers, "common.details.valuation_date") is None
    assert plan.set_aside == kept


def test_of_a_table_the_columns_that_are_left_stay() -> None:
    plan = upgraded(remove=["land.value.owners.share"])

    assert answer_at(plan.answers, "land.value.owners") == [{"name": one["name"]} for one in OWNERS]
    assert plan.set_aside["land.value.owners"]["answer"] == [{"share": "60"}, {"share": "40"}]


def test_rows_beyond_the_number_allowed_now_are_set_aside() -> None:
    plan = upgraded(change={"land.value.owners": {"table": {"max_rows": 1}}})

    assert answer_at(plan.answers, "land.value.owners") == OWNERS[:1]
    assert plan.set_aside["land.value.owners"]["answer"] == [{}, OWNERS[1]]


def test_a_required_question_that_is_new_is_told() -> None:
    node = {"id": "zone", "type": "text", "label": "Zone", "required": True}
    plan = upgraded(add=[{"into": "land.value", "node": node}])

    assert [line.path for line in plan.asked_anew] == ["land.value.zone"]


def test_what_is_stored_without_a_question_is_kept_aside() -> None:
    plan = upgraded({"land": {"value": {"extent": "2400", "forgotten": "kept"}}})

    assert plan.set_aside["land.value.forgotten"]["answer"] == "kept"


@pytest.mark.parametrize("removed", ["built", "extent", "rate", "owners"])
def test_whatever_goes_no_answer_is_lost(removed: str) -> None:
    plan = upgraded(remove=[f"land.value.{removed}", "land.value.total"], add=[_total_of("1 + 1")])
    taken = {path for path in PATHS if answer_at(plan.answers, path) is not None}

    assert taken | set(plan.set_aside) == PATHS


def _owners_table() -> dict[str, Any]:
    tabs: Any = small_format()["tabs"]
    table: dict[str, Any] = tabs[0]["sections"][0]["fields"][-1]["table"]
    return table


def _total_of(formula: str) -> dict[str, Any]:
    node = {"id": "total", "type": "calculated", "label": "Total", "formula": formula}
    return {"into": "land.value", "node": node}
