"""The fixed set of functions that a format's formula may call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from reports.calculation import depreciation, rounding, units
from reports.calculation.exact import CONTEXT, HUNDRED, ONE, ZERO
from reports.calculation.problems import FormulaProblem
from reports.calculation.values import Column, Quantity, Value, as_number, total

Scope: TypeAlias = Callable[[str], Value]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a function is called with: its parameters in order, of which it needs the first ones."""

    parameters: tuple[str, ...] = ()
    required: int = 1


@dataclass(frozen=True, slots=True)
class Function(Shape):
    """``kinds`` are what the parameters hold: number, measure, unit, mode, date.

    ``gathers``: any number of arguments, columns among them, empty ones included; otherwise one empty
    argument makes the result empty and each is passed as its kind says. ``reads`` are names it takes from the
    scope after its arguments. ``keeps_unit``: the result is in the unit of its first (or all its) arguments.
    """

    call: Callable[..., Value] = lambda: None
    kinds: tuple[str, ...] = ()
    gathers: bool = False
    keeps_unit: bool = False
    reads: tuple[str, ...] = ()


def _opened(arguments: tuple[Value, ...]) -> Iterator[Value]:
    for argument in arguments:
        if isinstance(argument, Column):
            yield from argument.cells
        else:
            yield argument


def _sum(*arguments: Value) -> Value:
    return total(list(_opened(arguments)))


def _count(*arguments: Value) -> Value:
    return Decimal(sum(1 for value in _opened(arguments) if value is not None))


def _least_first(arguments: tuple[Value, ...]) -> list[Decimal] | None:
    """The numbers in order; ``None`` while an argument of its own is empty. Empty cells are passed over."""
    if any(argument is None for argument in arguments):
        return None
    numbers = (as_number(value) for value in _opened(arguments))
    return sorted(number for number in numbers if number is not None) or None


def _min(*arguments: Value) -> Value:
    ordered = _least_first(arguments)
    return ordered[0] if ordered else None


def _max(*arguments: Value) -> Value:
    ordered = _least_first(arguments)
    return ordered[-1] if ordered else None


def _mean(*arguments: Value) -> Value:
    """The sum of what is filled by how much is filled; empty when nothing is."""
    cells = [value for value in _opened(arguments) if value is not None]
    return CONTEXT.divide(total(cells), Decimal(len(cells))) if cells else None


def _coalesce(*arguments: Value) -> Value:
    for argument in arguments:
        if argument is not None:
            return as_number(argument) if isinstance(argument, Column) else argument
    return None


def _percent(value: Decimal, percent: Decimal) -> Value:
    return CONTEXT.divide(CONTEXT.multiply(value, percent), HUNDRED)


def _area_in(measure: Quantity, unit: str) -> Value:
    return Quantity(measure.converted(unit), unit, sole=True, local_units=measure.local_units)


def _round(value: Decimal, digits_or_step: Decimal | None = None) -> Value:
    """To a whole number; to so many digits (-9 to 9, as spreadsheets have it); else to that step."""
    asked = ZERO if digits_or_step is None else digits_or_step
    if asked.copy_abs() < 10 and asked == asked.to_integral_value():
        return rounding.apply(value, ONE.scaleb(-int(asked)))
    return rounding.apply(value, asked)


def _abs(value: Decimal) -> Value:
    return value.copy_abs()


def _say(value: Decimal, step: Value, mode: Value) -> Value:
    parameters: dict[str, Decimal | str] = {}
    if isinstance(step, Decimal | str):
        parameters["say_to"] = step
    if isinstance(mode, str):
        parameters["say_mode"] = mode
    return rounding.say(value, parameters)


def _numbers(
    call: Callable[..., Value], *names: str, required: int | None = None, keeps_unit: bool = False
) -> Function:
    return Function(
        names, len(names) if required is None else required, call, ("number",) * len(names),
        keeps_unit=keeps_unit,
    )  # fmt: skip


def _gathering(call: Callable[..., Value], *, keeps_unit: bool = True) -> Function:
    return Function(call=call, gathers=True, keeps_unit=keeps_unit)


def _of_kinds(call: Callable[..., Value], **more: Any) -> Function:
    return Function(call=call, **more)


FUNCTIONS: Mapping[str, Function] = {
    "sum": _gathering(_sum),
    "count": _gathering(_count, keeps_unit=False),
    "min": _gathering(_min),
    "max": _gathering(_max),
    "mean": _gathering(_mean),
    "average": _gathering(_mean),
    "coalesce": _gathering(_coalesce),
    "percent": _numbers(_percent, "value", "percent", keeps_unit=True),
    "abs": _numbers(_abs, "value", keeps_unit=True),
    "round": _numbers(_round, "value", "digits_or_step", required=1, keeps_unit=True),
    "round_to": _of_kinds(
        rounding.apply,
        parameters=("value", "step", "mode"),
        kinds=("number", "number", "mode"),
        required=2,
        keeps_unit=True,
    ),
    "area_in": _of_kinds(_area_in, parameters=("measure", "unit"), kinds=("measure", "unit"), required=2),
    "straight_line_percent": _numbers(depreciation.straight_line_percent, "age", "life", "salvage"),
    "flat_rate_amount": _numbers(depreciation.flat_rate_amount, "cost", "rate", "age", "salvage", required=3),
    "constant_percent": _numbers(depreciation.constant_percent, "rate", "years"),
    "sinking_by_salvage": _numbers(depreciation.sinking_by_salvage, "cost", "salvage", "age", "life"),
    "years_from": _of_kinds(
        depreciation.age_in_years, parameters=("year", "date"), kinds=("number", "date"), required=2
    ),
    "say": _of_kinds(
        _say,
        parameters=("value",),
        kinds=("number",),
        reads=("parameter.say_to", "parameter.say_mode"),
        keeps_unit=True,
    ),
}

# These do not work out all their arguments, or look into tables; the reader of formulas knows them by name.
CHOICES: Mapping[str, Shape] = {"if": Shape(("condition", "then", "otherwise"), 3)}
LOOKUPS: Mapping[str, Shape] = {
    "lookup": Shape(("table", "key", "otherwise"), 2),
    "value_where": Shape(("column", "key_column", "key", "otherwise"), 3),
}


def as_kind(value: Value, kind: str, name: str) -> Value | date:
    """An argument as its parameter needs it; raises ``FormulaProblem`` when it cannot be that."""
    if kind == "number" or value is None:
        return as_number(value, name)
    if kind == "measure":
        if isinstance(value, Quantity) and not value.rate:
            return value
        raise FormulaProblem(f"{name} has no unit, so it cannot be turned into another.")
    if not isinstance(value, str):
        raise FormulaProblem(f"{name} is not a {kind}.")
    if kind == "unit" and value not in units.AREA_UNITS:
        raise FormulaProblem(f"“{value[:40]}” is not a unit of area that is known here.")
    if kind == "mode" and value not in rounding.MODES:
        raise FormulaProblem(f"“{value[:40]}” is no way of rounding; use nearest, down or up.")
    if kind == "date":
        return _date(value, name)
    return value


def _date(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise FormulaProblem(f"{name} is not a date.") from error
