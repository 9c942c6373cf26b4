"""The figures that a report is known by."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Protocol

from banks.formats.definition import FormatDefinition


class HasValues(Protocol):
    @property
    def values(self) -> Mapping[str, Decimal]: ...


def headline(definition: FormatDefinition, calculation: HasValues) -> dict[str, Decimal]:
    """Name (``land_value``, ``fair_market_value`` …) → amount, for each figure that is known by now."""
    return {
        name: calculation.values[path]
        for name, path in definition.headline.items()
        if path in calculation.values
    }
