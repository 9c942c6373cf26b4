"""Central Bank of India, general: the sample of the flat in Bhopal, worked out by hand."""

from __future__ import annotations

from reports.tests.library.by_hand import D, abstract_column, disagreements, in_words, tenths

NAME = "cbi_property_v1"
# 1,584 sq ft of super built-up area at the composite rate, and the items.
MARKET = {"flat": D(1584) * D("4177.50") + 240000, "miscellaneous": D(0), "services": D(0)}


def flat() -> dict[str, D]:
    """Fifteen of sixty years take 22.5 % of the 1,700 for the building; the 2,860 for the land stay."""
    return {
        "general.records.owners.share": D(100),
        "flat.areas.area_considered": D(1584),
        "flat.rates.comparables.0.rate": D(7128000) / 1584,
        "flat.rates.comparables.0.adjusted_rate": D(4500) + 60,
        "flat.rates.comparables.0.net_percent": tenths(D(60) * 100 / 4500),
        "flat.rates.comparables.1.rate": D(6815000) / 1450,
        "flat.rates.comparables.1.adjusted_rate": D(4700) - 140,
        "flat.rates.comparables.1.net_percent": tenths(D(-140) * 100 / 4700),
        "flat.rates.mean_rate": (D(4560) + 4560) / 2,
        "flat.rates.land_rate": D(4560) - 1700,
        "flat.value.age": D(2026) - 2011,
        "flat.value.depreciation_percent": D(15) * 90 / 60,
        "flat.value.depreciated_rate": D(1700) - D("382.50"),
        "flat.value.composite_rate": D("1317.50") + 2860,
        "flat.value.flat_value": D(6617160),
        "flat.value.total": D(6617160) + 240000,
        "flat.value.guideline_value": D(1584) * 3600,
    }


def abstract() -> dict[str, D]:
    """Land, building and what belongs to them are not asked for; nothing was entered beside the flat."""
    return {
        "miscellaneous.items.total": D(0),
        "services.items.total": D(0),
        **{f"abstract.market.{part}_value": amount for part, amount in MARKET.items()},
        "abstract.market.fair_market_value": D(6857160),
        # 68,57,160 to the nearest thousand.
        "abstract.market.say_value": D(6857000),
        "abstract.guideline.flat_value": D(5702400),
        "abstract.guideline.guideline_value": D(5702400),
        "abstract.guideline.say_value": D(5702000),
        **abstract_column("realizable", MARKET, 90),
        **abstract_column("distress", MARKET, 80),
    }


def by_hand() -> dict[str, D]:
    return {**flat(), **abstract()}


def test_every_figure_is_what_a_valuer_works_out() -> None:
    assert disagreements(NAME, by_hand()) == []


def test_the_value_is_said_in_words() -> None:
    assert in_words(NAME) == "Rupees Sixty-Eight Lakh Fifty-Seven Thousand Only"
