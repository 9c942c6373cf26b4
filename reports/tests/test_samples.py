"""The shipped formats, worked out on their samples and on small changes of them.

``reports/tests/library`` works out every figure of every sample by hand.
"""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest

from banks.formats.field_checks import AREA_UNITS
from banks.formats.shipped import format_files, sample, shipped_format
from reports.calculation import units
from reports.calculation.engine import Calculation, calculate, check_formulas

NAMES = [path.stem for path in format_files()]
LAND_AND_BUILDING = [f"{bank}_land_building_v1" for bank in ("sbi", "bob", "ubi", "uco", "boi")]


def worked_out(name: str, answers: dict[str, Any] | None = None) -> Calculation:
    return calculate(shipped_format(name), sample(name)["answers"] if answers is None else answers)


def changed(name: str, path: str, value: Any) -> dict[str, Any]:
    """The sample's answers with one of them changed."""
    answers: dict[str, Any] = copy.deepcopy(sample(name)["answers"])
    *steps, last = path.split(".")
    here = answers
    for step in steps:
        here = here[step]
    here[last] = value
    return answers


@pytest.mark.parametrize("name", NAMES)
def test_every_formula_of_a_shipped_format_is_understood(name: str) -> None:
    assert check_formulas(shipped_format(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_leaves_no_figure_in_doubt(name: str) -> None:
    assert worked_out(name).problems == {}


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_report_shows_no_problem_before_anything_is_typed(name: str) -> None:
    assert worked_out(name, {}).problems == {}


@pytest.mark.parametrize("column", ["market", "realizable", "distress"])
@pytest.mark.parametrize("name", LAND_AND_BUILDING)
def test_each_column_of_the_abstract_adds_up(name: str, column: str) -> None:
    values = worked_out(name).values
    lines = shipped_format(name).document.abstract_lines
    parts = [values[line.paths[column]] for line in lines if not line.emphasis]
    total = next(values[line.paths[column]] for line in lines if line.emphasis)

    assert sum(parts) == total


@pytest.mark.parametrize("name", LAND_AND_BUILDING)
def test_without_a_building_only_land_and_outdoor_works_have_a_value(name: str) -> None:
    values = worked_out(name, changed(name, "general.property.building_constructed", "no")).values
    outdoors = sum(values[f"abstract.market.{part}_value"] for part in ("land", "miscellaneous", "services"))

    assert values["abstract.market.fair_market_value"] == outdoors


def test_the_lesser_extent_is_considered() -> None:
    answers = changed(
        "sbi_land_building_v1", "general.extent.extent_actual", {"value": "2300", "unit": "sq_ft"}
    )

    assert worked_out("sbi_land_building_v1", answers).values["land.valuation.land_value"] == 2300 * 4200


def test_a_typed_extent_replaces_the_lesser_one() -> None:
    answers = changed("sbi_land_building_v1", "general.extent.extent_considered", "2000")

    assert worked_out("sbi_land_building_v1", answers).values["land.valuation.land_value"] == 2000 * 4200


def test_a_rate_for_one_square_metre_is_applied_to_square_metres() -> None:
    answers = changed("sbi_land_building_v1", "land.size.rate_unit", "sq_m")
    # 2,400 sq ft are 222.9673 sq m of 10.76391042 sq ft each.
    assert worked_out("sbi_land_building_v1", answers).values["land.valuation.land_value"] == Decimal(
        "936463"
    )


def test_a_floor_added_later_has_an_age_of_its_own() -> None:
    floors = sample("sbi_land_building_v1")["answers"]["building"]["valuation"]["floors"]
    floors[1]["built_in"] = "2016"
    values = worked_out(
        "sbi_land_building_v1", changed("sbi_land_building_v1", "building.valuation.floors", floors)
    ).values

    assert values["building.valuation.floors.1.depreciation_percent"] == 15


def test_an_old_building_keeps_its_salvage_value() -> None:
    answers = changed("sbi_land_building_v1", "building.description.construction_year", "1900")

    assert worked_out("sbi_land_building_v1", answers).values["abstract.market.building_value"] == 391875


def test_a_lump_sum_replaces_quantity_times_rate() -> None:
    answers = changed("sbi_flat_v1", "details.values.items.wardrobes.value", "100000")

    assert worked_out("sbi_flat_v1", answers).values["abstract.values.items_value"] == 295400


@pytest.mark.parametrize(
    ("basis", "value"), [("carpet", 850 * 4930), ("built_up", 1000 * 4930), ("super_built_up", 1250 * 4930)]
)
def test_the_composite_rate_applies_to_the_area_that_was_named(basis: str, value: int) -> None:
    answers = changed("sbi_flat_v1", "flat.areas.area_basis", basis)

    assert worked_out("sbi_flat_v1", answers).values["details.values.flat_value"] == value


def test_formats_may_offer_exactly_the_units_that_can_be_converted() -> None:
    assert AREA_UNITS == units.AREA_UNITS
