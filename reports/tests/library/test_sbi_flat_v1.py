"""State Bank of India, flat: the sample of the third floor in Mumbai, worked out by hand."""

from __future__ import annotations

from reports.tests.library.by_hand import D, disagreements, in_words, tenths

NAME = "sbi_flat_v1"


def rates() -> dict[str, D]:
    return {
        "rate.rates.comparables.0.rate": D(5250000) / 1000,
        "rate.rates.comparables.0.adjusted_rate": D(5250) - 50,
        "rate.rates.comparables.0.net_percent": tenths(D(-50) * 100 / 5250),
        "rate.rates.comparables.1.rate": D(4590000) / 900,
        "rate.rates.comparables.1.adjusted_rate": D(5100) + 100,
        "rate.rates.comparables.1.net_percent": tenths(D(100) * 100 / 5100),
        "rate.rates.mean_rate": (D(5200) + 5200) / 2,
        "rate.rates.land_rate": D(5200) - 1800,
    }


def composite_rate() -> dict[str, D]:
    """Ten years of sixty, a tenth to remain: 15 % of the rate of building and services."""
    return {
        "composite.building_rate.replacement_rate": D(1800),
        "composite.building_rate.age": D(2026) - 2016,
        "composite.building_rate.depreciation_percent": D(10) * 90 / 60,
        "composite.building_rate.depreciated_rate": D(1800) - D(1800) * 15 / 100,
        "composite.total_rate.building_rate": D(1530),
        "composite.total_rate.land_rate": D(3400),
        "composite.total_rate.composite_rate": D(1530) + 3400,
    }


def flat_and_items() -> dict[str, D]:
    """The rate is for the built-up area, 1,000 sq ft."""
    return {
        "general.records.owners.share": D(100),
        "flat.areas.area_considered": D(1000),
        "details.values.flat_value": D(1000) * 4930,
        "details.values.building_part": D(1000) * 1530,
        "details.values.land_part": D(4930000) - 1530000,
        "details.values.items.wardrobes.value": D(2) * 40000,
        "details.values.items.kitchen.value": D(1) * 120000,
        # Lump sums.
        "details.values.items.interior.value": D(60000),
        "details.values.items.electricity.value": D(15400),
        "details.values.items.value": D(80000) + 120000 + 60000 + 15400,
    }


def values() -> dict[str, D]:
    return {
        "abstract.values.items_value": D(275400),
        "abstract.values.fair_market_value": D(4930000) + 275400,
        # 52,05,400 to the nearest thousand.
        "abstract.values.say_value": D(5205000),
        "abstract.values.guideline_value": D(1000) * 4100,
        "abstract.values.realizable_value": D(5205400) * 90 / 100,
        "abstract.values.distress_value": D(5205400) * 80 / 100,
        "abstract.values.insurable_value": D(5205400) * 35 / 100,
    }


def by_hand() -> dict[str, D]:
    return {**rates(), **composite_rate(), **flat_and_items(), **values()}


def test_every_figure_is_what_a_valuer_works_out() -> None:
    assert disagreements(NAME, by_hand()) == []


def test_the_value_is_said_in_words() -> None:
    assert in_words(NAME) == "Rupees Fifty-Two Lakh Five Thousand Only"
