"""Pieces of a draft are replaced, added, moved and removed; nothing else changes, nor what was given."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banks.formats.editing import (
    new_node,
    node_and_kind,
    outline,
    unreadable,
    with_added,
    with_moved,
    with_node,
    without,
)
from banks.formats.problems import FormatProblem
from banks.tests.formats.small import first_section, small_format

FIELDS = ("built", "extent", "rate", "total", "owners")


def ids(content: dict[str, Any]) -> list[str]:
    return [field["id"] for field in first_section(content)["fields"]]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("land", "tab"),
        ("land.value", "section"),
        ("land.value.rate", "field"),
        ("land.value.owners.share", "column"),
    ],
)
def test_a_node_is_found_by_its_path(path: str, kind: str) -> None:
    node, found = node_and_kind(small_format(), path)
    assert (node["id"], found) == (path.rpartition(".")[2], kind)


@pytest.mark.parametrize("path", ["sea", "land.value.width", "land.value.owners.share.more", ""])
def test_a_path_that_leads_nowhere_is_said(path: str) -> None:
    with pytest.raises(FormatProblem):
        node_and_kind(small_format(), path)


def test_another_node_takes_the_place_of_one() -> None:
    node = {"id": "rate", "type": "currency", "label": "Adopted rate"}
    assert first_section(with_node(small_format(), "land.value.rate", node))["fields"][2] == node


def test_an_id_that_is_taken_is_refused() -> None:
    with pytest.raises(FormatProblem, match="rate is taken"):
        with_node(small_format(), "land.value.extent", {"id": "rate", "type": "text", "label": "X"})


@pytest.mark.parametrize(
    ("into", "kind", "expected"),
    [
        ("", "tab", "new"),
        ("land", "section", "land.new"),
        ("land.value", "field", "land.value.new"),
        ("land.value.owners", "column", "land.value.owners.new"),
    ],
)
def test_what_is_added_is_the_last_of_its_parent(into: str, kind: str, expected: str) -> None:
    content, path = with_added(small_format(), into, new_node(kind, "new", "New", "text"))
    assert path == expected
    assert node_and_kind(content, path)[0]["label"] == "New"


def test_nothing_is_added_to_a_plain_field() -> None:
    with pytest.raises(FormatProblem, match="nothing can be added"):
        with_added(small_format(), "land.value.rate", new_node("field", "new", "New", "text"))


@given(st.sampled_from(FIELDS), st.integers(-9, 9))
def test_moving_keeps_all_and_the_order_of_the_others(name: str, steps: int) -> None:
    content = small_format()
    moved = ids(with_moved(content, f"land.value.{name}", steps))
    assert [one for one in moved if one != name] == [one for one in FIELDS if one != name]
    assert moved.index(name) == max(0, min(FIELDS.index(name) + steps, len(FIELDS) - 1))
    assert content == small_format()


@given(st.sampled_from(FIELDS))
def test_what_is_removed_is_gone_alone(name: str) -> None:
    content = small_format()
    assert ids(without(content, f"land.value.{name}")) == [one for one in FIELDS if one != name]
    assert content == small_format()


def test_the_outline_has_every_node_with_what_can_be_added() -> None:
    [tab] = outline(small_format())
    [section] = tab.entries
    assert [one.path for one in section.entries] == [f"land.value.{name}" for name in FIELDS]
    assert (tab.takes, section.takes, section.entries[-1].takes) == ("section", "field", "column")


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ({"tabs": {}}, "tabs is missing"),
        ({"tabs": [3]}, "has no id"),
        ({"tabs": [{"id": "a", "sections": [{"label": "no id"}]}]}, "a: entry 1 has no id"),
        ({"title": " "}, "title is missing"),
        ({"title": "x" * 161}, "at most 160"),
        ({"more": {"$where": 1}}, "cannot be stored"),
        ({"more": {"a\0": 1}}, "cannot be stored"),
        ({"more": 2**70}, "too large a number"),
    ],
)
def test_what_cannot_even_be_kept_is_said(edit: dict[str, Any], said: str) -> None:
    assert said in " ".join(unreadable({**small_format(), **edit}))


@pytest.mark.parametrize("content", [None, [], "text", 3])
def test_only_an_object_can_be_a_format(content: Any) -> None:
    assert "no JSON object" in unreadable(content)[0]


def test_a_bottomless_value_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(100):
        deep = {"more": deep}
    assert "nested too deeply" in unreadable({**small_format(), "deep": deep})[0]


def test_imperfect_content_can_be_kept() -> None:
    content = copy.deepcopy(small_format())
    first_section(content)["fields"].append({"id": "odd", "type": "no such type"})
    assert unreadable(content) == []
