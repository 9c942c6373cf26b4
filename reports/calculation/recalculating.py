"""Working out again only what a change of answers touches; the result is always that of ``calculate``."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from banks.formats.definition import FormatDefinition
from reports.calculation.compiling import ColumnStep, FieldStep, GuardStep, Step, compile_definition
from reports.calculation.engine import Calculation, calculate, finished
from reports.calculation.naming import Place
from reports.calculation.records import Records
from reports.calculation.running import Run, State
from reports.calculation.values import Column, Value


def recalculate(
    definition: FormatDefinition,
    before: Calculation,
    answers_before: Mapping[str, Any],
    answers_after: Mapping[str, Any],
    *,
    changed: Iterable[str] | None = None,
    local_units: Mapping[str, Decimal] | None = None,
) -> Calculation:
    """``calculate(definition, answers_after)``, doing only what follows from the difference.

    ``before`` is the calculation of ``answers_before`` with the same format and units; ``changed`` names the
    fields and tables that differ, where the caller knows (else the answers are compared, sections that are
    the same object for nothing). Neither ``before`` nor the answers are changed.
    """
    state = before.state
    if state is None or state.compiled is not compile_definition(definition):
        return calculate(definition, answers_after, local_units=local_units)
    if state.local_units != local_units:
        return calculate(definition, answers_after, local_units=local_units)
    places = list(_changed_places(state, answers_before, answers_after, changed))
    if not places:
        return before
    new = state.copy()
    old_records = {place.path: new.records.pop(place.path, None) for place in places}
    run = Run(new, answers_after)
    if new.too_much is not state.too_much:
        return calculate(definition, answers_after, local_units=local_units)
    work = _Work(run)
    for place in places:
        work.answered(place, old_records[place.path])
    work.finish()
    return finished(run)


class _Work:
    """The steps that have to be taken again, in their order."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.state = run.state
        self.compiled = run.compiled
        self._waiting: list[int] = []
        self._marked: set[str] = set()

    def answered(self, place: Place, before: Records | None) -> None:
        """The answer at ``place`` is another."""
        self._mark(place.path)
        parts = self.compiled.places.parts.get(place.path)
        if parts is None:
            return
        after = self.run.records(place.path)
        for part in parts:
            if before is None or _differs(before, after, part):
                self._mark(f"{place.path}.{part}")

    def finish(self) -> None:
        while self._waiting:
            at = heapq.heappop(self._waiting)
            node, step = self.compiled.nodes[at], self.compiled.steps[at]
            before = self._result(step)
            self._clear(node, step)
            self.run.do(node, step)
            if not _same(before, self._result(step)):
                for dependent in self.compiled.dependents.get(node, ()):
                    self._mark(dependent)

    def _mark(self, node: str) -> None:
        """``node`` is to be had again: by its step in its turn, or, a typed answer, by whoever asks next."""
        if node in self._marked:
            return
        self._marked.add(node)
        at = self.compiled.positions.get(node)
        if at is not None:
            heapq.heappush(self._waiting, at)
            return
        self.state.known.pop(node, None)
        self.state.columns.pop(node, None)
        self.state.unread.pop(node, None)
        for dependent in self.compiled.dependents.get(node, ()):
            self._mark(dependent)

    def _result(self, step: Step) -> Value:
        if isinstance(step, GuardStep):
            return step.path in self.state.hidden
        if isinstance(step, ColumnStep):
            return self.state.columns.get(step.place.path)
        return self.state.known.get(step.place.path)

    def _clear(self, node: str, step: Step) -> None:
        """Forget everything that the step found."""
        state = self.state
        state.met.pop(node, None)
        if isinstance(step, GuardStep):
            state.hidden.discard(step.path)
            return
        path = step.place.path
        self._clear_figure(path)
        if isinstance(step, FieldStep):
            state.known.pop(path, None)
        elif isinstance(step, ColumnStep):
            state.columns.pop(path, None)
            state.unread.pop(path, None)
            for cell in state.cells.pop(path, ()):
                self._clear_figure(cell)
                state.hidden.discard(cell)

    def _clear_figure(self, path: str) -> None:
        state = self.state
        state.values.pop(path, None)
        state.computed.pop(path, None)
        state.problems.pop(path, None)
        state.overridden.discard(path)


def _changed_places(
    state: State, before: Mapping[str, Any], after: Mapping[str, Any], changed: Iterable[str] | None
) -> Iterator[Place]:
    by_path = state.compiled.places.by_path
    if changed is not None:
        for path in changed:
            place = by_path.get(path)
            if place is not None:
                yield by_path[place.table] if place.table else place
        return
    for (tab, section), places in state.compiled.places.by_section.items():
        old, new = _at(_at(before, tab), section), _at(_at(after, tab), section)
        if old is new:
            continue
        for place in places:
            first, second = old, new
            for key in place.keys[2:]:
                first, second = _at(first, key), _at(second, key)
            if first is not second and not _same_answer(first, second):
                yield place


def _at(node: Any, key: str) -> Any:
    if type(node) is dict:
        return node.get(key)
    return node.get(key) if isinstance(node, Mapping) else None


def _same_answer(one: Any, other: Any) -> bool:
    """Equal and of the same types all through; ``True`` is not 1."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same_answer(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_same_answer, one, other))
    return bool(one == other)


def _differs(before: Records, after: Records, part: str) -> bool:
    if before.keys != after.keys or before.too_many != after.too_many:
        return True
    return any(
        not _same_answer(one.get(part), other.get(part))
        for one, other in zip(before.answers, after.answers, strict=True)
    )


def _same(one: Value, other: Value) -> bool:
    if isinstance(one, Column) and isinstance(other, Column):
        return len(one.cells) == len(other.cells) and all(map(_same, one.cells, other.cells))
    return type(one) is type(other) and one == other
