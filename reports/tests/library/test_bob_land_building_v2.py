"""Bank of Baroda, land and building, version 2: the same bungalow and figures in other words."""

from __future__ import annotations

from reports.tests.library import test_bob_land_building_v1 as first
from reports.tests.library.by_hand import disagreements, in_words

NAME = "bob_land_building_v2"


def test_every_figure_is_what_a_valuer_works_out() -> None:
    assert disagreements(NAME, first.by_hand()) == []


def test_the_value_is_said_in_words() -> None:
    assert in_words(NAME) == "Rupees One Crore Twenty-Six Lakh Twenty-Nine Thousand Only"
