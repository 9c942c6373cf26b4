"""Every shipped format has a sample that was worked out by hand, and a slip of either side would be seen."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from banks.formats.shipped import format_files, sample, shipped_format
from reports.calculation.engine import calculate
from reports.calculation.totals import headline
from reports.tests.library import test_sbi_flat_v1
from reports.tests.library.by_hand import disagreements

NAMES = [path.stem for path in format_files()]
WORKED_OUT = {path.stem.removeprefix("test_") for path in Path(__file__).parent.glob("test_*_v*.py")}


def test_each_shipped_format_is_worked_out_by_hand() -> None:
    assert set(NAMES) == WORKED_OUT


def test_a_figure_that_differs_by_a_rupee_is_seen() -> None:
    figures = test_sbi_flat_v1.by_hand()
    figures["abstract.values.fair_market_value"] += 1

    assert disagreements("sbi_flat_v1", figures) == [
        "abstract.values.fair_market_value: 5205400 by the engine, 5205401 by hand"
    ]


def test_a_figure_that_nobody_worked_out_is_seen() -> None:
    figures = test_sbi_flat_v1.by_hand()
    del figures["rate.rates.mean_rate"]

    assert disagreements("sbi_flat_v1", figures) == [
        "rate.rates.mean_rate: 5200.00 by the engine, nothing by hand"
    ]


def test_each_sample_says_the_figures_that_it_is_known_by() -> None:
    for name in NAMES:
        found = headline(shipped_format(name), calculate(shipped_format(name), sample(name)["answers"]))
        said = {label: Decimal(text) for label, text in sample(name)["expected"]["headline"].items()}
        assert (name, said) == (name, found)
