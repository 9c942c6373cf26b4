"""The text of a formula as a syntax tree, for whoever looks at one: the calculation, the checks of a format.

A formula is written in a small part of Python's expression syntax, with two spellings of spreadsheets taken
in: ``if(condition, a, b)`` beside ``a if condition else b``, and ``<>`` for ``!=``.
Nothing is ever evaluated here; what a formula may hold is ``reports.calculation.formula``'s to say.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

LONGEST_FORMULA = 1_000

# Quoted texts stay as they are; between them, names and signs are looked at.
_PIECE = re.compile(r"""'[^']*'|"[^"]*"|[A-Za-z_][A-Za-z0-9_.]*|<>|[0-9.]+|\S""")
# After one of these an operand begins, so that an "if" there can only be the function.
_BEFORE_OPERAND = frozenset("(,+-*/<>=!%") | {"<>", "and", "or", "not", "if", "else", "in", ""}
_IF_CALL = "If"
_QUOTED = re.compile(r"""'[^']*'|"[^"]*\"""")
# What spreadsheets and typesetters write, and what is meant.
_MEANT = (
    (re.compile(r"(?<![=<>!])=(?!=)"), "a single = compares nothing; write =="),
    (re.compile(r"[0-9]\s*%"), "% is no sign here; write percent(value, 5) for 5 % of it"),
    (re.compile("×"), "write * for ×"),
    (re.compile("÷"), "write / for ÷"),
    (re.compile("[−–]"), "write a plain minus, -"),
    (re.compile("[“”‘’]"), 'write straight quotes, "…"'),
    (re.compile("[≤≥≠]"), "write <=, >= or !="),
)


class UnreadableFormula(ValueError):
    """The text is no expression; ``str()`` says why in words."""


def flattened(text: str) -> str:
    """The formula on one line, in the spelling that Python's reader takes."""
    flat = " ".join(text.split())
    if "if" not in flat and "<>" not in flat:
        return flat
    found: list[str] = []
    end, before = 0, ""
    for match in _PIECE.finditer(flat):
        piece = match[0]
        found.append(flat[end : match.start()])
        end = match.end()
        called = piece == "if" and flat[end : end + 2].lstrip()[:1] == "("
        if called and before in _BEFORE_OPERAND:
            piece = _IF_CALL
        found.append("!=" if piece == "<>" else piece)
        before = piece
    return "".join([*found, flat[end:]])


def expression(flat: str) -> ast.expr:
    """The syntax tree of a flattened formula. Raises UnreadableFormula; takes bounded time and memory."""
    if len(flat) > LONGEST_FORMULA:
        raise UnreadableFormula(f"it is too long; at most {LONGEST_FORMULA} characters are read")
    if "\\" in flat:
        raise UnreadableFormula("it may not contain a backslash")
    bare = _QUOTED.sub('""', flat)
    if "#" in bare:
        # To Python's reader the rest of the formula would be a remark.
        raise UnreadableFormula("it may not contain #")
    try:
        return ast.parse(flat, mode="eval").body
    except SyntaxError as error:
        meant = next((words for sign, words in _MEANT if sign.search(bare)), None)
        raise UnreadableFormula(meant or error.msg) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise UnreadableFormula("it is no expression") from error


def dotted_name(node: ast.AST) -> str | None:
    """``a.b.c`` of a name or a chain of attributes; ``None`` for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join([node.id, *reversed(parts)])


def names_in(node: ast.AST) -> Iterator[str]:
    """Every name of a formula that is not the name of a function, nor that of a table looked up in."""
    waiting: list[ast.AST] = [node]
    while waiting:
        here = waiting.pop()
        if (name := dotted_name(here)) is not None:
            yield name
        elif isinstance(here, ast.Call):
            looked_up = isinstance(here.func, ast.Name) and here.func.id.lower() == "lookup"
            waiting.extend(here.args[1:] if looked_up else here.args)
            waiting.extend(keyword.value for keyword in here.keywords)
        else:
            waiting.extend(ast.iter_child_nodes(here))
