"""How a computed figure came about, in a few signs: ``2,400 × ₹4,600``. Only where that is short and true."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from banks.formats.definition import Field, FieldType
from reports.calculation import units
from reports.calculation.exact import plain_decimal
from reports.forms.layout import Control
from reports.forms.parsing import is_year

if TYPE_CHECKING:
    from reports.editing.presenting import Presenter

LONGEST = 90
_SIGNS: dict[type[ast.operator], str] = {ast.Add: " + ", ast.Sub: " − ", ast.Mult: " × ", ast.Div: " ÷ "}


class _Unexplained(Exception):
    """The formula is not of the simple kind, or a figure in it is not known yet."""


def explain(presenter: Presenter, control: Control) -> str:
    """The formula with its figures in place of names, ``""`` where that would not help a reader."""
    formula = control.field.formula
    if not formula or len(formula) > 200:
        return ""
    try:
        tree = ast.parse(" ".join(formula.split()), mode="eval").body
        text = _said(tree, _Names(presenter, control))
    except (_Unexplained, SyntaxError):
        return ""
    return text if len(text) <= LONGEST else ""


class _Names:
    """Figures by the names of a formula: the row's columns first, then group, section, whole format."""

    def __init__(self, presenter: Presenter, control: Control) -> None:
        self.presenter = presenter
        self.control = control

    def figure(self, name: str) -> str:
        presenter = self.presenter
        if name.startswith("parameter."):
            return str(presenter.context.definition.parameters.get(name.removeprefix("parameter."), ""))
        for path, item in self._places(name):
            value, unit = self._value(path, item)
            if value is not None:
                return self._shown(item, value, unit)
        raise _Unexplained

    def label(self, name: str) -> str:
        for _, item in self._places(name):
            return item.label
        raise _Unexplained

    def _places(self, name: str) -> list[tuple[str, Field]]:
        """(path of the value, field) for each place in which the name may be defined."""
        index = self.presenter.index
        found = []
        if self.control.in_table and "." not in name:
            own = self.control.field.path
            sibling = index.get(f"{own.rpartition('.')[0]}.{name}")
            if sibling is not None:
                path = self.control.path
                changed = path.rpartition(".")[0] + f".{name}"
                return [(changed, sibling)]
        scope = self.control.field.path.rpartition(".")[0]
        while scope:
            item = index.get(f"{scope}.{name}")
            if item is not None:
                found.append((item.path, item))
                break
            scope = scope.rpartition(".")[0]
        if not found and name in index:
            found.append((name, index[name]))
        return found

    def _value(self, path: str, item: Field) -> tuple[Decimal | None, str]:
        presenter = self.presenter
        value = presenter.calculation.values.get(path)
        if value is not None:
            return value, item.unit or ""
        here: Any = presenter.answers
        for key in path.split("."):
            if isinstance(here, list):
                here = here[int(key)] if key.isdigit() and int(key) < len(here) else None
            else:
                here = here.get(key) if isinstance(here, Mapping) else None
        if isinstance(here, Mapping):
            unit, here = str(here.get("unit") or ""), here.get("value")
        else:
            unit = item.unit or ""
        return (plain_decimal(here) if isinstance(here, str) else None), unit

    def _shown(self, item: Field, value: Decimal, unit: str) -> str:
        formatter = self.presenter.formatter
        if is_year(item):
            return str(int(value))
        money = item.type is FieldType.CURRENCY or item.display == "currency"
        if money:
            return formatter.amount(value)
        percent = " %" if item.display == "percent" or item.unit == "percent" else ""
        named = f" {units.label(unit)}" if unit and not percent else ""
        return f"{formatter.figure(value)}{percent}{named}"


def _said(node: ast.expr, names: _Names, inside: bool = False) -> str:
    if isinstance(node, ast.BinOp) and type(node.op) in _SIGNS:
        text = _said(node.left, names, True) + _SIGNS[type(node.op)] + _said(node.right, names, True)
        return f"({text})" if inside and isinstance(node.op, ast.Add | ast.Sub) else text
    if isinstance(node, ast.Name | ast.Attribute):
        return names.figure(ast.unparse(node))
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return str(node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        return _called(node.func.id, node.args, names)
    raise _Unexplained


def _called(function: str, arguments: list[ast.expr], names: _Names) -> str:
    if function == "percent" and len(arguments) == 2:
        share = _said(arguments[1], names).removesuffix(" %")
        return f"{share} % of {_said(arguments[0], names)}"
    if function == "say" and len(arguments) == 1:
        return f"{_said(arguments[0], names)}, rounded"
    if function in ("area_in", "round_to"):
        return _said(arguments[0], names)
    if function in ("min", "max") and len(arguments) == 2:
        word = "lesser" if function == "min" else "greater"
        return f"the {word} of {' and '.join(_said(argument, names) for argument in arguments)}"
    if function == "sum" and len(arguments) == 1 and isinstance(arguments[0], ast.Attribute):
        return f"total of “{names.label(ast.unparse(arguments[0]))}”"
    if function == "sum" and len(arguments) > 1:
        return _sum(arguments, names)
    if function == "straight_line_percent" and len(arguments) == 3:
        age, life, salvage = (_said(argument, names) for argument in arguments)
        return f"{_plain(age)} × (100 − {_plain(salvage)}) ÷ {_plain(life)}"
    raise _Unexplained


def _sum(arguments: list[ast.expr], names: _Names) -> str:
    """The parts that are known, as a sum adds them."""
    parts = []
    for argument in arguments:
        try:
            parts.append(_said(argument, names, True))
        except _Unexplained:
            continue
    if not parts:
        raise _Unexplained
    return " + ".join(parts)


def _plain(figure: str) -> str:
    """A figure without the unit behind it."""
    return figure.split(" ")[0]
