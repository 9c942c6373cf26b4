"""UCO Bank, land and building: the sample of the corner house in Jaipur, worked out by hand."""

from __future__ import annotations

from reports.tests.library.by_hand import (
    SQ_M,
    SQ_YD,
    D,
    abstract_column,
    disagreements,
    hundredths,
    in_words,
    tenths,
)

NAME = "uco_land_building_v1"
MARKET = {
    "land": D(200) * 62000,
    "building": D(1206400) + 1132740 + 705366,
    "extra": D(22000) + 35000 + 28000 + 64000 + 57000,
    "amenities": D(90000) + 38000 + 12000 + 76000 + 45000 + 33000 + 21000 + 9500 + 26000,
    "miscellaneous": D(42000) + 68000 + 50000 + 31000 + 115000,
    "services": D(34000) + 22500 + 71000 + 39000 + 27000,
}


def land() -> dict[str, D]:
    """200 gaj by deed are 1,800 sq ft, less than the 168.5 sq m measured; the rates are for one gaj."""
    return {
        "general.records.owners.share": D(50) + 25 + 25,
        "general.extent.extent_considered": min(D(200) * SQ_YD, hundredths(D("168.5") * SQ_M)),
        "land.size.dimension_area": D(45) * 40,
        "land.size.total_extent": D(1800) / SQ_YD,
        "land.market.comparables.0.rate": D(10350000) / 180,
        "land.market.comparables.0.adjusted_rate": D(57500) + 4000 + 500,
        "land.market.comparables.0.net_percent": tenths(D(4500) * 100 / 57500),
        "land.market.comparables.1.rate": D(15075000) / 225,
        "land.market.comparables.1.adjusted_rate": D(67000) - 5500,
        "land.market.comparables.1.net_percent": tenths(D(-5500) * 100 / 67000),
        "land.market.comparables.2.rate": D(13000000) / 200,
        "land.market.comparables.2.adjusted_rate": D(65000) - 2750,
        "land.market.comparables.2.net_percent": tenths(D(-2750) * 100 / 65000),
        "land.market.comparables.3.rate": D(9210000) / 150,
        # The firm's own record of the same scheme needs no adjustment.
        "land.market.comparables.3.adjusted_rate": D(61400),
        "land.market.comparables.3.net_percent": D(0),
        "land.market.mean_rate": hundredths((D(62000) + 61500 + 62250 + 61400) / 4),
        "land.guideline.guideline_land_value": D(200) * 41600,
        "land.valuation.land_value": D(200) * 62000,
    }


def building() -> dict[str, D]:
    """In a straight line over sixty years to a tenth: 28 years 42 %, the 11 of the second floor 16.5 %."""
    return {
        "building.description.plinth_total": D(1300) + 1240 + 545,
        "building.description.age": D(2026) - 1998,
        "building.description.residual_life": D(60) - 28,
        "building.valuation.floors.0.age": D(28),
        "building.valuation.floors.0.replacement_cost": D(1300) * 1600,
        "building.valuation.floors.0.depreciation_percent": D(28) * 90 / 60,
        "building.valuation.floors.0.depreciation": D(2080000) * 42 / 100,
        "building.valuation.floors.0.net_value": D(2080000) - 873600,
        "building.valuation.floors.1.age": D(28),
        "building.valuation.floors.1.replacement_cost": D(1240) * 1575,
        "building.valuation.floors.1.depreciation_percent": D(28) * 90 / 60,
        "building.valuation.floors.1.depreciation": D(1953000) * 42 / 100,
        "building.valuation.floors.1.net_value": D(1953000) - 820260,
        "building.valuation.floors.2.age": D(2026) - 2015,
        "building.valuation.floors.2.replacement_cost": D(545) * 1550,
        "building.valuation.floors.2.depreciation_percent": D(11) * 90 / 60,
        # 1,39,383.75 to the rupee.
        "building.valuation.floors.2.depreciation": D(139384),
        "building.valuation.floors.2.net_value": D(844750) - 139384,
        "building.valuation.floors.plinth_area": D(1300) + 1240 + 545,
        "building.valuation.floors.replacement_cost": D(2080000) + 1953000 + 844750,
        "building.valuation.floors.depreciation": D(873600) + 820260 + 139384,
        "building.valuation.floors.net_value": D(1206400) + 1132740 + 705366,
        "building.valuation.guideline_building_value": D(3085) * 1200,
    }


def parts_c_to_f() -> dict[str, D]:
    return {
        "extra_items.items.total": D(206000),
        "amenities.items.total": D(350500),
        "miscellaneous.items.total": D(306000),
        "services.items.total": D(193500),
    }


def abstract() -> dict[str, D]:
    return {
        **{f"abstract.market.{part}_value": amount for part, amount in MARKET.items()},
        # With the 3,06,000 of miscellaneous works.
        "abstract.market.fair_market_value": D(12400000) + 3044506 + 206000 + 350500 + 306000 + 193500,
        # 1,65,00,506 to the nearest thousand.
        "abstract.market.say_value": D(16501000),
        "abstract.guideline.land_value": D(8320000),
        "abstract.guideline.building_value": D(3702000),
        "abstract.guideline.guideline_value": D(8320000) + 3702000,
        "abstract.guideline.say_value": D(12022000),
        **abstract_column("realizable", MARKET, 90),
        **abstract_column("distress", MARKET, 80),
    }


def by_hand() -> dict[str, D]:
    return {**land(), **building(), **parts_c_to_f(), **abstract()}


def test_every_figure_is_what_a_valuer_works_out() -> None:
    assert disagreements(NAME, by_hand()) == []


def test_the_value_is_said_in_words() -> None:
    assert in_words(NAME) == "Rupees One Crore Sixty-Five Lakh One Thousand Only"


def test_the_total_holds_the_miscellaneous_works_that_were_once_left_out() -> None:
    figures = by_hand()
    without = sum(amount for part, amount in MARKET.items() if part != "miscellaneous")

    assert figures["abstract.market.fair_market_value"] - without == D(306000)
