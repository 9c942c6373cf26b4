"""Formulas of a format: a small, closed part of Python's expression syntax, worked out in Decimal.

Allowed are numbers, quoted texts, names and dotted paths, ``+ - * /``, comparisons, ``and or not``,
``a if condition else b`` and calls of ``functions.FUNCTIONS``. Everything else is refused when the formula is
read, never when it is used. Nothing is handed to Python's own evaluation: the syntax tree becomes closures.

An empty operand makes an arithmetic result empty ("not yet known"); ``sum`` and ``coalesce`` pass over
empties. A comparison by order with an empty side is unknown, and so is a choice that hangs on it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, DecimalException
from functools import lru_cache, partial
from typing import TypeAlias

from reports.calculation import rounding, units
from reports.calculation.exact import CONTEXT, fits, plain_decimal
from reports.calculation.functions import FUNCTIONS, Function, Scope, as_kind
from reports.calculation.problems import CalculationProblem, FormulaProblem
from reports.calculation.values import Failure, Quantity, Value, as_number

LONGEST_FORMULA = 1_000
DEEPEST = 40
MOST_PARTS = 400

Result: TypeAlias = "Decimal | str | bool | None"
_Node: TypeAlias = Callable[[Scope], Value]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})?")

_ARITHMETIC: dict[type[ast.operator], tuple[str, Callable[[Decimal, Decimal], Decimal]]] = {
    ast.Add: ("+", CONTEXT.add),
    ast.Sub: ("-", CONTEXT.subtract),
    ast.Mult: ("*", CONTEXT.multiply),
    ast.Div: ("/", CONTEXT.divide),
}
_ORDER: dict[type[ast.cmpop], Callable[[int], bool]] = {
    ast.Lt: lambda order: order < 0,
    ast.LtE: lambda order: order <= 0,
    ast.Gt: lambda order: order > 0,
    ast.GtE: lambda order: order >= 0,
}


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that has been read.

    ``uses`` tells how each name is used: ``value`` (in arithmetic or alone), ``gather`` (an argument of sum,
    min, max or coalesce), ``count``, ``measure`` (the first argument of area_in).
    """

    text: str
    references: frozenset[str]
    uses: frozenset[tuple[str, str]]
    _run: _Node

    def evaluate(self, scope: Scope) -> Result:
        """The result for the values that ``scope`` gives by name; ``None`` while it is not yet known.

        Raises ``FormulaProblem`` and nothing else when the values have no result.
        """
        try:
            value = self._run(scope)
            if value is None or isinstance(value, str | bool):
                return value
            return _bounded(as_number(value, "The result"))
        except FormulaProblem:
            raise
        except CalculationProblem as problem:
            raise FormulaProblem(str(problem)) from problem
        except DecimalException as error:
            raise FormulaProblem("The figures are too large or too small to be worked out.") from error


@lru_cache(maxsize=2048)
def compile_formula(text: str) -> Formula:
    """Read a formula. Raises ``FormulaProblem`` naming what it may not contain or where it is unreadable."""
    if len(text) > LONGEST_FORMULA:
        raise FormulaProblem(f"The formula is too long; at most {LONGEST_FORMULA} characters are read.")
    if "\\" in text:
        raise FormulaProblem("A formula may not contain a backslash.")
    flat = " ".join(text.split())
    try:
        tree = ast.parse(flat, mode="eval")
    except SyntaxError as error:
        raise FormulaProblem(f"The formula “{flat[:120]}” cannot be read: {error.msg}.") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise FormulaProblem(f"The formula “{flat[:120]}” cannot be read.") from error
    reader = _Reader(flat)
    run = reader.read(tree.body, 0)
    return Formula(text, frozenset(reader.references), frozenset(reader.uses), run)


class _Reader:
    """Turns a syntax tree into closures, refusing whatever is not on the list."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.parts = 0
        self.references: set[str] = set()
        self.uses: set[tuple[str, str]] = set()

    def read(self, node: ast.expr, depth: int, use: str = "value") -> _Node:
        self.parts += 1
        if depth > DEEPEST or self.parts > MOST_PARTS:
            raise FormulaProblem("The formula is too deep or has too many parts; split it over two fields.")
        if isinstance(node, ast.Constant):
            return self._constant(node)
        if isinstance(node, ast.Name | ast.Attribute):
            return self._name(node, use)
        if isinstance(node, ast.BinOp):
            return self._arithmetic(node, depth)
        if isinstance(node, ast.UnaryOp):
            return self._unary(node, depth)
        if isinstance(node, ast.BoolOp):
            sides = tuple(self.read(side, depth + 1) for side in node.values)
            return partial(_all_hold if isinstance(node.op, ast.And) else _any_holds, sides)
        if isinstance(node, ast.Compare):
            return self._comparison(node, depth)
        if isinstance(node, ast.IfExp):
            test, yes, no = (self.read(part, depth + 1) for part in (node.test, node.body, node.orelse))
            return partial(_choose, test, yes, no)
        if isinstance(node, ast.Call):
            return self._call(node, depth)
        raise self._refused(node)

    def _source(self, node: ast.AST) -> str:
        return (ast.get_source_segment(self.text, node) or "")[:60]

    def _refused(self, node: ast.AST) -> FormulaProblem:
        return FormulaProblem(
            f"“{self._source(node)}” is not allowed in a formula; it may use numbers, names, + - * /, "
            "comparisons, and/or/not, “a if b else c” and the listed functions."
        )

    def _constant(self, node: ast.Constant) -> _Node:
        if isinstance(node.value, str) and len(node.value) <= 60:
            return partial(_given, node.value)
        # The figure is read from the text, because the tree holds it as a binary fraction.
        source = self._source(node)
        if isinstance(node.value, int | float) and _NUMBER.fullmatch(source):
            return partial(_given, Decimal(source))
        raise self._refused(node)

    def _name(self, node: ast.expr, use: str) -> _Node:
        parts: list[str] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            parts.append(inner.attr)
            inner = inner.value
        if not isinstance(inner, ast.Name):
            raise self._refused(node)
        parts.append(inner.id)
        if len(parts) > 6 or not all(_NAME.fullmatch(part) and not part.startswith("__") for part in parts):
            raise self._refused(node)
        name = ".".join(reversed(parts))
        self._refer(name, use)
        return partial(_look_up, name)

    def _refer(self, name: str, use: str) -> None:
        self.references.add(name)
        self.uses.add((name, use))

    def _arithmetic(self, node: ast.BinOp, depth: int) -> _Node:
        found = _ARITHMETIC.get(type(node.op))
        if found is None:
            raise self._refused(node)
        left, right = self.read(node.left, depth + 1), self.read(node.right, depth + 1)
        names = self._source(node.left), self._source(node.right)
        if found[0] == "/":
            return partial(_divide, left, right, names)
        return partial(_combine, found[1], left, right, names)

    def _unary(self, node: ast.UnaryOp, depth: int) -> _Node:
        inner = self.read(node.operand, depth + 1)
        if isinstance(node.op, ast.Not):
            return partial(_not, inner)
        if isinstance(node.op, ast.USub):
            return partial(_negative, inner, self._source(node.operand))
        raise self._refused(node)

    def _comparison(self, node: ast.Compare, depth: int) -> _Node:
        sides = [self.read(side, depth + 1) for side in (node.left, *node.comparators)]
        steps = []
        for operator, left, right in zip(node.ops, sides, sides[1:], strict=False):
            if isinstance(operator, ast.Eq | ast.NotEq):
                steps.append(partial(_equals, isinstance(operator, ast.Eq), left, right))
            elif type(operator) in _ORDER:
                steps.append(partial(_ordered, _ORDER[type(operator)], left, right))
            else:
                raise self._refused(node)
        return steps[0] if len(steps) == 1 else partial(_all_hold, tuple(steps))

    def _call(self, node: ast.Call, depth: int) -> _Node:
        if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS:
            called = self._source(node.func)
            raise FormulaProblem(f"“{called}” is no function here; use one of {', '.join(FUNCTIONS)}.")
        name, function = node.func.id, FUNCTIONS[node.func.id]
        if function.gathers:
            if node.keywords or not node.args:
                raise FormulaProblem(f"{name}() takes one or more values, for example {name}(a, b).")
            use = "count" if name == "count" else "gather"
            return partial(_gather, function, tuple(self.read(arg, depth + 1, use) for arg in node.args))
        given = self._arguments(name, function, node)
        for position, argument in enumerate(given):
            _check_literal(function.kinds[position], argument)
        for read in function.reads:
            self._refer(read, "value")
        uses = ["measure" if kind == "measure" else "value" for kind in function.kinds]
        nodes = tuple(self.read(arg, depth + 1, use) for arg, use in zip(given, uses, strict=False))
        return partial(_apply, function, nodes, tuple(self._source(arg) for arg in given))

    def _arguments(self, name: str, function: Function, node: ast.Call) -> list[ast.expr]:
        given = list(node.args)
        expected = f"{name}({', '.join(function.parameters)})"
        for keyword in node.keywords:
            # Keywords only say aloud what the next position means; they never reorder.
            if len(given) >= len(function.parameters) or keyword.arg != function.parameters[len(given)]:
                raise FormulaProblem(f"“{self._source(node)}” should read {expected}.")
            given.append(keyword.value)
        if not function.required <= len(given) <= len(function.parameters):
            raise FormulaProblem(f"“{self._source(node)}” should read {expected}.")
        return given


def _check_literal(kind: str, node: ast.expr) -> None:
    """Refuse a misspelt unit or mode when the formula is read; a text from an answer is checked in use."""
    if not isinstance(node, ast.Constant):
        return
    if kind == "unit" and node.value not in units.AREA_UNITS:
        raise FormulaProblem(
            f"“{str(node.value)[:40]}” is no unit of area; use one of {', '.join(sorted(units.AREA_UNITS))}."
        )
    if kind == "mode" and node.value not in rounding.MODES:
        raise FormulaProblem(f"“{str(node.value)[:40]}” is no way of rounding; use nearest, down or up.")


def _given(value: Value, _scope: Scope) -> Value:
    return value


def _look_up(name: str, scope: Scope) -> Value:
    value = scope(name)
    if isinstance(value, Failure):
        value.raise_consequence()
    return value


def _bounded(value: Decimal | None) -> Decimal | None:
    if value is not None and not fits(value):
        raise FormulaProblem("The result is too large; look for a figure with too many digits.")
    return value


def _combine(
    operate: Callable[[Decimal, Decimal], Decimal],
    left: _Node,
    right: _Node,
    names: tuple[str, str],
    scope: Scope,
) -> Value:
    first, second = as_number(left(scope), names[0]), as_number(right(scope), names[1])
    if first is None or second is None:
        return None
    return operate(first, second)


def _divide(left: _Node, right: _Node, names: tuple[str, str], scope: Scope) -> Value:
    first, second = as_number(left(scope), names[0]), as_number(right(scope), names[1])
    if first is None or second is None:
        return None
    if not second:
        raise FormulaProblem(f"This would divide by zero, because {names[1]} is 0.")
    return CONTEXT.divide(first, second)


def _negative(inner: _Node, name: str, scope: Scope) -> Value:
    value = as_number(inner(scope), name)
    return None if value is None else CONTEXT.minus(value)


def _truth(value: Value) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise FormulaProblem("A choice needs a yes or no, for example a comparison such as area > 0.")


def _not(inner: _Node, scope: Scope) -> Value:
    truth = _truth(inner(scope))
    return None if truth is None else not truth


def _all_hold(sides: tuple[_Node, ...], scope: Scope) -> Value:
    unknown = False
    for side in sides:
        truth = _truth(side(scope))
        if truth is False:
            return False
        unknown = unknown or truth is None
    return None if unknown else True


def _any_holds(sides: tuple[_Node, ...], scope: Scope) -> Value:
    unknown = False
    for side in sides:
        truth = _truth(side(scope))
        if truth:
            return True
        unknown = unknown or truth is None
    return None if unknown else False


def _choose(test: _Node, yes: _Node, no: _Node, scope: Scope) -> Value:
    truth = _truth(test(scope))
    if truth is None:
        return None
    return yes(scope) if truth else no(scope)


def _comparable(value: Value, other: Value) -> Value:
    """A quantity or column as its figure; a text that is a number as a number beside another number."""
    if isinstance(value, str) and isinstance(other, Decimal | Quantity):
        number = plain_decimal(value)
        return value if number is None else number
    return value if value is None or isinstance(value, str | bool | tuple) else as_number(value)


def _equals(wanted: bool, left: _Node, right: _Node, scope: Scope) -> Value:
    first, second = left(scope), right(scope)
    first, second = _comparable(first, second), _comparable(second, first)
    same = type(first) is type(second) and first == second
    return same is wanted


def _ordered(holds: Callable[[int], bool], left: _Node, right: _Node, scope: Scope) -> Value:
    first, second = left(scope), right(scope)
    first, second = _comparable(first, second), _comparable(second, first)
    if first is None or second is None:
        return None
    if isinstance(first, Decimal) and isinstance(second, Decimal):
        return holds((first > second) - (first < second))
    if isinstance(first, str) and isinstance(second, str):
        return holds((first > second) - (first < second))
    raise FormulaProblem("A number and a text have no order between them.")


def _gather(function: Function, nodes: tuple[_Node, ...], scope: Scope) -> Value:
    return function.call(*(node(scope) for node in nodes))


def _apply(function: Function, nodes: tuple[_Node, ...], names: tuple[str, ...], scope: Scope) -> Value:
    values = [node(scope) for node in nodes]
    if any(value is None for value in values):
        return None
    arguments = [
        as_kind(value, kind, name) for value, kind, name in zip(values, function.kinds, names, strict=False)
    ]
    return function.call(*arguments, *(scope(name) for name in function.reads))
