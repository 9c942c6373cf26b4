"""Union Bank of India, land and building: the sample of the house in Visakhapatnam, worked out by hand."""

from __future__ import annotations

from reports.tests.library.by_hand import (
    SQ_YD,
    D,
    abstract_column,
    disagreements,
    hundredths,
    in_words,
    rupees,
    tenths,
)

NAME = "ubi_land_building_v1"
MARKET = {
    "land": D(299) * 42000,
    "building": D(2078937) + 2043094 + 943330,
    "extra": D(60000) + 45000 + 38000 + 42000 + 27500 + 18000,
    "amenities": D(185000) + 64000 + 22000 + 140000 + 95000 + 55000 + 30000 + 48000 + 36000 + 72500,
    "miscellaneous": D(35000) + 28000 + 60000 + 15000,
    "services": D(45000) + 30000 + 110000 + 65000 + 52000,
}


def land() -> dict[str, D]:
    """The rates are for one square yard; 2,691 sq ft measured are 299 of them, one less than the deed's."""
    return {
        "general.records.owners.share": D(60) + 40,
        "general.extent.extent_considered": min(D(300) * SQ_YD, D(2691)),
        "land.size.dimension_area": D(60) * 45,
        "land.size.total_extent": D(2691) / SQ_YD,
        "land.market.comparables.0.rate": D(11172000) / 266,
        "land.market.comparables.0.adjusted_rate": D(42000) + 500 - 250,
        "land.market.comparables.0.net_percent": tenths(D(250) * 100 / 42000),
        "land.market.comparables.1.rate": D(13760000) / 320,
        "land.market.comparables.1.adjusted_rate": D(43000) - 1200,
        "land.market.comparables.1.net_percent": tenths(D(-1200) * 100 / 43000),
        "land.market.comparables.2.rate": D(10400000) / 250,
        "land.market.comparables.2.adjusted_rate": D(41600) + 360,
        "land.market.comparables.2.net_percent": tenths(D(360) * 100 / 41600),
        "land.market.mean_rate": hundredths((D(42250) + 41800 + 41960) / 3),
        "land.guideline.guideline_land_value": D(299) * 28500,
        "land.valuation.land_value": D(299) * 42000,
    }


def building() -> dict[str, D]:
    """1.5 % a year: 22.5 % for the fifteen years of the house, 10.5 % for the seven of its second floor."""
    return {
        "building.description.plinth_total": D(1450) + 1425 + 620,
        "building.description.age": D(2026) - 2011,
        "building.description.residual_life": D(60) - 15,
        "building.valuation.floors.0.age": D(15),
        "building.valuation.floors.0.replacement_cost": D(1450) * 1850,
        "building.valuation.floors.0.depreciation": rupees(D(2682500) * D("22.5") / 100),
        "building.valuation.floors.0.depreciation_percent": D("22.5"),
        "building.valuation.floors.0.net_value": D(2682500) - 603563,
        "building.valuation.floors.1.age": D(15),
        "building.valuation.floors.1.replacement_cost": D(1425) * 1850,
        "building.valuation.floors.1.depreciation": rupees(D(2636250) * D("22.5") / 100),
        "building.valuation.floors.1.depreciation_percent": D("22.5"),
        "building.valuation.floors.1.net_value": D(2636250) - 593156,
        "building.valuation.floors.2.age": D(2026) - 2019,
        "building.valuation.floors.2.replacement_cost": D(620) * 1700,
        "building.valuation.floors.2.depreciation": D(1054000) * D("10.5") / 100,
        "building.valuation.floors.2.depreciation_percent": D("10.5"),
        "building.valuation.floors.2.net_value": D(1054000) - 110670,
        "building.valuation.floors.plinth_area": D(1450) + 1425 + 620,
        "building.valuation.floors.replacement_cost": D(2682500) + 2636250 + 1054000,
        "building.valuation.floors.depreciation": D(603563) + 593156 + 110670,
        "building.valuation.floors.net_value": D(2078937) + 2043094 + 943330,
        "building.valuation.guideline_building_value": D(3495) * 1100,
    }


def parts_c_to_f() -> dict[str, D]:
    return {
        "extra_items.items.total": D(230500),
        "amenities.items.total": D(747500),
        "miscellaneous.items.total": D(138000),
        "services.items.total": D(302000),
    }


def abstract() -> dict[str, D]:
    return {
        **{f"abstract.market.{part}_value": amount for part, amount in MARKET.items()},
        "abstract.market.fair_market_value": D(12558000) + 5065361 + 230500 + 747500 + 138000 + 302000,
        # 1,90,41,361 to the nearest thousand.
        "abstract.market.say_value": D(19041000),
        "abstract.guideline.land_value": D(8521500),
        "abstract.guideline.building_value": D(3844500),
        "abstract.guideline.guideline_value": D(8521500) + 3844500,
        "abstract.guideline.say_value": D(12366000),
        **abstract_column("realizable", MARKET, 90),
        **abstract_column("distress", MARKET, 80),
    }


def by_hand() -> dict[str, D]:
    return {**land(), **building(), **parts_c_to_f(), **abstract()}


def test_every_figure_is_what_a_valuer_works_out() -> None:
    assert disagreements(NAME, by_hand()) == []


def test_the_value_is_said_in_words() -> None:
    assert in_words(NAME) == "Rupees One Crore Ninety Lakh Forty-One Thousand Only"
