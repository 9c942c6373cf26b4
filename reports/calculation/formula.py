"""Formulas of a format: a small, closed part of Python's expression syntax, worked out in Decimal.

Allowed are numbers, quoted texts, names and dotted paths, ``+ - * /``, comparisons, ``and or not``,
``a if condition else b`` or ``if(condition, a, b)``, and calls of ``functions.FUNCTIONS``. Everything else is
refused when the formula is read, never when it is used. Nothing is handed to Python's own evaluation: the
syntax tree becomes closures. The language is described in ``docs/formulas.md``.

An empty operand makes an arithmetic result empty ("not yet known"); ``sum`` and ``coalesce`` pass over
empties. A comparison by order with an empty side is unknown, and so is a choice that hangs on it.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, DecimalException
from functools import lru_cache, partial
from typing import TypeAlias

from banks.formats.formula_text import (
    LONGEST_FORMULA,
    UnreadableFormula,
    dotted_name,
    expression,
    flattened,
)
from reports.calculation import operations, rounding, units
from reports.calculation.exact import CONTEXT, fits
from reports.calculation.functions import CHOICES, FUNCTIONS, LOOKUPS, Scope, Shape
from reports.calculation.operations import Node
from reports.calculation.problems import CalculationProblem, FormulaProblem
from reports.calculation.values import Quantity, measured, tagged

__all__ = ["LONGEST_FORMULA", "Formula", "Result", "compile_formula"]

DEEPEST = 40
MOST_PARTS = 400
# Names a table of the format among the references; a colon is in no field's name.
LOOKUP_PREFIX = "lookup:"

Result: TypeAlias = "Decimal | str | bool | None"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})?")

_ADDING: dict[type[ast.operator], operations.Operate] = {ast.Add: CONTEXT.add, ast.Sub: CONTEXT.subtract}
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
    min, max, mean or coalesce), ``count``, ``measure`` (the first argument of area_in), ``column`` (of
    value_where), ``lookup`` (a table of the format, named ``lookup:…``). ``rows`` are the pairs of columns
    that have to be of one table. ``times`` counts each name, ``parts`` everything: what working it out costs.
    """

    text: str
    references: frozenset[str]
    uses: frozenset[tuple[str, str]]
    rows: frozenset[tuple[str, str]]
    times: Mapping[str, int]
    parts: int
    tree: ast.expr
    _run: Node

    def evaluate(self, scope: Scope) -> Result:
        """The bare result for the values that ``scope`` gives by name; ``None`` while it is not yet known.

        Raises ``FormulaProblem`` and nothing else when the values have no result.
        """
        value = self.value(scope)
        return value.value if isinstance(value, Quantity) else value

    def value(self, scope: Scope) -> Result | Quantity:
        """``evaluate``, the figure with the unit that follows from those of its operands."""
        try:
            value = self._run(scope)
            if value is None or isinstance(value, str | bool):
                return value
            if type(value) is Decimal:
                return _bounded(value)
            number, tag = measured(value, "The result")
            return tagged(_bounded(number), tag)
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
    flat = flattened(text)
    try:
        tree = expression(flat)
    except UnreadableFormula as error:
        raise FormulaProblem(f"The formula “{flat[:120]}” cannot be read: {error}.") from error
    reader = _Reader(flat)
    run = reader.read(tree, 0)
    return Formula(
        text,
        frozenset(reader.times),
        frozenset(reader.uses),
        frozenset(reader.rows),
        reader.times,
        reader.parts,
        tree,
        run,
    )


class _Reader:
    """Turns a syntax tree into closures, refusing whatever is not on the list."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.parts = 0
        self.times: Counter[str] = Counter()
        self.uses: set[tuple[str, str]] = set()
        self.rows: set[tuple[str, str]] = set()

    def read(self, node: ast.expr, depth: int, use: str = "value") -> Node:
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
            return partial(
                operations.all_hold if isinstance(node.op, ast.And) else operations.any_holds, sides
            )
        if isinstance(node, ast.Compare):
            return self._comparison(node, depth)
        if isinstance(node, ast.IfExp):
            test, yes, no = (self.read(part, depth + 1) for part in (node.test, node.body, node.orelse))
            return partial(operations.choose, test, yes, no)
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

    def _constant(self, node: ast.Constant) -> Node:
        source = ast.get_source_segment(self.text, node) or ""
        if isinstance(node.value, str) and len(node.value) <= 60:
            self._require_one_text(node.value, source)
            return partial(operations.given, node.value)
        # The figure is read from the text, because the tree holds it as a binary fraction.
        if isinstance(node.value, int | float) and _NUMBER.fullmatch(source):
            return partial(operations.given, Decimal(source))
        if isinstance(node.value, int | float | complex) and not isinstance(node.value, bool):
            raise FormulaProblem(
                f"“{source[:60]}” is no number here; write digits, at most 18 before and 18 after the point, "
                "such as 1500 or 0.5."
            )
        raise self._refused(node)

    @staticmethod
    def _require_one_text(value: str, source: str) -> None:
        """Two texts side by side would silently become one: a comma is missing between them."""
        if source[1:-1] != value:
            raise FormulaProblem(
                f"{source[:60]} is not one text; put a comma between two, each in one pair of quotes."
            )

    def _name(self, node: ast.expr, use: str) -> Node:
        name = dotted_name(node)
        parts = name.split(".") if name else []
        if not 0 < len(parts) <= 6 or not all(_NAME.fullmatch(p) and not p.startswith("__") for p in parts):
            raise self._refused(node)
        found = ".".join(parts)
        self._refer(found, use)
        return partial(operations.look_up, found)

    def _refer(self, name: str, use: str) -> None:
        self.times[name] += 1
        self.uses.add((name, use))

    def _arithmetic(self, node: ast.BinOp, depth: int) -> Node:
        kind = type(node.op)
        if kind not in (*_ADDING, ast.Mult, ast.Div):
            raise self._refused(node)
        left, right = self.read(node.left, depth + 1), self.read(node.right, depth + 1)
        names = self._source(node.left), self._source(node.right)
        if kind in _ADDING:
            return partial(operations.add, _ADDING[kind], left, right, names)
        pure = is_pure(node.left), is_pure(node.right)
        return partial(
            operations.multiply if kind is ast.Mult else operations.divide, left, right, names, pure
        )

    def _unary(self, node: ast.UnaryOp, depth: int) -> Node:
        inner = self.read(node.operand, depth + 1)
        if isinstance(node.op, ast.Not):
            return partial(operations.negate, inner)
        if isinstance(node.op, ast.USub):
            return partial(operations.negative, inner, self._source(node.operand))
        raise self._refused(node)

    def _comparison(self, node: ast.Compare, depth: int) -> Node:
        told = [node.left, *node.comparators]
        sides = [self.read(side, depth + 1) for side in told]
        steps: list[Node] = []
        for at, operator in enumerate(node.ops):
            left, right = sides[at], sides[at + 1]
            names = self._source(told[at]), self._source(told[at + 1])
            if isinstance(operator, ast.Eq | ast.NotEq):
                steps.append(partial(operations.equals, isinstance(operator, ast.Eq), left, right, names))
            elif type(operator) in _ORDER:
                steps.append(partial(operations.ordered, _ORDER[type(operator)], left, right, names))
            else:
                raise self._refused(node)
        return steps[0] if len(steps) == 1 else partial(operations.all_hold, tuple(steps))

    def _call(self, node: ast.Call, depth: int) -> Node:
        name = node.func.id.lower() if isinstance(node.func, ast.Name) else ""
        if name in CHOICES or name in LOOKUPS:
            return self._special(name, node, depth)
        function = FUNCTIONS.get(name)
        if function is None:
            known = ", ".join((*FUNCTIONS, *CHOICES, *LOOKUPS))
            raise FormulaProblem(f"“{self._source(node.func)}” is no function here; use one of {known}.")
        if function.gathers:
            if node.keywords or not node.args:
                raise FormulaProblem(f"{name}() takes one or more values, for example {name}(a, b).")
            use = "count" if name == "count" else "gather"
            nodes = tuple(self.read(arg, depth + 1, use) for arg in node.args)
            return partial(operations.gather, function, nodes, tuple(map(self._source, node.args)))
        given = self._arguments(name, function, node)
        for position, argument in enumerate(given):
            _check_literal(function.kinds[position], argument)
        for read in function.reads:
            self._refer(read, "value")
        uses = ["measure" if kind == "measure" else "value" for kind in function.kinds]
        nodes = tuple(self.read(arg, depth + 1, use) for arg, use in zip(given, uses, strict=False))
        return partial(operations.apply, function, nodes, tuple(map(self._source, given)))

    def _special(self, name: str, node: ast.Call, depth: int) -> Node:
        """Functions that do not work out all their arguments, or do not take values for them."""
        given = self._arguments(name, CHOICES.get(name) or LOOKUPS[name], node)
        if name == "if":
            test, yes, no = (self.read(part, depth + 1) for part in given)
            return partial(operations.choose, test, yes, no)
        names = tuple(map(self._source, given))
        otherwise = self.read(given[-1], depth + 1) if len(given) == len(LOOKUPS[name].parameters) else None
        if name == "lookup":
            table = self._table_name(given[0])
            self._refer(table, "lookup")
            key = self.read(given[1], depth + 1)
            return partial(operations.find_in_lookup, table, key, names[1], otherwise)
        columns = dotted_name(given[0]), dotted_name(given[1])
        if columns[0] is None or columns[1] is None:
            raise FormulaProblem(f"“{self._source(node)}” needs the paths of two columns of one table.")
        self.rows.add((columns[0], columns[1]))
        nodes = (
            self.read(given[0], depth + 1, "column"),
            self.read(given[1], depth + 1, "column"),
            self.read(given[2], depth + 1),
        )
        return partial(operations.value_where, nodes, names, otherwise)

    def _table_name(self, node: ast.expr) -> str:
        text = node.value if isinstance(node, ast.Constant) else node.id if isinstance(node, ast.Name) else ""
        if isinstance(node, ast.Constant) and isinstance(text, str):
            self._require_one_text(text, ast.get_source_segment(self.text, node) or "")
        if not isinstance(text, str) or not _NAME.fullmatch(text):
            raise FormulaProblem(
                f"“{self._source(node)}” is no name of a table to look up in; write it in quotes."
            )
        return f"{LOOKUP_PREFIX}{text}"

    def _arguments(self, name: str, function: Shape, node: ast.Call) -> list[ast.expr]:
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


def is_pure(node: ast.expr) -> bool:
    """Whether it is made of numbers written in the formula, so that it has no unit for certain."""
    if isinstance(node, ast.Constant):
        return not isinstance(node.value, str)
    if isinstance(node, ast.UnaryOp):
        return is_pure(node.operand)
    return isinstance(node, ast.BinOp) and is_pure(node.left) and is_pure(node.right)


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


def _bounded(value: Decimal | None) -> Decimal | None:
    if value is not None and not fits(value):
        raise FormulaProblem("The result is too large; look for a figure with too many digits.")
    return value
