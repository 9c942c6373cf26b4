"""Made-up answers fit every format, are the same every time, and stay within the limits."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banks.formats.definition import FormatDefinition
from banks.formats.misfits import misfits
from banks.formats.reading import read_format
from banks.formats.sampling import sample_answers
from banks.formats.shipped import format_files, shipped_format
from banks.tests.formats.small import field_of, small_common, small_format

NAMES = [path.stem for path in format_files()]


def definition(**changes: Any) -> FormatDefinition:
    raw = small_format()
    field_of(raw, "rate").update(changes)
    return read_format(raw, small_common())


def sampled(**changes: Any) -> Any:
    """The answer made for the rate, changed so."""
    return sample_answers(definition(**changes))["land"]["value"].get("rate")


@pytest.mark.parametrize("name", NAMES)
def test_they_fit_every_shipped_format(name: str) -> None:
    assert misfits(shipped_format(name), sample_answers(shipped_format(name))) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_section_of_a_shipped_format_has_something_to_show(name: str) -> None:
    answers = sample_answers(shipped_format(name))
    asked = [
        section
        for section in shipped_format(name).sections()
        if any(field.type not in ("calculated", "file", "select_dynamic") for field in section.leaves())
    ]
    assert [one.path for one in asked if one.id not in answers.get(one.tab_id, {})] == []


def test_they_are_the_same_every_time() -> None:
    assert sample_answers(definition()) == sample_answers(definition())


@given(st.integers(-10_000, 10_000), st.integers(0, 5_000))
def test_a_figure_stays_within_its_limits(least: int, room: int) -> None:
    figure = Decimal(sampled(validation={"minimum": str(least), "maximum": str(least + room)}))
    assert least <= figure <= least + room


def test_a_limit_between_two_whole_figures_is_met() -> None:
    assert sampled(validation={"minimum": "0.2", "maximum": "0.4"}) == "0.2"


@pytest.mark.parametrize(
    "limits", [{"min_length": 200}, {"max_length": 3}, {"min_length": 5, "max_length": 5}]
)
def test_a_text_has_a_length_that_is_allowed(limits: dict[str, int]) -> None:
    text = sampled(type="text", validation=limits)
    assert limits.get("min_length", 1) <= len(text) <= limits.get("max_length", 20_000)


def test_nothing_is_invented_for_a_pattern() -> None:
    assert sampled(type="text", validation={"pattern": "[0-9]{6}"}) is None


def test_a_date_keeps_to_its_fixed_limits() -> None:
    assert sampled(type="date", validation={"min_date": "2030-01-01"}) == "2030-01-01"
