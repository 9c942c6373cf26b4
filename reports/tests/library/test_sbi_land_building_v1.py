"""State Bank of India, land and building: the sample of the house in Example Nagar, worked out by hand."""

from __future__ import annotations

from reports.tests.library.by_hand import (
    SQ_YD,
    D,
    abstract_column,
    disagreements,
    hundredths,
    in_words,
    tenths,
)

NAME = "sbi_land_building_v1"
# The lines of the abstract at market value; the parts below lead to them.
MARKET = {
    "land": D(2400) * 4200,
    "building": D(1472625) + 1270500,
    "extra": D(35000) + 15000 + 35000,
    "amenities": D(120000) + 80000,
    "miscellaneous": D(40000) + 10000,
    "services": D(25000) + 35000,
}


def land() -> dict[str, D]:
    return {
        "general.records.owners.share": D(50) + 50,
        # 266.6667 sq yd by deed are a trifle more than the 2,400 sq ft measured.
        "general.extent.extent_considered": min(hundredths(D("266.6667") * SQ_YD), D(2400)),
        "land.size.dimension_area": D(60) * 40,
        "land.size.total_extent": D(2400),
        "land.market.comparables.0.rate": D(9960000) / 2400,
        "land.market.comparables.0.adjusted_rate": D(4150) + 50,
        "land.market.comparables.0.net_percent": tenths(D(50) * 100 / 4150),
        "land.market.comparables.1.rate": D(6600000) / 1500,
        "land.market.comparables.1.adjusted_rate": D(4400) - 200 - 50,
        "land.market.comparables.1.net_percent": tenths(D(-250) * 100 / 4400),
        "land.market.comparables.2.rate": D(10320000) / 2400,
        "land.market.comparables.2.adjusted_rate": D(4300) - 100,
        "land.market.comparables.2.net_percent": tenths(D(-100) * 100 / 4300),
        "land.market.mean_rate": hundredths((D(4200) + 4150 + 4200) / 3),
        "land.guideline.guideline_land_value": D(2400) * 3150,
        "land.valuation.land_value": D(2400) * 4200,
    }


def building() -> dict[str, D]:
    """Twenty years of a life of sixty, ninety per cent of the cost to be lost: 30 %."""
    lost = D(20) * (100 - 10) / 60
    return {
        "building.description.plinth_total": D(1275) + 1100,
        "building.description.age": D(2026) - 2006,
        "building.description.residual_life": D(60) - 20,
        "building.valuation.floors.0.age": D(20),
        "building.valuation.floors.0.replacement_cost": D(1275) * 1650,
        "building.valuation.floors.0.depreciation_percent": lost,
        "building.valuation.floors.0.depreciation": D(2103750) * lost / 100,
        "building.valuation.floors.0.net_value": D(2103750) - 631125,
        "building.valuation.floors.1.age": D(20),
        "building.valuation.floors.1.replacement_cost": D(1100) * 1650,
        "building.valuation.floors.1.depreciation_percent": lost,
        "building.valuation.floors.1.depreciation": D(1815000) * lost / 100,
        "building.valuation.floors.1.net_value": D(1815000) - 544500,
        "building.valuation.floors.plinth_area": D(1275) + 1100,
        "building.valuation.floors.replacement_cost": D(2103750) + 1815000,
        "building.valuation.floors.depreciation": D(631125) + 544500,
        "building.valuation.floors.net_value": D(1472625) + 1270500,
        "building.valuation.guideline_building_value": D(2375) * 1000,
    }


def parts_c_to_f() -> dict[str, D]:
    return {
        "extra_items.items.total": D(85000),
        "amenities.items.total": D(200000),
        "miscellaneous.items.total": D(50000),
        "services.items.total": D(60000),
    }


def abstract() -> dict[str, D]:
    return {
        **{f"abstract.market.{part}_value": amount for part, amount in MARKET.items()},
        "abstract.market.fair_market_value": D(10080000) + 2743125 + 85000 + 200000 + 50000 + 60000,
        # 1,32,18,125 to the nearest thousand.
        "abstract.market.say_value": D(13218000),
        "abstract.guideline.land_value": D(7560000),
        "abstract.guideline.building_value": D(2375000),
        "abstract.guideline.guideline_value": D(7560000) + 2375000,
        "abstract.guideline.say_value": D(9935000),
        **abstract_column("realizable", MARKET, 90),
        **abstract_column("distress", MARKET, 80),
    }


def by_hand() -> dict[str, D]:
    return {**land(), **building(), **parts_c_to_f(), **abstract()}


def test_every_figure_is_what_a_valuer_works_out() -> None:
    assert disagreements(NAME, by_hand()) == []


def test_the_value_is_said_in_words() -> None:
    assert in_words(NAME) == "Rupees One Crore Thirty-Two Lakh Eighteen Thousand Only"
