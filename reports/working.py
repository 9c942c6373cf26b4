"""What the report stores of its own calculation, and the figures a page shows of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from banks.formats.definition import FormatDefinition
from reports.calculation.engine import Calculation, calculate
from reports.calculation.numbers import canonical
from reports.calculation.recalculating import recalculate
from reports.calculation.rounding import apply
from reports.calculation.totals import headline
from reports.facts import facts_of, search_text

# What the field fair_market_value of a report can hold: 18 digits before the point.
_LARGEST = Decimal(10) ** 18


@dataclass(frozen=True, slots=True)
class WorkedOut:
    """A calculation that somebody has made already, and the answers that it is of."""

    answers: Mapping[str, Any]
    calculation: Calculation


def stored_figures(
    definition: FormatDefinition,
    answers: Mapping[str, Any],
    *,
    reference: str,
    bank: str,
    branch: str,
    known: WorkedOut | None = None,
) -> tuple[Calculation, dict[str, Any]]:
    """The calculation for ``answers``, and the values of a report that follow from answers alone.

    Of what is ``known`` only what follows from other answers is worked out again; all of it where that was
    another format. The result is the same.
    """
    if known is None:
        calculation = calculate(definition, answers)
    else:
        calculation = recalculate(definition, known.calculation, known.answers, answers)
    facts = facts_of(definition, answers)
    return calculation, {
        "answers": dict(answers),
        "computed": {path: canonical(value) for path, value in calculation.values.items()},
        "fair_market_value": _amount(headline(definition, calculation).get("fair_market_value")),
        "applicant_name": facts.applicant_name,
        "property_address": facts.property_address,
        "search_text": search_text(reference, facts.applicant_name, facts.property_address, bank, branch),
    }


def _amount(value: Decimal | None) -> Decimal | None:
    if value is None or abs(value) >= _LARGEST:
        return None
    return apply(value, Decimal("0.01"))
