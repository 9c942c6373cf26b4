"""What differs between two versions is told once, at its place, and nothing else is told."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banks.formats.comparing import Difference, differences
from banks.tests.formats.small import field_of, first_section, small_format


def told(edit: Any) -> list[tuple[str, str, str]]:
    """(kind, path, what) of what an edit of the small format makes different."""
    newer = small_format()
    edit(newer)
    return [(one.kind, one.path, one.what) for one in differences(small_format(), newer)]


def test_nothing_differs_from_itself() -> None:
    assert differences(small_format(), small_format()) == []


def test_a_changed_attribute_is_told_with_both_values() -> None:
    newer = small_format()
    field_of(newer, "rate")["label"] = "Adopted rate"
    assert differences(small_format(), newer) == [
        Difference("changed", "land.value.rate", "label", "Adopted rate", "Rate", "Adopted rate")
    ]


def test_a_limit_is_told_by_its_own_name() -> None:
    newer = small_format()
    field_of(newer, "rate")["validation"] = {"maximum": "9"}
    assert [(one.what, one.before, one.after) for one in differences(small_format(), newer)] == [
        ("validation.maximum", None, "9")
    ]


def test_an_added_field_is_told_once_with_all_that_is_in_it() -> None:
    group = {
        "id": "box",
        "type": "group",
        "label": "Box",
        "fields": [{"id": "in", "type": "text", "label": "In"}],
    }
    assert told(lambda raw: first_section(raw)["fields"].append(group)) == [
        ("added", "land.value.box", "field")
    ]


def test_a_removed_table_takes_its_columns_along() -> None:
    assert told(lambda raw: first_section(raw)["fields"].pop()) == [("removed", "land.value.owners", "field")]


def test_a_column_is_found_inside_its_table() -> None:
    def edit(raw: dict[str, Any]) -> None:
        field_of(raw, "owners")["table"]["columns"][1]["total"] = False

    assert told(edit) == [("changed", "land.value.owners.share", "total")]


def test_moving_one_of_many_tells_that_one() -> None:
    def edit(raw: dict[str, Any]) -> None:
        fields = first_section(raw)["fields"]
        fields.insert(0, fields.pop(3))

    assert told(edit) == [("moved", "land.value.total", "field")]


def test_a_field_in_another_section_has_moved_and_is_neither_new_nor_gone() -> None:
    newer = small_format()
    field = first_section(newer)["fields"].pop(1)
    newer["tabs"][0]["sections"].insert(0, {"id": "extent", "label": "Extent", "fields": [field]})
    found = differences(small_format(), newer)
    moved = [one for one in found if one.kind == "moved"]
    assert [(one.path, one.before, one.after) for one in moved] == [
        ("land.extent.extent", "land.value.extent", "land.extent.extent")
    ]
    assert [(one.kind, one.path) for one in found if one.kind != "moved"] == [("added", "land.extent")]


def test_what_is_inside_a_moved_section_is_not_told_again() -> None:
    newer = small_format()
    section = newer["tabs"][0]["sections"].pop()
    newer["tabs"] = [{"id": "worth", "label": "Worth", "sections": [section]}]
    found = [(one.kind, one.path) for one in differences(small_format(), newer)]
    assert found == [("added", "worth"), ("moved", "worth.value"), ("removed", "land")]


def test_options_are_told_one_by_one() -> None:
    older, newer = small_format(), small_format()
    field_of(older, "built")["options"] = [{"value": "yes", "label": "Yes"}, {"value": "no", "label": "No"}]
    field_of(newer, "built")["options"] = [
        {"value": "yes", "label": "It is"},
        {"value": "partly", "label": "Partly"},
    ]
    found = [(one.kind, one.before, one.after) for one in differences(older, newer)]
    assert found == [("changed", "Yes", "It is"), ("removed", "no", None), ("added", None, "partly")]


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        (
            "parameters",
            {"realizable_percent": "85"},
            ("changed", "parameters.realizable_percent", "parameter"),
        ),
        ("headline", {}, ("removed", "headline.fair_market_value", "figure")),
        ("title", "Another", ("changed", "", "title")),
    ],
)
def test_what_belongs_to_the_whole_format_is_told(
    key: str, value: Any, expected: tuple[str, str, str]
) -> None:
    assert told(lambda raw: raw.update({key: value})) == [expected]


def test_one_statement_among_many_is_told_alone() -> None:
    older, newer = small_format(), small_format()
    older["document"]["methodology"] = ["One.", "Two.", "Three."]
    newer["document"]["methodology"] = ["One.", "Two, said better.", "Three."]
    assert differences(older, newer) == [
        Difference("changed", "document.methodology", "text", "methodology 2", "Two.", "Two, said better.")
    ]


def test_a_new_version_number_is_no_difference() -> None:
    assert told(lambda raw: raw["format"].update(version=2)) == []


# Whatever is changed -------------------------------------------------------------------------------------

PATHS = ("built", "extent", "rate", "total", "owners")


@given(st.permutations(PATHS), st.sets(st.sampled_from(PATHS)), st.sets(st.sampled_from(PATHS)))
def test_each_field_is_told_of_as_what_became_of_it(
    order: list[str], removed: set[str], relabelled: set[str]
) -> None:
    newer = small_format()
    by_id = {field["id"]: field for field in first_section(newer)["fields"]}
    for name in relabelled:
        by_id[name]["label"] += " (new)"
    first_section(newer)["fields"] = [by_id[name] for name in order if name not in removed]
    before = copy.deepcopy(newer)

    found = differences(small_format(), newer)

    by_kind = {
        kind: {one.path.rpartition(".")[2] for one in found if one.kind == kind}
        for kind in ("added", "removed", "changed", "moved")
    }
    assert newer == before
    assert by_kind["removed"] == removed
    assert by_kind["changed"] == relabelled - removed
    assert by_kind["added"] == set()
    kept = [name for name in order if name not in removed]
    stay = [name for name in kept if name not in by_kind["moved"]]
    assert stay == [name for name in PATHS if name in stay]
