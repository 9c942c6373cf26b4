"""Working out a report: every calculated figure and every condition of its format, for the answers given.

Values follow the format's order of dependence, so one pass suffices. Nothing here changes an answer: what a
condition hides counts as empty while it is hidden and returns with its condition.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from banks.formats.definition import FormatDefinition
from reports.calculation.compiling import CompiledFormat, check_formulas, compile_definition
from reports.calculation.running import Run, State

__all__ = ["Calculation", "CompiledFormat", "calculate", "check_formulas", "compile_definition"]


@dataclass(frozen=True, slots=True)
class Calculation:
    """What follows from the answers.

    values      path → final figure of each calculated field, calculated cell and column total, once known;
                also the typed figures that the format's headline or abstract names
    computed    path → what the formula alone says, also where a person has overridden it
    overridden  paths whose value is a person's
    problems    path → why a figure could not be had, in words
    hidden      paths of tabs, sections, fields, columns and cells whose own condition does not hold

    A cell's path is ``table.row.column``: the row's id or 0-based index, then the column's id (in a
    column_dynamic table the row's id, then the 0-based index of the column).
    """

    values: Mapping[str, Decimal]
    computed: Mapping[str, Decimal]
    overridden: frozenset[str]
    problems: Mapping[str, str]
    hidden: frozenset[str]
    # What ``recalculating.recalculate`` begins from.
    state: State | None = field(default=None, compare=False, repr=False)

    def is_hidden(self, path: str) -> bool:
        """Whether the path or anything that contains it is hidden."""
        while path:
            if path in self.hidden:
                return True
            path = path.rpartition(".")[0]
        return False


def calculate(
    definition: FormatDefinition,
    answers: Mapping[str, Any],
    *,
    local_units: Mapping[str, Decimal] | None = None,
) -> Calculation:
    """Work out every figure and condition of ``definition`` for ``answers`` (as the format stores them).

    ``local_units`` holds sq ft for the units that differ by state (``units.for_state``). Faults of the
    answers become ``problems``; a fault of the format itself raises ``FormatProblem``.
    The work is bounded (``running.MOST_WORK``) whatever the answers hold.
    """
    run = Run(State(compile_definition(definition), local_units), answers)
    for node, step in zip(run.compiled.nodes, run.compiled.steps, strict=True):
        run.do(node, step)
    return finished(run)


def finished(run: Run) -> Calculation:
    """The calculation that a run has come to."""
    state = run.state
    return Calculation(
        state.values,
        state.computed,
        frozenset(state.overridden),
        state.all_problems(),
        frozenset(state.hidden),
        state,
    )
