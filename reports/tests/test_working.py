"""What a report stores of its figures, with or without what has been worked out before."""

from __future__ import annotations

import copy
import dataclasses
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from banks.formats.definition import FormatDefinition
from banks.formats.shipped import sample, shipped_format
from reports.calculation.engine import calculate
from reports.tests.calculation.generating import answers, formats
from reports.working import WorkedOut, stored_figures

NAMES = {"reference": "EV/1", "bank": "Bank", "branch": "Branch"}
NAME = "sbi_land_building_v2"


def stored(definition: FormatDefinition, given_answers: dict[str, Any], known: WorkedOut | None) -> Any:
    calculation, values = stored_figures(definition, given_answers, known=known, **NAMES)
    return calculation, values, {path: str(value) for path, value in calculation.values.items()}


@settings(max_examples=60)
@given(formats(), formats(), answers(), answers(), st.booleans())
def test_what_is_known_changes_no_figure(
    definition: FormatDefinition,
    other: FormatDefinition,
    before: dict[str, Any],
    after: dict[str, Any],
    same: bool,
) -> None:
    """Whatever it is of: other answers, or another format altogether."""
    of = definition if same else other
    known = WorkedOut(before, calculate(of, before))

    assert stored(definition, after, known) == stored(definition, after, None)


@settings(max_examples=15)
@given(st.integers(0, 9_999_999), st.booleans(), st.sampled_from(["90", "85"]))
def test_a_section_saved_beside_another_s_change_comes_to_the_same(
    rate: int, built: bool, percent: str
) -> None:
    """The form has worked out its section; meanwhile another was saved, or the format was changed."""
    definition = shipped_format(NAME)
    typed: dict[str, Any] = copy.deepcopy(sample(NAME)["answers"])
    typed["land"]["valuation"]["adopted_rate"] = str(rate)
    known = WorkedOut(typed, calculate(definition, typed))
    merged = copy.deepcopy(typed)
    merged["building"]["valuation"] = merged["building"]["valuation"] if built else {}
    changed = dataclasses.replace(
        definition, parameters={**definition.parameters, "realizable_percent": Decimal(percent)}
    )

    for now in (definition, changed):
        assert stored(now, merged, known) == stored(now, merged, None)
