"""Bank of India, flat: the sample of the eleventh floor in Mumbai, worked out by hand."""

from __future__ import annotations

from reports.tests.library.by_hand import D, disagreements, hundredths, in_words, rupees, tenths

NAME = "boi_flat_v1"


def rates() -> dict[str, D]:
    return {
        "rate.rates.comparables.0.rate": D(18849600) / 612,
        "rate.rates.comparables.0.adjusted_rate": D(30800) + 450,
        "rate.rates.comparables.0.net_percent": tenths(D(450) * 100 / 30800),
        "rate.rates.comparables.1.rate": D(23976000) / 740,
        "rate.rates.comparables.1.adjusted_rate": D(32400) - 250 - 520,
        "rate.rates.comparables.1.net_percent": tenths(D(-770) * 100 / 32400),
        "rate.rates.mean_rate": (D(31250) + 31630) / 2,
        "rate.rates.land_rate": D(31500) - 3450,
    }


def composite_rate() -> dict[str, D]:
    """Thirteen years at 1.38 % a year: 17.94 % of the rate of building and services, 618.93."""
    return {
        "composite.building_rate.replacement_rate": D(3450),
        "composite.building_rate.age": D(2026) - 2013,
        "composite.building_rate.depreciation_percent": 13 * D("1.38"),
        "composite.building_rate.depreciated_rate": hundredths(D(3450) - D(3450) * D("17.94") / 100),
        "composite.total_rate.building_rate": D("2831.07"),
        "composite.total_rate.land_rate": D(28050),
        "composite.total_rate.composite_rate": D("2831.07") + 28050,
    }


def flat_and_items() -> dict[str, D]:
    """The rate is for the carpet area, 612 sq ft."""
    return {
        "general.records.owners.share": D(70) + 30,
        "flat.areas.area_considered": D(612),
        # 1,88,99,214.84 and 17,32,614.84, each to the rupee.
        "details.values.flat_value": rupees(D(612) * D("30881.07")),
        "details.values.building_part": rupees(D(612) * D("2831.07")),
        "details.values.land_part": D(18899215) - 1732615,
        "details.values.items.wardrobes.value": D(2) * 92000,
        "details.values.items.kitchen.value": D(325000),
        "details.values.items.finishes.value": D(612) * 210,
        "details.values.items.grills.value": D(4) * 11500,
        "details.values.items.others.value": D(150000),
        # Lump sums.
        "details.values.items.showcases.value": D(45000),
        "details.values.items.interior.value": D(280000),
        "details.values.items.electricity.value": D(24800),
        "details.values.items.value": D(184000) + 325000 + 128520 + 46000 + 150000 + 45000 + 280000 + 24800,
    }


def values() -> dict[str, D]:
    return {
        "abstract.values.items_value": D(1183320),
        "abstract.values.fair_market_value": D(18899215) + 1183320,
        # 2,00,82,535 to the nearest thousand.
        "abstract.values.say_value": D(20083000),
        "abstract.values.guideline_value": D(612) * 24680,
        # 1,80,74,281.50 to the rupee, a half upwards.
        "abstract.values.realizable_value": D(18074282),
        "abstract.values.distress_value": D(20082535) * 80 / 100,
    }


def by_hand() -> dict[str, D]:
    return {**rates(), **composite_rate(), **flat_and_items(), **values()}


def test_every_figure_is_what_a_valuer_works_out() -> None:
    assert disagreements(NAME, by_hand()) == []


def test_the_value_is_said_in_words() -> None:
    assert in_words(NAME) == "Rupees Two Crore Eighty-Three Thousand Only"
