"""Shapes of old formats beyond the usual ones: nested sections, tables without names, other spellings."""

from __future__ import annotations

from typing import Any

import pytest

from banks.legacy.tests.madeup import converted, field, group, node, section, small_format, told

YES_NO = [{"value": "Yes", "label": "Yes"}, {"value": "No", "label": "No"}]


def column(name: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    return {"columnId": name, "columnName": name.capitalize(), "fieldType": kind, **more}


def with_sections(*sections: dict[str, Any]) -> dict[str, Any]:
    document = small_format()
    document["documents"][0]["sections"] = list(sections)
    return document


def compared(columns: list[dict[str, Any]], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """A table to which people add columns."""
    config = {"tableType": "column_dynamic", "fixedColumns": columns, "rows": rows}
    moving = {"dynamicColumns": {"defaultColumns": [column("first")]}}
    return field("sales", "dynamic_table", tableConfig={**config, **moving})


# Sections within sections -------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["subSections", "subsections", "sections"])
def test_a_section_within_a_section_stands_after_it(key: str) -> None:
    inner = section("inner", field("depth"))
    result = converted(with_sections(section("outer", field("width"), **{key: [inner]}), section("last")))
    assert [one["label"] for one in result.content["tabs"][-1]["sections"]] == ["Outer", "Outer: Inner"]
    assert result.answer_paths["inner.depth"] == ("one.inner.depth",)
    assert "A section within a section" in told(result.faults, "inner")


def test_a_section_within_a_section_hangs_on_the_same_condition() -> None:
    outer = section("outer", field("width"), subSections=[section("inner", field("depth"))],
                    conditionalLogic={"field": "kind", "value": "Yes"})  # fmt: skip
    result = converted(with_sections(section("first", field("kind", "select", options=YES_NO)), outer))
    _, outside, inside = result.content["tabs"][-1]["sections"]
    assert inside["condition"] == outside["condition"] != {}


def test_a_section_within_one_that_was_inactive_is_not_shown() -> None:
    outer = section("outer", field("width"), isActive=False, subSections=[section("inner", field("depth"))])
    result = converted(with_sections(section("first", field("kind")), outer))
    assert [one["id"] for one in result.content["tabs"][-1]["sections"]] == ["first"]


def test_fields_that_stand_in_the_tab_itself_are_not_told_to_be_unknown() -> None:
    document = small_format()
    document["templateMetadata"]["tabs"] = [{"tabId": "a", "sections": [section("x", field("depth"))]}]
    result = converted(document)
    assert node(result.content, "a.x.depth")["type"] == "text"
    assert [one.problem for one in result.faults if "key fields" in one.problem] == []


# Tables -------------------------------------------------------------------------------------------------


def test_letters_that_count_rows_do_not_name_them() -> None:
    columns = [column("n", isReadonly=True), column("item", isReadonly=True)]
    rows = [{"n": "(i)", "item": "Address"}, {"n": "(ii)", "item": "Rate"}]
    table = node(converted(small_format(compared(columns, rows))).content, "one.part.sales")["table"]
    assert [(one["number"], one["label"]) for one in table["row_fields"]] == [
        ("(i)", "Address"), ("(ii)", "Rate"),
    ]  # fmt: skip


def test_letters_name_the_rows_where_nothing_else_does() -> None:
    rows = [{"block": "A"}, {"block": "B"}]
    table = node(
        converted(small_format(compared([column("block", isReadonly=True)], rows))).content, "one.part.sales"
    )["table"]
    assert [one["label"] for one in table["row_fields"]] == ["A", "B"]


def test_a_column_that_cannot_be_filled_beside_moving_ones_is_told() -> None:
    columns = [column("item", isReadonly=True), column("remarks")]
    result = converted(small_format(compared(columns, [{"item": "Address"}])))
    assert "cannot be filled here" in told(result.faults, "remarks")


@pytest.mark.parametrize("name", ["sl", "sr", "kramank"])
def test_a_column_that_only_numbers_given_rows_is_not_printed_beside_their_numbers(name: str) -> None:
    sides = field("sides", "table", columns=[column(name, "number", isReadonly=True), column("length")],
                  rows=[{name: "1"}, {name: "2"}])  # fmt: skip
    table = node(converted(small_format(sides)).content, "one.part.sides")["table"]
    assert [one["id"] for one in table["columns"]] == ["length"]


# Words and types ----------------------------------------------------------------------------------------


def test_a_long_label_is_cut_between_words_and_stands_whole_in_the_help() -> None:
    label = "Whether the property lies in a residential area " * 6
    found = node(converted(small_format(field("place", uiDisplayName=label))).content, "one.part.place")
    assert found["label"].endswith(("residential…", "area…", "lies…", "in…", "a…", "the…", "property…"))
    assert len(found["label"]) <= 200
    assert found["help"] == " ".join(label.split())


def test_a_help_that_was_there_is_not_replaced_by_the_label() -> None:
    asked = field("place", uiDisplayName="far " * 80, helpText="As by the deed.")
    assert node(converted(small_format(asked)).content, "one.part.place")["help"] == "As by the deed."


def test_joiners_of_indian_scripts_stay() -> None:
    label = "क्\u200cष और क्\u200dष"
    asked = field("letters", uiDisplayName=label)
    assert node(converted(small_format(asked)).content, "one.part.letters")["label"] == label


@pytest.mark.parametrize(
    ("old", "ours"),
    [("DatePicker", "date"), ("phone_number", "tel"), ("images", "file"), ("Yes/No", "checkbox")],
)
def test_other_spellings_of_a_type_are_known(old: str, ours: str) -> None:
    assert node(converted(small_format(field("it", old))).content, "one.part.it")["type"] == ours


@pytest.mark.parametrize(("old", "ours"), [("boolean", "radio"), ("checkbox", "multiselect")])
def test_a_yes_or_no_with_choices_is_a_choice_of_one(old: str, ours: str) -> None:
    asked = field("fenced", old, options=YES_NO)
    assert node(converted(small_format(asked)).content, "one.part.fenced")["type"] == ours


# Conditions ---------------------------------------------------------------------------------------------

_KIND = field("kind", "select", options=YES_NO)


@pytest.mark.parametrize(
    "more",
    [
        {"and": {"field": "count", "operator": ">", "value": 1}},
        {"rules": [{"field": "count", "operator": ">", "value": 1}]},
        {"negate": True},
        {"enabled": False},
    ],
)
def test_half_a_condition_is_not_asked(more: dict[str, Any]) -> None:
    logic = {"field": "kind", "operator": "==", "value": "Yes", **more}
    result = converted(small_format(_KIND, field("count", "number"), field("it", conditionalLogic=logic)))
    assert "condition" not in node(result.content, "one.part.it")
    assert "cannot be asked here" in told(result.faults, "it")


def test_words_for_people_in_a_condition_do_no_harm() -> None:
    logic = {"field": "kind", "value": "Yes", "description": "Only then", "action": "show", "type": "simple"}
    result = converted(small_format(_KIND, field("it", conditionalLogic=logic)))
    assert node(result.content, "one.part.it")["condition"]["value"] == "Yes"


def test_a_figure_in_a_condition_is_spelt_as_answers_are() -> None:
    logic = {"field": "count", "operator": ">", "value": "1,000"}
    result = converted(small_format(field("count", "number"), field("it", conditionalLogic=logic)))
    assert node(result.content, "one.part.it")["condition"]["value"] == "1000"


def test_a_condition_may_wait_for_a_day() -> None:
    logic = {"field": "built", "operator": ">=", "value": "2020-01-01"}
    result = converted(small_format(field("built", "date"), field("it", conditionalLogic=logic)))
    assert node(result.content, "one.part.it")["condition"]["operator"] == ">="


# Formulas -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "ours"),
    [
        ("a * 18% + b", "a * 18 / 100 + b"),
        ("a * 90% - b * 80%", "a * 90 / 100 - b * 80 / 100"),
        ("a * (1 - 10%)", "a * (1 - 10 / 100)"),
        ("ROUND(a, -3)", "round_to(a, 1000, 'nearest')"),
        ("CEILING(a, 500)", "round_to(a, 500, 'up')"),
        ("FLOOR(a, 5)", "round_to(a, 5, 'down')"),
        ("MROUND(a, 1000)", "round_to(a, 1000, 'nearest')"),
        ("AVERAGE(a, b)", "mean(a, b)"),
        ("IF(AND(a > 5, b < 3), a, b)", "(a if (a > 5 and b < 3) else b)"),
        ("IF(OR(a > 5, b < 3), a, b)", "(a if (a > 5 or b < 3) else b)"),
    ],
)
def test_a_formula_of_a_spreadsheet_is_written_here(old: str, ours: str) -> None:
    result = converted(small_format(*_AMOUNTS, field("it", "currency", formula=old)))
    assert node(result.content, "one.part.it")["formula"] == ours


@pytest.mark.parametrize("old", ["a - 10%", "a * b + 5%", "a + b%", "AND()", "MROUND(a, 0)", "FLOOR(a, b)"])
def test_a_formula_with_two_readings_is_typed(old: str) -> None:
    result = converted(small_format(*_AMOUNTS, field("it", "currency", formula=old)))
    assert "formula" not in node(result.content, "one.part.it")
    assert "cannot be worked out here" in told(result.faults, "it")


_AMOUNTS = (field("a", "number"), field("b", "number"))


def test_an_area_that_is_no_basis_of_a_rate_is_told_so() -> None:
    carpet = field("carpet", "number", units=["sqft", "sqm"])
    total = field("saleable", "calculated", formula="carpet * (1 + loading / 100)")
    result = converted(small_format(group("areas", carpet, field("loading", "number"), total)))
    assert "It counts in sq ft" in told(result.faults, "saleable")
    assert node(result.content, "one.part.areas.saleable")["help"] == "The area counts in sq ft here."
