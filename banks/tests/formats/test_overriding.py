"""A firm's changes over a format: which value stands, where it is from, and that nothing else happens."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banks.formats.building import build_definition
from banks.formats.changing import node_at
from banks.formats.origins import Origin
from banks.formats.overriding import LIMITS, OF_TABLE, adapted, combined, merged, original, own_path
from banks.formats.paths import index_fields
from banks.override_checks import without
from banks.places import Place
from banks.tests.formats.adaptable import CONTENT, NAME, SECTION, attributes, changes, shown_changes

Changes = dict[str, Any]
# Each tries a small format; what is found at all is found within these.
few = settings(max_examples=40)


def value_at(content: dict[str, Any], path: str, attribute: str) -> Any:
    node = node_at(content, path)
    assert node is not None, path
    kept = node.get("table", {}) if attribute in OF_TABLE else node.get("validation", {})
    return kept.get(attribute) if attribute in LIMITS else node.get(attribute)


def test_without_changes_it_is_the_format_itself() -> None:
    found = merged(CONTENT)
    assert found.content == CONTENT
    assert set(found.origins.values()) == {Origin.SHARED, Origin.FORMAT}


@pytest.mark.parametrize("wanted", [{"max_date": "2026-03-31"}, {"max_date": None}, {"min_date": "today"}])
def test_the_formats_words_for_its_own_limit_are_not_said_of_the_firms(wanted: dict[str, Any]) -> None:
    content = adapted(CONTENT, {"fields": {"land.value.sold": wanted}})
    assert value_at(CONTENT, "land.value.sold", "max_date") == "today"
    assert "message" not in (node_at(content, "land.value.sold") or {})["validation"]
    kept = adapted(CONTENT, {"fields": {"land.value.sold": {"label": "Sold"}}})
    assert (node_at(kept, "land.value.sold") or {})["validation"]["message"] == "Nothing is sold tomorrow."


def test_the_common_fields_are_shared_and_the_rest_is_the_formats() -> None:
    origins = merged(CONTENT).origins
    assert origins["common.details.applicant_name.label"] is Origin.SHARED
    assert origins["land.value.rate.label"] is Origin.FORMAT
    assert origins["parameters.realizable_percent"] is Origin.FORMAT


@few
@given(changes, changes)
def test_the_branch_stands_above_the_firm_and_the_firm_above_the_format(
    firm: Changes, branch: Changes
) -> None:
    found = merged(CONTENT, firm, branch)
    for path in index_fields(build_definition(CONTENT)).keys() - found.hidden.keys():
        of_firm = firm.get("fields", {}).get(path, {})
        of_branch = branch.get("fields", {}).get(path, {})
        for attribute in ("label", "help", "default", "required", *LIMITS):
            key = f"{path}.{attribute}"
            origin: Origin | None
            if attribute in of_branch:
                expected, origin = of_branch[attribute], Origin.BRANCH
            elif attribute in of_firm:
                expected, origin = of_firm[attribute], Origin.FIRM
            else:
                expected, origin = original(CONTENT, attribute, path), found.origins.get(key)
                assert origin is None or not origin.is_own
            assert value_at(found.content, path, attribute) == expected
            assert found.origins.get(key) is origin
    for name, value in found.content["parameters"].items():
        layers = [(branch, Origin.BRANCH), (firm, Origin.FIRM), (CONTENT, Origin.FORMAT)]
        says = [(one["parameters"][name], at) for one, at in layers if name in one.get("parameters", {})]
        assert (value, found.origins[f"parameters.{name}"]) == says[0]


@few
@given(attributes, attributes)
def test_of_two_layers_that_say_something_of_one_question_the_branch_s_stands(
    of_firm: Changes, of_branch: Changes
) -> None:
    path = "land.value.rate"
    found = merged(CONTENT, {"fields": {path: of_firm}}, {"fields": {path: of_branch}})
    for attribute, value in {**of_firm, **of_branch}.items():
        assert value_at(found.content, path, attribute) == value
        origin = Origin.BRANCH if attribute in of_branch else Origin.FIRM
        assert found.origins[f"{path}.{attribute}"] is origin


@few
@given(changes, changes)
def test_every_value_that_is_there_has_an_origin(firm: Changes, branch: Changes) -> None:
    found = merged(CONTENT, firm, branch)
    for path, field in index_fields(build_definition(found.content)).items():
        assert path in found.origins
        assert f"{path}.label" in found.origins
        assert (f"{path}.help" in found.origins) or not field.help
        assert (f"{path}.minimum" in found.origins) or field.validation.minimum is None


@few
@given(changes, changes)
def test_what_is_hidden_appears_nowhere(firm: Changes, branch: Changes) -> None:
    found = merged(CONTENT, firm, branch)
    there = index_fields(build_definition(found.content))
    assert not set(found.hidden) & set(there)
    assert not [key for key in found.origins if key.rpartition(".")[0] in found.hidden and key in there]
    for path, wanted in branch.get("fields", {}).items():
        if "hidden" in wanted:
            assert (path in there) is not wanted["hidden"]


@few
@given(changes, changes)
def test_an_added_field_stands_once_whoever_adds_it(firm: Changes, branch: Changes) -> None:
    found = merged(CONTENT, firm, branch)
    section = node_at(found.content, SECTION)
    assert section is not None
    ids = [field["id"] for field in section["fields"]]
    wanted = {one["field"]["id"] for one in [*firm.get("added", ()), *branch.get("added", ())]}
    assert wanted <= set(ids)
    assert len(ids) == len(set(ids))
    for one in branch.get("added", ()):
        assert found.origins[own_path(one)] is Origin.BRANCH


@few
@given(changes, changes)
def test_nothing_given_is_changed(firm: Changes, branch: Changes) -> None:
    before = deepcopy((CONTENT, firm, branch))
    merged(CONTENT, firm, branch)
    assert (CONTENT, firm, branch) == before


@few
@given(shown_changes)
def test_what_is_laid_over_twice_is_as_laid_over_once(firm: Changes) -> None:
    once = adapted(CONTENT, firm)
    assert adapted(once, firm) == once
    assert combined(firm, firm) == combined(firm, None)


@few
@given(changes, st.randoms())
def test_the_order_in_which_changes_are_written_does_not_matter(firm: Changes, random: Any) -> None:
    fields = list(firm.get("fields", {}).items())
    random.shuffle(fields)
    shuffled = {**dict(reversed(firm.items())), "fields": dict(fields)}
    assert merged(CONTENT, shuffled) == merged(CONTENT, firm)


@few
@given(changes, changes, changes)
def test_layers_may_be_joined_from_either_end(one: Changes, two: Changes, three: Changes) -> None:
    assert combined(combined(one, two), three) == combined(one, combined(two, three))


@few
@given(changes)
def test_nothing_over_nothing_is_nothing_and_over_something_that(firm: Changes) -> None:
    assert combined(None, None) == {}
    assert combined(firm, None) == combined(None, firm) == combined(combined(firm, {}), {})


@few
@given(changes)
def test_taking_everything_back_gives_the_format_again(firm: Changes) -> None:
    left = without(firm, "", Place("format", format_name=NAME))
    assert left == {}
    assert merged(CONTENT, left).content == CONTENT


@few
@given(changes)
def test_taking_back_thing_by_thing_gives_the_format_again(firm: Changes) -> None:
    left = firm
    for path, wanted in firm.get("fields", {}).items():
        for attribute in wanted:
            left = without(left, "", Place("format", attribute, "", NAME, path))
    for one in firm.get("added", ()):
        left = without(left, "", Place("format", "added", "", NAME, own_path(one)))
    left = without(left, "", Place("format", "parameter", "", NAME, "realizable_percent"))
    assert adapted(CONTENT, left) == CONTENT


def test_a_branch_shows_what_the_firm_hides_elsewhere() -> None:
    path = "land.value.remarks"
    firm = {"fields": {path: {"hidden": True, "label": "Notes"}}}
    found = merged(CONTENT, firm, {"fields": {path: {"hidden": False}}})
    assert (value_at(found.content, path, "label"), found.hidden) == ("Notes", {})


def test_who_hides_a_question_is_known() -> None:
    hide = {"fields": {"land.value.remarks": {"hidden": True}}}
    assert merged(CONTENT, hide).hidden == {"land.value.remarks": Origin.FIRM}
    assert merged(CONTENT, {}, hide).hidden == {"land.value.remarks": Origin.BRANCH}


def test_a_field_may_stand_after_one_that_is_hidden() -> None:
    firm = {
        "fields": {"land.value.remarks": {"hidden": True}},
        "added": [
            {"section": SECTION, "after": "remarks", "field": {"id": "own_a", "type": "text", "label": "A"}}
        ],
    }
    section = node_at(merged(CONTENT, firm).content, SECTION)
    assert section is not None
    ids = [field["id"] for field in section["fields"]]
    assert ids[ids.index("own_a") - 1] == "plot"


def test_a_branch_changes_and_hides_a_field_of_the_firms_own() -> None:
    own = {"section": SECTION, "field": {"id": "own_a", "type": "text", "label": "A"}}
    path = f"{SECTION}.own_a"
    labelled = merged(CONTENT, {"added": [own]}, {"fields": {path: {"label": "B"}}})
    assert value_at(labelled.content, path, "label") == "B"
    assert labelled.origins[f"{path}.label"] is Origin.BRANCH
    hidden = merged(CONTENT, {"added": [own]}, {"fields": {path: {"hidden": True}}})
    assert node_at(hidden.content, path) is None


def test_the_words_of_an_origin() -> None:
    assert [origin.words for origin in Origin] == [
        "from the bank",
        "from the bank's format",
        "your firm's",
        "your firm's, for this branch",
    ]
    assert Origin.SHARED.words_in_format == "from the shared fields"
