"""State Bank of India, flat, version 2: the same flat and figures; only the printed words are others."""

from __future__ import annotations

from reports.tests.library import test_sbi_flat_v1 as first
from reports.tests.library.by_hand import disagreements, in_words

NAME = "sbi_flat_v2"


def test_every_figure_is_what_a_valuer_works_out() -> None:
    assert disagreements(NAME, first.by_hand()) == []


def test_the_value_is_said_in_words() -> None:
    assert in_words(NAME) == "Rupees Fifty-Two Lakh Five Thousand Only"
