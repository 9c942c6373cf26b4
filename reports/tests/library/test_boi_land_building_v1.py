"""Bank of India, land and building: the sample of the leasehold house in Nagpur, worked out by hand."""

from __future__ import annotations

from reports.tests.library.by_hand import (
    SQ_M,
    D,
    abstract_column,
    disagreements,
    hundredths,
    in_words,
    rounded,
    rupees,
    tenths,
)

NAME = "boi_land_building_v1"
MARKET = {
    "land": D(9011281),
    "building": D(1662472) + 1355424 + 242991,
    "extra": D(75000) + 32000 + 41000 + 30000 + 36000,
    "amenities": D(210000) + 48000 + 15000 + 165000 + 120000 + 40000 + 25000 + 62000 + 18000 + 54000 + 28000,
    "miscellaneous": D(30000) + 22000 + 55000 + 24500,
    "services": D(38000) + 26000 + 96000 + 47500 + 33000 + 9000,
}


def land() -> dict[str, D]:
    """185.8 sq m by deed are 1,999.93 sq ft, less than the 2,004 measured; the rates are for one sq m."""
    considered = min(hundredths(D("185.8") * SQ_M), D(2004))
    extent = rounded(considered / SQ_M, "0.0001")
    return {
        "general.records.owners.share": D(100),
        "general.extent.extent_considered": considered,
        "land.size.dimension_area": D(50) * 40,
        "land.size.total_extent": extent,
        "land.market.comparables.0.rate": D(8732600) / D("185.8"),
        "land.market.comparables.0.adjusted_rate": D(47000) + 1500,
        "land.market.comparables.0.net_percent": tenths(D(1500) * 100 / 47000),
        "land.market.comparables.1.rate": D(10815000) / 210,
        "land.market.comparables.1.adjusted_rate": D(51500) - 500 - 2400,
        "land.market.comparables.1.net_percent": tenths(D(-2900) * 100 / 51500),
        "land.market.mean_rate": (D(48500) + 48600) / 2,
        "land.guideline.guideline_land_value": rupees(D("185.7996") * 31200),
        "land.valuation.land_value": rupees(D("185.7996") * 48500),
    }


def building() -> dict[str, D]:
    """1.38 % a year: 15.18 % for the eleven years of the house, 6.90 % for the five of the terrace room."""
    return {
        "building.description.plinth_total": D(1120) + 940 + 180,
        "building.description.age": D(2026) - 2015,
        # The valuer wrote 45 where sixty less eleven are 49.
        "building.description.residual_life": D(45),
        "building.valuation.floors.0.age": D(11),
        "building.valuation.floors.0.replacement_cost": D(1120) * 1750,
        "building.valuation.floors.0.depreciation": D(1960000) * D("15.18") / 100,
        "building.valuation.floors.0.depreciation_percent": D("15.18"),
        "building.valuation.floors.0.net_value": D(1960000) - 297528,
        "building.valuation.floors.1.age": D(11),
        "building.valuation.floors.1.replacement_cost": D(940) * 1700,
        "building.valuation.floors.1.depreciation": rupees(D(1598000) * D("15.18") / 100),
        "building.valuation.floors.1.depreciation_percent": D("15.18"),
        "building.valuation.floors.1.net_value": D(1598000) - 242576,
        "building.valuation.floors.2.age": D(2026) - 2021,
        "building.valuation.floors.2.replacement_cost": D(180) * 1450,
        "building.valuation.floors.2.depreciation": D(261000) * D("6.9") / 100,
        "building.valuation.floors.2.depreciation_percent": D("6.9"),
        "building.valuation.floors.2.net_value": D(261000) - 18009,
        "building.valuation.floors.plinth_area": D(1120) + 940 + 180,
        "building.valuation.floors.replacement_cost": D(1960000) + 1598000 + 261000,
        "building.valuation.floors.depreciation": D(297528) + 242576 + 18009,
        "building.valuation.floors.net_value": D(1662472) + 1355424 + 242991,
        "building.valuation.guideline_building_value": D(2240) * 1325,
    }


def parts_c_to_f() -> dict[str, D]:
    return {
        "extra_items.items.total": D(214000),
        "amenities.items.total": D(785000),
        "miscellaneous.items.total": D(131500),
        "services.items.total": D(249500),
    }


def abstract() -> dict[str, D]:
    return {
        **{f"abstract.market.{part}_value": amount for part, amount in MARKET.items()},
        "abstract.market.fair_market_value": D(9011281) + 3260887 + 214000 + 785000 + 131500 + 249500,
        # 1,36,52,168 to the nearest thousand.
        "abstract.market.say_value": D(13652000),
        "abstract.guideline.land_value": D(5796948),
        "abstract.guideline.building_value": D(2968000),
        "abstract.guideline.guideline_value": D(5796948) + 2968000,
        "abstract.guideline.say_value": D(8765000),
        **abstract_column("realizable", MARKET, 90),
        **abstract_column("distress", MARKET, 80),
    }


def by_hand() -> dict[str, D]:
    return {**land(), **building(), **parts_c_to_f(), **abstract()}


def test_every_figure_is_what_a_valuer_works_out() -> None:
    assert disagreements(NAME, by_hand()) == []


def test_the_value_is_said_in_words() -> None:
    assert in_words(NAME) == "Rupees One Crore Thirty-Six Lakh Fifty-Two Thousand Only"
