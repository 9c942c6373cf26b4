"""Everything that a format may not do, and that the refusal says where and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from banks.formats.problems import FormatProblem
from banks.formats.reading import read_format
from banks.tests.formats.small import field_of, first_section, small_common, small_format

Raw = dict[str, Any]


def problems_of(raw: Any) -> list[str]:
    with pytest.raises(FormatProblem) as caught:
        read_format(raw, small_common())
    return caught.value.problems


def only_problem(spoil: Callable[[Raw], object]) -> str:
    """The one sentence with which a spoilt small format is refused."""
    raw = small_format()
    spoil(raw)
    problems = problems_of(raw)
    assert len(problems) == 1, problems
    return problems[0]


def put(field_id: str, **attributes: Any) -> Callable[[Raw], object]:
    return lambda raw: field_of(raw, field_id).update(attributes)


def add(**attributes: Any) -> Callable[[Raw], object]:
    extra = {"id": "extra", "label": "Extra", **attributes}
    return lambda raw: first_section(raw)["fields"].append(extra)


def column(number: int, **attributes: Any) -> Callable[[Raw], object]:
    return lambda raw: field_of(raw, "owners")["table"]["columns"][number].update(attributes)


def table(**attributes: Any) -> Callable[[Raw], object]:
    return lambda raw: field_of(raw, "owners")["table"].update(attributes)


def lookup(**table_of: Any) -> Callable[[Raw], object]:
    return lambda raw: raw.update(lookups={"rates": table_of})


TEXT = {"id": "part", "type": "text", "label": "Part"}
TABLE_FIELD = {"type": "dynamic_table"}


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        # the shape
        (put("rate", type="money"), 'field rate > type: "money" is not known here; use one of text'),
        (put("rate", width=5), "field rate > width: 5 is not known here; use one of 3, 6, 12"),
        (put("rate", colour="red"), "field rate: colour not known here; remove it"),
        (put("rate", id="Rate 1"), "write a lower-case letter"),
        (put("rate", id="rate\n"), "write a lower-case letter"),
        (put("rate", required="yes"), "should be true or false"),
        (put("total", rounding={"to": 1, "mode": "bankers"}), "use one of nearest, down, up"),
        (put("built", options=[{"value": "?", "label": "Odd"}]), "option ?"),
        (put("rate", validation={"pattern": "x" * 201}), "at most 200 characters"),
        (lambda raw: raw.pop("title"), "title missing; add it"),
        # names
        (add(id="rate", type="text"), "fields have the id rate 2 times"),
        (column(1, id="name"), "field owners: columns have the id name 2 times"),
        (lambda raw: raw["tabs"].append(raw["tabs"][0]), "tabs have the id land 2 times"),
        (lambda raw: raw["tabs"][0].update(id="common"), "made from the common fields"),
        (add(type="group", fields=[TEXT, TEXT]), "parts have the id part 2 times"),
        # choices
        (put("built", options="maybe"), "there is no option set maybe"),
        (add(type="select"), "a select has no options"),
        (put("built", options=[{"value": "a", "label": "A"}] * 2), "option a occurs twice"),
        (put("rate", options="yes_no"), "a currency takes no options"),
        (add(type="select_dynamic", options_source="planets"), "options_source planets is not known"),
        (put("rate", options_source="banks"), "a currency takes no options_source"),
        # figures
        (add(type="number_with_unit"), "has no units"),
        (add(type="number_with_unit", units=["furlong"]), "furlong cannot be converted"),
        (put("rate", units=["sq_ft"]), "takes no choice of units"),
        (add(type="calculated"), "has no formula"),
        (put("rate", formula="extent"), "a currency takes no formula"),
        (put("rate", overridable=True), "only a calculated field can be overridden"),
        (put("rate", rounding={"to": 1}), "only a calculated field is rounded"),
        (put("total", rounding={"to": 0}), "rounding to 0 is no step"),
        (put("total", required=True), "a calculated field cannot be required"),
        (put("total", formula="percent(rate, parameter.missing)"), "asks for parameter.missing"),
        (put("rate", default="4200"), "would reach reports unread"),
        (put("built", default="perhaps"), "default 'perhaps' is none of its answers"),
        # validation
        (add(type="text", validation={"pattern": "("}), "is no regular expression"),
        (add(type="text", validation={"pattern": "^(a+)+$"}), "repeats a repeated group"),
        (put("rate", validation={"max_length": 3}), "a pattern or length does not apply to a currency"),
        (add(type="text", validation={"minimum": 3}), "minimum and maximum do not apply to a text"),
        (put("rate", validation={"minimum": 3, "maximum": 2}), "minimum 3 is above maximum 2"),
        (add(type="text", validation={"min_length": 3, "max_length": 2}), "min_length 3 is above"),
        (put("rate", validation={"max_date": "today"}), "do not apply to a currency"),
        (add(type="date", validation={"max_date": "tomorrow"}), "max_date tomorrow is no date"),
        (add(type="date", validation={"max_date": "land.value.rate"}), "max_date land.value.rate is no date"),
        # groups and tables
        (add(type="group"), "a group has no fields"),
        (put("rate", fields=[TEXT]), "a currency takes no fields"),
        (add(type="group", fields=[{**TEXT, "type": "group", "fields": [TEXT]}]), "cannot stand in a group"),
        (add(type="table"), "a table has no table"),
        (put("rate", table={"kind": "fixed", "columns": [TEXT]}), "a currency takes no table"),
        (put("owners", type="table"), "kind row_dynamic does not go with a table"),
        (table(min_rows=9, max_rows=3), "min_rows 9 is above max_rows 3"),
        (table(columns=[{**TEXT, "id": f"c{n}"} for n in range(41)]), "at most 40 are allowed"),
        (table(columns=[]), "the table has no columns"),
        (table(rows=[{"id": "a", "label": "A"}]), "given rows belong to fixed tables"),
        (column(0, type="file"), "a file cannot stand in a table"),
        (column(0, total=True), "a text has no total"),
        (
            add(type="table", table={"kind": "fixed", "columns": [TEXT], "rows": []}),
            "a fixed table has no rows",
        ),
        (
            add(
                type="table",
                table={
                    "kind": "fixed",
                    "columns": [TEXT],
                    "rows": [{"id": "a", "label": "A", "cells": {"other": "x"}}],
                },
            ),
            "row a: there is no column other",
        ),
        (
            add(
                type="dynamic_table",
                table={"kind": "column_dynamic", "row_fields": [TEXT], "column_pattern": "Floor"},
            ),
            "lacks {number}",
        ),
        (
            add(
                type="dynamic_table",
                table={
                    "kind": "column_dynamic",
                    "row_fields": [TEXT],
                    "column_pattern": "Floor {number}",
                    "max_columns": 11,
                },
            ),
            "at most 10 fit a page",
        ),
        (
            add(
                type="dynamic_table",
                table={
                    "kind": "column_dynamic",
                    "row_fields": [TEXT],
                    "column_pattern": "Floor {number}",
                    "first_columns": ["Ground", "First"],
                    "max_columns": 1,
                },
            ),
            "2 first_columns are more than max_columns 1",
        ),
        (
            add(type="dynamic_table", table={"kind": "column_dynamic", "column_pattern": "Floor {number}"}),
            "has no row_fields",
        ),
        (
            add(
                type="dynamic_table",
                table={
                    "kind": "column_dynamic",
                    "row_fields": [TEXT],
                    "columns": [{**TEXT, "id": "other"}],
                    "column_pattern": "Floor {number}",
                },
            ),
            "takes row_fields, not columns or rows",
        ),
        (
            add(
                type="table",
                table={"kind": "fixed", "columns": [TEXT], "rows": [{"id": "a", "label": "A"}] * 2},
            ),
            "row a occurs twice",
        ),
        (table(row_fields=[{**TEXT, "id": "other"}]), "row_fields belong to column_dynamic tables"),
        (column(0, condition={"field": "built", "operator": "filled"}), "has no condition; remove it"),
        (add(type="group", required=True, fields=[TEXT]), "a group cannot be required"),
        # rates, and tables to look up in
        (add(type="text", per="sq_ft"), "a text is no rate; remove per"),
        (put("extent", per="sq_ft"), "it is in sq_ft and also per sq_ft"),
        (put("built", options=[{"value": v, "label": v} for v in ("a", "A")]), "option a occurs twice"),
        (lookup(), "it needs either rows or ranges"),
        (lookup(rows={"a": 1}, ranges=[{"value": 1}]), "it needs either rows or ranges"),
        (lookup(rows={"a": 1, "A": 2}), "a occurs 2 times but for capitals"),
        (lookup(ranges=[{"value": 1}, {"up_to": 3, "value": 2}]), "only the last range may go without up_to"),
        (lookup(ranges=[{"up_to": 3, "value": 1}, {"up_to": 3, "value": 2}]), "do not rise"),
        (lookup(rows={"a": 1}, unit="years"), "unit years is not known; use one of acre"),
        (lookup(rows={"a": 1}, unit="sq_ft", per="sq_ft"), "either a measure or a rate"),
        (
            lambda raw: raw["tabs"].append({**raw["tabs"][0], "id": "parameter"}),
            "tab parameter: formulas mean",
        ),
        (lambda raw: raw.update(headline={}), "headline: fair_market_value is missing"),
        # conditions
        (put("rate", condition={"field": "sold", "operator": "filled"}), "sold, which does not exist"),
        (put("rate", condition={"field": "rate", "operator": "filled"}), "a part of itself"),
        (
            put("rate", condition={"field": "built", "operator": "==", "value": "perhaps"}),
            "waits for perhaps, which land.value.built never says; use yes, no",
        ),
        (put("rate", condition={"field": "built", "operator": "in", "value": "yes"}), "takes a list"),
        (put("rate", condition={"field": "built", "operator": "=="}), "takes one value as text"),
        (
            put("rate", condition={"field": "built", "operator": "filled", "value": "yes"}),
            "takes no value",
        ),
        # figures that the document and the lists show
        (lambda raw: raw["headline"].update(land_value="land.value.worth"), "headline > land_value"),
        (lambda raw: raw["headline"].update(land_value="land.value.built"), "is a radio, not a figure"),
        (lambda raw: raw.update(headline={"land_value": "land.value.total"}), "fair_market_value is missing"),
        (lambda raw: raw["parameters"].update(realizable_percent="900"), "900 is no percentage"),
        (lambda raw: raw["parameters"].update(say_to="0"), "say_to: 0 is no step"),
        (lambda raw: raw["parameters"].update(say_mode="about"), "say_mode: about is not known"),
    ],
)
def test_it_refuses(spoil: Callable[[Raw], object], words: str) -> None:
    assert words in only_problem(spoil)


def test_it_names_tab_section_and_field() -> None:
    problem = only_problem(put("rate", overridable=True))

    assert problem.startswith("tab land > section value > field rate: ")


def test_it_names_tab_section_and_field_of_a_wrong_shape() -> None:
    problem = only_problem(put("rate", help=3))

    assert problem.startswith("tab land > section value > field rate > help: ")


def test_it_tells_all_that_is_wrong_at_once() -> None:
    raw = small_format()
    put("rate", overridable=True)(raw)
    put("extent", default="5")(raw)

    assert len(problems_of(raw)) == 2


@pytest.mark.parametrize("raw", [None, [], "format", 7])
def test_it_refuses_what_is_no_object(raw: Any) -> None:
    assert "should be an object" in problems_of(raw)[0]


def test_it_refuses_an_abstract_that_leads_nowhere() -> None:
    def spoil(raw: Raw) -> None:
        raw["document"]["abstract"] = {
            "columns": [{"id": "market", "label": "Market"}],
            "lines": [{"label": "Land", "paths": {"market": "land.value.worth"}}],
        }

    assert "abstract line 1 (Land) > market: land.value.worth does not exist" in only_problem(spoil)


def test_it_refuses_an_abstract_line_in_an_unknown_column() -> None:
    def spoil(raw: Raw) -> None:
        raw["document"]["abstract"] = {
            "columns": [{"id": "market", "label": "Market"}],
            "lines": [{"label": "Land", "paths": {"distress": "land.value.total"}}],
        }

    assert "there is no column distress; use one of market" in only_problem(spoil)


def test_it_refuses_amounts_in_words_of_what_is_no_figure() -> None:
    def spoil(raw: Raw) -> None:
        raw["document"]["words"] = {"path": "land.value.built", "label": "Value"}

    assert "document > words: land.value.built is a radio" in only_problem(spoil)


def test_it_refuses_a_headline_of_a_column_without_total() -> None:
    def spoil(raw: Raw) -> None:
        column(1, total=False)(raw)
        raw["headline"]["land_value"] = "land.value.owners.share"

    assert "column land.value.owners.share has no total" in only_problem(spoil)


def test_it_accepts_a_headline_of_a_column_with_total() -> None:
    raw = small_format()
    raw["headline"]["land_value"] = "land.value.owners.share"

    assert read_format(raw, small_common()).headline["land_value"] == "land.value.owners.share"


def test_it_refuses_a_declaration_row_that_leads_nowhere() -> None:
    def spoil(raw: Raw) -> None:
        raw["document"]["declaration"] = {
            "statements": ["All is true."],
            "rows": [{"particulars": "Background", "answer": "land.value.story"}],
        }

    assert "declaration row Background: land.value.story does not exist" in only_problem(spoil)


def test_it_refuses_a_declaration_row_that_quotes_what_is_not_asked() -> None:
    def spoil(raw: Raw) -> None:
        raw["document"]["declaration"] = {
            "statements": ["All is true."],
            "rows": [{"particulars": "Background", "answer": "{valuer} says {land.value.story}"}],
        }

    assert "declaration row Background: it quotes land.value.story" in only_problem(spoil)


def test_it_takes_prose_in_a_declaration_row_as_prose() -> None:
    raw = small_format()
    raw["document"]["declaration"] = {
        "statements": ["All is true."],
        "rows": [{"particulars": "Use", "answer": "For the bank only."}],
    }

    assert read_format(raw, small_common()).document.declaration_rows == (("Use", "For the bank only."),)


def test_it_refuses_more_sections_than_a_server_should_draw() -> None:
    def spoil(raw: Raw) -> None:
        raw["tabs"][0]["sections"] += [
            {"id": f"s{number}", "label": "Section", "fields": [TEXT]} for number in range(60)
        ]

    assert "62 sections; at most 60 are allowed" in only_problem(spoil)


def test_it_refuses_more_fields_than_a_server_should_draw() -> None:
    def spoil(raw: Raw) -> None:
        first_section(raw)["fields"] += [{**TEXT, "id": f"f{number}"} for number in range(600)]

    assert "at most 600 are allowed" in only_problem(spoil)


def test_it_refuses_groups_nested_without_end() -> None:
    nested: Raw = dict(TEXT)
    for _ in range(3000):
        nested = {"id": "group", "type": "group", "label": "Group", "fields": [nested]}
    raw = small_format()
    first_section(raw)["fields"].append(nested)

    assert "nested too deeply" in problems_of(raw)[0]


def test_it_refuses_a_number_for_a_common_field_that_does_not_exist() -> None:
    def spoil(raw: Raw) -> None:
        raw["common"] = {"numbers": {"colour": "1"}}

    assert "colour is no common field; use one of applicant_name, valuation_date" in only_problem(spoil)


def test_it_says_when_the_common_fields_are_wrong() -> None:
    with pytest.raises(FormatProblem, match="common fields > version missing"):
        read_format(small_format(), {"label": "Report", "sections": small_common()["sections"]})


def test_it_refuses_conditions_on_a_column() -> None:
    asks_a_column = {"field": "land.value.owners.name", "operator": "filled"}

    assert "a part of itself or of a table" in only_problem(put("rate", condition=asks_a_column))


def test_several_keys_that_are_missing_are_told_once() -> None:
    raw = small_format()
    del raw["title"], raw["document"]

    with pytest.raises(FormatProblem) as refused:
        read_format(raw, small_common())

    assert refused.value.problems == ["title, document missing; add them."]
