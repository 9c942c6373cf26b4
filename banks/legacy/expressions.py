"""Formulas of the former system, spelt as in JavaScript or a spreadsheet → the language of formulas here.

``read_expression`` makes a tree of the old text, ``Writer`` writes the tree in ours. What has no exact
meaning here raises ``Untranslatable`` with the reason; nothing is evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

Tree: TypeAlias = tuple[object, ...]

LONGEST = 4_000
_DEEPEST = 30
_TOKENS = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?![A-Za-z_0-9]))"
    r"|(?P<name>\$?\{\s*[A-Za-z_$][\w.$]*\s*\}|\[\s*[A-Za-z_]\w*\s*\]|[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*)"
    r"|(?P<text>'[^'\\]*'|\"[^\"\\]*\")"
    r"|(?P<sign>===|!==|==|!=|<=|>=|<>|&&|\|\||\?\?|\*\*|[-+*/%()<>!?:,×÷−–=^.]))"
)
_SIGNS = {"×": "*", "÷": "/", "−": "-", "–": "-", "===": "==", "!==": "!=", "<>": "!=", "^": "**"}
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
_WORD_SIGNS = {"and": "&&", "or": "||", "not": "!"}
_MOST_POWER = 4
# What a sign of per cent divides by; known by its identity from a hundred that was written.
_HUNDRED: Tree = ("number", "100")
_TO_A_STEP = {"MROUND": "nearest", "CEILING": "up", "FLOOR": "down"}


class Untranslatable(ValueError):
    """The formula cannot be written exactly here; ``str()`` is the reason, a clause without a full stop."""


def read_expression(text: str) -> Tree:
    """The tree of a formula. Raises Untranslatable."""
    text = text.strip().rstrip(";").strip()
    if text.startswith("return "):
        text = text[len("return ") :]
    if text.startswith("=") and not text.startswith("=="):
        text = text[1:]
    if "=>" in text or "function" in text:
        raise Untranslatable("it is a program, not a formula")
    if len(text) > LONGEST:
        raise Untranslatable(f"it has more than {LONGEST} characters")
    return _Parser(_tokens(text)).whole()


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        match = _TOKENS.match(text, at)
        if match is None or match.end() == at:
            if not text[at:].strip():
                break
            raise Untranslatable(f"“{text[at:].strip()[:20]}” cannot be read")
        kind = str(match.lastgroup)
        word = match.group(kind)
        if kind == "name":
            word = word.strip("${}[] ")
            if word.lower() in _WORD_SIGNS and match.group(kind) == word:
                kind, word = "sign", _WORD_SIGNS[word.lower()]
        elif kind == "sign":
            word = _SIGNS.get(word, word)
        tokens.append((kind, word))
        at = match.end()
    return tokens


class _Parser:
    """Recursive descent over the tokens, in the precedence of JavaScript."""

    _LEVELS: tuple[tuple[str, ...], ...] = (
        ("??",),
        ("||",),
        ("&&",),
        _COMPARISONS,
        ("+", "-"),
        ("*", "/", "%"),
    )

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    def whole(self) -> Tree:
        if not self.tokens:
            raise Untranslatable("it is empty")
        tree = self._choice()
        if self.at < len(self.tokens):
            raise Untranslatable(f"“{self.tokens[self.at][1][:20]}” stands where the formula should end")
        return tree

    def _sign(self, *wanted: str) -> str:
        if self.at < len(self.tokens):
            kind, word = self.tokens[self.at]
            if kind == "sign" and word in wanted:
                self.at += 1
                return word
        return ""

    def _expect(self, sign: str) -> None:
        if not self._sign(sign):
            raise Untranslatable(f"“{sign}” is missing")

    def _choice(self) -> Tree:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise Untranslatable("it is nested too deeply")
        tree = self._level(0)
        if self._sign("?"):
            yes = self._choice()
            self._expect(":")
            tree = ("if", tree, yes, self._choice())
        self.depth -= 1
        return tree

    def _level(self, level: int) -> Tree:
        if level == len(self._LEVELS):
            return self._unary()
        tree = self._level(level + 1)
        before = ""
        while sign := self._operator(level):
            if sign == "%" and self._ends_operand():
                # ``a / 90%`` is a divided by 0.9: the sign belongs to the figure before it.
                tree = ("/", tree[1], ("/", tree[2], _HUNDRED)) if before == "/" else ("/", tree, _HUNDRED)
            elif sign == "%" and self._adds() and _last(tree)[0] == "number":
                # ``a * 18% + b``: nobody asks for the remainder of a signed figure.
                tree = ("/", tree[1], ("/", tree[2], _HUNDRED)) if before == "/" else ("/", tree, _HUNDRED)
            else:
                right = self._level(level + 1)
                if sign in ("+", "-") and _is_percent(right) and not _is_plain(tree):
                    raise Untranslatable(f"“{sign} …%” does not say of what it is a part")
                tree = (sign, tree, right)
            before = sign
        return tree

    def _operator(self, level: int) -> str:
        return self._sign(*self._LEVELS[level])

    def _adds(self) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at] in (("sign", "+"), ("sign", "-"))

    def _ends_operand(self) -> bool:
        """Whether nothing follows that a remainder could be taken of: ``rate * 10%``."""
        if self.at == len(self.tokens):
            return True
        kind, word = self.tokens[self.at]
        return kind == "sign" and word not in ("(", "!", "-", "+")

    def _unary(self) -> Tree:
        sign = self._sign("-", "+", "!")
        if not sign:
            return self._power()
        self.depth += 1
        if self.depth > _DEEPEST:
            raise Untranslatable("it is nested too deeply")
        inner = self._unary()
        self.depth -= 1
        return inner if sign == "+" else (("negative", inner) if sign == "-" else ("!", inner))

    def _power(self) -> Tree:
        tree = self._postfix()
        if self._sign("**"):
            tree = ("**", tree, self._unary())
        return tree

    def _postfix(self) -> Tree:
        tree = self._operand()
        while self._sign("."):
            if self.at >= len(self.tokens) or self.tokens[self.at][0] != "name":
                raise Untranslatable("a name is missing after a point")
            name = self.tokens[self.at][1]
            self.at += 1
            self._expect("(")
            tree = ("call", f".{name}", [tree, *self._arguments()])
        return tree

    def _operand(self) -> Tree:
        if self.at >= len(self.tokens):
            raise Untranslatable("it ends too early")
        kind, word = self.tokens[self.at]
        self.at += 1
        if kind == "name":
            return self._name(word)
        if kind in ("number", "text"):
            return (kind, word)
        if word == "(":
            tree = self._choice()
            self._expect(")")
            return tree
        if word in ("&&", "||") and self._sign("("):
            return self._joined(word)
        raise Untranslatable(f"“{word}” stands where a value should be")

    def _joined(self, sign: str) -> Tree:
        """``AND(a, b, c)``, as a spreadsheet has it."""
        parts = self._arguments()
        if not parts:
            raise Untranslatable("“and” or “or” has nothing to join")
        tree = parts[0]
        for part in parts[1:]:
            tree = (sign, tree, part)
        return tree

    def _name(self, word: str) -> Tree:
        if not self._sign("("):
            return ("name", word)
        before, point, method = word.rpartition(".")
        if point and method in ("toFixed", "round") and before != "Math":
            return ("call", f".{method}", [("name", before), *self._arguments()])
        return ("call", word, self._arguments())

    def _arguments(self) -> list[Tree]:
        found: list[Tree] = []
        while not self._sign(")"):
            if found:
                self._expect(",")
            found.append(self._choice())
        return found


@dataclass(frozen=True, slots=True)
class Named:
    """What a name of the old formula stands for here: ``text`` in our language, and of which kind.

    kind   number, text, truth, column (a whole column of a table), several (the figures of a group)
    money  whether it is an amount, so that an empty one counts as nothing in a sum
    cell   whether it is the cell of the same row, where the old formula may have meant the whole column
    """

    text: str
    kind: str = "number"
    money: bool = False
    parts: tuple[str, ...] = ()
    cell: bool = False


@dataclass(slots=True)
class Writer:
    """Writes a tree in our language. ``find`` says what a name stands for, or raises Untranslatable."""

    find: Callable[[str], Named]
    # What was read otherwise than a plain reading would have it, as sentences.
    changes: list[str] = field(default_factory=list)

    def formula(self, tree: Tree) -> str:
        """The formula. Raises Untranslatable."""
        if parts := self._plain_sum(tree):
            self.changes.append(
                "Its + adds amounts; it is a sum here, in which an empty one counts as nothing."
            )
            return f"sum({', '.join(parts)})"
        return self._number(tree, 0)

    def _plain_sum(self, tree: Tree) -> list[str]:
        """The names of a chain of + over nothing but amounts; empty when it is anything else."""
        names: list[str] = []
        while tree[0] == "+":
            if tree[2][0] != "name":  # type: ignore[index]
                return []
            names.append(str(tree[2][1]))  # type: ignore[index]
            tree = tree[1]  # type: ignore[assignment]
        if tree[0] != "name" or not names:
            return []
        found = [self.find(name) for name in [str(tree[1]), *reversed(names)]]
        if not all(one.money or one.kind == "column" for one in found):
            return []
        return [one.text for one in found]

    # Numbers --------------------------------------------------------------------------------------

    def _number(self, tree: Tree, binding: int) -> str:
        """The tree as a number; in brackets where what is around it binds more tightly than it does."""
        kind = tree[0]
        if kind == "number":
            return _digits(str(tree[1]))
        if kind == "name":
            return self._named(str(tree[1]))
        if kind == "text":
            raise Untranslatable(f"the text {tree[1]} stands where a number is needed")
        if kind in ("+", "-"):
            left, right = self._number(_sub(tree, 1), 1), self._number(_sub(tree, 2), 2)
            return _bracketed(f"{left} {kind} {right}", binding > 1)
        if kind in ("*", "/"):
            left, right = self._number(_sub(tree, 1), 3), self._number(_sub(tree, 2), 4)
            return _bracketed(f"{left} {kind} {right}", binding > 3)
        if kind == "negative":
            return _bracketed(f"-{self._number(_sub(tree, 1), 4)}", binding > 0)
        if kind == "if":
            test = self._truth(_sub(tree, 1))
            yes, no = self._number(_sub(tree, 2), 1), self._number(_sub(tree, 3), 1)
            return f"({yes} if {test} else {no})"
        if kind in ("||", "??"):
            return self._instead(tree)
        if kind == "**":
            return self._power(tree)
        if kind == "call":
            return self._call(str(tree[1]), tree[2])  # type: ignore[arg-type]
        raise Untranslatable(f"“{kind}” gives no number")

    def _named(self, name: str) -> str:
        found = self.find(name)
        if found.kind == "column":
            self.changes.append(f"{name} is a whole column; its sum is taken.")
            return f"sum({found.text})"
        if found.kind in ("number", "text"):
            return found.text
        raise Untranslatable(f"{name} is no number")

    def _instead(self, tree: Tree) -> str:
        """``x || 0``: an empty or unreadable figure counts as 0. Any other stand-in means something else."""
        right = _sub(tree, 2)
        if right[0] == "number" and (tree[0] == "??" or not Decimal(str(right[1]).strip(".") or "0")):
            return f"coalesce({self._number(_sub(tree, 1), 0)}, {_digits(str(right[1]))})"
        raise Untranslatable("“||” with anything but 0 would also replace a 0 that was typed")

    def _power(self, tree: Tree) -> str:
        power = _sub(tree, 2)
        if power[0] != "number" or str(power[1]) not in {str(n) for n in range(1, _MOST_POWER + 1)}:
            raise Untranslatable("a power is not known here")
        base = self._number(_sub(tree, 1), 4)
        return "(" + " * ".join([base] * int(str(power[1]))) + ")"

    def _call(self, name: str, arguments: list[Tree]) -> str:
        word = name.removeprefix("Math.").removeprefix("window.").lower()
        if word in ("parsefloat", "number", "tonumber", "tofloat", "float", "+") and len(arguments) == 1:
            return self._number(arguments[0], 4)
        if word in ("sum", "min", "max", "add", "total"):
            return self._gathered("sum" if word in ("add", "total") else word, arguments)
        if word in ("round", ".tofixed", ".round", "fixed", "tofixed"):
            return self._rounded(arguments)
        if word in ("average", "avg", "mean"):
            return self._gathered("mean", arguments)
        if name in _TO_A_STEP and len(arguments) == 2:
            return self._to_a_step(name, arguments)
        if word in ("floor", "ceil", "trunc", "parseint", "int", "roundup", "rounddown") and len(
            arguments
        ) in (1, 2):
            return self._cut(word, arguments)
        if word == "abs" and len(arguments) == 1:
            value = self._number(arguments[0], 4)
            return f"({value} if {value} >= 0 else -{value})"
        if word in ("pow", "power") and len(arguments) == 2:
            return self._power(("**", *arguments))
        if word in ("if", "iif") and len(arguments) == 3:
            return self._number(("if", *arguments), 0)
        if word in ("product", "multiply") and len(arguments) > 1:
            return "(" + " * ".join(self._number(one, 4) for one in arguments) + ")"
        raise Untranslatable(f"{name} is not known here")

    def _gathered(self, word: str, arguments: list[Tree]) -> str:
        parts: list[str] = []
        for one in arguments:
            found = self.find(str(one[1])) if one[0] == "name" else None
            if found is not None and found.cell and len(arguments) == 1:
                raise Untranslatable(f"the {word} of {found.text} over all rows cannot be asked within a row")
            if found is not None and found.kind == "several":
                parts.extend(found.parts)
            elif found is not None and found.kind == "column":
                parts.append(found.text)
            else:
                parts.append(self._number(one, 0))
        if not parts:
            raise Untranslatable(f"{word} has nothing to work on")
        return f"{word}({', '.join(parts)})"

    def _rounded(self, arguments: list[Tree]) -> str:
        places = self._places(arguments)
        return f"round_to({self._number(arguments[0], 0)}, {_step(places)}, 'nearest')"

    def _to_a_step(self, name: str, arguments: list[Tree]) -> str:
        """``CEILING(a, 1000)`` of a spreadsheet: to a multiple, where lower-case names give places."""
        value, step = arguments
        if step[0] != "number" or not Decimal(str(step[1]).rstrip(".") or "0"):
            raise Untranslatable("what to round to is not a plain number")
        self.changes.append("A figure below 0 would be rounded the other way here.")
        return f"round_to({self._number(value, 0)}, {_digits(str(step[1]))}, '{_TO_A_STEP[name]}')"

    def _cut(self, word: str, arguments: list[Tree]) -> str:
        places = 0 if word in ("parseint", "int") else self._places(arguments)
        up = word in ("ceil", "roundup")
        if word in ("floor", "ceil", "int"):
            self.changes.append("A figure below 0 would be rounded the other way here.")
        return f"round_to({self._number(arguments[0], 0)}, {_step(places)}, '{'up' if up else 'down'}')"

    def _places(self, arguments: list[Tree]) -> int:
        if len(arguments) == 1:
            return 0
        if len(arguments) == 2 and arguments[1][0] == "number" and str(arguments[1][1]) in tuple("0123456"):
            return int(str(arguments[1][1]))
        negative = arguments[1][1] if len(arguments) == 2 and arguments[1][0] == "negative" else None
        if isinstance(negative, tuple) and negative[0] == "number" and str(negative[1]) in tuple("123456789"):
            return -int(str(negative[1]))
        raise Untranslatable("the places to round to are not a plain number")

    # Conditions -----------------------------------------------------------------------------------

    def _truth(self, tree: Tree) -> str:
        kind = tree[0]
        if kind in _COMPARISONS:
            return self._comparison(str(kind), _sub(tree, 1), _sub(tree, 2))
        if kind in ("&&", "||"):
            word = "and" if kind == "&&" else "or"
            return f"({self._truth(_sub(tree, 1))} {word} {self._truth(_sub(tree, 2))})"
        if kind == "!":
            return f"(not {self._truth(_sub(tree, 1))})"
        if kind == "name":
            found = self.find(str(tree[1]))
            if found.kind == "number":
                return f"coalesce({found.text}, 0) != 0"
        raise Untranslatable("a choice hangs on something that is no comparison")

    def _comparison(self, sign: str, left: Tree, right: Tree) -> str:
        return f"{self._side(left, right)} {sign} {self._side(right, left)}"

    def _side(self, tree: Tree, other: Tree) -> str:
        if tree[0] == "text":
            text = str(tree[1])[1:-1]
            if len(text) > 60 or not text.isprintable() or "'" in text:
                raise Untranslatable("a text in it is too long or strange")
            return f"'{text}'"
        if tree[0] == "name":
            found = self.find(str(tree[1]))
            if found.kind in ("number", "text"):
                return found.text
            raise Untranslatable(f"{tree[1]} cannot be compared here")
        return self._number(tree, 1)


def _last(tree: Tree) -> Tree:
    """What stands last in it as it was written."""
    return _last(_sub(tree, 2)) if tree[0] in ("*", "/") else tree


def _is_percent(tree: Tree) -> bool:
    """Whether a bare per cent stands there, ``10%``: a part of something that is not named."""
    return tree[0] == "/" and tree[2] is _HUNDRED and _sub(tree, 1)[0] in ("number", "name")


def _is_plain(tree: Tree) -> bool:
    """Whether nothing but written figures is in it."""
    return tree[0] == "number" or (tree[0] in ("+", "-", "*", "/") and all(map(_is_plain, _parts(tree))))


def _parts(tree: Tree) -> tuple[Tree, Tree]:
    return _sub(tree, 1), _sub(tree, 2)


def _sub(tree: Tree, at: int) -> Tree:
    part = tree[at]
    assert isinstance(part, tuple)  # noqa: S101 - the parser makes nothing else
    return part


def _bracketed(text: str, wanted: bool) -> str:
    return f"({text})" if wanted else text


def _digits(text: str) -> str:
    whole, _, places = text.partition(".")
    whole = whole.lstrip("0") or "0"
    if len(whole) > 18 or len(places) > 18:
        raise Untranslatable(f"the figure {text[:30]} has too many digits")
    return f"{whole}.{places}" if places else whole


def _step(places: int) -> str:
    if places <= 0:
        return f"1{'0' * -places}"
    return f"0.{'0' * (places - 1)}1"
