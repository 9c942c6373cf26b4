"""A format made ready for calculation: formulas read, names resolved, steps put in order of dependence.

The order is that of a graph of nodes: the path of a field, table or column; ``?path``, the condition at a
path; ``=path``, a typed figure that the report is known by. An edge leads from what is needed to its user.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from banks.formats.definition import (
    Condition,
    Field,
    FieldType,
    FormatDefinition,
)
from banks.formats.problems import FormatProblem
from reports.calculation import rounding, units
from reports.calculation.conditions import OPERATORS
from reports.calculation.formula import LOOKUP_PREFIX, Formula, compile_formula
from reports.calculation.inferring import inferred_tag
from reports.calculation.naming import Guard, Kind, Place, Places, Target, index_places, resolve, suggestion
from reports.calculation.problems import FormulaProblem, UnitProblem
from reports.calculation.tags import Tag
from reports.calculation.values import allowed_units

# How many formats stay compiled in a process; the least recently used goes first.
MOST_COMPILED = 64


@dataclass(frozen=True, slots=True)
class GuardStep:
    """Find out whether the condition at ``path`` holds."""

    path: str
    condition: Condition
    target: Target


@dataclass(frozen=True, slots=True)
class FieldStep:
    """Work out a calculated field."""

    place: Place
    formula: Formula
    names: dict[str, Target]


@dataclass(frozen=True, slots=True)
class ColumnStep:
    """Work out one column of a table: its cells (where calculated), which of them are hidden, its total."""

    place: Place
    formula: Formula | None
    names: dict[str, Target]
    # The condition on the column where it hangs on another column, so that each row answers for itself.
    row_guard: GuardStep | None


@dataclass(frozen=True, slots=True)
class FigureStep:
    """Take the typed figure of a field that the headline or the abstract names."""

    place: Place


Step = GuardStep | FieldStep | ColumnStep | FigureStep


@dataclass(frozen=True, slots=True)
class Work:
    """What one pass costs at most, in visits of a part of a formula or of a cell.

    ``flat`` + Σ ``by_rows``[table] × its rows + Σ ``by_pairs``[one, other] × the rows of both.
    """

    flat: int
    by_rows: Mapping[str, int]
    by_pairs: Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class CompiledFormat:
    """``steps`` stand in an order in which each finds what it depends upon already done."""

    definition: FormatDefinition
    places: Places
    steps: tuple[Step, ...]
    # Guards that a row decides for itself, by the path of their column.
    row_guards: dict[str, GuardStep]
    # The field in which the unit of a rate is chosen, by the path of the rate.
    per: dict[str, Target]
    # The node of each step, and its position by node; a node without a step is a typed answer.
    nodes: tuple[str, ...]
    positions: dict[str, int]
    # Node → the nodes that need it.
    dependents: dict[str, tuple[str, ...]]
    work: Work


def compile_definition(definition: FormatDefinition) -> CompiledFormat:
    """The format ready for ``engine.calculate``; kept by identity, so that a repeated call costs nothing.

    Raises ``FormatProblem`` with every unreadable formula, unknown name, and cycle.
    """
    return _CACHE.get(definition)


def check_formulas(definition: FormatDefinition) -> list[str]:
    """One sentence for each fault of the formulas, conditions and roundings of a format; empty when sound."""
    return _compile(definition)[1]


class _Cache:
    """Compiled formats by identity. Holding the definition keeps its identity from being given to another."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, CompiledFormat] = OrderedDict()

    def get(self, definition: FormatDefinition) -> CompiledFormat:
        with self._lock:
            kept = self._kept.get(id(definition))
            if kept is not None:
                self._kept.move_to_end(id(definition))
                return kept
        compiled, problems = _compile(definition)
        if problems:
            raise FormatProblem(problems, str(definition.key))
        with self._lock:
            self._kept[id(definition)] = compiled
            if len(self._kept) > MOST_COMPILED:
                self._kept.popitem(last=False)
        return compiled


_CACHE = _Cache()


@dataclass(slots=True)
class _Compiler:
    definition: FormatDefinition
    places: Places
    problems: list[str] = field(default_factory=list)
    steps: dict[str, Step] = field(default_factory=dict)
    guards: dict[str, GuardStep] = field(default_factory=dict)
    row_guards: dict[str, GuardStep] = field(default_factory=dict)
    per: dict[str, Target] = field(default_factory=dict)
    graph: dict[str, set[str]] = field(default_factory=dict)

    def run(self) -> CompiledFormat:
        for guard in self.places.guards.values():
            self._guard(guard)
        for place in self.places.by_path.values():
            self._rate(place)
            self._place(place)
        self._figures()
        nodes = self._ordered()
        every = {**{f"?{path}": step for path, step in self.guards.items()}, **self.steps}
        ordered = [node for node in nodes if node in every]
        steps = tuple(every[node] for node in ordered)
        # Formulas in a circle have no order; units are looked at all the same, as far as they are known.
        self._check_units(steps or tuple(every.values()))
        return CompiledFormat(
            self.definition,
            self.places,
            steps,
            self.row_guards,
            self.per,
            tuple(ordered),
            {node: at for at, node in enumerate(ordered)},
            _dependents(self.graph),
            _work(steps),
        )

    def _fault(self, path: str, message: str) -> None:
        self.problems.append(f"{path}: {message}")

    def _guard(self, guard: Guard) -> None:
        condition = guard.condition
        if condition.operator not in OPERATORS:
            self._fault(guard.path, f"the condition's operator “{condition.operator}” does not exist.")
            return
        place = self.places.by_path.get(guard.path)
        table = place.table if place is not None else ""
        target = resolve(condition.field, guard.scopes, self.places, self.definition, table)
        if target is None and (group := self._group(condition.field, guard.scopes)):
            self._fault(
                guard.path,
                f"the condition names “{condition.field}”, a group; name one of its fields: {group}.",
            )
            return
        if target is None:
            hint = suggestion(condition.field, guard.scopes, self.places, self.definition)
            self._fault(
                guard.path, f"the condition names “{condition.field}”, which this format does not have.{hint}"
            )
            return
        step = GuardStep(guard.path, condition, target)
        kind = self.row_guards if target.kind is Kind.ROW_CELL else self.guards
        kind[guard.path] = step

    def _rate(self, place: Place) -> None:
        """What a rate is per: a unit, or a field of this format in which a unit of area is chosen."""
        per = place.field.per
        if per is None or per in units.UNITS:
            return
        target = resolve(per, place.scopes, self.places, self.definition)
        chosen = self.places.by_path[target.path].field if target and target.kind is Kind.FIELD else None
        choices = {option.value for option in chosen.options} if chosen else set()
        if target is None or not choices or not choices <= units.AREA_UNITS:
            self._fault(
                place.path,
                f"the rate is per “{per}”, which is neither a unit nor a field that chooses among units of "
                "area; write a unit such as sq_ft, or the path of such a field.",
            )
            return
        self.per[place.path] = target

    def _place(self, place: Place) -> None:
        self._check_rounding(place)
        formula = self._formula(place)
        names: dict[str, Target] = {}
        if formula is not None:
            for name in sorted(formula.references):
                target = resolve(name, place.scopes, self.places, self.definition, place.table)
                if target is None:
                    self._unknown_name(place, formula, name)
                    return
                names[name] = target
            self._check_uses(place, formula, names)
        row_guard = self.row_guards.get(place.path)
        if place.table and (formula is not None or place.field.total or row_guard is not None):
            self.steps[place.path] = ColumnStep(place, formula, names, row_guard)
        elif formula is not None and not place.table:
            self.steps[place.path] = FieldStep(place, formula, names)

    def _unknown_name(self, place: Place, formula: Formula, name: str) -> None:
        lead = f"the formula “{formula.text}”"
        if name.startswith(LOOKUP_PREFIX):
            known = ", ".join(self.definition.lookups) or "none"
            self._fault(
                place.path,
                f"{lead} looks up in “{name.removeprefix(LOOKUP_PREFIX)}”, which is no table of this format; "
                f"its lookups are: {known}.",
            )
        elif group := self._group(name, place.scopes):
            self._fault(place.path, f"{lead} names “{name}”, a group; name one of its fields: {group}.")
        else:
            hint = suggestion(name, place.scopes, self.places, self.definition)
            self._fault(
                place.path,
                f"{lead} names “{name}”, which is no field of this row, group, section or format.{hint}",
            )

    def _group(self, name: str, scopes: tuple[str, ...]) -> str:
        """The paths of the first fields of the group that ``name`` is; empty when it is none."""
        for scope in (*scopes, ""):
            inside = f"{scope}{name}."
            # Two dots lead to a section at most: what is below a name with fewer is no group.
            if inside.count(".") > 2 and (
                found := [path for path in self.places.by_path if path.startswith(inside)]
            ):
                return ", ".join(found[:3])
        return ""

    def _formula(self, place: Place) -> Formula | None:
        text = place.field.formula
        if text is None:
            if place.field.type is FieldType.CALCULATED:
                self._fault(place.path, "the field is calculated but has no formula.")
            return None
        try:
            return compile_formula(text)
        except FormulaProblem as problem:
            self._fault(place.path, str(problem))
            return None

    def _check_rounding(self, place: Place) -> None:
        asked = place.field.rounding
        if asked is not None and (asked.mode not in rounding.MODES or not asked.to > 0):
            self._fault(place.path, "the rounding needs a step above zero and nearest, down or up.")

    def _check_uses(self, place: Place, formula: Formula, names: dict[str, Target]) -> None:
        for name, use in sorted(formula.uses):
            target = names[name]
            if target.kind is Kind.TABLE and use != "count":
                self._fault(place.path, f"“{name}” is a whole table; name one of its columns.")
            if target.kind in (Kind.TABLE, Kind.PARAMETER, Kind.LOOKUP) or use == "count":
                continue
            named = self.places.by_path[target.path].field
            if target.kind is Kind.COLUMN and use not in ("gather", "column") and not named.total:
                self._fault(
                    place.path,
                    f"“{name}” is a whole column; write sum({name}) or another of sum, min, max, count.",
                )
            self._check_measure(place, name, use, named)
        for column, keys in sorted(formula.rows):
            both = names[column], names[keys]
            tables = {self.places.by_path[one.path].table for one in both if one.kind is Kind.COLUMN}
            if any(one.kind is not Kind.COLUMN for one in both) or len(tables) != 1:
                self._fault(
                    place.path,
                    f"value_where({column}, {keys}, …) needs two columns of one table, each by its path from "
                    "the section or the tab.",
                )

    def _check_measure(self, place: Place, name: str, use: str, named: Field) -> None:
        several = named.type is FieldType.NUMBER_WITH_UNIT and len(set(allowed_units(named))) > 1
        if use in ("value", "gather") and several:
            self._fault(
                place.path, f"“{name}” may come in several units; turn it into one with area_in({name}, …)."
            )
        if use == "measure" and not any(unit in units.AREA_UNITS for unit in allowed_units(named)):
            self._fault(place.path, f"“{name}” has no unit of area, so area_in cannot turn it into another.")

    def _figures(self) -> None:
        """Typed figures that the report is known by, and headline names that lead to no figure at all."""
        lines = [path for line in self.definition.document.abstract_lines for path in line.paths.values()]
        words = self.definition.document.words_path
        for path in (*self.definition.headline.values(), *lines, *([words] if words else ())):
            place = self.places.by_path.get(path)
            if place is not None and not place.table and path not in self.steps and place.field.is_numeric:
                self.steps[f"={path}"] = FigureStep(place)
        for name, path in self.definition.headline.items():
            place, step = self.places.by_path.get(path), self.steps.get(path)
            total = isinstance(step, ColumnStep) and step.place.field.total
            if place is not None and not (isinstance(step, FieldStep) or total or f"={path}" in self.steps):
                self._fault(
                    path,
                    f"the headline figure {name} must be a number, a calculated field or a column's total.",
                )

    def _check_units(self, steps: tuple[Step, ...]) -> None:
        tags: dict[str, Tag | None] = {}
        told = {problem.partition(": ")[0] for problem in self.problems}
        for step in steps:
            if isinstance(step, FieldStep | ColumnStep) and step.formula is not None:
                place = step.place
                if place.path in told:
                    continue
                try:
                    tags[place.path] = inferred_tag(
                        self.definition, self.places, self.per, tags, place, step.formula, step.names
                    )
                except UnitProblem as problem:
                    self._fault(place.path, f"the formula “{step.formula.text}” mixes units: {problem}")

    def _ordered(self) -> tuple[str, ...]:
        graph = self.graph
        waiting = [*(f"?{path}" for path in self.guards), *self.steps]
        while waiting:
            node = waiting.pop()
            if node not in graph:
                graph[node] = set(self._needs(node))
                waiting.extend(graph[node])
        try:
            return tuple(TopologicalSorter(graph).static_order())
        except CycleError as error:
            around = [node.removeprefix("?") for node in error.args[1]]
            self._fault(around[0], f"the formulas go round in a circle: {' → '.join(around[::-1])}.")
            return ()

    def _needs(self, node: str) -> Iterator[str]:
        """The nodes that must be done before ``node``; ``?path`` is the condition at that path."""
        if node.startswith("?"):
            yield from self._target_needs(self.guards[node[1:]].target)
            return
        if node.startswith("="):
            yield node[1:]
            return
        if node in self.per:
            yield self.per[node].path
        for guard in self.places.by_path[node].guards:
            if guard in self.guards:
                yield f"?{guard}"
        row_guard = self.row_guards.get(node)
        if row_guard is not None:
            yield row_guard.target.path
        step = self.steps.get(node)
        if isinstance(step, FieldStep | ColumnStep):
            for target in step.names.values():
                yield from self._target_needs(target)

    def _target_needs(self, target: Target) -> Iterator[str]:
        if target.kind not in (Kind.PARAMETER, Kind.LOOKUP):
            yield target.path


def _dependents(graph: Mapping[str, set[str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for node, needs in graph.items():
        for need in needs:
            found.setdefault(need, []).append(node)
    return {node: tuple(sorted(needing)) for node, needing in found.items()}


def _work(steps: tuple[Step, ...]) -> Work:
    """A formula of a table is worked out once a row; a column that it gathers is gone through each time."""
    flat, by_rows, by_pairs = 0, Counter[str](), Counter[tuple[str, str]]()
    for step in steps:
        if not isinstance(step, FieldStep | ColumnStep) or step.formula is None:
            continue
        own = step.place.table
        if own:
            by_rows[own] += step.formula.parts
        else:
            flat += step.formula.parts
        for name, target in step.names.items():
            if target.kind is not Kind.COLUMN:
                continue
            other = target.path.rpartition(".")[0]
            if own:
                by_pairs[own, other] += step.formula.times[name]
            else:
                by_rows[other] += step.formula.times[name]
    return Work(flat, dict(by_rows), dict(by_pairs))


def _compile(definition: FormatDefinition) -> tuple[CompiledFormat, list[str]]:
    compiler = _Compiler(definition, index_places(definition))
    compiled = compiler.run()
    return compiled, compiler.problems
