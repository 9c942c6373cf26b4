"""Old answers in their places: nested or flat, nothing guessed, nothing lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banks.formats.building import build_definition
from banks.formats.reading import from_content
from banks.legacy.tests.madeup import converted, field, small_format
from reports.calculation.engine import calculate
from reports.legacy.placing import Placed, place, values_of
from reports.legacy.tests.fixtures import documents, known_format
from reports.legacy.values import Around

BRANCHES = {"bank_branches": (("HTB_001", frozenset({"lighthouse"})),)}
FILES = {"65a000000000000000000060": "65a000000000000000000060"}
LAND = {"extent": "1200", "extent_unit": "sqyd", "rate": 2500}


def placed(data: Mapping[str, Any]) -> Placed:
    known = known_format()
    return place(data, known.definition, known.converted, Around(choices=BRANCHES, files=FILES), known.common)


def at(found: Placed, path: str) -> Any:
    value: Any = found.answers
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


@pytest.fixture(scope="module")
def nested() -> Placed:
    return placed(documents("valuation_reports/reports.json")[0]["report_data"])


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("common.details.applicant_name", "Applicant Four"),
        ("common.details.purpose", "home_loan"),
        ("common.details.branch", "HTB_001"),
        ("common.details.valuation_date", "2025-03-05"),
        ("site.where.postal_address", "4 Sample Street\nPanaji"),
        ("site.where.use", "homes"),
        ("site.where.utilities", ["water", "power"]),
        ("site.where.fenced", True),
        ("site.where.plot", {"survey_no": "112", "remarks": "Level"}),
        ("site.where.deed", "65a000000000000000000060"),
        ("site.limits.remarks", "As by deed"),
        ("site.limits.boundaries.north", {"by_deed": "Road", "length": "40"}),
        ("site.limits.boundaries.west", {"by_deed": "Plot 5", "length": "30.5"}),
        ("worth.details.land.extent", {"value": "1200", "unit": "sq_yd"}),
        ("worth.details.land.rate", "2500"),
        (
            "worth.details.floors",
            [{"floor": "Ground", "net_value": "800000"}, {"floor": "First", "net_value": "450000"}],
        ),
        (
            "worth.details.finish",
            {
                "columns": ["Ground floor", "Floor 2"],
                "cells": {"walls": ["Brick", "Block"], "roof": ["Slab", None]},
            },
        ),
    ],
)
def test_a_nested_report_finds_its_places(nested: Placed, path: str, answer: Any) -> None:
    assert at(nested, path) == answer


def test_nothing_of_a_report_that_fits_is_set_aside(nested: Placed) -> None:
    assert nested.set_aside == {}


def test_a_result_that_ours_computes_alike_is_no_override(nested: Placed) -> None:
    assert at(nested, "worth.details.land.land_value") is None
    assert nested.placed["report_data.data.worth.land.land_value"] == "worth.details.land.land_value"


def test_a_result_that_differs_stands_over_ours_and_is_told() -> None:
    found = placed({"data": {**LAND, "land_value": "1,500"}})
    assert at(found, "worth.details.land.land_value") == "1500"
    assert any("computes another figure" in one.problem for one in found.told)


@pytest.mark.parametrize(
    "data",
    [
        {"data": {"postal_address": "Here"}},
        {"postal_address": "Here"},
        {"data": {"site": {"postal_address": "Here"}}},
        {"data": {"site.where.postal_address": "Here"}},
        {"data": {"HTB_SITE_V1": {"where": {"postal_address": "Here"}}}},
        {"fields": {"where": {"postal_address": "Here"}}},
    ],
)
def test_every_form_of_a_place_leads_there(data: Mapping[str, Any]) -> None:
    assert at(placed(data), "site.where.postal_address") == "Here"


def test_a_short_form_of_two_places_is_told_and_placed_nowhere() -> None:
    found = placed({"data": {"remarks": "Which?"}})
    assert found.answers == {}
    (kept,) = found.set_aside.values()
    assert kept["answer"] == "Which?"
    assert "site.limits.remarks, site.where.plot.remarks" in kept["reason"]


def test_two_answers_to_one_question_are_both_kept() -> None:
    found = placed({"data": {"postal_address": "Here", "site": {"where": {"postal_address": "There"}}}})
    kept = [one["answer"] for one in found.set_aside.values()]
    assert sorted([at(found, "site.where.postal_address"), *kept]) == ["Here", "There"]


def test_a_unit_beside_its_figure_belongs_to_it() -> None:
    assert at(placed({"data": LAND}), "worth.details.land.extent") == {"value": "1200", "unit": "sq_yd"}


def test_a_figure_without_its_unit_is_set_aside() -> None:
    found = placed({"data": {"extent": "900"}})
    assert list(found.set_aside) == ["report_data.extent"] or list(found.set_aside) == [
        "report_data.data.extent"
    ]


def test_cells_without_a_place_are_set_aside_and_the_others_kept() -> None:
    rows = [
        {"direction": "Upwards", "by_deed": "Sky"},
        {"direction": "South", "by_deed": "Lane", "colour": "red"},
    ]
    found = placed({"tables": {"boundaries": rows}})
    assert at(found, "site.limits.boundaries") == {"south": {"by_deed": "Lane"}}
    assert {"report_data.tables.boundaries.0", "report_data.tables.boundaries.1.colour"} == set(
        found.set_aside
    )


def test_rows_beyond_the_most_are_set_aside() -> None:
    rows = [{"floor": str(number), "net_value": number} for number in range(1, 7)]
    found = placed({"tables": {"floors": rows}})
    assert len(at(found, "worth.details.floors")) == 4
    assert len(found.set_aside) == 2


KEYS = st.sampled_from(
    "common_fields data tables site where limits worth land plot extent extent_unit rate land_value remarks "
    "use utilities boundaries floors finish postal_address applicant_name unheard_of $set a.b rows".split()
)
LEAVES = st.sampled_from(["12", "1,200", "Homes", "sqyd", "about", 7, 2.5, True, "05-03-2025", "North", "NA"])
REPORT_DATA = st.dictionaries(
    KEYS,
    st.recursive(
        LEAVES,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
        max_leaves=15,
    ),
    max_size=4,
)


@settings(max_examples=150)
@given(REPORT_DATA)
def test_every_value_is_placed_or_set_aside(data: dict[str, Any]) -> None:
    found = placed(data)
    accounted = [*found.placed, *found.set_aside]

    def is_accounted(where: str) -> bool:
        # A unit goes with its figure, a cell with its table.
        unit = where.removesuffix("_unit")
        return any(
            name in (where, unit) or where.startswith(f"{name}.") or name.startswith(f"{where}.")
            for name in accounted
        )

    assert [where for where, _ in values_of(data) if not is_accounted(where)] == []


# Results that ours computes as well ---------------------------------------------------------------------


def _with_results(data: Mapping[str, Any]) -> tuple[Placed, Mapping[str, Any]]:
    """Old answers of a format with a product, in a field and in the rows of each kind of table."""
    columns = [
        {"columnId": "name", "columnName": "Name", "fieldType": "text", "isReadonly": True},
        {"columnId": "area", "columnName": "Area", "fieldType": "number"},
        {"columnId": "worth", "columnName": "Worth", "fieldType": "calculated", "formula": "area * 5"},
        {"columnId": "locked", "columnName": "Locked", "fieldType": "calculated", "formula": "area * 5",
         "isReadonly": True},
    ]  # fmt: skip
    ground = {"columnId": "gf", "columnName": "Ground", "fieldType": "number"}
    moving = {
        "tableType": "column_dynamic",
        "dynamicColumns": {"defaultColumns": [ground]},
        "rows": [{"rowId": "area", "rowName": "Area"},
                 {"rowId": "worth", "rowName": "Worth", "fieldType": "calculated", "formula": "area * 5"}],
    }  # fmt: skip
    format_ = converted(
        small_format(
            field("size", "number"),
            field("price", "currency", formula="size * 100.1"),
            field(
                "listed", "dynamic_table", tableConfig={"tableType": "row_dynamic", "columns": columns[1:]}
            ),
            field("given", "table", columns=columns, rows=[{"name": "Ground"}, {"name": "First"}]),
            field("moving", "dynamic_table", tableConfig=moving),
        )
    )
    definition = build_definition(format_.content)
    found = place({"data": dict(data)}, definition, format_, Around(), {})
    return found, calculate(definition, found.answers).values


def test_a_cell_that_ours_computes_alike_is_no_override() -> None:
    found, _ = _with_results({
        "listed": [{"area": 10, "worth": 50, "locked": 50}],
        "given": [{"name": "Ground", "area": 3, "worth": 15.0}],
        "moving": [{"rowId": "area", "gf": 2}, {"rowId": "worth", "gf": 10}],
    })  # fmt: skip

    assert found.answers["one"]["part"] == {
        "listed": [{"area": "10"}],
        "given": {"ground": {"area": "3"}},
        "moving": {"columns": ["Ground"], "cells": {"area": ["2"], "worth": [None]}},
    }
    assert not found.told


def test_a_cell_that_ours_computes_otherwise_stands_over_it_and_is_told() -> None:
    found, values = _with_results({
        "listed": [{"area": 10, "worth": 50}, {"area": 10, "worth": 60}],
        "given": [{"name": "First", "area": 3, "worth": 16}],
        "moving": [{"rowId": "area", "gf": 2}, {"rowId": "worth", "gf": 11}],
    })  # fmt: skip

    assert [values[f"one.part.{name}"] for name in ("listed.0.worth", "listed.1.worth")] == [50, 60]
    assert [values[f"one.part.{name}"] for name in ("given.first.worth", "moving.worth.0")] == [16, 11]
    assert sum("stands over it" in one.done for one in found.told) == 3


def test_a_cell_that_may_not_be_overridden_is_set_aside_where_ours_computes_another() -> None:
    found, values = _with_results({"listed": [{"area": 10, "locked": 60}]})

    assert values["one.part.listed.0.locked"] == 50
    assert found.set_aside["report_data.data.listed.0.locked"]["answer"] == "60"


@pytest.mark.parametrize("old", [1234.56 * 100.1, 123579.456, "123579.456"])
def test_the_last_digits_of_a_float_are_no_other_figure(old: Any) -> None:
    found, _ = _with_results({"size": 1234.56, "price": old})

    assert "price" not in found.answers["one"]["part"]
    assert not found.set_aside


def test_a_fine_result_that_is_another_is_set_aside_whole() -> None:
    found, _ = _with_results({"size": 3, "price": 300.29999999999})

    assert found.set_aside["report_data.data.price"]["answer"] == "300.29999999999"


def test_a_second_old_result_does_not_replace_the_first() -> None:
    first = {"land": {**LAND, "land_value": 3000000}}
    found = placed({"worth": first, "zz": {"land_value": 7}})
    assert (
        found.set_aside["report_data.zz.land_value"]["reason"]
        == "The report answers this a second time, otherwise."
    )
    assert at(found, "worth.details.land.land_value") is None


def test_several_files_in_one_place_are_said_to_be_several() -> None:
    found = placed({"site": {"where": {"deed": [*FILES, "65a0000000000000000000ff"]}}})
    assert (
        found.set_aside["report_data.site.where.deed"]["reason"]
        == "It names 2 files, where the question takes one."
    )


def test_one_file_in_a_list_is_that_file() -> None:
    assert at(placed({"site": {"where": {"deed": [*FILES]}}}), "site.where.deed") == next(iter(FILES))


@pytest.mark.parametrize(("old", "ours"), [(True, "true"), (False, "false")])
def test_a_yes_may_be_a_choice_that_is_spelt_true(old: bool, ours: str) -> None:
    made = converted(small_format(field("fenced", "select", options=[True, False])))
    found = place({"fenced": old}, from_content(made.content), made, Around(), {})
    assert found.answers == {"one": {"part": {"fenced": ours}}}
