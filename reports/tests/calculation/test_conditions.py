"""When a tab, section or field is shown."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from banks.formats.definition import Condition
from reports.calculation.conditions import holds


@pytest.mark.parametrize(
    ("actual", "operator", "value", "expected"),
    [
        ("yes", "==", "yes", True),
        ("no", "==", "yes", False),
        ("Yes", "==", "yes", False),
        (None, "==", "yes", False),
        ("", "==", "", False),
        ("no", "!=", "yes", True),
        (None, "!=", "yes", True),
        ("b", "in", ("a", "b"), True),
        ("c", "in", ("a", "b"), False),
        ("c", "not_in", ("a", "b"), True),
        (None, "not_in", ("a", "b"), True),
        (["a", "c"], "in", ("a", "b"), True),
        (["a", "c"], "==", "c", True),
        (["a", "c"], "==", "b", False),
        (Decimal("10"), "==", "10.0", True),
        ("10", "==", "10.0", False),
        (Decimal("9"), ">", "10", False),
        ("9", ">", "10", False),
        (Decimal("10"), ">=", "10", True),
        (Decimal("9"), "<", "10", True),
        (Decimal("10"), "<=", "9", False),
        (None, "<", "10", False),
        (None, ">=", "0", False),
        ("abc", ">", "10", True),
        (Decimal(5), ">", "abc", False),
        ("2026-11-23", "<=", "2026-12-01", True),
        (True, "==", "true", True),
        (True, "==", "false", False),
        (False, "==", "false", True),
        (True, ">", "0", False),
        ({"value": "240", "unit": "sq_yd"}, ">", "100", True),
        ("x", "filled", None, True),
        (Decimal(0), "filled", None, True),
        (False, "filled", None, True),
        (None, "filled", None, False),
        ("", "filled", None, False),
        ([], "empty", None, True),
        (None, "empty", None, True),
        ({"not_applicable": True}, "empty", None, True),
        ({"not_applicable": True}, "==", "yes", False),
        ("x", "empty", None, False),
    ],
)
def test_a_condition_holds_or_not(
    actual: Any, operator: str, value: str | tuple[str, ...] | None, expected: bool
) -> None:
    assert holds(Condition("field", operator, value), {"field": actual}.get) is expected
