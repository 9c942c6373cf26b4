"""Which changes of a firm's fit a format, and what is said of those that do not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from banks.formats.changing import changed
from banks.formats.fitting import Spot, change_problems, fitting, fitting_together
from banks.formats.overriding import adapted
from banks.tests.formats.adaptable import CONTENT, SECTION, changes

OWN = {"section": SECTION, "after": "rate", "field": {"id": "own_a", "type": "text", "label": "A"}}


def said(changed: dict[str, Any]) -> list[tuple[str, str]]:
    return [(str(spot), sentence) for spot, sentence in change_problems(CONTENT, changed)]


def of_field(path: str, **wanted: Any) -> list[tuple[str, str]]:
    return said({"fields": {path: wanted}})


def test_a_change_of_every_kind_fits() -> None:
    fine = {
        "parameters": {"realizable_percent": "85.5"},
        "fields": {
            "land.value.rate": {"label": "Rate a square foot", "help": None, "maximum": "9"},
            "land.value.built": {"default": "no", "required": True},
            "land.value.plot.north": {"min_length": 2, "max_length": 30, "hidden": False},
            "land.value.owners.name": {"label": "Owner"},
            "land.value.remarks": {"hidden": True},
        },
        "added": [OWN],
    }
    assert said(fine) == []


@pytest.mark.parametrize(
    ("path", "wanted", "key", "sentence"),
    [
        ("land.value.moon", {"label": "Moon"}, "label/land.value.moon", "no field land.value.moon"),
        ("land.value", {"label": "Worth"}, "label/land.value", "no field land.value"),
        ("land.value.rate", {"colour": "red"}, "colour/land.value.rate", "cannot be changed; only label"),
        ("land.value.rate", {"label": "  "}, "label/land.value.rate", "A question needs words"),
        ("land.value.rate", {"label": "x" * 201}, "label/land.value.rate", "wrong length"),
        ("land.value.rate", {"help": 7}, "help/land.value.rate", "should be text"),
        ("land.value.rate", {"default": "5"}, "default/land.value.rate", "would reach reports unread"),
        ("land.value.built", {"default": "maybe"}, "default/land.value.built", "none of its answers"),
        ("land.value.rate", {"maximum": "much"}, "maximum/land.value.rate", "does not fit"),
        ("land.value.remarks", {"minimum": "1"}, "minimum/land.value.remarks", "do not apply"),
        ("land.value.rate", {"max_length": 5}, "max_length/land.value.rate", "does not apply"),
        (
            "land.value.rate",
            {"minimum": "9", "maximum": "3"},
            "maximum/land.value.rate",
            "minimum 9 is above maximum 3",
        ),
        ("land.value.rate", {"max_date": "today"}, "max_date/land.value.rate", "do not apply"),
        ("land.value.sold", {"max_date": 7}, "max_date/land.value.sold", "should be text"),
        (
            "land.value.sold",
            {"min_date": "2026-04-02", "max_date": "2026-04-01"},
            "max_date/land.value.sold",
            "The earliest day, 2026-04-02, is after the latest, 2026-04-01",
        ),
        (
            "common.details.valuation_date",
            {"max_date": None},
            "max_date/common.details.valuation_date",
            "its limits stay",
        ),
        ("land.value.owners", {"max_rows": 0}, "max_rows/land.value.owners", "at least 1 is allowed"),
        ("land.value.owners", {"max_rows": 101}, "max_rows/land.value.owners", "at most 100 is allowed"),
        ("land.value.owners", {"max_rows": None}, "max_rows/land.value.owners", "Write how many rows"),
        ("land.value.owners", {"max_columns": 2}, "max_columns/land.value.owners", "Write how many columns"),
        ("land.value.rate", {"max_rows": 2}, "max_rows/land.value.rate", "only a table that grows"),
        ("land.value.total", {"required": True}, "required/land.value.total", "cannot be required"),
        ("land.value.rate", {"required": "yes"}, "required/land.value.rate", "Say yes or no"),
        ("land.value.rate", {"hidden": 1}, "hidden/land.value.rate", "Say yes or no"),
        ("land.value.owners.name", {"hidden": True}, "hidden/land.value.owners.name", "hide the whole table"),
        (
            "common.details.valuation_date",
            {"hidden": True},
            "hidden/common.details.valuation_date",
            "cannot be hidden",
        ),
        (
            "common.details.applicant_name",
            {"required": True},
            "required/common.details.applicant_name",
            "leave it",
        ),
    ],
)
def test_a_change_that_does_not_fit_is_named(
    path: str, wanted: dict[str, Any], key: str, sentence: str
) -> None:
    (place, text), *more = of_field(path, **wanted)
    assert (place, more) == (key, [])
    assert sentence in text


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"distress_percent": "70"}, "no figure distress_percent"),
        ({"realizable_percent": "lots"}, "is no figure; write one such as 90"),
        ({"realizable_percent": "101"}, "from 0 to 100"),
        ({"realizable_percent": "-1"}, "from 0 to 100"),
        ({"realizable_percent": "NaN"}, "is no figure"),
        ({"realizable_percent": None}, "is no figure"),
        ({"realizable_percent": True}, "is no figure"),
    ],
)
def test_a_figure_that_does_not_fit_is_named(wanted: dict[str, Any], sentence: str) -> None:
    ((place, text),) = said({"parameters": wanted})
    assert place == f"parameter/{next(iter(wanted))}"
    assert sentence in text


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"section": "land.sea"}, "no section land.sea"),
        ({"section": "land.value.plot"}, "no section land.value.plot"),
        ({"after": "moon"}, "no field moon to put it after"),
        ({"field": {"id": "zone", "type": "text", "label": "Zone"}}, "begins with own_: own_zone"),
        ({"field": {"id": "own_Zone", "type": "text", "label": "Zone"}}, "does not fit"),
        ({"field": {"id": "own_zone", "type": "colour", "label": "Zone"}}, "is not known here"),
        ({"field": {"id": "own_zone", "type": "select", "label": "Zone"}}, "has no options"),
        ({"field": {"id": "own_zone", "type": "text"}}, "label missing"),
    ],
)
def test_an_added_field_that_does_not_fit_is_named(change: dict[str, Any], sentence: str) -> None:
    problems = said({"added": [{**OWN, **change}]})
    assert any(sentence in text for _, text in problems), problems
    assert all(place.startswith("added/") for place, _ in problems)


def test_a_day_that_a_newer_version_does_not_ask_is_no_limit_any_more() -> None:
    limit = {"fields": {"land.value.sold": {"min_date": "land.value.bought", "max_date": "today"}}}
    assert fitting(CONTENT, limit) == (limit, ())
    newer = changed(CONTENT, {"remove": ["land.value.bought"]})
    kept, problems = fitting(newer, limit)
    assert kept == {"fields": {"land.value.sold": {"max_date": "today"}}}
    assert [(str(place), "is no date" in text) for place, text in problems] == [
        ("min_date/land.value.sold", True)
    ]


def test_two_added_fields_have_two_ids() -> None:
    ((_, text),) = said({"added": [OWN, OWN]})
    assert "there is a field own_a in this section already" in text.casefold()


@pytest.mark.parametrize(
    "wrong",
    [
        {"colours": {}},
        {"fields": []},
        {"fields": {"land.value.rate": "x"}},
        {"added": {}},
        {"added": [{"section": 1}]},
        {"added": [OWN] * 41},
        [],
    ],
)
def test_changes_of_another_shape_are_refused_and_nothing_breaks(wrong: Any) -> None:
    assert change_problems(CONTENT, wrong)
    assert fitting(CONTENT, wrong)[0] == {}


def test_for_another_version_what_fits_is_kept_and_the_rest_is_named() -> None:
    kept, problems = fitting(
        CONTENT,
        {
            "parameters": {"realizable_percent": "85", "gone_percent": "1"},
            "fields": {
                "land.value.rate": {"label": "Rate now", "max_length": 4},
                "land.value.gone": {"label": "Gone", "hidden": True},
            },
            "added": [OWN, {**OWN, "section": "land.gone"}],
        },
    )
    assert kept == {
        "parameters": {"realizable_percent": "85"},
        "fields": {"land.value.rate": {"label": "Rate now"}},
        "added": [OWN],
    }
    assert {spot for spot, _ in problems} == {
        Spot("parameter", "gone_percent"),
        Spot("max_length", "land.value.rate"),
        Spot("label", "land.value.gone"),
        Spot("hidden", "land.value.gone"),
        Spot("added", "land.gone.own_a"),
    }


def test_a_branchs_changes_are_judged_upon_the_firms() -> None:
    firm = {"fields": {"land.value.rate": {"maximum": "5"}}, "added": [OWN]}
    branch = {"fields": {"land.value.rate": {"minimum": "9"}, f"{SECTION}.own_a": {"label": "B"}}}
    kept, problems = fitting_together(CONTENT, firm, branch)
    assert kept == {"fields": {f"{SECTION}.own_a": {"label": "B"}}}
    assert [str(spot) for spot, _ in problems] == ["minimum/land.value.rate"]


@settings(max_examples=40)
@given(changes)
def test_whatever_is_left_can_be_laid_over_the_format(firm: dict[str, Any]) -> None:
    kept, _ = fitting(CONTENT, firm)
    adapted(CONTENT, kept)
    assert change_problems(CONTENT, kept) == []


def test_a_rate_of_depreciation_is_a_percentage_too() -> None:
    content = {**CONTENT, "parameters": {"depreciation_rate": "1.5"}}
    for value in ("-5", "101"):
        problems = change_problems(content, {"parameters": {"depreciation_rate": value}})
        assert [sentence for _, sentence in problems] == [
            f"{value} is no percentage; write a figure from 0 to 100."
        ]


def test_what_a_formula_of_the_version_needs_is_asked_whoever_hides_it() -> None:
    kept: dict[str, Any] = {
        "parameters": {"realizable_percent": "85"},
        "fields": {f"{SECTION}.remarks": {"hidden": True}},
    }
    changed = {**kept, "fields": {**kept["fields"], f"{SECTION}.rate": {"hidden": True}}}
    fits, problems = fitting(CONTENT, changed)

    assert fits == kept
    assert [str(spot) for spot, _ in problems] == [f"hidden/{SECTION}.rate"]
    assert "cannot do without it" in problems[0][1]


def test_a_question_of_ones_own_whose_neighbour_is_gone_takes_only_those_after_it_along() -> None:
    first = {"section": SECTION, "after": "gone", "field": {"id": "own_a", "type": "text", "label": "A"}}
    second = {"section": SECTION, "after": "own_a", "field": {"id": "own_b", "type": "text", "label": "B"}}
    kept = {"parameters": {"realizable_percent": "85"}, "fields": {f"{SECTION}.rate": {"label": "Price"}}}
    fits, problems = fitting(CONTENT, {**kept, "added": [first, second]})

    assert fits == kept
    assert [spot.path for spot, _ in problems] == [f"{SECTION}.own_a", f"{SECTION}.own_b"]
