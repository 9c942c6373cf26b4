"""Whether the condition of a tab, section or field holds for the answers given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from banks.formats.definition import Condition
from reports.calculation.exact import plain_decimal
from reports.calculation.values import Column, Quantity, is_not_applicable, total

OPERATORS = ("==", "!=", "in", "not_in", ">", ">=", "<", "<=", "filled", "empty")
_YES = frozenset({"true", "yes", "1"})


def holds(condition: Condition, lookup: Callable[[str], Any]) -> bool:
    """Whether ``condition`` holds, ``lookup`` giving the answer (or calculated value) of its field.

    Numbers compare as numbers, text as text, a checkbox with ``true`` or ``false``; of several choices one
    that matches is enough. An empty answer equals nothing, is in nothing and lies neither above nor below.
    """
    actual = _plain(lookup(condition.field))
    operator, wanted = condition.operator, condition.value
    if operator == "filled":
        return actual is not None
    if operator == "empty":
        return actual is None
    if operator in ("==", "in"):
        return _matches(actual, wanted)
    if operator in ("!=", "not_in"):
        return not _matches(actual, wanted)
    order = _order(actual, wanted)
    if order is None:
        return False
    if operator == ">":
        return order > 0
    if operator == ">=":
        return order >= 0
    if operator == "<":
        return order < 0
    return operator == "<=" and order <= 0


def _plain(actual: Any) -> Any:
    """An answer in any of its stored or calculated shapes as Decimal, text, bool, tuple or ``None``."""
    if isinstance(actual, Quantity):
        return actual.value
    if isinstance(actual, Column):
        filled = any(cell is not None for cell in actual.cells)
        return total(actual.cells) if filled and actual.has_total else (filled or None)
    if is_not_applicable(actual) or actual in ("", [], ()):
        return None
    if isinstance(actual, Mapping) and "value" in actual:
        value = actual["value"]
        return plain_decimal(value) if isinstance(value, str) else value
    if isinstance(actual, int) and not isinstance(actual, bool):
        return Decimal(actual)
    return tuple(actual) if isinstance(actual, list) else actual


def _matches(actual: Any, wanted: str | tuple[str, ...] | None) -> bool:
    if actual is None or wanted is None:
        return False
    choices = (wanted,) if isinstance(wanted, str) else wanted
    given = actual if isinstance(actual, tuple) else (actual,)
    return any(_same(one, choice) for one in given for choice in choices)


def _same(actual: Any, wanted: Any) -> bool:
    if isinstance(actual, bool):
        return actual is (str(wanted).lower() in _YES)
    if isinstance(actual, Decimal):
        number = plain_decimal(str(wanted))
        return number is not None and number == actual
    return bool(actual == str(wanted))


def _order(actual: Any, wanted: Any) -> int | None:
    """Below, equal or above as -1, 0, 1; ``None`` where the two have no order."""
    if not isinstance(wanted, str) or isinstance(actual, bool) or not isinstance(actual, str | Decimal):
        return None
    limit = plain_decimal(wanted)
    number = actual if isinstance(actual, Decimal) else plain_decimal(actual)
    if number is not None and limit is not None:
        return (number > limit) - (number < limit)
    if isinstance(actual, str):
        return (actual > wanted) - (actual < wanted)
    return None
