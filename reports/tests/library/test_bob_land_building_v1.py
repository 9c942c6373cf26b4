"""Bank of Baroda, land and building: the sample of the bungalow in Vadodara, worked out by hand."""

from __future__ import annotations

from reports.tests.library.by_hand import SQ_M, D, disagreements, hundredths, in_words, rupees, tenths

NAME = "bob_land_building_v1"
MARKET = {
    "land": D(1800) * 5350,
    "building": D(1466080) + 1286560,
    "extra": D(45000),
    "amenities": D(110000),
    "miscellaneous": D(20000),
    "services": D(30000) + 42300,
}


def land() -> dict[str, D]:
    return {
        "general.records.owners.share": D(100),
        # 167.3 sq m measured are 1,800.80 sq ft, a little more than the deed says.
        "general.extent.extent_considered": min(D(1800), hundredths(D("167.3") * SQ_M)),
        "land.size.dimension_area": D(40) * 45,
        "land.size.total_extent": D(1800),
        "land.market.comparables.0.rate": D(9720000) / 1800,
        "land.market.comparables.0.adjusted_rate": D(5400) - 50,
        "land.market.comparables.0.net_percent": tenths(D(-50) * 100 / 5400),
        "land.market.comparables.1.rate": D(10400000) / 2000,
        "land.market.comparables.1.adjusted_rate": D(5200) + 150,
        "land.market.comparables.1.net_percent": tenths(D(150) * 100 / 5200),
        "land.market.mean_rate": (D(5350) + 5350) / 2,
        "land.guideline.guideline_land_value": D(1800) * 4000,
        "land.valuation.land_value": D(1800) * 5350,
    }


def building() -> dict[str, D]:
    """Twelve years at 1.0 % a year: 12 % of the cost of each floor."""
    return {
        "building.description.plinth_total": D(980) + 860,
        "building.description.age": D(2026) - 2014,
        "building.description.residual_life": D(60) - 12,
        "building.valuation.floors.0.age": D(12),
        "building.valuation.floors.0.replacement_cost": D(980) * 1700,
        "building.valuation.floors.0.depreciation": D(1666000) * 12 / 100,
        "building.valuation.floors.0.depreciation_percent": D(12),
        "building.valuation.floors.0.net_value": D(1666000) - 199920,
        "building.valuation.floors.1.age": D(12),
        "building.valuation.floors.1.replacement_cost": D(860) * 1700,
        "building.valuation.floors.1.depreciation": D(1462000) * 12 / 100,
        "building.valuation.floors.1.depreciation_percent": D(12),
        "building.valuation.floors.1.net_value": D(1462000) - 175440,
        "building.valuation.floors.plinth_area": D(980) + 860,
        "building.valuation.floors.replacement_cost": D(1666000) + 1462000,
        "building.valuation.floors.depreciation": D(199920) + 175440,
        "building.valuation.floors.net_value": D(1466080) + 1286560,
    }


def parts_c_to_f() -> dict[str, D]:
    return {
        "extra_items.items.total": D(45000),
        "amenities.items.total": D(110000),
        "miscellaneous.items.total": D(20000),
        "services.items.total": D(72300),
    }


def percentages(column: str, percent: int, say: D) -> dict[str, D]:
    """The bank's say is cut to whole thousands, so it is given and not rounded here."""
    lines = {part: rupees(amount * percent / 100) for part, amount in MARKET.items()}
    return {
        **{f"abstract.{column}.{part}_value": amount for part, amount in lines.items()},
        f"abstract.{column}.{column}_value": sum(lines.values(), D(0)),
        f"abstract.{column}.say_value": say,
    }


def abstract() -> dict[str, D]:
    return {
        **{f"abstract.market.{part}_value": amount for part, amount in MARKET.items()},
        "abstract.market.fair_market_value": D(9630000) + 2752640 + 45000 + 110000 + 20000 + 72300,
        # 1,26,29,940 without what is below a thousand.
        "abstract.market.say_value": D(12629000),
        # The authority publishes no rate of buildings: land alone.
        "abstract.guideline.land_value": D(7200000),
        "abstract.guideline.guideline_value": D(7200000),
        "abstract.guideline.say_value": D(7200000),
        # 95 % are 1,19,98,443, 85 % are 1,07,35,449.
        **percentages("realizable", 95, D(11998000)),
        **percentages("distress", 85, D(10735000)),
    }


def by_hand() -> dict[str, D]:
    return {**land(), **building(), **parts_c_to_f(), **abstract()}


def test_every_figure_is_what_a_valuer_works_out() -> None:
    assert disagreements(NAME, by_hand()) == []


def test_the_value_is_said_in_words() -> None:
    assert in_words(NAME) == "Rupees One Crore Twenty-Six Lakh Twenty-Nine Thousand Only"
