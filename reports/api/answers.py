"""Answers as the API takes them, checked by the same forms as the pages.

Answers come in the shape that reports store (``banks.formats.definition`` describes it). They are laid out as
the controls of the section's form, and what the form says of a control is told of the place in the body.
In groups and in tables of fixed rows a member that is not named keeps its answer and ``null`` empties it;
tables whose rows or columns people add are replaced whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.datastructures import MultiValueDict

from banks.formats.definition import Field, FieldType, FormatDefinition, Section, Table, TableKind
from reports.answers import is_not_applicable, section_answers, with_section
from reports.forms.layout import is_input, most_records
from reports.forms.names import COLUMNS, join
from reports.forms.parsing import Choices, Typed
from reports.forms.section import LONGEST_COLUMN_NAME, AnswerField, SectionContext, SectionForm, digest
from tenants.api.problems import ValueProblem, pointer_to

# A number with more digits than this is not a measure of anything.
_MOST_DIGITS = 40


@dataclass(frozen=True, slots=True)
class SentSection:
    """The answers of one section as they came; ``at`` is where they stand in the body."""

    section: Section
    answers: Mapping[str, Any]
    at: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """By section path the values for ``save_section``, which count only without problems; and these."""

    values: Mapping[str, Mapping[str, Any]]
    problems: Sequence[ValueProblem]


@dataclass(slots=True)
class _Controls:
    """The controls of a form filled from answers, where each came from, and what cannot be laid out."""

    data: MultiValueDict[str, str] = field(default_factory=MultiValueDict)
    places: dict[str, tuple[object, ...]] = field(default_factory=dict)
    problems: list[ValueProblem] = field(default_factory=list)

    def refuse(self, at: tuple[object, ...], path: str, rule: str) -> None:
        self.problems.append(ValueProblem(rule, pointer=pointer_to(*at), path=path))


def check_sections(
    definition: FormatDefinition,
    answers: Mapping[str, Any],
    sent: Sequence[SentSection],
    *,
    today: date,
    choices: Mapping[str, Choices],
) -> Checked:
    """Check ``sent`` over the stored ``answers``; rules between sections see what all would become."""
    controls = {one.section.path: _lay_out(one, section_answers(answers, one.section)) for one in sent}

    def form_of(one: SentSection, base: Mapping[str, Any]) -> SectionForm:
        context = SectionContext(definition, one.section, base, today, choices)
        form = SectionForm(context, controls[one.section.path].data)
        form.is_valid()
        return form

    forms: dict[str, SectionForm] = {}
    whole: Mapping[str, Any] = answers
    for one in sent:
        forms[one.section.path] = form_of(one, whole)
        whole = forms[one.section.path].answers
    if len(sent) > 1:
        # Conditions and limits of dates may look at any section, also at one further down.
        for one in sent:
            own = section_answers(answers, one.section)
            forms[one.section.path] = form_of(one, with_section(whole, one.section, own))
    problems = [
        problem
        for one in sent
        for problem in (
            *controls[one.section.path].problems,
            *_problems_of(forms[one.section.path], controls[one.section.path], one),
        )
    ]
    return Checked({path: form.values for path, form in forms.items()}, problems)


# From answers to controls -----------------------------------------------------------------------------


def _lay_out(one: SentSection, stored: Mapping[str, Any]) -> _Controls:
    controls = _Controls()
    known = {item.id: item for item in one.section.fields}
    for name, answer in one.answers.items():
        at = (*one.at, name)
        item = known.get(name)
        if item is None:
            controls.refuse(at, f"{one.section.path}.{name}", "The section has no such question.")
        elif item.type is FieldType.GROUP:
            _group(controls, item, answer, stored.get(name), at)
        elif item.table is not None:
            _table(controls, item, item.table, answer, stored.get(name), at)
        else:
            _single(controls, item, name, answer, stored.get(name), at)
    return controls


def _group(controls: _Controls, item: Field, answer: Any, stored: Any, at: tuple[object, ...]) -> None:
    if is_not_applicable(answer):
        _not_applicable(controls, item, item.id, at)
        return
    inner = stored if isinstance(stored, Mapping) and not is_not_applicable(stored) else {}
    members = dict.fromkeys(part.id for part in item.fields if is_input(part)) if answer is None else answer
    if not isinstance(members, Mapping):
        controls.refuse(at, item.path, "Give an object with the answers of the group.")
        return
    known = {part.id: part for part in item.fields}
    for name, value in members.items():
        part = known.get(name)
        if part is None:
            controls.refuse((*at, name), f"{item.path}.{name}", "The group has no such question.")
        else:
            _single(controls, part, join(item.id, name), value, inner.get(name), (*at, name))


def _not_applicable(controls: _Controls, item: Field, name: str, at: tuple[object, ...]) -> None:
    if item.not_applicable and item.table is None:
        controls.data.setlist(f"{name}__na", ["on"])
        controls.places[name] = at
    else:
        controls.refuse(at, item.path, "“Not applicable” is no answer to this question.")


def _single(
    controls: _Controls, item: Field, name: str, answer: Any, stored: Any, at: tuple[object, ...]
) -> None:
    """Lay out one control. What a person cannot fill in may be sent back as it was read, and nothing else."""
    if item.type is FieldType.FILE or not is_input(item):
        if digest(answer) != digest(stored):
            file = item.type is FieldType.FILE
            controls.refuse(
                at, item.path, "The editor attaches files." if file else "The system fills this in."
            )
        return
    if is_not_applicable(answer):
        _not_applicable(controls, item, name, at)
        return
    try:
        texts, unit = _texts(item, answer)
    except TypeError as error:
        controls.refuse(at, item.path, str(error))
        return
    controls.data.setlist(name, texts)
    if unit:
        controls.data.setlist(f"{name}__unit", [unit])
    controls.places[name] = at


def _texts(item: Field, answer: Any) -> tuple[list[str], str]:
    """The texts and the unit of a control. Raises TypeError, in words, for JSON of another type."""
    if answer is None:
        return [""], ""
    if item.type is FieldType.CHECKBOX:
        if not isinstance(answer, bool):
            raise TypeError("Give true or false.")
        return ["true" if answer else "false"], ""
    if item.type is FieldType.MULTISELECT:
        if not isinstance(answer, list) or not all(isinstance(one, str) for one in answer):
            raise TypeError("Give a list of texts.")
        return answer or [""], ""
    if item.type is FieldType.NUMBER_WITH_UNIT:
        if not isinstance(answer, Mapping) or not set(answer) <= {"value", "unit"}:
            raise TypeError("Give an object with value and unit.")
        unit = answer.get("unit")
        if not isinstance(unit, str | None):
            raise TypeError("Give the unit as text.")
        return [_number_text(answer.get("value"))], unit or ""
    if item.is_numeric:
        return [_number_text(answer)], ""
    if not isinstance(answer, str):
        raise TypeError("Give text.")
    return [answer], ""


def _number_text(answer: Any) -> str:
    if answer is None:
        return ""
    if isinstance(answer, str):
        return answer
    if isinstance(answer, bool) or not isinstance(answer, int | Decimal):
        raise TypeError("Give a number, or text that reads as one.")
    exact = Decimal(answer)
    if exact and (abs(exact.adjusted()) > _MOST_DIGITS or len(exact.as_tuple().digits) > _MOST_DIGITS):
        raise TypeError("The number has too many digits.")
    return format(exact, "f")


# Tables -----------------------------------------------------------------------------------------------


def _table(
    controls: _Controls, item: Field, table: Table, answer: Any, stored: Any, at: tuple[object, ...]
) -> None:
    if is_not_applicable(answer):
        _not_applicable(controls, item, item.id, at)
        return
    # The form must see that the table came, also when nothing is left in it.
    controls.data.setlist(join(item.id, "sent"), ["1"])
    controls.places[item.id] = at
    if table.kind is TableKind.FIXED:
        _fixed(controls, item, table, answer, stored, at)
    elif table.kind is TableKind.ROW_DYNAMIC:
        _rows(controls, item, table, answer, stored, at)
    else:
        _columns(controls, item, table, answer, stored, at)


def _fixed(
    controls: _Controls, item: Field, table: Table, answer: Any, stored: Any, at: tuple[object, ...]
) -> None:
    emptied = {
        row.id: dict.fromkeys(
            column.id for column in table.columns if is_input(column) and column.id not in row.cells
        )
        for row in table.rows
    }
    rows = emptied if answer is None else answer
    if not isinstance(rows, Mapping):
        controls.refuse(at, item.path, "Give an object of rows.")
        return
    known = {row.id: row for row in table.rows}
    stored_rows = stored if isinstance(stored, Mapping) else {}
    for key, cells in rows.items():
        if key not in known:
            controls.refuse((*at, key), f"{item.path}.{key}", "The table has no such row.")
            continue
        before = {**known[key].cells, **(stored_rows.get(key) or {})}
        given = emptied[key] if cells is None else cells
        _cells(controls, item, table, key, given, before, known[key].cells, (*at, key))


def _rows(
    controls: _Controls, item: Field, table: Table, answer: Any, stored: Any, at: tuple[object, ...]
) -> None:
    rows = [] if answer is None else answer
    if not isinstance(rows, list):
        controls.refuse(at, item.path, "Give a list of rows.")
        return
    if len(rows) > most_records(table):
        controls.refuse(at, item.path, f"At most {table.max_rows} rows are allowed; these are {len(rows)}.")
        return
    before = stored if isinstance(stored, list) else []
    blank = dict.fromkeys(column.id for column in table.columns if is_input(column))
    for number, cells in enumerate(rows):
        whole = {**blank, **cells} if isinstance(cells, Mapping) else cells
        known = before[number] if number < len(before) else {}
        _cells(controls, item, table, str(number), whole, known or {}, {}, (*at, number))


def _cells(
    controls: _Controls,
    item: Field,
    table: Table,
    key: str,
    cells: Any,
    stored: Mapping[str, Any],
    given: Mapping[str, str],
    at: tuple[object, ...],
) -> None:
    if not isinstance(cells, Mapping):
        controls.refuse(at, f"{item.path}.{key}", "Give an object with the cells of the row.")
        return
    known = {column.id: column for column in table.columns}
    for name, cell in cells.items():
        column = known.get(name)
        if column is None:
            controls.refuse((*at, name), f"{item.path}.{key}.{name}", "The table has no such column.")
        elif name in given:
            if cell != given[name]:
                controls.refuse((*at, name), f"{item.path}.{key}.{name}", "The format gives this cell.")
        else:
            _single(controls, column, join(item.id, key, name), cell, stored.get(name), (*at, name))


def _columns(
    controls: _Controls, item: Field, table: Table, answer: Any, stored: Any, at: tuple[object, ...]
) -> None:
    sent = {"columns": [], "cells": {}} if answer is None else answer
    if not isinstance(sent, Mapping) or not set(sent) <= {"columns", "cells"}:
        controls.refuse(at, item.path, "Give an object with columns and cells.")
        return
    names, cells = sent.get("columns", []), sent.get("cells", {})
    if not isinstance(names, list) or not all(
        isinstance(name, str) and 0 < len(name.strip()) <= LONGEST_COLUMN_NAME for name in names
    ):
        rule = f"Give a list of the columns' names, each of 1 to {LONGEST_COLUMN_NAME} characters."
        controls.refuse((*at, "columns"), item.path, rule)
        return
    if len(names) > table.max_columns:
        rule = f"At most {table.max_columns} columns are allowed; these are {len(names)}."
        controls.refuse((*at, "columns"), item.path, rule)
        return
    for number, name in enumerate(names):
        controls.data.setlist(join(item.id, COLUMNS, number), [name])
    if not isinstance(cells, Mapping):
        controls.refuse((*at, "cells"), item.path, "Give an object of lists, one for each row.")
        return
    _column_cells(controls, item, table, cells, len(names), stored, (*at, "cells"))


def _column_cells(
    controls: _Controls,
    item: Field,
    table: Table,
    cells: Mapping[str, Any],
    columns: int,
    stored: Any,
    at: tuple[object, ...],
) -> None:
    before = stored.get("cells") or {} if isinstance(stored, Mapping) else {}
    known = {row.id: row for row in table.row_fields}
    for key in [key for key in cells if key not in known]:
        controls.refuse((*at, key), f"{item.path}.{key}", "The table has no such row.")
    for key, row in known.items():
        line = cells.get(key)
        line = [] if line is None else line
        if not isinstance(line, list) or len(line) > columns:
            rule = f"Give a list of at most {columns} cells, one for each column."
            controls.refuse((*at, key), f"{item.path}.{key}", rule)
            continue
        old = before.get(key) or []
        for number in range(columns) if is_input(row) else range(len(line)):
            cell = line[number] if number < len(line) else None
            known_cell = old[number] if number < len(old) else None
            _single(controls, row, join(item.id, key, number), cell, known_cell, (*at, key, number))


# From the form's words to places in the body ----------------------------------------------------------


def _problems_of(form: SectionForm, controls: _Controls, one: SentSection) -> list[ValueProblem]:
    problems = [
        ValueProblem(
            " ".join(str(message) for message in messages),
            pointer=pointer_to(*controls.places.get(name, one.at)),
            path=_path_of(form, name),
        )
        for name, messages in form.errors.items()
    ]
    problems += [
        ValueProblem(
            rule, pointer=pointer_to(*controls.places.get(table, one.at)), path=f"{one.section.path}.{table}"
        )
        for table, rule in form.table_errors.items()
    ]
    return [*problems, *_hidden(form, controls)]


def _path_of(form: SectionForm, name: str) -> str:
    asked = form.fields.get(name)
    return asked.control.path if isinstance(asked, AnswerField) else form.context.section.path


def _hidden(form: SectionForm, controls: _Controls) -> list[ValueProblem]:
    """Answers to questions that are not asked now: a page never shows them, so a program must be told."""
    problems = []
    for name in controls.places:
        asked = form.fields.get(name)
        if not isinstance(asked, AnswerField):
            continue
        control = asked.control
        hidden = form.calculation.is_hidden(control.field.path) or form.calculation.is_hidden(control.path)
        if hidden and not _is_as_stored(asked, form.typed(name)):
            rule = "This is not asked while other answers are as they are; leave it out."
            problems.append(ValueProblem(rule, pointer=pointer_to(*controls.places[name]), path=control.path))
    return problems


def _is_as_stored(asked: AnswerField, typed: Typed) -> bool:
    try:
        return digest(asked.clean(typed)) == digest(asked.control.stored)
    except ValidationError:
        return False
