"""The one Decimal context of all calculations, so that no result depends on a thread's own context."""

from __future__ import annotations

import re
from decimal import Context, Decimal, DivisionByZero, InvalidOperation, Overflow

# 40 digits hold a product of two 18-digit figures exactly; a quotient is cut far below any rounding step.
CONTEXT = Context(prec=40, Emin=-999, Emax=999, traps=[InvalidOperation, DivisionByZero, Overflow])

# The largest power of ten that a result may reach: a million million crore is beyond any property.
LARGEST_EXPONENT = 24

ZERO = Decimal(0)
ONE = Decimal(1)
HUNDRED = Decimal(100)

_PLAIN = re.compile(r"-?[0-9]{1,25}(?:\.[0-9]{1,60})?")


def plain_decimal(text: str) -> Decimal | None:
    """The number that a canonical text holds (``-1275.5``), or ``None`` if the text is anything else.

    Exponents, blanks, grouping, ``nan`` and ``inf`` are not canonical. This reads what the system itself
    stored; what a person typed goes through ``numbers.parse_number``.
    """
    return Decimal(text) if _PLAIN.fullmatch(text) else None


def fits(value: Decimal) -> bool:
    """Whether a result is finite and not beyond ``LARGEST_EXPONENT``."""
    return value.is_finite() and (not value or value.adjusted() <= LARGEST_EXPONENT)
