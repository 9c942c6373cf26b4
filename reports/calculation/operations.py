"""What the signs and choices of a formula do with values. The syntax tree becomes these, closed over."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeAlias

from banks.formats.definition import Lookup
from reports.calculation import tags
from reports.calculation.exact import CONTEXT, plain_decimal
from reports.calculation.functions import Function, Scope, as_kind
from reports.calculation.numbers import canonical
from reports.calculation.problems import FormulaProblem
from reports.calculation.values import (
    Column,
    Failure,
    Quantity,
    Value,
    as_number,
    measured,
    tag_of,
    tagged,
)

Node: TypeAlias = Callable[[Scope], Value]
Operate: TypeAlias = Callable[[Decimal, Decimal], Decimal]
# The rows of a table of the format that a message names.
_MOST_NAMED = 8
# How a formula may spell the answer of a checkbox.
_SAID = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def given(value: Value, _scope: Scope) -> Value:
    return value


def look_up(name: str, scope: Scope) -> Value:
    value = scope(name)
    if isinstance(value, Failure):
        value.raise_consequence()
    return value


def add(operate: Operate, left: Node, right: Node, names: tuple[str, str], scope: Scope) -> Value:
    """``a + b`` or ``a - b``."""
    one, other = left(scope), right(scope)
    if type(one) is Decimal and type(other) is Decimal:
        return operate(one, other)
    (first, in_first), (second, in_second) = measured(one, names[0]), measured(other, names[1])
    if first is None or second is None:
        return None
    return tagged(operate(first, second), tags.added(in_first, in_second, names))


def multiply(left: Node, right: Node, names: tuple[str, str], pure: tuple[bool, bool], scope: Scope) -> Value:
    one, other = left(scope), right(scope)
    if type(one) is Decimal and type(other) is Decimal:
        return CONTEXT.multiply(one, other)
    (first, in_first), (second, in_second) = measured(one, names[0]), measured(other, names[1])
    if first is None or second is None:
        return None
    return tagged(CONTEXT.multiply(first, second), tags.multiplied(in_first, in_second, names, pure))


def divide(left: Node, right: Node, names: tuple[str, str], pure: tuple[bool, bool], scope: Scope) -> Value:
    (first, in_first), (second, in_second) = measured(left(scope), names[0]), measured(right(scope), names[1])
    if first is None or second is None:
        return None
    if not second:
        raise FormulaProblem(f"This would divide by zero, because {names[1]} is 0.")
    return tagged(CONTEXT.divide(first, second), tags.divided(in_first, in_second, names, pure))


def negative(inner: Node, name: str, scope: Scope) -> Value:
    value, tag = measured(inner(scope), name)
    return None if value is None else tagged(CONTEXT.minus(value), tag)


def _truth(value: Value) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise FormulaProblem("A choice needs a yes or no, for example a comparison such as area > 0.")


def negate(inner: Node, scope: Scope) -> Value:
    truth = _truth(inner(scope))
    return None if truth is None else not truth


def all_hold(sides: tuple[Node, ...], scope: Scope) -> Value:
    unknown = False
    for side in sides:
        truth = _truth(side(scope))
        if truth is False:
            return False
        unknown = unknown or truth is None
    return None if unknown else True


def any_holds(sides: tuple[Node, ...], scope: Scope) -> Value:
    unknown = False
    for side in sides:
        truth = _truth(side(scope))
        if truth:
            return True
        unknown = unknown or truth is None
    return None if unknown else False


def choose(test: Node, yes: Node, no: Node, scope: Scope) -> Value:
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


def _pair(left: Node, right: Node, names: tuple[str, str], scope: Scope) -> tuple[Value, Value]:
    first, second = left(scope), right(scope)
    if isinstance(first, Quantity | Column) and isinstance(second, Quantity | Column):
        tags.added(tag_of(first, names[0]), tag_of(second, names[1]), names)
    return _comparable(first, second), _comparable(second, first)


def equals(wanted: bool, left: Node, right: Node, names: tuple[str, str], scope: Scope) -> Value:
    first, second = _pair(left, right, names, scope)
    if isinstance(first, str) and isinstance(second, bool | tuple):
        first, second = second, first
    if isinstance(second, str) and isinstance(first, bool | tuple):
        # As in a condition: a yes or no by its word, of several choices one that fits is enough.
        same = second in first if isinstance(first, tuple) else _SAID.get(second.lower()) is first
    else:
        same = type(first) is type(second) and first == second
    return same is wanted


def ordered(
    holds: Callable[[int], bool], left: Node, right: Node, names: tuple[str, str], scope: Scope
) -> Value:
    first, second = _pair(left, right, names, scope)
    if first is None or second is None:
        return None
    if isinstance(first, Decimal) and isinstance(second, Decimal):
        return holds((first > second) - (first < second))
    if isinstance(first, str) and isinstance(second, str):
        return holds((first > second) - (first < second))
    raise FormulaProblem("A number and a text have no order between them.")


def gather(function: Function, nodes: tuple[Node, ...], names: tuple[str, ...], scope: Scope) -> Value:
    values = [node(scope) for node in nodes]
    result = function.call(*values)
    if type(result) is not Decimal or not function.keeps_unit:
        return result
    found = [
        (tag_of(value, name), name)
        for value, name in zip(values, names, strict=True)
        if type(value) is Quantity or type(value) is Column
    ]
    return tagged(result, tags.together(found)) if found else result


def apply(function: Function, nodes: tuple[Node, ...], names: tuple[str, ...], scope: Scope) -> Value:
    values = [node(scope) for node in nodes]
    if any(value is None for value in values):
        return None
    arguments = [
        as_kind(value, kind, name) for value, kind, name in zip(values, function.kinds, names, strict=False)
    ]
    result = function.call(*arguments, *(scope(name) for name in function.reads))
    if function.keeps_unit and type(result) is Decimal and type(values[0]) is not Decimal:
        return tagged(result, tag_of(values[0], names[0]))
    return result


# Tables ------------------------------------------------------------------------------------------------


def _key(value: Value, name: str) -> Decimal | str | None:
    if value is None or (isinstance(value, str) and not isinstance(value, bool)):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        raise FormulaProblem(f"{name} has several answers, where one is looked up.")
    return as_number(value, name)


def find_in_lookup(table_name: str, key: Node, name: str, otherwise: Node | None, scope: Scope) -> Value:
    """``lookup(table, key[, otherwise])``: empty while the key is."""
    table = scope(table_name)
    if not isinstance(table, Lookup):
        raise FormulaProblem(f"The format has no table {table_name.partition(':')[2]} to look up in.")
    wanted = _key(key(scope), name)
    if wanted is None:
        return None
    found = _in_ranges(table, wanted, name) if table.ranges else _in_rows(table, wanted)
    if found is None and otherwise is not None:
        return otherwise(scope)
    if found is None:
        raise FormulaProblem(_not_listed(table, wanted))
    if isinstance(found, Decimal):
        own = tags.of_unit(table.per, rate=True) if table.per else tags.of_unit(table.unit)
        return tagged(found, own)
    return found


def _in_rows(table: Lookup, wanted: Decimal | str) -> Decimal | str | None:
    return table.rows.get(wanted if isinstance(wanted, str) else canonical(wanted))


def _in_ranges(table: Lookup, wanted: Decimal | str, name: str) -> Decimal | str | None:
    number = as_number(wanted, name)
    if number is None:
        return None
    for up_to, value in table.ranges:
        if up_to is None or number <= up_to:
            return value
    return None


def _not_listed(table: Lookup, wanted: Decimal | str) -> str:
    title = table.title or table.name
    shown = str(wanted)[:40]
    if table.ranges:
        return f"The table “{title}” ends below {shown}; ask the office to extend it, or give less."
    named = ", ".join(list(table.rows)[:_MOST_NAMED])
    more = " …" if len(table.rows) > _MOST_NAMED else ""
    return f"The table “{title}” has nothing for “{shown}”; it has {named}{more}."


def value_where(
    nodes: tuple[Node, Node, Node], names: tuple[str, ...], otherwise: Node | None, scope: Scope
) -> Value:
    """``value_where(column, key_column, key[, otherwise])``: the cell of the first row whose key fits."""
    column, keys = nodes[0](scope), nodes[1](scope)
    for value, name in ((column, names[0]), (keys, names[1])):
        if not isinstance(value, Column):
            raise FormulaProblem(f"{name} is no column; name a column of a table by its path.")
    wanted = _key(nodes[2](scope), names[2])
    if wanted is None or not isinstance(column, Column) or not isinstance(keys, Column):
        return None
    for cell, key in zip(column.cells, keys.cells, strict=False):
        if isinstance(key, Failure):
            key.raise_consequence()
        if _fits(key, wanted):
            if isinstance(cell, Failure):
                cell.raise_consequence()
            return cell
    return None if otherwise is None else otherwise(scope)


def _fits(key: Value, wanted: Decimal | str) -> bool:
    if key is None or isinstance(key, Lookup | Column | Failure):
        return False
    if isinstance(key, tuple):
        return wanted in key
    own = "true" if key is True else "false" if key is False else key
    if isinstance(own, Quantity):
        own = own.value
    if type(own) is type(wanted):
        return own == wanted
    figures = [plain_decimal(one) if isinstance(one, str) else one for one in (own, wanted)]
    return figures[0] is not None and figures[0] == figures[1]
