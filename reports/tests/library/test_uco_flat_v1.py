"""UCO Bank, flat: the sample of the second floor in Kolkata, worked out by hand."""

from __future__ import annotations

from reports.tests.library.by_hand import D, disagreements, in_words, rupees, tenths

NAME = "uco_flat_v1"


def rates() -> dict[str, D]:
    return {
        "rate.rates.comparables.0.rate": D(4963200) / 880,
        "rate.rates.comparables.0.adjusted_rate": D(5640) - 120 + 60,
        "rate.rates.comparables.0.net_percent": tenths(D(-60) * 100 / 5640),
        "rate.rates.comparables.1.rate": D(6009500) / 1010,
        "rate.rates.comparables.1.adjusted_rate": D(5950) - 325,
        "rate.rates.comparables.1.net_percent": tenths(D(-325) * 100 / 5950),
        "rate.rates.mean_rate": (D(5580) + 5625) / 2,
        "rate.rates.land_rate": D(5600) - 1900,
    }


def composite_rate() -> dict[str, D]:
    """Twenty-two years of sixty, a tenth to remain: 33 % of the rate of building and services."""
    return {
        "composite.building_rate.replacement_rate": D(1900),
        "composite.building_rate.age": D(2026) - 2004,
        "composite.building_rate.depreciation_percent": D(22) * 90 / 60,
        "composite.building_rate.depreciated_rate": D(1900) - 627,
        "composite.total_rate.building_rate": D(1273),
        "composite.total_rate.land_rate": D(3700),
        "composite.total_rate.composite_rate": D(1273) + 3700,
    }


def flat_and_items() -> dict[str, D]:
    """The rate is for the built-up area, 960 sq ft."""
    return {
        "general.records.owners.share": D(100),
        "flat.areas.area_considered": D(960),
        "details.values.flat_value": D(960) * 4973,
        "details.values.building_part": D(960) * 1273,
        "details.values.land_part": D(4774080) - 1222080,
        "details.values.items.wardrobes.value": D(2) * 28000,
        "details.values.items.showcases.value": D(15000),
        "details.values.items.finishes.value": D(782) * D("45.5"),
        "details.values.items.grills.value": D(5) * 6400,
        # Lump sums.
        "details.values.items.kitchen.value": D(65000),
        "details.values.items.interior.value": D(40000),
        "details.values.items.electricity.value": D(12250),
        "details.values.items.value": D(56000) + 15000 + 35581 + 32000 + 65000 + 40000 + 12250,
    }


def values() -> dict[str, D]:
    return {
        "abstract.values.items_value": D(255831),
        "abstract.values.fair_market_value": D(4774080) + 255831,
        # 50,29,911 to the nearest thousand.
        "abstract.values.say_value": D(5030000),
        "abstract.values.guideline_value": D(960) * 4850,
        "abstract.values.realizable_value": rupees(D(5029911) * 90 / 100),
        "abstract.values.distress_value": rupees(D(5029911) * 80 / 100),
    }


def by_hand() -> dict[str, D]:
    return {**rates(), **composite_rate(), **flat_and_items(), **values()}


def test_every_figure_is_what_a_valuer_works_out() -> None:
    assert disagreements(NAME, by_hand()) == []


def test_the_value_is_said_in_words() -> None:
    assert in_words(NAME) == "Rupees Fifty Lakh Thirty Thousand Only"
