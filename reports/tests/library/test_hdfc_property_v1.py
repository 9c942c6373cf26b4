"""HDFC Bank, general: the sample of the villa in Hyderabad, worked out by hand."""

from __future__ import annotations

from reports.tests.library.by_hand import D, abstract_column, disagreements, in_words, tenths

NAME = "hdfc_property_v1"
MARKET = {
    "land": D(300) * 65000,
    "building": D(2390200) + 2075700,
    "extra": D(35000) + 15000 + 35000,
    "amenities": D(120000) + 80000,
    "miscellaneous": D(40000) + 10000,
    "services": D(25000) + 35000,
}


def land() -> dict[str, D]:
    """300 sq yd by deed are 2,700 sq ft, less than the 2,718 measured; the rates are for one square yard."""
    return {
        "general.records.owners.share": D(70) + 30,
        "general.extent.extent_considered": D(300) * 9,
        "land.size.dimension_area": D(45) * 60,
        "land.size.total_extent": D(2700) / 9,
        "land.market.comparables.0.rate": D(19500000) / 300,
        # Nothing was adjusted.
        "land.market.comparables.0.adjusted_rate": D(65000),
        "land.market.comparables.0.net_percent": D(0),
        "land.market.comparables.1.rate": D(15120000) / 240,
        "land.market.comparables.1.adjusted_rate": D(63000) + 2500 - 500,
        "land.market.comparables.1.net_percent": tenths(D(2000) * 100 / 63000),
        "land.market.mean_rate": (D(65000) + 65000) / 2,
        "land.guideline.guideline_land_value": D(300) * 41500,
        "land.valuation.land_value": D(300) * 65000,
    }


def building() -> dict[str, D]:
    """Ten of sixty years, down to a tenth: 15 % of each floor."""
    return {
        "building.description.plinth_total": D(1480) + 1320,
        "building.description.age": D(2026) - 2016,
        "building.description.residual_life": D(60) - 10,
        "building.valuation.floors.0.age": D(10),
        "building.valuation.floors.0.replacement_cost": D(1480) * 1900,
        "building.valuation.floors.0.depreciation_percent": D(10) * 90 / 60,
        "building.valuation.floors.0.depreciation": D(2812000) * 15 / 100,
        "building.valuation.floors.0.net_value": D(2812000) - 421800,
        "building.valuation.floors.1.age": D(10),
        "building.valuation.floors.1.replacement_cost": D(1320) * 1850,
        "building.valuation.floors.1.depreciation_percent": D(10) * 90 / 60,
        "building.valuation.floors.1.depreciation": D(2442000) * 15 / 100,
        "building.valuation.floors.1.net_value": D(2442000) - 366300,
        "building.valuation.floors.plinth_area": D(1480) + 1320,
        "building.valuation.floors.replacement_cost": D(2812000) + 2442000,
        "building.valuation.floors.depreciation": D(421800) + 366300,
        "building.valuation.floors.net_value": D(2390200) + 2075700,
        "building.valuation.guideline_building_value": D(2800) * 950,
    }


def abstract() -> dict[str, D]:
    return {
        **{f"{part}.items.total": MARKET[part] for part in ("amenities", "miscellaneous", "services")},
        "extra_items.items.total": MARKET["extra"],
        **{f"abstract.market.{part}_value": amount for part, amount in MARKET.items()},
        "abstract.market.fair_market_value": D(19500000) + 4465900 + 85000 + 200000 + 50000 + 60000,
        # 2,43,60,900 to the nearest thousand.
        "abstract.market.say_value": D(24361000),
        "abstract.guideline.land_value": D(12450000),
        "abstract.guideline.building_value": D(2660000),
        "abstract.guideline.guideline_value": D(12450000) + 2660000,
        "abstract.guideline.say_value": D(15110000),
        **abstract_column("realizable", MARKET, 90),
        **abstract_column("distress", MARKET, 80),
    }


def by_hand() -> dict[str, D]:
    return {**land(), **building(), **abstract()}


def test_every_figure_is_what_a_valuer_works_out() -> None:
    assert disagreements(NAME, by_hand()) == []


def test_the_value_is_said_in_words() -> None:
    assert in_words(NAME) == "Rupees Two Crore Forty-Three Lakh Sixty-One Thousand Only"
