"""Comparisons that no answer can satisfy, in conditions and formulas: silently false, in every report.

A choice never says a word that is not among its options, a figure is never a text, and what is empty is no
text either.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from itertools import pairwise

from banks.formats.definition import CHOICE_TYPES, NUMERIC_TYPES, Condition, Field, FieldType
from banks.formats.formula_text import UnreadableFormula, dotted_name, expression, flattened
from banks.formats.paths import TABLE_TYPES, describe
from banks.formats.references import Formulas

EMPTINESS = ("filled", "empty")
LIST_OPERATORS = ("in", "not_in")
_ORDERS = (">", ">=", "<", "<=")
# Types whose answers are no texts to compare with, and those that have no order.
_ONLY_FILLED = TABLE_TYPES | {FieldType.GROUP, FieldType.FILE}
_NO_ORDER = frozenset({FieldType.MULTISELECT, FieldType.CHECKBOX})
_FIGURE = re.compile(r"-?[0-9]{1,25}(?:\.[0-9]{1,60})?")
# How a formula may spell the answer of a checkbox.
_YES_NO = ("yes", "no", "true", "false", "1", "0")


def condition_problems(condition: Condition, target: Field) -> Iterator[str]:
    """What is wrong with the operator and value of a condition for the field that it asks."""
    operator, value = condition.operator, condition.value
    if operator in EMPTINESS:
        if value is not None:
            yield f"a condition with {operator} takes no value; remove it."
        return
    if operator in LIST_OPERATORS and not isinstance(value, tuple):
        yield f"a condition with {operator} takes a list of values; write [ … ]."
        return
    if operator not in LIST_OPERATORS and not isinstance(value, str):
        yield f"a condition with {operator} takes one value as text; write it in quotes."
        return
    wanted = value if isinstance(value, tuple) else (str(value),)
    if target.type is FieldType.CHECKBOX:
        known = ["false", "true"]
    elif target.type in CHOICE_TYPES:
        known = [option.value for option in target.options]
    else:
        return
    unknown = sorted(one for one in wanted if one not in known)
    if unknown:
        yield (
            f"its condition waits for {', '.join(unknown)}, which {target.path} never says; "
            f"use {', '.join(known)}."
        )


def vain_condition(condition: Condition, target: Field) -> Iterator[str]:
    """Why a condition of the right form is decided without an answer: always false, or always true."""
    operator, value = condition.operator, condition.value
    if operator in EMPTINESS or value is None:
        return
    wanted = value if isinstance(value, tuple) else (value,)
    if target.type in _ONLY_FILLED:
        yield (
            f"its condition compares {target.path}, a {_kind(target)}, with {_listed(wanted)}; "
            "ask whether it is filled or empty."
        )
        return
    if operator in _ORDERS and target.type in _NO_ORDER:
        yield (
            f"its condition asks whether {target.path} is {operator} {wanted[0]}, but the answers of a "
            f"{_kind(target)} have no order; use == or in."
        )
        return
    yield from (f"its condition {why}" for one in wanted if (why := _vain(target, one)))
    units = set(target.units)
    if target.type is FieldType.NUMBER_WITH_UNIT and len(units) > 1 and any(not _is_zero(x) for x in wanted):
        yield (
            f"its condition compares {target.path} with {_listed(wanted)}, but the answer may be in "
            f"{', '.join(target.units)}; calculate it in one of them with area_in, and ask for that field."
        )


def vain_formulas(index: Mapping[str, Field]) -> Iterator[str]:
    """One sentence for each comparison of a formula that compares a field with what it never is.

    Cheap: only formulas with a text in them are read.
    """
    formulas = Formulas(dict(index), {}, {})
    for path, item in index.items():
        if not item.formula or not ('"' in item.formula or "'" in item.formula):
            continue
        try:
            tree = expression(flattened(item.formula))
        except UnreadableFormula:
            continue
        found = (
            why
            for name, word in _compared(tree)
            if (target := index.get(formulas.find(name, path) or "")) is not None
            and (why := _vain(target, word, in_formula=True))
        )
        yield from (f"{describe(path)}: its formula {why}" for why in dict.fromkeys(found))


def _compared(tree: ast.expr) -> Iterator[tuple[str, str]]:
    """(name, text) of each comparison of the two, and of each key that value_where looks for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            for left, right in pairwise([node.left, *node.comparators]):
                yield from _name_and_text(left, right)
                yield from _name_and_text(right, left)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            if node.func.id.lower() == "value_where" and len(given) > 2:
                yield from _name_and_text(given[1], given[2])


def _name_and_text(one: ast.expr, other: ast.expr) -> Iterator[tuple[str, str]]:
    name = dotted_name(one)
    if name and isinstance(other, ast.Constant) and isinstance(other.value, str):
        yield name, other.value


def _vain(target: Field, word: str, *, in_formula: bool = False) -> str:
    """Why the field never is ``word``, beginning with a verb; empty when it may be."""
    path = target.path
    if word == "":
        way_out = f"use count({path.rpartition('.')[2]}) == 0" if in_formula else "use filled or empty"
        return f"compares {path} with an empty text, which no answer is; {way_out}."
    if target.type in CHOICE_TYPES and in_formula:
        offered = [option.value for option in target.options]
        return "" if word in offered else _never(path, word, offered)
    if target.type is FieldType.CHECKBOX and in_formula:
        return "" if word.lower() in _YES_NO else _never(path, word, _YES_NO[:2])
    if target.type in NUMERIC_TYPES and not _FIGURE.fullmatch(word):
        return (
            f"compares {path}, a figure, with the text “{word}”; write a plain number, such as 1500 or 2.5."
        )
    if target.type is FieldType.DATE and not _is_stored_date(word):
        return f"compares {path}, a date, with the text “{word}”; write a date like 2026-11-23."
    return ""


def _never(path: str, word: str, offered: tuple[str, ...] | list[str]) -> str:
    return f"waits for “{word}”, which {path} never says; use {', '.join(offered)}."


def _is_stored_date(text: str) -> bool:
    """Whether an answer could be this date: Python reads more spellings than are stored."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_zero(text: str) -> bool:
    return bool(_FIGURE.fullmatch(text)) and not Decimal(text)


def _kind(field: Field) -> str:
    return str(field.type).replace("_", " ")


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(words)
