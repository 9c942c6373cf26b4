"""Who else judges a format besides ``definition_problems``: whoever knows the language of formulas.

The calculation stands above this package; it registers its judge when the application starts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from banks.formats.checks import definition_problems
from banks.formats.definition import FormatDefinition

Judge = Callable[[FormatDefinition], Sequence[str]]

_judges: list[Judge] = []


def judge_with(judge: Judge) -> None:
    """Have ``judge`` asked about every format; it gives one sentence a fault. Once, however often said."""
    if judge not in _judges:
        _judges.append(judge)


def all_problems(definition: FormatDefinition) -> list[str]:
    """Everything that is wrong with a format of the right shape, formulas included, one sentence each."""
    problems = definition_problems(definition)
    for judge in _judges if not problems else ():
        problems.extend(judge(definition))
    return problems
