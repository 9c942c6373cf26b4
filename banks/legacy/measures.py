"""In which unit the areas of an old formula count, where several are possible."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from banks.legacy.expressions import Tree, Untranslatable
from banks.legacy.naming import Names
from banks.legacy.questions import Question
from banks.legacy.reading import Log
from banks.legacy.units import unit_label, unit_named_in


class Measures:
    """In which unit the areas of one formula count, and what has to be told of it."""

    def __init__(self, names: Names, log: Log, question: Question, tree: Tree) -> None:
        self.names = names
        self.log = log
        self.question = question
        found = [one for name in _names_in(tree) if (one := self._found(name)) is not None]
        self.rates = [one for one in found if one.type == "currency" or is_rate(one)]
        areas = list(dict.fromkeys(unit for one in found for unit in one.areas))
        self.unit = areas[0] if areas else ""
        # Nothing says for which unit the rate is, and several are possible.
        self.assumed = len(areas) > 1
        said = {unit for rate in self.rates if (unit := unit_named_in(rate.texts))}
        own = question.areas[0] if question.areas else unit_named_in(question.texts)
        if areas and len(said) == 1:
            self.unit, self.assumed = said.pop(), False
        elif areas and own and not said:
            self.unit, self.assumed = own, False

    def _found(self, name: str) -> Question | None:
        try:
            return self.names.question(name, path=self.question.path, document=self.question.document)
        except Untranslatable:
            return None

    def is_area(self, name: str) -> bool:
        found = self._found(name)
        return found is not None and bool(found.areas)

    def fits(self, area: Question) -> bool:
        """Whether the area always comes in the unit of this formula."""
        return area.areas == [self.unit]

    def tell(self) -> None:
        """Say in the form which unit is meant, and in the report that the old format did not say it."""
        if not self.assumed:
            return
        words = unit_label(self.unit)
        place = self.question.raw.at("formula")
        if not self.rates:
            node, hint = self.question.node, f"The area counts in {words} here."
            node["help"] = f"{node['help']} {hint}"[:500] if node.get("help") else hint
            self.log.tell(
                place, "The area may come in several units, and nothing says in which of them it counts.",
                f"It counts in {words}, the first of its units; the form says so, and the result may be "
                "overridden.",
            )  # fmt: skip
            return
        for rate in self.rates:
            hint = f"The area counts in {words}: give the rate per {words}."
            rate.node["help"] = f"{rate.node['help']} {hint}"[:500] if rate.node.get("help") else hint
            rate.node.setdefault("suffix", f"per {words}")
        self.log.tell(
            place,
            "The area may come in several units, and nothing says for which of them the rate is.",
            f"The area counts in {words}, the first of its units; form and document say so beside the rate, "
            "and the result may be overridden.",
        )  # fmt: skip


def is_rate(question: Question) -> bool:
    """Whether a plain figure is said to be for a unit of area: ``Rate per acre``."""
    return question.is_numeric and not question.areas and unit_named_in(question.texts) is not None


def is_area_tree(tree: Any, find: Callable[[str], bool]) -> bool:
    """Whether the result is an area itself: areas added, compared or multiplied by a plain number."""
    kind = tree[0]
    if kind == "name":
        return find(str(tree[1]))
    if kind in ("+", "-"):
        return is_area_tree(tree[1], find) or is_area_tree(tree[2], find)
    if kind in ("*", "/"):
        left, right = tree[1], tree[2]
        by_number = right[0] == "number" and is_area_tree(left, find)
        return by_number or (kind == "*" and left[0] == "number" and is_area_tree(right, find))
    if kind in ("negative", "||", "??"):
        return is_area_tree(tree[1], find)
    if kind == "if":
        return is_area_tree(tree[2], find) or is_area_tree(tree[3], find)
    return kind == "call" and any(is_area_tree(one, find) for one in tree[2])


def _names_in(tree: Any) -> Iterator[str]:
    if isinstance(tree, tuple) and tree and tree[0] == "name":
        yield str(tree[1])
    elif isinstance(tree, tuple | list):
        for part in tree:
            yield from _names_in(part)
