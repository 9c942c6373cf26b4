"""One pass over a report, step by step, and everything that it finds on its way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from banks.formats.definition import Field
from reports.calculation import rounding, units
from reports.calculation.compiling import ColumnStep, CompiledFormat, FieldStep, FigureStep, GuardStep, Step
from reports.calculation.conditions import holds
from reports.calculation.formula import Formula
from reports.calculation.inferring import carried, misfit
from reports.calculation.naming import Kind, Place, Target
from reports.calculation.problems import CalculationProblem, FormulaProblem
from reports.calculation.records import MOST_RECORDS, Records, read_records
from reports.calculation.tags import Tag
from reports.calculation.values import (
    Column,
    Failure,
    Quantity,
    Value,
    as_number,
    declared_tag,
    is_not_applicable,
    read_answer,
    tagged,
    total,
)

# Visits of a part of a formula or of a cell in one pass; the largest format with full tables is at a tenth.
MOST_WORK = 2_000_000


@dataclass(slots=True)
class State:
    """What a pass has found. A later pass begins from a copy and does again only what has changed.

    ``problems`` are those of calculated fields and cells; those of typed answers are in ``unread``, by the
    path of their field or column, and count only while a step has met them (``met``).
    """

    compiled: CompiledFormat
    local_units: Mapping[str, Decimal] | None
    values: dict[str, Decimal] = field(default_factory=dict)
    computed: dict[str, Decimal] = field(default_factory=dict)
    overridden: set[str] = field(default_factory=set)
    problems: dict[str, str] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    known: dict[str, Value] = field(default_factory=dict)
    columns: dict[str, Column] = field(default_factory=dict)
    # The paths of the cells of each column that has a step.
    cells: dict[str, tuple[str, ...]] = field(default_factory=dict)
    records: dict[str, Records] = field(default_factory=dict)
    unread: dict[str, dict[str, str]] = field(default_factory=dict)
    met: dict[str, frozenset[str]] = field(default_factory=dict)
    too_much: bool = False

    def copy(self) -> State:
        """One that can go on without changing this one."""
        return State(
            self.compiled,
            self.local_units,
            self.values.copy(),
            self.computed.copy(),
            self.overridden.copy(),
            self.problems.copy(),
            self.hidden.copy(),
            self.known.copy(),
            self.columns.copy(),
            self.cells.copy(),
            self.records.copy(),
            self.unread.copy(),
            self.met.copy(),
            self.too_much,
        )

    def all_problems(self) -> dict[str, str]:
        found = dict(self.problems)
        for paths in self.met.values():
            for path in paths:
                found.update(self.unread[path])
        return found


class Run:
    """A pass, or part of one, over ``answers``."""

    def __init__(self, state: State, answers: Mapping[str, Any]) -> None:
        self.state = state
        self.compiled = state.compiled
        self.answers = answers
        self._met: set[str] = set()
        state.too_much = self._work() > MOST_WORK

    def _work(self) -> int:
        work = self.compiled.work
        result = work.flat
        for table, times in work.by_rows.items():
            result += times * len(self.records(table).keys)
        for (one, other), times in work.by_pairs.items():
            result += times * len(self.records(one).keys) * len(self.records(other).keys)
        return result

    def do(self, node: str, step: Step) -> None:
        """Take one step; what it needs has been done."""
        if isinstance(step, FieldStep):
            self._field(step)
        elif isinstance(step, GuardStep):
            if not self._holds(step, None):
                self.state.hidden.add(step.path)
        elif isinstance(step, ColumnStep):
            self._column_step(step)
        else:
            self._typed_figure(step)
        if self._met:
            self.state.met[node] = frozenset(self._met)
            self._met.clear()

    # Steps ----------------------------------------------------------------------------------------

    def _field(self, step: FieldStep) -> None:
        place = step.place
        if self.is_hidden(place):
            self.state.known[place.path] = None
            return
        raw = self.raw(place.keys)
        self.state.known[place.path] = self._figure(place.path, place, raw, step.formula, step.names, None)

    def _typed_figure(self, step: FigureStep) -> None:
        value = self._field_value(step.place.path)
        if isinstance(value, Quantity):
            value = value.value
        if isinstance(value, Decimal):
            self.state.values[step.place.path] = value

    def _column_step(self, step: ColumnStep) -> None:
        place, state = step.place, self.state
        if self.is_hidden(place):
            state.columns[place.path] = Column((), place.field.total)
            return
        records = self.records(place.table)
        at = [records.path(place.table, position, place.field.id) for position in range(len(records.keys))]
        state.cells[place.path] = tuple(at)
        if step.formula is None or records.too_many:
            column = self._column(place.path)
        else:
            cells: list[Value] = []
            for position, answers in enumerate(records.answers):
                if step.row_guard is not None and not self._holds(step.row_guard, position):
                    state.hidden.add(at[position])
                    cells.append(None)
                    continue
                raw = answers.get(place.field.id)
                cells.append(self._figure(at[position], place, raw, step.formula, step.names, position))
            column = state.columns[place.path] = Column(tuple(cells), place.field.total)
        if place.field.total:
            self._total(place.path, column)

    def _total(self, path: str, column: Column) -> None:
        try:
            self.state.values[path] = self.state.computed[path] = total(column.cells)
        except CalculationProblem as problem:
            self.state.problems[path] = str(problem)

    def _figure(
        self,
        path: str,
        place: Place,
        raw: Any,
        formula: Formula,
        names: Mapping[str, Target],
        position: int | None,
    ) -> Value:
        """The value of one calculated field or cell, recorded under its path."""
        field, state = place.field, self.state
        if field.not_applicable and is_not_applicable(raw):
            return None
        typed: Value = None
        if field.overridable:
            try:
                typed = read_answer(field, raw, state.local_units)
            except CalculationProblem as problem:
                return self._failed(path, field, problem)
        tag: Tag | None = None
        try:
            result, tag = self._evaluated(place, formula, names, position)
        except CalculationProblem as problem:
            if typed is None:
                return self._failed(path, field, problem)
            result = None
        if result is not None:
            state.computed[path] = result
        if typed is not None:
            state.overridden.add(path)
            result = as_number(typed, field.label)
        if result is not None:
            state.values[path] = result
        if tag is None and typed is not None:
            tag = self._own_tag(place)
        return tagged(result, tag)

    def _evaluated(
        self, place: Place, formula: Formula, names: Mapping[str, Target], position: int | None
    ) -> tuple[Decimal | None, Tag | None]:
        """The figure, rounded, and what it is measured in."""
        if self.state.too_much:
            raise FormulaProblem("The tables of this report are too long to be worked out; remove some rows.")
        value = formula.value(lambda name: self._fetch(names[name], position))
        tag: Tag | None = None
        if isinstance(value, Quantity):
            tag = value.tag
            value = value.value
        if value is None:
            return None, None
        if not isinstance(value, Decimal):
            raise FormulaProblem("The formula gives a text or a yes/no, where a number is needed.")
        own = self._own_tag(place)
        if own is not None and tag is not None and own != tag:
            raise FormulaProblem(_sentence(misfit(own, tag)))
        asked = place.field.rounding
        if asked is not None:
            value = rounding.apply(value, asked.to, asked.mode)
        return value, own or carried(place.field, tag)

    def _own_tag(self, place: Place) -> Tag | None:
        """What the field says of its unit, or of what its rates are per; chosen in the report or fixed."""
        chosen = self.compiled.per.get(place.path)
        if chosen is None:
            return declared_tag(place.field)
        unit = self._field_value(chosen.path)
        return Tag(unit, rate=True) if isinstance(unit, str) and unit in units.AREA_UNITS else None

    def _failed(self, path: str, field: Field, problem: CalculationProblem) -> Failure:
        self.state.problems[path] = str(problem)
        return Failure(field.label or field.id)

    def _holds(self, step: GuardStep, position: int | None) -> bool:
        value = self._fetch(step.target, position)
        if isinstance(value, Failure):
            value = None
        try:
            return holds(step.condition, lambda _: value)
        except CalculationProblem:
            # A total over cells that have to be put right first compares with nothing.
            return False

    # Values ---------------------------------------------------------------------------------------

    def _fetch(self, target: Target, position: int | None) -> Value:
        kind = target.kind
        if kind is Kind.FIELD:
            return self._field_value(target.path)
        if kind is Kind.PARAMETER:
            return self.compiled.definition.parameters[target.path]
        if kind is Kind.LOOKUP:
            return self.compiled.definition.lookups[target.path]
        if kind is Kind.TABLE:
            return self._filled_rows(target.path)
        column = self._column(target.path)
        if kind is Kind.COLUMN:
            return column
        if kind is Kind.CELL:
            place = self.compiled.places.by_path[target.path]
            keys = self.records(place.table).keys
            position = keys.index(target.record) if target.record in keys else None
        if position is None or position >= len(column.cells):
            return None
        return column.cells[position]

    def _field_value(self, path: str) -> Value:
        known = self.state.known
        if path not in known:
            place = self.compiled.places.by_path[path]
            known[path] = None if self.is_hidden(place) else self._read(path, place, self.raw(place.keys))
        if path in self.state.unread:
            self._met.add(path)
        return known[path]

    def _read(self, path: str, place: Place, raw: Any) -> Value:
        """A typed answer; one that cannot be read is kept in mind under its field's or column's path."""
        try:
            value = read_answer(place.field, raw, self.state.local_units)
        except CalculationProblem as problem:
            self.state.unread.setdefault(place.path, {})[path] = str(problem)
            return Failure(place.field.label or place.field.id)
        if type(value) is Decimal and place.path in self.compiled.per:
            return tagged(value, self._own_tag(place))
        return value

    def _column(self, path: str) -> Column:
        """The cells of a column; a calculated one is there already, because its step came before."""
        column = self.state.columns.get(path)
        if column is None:
            column = self.state.columns[path] = self._read_column(self.compiled.places.by_path[path])
        if path in self.state.unread:
            self._met.add(path)
        return column

    def _read_column(self, place: Place) -> Column:
        if self.is_hidden(place):
            return Column((), place.field.total)
        records = self.records(place.table)
        if records.too_many:
            self.state.unread[place.path] = {
                place.table: f"The table has {records.too_many} rows; at most {MOST_RECORDS} are worked out."
            }
            return Column((Failure(place.field.label or place.field.id),), place.field.total)
        cells: list[Value] = []
        row_guard = self.compiled.row_guards.get(place.path)
        for position, answers in enumerate(records.answers):
            cell_path = records.path(place.table, position, place.field.id)
            if row_guard is not None and not self._holds(row_guard, position):
                self.state.hidden.add(cell_path)
                cells.append(None)
            else:
                cells.append(self._read(cell_path, place, answers.get(place.field.id)))
        return Column(tuple(cells), place.field.total)

    def _filled_rows(self, path: str) -> Column:
        place = self.compiled.places.by_path[path]
        if self.is_hidden(place):
            return Column(())
        rows = self.records(path).answers
        return Column(tuple(True if any(v not in (None, "") for v in row.values()) else None for row in rows))

    def is_hidden(self, place: Place) -> bool:
        hidden = self.state.hidden
        return any(guard in hidden for guard in place.guards)

    def raw(self, keys: tuple[str, ...]) -> Any:
        """The stored answer that the keys lead to."""
        found: Any = self.answers
        for key in keys:
            # Asking for the exact type first is four times as fast as asking for any mapping.
            if type(found) is not dict and not isinstance(found, Mapping):
                return None
            found = found.get(key)
        return found

    def records(self, path: str) -> Records:
        known = self.state.records.get(path)
        if known is None:
            place = self.compiled.places.by_path[path]
            known = self.state.records[path] = read_records(place.field, self.raw(place.keys))
        return known


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
