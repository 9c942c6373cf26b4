"""Rounding to a step, done once and only where a format asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal

from reports.calculation.exact import ONE, fits, plain_decimal
from reports.calculation.problems import RoundingProblem

MODES = ("nearest", "down", "up")

# Wide enough for the whole quotient of the largest figure by the smallest step, so the remainder is exact.
_WIDE = Context(prec=120)
_LARGEST_PLACES = 60
# Figures are exact to the 40th digit: 3 × (10 ÷ 3) lies there below 10, which must not cost it a whole step.
_SETTLED = Context(prec=34)


def apply(value: Decimal, step: Decimal, mode: str = "nearest") -> Decimal:
    """``value`` as a multiple of ``step`` (1, 0.01, 1000).

    ``nearest`` rounds a half away from zero, ``down`` truncates towards zero, ``up`` goes away from zero.
    Raises ``RoundingProblem`` for an unknown mode or a step that is not above zero.
    """
    if mode not in MODES:
        raise RoundingProblem(f"“{mode}” is no way of rounding; use nearest, down or up.")
    if not (fits(step) and step > 0 and step.adjusted() >= -_LARGEST_PLACES):
        raise RoundingProblem("The step of a rounding must be above zero, for example 1 or 1000.")
    if not fits(value):
        raise RoundingProblem("The figure is too large to be rounded.")
    size = _SETTLED.plus(value.copy_abs())
    whole = _WIDE.divide_int(size, step)
    rest = _WIDE.subtract(size, _WIDE.multiply(whole, step))
    away = rest > 0 if mode == "up" else mode == "nearest" and _WIDE.add(rest, rest) >= step
    rounded = _WIDE.multiply(_WIDE.add(whole, ONE) if away else whole, step)
    return rounded.copy_negate() if value < 0 and rounded else rounded


def say(value: Decimal, parameters: Mapping[str, Decimal | str]) -> Decimal:
    """The round figure that a report concludes with, by the format's ``say_to`` and ``say_mode``."""
    step = parameters.get("say_to")
    if isinstance(step, str):
        step = plain_decimal(step)
    if step is None:
        raise RoundingProblem("The format has no parameter say_to, the step of the “say” figure.")
    return apply(value, Decimal(step), str(parameters.get("say_mode", "nearest")))
