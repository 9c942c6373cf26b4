"""What is allowed in a format but looks like a mistake: totals with gaps, names with two meanings."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from banks.formats.checks import definition_warnings
from banks.formats.definition import Field, FormatDefinition
from banks.formats.formula_text import dotted_name, expression, flattened
from banks.formats.paths import index_fields
from banks.formats.reading import read_format
from banks.formats.shipped import format_files, shipped_format
from banks.tests.formats.small import first_section, small_common, small_format

Raw = dict[str, Any]
NAMES = [path.stem for path in format_files()]
MUTATED = ["sbi_land_building_v1", "bob_land_building_v1", "sbi_flat_v1", "uco_land_building_v1"]


def money(field_id: str, formula: str = "", **more: Any) -> Raw:
    if formula:
        more = {"type": "calculated", "formula": formula, "display": "currency", **more}
    return {"id": field_id, "type": "currency", "label": field_id.title(), **more}


def abstract(*lines: tuple[str, str, bool]) -> Raw:
    return {
        "columns": [{"id": "value", "label": "Value"}],
        "lines": [
            {"label": label, "paths": {"value": path}, "emphasis": strong} for label, path, strong in lines
        ],
    }


def warnings_of(*fields: Raw, change: Callable[[Raw], object] = lambda raw: None) -> list[str]:
    """Of the small format with these fields in place of its own, and a headline of the field ``total``."""
    raw = small_format()
    first_section(raw)["fields"] = list(fields)
    change(raw)
    return definition_warnings(read_format(raw, small_common()))


def test_a_whole_sum_is_no_warning() -> None:
    assert warnings_of(money("land"), money("building"), money("total", "sum(land, building)")) == []


@pytest.mark.parametrize("formula", ["sum(land, building)", "land + building", "say(sum(land, building))"])
def test_a_sum_that_leaves_out_the_figure_beside_is_told(formula: str) -> None:
    parts = [money("land"), money("building"), money("miscellaneous"), money("total", formula)]

    (warning,) = warnings_of(*parts, change=lambda raw: raw["parameters"].update(say_to="1", say_mode="up"))

    assert warning == (
        "tab land > section value > field total: its sum leaves out “Miscellaneous” "
        "(land.value.miscellaneous); add it to the formula, unless it belongs elsewhere."
    )


@pytest.mark.parametrize(
    "beside",
    [
        money("rate", per="sq_ft"),
        money("half", "total / 2"),
        money("guideline_value"),
    ],
)
def test_what_is_no_part_of_the_sum_is_not_missed(beside: Raw) -> None:
    assert warnings_of(money("land"), money("building"), beside, money("total", "sum(land, building)")) == []


def test_what_a_part_is_made_from_is_not_missed() -> None:
    fields = [
        money("price"),
        money("land", "price * 3"),
        money("building"),
        money("total", "land + building"),
    ]

    assert warnings_of(*fields) == []


def test_what_the_sum_is_taken_from_is_not_missed() -> None:
    fields = [money("rent"), money("taxes"), money("repairs"), money("outgoings", "taxes + repairs"),
              money("total", "rent - outgoings")]  # fmt: skip

    assert warnings_of(*fields) == []


def test_the_other_columns_of_a_table_are_no_parts_of_the_sum_of_one() -> None:
    columns = [money("floor_rate"), money("depreciation"), money("net"), money("remarks_fee")]
    floors = {"id": "floors", "type": "dynamic_table", "label": "Floors",
              "table": {"kind": "row_dynamic", "columns": columns}}  # fmt: skip

    assert warnings_of(floors, money("total", "sum(floors.net)")) == []


def test_what_a_later_sum_adds_to_a_subtotal_is_no_part_of_the_subtotal() -> None:
    fields = [money("flat"), money("parking"), money("club"), money("extras", "sum(parking, club)"),
              money("total", "sum(flat, extras)")]  # fmt: skip

    assert warnings_of(*fields) == []


def test_a_rate_is_no_part_of_the_sum_beside_it() -> None:
    size: Raw = {"id": "size", "type": "number", "label": "Size"}
    fields = [size, money("price"), money("land"), money("works", "size * price"),
              money("total", "sum(land, works)")]  # fmt: skip

    assert warnings_of(*fields) == []


def test_a_line_of_the_abstract_above_the_total_belongs_in_it() -> None:
    group = {"id": "works", "type": "group", "label": "Works", "fields": [money("lift")]}
    lines = [("Land", "land.value.land", False), ("Works", "land.value.works.lift", False),
             ("Total", "land.value.total", True)]  # fmt: skip

    (warning,) = warnings_of(
        money("land"), group, money("total", "sum(land)"),
        change=lambda raw: raw["document"].update(abstract=abstract(*lines)),
    )  # fmt: skip

    assert "the total of the abstract leaves out “Lift” (land.value.works.lift)" in warning


def test_what_may_be_realized_is_no_total_of_the_abstract() -> None:
    group = {"id": "works", "type": "group", "label": "Works", "fields": [money("lift")]}
    lines = [("Land", "land.value.land", False), ("Works", "land.value.works.lift", False),
             ("Realizable", "land.value.realizable", False)]  # fmt: skip

    def change(raw: Raw) -> None:
        raw["document"].update(abstract=abstract(*lines))
        raw["headline"].update(realizable_value="land.value.realizable")

    fields = [money("land"), group, money("realizable", "land * 0.9"), money("total", "land + works.lift")]
    assert warnings_of(*fields, change=change) == []


def test_a_part_of_the_headline_belongs_in_the_fair_market_value() -> None:
    group = {"id": "works", "type": "group", "label": "Works", "fields": [money("lift")]}

    (warning,) = warnings_of(
        money("land"), group, money("total", "sum(land)"),
        change=lambda raw: raw["headline"].update(works_value="land.value.works.lift"),
    )  # fmt: skip

    assert "the fair market value leaves out “Lift” (land.value.works.lift)" in warning


def test_a_sum_that_nothing_takes_is_told() -> None:
    group = {"id": "works", "type": "group", "label": "Works",
             "fields": [money("lift"), money("stairs"), money("all", "lift + stairs")]}  # fmt: skip

    (warning,) = warnings_of(money("land"), group, money("total", "sum(land)"))

    assert warning.startswith(
        "tab land > section value > field works > part all: “All” adds up figures but no"
    )


def test_a_name_with_two_meanings_is_told() -> None:
    group = {"id": "works", "type": "group", "label": "Works",
             "fields": [money("share"), money("double", "share * 2")]}  # fmt: skip

    (warning,) = warnings_of(money("share"), group, money("total", "works.double + share"))

    assert warning == (
        "tab land > section value > field works > part double: its formula says share, which is "
        "land.value.works.share here and also land.value.share; write the path of the one that is meant."
    )


def test_an_imported_format_may_lack_the_fair_market_value() -> None:
    def change(raw: Raw) -> None:
        raw.update(origin="imported", headline={})

    assert warnings_of(money("land"), change=change) == [
        "headline: fair_market_value is missing; give the path of the total."
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_format_has_no_warning(name: str) -> None:
    assert definition_warnings(shipped_format(name)) == []


def weakened(definition: FormatDefinition) -> Iterator[tuple[str, str]]:
    """(path, formula) for each total of money with each of its parts left out."""
    for path, item in index_fields(definition).items():
        if item.formula and item.display == "currency":
            tree = expression(flattened(item.formula))
            for text in _without_each(tree):
                yield path, text


def _without_each(tree: ast.expr) -> Iterator[str]:
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add):
        yield from (ast.unparse(tree.left), ast.unparse(tree.right))
    if isinstance(tree, ast.Call) and ast.unparse(tree.func) == "sum" and len(tree.args) > 1:
        if not all(dotted_name(part) for part in tree.args):
            return
        for at in range(len(tree.args)):
            kept = [ast.unparse(part) for n, part in enumerate(tree.args) if n != at]
            yield f"sum({', '.join(kept)})"


def with_formula(definition: FormatDefinition, path: str, formula: str) -> FormatDefinition:
    def field(item: Field) -> Field:
        if item.path == path:
            return dataclasses.replace(item, formula=formula)
        table = item.table and dataclasses.replace(item.table, columns=tuple(map(field, item.table.columns)))
        return dataclasses.replace(item, fields=tuple(map(field, item.fields)), table=table)

    tabs = tuple(
        dataclasses.replace(
            tab,
            sections=tuple(
                dataclasses.replace(section, fields=tuple(map(field, section.fields)))
                if path.startswith(f"{section.path}.")
                else section
                for section in tab.sections
            ),
        )
        for tab in definition.tabs
    )
    return dataclasses.replace(definition, tabs=tabs)


@pytest.mark.parametrize("name", MUTATED)
def test_every_part_left_out_of_every_total_of_a_shipped_format_is_noticed(name: str) -> None:
    definition = shipped_format(name)
    mutants = list(weakened(definition))

    unnoticed = [
        (path, formula)
        for path, formula in mutants
        if not definition_warnings(with_formula(definition, path, formula))
    ]

    assert len(mutants) > 3
    assert unnoticed == []
