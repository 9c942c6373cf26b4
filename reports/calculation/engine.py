"""Working out a report: every calculated figure and every condition of its format, for the answers given.

Values follow the format's order of dependence, so one pass suffices. Nothing here changes an answer: what a
condition hides counts as empty while it is hidden and returns with its condition.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from banks.formats.definition import Field, FormatDefinition, Rounding, TableKind
from reports.calculation import rounding
from reports.calculation.compiling import (
    ColumnStep,
    CompiledFormat,
    FieldStep,
    GuardStep,
    check_formulas,
    compile_definition,
)
from reports.calculation.conditions import holds
from reports.calculation.formula import Formula
from reports.calculation.naming import Kind, Place, Target
from reports.calculation.problems import CalculationProblem, FormulaProblem
from reports.calculation.values import (
    Column,
    Failure,
    Value,
    as_number,
    is_not_applicable,
    read_answer,
    total,
    with_unit,
)

__all__ = ["Calculation", "CompiledFormat", "calculate", "check_formulas", "compile_definition"]


@dataclass(frozen=True, slots=True)
class Calculation:
    """What follows from the answers.

    values      path → final figure of each calculated field, calculated cell and column total, once known
    computed    path → what the formula alone says, also where a person has overridden it
    overridden  paths whose value is a person's
    problems    path → why a figure could not be had, in words
    hidden      paths of tabs, sections, fields, columns and cells whose own condition does not hold

    A cell's path is ``table.row.column``: the row's id or 0-based index, then the column's id (in a
    column_dynamic table the row's id, then the 0-based index of the column).
    """

    values: Mapping[str, Decimal]
    computed: Mapping[str, Decimal]
    overridden: frozenset[str]
    problems: Mapping[str, str]
    hidden: frozenset[str]

    def is_hidden(self, path: str) -> bool:
        """Whether the path or anything that contains it is hidden."""
        while path:
            if path in self.hidden:
                return True
            path = path.rpartition(".")[0]
        return False


def calculate(
    definition: FormatDefinition,
    answers: Mapping[str, Any],
    *,
    local_units: Mapping[str, Decimal] | None = None,
) -> Calculation:
    """Work out every figure and condition of ``definition`` for ``answers`` (as the format stores them).

    ``local_units`` holds sq ft for the units that differ by state (``units.for_state``). Faults of the
    answers become ``problems``; a fault of the format itself raises ``FormatProblem``.
    """
    run = _Run(compile_definition(definition), answers, local_units)
    for step in run.compiled.steps:
        if isinstance(step, GuardStep):
            run.guard(step)
        elif isinstance(step, FieldStep):
            run.field(step)
        else:
            run.column(step)
    return Calculation(
        run.values, run.computed, frozenset(run.overridden), run.problems, frozenset(run.hidden)
    )


@dataclass(frozen=True, slots=True)
class _Records:
    """The rows of a table (or the columns of a column_dynamic one), each with its key in a cell's path."""

    keys: tuple[str, ...]
    answers: tuple[Mapping[str, Any], ...]
    transposed: bool = False

    def path(self, table: str, position: int, part: str) -> str:
        key = self.keys[position]
        return f"{table}.{part}.{key}" if self.transposed else f"{table}.{key}.{part}"


class _Run:
    """One pass over one report."""

    def __init__(
        self, compiled: CompiledFormat, answers: Mapping[str, Any], local_units: Mapping[str, Decimal] | None
    ) -> None:
        self.compiled = compiled
        self.answers = answers
        self.local_units = local_units
        self.values: dict[str, Decimal] = {}
        self.computed: dict[str, Decimal] = {}
        self.overridden: set[str] = set()
        self.problems: dict[str, str] = {}
        self.hidden: set[str] = set()
        self._known: dict[str, Value] = {}
        self._columns: dict[str, Column] = {}
        self._records: dict[str, _Records] = {}

    def guard(self, step: GuardStep) -> None:
        if not self._holds(step, None):
            self.hidden.add(step.path)

    def field(self, step: FieldStep) -> None:
        place = step.place
        if self._is_hidden(place):
            self._known[place.path] = None
            return
        raw = self._raw(place.keys)
        self._known[place.path] = self._figure(place.path, place.field, raw, step.formula, step.names, None)

    def column(self, step: ColumnStep) -> None:
        place = step.place
        if self._is_hidden(place):
            self._columns[place.path] = Column((), place.field.total)
            return
        if step.formula is None:
            column = self._column(place.path)
        else:
            records = self.records(place.table)
            cells: list[Value] = []
            for position, answers in enumerate(records.answers):
                path = records.path(place.table, position, place.field.id)
                if step.row_guard is not None and not self._holds(step.row_guard, position):
                    self.hidden.add(path)
                    cells.append(None)
                    continue
                raw = answers.get(place.field.id)
                cells.append(self._figure(path, place.field, raw, step.formula, step.names, position))
            column = self._columns[place.path] = Column(tuple(cells), place.field.total)
        if place.field.total:
            self._total(place.path, column)

    def _total(self, path: str, column: Column) -> None:
        try:
            self.values[path] = self.computed[path] = total(column.cells)
        except CalculationProblem as problem:
            self.problems[path] = str(problem)

    def _figure(
        self,
        path: str,
        field: Field,
        raw: Any,
        formula: Formula,
        names: Mapping[str, Target],
        position: int | None,
    ) -> Value:
        """The value of one calculated field or cell, recorded under its path."""
        if field.not_applicable and is_not_applicable(raw):
            return None
        typed: Value = None
        if field.overridable:
            try:
                typed = read_answer(field, raw, self.local_units)
            except CalculationProblem as problem:
                return self._failed(path, field, problem)
        try:
            result = self._evaluated(field, formula, names, position)
        except CalculationProblem as problem:
            if typed is None:
                return self._failed(path, field, problem)
            result = None
        if result is not None:
            self.computed[path] = result
        if typed is not None:
            self.overridden.add(path)
            number = as_number(typed, field.label)
            if number is not None:
                self.values[path] = number
            return typed
        if result is not None:
            self.values[path] = result
        return with_unit(field, result)

    def _evaluated(
        self, field: Field, formula: Formula, names: Mapping[str, Target], position: int | None
    ) -> Decimal | None:
        result = formula.evaluate(lambda name: self._fetch(names[name], position))
        if result is None:
            return None
        if not isinstance(result, Decimal):
            raise FormulaProblem("The formula gives a text or a yes/no, where a number is needed.")
        return _rounded(result, field.rounding)

    def _failed(self, path: str, field: Field, problem: CalculationProblem) -> Failure:
        self.problems[path] = str(problem)
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

    def _fetch(self, target: Target, position: int | None) -> Value:
        if target.kind is Kind.FIELD:
            return self._field_value(target.path)
        if target.kind is Kind.PARAMETER:
            return self.compiled.definition.parameters[target.path]
        if target.kind is Kind.TABLE:
            return self._filled_rows(target.path)
        column = self._column(target.path)
        if target.kind is Kind.COLUMN:
            return column
        if target.kind is Kind.CELL:
            place = self.compiled.places.by_path[target.path]
            keys = self.records(place.table).keys
            position = keys.index(target.record) if target.record in keys else None
        if position is None or position >= len(column.cells):
            return None
        return column.cells[position]

    def _field_value(self, path: str) -> Value:
        if path in self._known:
            return self._known[path]
        place = self.compiled.places.by_path[path]
        value: Value = None
        if not self._is_hidden(place):
            value = self._read(path, place.field, self._raw(place.keys))
        self._known[path] = value
        return value

    def _read(self, path: str, field: Field, raw: Any) -> Value:
        try:
            return read_answer(field, raw, self.local_units)
        except CalculationProblem as problem:
            return self._failed(path, field, problem)

    def _column(self, path: str) -> Column:
        """The cells of a column; a calculated one is there already, because its step came before."""
        known = self._columns.get(path)
        if known is not None:
            return known
        place = self.compiled.places.by_path[path]
        cells: list[Value] = []
        if not self._is_hidden(place):
            records = self.records(place.table)
            row_guard = self.compiled.row_guards.get(path)
            for position, answers in enumerate(records.answers):
                cell_path = records.path(place.table, position, place.field.id)
                if row_guard is not None and not self._holds(row_guard, position):
                    self.hidden.add(cell_path)
                    cells.append(None)
                else:
                    cells.append(self._read(cell_path, place.field, answers.get(place.field.id)))
        column = self._columns[path] = Column(tuple(cells), place.field.total)
        return column

    def _filled_rows(self, path: str) -> Column:
        place = self.compiled.places.by_path[path]
        if self._is_hidden(place):
            return Column(())
        rows = self.records(path).answers
        return Column(tuple(True if any(v not in (None, "") for v in row.values()) else None for row in rows))

    def _is_hidden(self, place: Place) -> bool:
        return any(guard in self.hidden for guard in place.guards)

    def _raw(self, keys: tuple[str, ...]) -> Any:
        found: Any = self.answers
        for key in keys:
            if not isinstance(found, Mapping):
                return None
            found = found.get(key)
        return found

    def records(self, path: str) -> _Records:
        known = self._records.get(path)
        if known is None:
            place = self.compiled.places.by_path[path]
            known = self._records[path] = _read_records(place.field, self._raw(place.keys))
        return known


def _rounded(value: Decimal, asked: Rounding | None) -> Decimal:
    return value if asked is None else rounding.apply(value, asked.to, asked.mode)


def _read_records(field: Field, raw: Any) -> _Records:
    """The rows of a table as stored; a shape that is not the table's own counts as no rows."""
    table = field.table
    if table is None or is_not_applicable(raw):
        return _Records((), ())
    if table.kind is TableKind.FIXED:
        given = raw if isinstance(raw, Mapping) else {}
        rows = tuple({**_mapping(given.get(row.id)), **row.cells} for row in table.rows)
        return _Records(tuple(row.id for row in table.rows), rows)
    if table.kind is TableKind.ROW_DYNAMIC:
        listed = raw if isinstance(raw, list | tuple) else ()
        return _Records(tuple(map(str, range(len(listed)))), tuple(_mapping(row) for row in listed))
    stored = _mapping(raw)
    names = stored.get("columns")
    cells = _mapping(stored.get("cells"))
    width = len(names) if isinstance(names, list | tuple) else 0
    columns = tuple(
        {row: line[at] for row, line in cells.items() if isinstance(line, list | tuple) and at < len(line)}
        for at in range(width)
    )
    return _Records(tuple(map(str, range(width))), columns, transposed=True)


def _mapping(raw: Any) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}
