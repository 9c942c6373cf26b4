"""Union Bank of India, flat: the sample of the fifth floor in Chennai, worked out by hand."""

from __future__ import annotations

from reports.tests.library.by_hand import D, disagreements, in_words, tenths

NAME = "ubi_flat_v1"


def rates() -> dict[str, D]:
    return {
        "rate.rates.comparables.0.rate": D(10362000) / 1320,
        "rate.rates.comparables.0.adjusted_rate": D(7850) - 60,
        "rate.rates.comparables.0.net_percent": tenths(D(-60) * 100 / 7850),
        "rate.rates.comparables.1.rate": D(8968000) / 1180,
        "rate.rates.comparables.1.adjusted_rate": D(7600) + 150 + 40,
        "rate.rates.comparables.1.net_percent": tenths(D(190) * 100 / 7600),
        "rate.rates.comparables.2.rate": D(11745000) / 1450,
        "rate.rates.comparables.2.adjusted_rate": D(8100) - 280,
        "rate.rates.comparables.2.net_percent": tenths(D(-280) * 100 / 8100),
        "rate.rates.mean_rate": (D(7790) + 7790 + 7820) / 3,
        "rate.rates.land_rate": D(7800) - 2600,
    }


def composite_rate() -> dict[str, D]:
    """Nine years at 1.5 % a year: 13.5 % of the rate of building and services."""
    return {
        "composite.building_rate.replacement_rate": D(2600),
        "composite.building_rate.age": D(2026) - 2017,
        "composite.building_rate.depreciation_percent": 9 * D("1.5"),
        "composite.building_rate.depreciated_rate": D(2600) - 351,
        "composite.total_rate.building_rate": D(2249),
        "composite.total_rate.land_rate": D(5200),
        "composite.total_rate.composite_rate": D(2249) + 5200,
    }


def flat_and_items() -> dict[str, D]:
    """The rate is for the super built-up area, 1,320 sq ft."""
    return {
        "general.records.owners.share": D(50) + 50,
        "flat.areas.area_considered": D(1320),
        "details.values.flat_value": D(1320) * 7449,
        "details.values.building_part": D(1320) * 2249,
        "details.values.land_part": D(9832680) - 2968680,
        "details.values.items.wardrobes.value": D(3) * 55000,
        "details.values.items.showcases.value": D(38000),
        "details.values.items.kitchen.value": D(210000),
        "details.values.items.finishes.value": D(935) * 120,
        "details.values.items.grills.value": D(6) * 7250,
        "details.values.items.others.value": D(2) * 46000,
        # Lump sums; there is no potential value.
        "details.values.items.interior.value": D(175000),
        "details.values.items.electricity.value": D(18500),
        "details.values.items.potential.value": D(0),
        "details.values.items.value": D(165000) + 38000 + 210000 + 112200 + 43500 + 92000 + 175000 + 18500,
    }


def values() -> dict[str, D]:
    return {
        "abstract.values.items_value": D(854200),
        "abstract.values.fair_market_value": D(9832680) + 854200,
        # 1,06,86,880 to the nearest thousand.
        "abstract.values.say_value": D(10687000),
        "abstract.values.guideline_value": D(1320) * 5000,
        "abstract.values.realizable_value": D(10686880) * 90 / 100,
        "abstract.values.distress_value": D(10686880) * 80 / 100,
    }


def by_hand() -> dict[str, D]:
    return {**rates(), **composite_rate(), **flat_and_items(), **values()}


def test_every_figure_is_what_a_valuer_works_out() -> None:
    assert disagreements(NAME, by_hand()) == []


def test_the_value_is_said_in_words() -> None:
    assert in_words(NAME) == "Rupees One Crore Six Lakh Eighty-Seven Thousand Only"
