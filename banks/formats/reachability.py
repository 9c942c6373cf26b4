"""Places of a format that no answers can ever show: conditions that contradict themselves or one another.

A place is shown while its own condition and those of everything around it hold; and a condition that asks for
an answer holds only while the field that it asks is shown itself. Whether all of that can be true at once is
found out by trying: of each field asked, every answer that could make a difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any

from banks.formats.definition import Condition, Field, FieldType, FormatDefinition, Section
from banks.formats.paths import describe, index_fields, own_fields

_ORDERS = (">", ">=", "<", "<=")
_YES = frozenset({"true", "yes", "1"})


@dataclass(frozen=True, slots=True)
class _Asked:
    """A condition, the place at which it stands in words, and the path of the field that it asks."""

    place: str
    condition: Condition
    target: str


def unreachable(definition: FormatDefinition) -> list[str]:
    """One sentence for each outermost place that can never be shown."""
    return list(_Search(definition).run())


class _Search:
    def __init__(self, definition: FormatDefinition) -> None:
        self.definition = definition
        self.index = index_fields(definition)
        # The conditions on every path and on all that contains it, outermost first.
        self.chains: dict[str, tuple[_Asked, ...]] = {}
        for tab in definition.tabs:
            around = self._asked(f"tab {tab.id}", tab.condition, None)
            self.chains[tab.id] = around
            for section in tab.sections:
                asked = self._asked(describe(section.path), section.condition, section)
                inner = (*around, *asked) if asked else around
                self.chains[section.path] = inner
                for item in own_fields(section):
                    outer = self.chains.get(item.path.rpartition(".")[0], inner)
                    own = self._asked(describe(item.path), item.condition, section)
                    self.chains[item.path] = (*outer, *own) if own else outer

    def _asked(self, place: str, condition: Condition | None, section: Section | None) -> tuple[_Asked, ...]:
        if condition is None:
            return ()
        near = f"{section.path}.{condition.field}" if section else ""
        target = near if near in self.index else condition.field
        # A condition that asks for nothing is a fault of its own.
        return (_Asked(place, condition, target),) if target in self.index else ()

    def run(self) -> Iterator[str]:
        dead: list[str] = []
        for path, chain in self.chains.items():
            # A place without a condition of its own is shown exactly when what contains it is.
            if not chain or chain is self.chains.get(path.rpartition(".")[0]):
                continue
            if any(path.startswith(f"{outer}.") for outer in dead):
                continue
            clash = self._clash(chain)
            if clash:
                dead.append(path)
                yield self._sentence(path, clash)

    def _clash(self, chain: tuple[_Asked, ...]) -> list[_Asked]:
        """The conditions on one field that cannot hold together; empty when all of the chain can."""
        by_target: dict[str, list[_Asked]] = {}
        for asked in self._with_targets(chain):
            by_target.setdefault(asked.target, []).append(asked)
        for target, together in by_target.items():
            if not _possible(self.index[target], [asked.condition for asked in together]):
                return together
        return []

    def _with_targets(self, chain: tuple[_Asked, ...]) -> list[_Asked]:
        """The chain, and the chains of the fields that must be shown for it to hold."""
        found: list[_Asked] = []
        waiting = list(chain)
        while waiting:
            asked = waiting.pop(0)
            if asked in found:
                continue
            found.append(asked)
            if not _fits(asked.condition, None):
                waiting.extend(self.chains.get(asked.target, ()))
        return found

    def _sentence(self, path: str, clash: list[_Asked]) -> str:
        place = describe(path) if "." in path else f"tab {path}"
        asked = " and ".join(f"{one.place} asks for {_said(one)}" for one in clash)
        item = self.index.get(path)
        though = ", though it is required" if item is not None and item.required else ""
        why = "cannot both hold" if len(clash) > 1 else "can never hold"
        return f"{place}: it can never be shown{though}: {asked}, which {why}; change or remove a condition."


def _said(asked: _Asked) -> str:
    condition = asked.condition
    value = condition.value
    shown = f"[{', '.join(value)}]" if isinstance(value, tuple) else value or ""
    return f"{asked.target} {condition.operator} {shown}".strip()


def _possible(item: Field, conditions: list[Condition]) -> bool:
    """Whether one answer (or none) satisfies all of the conditions."""
    if any(condition.operator in _ORDERS for condition in conditions) and not item.is_numeric:
        # Texts and dates in order: only emptiness is looked at.
        conditions = [one for one in conditions if one.operator in ("empty", *_ORDERS)]
        return len({one.operator == "empty" for one in conditions}) == 1
    return any(all(_fits(one, answer) for one in conditions) for answer in _answers(item, conditions))


def _answers(item: Field, conditions: list[Condition]) -> Iterator[Any]:
    """Of the answers that the field can have, one of every kind that the conditions can tell apart."""
    yield None
    asked = [value for one in conditions for value in _values(one)]
    if item.type is FieldType.CHECKBOX:
        yield from (True, False)
    elif item.type is FieldType.MULTISELECT:
        refused = {v for one in conditions if one.operator in ("!=", "not_in") for v in _values(one)}
        yield tuple(option.value for option in item.options if option.value not in refused) or None
    elif item.options:
        yield from (option.value for option in item.options)
    elif item.is_numeric:
        yield from _figures(item, asked)
    else:
        yield from asked
        yield "an answer that nobody asked for"


def _figures(item: Field, asked: list[str]) -> Iterator[Decimal]:
    limits = item.validation.minimum, item.validation.maximum
    known = sorted(
        {*(n for text in asked if (n := _number(text)) is not None), *(n for n in limits if n is not None)}
    )
    near = known or [Decimal(0)]
    between = [(one + other) / 2 for one, other in pairwise(near)]
    for figure in (near[0] - 1, *near, *between, near[-1] + 1):
        if (limits[0] is None or figure >= limits[0]) and (limits[1] is None or figure <= limits[1]):
            yield figure


def _values(condition: Condition) -> tuple[str, ...]:
    if condition.value is None:
        return ()
    return condition.value if isinstance(condition.value, tuple) else (condition.value,)


def _number(text: str) -> Decimal | None:
    try:
        figure = Decimal(text)
    except InvalidOperation:
        return None
    return figure if figure.is_finite() else None


def _fits(condition: Condition, answer: Any) -> bool:
    """Whether the condition holds for an answer, as the calculation has it."""
    operator, wanted = condition.operator, _values(condition)
    if operator == "filled":
        return answer is not None
    if operator == "empty":
        return answer is None
    if operator in ("==", "in"):
        return any(_same(answer, value) for value in wanted)
    if operator in ("!=", "not_in"):
        return not any(_same(answer, value) for value in wanted)
    limit = _number(wanted[0]) if wanted else None
    if answer is None:
        return False
    if limit is None or not isinstance(answer, Decimal):
        return True
    return {">": answer > limit, ">=": answer >= limit, "<": answer < limit, "<=": answer <= limit}[operator]


def _same(answer: Any, wanted: str) -> bool:
    if isinstance(answer, bool):
        return answer is (wanted.lower() in _YES)
    if isinstance(answer, Decimal):
        return _number(wanted) == answer
    if isinstance(answer, tuple):
        return wanted in answer
    return bool(answer == wanted)
