"""Totals that leave a part out: warnings, because only a person knows what a total is meant to hold.

Looked at are sums among figures of one section, group or table; the columns of the abstract; the parts of
the headline; and sums that no total takes. Money is what is of type currency or shown as currency.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from banks.formats.definition import Field, FieldType, FormatDefinition
from banks.formats.formula_text import dotted_name, names_in
from banks.formats.paths import describe
from banks.formats.references import Formulas

# Headline figures that stand for the whole property, each by its own reckoning.
WHOLES = frozenset(
    {
        "fair_market_value",
        "guideline_value",
        "realizable_value",
        "distress_value",
        "insurable_value",
        "say_value",
    }
)
# Words in the id of a figure that is reckoned another way than the market's, and belongs in no total of it.
_OTHER_RECKONINGS = ("guideline", "realizable", "distress", "insurable")


def omissions(definition: FormatDefinition, formulas: Formulas) -> list[str]:
    """One sentence for each figure that a total seems to leave out."""
    judge = _Judge(definition, formulas)
    found = [*judge.sums(), *judge.abstract(), *judge.headline(), *judge.untaken()]
    return list(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class _Sum:
    """One sum in a formula: the paths added, all paths in it, whether it is the name of one figure alone."""

    added: tuple[str, ...]
    inside: frozenset[str]
    alone: bool


class _Judge:
    def __init__(self, definition: FormatDefinition, formulas: Formulas) -> None:
        self.definition = definition
        self.formulas = formulas
        self.index = formulas.index
        self.wholes = {path for name, path in definition.headline.items() if name in WHOLES}
        self.used = {name for names in formulas.named.values() for name in names}
        self.shown = {path for line in definition.document.abstract_lines for path in line.paths.values()}
        self.together = self._added_together()
        self.rates = self._typed_rates()
        self.money: dict[str, list[str]] = {}
        for path, item in self.index.items():
            if _is_money(item):
                self.money.setdefault(path.rpartition(".")[0], []).append(path)

    # Sums among neighbours ----------------------------------------------------------------------------

    def sums(self) -> Iterator[str]:
        opposed, rates = self._opposed(), self._multiplied()
        for path, tree in self.formulas.trees.items():
            for one in self._sums_in(path, tree):
                factors = self._factors(path, tree)
                for missing in self._left_out(path, one, factors | opposed.get(path, set())):
                    beside = missing.rpartition(".")[0] == path.rpartition(".")[0]
                    if path in rates and not (beside and self._is_part(missing)):
                        continue
                    yield _sentence(path, self.index[missing], "its sum")

    def _sums_in(self, path: str, tree: ast.expr) -> Iterator[_Sum]:
        if dotted_name(tree) is not None:
            yield self._sum(path, [tree], alone=True)
            return
        waiting: list[ast.AST] = [tree]
        while waiting:
            node = waiting.pop()
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id.lower() == "sum"
            ):
                yield self._sum(path, node.args)
            elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
                yield self._sum(path, list(_added(node)))
            else:
                waiting.extend(ast.iter_child_nodes(node))

    def _sum(self, path: str, parts: list[ast.expr], *, alone: bool = False) -> _Sum:
        direct = [self.formulas.find(name, path) for part in parts if (name := dotted_name(part))]
        inside = [self.formulas.find(name, path) for part in parts for name in names_in(part)]
        return _Sum(
            tuple(found for found in direct if found), frozenset(found for found in inside if found), alone
        )

    def _factors(self, path: str, tree: ast.expr) -> set[str]:
        """What the formula multiplies or divides by, or takes instead of the sum: no part of it."""
        found: set[str] = set()
        for node in ast.walk(tree):
            sides: list[ast.expr] = []
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
                sides = [node.left, node.right]
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                sides = node.args if node.func.id.lower() == "coalesce" else []
            found |= {
                path_of for side in sides
                if (name := dotted_name(side)) and (path_of := self.formulas.find(name, path))
            }  # fmt: skip
        return found

    def _opposed(self) -> dict[str, set[str]]:
        """Path → what it is taken from: rent, from which outgoings are taken, is none of the outgoings."""
        found: dict[str, set[str]] = {}
        for path, tree in self.formulas.trees.items():
            for node in ast.walk(tree):
                if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
                    left, right = self._paths(node.left, path), self._paths(node.right, path)
                    whole = left.union(*(self.formulas.below(one) for one in left))
                    for taken in right:
                        found.setdefault(taken, set()).update(whole)
        return found

    def _multiplied(self) -> set[str]:
        """The figures that some formula multiplies: rates, whose sums are no totals."""
        found: set[str] = set()
        for path, tree in self.formulas.trees.items():
            for node in ast.walk(tree):
                if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
                    sides = [side for side in (node.left, node.right) if dotted_name(side)]
                    found.update(one for side in sides for one in self._paths(side, path))
        return found

    def _added_together(self) -> dict[str, set[str]]:
        """Path → what some other sum adds it to: a part beside a subtotal is none of the subtotal's."""
        found: dict[str, set[str]] = {}
        for path, tree in self.formulas.trees.items():
            for one in self._sums_in(path, tree):
                for added in one.added:
                    found.setdefault(added, set()).update(one.added)
        return found

    def _typed_rates(self) -> set[str]:
        """Typed figures that some formula multiplies by a quantity: prices, no parts of a total."""
        found: set[str] = set()
        for path, tree in self.formulas.trees.items():
            for node in ast.walk(tree):
                if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
                    left, right = self._paths(node.left, path), self._paths(node.right, path)
                    for side, rest in ((node.left, right), (node.right, left)):
                        if dotted_name(side) and rest and not any(_is_money(self.index[one]) for one in rest):
                            found |= self._paths(side, path)
        return found - self.formulas.trees.keys()

    def _paths(self, node: ast.AST, path: str) -> set[str]:
        return {found for name in names_in(node) if (found := self.formulas.find(name, path))}

    def _is_part(self, path: str) -> bool:
        """Whether a figure beside a rate may be one of its parts: worked out, and no result of its own."""
        ends = {*self.definition.headline.values(), *self.shown}
        return path in self.formulas.trees and path not in ends

    def _left_out(self, path: str, one: _Sum, factors: set[str]) -> Iterator[str]:
        own = path.rpartition(".")[0]
        scopes = Counter(added.rpartition(".")[0] for added in one.added if _is_money(self.index[added]))
        made_from = {part for name in (*one.inside, *factors) for part in self.formulas.below(name)}
        for scope, many in scopes.items():
            if one.alone and scope != own:
                continue
            loose = many < 2 and scope != own
            if loose and self.formulas.is_column(next(iter(self.money[scope]))):
                # The other columns of a table are other figures of the same rows, no further parts.
                continue
            for other in self.money[scope]:
                if other in one.inside or other == path or other in made_from or other in factors:
                    continue
                if other in self.wholes or _reckoning(other) != _reckoning(path):
                    continue
                if self.formulas.below(other) & {path, *one.added}:
                    continue
                if other in self.together.get(path, ()) or other in self.rates:
                    continue
                if loose and (other in self.used or other in self.definition.headline.values()):
                    continue
                yield other

    # The abstract and the headline --------------------------------------------------------------------

    def abstract(self) -> Iterator[str]:
        lines = self.definition.document.abstract_lines
        for column, _ in self.definition.document.abstract_columns:
            paths = [line.paths[column] for line in lines if line.paths.get(column) in self.index]
            emphasised = {line.paths[column] for line in lines if line.emphasis and column in line.paths}
            at = next(
                (n for n, path in enumerate(paths) if n and self._is_total(path, paths[:n], emphasised)), None
            )
            if at is None:
                continue
            total = paths[at]
            for part in paths[:at]:
                if not self._covers(total, part, set(paths[:at])):
                    yield _sentence(total, self.index[part], "the total of the abstract")

    def _is_total(self, path: str, before: list[str], emphasised: set[str]) -> bool:
        if path in self.wholes - {self.definition.headline.get("fair_market_value")} - emphasised:
            # What may be realized of the total is made from it, and is none itself.
            return False
        return path in self.formulas.trees and (
            path in emphasised or bool(self.formulas.below(path) & set(before))
        )

    def headline(self) -> Iterator[str]:
        total = self.definition.headline.get("fair_market_value", "")
        if total not in self.formulas.trees:
            return
        parts = {
            path
            for name, path in self.definition.headline.items()
            if name.endswith("_value") and name not in WHOLES and path in self.index
        }
        for part in sorted(parts):
            if not self._covers(total, part, parts):
                yield _sentence(total, self.index[part], "the fair market value")

    def _covers(self, total: str, part: str, parts: set[str]) -> bool:
        """Whether a total holds a part: made from it, or the part shares what it is made from."""
        below = self.formulas.below(total) | {total}
        added = self.formulas.named.get(total, frozenset())
        covered = {one for one in parts if one in below or self.formulas.below(one) & (added | {total})}
        return part in covered or any(part in self.formulas.below(one) for one in covered)

    # Sums that lead nowhere ---------------------------------------------------------------------------

    def untaken(self) -> Iterator[str]:
        total = self.definition.headline.get("fair_market_value", "")
        ends = {*self.definition.headline.values(), *self.shown}
        for path in self.formulas.trees:
            if path in ends or path in self.used or self.formulas.is_column(path):
                continue
            item = self.index[path]
            if _is_money(item) and self._is_sum(path) and total not in self.formulas.below(path):
                yield (
                    f"{describe(path)}: “{item.label}” adds up figures but no total, headline or line of the "
                    "abstract takes it; add it to the total that it belongs to."
                )

    def _is_sum(self, path: str) -> bool:
        """Whether the formula is a sum and nothing else: a mean may lead nowhere."""
        tree = self.formulas.trees[path]
        called = (
            isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id.lower() == "sum"
        )
        return called or (isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add))


def _reckoning(path: str) -> str:
    return next((word for word in _OTHER_RECKONINGS if word in path), "")


def _is_money(item: Field) -> bool:
    if item.per is not None:
        return False
    return item.type is FieldType.CURRENCY or (
        item.type is FieldType.CALCULATED and item.display == "currency"
    )


def _added(node: ast.expr) -> Iterator[ast.expr]:
    """The terms of ``a + b + c``."""
    waiting = [node]
    while waiting:
        here = waiting.pop()
        if isinstance(here, ast.BinOp) and isinstance(here.op, ast.Add):
            waiting += [here.right, here.left]
        else:
            yield here


def _sentence(total: str, part: Field, what: str) -> str:
    return (
        f"{describe(total)}: {what} leaves out “{part.label}” ({part.path}); "
        "add it to the formula, unless it belongs elsewhere."
    )
