"""Quality checks, on the shipped land-and-building sample with one thing changed at a time."""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import Any

import pytest

from banks.formats.shipped import format_files
from reports.calculation.engine import calculate
from reports.checks import Check, Level, check_report
from reports.tests.making import sample_answers, shipped_format

TODAY = date(2026, 11, 23)


def checks(*changes: tuple[str, Any], photographs: int = 4) -> list[Check]:
    """The checks of the sample after setting (or with ``None`` emptying) answers by path."""
    definition, answers = shipped_format(), sample_answers()
    for path, value in changes:
        *keys, last = path.split(".")
        place: Any = answers
        for key in keys:
            place = place[int(key)] if isinstance(place, list) else place.setdefault(key, {})
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    return check_report(
        definition, answers, calculate(definition, answers), today=TODAY, photographs=photographs
    )


def found(name: str, *changes: tuple[str, Any], **more: Any) -> list[tuple[Level, str]]:
    return [(check.level, check.path) for check in checks(*changes, **more) if check.name == name]


@pytest.mark.parametrize("name", [path.stem for path in format_files()])
def test_a_complete_sample_has_nothing_that_stops_it(name: str) -> None:
    definition, answers = shipped_format(name), sample_answers(name)
    results = check_report(definition, answers, calculate(definition, answers), today=TODAY, photographs=4)

    assert [check.text for check in results if check.level is Level.FAIL] == []


def test_an_inspection_after_the_valuation_fails() -> None:
    assert found("dates", ("common.details.inspection_date", "2026-11-22")) == [
        (Level.FAIL, "common.details.inspection_date")
    ]


def test_a_report_dated_before_the_valuation_fails() -> None:
    assert found("dates", ("common.details.report_date", "2026-01-01")) == [
        (Level.FAIL, "common.details.report_date")
    ]


def test_a_valuation_in_the_future_fails() -> None:
    later = [("common.details.valuation_date", "2026-11-24"), ("common.details.report_date", "2026-11-24")]

    assert (Level.FAIL, "common.details.valuation_date") in found("dates", *later)


def test_a_missing_required_answer_fails_and_is_named() -> None:
    assert found("required", ("common.details.applicant_name", None)) == [
        (Level.FAIL, "common.details.applicant_name")
    ]


def test_a_required_cell_of_a_filled_row_fails() -> None:
    assert found("required", ("building.valuation.floors.1.plinth_area", None)) == [
        (Level.FAIL, "building.valuation.floors.1.plinth_area")
    ]


def test_what_is_required_in_a_hidden_part_does_not_fail() -> None:
    vacant = ("general.property.building_constructed", "no")

    assert (Level.PASS, "") in found("required", vacant, ("building.description.total_life", None))


def test_a_missing_side_is_named() -> None:
    (side,) = [c for c in checks(("general.boundaries.boundaries.west", {})) if c.name == "boundaries"]

    assert (side.level, side.text) == (Level.WARNING, "No boundary yet: West")


def test_an_extent_above_the_lesser_is_a_warning() -> None:
    assert found("extent", ("general.extent.extent_considered", "2600")) == [
        (Level.WARNING, "general.extent.extent_considered")
    ]


def test_extents_in_two_units_are_compared_in_one() -> None:
    in_yards = ("general.extent.extent_actual", {"value": "266.666667", "unit": "sq_yd"})

    assert found("extent", in_yards) == [(Level.PASS, "")]


def test_an_extent_of_nothing_fails() -> None:
    assert found("extent", ("general.extent.extent_considered", "0")) == [
        (Level.FAIL, "general.extent.extent_considered")
    ]


@pytest.mark.parametrize("rate", ["4500", "3700"])
def test_an_adopted_rate_outside_the_market_is_a_warning(rate: str) -> None:
    assert found("rates", ("land.valuation.adopted_rate", rate)) == [
        (Level.WARNING, "land.valuation.adopted_rate")
    ]


def test_a_low_rate_above_the_high_one_fails() -> None:
    assert found("rates", ("land.market.market_rate_low", "9000")) == [
        (Level.FAIL, "land.market.market_rate_low")
    ]


def test_an_adopted_rate_below_the_guideline_is_a_warning() -> None:
    assert found("guideline", ("land.guideline.guideline_rate", "5000")) == [
        (Level.WARNING, "land.valuation.adopted_rate")
    ]


def test_fewer_than_two_comparables_is_a_warning() -> None:
    one = sample_answers()["land"]["market"]["comparables"][:1]

    assert found("comparables", ("land.market.comparables", one)) == [
        (Level.WARNING, "land.market.comparables")
    ]


def test_a_value_typed_far_over_the_computed_one_is_a_warning() -> None:
    assert found("overrides", ("land.valuation.land_value", "20000000")) == [
        (Level.WARNING, "land.valuation.land_value")
    ]


def test_a_value_typed_close_to_the_computed_one_passes() -> None:
    assert found("overrides", ("land.valuation.land_value", "10100000")) == [(Level.PASS, "")]


def test_a_building_without_floors_fails() -> None:
    assert found("building", ("building.valuation.floors", None)) == [
        (Level.FAIL, "building.valuation.floors")
    ]


def test_vacant_land_with_floors_entered_is_a_warning() -> None:
    assert found("building", ("general.property.building_constructed", "no")) == [
        (Level.WARNING, "general.property.building_constructed")
    ]


def test_no_photograph_is_a_warning() -> None:
    assert found("photographs", photographs=0) == [(Level.WARNING, "")]


@pytest.mark.parametrize(
    ("part", "degrees"), [("latitude", "77.59"), ("latitude", "3"), ("longitude", "12.97")]
)
def test_coordinates_outside_india_are_a_warning(part: str, degrees: str) -> None:
    path = f"general.boundaries.coordinates.{part}"

    assert found("coordinates", (path, degrees)) == [(Level.WARNING, path)]


def test_a_figure_that_cannot_be_had_fails_with_its_reason() -> None:
    assert (Level.FAIL, "building.description.age") in found(
        "figures", ("building.description.construction_year", "2099")
    )


def test_failures_come_first() -> None:
    levels = [check.level for check in checks(("common.details.applicant_name", None), photographs=0)]

    assert levels == sorted(levels, key=list(Level).index)


def test_a_format_without_a_headline_stops_no_report_for_it() -> None:
    definition, answers = dataclasses.replace(shipped_format(), headline={}), sample_answers()
    results = check_report(definition, answers, calculate(definition, answers), today=TODAY, photographs=4)

    assert [check.level for check in results if check.name == "value"] == [Level.WARNING]


def test_a_format_with_a_headline_needs_its_value() -> None:
    definition = shipped_format()
    results = check_report(definition, {}, calculate(definition, {}), today=TODAY, photographs=4)

    assert [check.level for check in results if check.name == "value"] == [Level.FAIL]


def of_a_flat(name: str, tab: str, section: str, **rates: Any) -> set[tuple[Level, str]]:
    """The results for a flat's sample with other answers among its rates."""
    definition, answers = shipped_format(name), sample_answers(name)
    answers[tab][section] |= rates
    calculation = calculate(definition, answers)
    results = check_report(definition, answers, calculation, today=TODAY, photographs=4)
    return {(check.level, check.path) for check in results if check.name in ("rates", "comparables")}


def test_a_format_that_also_asks_of_land_checks_the_rates_of_a_flat() -> None:
    results = of_a_flat("cbi_property_v1", "flat", "rates", adopted_rate="9000", comparables=[])

    assert results == {(Level.WARNING, "flat.rates.adopted_rate"), (Level.WARNING, "flat.rates.comparables")}


@pytest.mark.parametrize(("name", "tab"), [("cbi_property_v1", "flat"), ("sbi_flat_v2", "rate")])
def test_a_building_dearer_than_the_whole_flat_fails(name: str, tab: str) -> None:
    results = of_a_flat(name, tab, "rates", building_rate="5300")

    assert (Level.FAIL, f"{tab}.rates.building_rate") in results
