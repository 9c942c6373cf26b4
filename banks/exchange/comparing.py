"""A file laid beside what is there: what each row would add or change, and what is wrong with it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from django.core.exceptions import ValidationError

from banks.exchange.columns import Sheet
from banks.exchange.tables import Row, Table, UnreadableFile

# Columns of the file of faulty rows, which may come back with it.
ROW, ERRORS = "row", "errors"
_LONGEST_SHOWN = 80
_LETTERS_OF_A_BANK = 4


class Outcome(StrEnum):
    """What becomes of a row."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    FAULTY = "faulty"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with a cell: its column, what it holds, and in a sentence what it should."""

    column: str
    value: str
    sentence: str

    def __str__(self) -> str:
        shown = self.value if len(self.value) <= _LONGEST_SHOWN else f"{self.value[:_LONGEST_SHOWN]}…"
        return f"{self.column} “{shown}”: {self.sentence}" if shown else f"{self.column}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Change:
    """A column's text before and after."""

    column: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """``values`` are the record's after the import: those that the file gives."""

    number: int
    code: str
    outcome: Outcome
    values: Mapping[str, Any]
    changes: Sequence[Change] = ()
    faults: Sequence[Fault] = ()
    warnings: Sequence[str] = ()
    cells: Sequence[str] = ()

    @property
    def name(self) -> str:
        return str(self.values.get("name") or "")


@dataclass(frozen=True, slots=True)
class Comparison:
    """All rows of a file, and the codes of active records that it does not name."""

    headings: Sequence[str]
    rows: Sequence[ComparedRow]
    missing: Sequence[str]

    def of(self, outcome: Outcome) -> list[ComparedRow]:
        return [row for row in self.rows if row.outcome is outcome]

    @property
    def counts(self) -> dict[str, int]:
        counted = Counter(row.outcome.value for row in self.rows)
        return {outcome.value: counted[outcome.value] for outcome in Outcome}

    @property
    def warned(self) -> list[ComparedRow]:
        return [row for row in self.rows if row.warnings and not row.faults]

    @property
    def is_faulty(self) -> bool:
        return any(row.faults for row in self.rows)


Records = Mapping[str, Mapping[str, Any]]


def compare(sheet: Sheet, table: Table, present: Records) -> Comparison:
    """``present`` are the records by code, each with the sheet's columns as values.

    A column that the file has not stays as it is; an empty cell empties the value. Raises UnreadableFile when
    the headings are not those of the sheet. 10,000 rows take 0.3 s when all are new.
    """
    columns = _columns(sheet, table.headings)
    rows = [_compared(sheet, columns, row, present) for row in table.rows]
    rows = _with_clashes(sheet, rows, present)
    if "ifsc" in sheet.columns:
        rows = _with_unusual_ifsc(rows, present)
    named = {row.code for row in rows}
    missing = [code for code, record in present.items() if record.get("is_active") and code not in named]
    return Comparison(table.headings, rows, missing)


def _columns(sheet: Sheet, headings: Sequence[str]) -> list[str | None]:
    """The column of each heading; None for those of the file of faulty rows."""
    columns = [sheet.column(heading) for heading in headings]
    kept = {ROW, ERRORS}
    unknown = [
        heading
        for heading, column in zip(headings, columns, strict=True)
        if column is None and heading.casefold() not in kept
    ]
    known = ", ".join(sheet.columns)
    if unknown:
        said = ", ".join(f"“{heading[:40]}”" if heading else "an empty one" for heading in unknown[:5])
        raise UnreadableFile(f"Headings that are not known: {said}. A file of {sheet.plural} has: {known}.")
    twice = [name for name, number in Counter(columns).items() if name and number > 1]
    if twice:
        raise UnreadableFile(f"The heading “{twice[0]}” stands twice. Remove one of the columns.")
    if "code" not in columns:
        raise UnreadableFile(f"There is no column “code”, by which {sheet.plural} are told apart.")
    return columns


def _compared(sheet: Sheet, columns: Sequence[str | None], row: Row, present: Records) -> ComparedRow:
    faults = [
        Fault(_said(sheet, columns, place), row.cells[place] if place < len(row.cells) else "", sentence)
        for place, sentence in row.faults
    ]
    marked = {place for place, _ in row.faults}
    cells = {
        column: cell
        for place, (column, cell) in enumerate(zip(columns, row.cells, strict=True))
        if column and place not in marked
    }
    code = cells.get("code", "").strip()
    if "code" in sheet.capitals:
        code = code.upper()
    old = present.get(code)
    values: dict[str, Any] = {}
    for name, cell in cells.items():
        if old is not None and cell == sheet.cell(name, old[name]):
            values[name] = old[name]
            continue
        try:
            values[name] = sheet.value(name, cell)
        except ValidationError as error:
            faults.append(Fault(sheet.label(name), cell, " ".join(error.messages)))
    faults += _incomplete(sheet, frozenset(columns), values, old)
    changes = () if old is None else _changes(sheet, old, values)
    outcome = Outcome.NEW if old is None else Outcome.CHANGED if changes else Outcome.UNCHANGED
    return ComparedRow(
        row.number,
        code,
        Outcome.FAULTY if faults else outcome,
        values,
        changes,
        tuple(faults),
        cells=row.cells,
    )


def _said(sheet: Sheet, columns: Sequence[str | None], place: int) -> str:
    column = columns[place] if place < len(columns) else None
    return sheet.label(column) if column else "The row"


def _incomplete(
    sheet: Sheet,
    columns: frozenset[str | None],
    values: Mapping[str, Any],
    old: Mapping[str, Any] | None,
) -> list[Fault]:
    """A new record without a column that it needs; one coordinate without the other."""
    faults = []
    if old is None:
        faults += [
            Fault(sheet.label(name), "", f"The file has no such column, and a new {sheet.noun} needs it.")
            for name in sheet.columns
            if sheet.requires(name) and name not in columns
        ]
    if "latitude" in sheet.columns:
        both = [
            values.get(name, None if old is None else old.get(name)) for name in ("latitude", "longitude")
        ]
        if both.count(None) == 1 and {"latitude", "longitude"} & set(values):
            empty = ("latitude", "longitude")[both.index(None)]
            if empty in values or empty not in columns:
                faults.append(Fault(sheet.label(empty), "", "Give both latitude and longitude, or neither."))
    return faults


def _changes(sheet: Sheet, old: Mapping[str, Any], values: Mapping[str, Any]) -> tuple[Change, ...]:
    return tuple(
        Change(name, sheet.cell(name, old[name]), sheet.cell(name, value))
        for name, value in values.items()
        if value != old[name]
    )


def _with_clashes(sheet: Sheet, rows: Sequence[ComparedRow], present: Records) -> list[ComparedRow]:
    """Rows that another row of the file, or a record that it does not name, leaves no room for."""
    for name in sheet.unique:
        rows = _unlike(sheet, name, rows, present)
    return list(rows)


def _unlike(sheet: Sheet, name: str, rows: Sequence[ComparedRow], present: Records) -> list[ComparedRow]:
    named = {row.code for row in rows}
    taken = {str(one.get(name)): f"{sheet.noun} {code}" for code, one in present.items() if code not in named}
    result = []
    for row in rows:
        old = present.get(row.code, {})
        value = str(row.values.get(name, old.get(name)) or "")
        if value and value in taken:
            other = f"{taken[value][:1].upper()}{taken[value][1:]}"
            fault = Fault(sheet.label(name), value, f"{other} has it too; each needs its own.")
            row = _faulty(row, fault)
        elif value:
            taken[value] = f"row {row.number}"
        result.append(row)
    return result


def _faulty(row: ComparedRow, fault: Fault) -> ComparedRow:
    return replace(row, outcome=Outcome.FAULTY, faults=(*row.faults, fault))


def _with_unusual_ifsc(rows: Sequence[ComparedRow], present: Records) -> list[ComparedRow]:
    """Warn of new and changed rows whose IFSC begins with other letters than most of the bank's do."""
    usual = _usual_letters([*(one.get("ifsc") for one in present.values())]) or _usual_letters(
        row.values.get("ifsc") for row in rows if not row.faults
    )
    if not usual:
        return list(rows)
    return [
        _warned(row, f"IFSC “{row.values['ifsc']}”: most of the bank's begin with {usual}.")
        if _is_given_anew(row, "ifsc") and not str(row.values["ifsc"]).startswith(usual)
        else row
        for row in rows
    ]


def _is_given_anew(row: ComparedRow, name: str) -> bool:
    if row.outcome is Outcome.NEW:
        return bool(row.values.get(name))
    return any(change.column == name for change in row.changes) and bool(row.values.get(name))


def _warned(row: ComparedRow, warning: str) -> ComparedRow:
    return replace(row, warnings=(*row.warnings, warning))


def _usual_letters(codes: Iterable[Any]) -> str:
    counted = Counter(str(code)[:_LETTERS_OF_A_BANK] for code in codes if code)
    return counted.most_common(1)[0][0] if counted else ""


def faulty_rows(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of a file with the faulty rows alone: as they were sent, their numbers and errors."""
    kept = [
        place for place, heading in enumerate(comparison.headings) if heading.casefold() not in (ROW, ERRORS)
    ]
    headings = [*(comparison.headings[place] for place in kept), ROW, ERRORS]
    rows = [
        [*(row.cells[place] for place in kept), str(row.number), " ".join(map(str, row.faults))]
        for row in comparison.rows
        if row.faults
    ]
    return headings, rows
