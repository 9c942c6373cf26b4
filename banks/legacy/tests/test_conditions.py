"""Old conditions, as they are asked here, or told why they cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from banks.legacy.tests.madeup import converted, field, node, section, small_format, told

_TARGETS = (
    field("s", "select", options=[{"value": "x", "label": "Ex"}, "y"]),
    field("yes", "checkbox"),
    field("n", "number"),
    field("said"),
    field("m", "multiselect", options=["p", "q"]),
)


@pytest.mark.parametrize(
    ("old", "ours"),
    [
        ({"field": "s", "operator": "==", "value": "x"}, ("s", "==", "x")),
        ({"field": "s", "operator": "===", "value": "Ex"}, ("s", "==", "x")),
        ({"field": "s", "value": "y"}, ("s", "==", "y")),
        ({"field": "s", "operator": "!=", "value": "x"}, ("s", "!=", "x")),
        ({"field": "s", "operator": "in", "value": ["x", "y"]}, ("s", "in", ["x", "y"])),
        ({"field": "m", "operator": "contains", "value": "p"}, ("m", "in", ["p"])),
        ({"field": "yes", "operator": "==", "value": True}, ("yes", "==", "true")),
        ({"field": "yes", "operator": "==", "value": "No"}, ("yes", "==", "false")),
        ({"field": "n", "operator": ">", "value": 2}, ("n", ">", "2")),
        ({"field": "said", "operator": "exists"}, ("said", "filled", None)),
        ({"field": "said", "operator": "exists", "value": False}, ("said", "empty", None)),
        ([{"field": "s", "operator": "==", "value": "x"}], ("s", "==", "x")),
        (
            {"logic": "or", "conditions": [{"field": "s", "value": "x"}, {"field": "s", "value": "y"}]},
            ("s", "in", ["x", "y"]),
        ),
    ],
)
def test_a_condition_is_asked_as_it_was(old: Any, ours: tuple[Any, ...]) -> None:
    result = converted(small_format(*_TARGETS, field("shown", conditionalLogic=old)))

    condition = node(result.content, "one.part.shown")["condition"]
    assert (condition["field"], condition["operator"], condition.get("value")) == (
        f"one.part.{ours[0]}",
        *ours[1:],
    )


@pytest.mark.parametrize(
    ("old", "reason"),
    [
        ({"field": "s", "operator": "==", "value": "z"}, "never says"),
        ({"field": "s", "operator": "matches", "value": "x"}, "is not known"),
        ({"field": "gone", "operator": "==", "value": "x"}, "there is no field gone"),
        ({"field": "shown", "operator": "==", "value": "x"}, "depends on what it would hide"),
        ({"field": "said", "operator": "contains", "value": "x"}, "a part of a text"),
        (
            {"conditions": [{"field": "s", "value": "x"}, {"field": "n", "operator": ">", "value": 1}]},
            "it joins several",
        ),
        ({"field": "s", "value": "x", "action": "hide"}, "not for showing"),
        ("s == x", "it is no object"),
        ({"operator": "=="}, "it names no field"),
        ({"field": "n", "operator": ">", "value": "many"}, "no figure to compare"),
    ],
)
def test_a_condition_that_cannot_be_asked_leaves_the_field_shown_and_is_told(old: Any, reason: str) -> None:
    result = converted(small_format(*_TARGETS, field("shown", conditionalLogic=old)))

    assert "condition" not in node(result.content, "one.part.shown")
    assert reason in told(result.faults, "shown.conditionalLogic")


def test_fields_that_would_hide_each_other_stay_shown() -> None:
    first = field("first", conditionalLogic={"field": "second", "operator": "exists"})
    second = field("second", conditionalLogic={"field": "first", "operator": "exists"})

    result = converted(small_format(first, second))

    assert ["condition" in node(result.content, f"one.part.{name}") for name in ("first", "second")] == [
        True,
        False,
    ]


def test_a_section_may_hang_on_an_answer() -> None:
    document = small_format(field("s", "select", options=["x", "y"]))
    document["documents"][0]["sections"].append(
        section("later", field("a"), conditionalLogic={"field": "s", "operator": "==", "value": "x"})
    )

    assert node(converted(document).content, "one.later")["condition"]["field"] == "one.part.s"


def test_a_condition_that_only_the_tab_says_of_its_section_holds() -> None:
    document = small_format(field("s", "select", options=["x", "y"]))
    document["documents"][0]["sections"].append(section("more", field("detail")))
    condition = {"field": "s", "operator": "==", "value": "x"}
    document["templateMetadata"]["tabs"][0]["sections"] = [
        {"sectionId": "part"}, {"sectionId": "more", "conditionalLogic": condition, "colour": "red"}
    ]  # fmt: skip
    result = converted(document)

    assert node(result.content, "one.more")["condition"]["field"] == "one.part.s"
    assert "The key colour is not known here" in told(result.faults, "colour")


def test_a_condition_with_too_many_values_is_told_and_not_cut() -> None:
    values = [f"v{number}" for number in range(60)]
    condition = {"field": "s", "operator": "in", "value": values}
    result = converted(
        small_format(field("s", "select", options=values), field("then", conditionalLogic=condition))
    )

    assert "condition" not in node(result.content, "one.part.then")
    assert "60 values" in told(result.faults, "then")
