"""Punjab National Bank, fifteen parts: the sample of the house in Chandigarh, worked out by hand."""

from __future__ import annotations

from reports.tests.library.by_hand import D, abstract_column, disagreements, hundredths, in_words, tenths

NAME = "pnb_land_building_v1"
MARKET = {
    "land": D(250) * 94000,
    "building": D(2135280) + 1724800,
    "works": D(148000) + 294000 + 60000 + 120000,
}


def land() -> dict[str, D]:
    """250 sq yd by deed are 2,250 sq ft, less than the 2,256 measured; the rates are for one square yard."""
    return {
        "introduction.records.owners.share": D(100),
        "physical.extent.extent_considered": D(250) * 9,
        "valuation.size.dimension_area": D(30) * 75,
        "valuation.size.total_extent": D(2250) / 9,
        "valuation.market.comparables.0.rate": D(23250000) / 250,
        "valuation.market.comparables.0.adjusted_rate": D(93000) + 1000,
        "valuation.market.comparables.0.net_percent": tenths(D(1000) * 100 / 93000),
        "valuation.market.comparables.1.rate": D(29400000) / 300,
        "valuation.market.comparables.1.adjusted_rate": D(98000) - 3000 - 1000,
        "valuation.market.comparables.1.net_percent": tenths(D(-4000) * 100 / 98000),
        "valuation.market.mean_rate": (D(94000) + 94000) / 2,
        "valuation.guideline.guideline_land_value": D(250) * 72000,
        "valuation.land.land_value": D(250) * 94000,
    }


def building() -> dict[str, D]:
    """In a straight line over sixty years to a tenth: twelve years 18 %, eight of the first floor 12 %."""
    floors = "valuation.building.floors"
    return {
        "engineering.structure.plinth_total": D(1240) + 980,
        "engineering.structure.age": D(2026) - 2014,
        "engineering.structure.residual_life": D(60) - 12,
        f"{floors}.0.age": D(12),
        f"{floors}.0.replacement_cost": D(1240) * 2100,
        f"{floors}.0.depreciation_percent": D(12) * 90 / 60,
        f"{floors}.0.depreciation": D(2604000) * 18 / 100,
        f"{floors}.0.net_value": D(2604000) - 468720,
        f"{floors}.1.age": D(2026) - 2018,
        f"{floors}.1.replacement_cost": D(980) * 2000,
        f"{floors}.1.depreciation_percent": D(8) * 90 / 60,
        f"{floors}.1.depreciation": D(1960000) * 12 / 100,
        f"{floors}.1.net_value": D(1960000) - 235200,
        f"{floors}.plinth_area": D(1240) + 980,
        f"{floors}.replacement_cost": D(2604000) + 1960000,
        f"{floors}.depreciation": D(468720) + 235200,
        f"{floors}.net_value": D(2135280) + 1724800,
        "valuation.building.guideline_building_value": D(2220) * 1100,
    }


def works() -> dict[str, D]:
    items = "valuation.works.items"
    return {
        f"{items}.extra_items.value": D(185000) - 37000,
        f"{items}.amenities.value": D(420000) - 126000,
        f"{items}.miscellaneous.value": D(60000),
        f"{items}.services.value": D(150000) - 30000,
        f"{items}.cost": D(185000) + 420000 + 60000 + 150000,
        f"{items}.depreciation": D(37000) + 126000 + 30000,
        f"{items}.value": D(622000),
    }


def planning_and_income() -> dict[str, D]:
    """The floor area is 2,220 of 2,250 sq ft, 1,240 of them are covered; the rent is 48,000 a month."""
    return {
        "planning.intensity.fsi_used": hundredths(D(2220) / 2250),
        "planning.intensity.fsi_left": D("1.5") - D("0.99"),
        "planning.intensity.coverage_used": tenths(D(1240) * 100 / 2250),
        "economic.income.annual_rent": D(48000) * 12,
        "economic.income.outgoings": D(14200) + 36000 + 5800,
        "economic.income.net_rent": D(576000) - 56000,
        "economic.income.net_yield": hundredths(D(520000) * 100 / 27982080),
    }


def abstract() -> dict[str, D]:
    return {
        **{f"abstract.market.{part}_value": amount for part, amount in MARKET.items()},
        "abstract.market.fair_market_value": D(23500000) + 3860080 + 622000,
        # 2,79,82,080 to the nearest thousand.
        "abstract.market.say_value": D(27982000),
        "abstract.guideline.land_value": D(18000000),
        "abstract.guideline.building_value": D(2442000),
        "abstract.guideline.guideline_value": D(18000000) + 2442000,
        "abstract.guideline.say_value": D(20442000),
        **abstract_column("realizable", MARKET, 90),
        **abstract_column("distress", MARKET, 80),
    }


def by_hand() -> dict[str, D]:
    return {**land(), **building(), **works(), **planning_and_income(), **abstract()}


def test_every_figure_is_what_a_valuer_works_out() -> None:
    assert disagreements(NAME, by_hand()) == []


def test_the_value_is_said_in_words() -> None:
    assert in_words(NAME) == "Rupees Two Crore Seventy-Nine Lakh Eighty-Two Thousand Only"
