"""State Bank of India, land and building, version 2: the same house, depreciated by 1.5 % a year."""

from __future__ import annotations

from reports.tests.library import test_sbi_land_building_v1 as straight_line
from reports.tests.library.by_hand import D, disagreements, in_words

NAME = "sbi_land_building_v2"


def by_hand() -> dict[str, D]:
    """Twenty years at 1.5 % are the 30 % that the straight line takes from a life of sixty too."""
    lost = D(20) * D("1.5")
    return {
        **straight_line.by_hand(),
        "building.valuation.floors.0.depreciation": D(1275) * 1650 * lost / 100,
        "building.valuation.floors.0.depreciation_percent": lost,
        "building.valuation.floors.1.depreciation": D(1100) * 1650 * lost / 100,
        "building.valuation.floors.1.depreciation_percent": lost,
    }


def test_every_figure_is_what_a_valuer_works_out() -> None:
    assert disagreements(NAME, by_hand()) == []


def test_the_value_is_said_in_words() -> None:
    assert in_words(NAME) == "Rupees One Crore Thirty-Two Lakh Eighteen Thousand Only"
