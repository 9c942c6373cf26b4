"""Everything that stands in the way of publishing is told, and leads to its place."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from banks.formats.changing import changed
from banks.formats.packing import content_problems
from banks.formats.reading import load_json, to_content
from banks.formats.shipped import DATA_FOLDER, common_fields, format_files, sample
from banks.tests.formats.small import field_of
from banks.tests.storing import SAMPLE, small_content
from reports.format_checks import faults_of, place_of, problems_of, warnings_of

FILES = format_files()


def spoilt(**changes: Any) -> dict[str, Any]:
    """The small format with something else in its rate."""
    content = copy.deepcopy(small_content())
    content["tabs"] = content["tabs"][1:] + content["tabs"][:1]
    field_of(content, "rate").update(changes)
    return content


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_shipped_format_with_its_sample_is_sound(path: Any) -> None:
    content = to_content(load_json(path), common_fields())
    assert problems_of(content, sample(path.stem)["answers"]) == []
    assert problems_of(content, None) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"type": "money"}, "money"),
        ({"width": 5}, "width"),
        ({"condition": {"field": "nowhere", "operator": "filled"}}, "nowhere"),
        ({"type": "calculated", "formula": "extent * nothing"}, "nothing"),
        ({"type": "calculated", "formula": "rate + 1"}, "rate"),
    ],
)
def test_a_fault_leads_to_its_field(changes: dict[str, Any], said: str) -> None:
    found = faults_of(spoilt(**changes), SAMPLE)
    assert "land.value.rate" in [one.path for one in found]
    assert said in " ".join(one.text for one in found)


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"land": {"value": {"width": "3"}}}, "land.value.width: there is no such field"),
        ({"sea": {"value": {}}}, "sea.value: there is no such section"),
        ({"land": []}, "write an object"),
        ({"land": {"value": {"extent": "many"}}}, "'many' is no answer of the type decimal"),
        ({"land": {"value": {"built": "perhaps"}}}, "no answer of the type radio"),
        ({"land": {"value": {"owners": {"name": "A"}}}}, "has not the shape"),
    ],
)
def test_a_sample_that_does_not_fit_is_told(answers: Any, said: str) -> None:
    assert said in " ".join(problems_of(small_content(), answers))


def test_content_of_no_shape_at_all_is_told_and_not_fatal() -> None:
    assert content_problems({"tabs": [{"id": "a"}]}) != []


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("tab general > section owners > field phone: it is wrong.", "general.owners.phone"),
        ("tab a > section b > field c > column d: it is wrong.", "a.b.c.d"),
        ("tab a: sections have the id b 2 times.", "a"),
        ("a.b.c: the formula is wrong.", "a.b.c"),
        ("Sample answers: a.b.c: there is no such field.", "a.b.c"),
        ("abstract line 3 (Land): there is no column x.", "document"),
        ("It is nested too deeply.", ""),
    ],
)
def test_a_sentence_names_its_place(text: str, path: str) -> None:
    assert place_of(text) == path


def test_a_total_that_leaves_a_part_out_is_told_but_may_be_published() -> None:
    content = packed_without_miscellaneous()

    assert problems_of(content, None) == []
    assert {fault.path for fault in warnings_of(content)} >= {"abstract.market.fair_market_value"}


def test_of_an_unsound_format_only_what_is_unsound_is_told() -> None:
    content = packed_without_miscellaneous()

    assert warnings_of({**content, "headline": {"fair_market_value": "no.such.field"}}) == []


def packed_without_miscellaneous() -> dict[str, Any]:
    """UCO's land and building, its market total without the miscellaneous works."""
    raw = load_json(DATA_FOLDER / "formats" / "uco_land_building_v1.json")
    total = "sum(land_value, building_value, extra_value, amenities_value, services_value)"
    patch = {"change": {"abstract.market.fair_market_value": {"formula": total}}}
    return changed(to_content(raw, common_fields()), patch)


def test_faults_of_formulas_are_told_together_with_the_others() -> None:
    content = spoilt(condition={"field": "built", "operator": "==", "value": "perhaps"})
    field_of(content, "total")["formula"] = "extent * ratio"

    assert problems_of(content, SAMPLE) == [
        "tab land > section value > field rate: its condition waits for perhaps, which land.value.built "
        "never says; use yes, no.",
        "tab land > section value > field total: the formula “extent * ratio” names “ratio”, which is no "
        "field of this row, group, section or format.",
    ]


def test_a_formula_that_waits_for_a_word_that_is_not_offered_stands_in_the_way_of_publishing() -> None:
    (fault,) = faults_of(spoilt(type="calculated", formula='1 if built == "perhaps" else 0'), None)

    assert fault.path == "land.value.rate"
    assert "waits for “perhaps”, which land.value.built never says; use yes, no." in fault.text
