"""Working out a whole report."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banks.formats.definition import FieldType, FormatDefinition, Rounding, Tab
from reports.calculation.engine import Calculation, calculate
from reports.calculation.totals import headline
from reports.tests.calculation.building import (
    a_format,
    across,
    answers,
    calculated,
    fixed,
    group,
    measure,
    number,
    of_type,
    rows,
    section,
    text,
    when,
)

D = Decimal

FLOORS = rows(
    "floors",
    number("area", total=True),
    number("rate"),
    number("age"),
    calculated("cost", "area * rate", total=True),
    calculated("depreciation", "straight_line_percent(age, 60, parameter.salvage)"),
    calculated("net", "cost - percent(cost, depreciation)", total=True, overridable=True),
)


def land_and_building() -> FormatDefinition:
    """A whole in small: land by its extent, a building of floors shown only where there is one."""
    return a_format(
        text("building_constructed"),
        measure("by_deed", "sq_ft", "sq_yd", "sq_m"),
        measure("by_actual", "sq_ft", "sq_yd", "sq_m"),
        calculated(
            "extent",
            "min(area_in(by_deed, 'sq_ft'), area_in(by_actual, 'sq_ft'))",
            overridable=True,
            unit="sq_ft",
        ),
        number("rate"),
        calculated("land_value", "extent * rate"),
        tabs=(
            Tab("building", "Building", (section("value", FLOORS, tab="building"),), condition=when(
                "main.land.building_constructed"
            )),
            Tab("abstract", "Abstract", (
                section(
                    "totals",
                    calculated("fair", "sum(main.land.land_value, building.value.floors.net)"),
                    calculated("realizable", "percent(fair, parameter.realizable)", rounding=Rounding(D(1))),
                    calculated("say", "say(fair)"),
                    tab="abstract",
                ),
            )),
        ),
        parameters={
            "salvage": D(10), "realizable": D(90), "say_to": D(1000), "say_mode": "nearest",
        },
        headline={
            "land_value": "main.land.land_value",
            "building_value": "building.value.floors.net",
            "fair_market_value": "abstract.totals.fair",
        },
    )  # fmt: skip


def a_report(**land: Any) -> dict[str, Any]:
    """Two floors on 240 square yards by deed, 2,400 square feet by measurement."""
    return {
        "main": {
            "land": {
                "building_constructed": "yes",
                "by_deed": {"value": "300", "unit": "sq_yd"},
                "by_actual": {"value": "2400", "unit": "sq_ft"},
                "rate": "4200",
                **land,
            }
        },
        "building": {
            "value": {
                "floors": [
                    {"area": "1275", "rate": "1650", "age": "20"},
                    {"area": "1100", "rate": "1650", "age": "20"},
                ]
            }
        },
    }


def one(definition: FormatDefinition, path: str, **land: Any) -> Decimal | None:
    return calculate(definition, answers(**land)).values.get(f"main.land.{path}")


def test_the_ground_floor_of_the_worked_example_is_worth_14_72_625() -> None:
    assert calculate(land_and_building(), a_report()).values["building.value.floors.0.net"] == 1472625


def test_the_total_of_a_column_is_the_sum_of_its_cells() -> None:
    assert calculate(land_and_building(), a_report()).values["building.value.floors.net"] == 1472625 + 1270500


def test_a_typed_column_has_its_total_too() -> None:
    assert calculate(land_and_building(), a_report()).values["building.value.floors.area"] == 2375


def test_the_extent_considered_is_the_lesser_in_the_unit_of_the_rate() -> None:
    assert calculate(land_and_building(), a_report()).values["main.land.land_value"] == 2400 * 4200


def test_the_whole_adds_up() -> None:
    assert calculate(land_and_building(), a_report()).values["abstract.totals.fair"] == 10080000 + 2743125


def test_a_rounding_happens_where_the_format_asks_for_it() -> None:
    definition = a_format(number("a"), calculated("b", "a / 3", rounding=Rounding(D("0.01"), "up")))
    assert one(definition, "b", a="1") == D("0.34")


def test_nothing_is_rounded_where_the_format_does_not_ask() -> None:
    definition = a_format(number("a"), calculated("b", "a / 8"), calculated("c", "b * 8"))
    assert one(definition, "c", a="1") == 1


def test_say_follows_the_format() -> None:
    assert calculate(land_and_building(), a_report()).values["abstract.totals.say"] == 12823000


def test_the_headline_holds_the_known_figures_by_name() -> None:
    definition = land_and_building()
    assert headline(definition, calculate(definition, a_report())) == {
        "land_value": D(10080000),
        "building_value": D(2743125),
        "fair_market_value": D(12823125),
    }


def test_the_headline_leaves_out_what_is_not_yet_known() -> None:
    definition = land_and_building()
    assert "land_value" not in headline(definition, calculate(definition, {}))


def test_an_override_becomes_the_value() -> None:
    assert (
        calculate(land_and_building(), a_report(extent="2300")).values["main.land.land_value"] == 2300 * 4200
    )


def test_what_the_formula_says_is_kept_beside_an_override() -> None:
    assert calculate(land_and_building(), a_report(extent="2300")).computed["main.land.extent"] == 2400


def test_an_override_is_marked() -> None:
    assert calculate(land_and_building(), a_report(extent="2300")).overridden == {"main.land.extent"}


def test_an_override_is_not_rounded() -> None:
    rounded = calculated("b", "a", overridable=True, rounding=Rounding(D(1000)))
    assert one(a_format(number("a"), rounded), "b", a="1", b="1234") == 1234


def test_an_override_stands_where_the_formula_has_no_result() -> None:
    definition = a_format(number("a"), calculated("b", "1 / a", overridable=True), calculated("c", "b + 1"))
    result = calculate(definition, answers(a="0", b="5"))
    assert (result.values["main.land.c"], result.problems) == (D(6), {})


def test_an_answer_to_a_field_that_may_not_be_overridden_is_ignored() -> None:
    definition = a_format(number("a"), calculated("b", "a + 1"))
    assert one(definition, "b", a="1", b="99") == 2


def test_a_cell_can_be_overridden() -> None:
    report = a_report()
    report["building"]["value"]["floors"][0]["net"] = "1500000"
    result = calculate(land_and_building(), report)
    assert result.values["building.value.floors.net"] == 1500000 + 1270500
    assert result.overridden == {"building.value.floors.0.net"}


def test_a_hidden_tab_counts_as_empty() -> None:
    result = calculate(land_and_building(), a_report(building_constructed="no"))
    assert result.values["abstract.totals.fair"] == 10080000


def test_a_hidden_tab_has_no_values() -> None:
    result = calculate(land_and_building(), a_report(building_constructed="no"))
    assert not [path for path in result.values if path.startswith("building.")]


def test_a_hidden_tab_is_listed() -> None:
    assert calculate(land_and_building(), a_report(building_constructed="no")).hidden == {"building"}


def test_what_lies_in_a_hidden_tab_is_hidden() -> None:
    result = calculate(land_and_building(), a_report(building_constructed="no"))
    assert result.is_hidden("building.value.floors.0.net")


def test_what_lies_beside_a_hidden_tab_is_not_hidden() -> None:
    result = calculate(land_and_building(), a_report(building_constructed="no"))
    assert not result.is_hidden("main.land.rate")


def test_answers_are_never_changed() -> None:
    report = a_report(building_constructed="no", extent="2300")
    before = copy.deepcopy(report)
    calculate(land_and_building(), report)
    assert report == before


def test_a_hidden_field_counts_as_empty() -> None:
    definition = a_format(
        text("has_extra"), number("extra", condition=when("has_extra")), calculated("total", "sum(extra, 1)")
    )
    assert one(definition, "total", has_extra="no", extra="5") == 1


def test_a_condition_may_hang_on_a_calculated_figure() -> None:
    definition = a_format(number("a"), calculated("b", "a * 2"), number("c", condition=when("b", ">", "10")))
    assert calculate(definition, answers(a="5")).hidden == {"main.land.c"}


def test_a_condition_on_a_hidden_field_finds_it_empty() -> None:
    definition = a_format(
        text("a"), text("b", condition=when("a")), text("c", condition=when("b")), calculated("d", "count(c)")
    )
    assert calculate(definition, answers(a="no", b="yes", c="x")).hidden == {"main.land.b", "main.land.c"}


def test_a_section_can_be_hidden() -> None:
    definition = a_format(
        text("a"), sections=(section("extra", calculated("b", "1"), condition=when("main.land.a")),)
    )
    result = calculate(definition, answers(a="no"))
    assert (set(result.hidden), dict(result.values)) == ({"main.extra"}, {})


def test_a_group_can_be_hidden() -> None:
    definition = a_format(
        text("a"),
        group("g", number("x"), calculated("y", "x"), condition=when("a")),
        calculated("t", "sum(g.y)"),
    )
    result = calculate(definition, answers(a="no", g={"x": "5"}))
    assert (set(result.hidden), dict(result.values)) == ({"main.land.g"}, {"main.land.t": D(0)})


def test_a_column_hides_row_by_row() -> None:
    table = rows("parts", text("kind"), number("area", condition=when("kind", "==", "room"), total=True))
    result = calculate(
        a_format(table), answers(parts=[{"kind": "room", "area": "10"}, {"kind": "lawn", "area": "90"}])
    )
    assert (set(result.hidden), result.values["main.land.parts.area"]) == ({"main.land.parts.1.area"}, D(10))


def test_a_calculated_column_hides_row_by_row() -> None:
    table = rows(
        "parts", text("kind"), calculated("one", "1", condition=when("kind", "==", "room"), total=True)
    )
    result = calculate(a_format(table), answers(parts=[{"kind": "room"}, {"kind": "lawn"}]))
    assert (set(result.hidden), result.values["main.land.parts.one"]) == ({"main.land.parts.1.one"}, D(1))


def test_a_column_may_hang_on_a_calculated_column_after_it() -> None:
    late = calculated("one", "1", condition=when("twice", ">", "5"))
    table = rows("parts", late, calculated("twice", "a * 2"), number("a"))
    result = calculate(a_format(table), answers(parts=[{"a": "3"}, {"a": "2"}]))
    assert result.hidden == {"main.land.parts.1.one"}


def test_a_name_means_the_nearest_field() -> None:
    definition = a_format(
        number("rate"),
        group("inner", number("rate"), calculated("twice", "rate * 2")),
        calculated("outer", "rate * 2"),
    )
    result = calculate(definition, answers(rate="1", inner={"rate": "10"}))
    assert dict(result.values) == {"main.land.inner.twice": D(20), "main.land.outer": D(2)}


def test_a_name_in_a_group_reaches_its_section() -> None:
    definition = a_format(number("rate"), group("inner", calculated("twice", "rate * 2")))
    assert calculate(definition, answers(rate="4")).values["main.land.inner.twice"] == 8


def test_a_row_sees_its_own_cells_before_the_section() -> None:
    definition = a_format(number("rate"), rows("items", number("rate"), calculated("twice", "rate * 2")))
    result = calculate(definition, answers(rate="1", items=[{"rate": "5"}, {}]))
    assert dict(result.values) == {"main.land.items.0.twice": D(10)}


def test_a_row_can_be_a_share_of_its_column() -> None:
    definition = a_format(rows("items", number("cost"), calculated("share", "cost / sum(items.cost) * 100")))
    result = calculate(definition, answers(items=[{"cost": "30"}, {"cost": "10"}]))
    assert dict(result.values) == {"main.land.items.0.share": D(75), "main.land.items.1.share": D(25)}


def test_a_row_sees_the_fields_of_its_section() -> None:
    definition = a_format(number("rate"), rows("items", number("area"), calculated("cost", "area * rate")))
    assert one(definition, "items.0.cost", rate="3", items=[{"area": "5"}]) == 15


def test_a_given_row_is_worked_out_under_its_id() -> None:
    definition = a_format(fixed("sides", ("north", "south"), number("a"), calculated("b", "a * 2")))
    assert one(definition, "sides.south.b", sides={"south": {"a": "4"}}) == 8


def test_a_formula_can_name_a_cell_of_a_given_row() -> None:
    definition = a_format(
        fixed("sides", ("north", "east"), number("a")), calculated("area", "sides.north.a * sides.east.a")
    )
    assert one(definition, "area", sides={"north": {"a": "60"}, "east": {"a": "40"}}) == 2400


def test_a_given_cell_counts_whatever_is_stored_for_it() -> None:
    table = fixed("sides", ("north",), number("a"), calculated("b", "a * 2"), cells={"north": {"a": "7"}})
    assert one(a_format(table), "sides.north.b", sides={"north": {"a": "4"}}) == 14


def test_a_table_of_added_columns_is_worked_out_column_by_column() -> None:
    table = across("spec", number("area"), number("rate"), calculated("cost", "area * rate", total=True))
    stored = {"columns": ["Ground", "First"], "cells": {"area": ["10", "20"], "rate": ["3", "4"]}}
    result = calculate(a_format(table), answers(spec=stored))
    assert dict(result.values) == {
        "main.land.spec.cost.0": D(30), "main.land.spec.cost.1": D(80), "main.land.spec.cost": D(110),
    }  # fmt: skip


def test_the_rows_of_a_table_can_be_counted() -> None:
    definition = a_format(rows("deals", text("where")), calculated("many", "count(deals)"))
    assert one(definition, "many", deals=[{"where": "A"}, {}, {"where": "B"}]) == 2


def test_the_total_of_a_table_without_rows_is_zero() -> None:
    assert one(a_format(rows("items", number("cost", total=True))), "items.cost") == 0


def test_what_is_not_yet_known_is_absent() -> None:
    result = calculate(a_format(number("a"), calculated("b", "a + 1")), {})
    assert (dict(result.values), dict(result.problems)) == ({}, {})


def test_a_problem_is_told_at_its_field() -> None:
    definition = a_format(number("a"), calculated("b", "1 / a"))
    assert "divide by zero" in calculate(definition, answers(a="0")).problems["main.land.b"]


def test_a_total_is_withheld_while_a_part_has_a_problem() -> None:
    definition = a_format(
        number("a"), calculated("b", "1 / a", label="Land value"), calculated("c", "sum(b, 5)")
    )
    result = calculate(definition, answers(a="0"))
    assert "main.land.c" not in result.values
    assert "waits for “Land value”" in result.problems["main.land.c"]


def test_a_column_total_is_withheld_while_a_cell_has_a_problem() -> None:
    result = calculate(
        a_format(rows("items", number("a"), calculated("b", "1 / a", total=True))),
        answers(items=[{"a": "1"}, {"a": "0"}]),
    )
    assert set(result.problems) == {"main.land.items.1.b", "main.land.items.b"}


def test_an_answer_that_is_no_number_is_told_at_its_field() -> None:
    definition = a_format(number("a"), calculated("b", "a + 1"))
    assert "not a number" in calculate(definition, answers(a="12,000")).problems["main.land.a"]


def test_a_measure_without_its_unit_is_told() -> None:
    result = calculate(land_and_building(), a_report(by_deed={"value": "300"}))
    assert "choose one" in result.problems["main.land.by_deed"]


def test_a_formula_that_gives_no_number_is_told() -> None:
    definition = a_format(text("a"), calculated("b", "'old' if a == 'x' else 'new'"))
    assert "number is needed" in calculate(definition, answers(a="x")).problems["main.land.b"]


def test_not_applicable_counts_as_empty() -> None:
    definition = a_format(number("a", not_applicable=True), calculated("b", "sum(a, 1)"))
    assert one(definition, "b", a={"not_applicable": True}) == 1


def test_a_calculated_field_can_be_not_applicable() -> None:
    definition = a_format(calculated("b", "1", not_applicable=True), calculated("c", "sum(b, 5)"))
    assert one(definition, "c", b={"not_applicable": True}) == 5


def test_age_counts_to_the_valuation_date() -> None:
    definition = a_format(
        number("built"), of_type("valued", FieldType.DATE), calculated("age", "years_from(built, valued)")
    )
    assert one(definition, "age", built="2006", valued="2026-11-23") == 20


def test_a_calculated_area_keeps_its_unit() -> None:
    definition = a_format(
        measure("a", "sq_m", "sq_yd"),
        calculated("feet", "area_in(a, 'sq_ft')", unit="sq_ft"),
        calculated("yards", "area_in(feet, 'sq_yd')"),
    )
    assert one(definition, "yards", a={"value": "240", "unit": "sq_yd"}) == 240


def test_a_unit_that_differs_by_state_takes_the_size_given() -> None:
    definition = a_format(measure("a", "bigha", "acre"), calculated("feet", "area_in(a, 'sq_ft')"))
    result = calculate(
        definition, answers(a={"value": "2", "unit": "bigha"}), local_units={"bigha": D(14400)}
    )
    assert result.values["main.land.feet"] == 28800


def test_a_unit_that_differs_by_state_is_a_problem_without_a_size() -> None:
    definition = a_format(measure("a", "bigha", "acre"), calculated("feet", "area_in(a, 'sq_ft')"))
    result = calculate(definition, answers(a={"value": "2", "unit": "bigha"}))
    assert "state to state" in result.problems["main.land.feet"]


def test_a_checkbox_decides_a_formula() -> None:
    definition = a_format(of_type("lift", FieldType.CHECKBOX), calculated("b", "1 if lift else 2"))
    assert one(definition, "b", lift=True) == 1


junk = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4), st.just("12.5")),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["main", "land", "rate", "floors", "area", "value", "unit", "by_deed", "building"]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)
WHOLE = land_and_building()


@given(junk, junk, junk)
def test_no_stored_answer_can_break_it(by_deed: Any, floors: Any, whole: Any) -> None:
    odd = a_report(by_deed=by_deed)
    odd["building"]["value"]["floors"] = floors
    for stored in (odd, whole if isinstance(whole, dict) else {"main": whole}):
        assert isinstance(calculate(WHOLE, stored), Calculation)


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**5), st.integers(0, 200)), max_size=8))
def test_the_parts_add_up_to_the_total(floors: list[tuple[int, int, int]]) -> None:
    report = a_report()
    report["building"]["value"]["floors"] = [
        {"area": str(area), "rate": str(rate), "age": str(age)} for area, rate, age in floors
    ]
    values = calculate(WHOLE, report).values
    cells = [values[f"building.value.floors.{position}.net"] for position in range(len(floors))]
    assert values["building.value.floors.net"] == sum(cells)
    assert values["abstract.totals.fair"] == values["main.land.land_value"] + sum(cells)


@pytest.mark.parametrize("stored", [{}, {"main": None}, {"main": {"land": []}}])
def test_an_empty_report_has_no_problem(stored: dict[str, Any]) -> None:
    assert not calculate(WHOLE, stored).problems
