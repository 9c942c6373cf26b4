"""Where the answers of an old report go in ours: each value gets a place, or is set aside and told. Pure.

``report_data`` may be nested by tab, section and group, or flat; ``answer_paths`` of the converted format
leads from every form of an old place to ours. A short form that means two places means none: the value is
set aside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from banks.formats.definition import Field, FieldType, FormatDefinition, Section, TableKind
from banks.formats.reading import COMMON_TAB
from banks.legacy.converted import ConvertedFormat
from banks.legacy.faults import Severity
from reports.calculation.engine import calculate
from reports.calculation.exact import plain_decimal
from reports.calculation.numbers import MOST_PLACES, canonical
from reports.calculation.rounding import apply
from reports.legacy.tables import laid, parts_of, put_back, results_of
from reports.legacy.values import Around, Unfit, is_nothing, result, typed

# What report_data holds answers in; their names are no part of a place.
_HOLDERS = frozenset({"common_fields", "commonFields", "data", "tables", "fields", "answers", "values"})
# What it says of itself, which is kept and is no answer.
_ABOUT = frozenset({"template_version", "templateVersion", "metadata"})
# Of a double's 53 bits, a few calculations take the last four.
_FLOAT_NOISE = Decimal("2E-15")
_UNIT_ENDINGS = ("_unit", "_units", "Unit")
_TWICE = "The report answers this a second time, otherwise."


@dataclass(frozen=True, slots=True)
class Told:
    """One fault of a report's answers; ``where`` is the path in the old document."""

    where: str
    problem: str
    done: str
    severity: Severity


@dataclass(slots=True)
class Placed:
    """The answers in our shape, those without a place by their old path, and what is to be told."""

    answers: dict[str, Any] = field(default_factory=dict)
    set_aside: dict[str, dict[str, Any]] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    # Old path → our path of everything that was placed; for the account of what became of each value.
    placed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Question:
    field: Field
    section: Section
    group: Field | None = None

    @property
    def label(self) -> str:
        return f"{self.group.label}: {self.field.label}" if self.group else self.field.label


@dataclass(slots=True)
class _Placing:
    definition: FormatDefinition
    format: ConvertedFormat
    around: Around
    common: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # Whether what is walked now are the common fields.
    in_common: bool = False
    result: Placed = field(default_factory=Placed)
    questions: dict[str, _Question] = field(default_factory=dict)
    containers: set[str] = field(default_factory=set)
    # Old results of what ours computes: our path → (old path, text).
    results: dict[str, tuple[str, str]] = field(default_factory=dict)
    # The same for cells: our column → row → (old path of the table, text).
    cells: dict[str, dict[str | int, tuple[str, str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for section in self.definition.sections():
            for one in section.fields:
                self.questions[one.path] = _Question(one, section)
                for part in one.fields:
                    self.questions[part.path] = _Question(part, section, one)
        for known in self.format.answer_paths:
            parts = known.split(".")
            self.containers.update(".".join(parts[:at]) for at in range(1, len(parts)))

    # Walking ---------------------------------------------------------------------------------------------

    def walk(self, scope: tuple[str, ...], where: str, value: Any) -> None:
        if is_nothing(value):
            return
        paths = self._paths(scope)
        if len(paths) > 1:
            several = ", ".join(sorted(paths)[:4])
            self.aside(where, scope[-1], value, f"The format asks this in several places: {several}.")
            return
        if paths and not self._holds_others(scope, value):
            self._take(self.questions[paths[0]], scope, where, value)
            return
        if isinstance(value, Mapping):
            self._walk_into(value, scope, where)
            return
        self.aside(where, scope[-1] if scope else where, value, "The format has no such question.")

    def _walk_into(self, value: Mapping[str, Any], scope: tuple[str, ...], where: str) -> None:
        merged = dict(value)
        for key in list(merged):
            self._join_unit(merged, str(key), scope)
        for key, part in merged.items():
            if isinstance(part, _WithUnit):
                self.walk((*scope, str(key)), f"{where}.{key}", part.value)
                continue
            steps = [step for step in str(key).split(".") if step] or [str(key)]
            self.walk((*scope, *steps), f"{where}.{key}", part)

    def _join_unit(self, merged: dict[str, Any], key: str, scope: tuple[str, ...]) -> None:
        """``extent: "240", extent_unit: "sqyd"`` is one answer where the question has a unit."""
        paths = self._paths((*scope, key))
        question = self.questions[paths[0]].field if len(paths) == 1 else None
        if question is None or question.type is not FieldType.NUMBER_WITH_UNIT:
            return
        if isinstance(merged[key], Mapping) or is_nothing(merged[key]):
            return
        for ending in _UNIT_ENDINGS:
            unit = merged.get(f"{key}{ending}")
            if isinstance(unit, str) and unit.strip() and not self._paths((*scope, f"{key}{ending}")):
                merged[key] = _WithUnit({"value": merged[key], "unit": merged.pop(f"{key}{ending}")})
                return

    def _paths(self, scope: tuple[str, ...]) -> tuple[str, ...]:
        """Our paths for an old place, by as much of it as the format knows."""
        own, common = self.format.answer_paths, self.common
        for paths in (common, own) if self.in_common else (own, common):
            for start in range(len(scope)):
                found = paths.get(".".join(scope[start:]), ())
                known = tuple(dict.fromkeys(path for path in found if path in self.questions))
                if known:
                    return known
        return ()

    def _holds_others(self, scope: tuple[str, ...], value: Any) -> bool:
        """Whether the name is also that of a tab or section, and the value what is in that."""
        return isinstance(value, Mapping) and any(
            ".".join(scope[start:]) in self.containers
            and any(self._paths((*scope[start:], str(key))) for key in value)
            for start in range(len(scope))
        )

    # Taking ----------------------------------------------------------------------------------------------

    def _take(self, question: _Question, scope: tuple[str, ...], where: str, value: Any) -> None:
        asked = question.field
        if asked.type is FieldType.GROUP:
            if isinstance(value, Mapping):
                self._walk_into(value, scope, where)
            else:
                self.aside(
                    where, question.label, value, "It is one value, where the format asks for several."
                )
            return
        if asked.table is not None:
            self._take_table(question, where, value)
            return
        before = len(self.around.told)
        try:
            answer = (typed if asked.formula is None else result)(asked, value, self.around)
        except Unfit as problem:
            self.aside(where, question.label, value, str(problem))
            return
        for changed in self.around.told[before:]:
            self.tell(where, changed, "The old form of it is kept with the report.", Severity.NOTE)
        if asked.formula is not None and isinstance(answer, str):
            known = self.results.setdefault(asked.path, (where, answer))
            if known[1] != answer:
                self.aside(where, question.label, value, _TWICE)
                return
            self.result.placed[where] = asked.path
            return
        self._put(question, where, value, answer)

    def _take_table(self, question: _Question, where: str, value: Any) -> None:
        before = len(self.around.told)
        found = laid(question.field, value, self.format.tables.get(question.field.path), self.around)
        for changed in self.around.told[before:]:
            self.tell(where, changed, "The old form of it is kept with the report.", Severity.NOTE)
        for place, old, why in found.left_over:
            there = f"{where}.{place}".rstrip(".")
            self.aside(there, question.label, old, why)
        if found.answer is None:
            return
        computed = results_of(question.field, found.answer)
        if not self._put(question, where, value, found.answer):
            return
        for column, cells in computed.items():
            for row, text in cells.items():
                known = self.cells.setdefault(column, {}).setdefault(row, (where, text))
                if known[1] != text:
                    place = f"{where}.{row}"
                    self.aside(place, question.label, text, _TWICE)

    def _put(self, question: _Question, where: str, value: Any, answer: Any) -> bool:
        """Whether the answer stands there now."""
        if answer is None:
            return False
        section = question.section
        there = self.result.answers.setdefault(section.tab_id, {}).setdefault(section.id, {})
        if question.group is not None:
            there = there.setdefault(question.group.id, {})
        known = there.get(question.field.id)
        if known is not None and known != answer:
            self.aside(where, question.label, value, _TWICE)
            return False
        there[question.field.id] = answer
        self.result.placed[where] = question.field.path
        return True

    def aside(self, where: str, label: str, value: Any, why: str) -> None:
        if is_nothing(value):
            return
        self.result.set_aside[where] = {"label": label, "answer": value, "reason": why}
        self.tell(where, why, "The answer is kept with the report, set aside.", Severity.KEPT_ASIDE)

    def tell(self, where: str, problem: str, done: str, severity: Severity) -> None:
        self.result.told.append(Told(where, problem, done, severity))

    # Results ---------------------------------------------------------------------------------------------

    def settle_cells(self) -> None:
        """Old cells beside those that ours computes, column by column, as ``settle_results`` does it."""
        for path, cells in self.cells.items():
            table_path, _, name = path.rpartition(".")
            question = self.questions[table_path]
            table = question.field.table
            column = next(one for one in parts_of(table) if one.id == name)
            moving = table is not None and table.kind is TableKind.COLUMN_DYNAMIC
            values = calculate(self.definition, self.result.answers).values
            for row, (where, text) in cells.items():
                step = f"{name}.{row}" if moving else f"{row}.{name}"
                if same_figure(values.get(f"{table_path}.{step}"), text):
                    continue
                if not may_stand(column, text):
                    reason = "Ours computes another figure from the answers."
                    self.aside(f"{where}.{step}", column.label, text, reason)
                    continue
                put_back(self._answer(question), row, name, text)
                self._tell_override(f"{where}.{step}", text)

    def _answer(self, question: _Question) -> Any:
        section = question.section
        there = self.result.answers[section.tab_id][section.id]
        return there[question.field.id]

    def settle_results(self) -> None:
        """Old results beside ours: the same need no answer; another one stays as an override, or aside."""
        overrides: dict[str, str] = {}
        for _ in range(len(self.results) + 1):
            differing = self._differing(overrides)
            found = next(
                (one for one in differing if may_stand(self.questions[one].field, self.results[one][1])), None
            )
            if found is None:
                break
            overrides[found] = self.results[found][1]
        for path in list(overrides):
            without = {key: text for key, text in overrides.items() if key != path}
            if len(self._differing(without)) <= len(self._differing(overrides)):
                overrides = without
        for path in self._differing(overrides):
            where, text = self.results[path]
            self.aside(
                where, self.questions[path].label, text, "Ours computes another figure from the answers."
            )
            self.result.placed.pop(where, None)
        for path, text in overrides.items():
            where = self.results[path][0]
            self._put(self.questions[path], where, text, text)
            self._tell_override(where, text)

    def _tell_override(self, where: str, text: str) -> None:
        self.tell(
            where,
            "Ours computes another figure from the answers.",
            f"The old figure {text} stands over it; the report shows it as such.",
            Severity.CHANGED,
        )

    def _differing(self, overrides: Mapping[str, str]) -> list[str]:
        answers = self.result.answers
        for path, text in overrides.items():
            answers = _with(answers, self.questions[path], text)
        values = calculate(self.definition, answers).values
        return [
            path
            for path, (_, text) in self.results.items()
            if path not in overrides and not same_figure(values.get(path), text)
        ]


@dataclass(frozen=True, slots=True)
class _WithUnit:
    value: dict[str, Any]


def _with(answers: Mapping[str, Any], question: _Question, text: str) -> dict[str, Any]:
    section = question.section
    tab = dict(answers.get(section.tab_id, {}))
    there = dict(tab.get(section.id, {}))
    if question.group is not None:
        there[question.group.id] = {**there.get(question.group.id, {}), question.field.id: text}
    else:
        there[question.field.id] = text
    return {**answers, section.tab_id: {**tab, section.id: there}}


def same_figure(computed: Decimal | None, old: str) -> bool:
    """Whether the old text is the computed figure, to as many places as the old one shows.

    The old system reckoned in binary floating point: what differs only in its last digits is the same.
    """
    figure = plain_decimal(old)
    if computed is None or figure is None:
        return False
    places = len(canonical(figure).partition(".")[2])
    if computed == figure or apply(computed, Decimal(1).scaleb(-places)) == figure:
        return True
    return abs(computed - figure) <= abs(computed) * _FLOAT_NOISE


def may_stand(question: Field, text: str) -> bool:
    """Whether an old figure may stand over the computed one: it is allowed, and can be typed."""
    return question.overridable and len(text.partition(".")[2]) <= MOST_PLACES


def place(
    report_data: Mapping[str, Any],
    definition: FormatDefinition,
    converted: ConvertedFormat,
    around: Around,
    common: Mapping[str, tuple[str, ...]],
) -> Placed:
    """Every value of an old report's data in its place. Never raises for what the data hold.

    ``common`` leads from the old ids of the common fields to ours; they come first within ``common_fields``.
    """
    placing = _Placing(definition, converted, around, {**_ids_of_common(definition), **common})
    for where, value in _parts(report_data, "report_data"):
        placing.in_common = "common" in where.rpartition(".")[2]
        if isinstance(value, Mapping):
            placing._walk_into(value, (), where)
        else:
            placing.walk((where.rpartition(".")[2],), where, value)
    placing.settle_cells()
    placing.settle_results()
    return placing.result


def _ids_of_common(definition: FormatDefinition) -> dict[str, tuple[str, ...]]:
    fields = [
        one for section in definition.sections() if section.tab_id == COMMON_TAB for one in section.fields
    ]
    return {one.id: (one.path,) for one in fields}


def _parts(data: Mapping[str, Any], where: str) -> Iterator[tuple[str, Any]]:
    """The parts of report_data with answers in them, opened as far as they only hold others."""
    rest = {}
    for key, value in data.items():
        if key in _HOLDERS and isinstance(value, Mapping):
            yield from _parts(value, f"{where}.{key}")
        elif key not in _ABOUT:
            rest[key] = value
    if rest:
        yield where, rest


def values_of(data: Any, where: str = "report_data") -> Iterable[tuple[str, Any]]:
    """``(old path, value)`` of every single value that is there, as ``place`` names them."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from values_of(value, f"{where}.{key}")
    elif not is_nothing(data):
        yield where, data
