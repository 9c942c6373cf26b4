"""What the report stores of its own calculation, and the figures a page shows of it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from banks.formats.definition import FormatDefinition
from reports.calculation.engine import Calculation, calculate
from reports.calculation.numbers import canonical
from reports.calculation.rounding import apply
from reports.calculation.totals import headline
from reports.facts import facts_of, search_text

# What the field fair_market_value of a report can hold: 18 digits before the point.
_LARGEST = Decimal(10) ** 18


def stored_figures(
    definition: FormatDefinition, answers: Mapping[str, Any], *, reference: str, bank: str, branch: str
) -> tuple[Calculation, dict[str, Any]]:
    """The calculation for ``answers``, and the values of a report that follow from answers alone."""
    calculation = calculate(definition, answers)
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
