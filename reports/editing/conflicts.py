"""Two people in one section: what was typed, what is stored by now, and what both began with.

A question that only the other person changed takes their answer, one that only this person changed keeps what
was typed, and one that both changed shows both. Rows that either added are all kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import QueryDict

from banks.formats.definition import TableKind
from reports.answers import is_empty, is_not_applicable
from reports.documents.values import Formatter
from reports.editing.questions import Conflict
from reports.forms.layout import Control
from reports.forms.names import COLUMNS, column_numbers, join, record_numbers
from reports.forms.section import SectionContext, SectionForm, digest

# Rows that this person added get numbers beyond any stored row, so that they do not meet the other's rows.
_SHIFT = 1_000


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The form to show again, where both people wrote, and the names that take what the other one stored."""

    form: SectionForm
    conflicts: Mapping[str, Conflict]
    taken: frozenset[str]


def reconcile(
    context: SectionContext,
    data: QueryDict,
    *,
    by: str,
    at: datetime | None,
    attached: Mapping[str, str] | None = None,
) -> Reconciled:
    """Lay what was typed over ``context``, whose answers are those that the other person stored.

    ``attached`` are files that came with the form and are stored by now: control name → id.
    """
    base = SectionForm(context, data).base
    moved, their_rows = _rows_apart(context, data, base or {})
    for name, file_id in (attached or {}).items():
        moved[join(name, "kept")] = file_id
    form = SectionForm(context, moved, more_names=their_rows)
    form.is_valid()
    taken = {control.name for control in _of_rows(form, their_rows)}
    formatter = Formatter(
        context.definition, {source: dict(pairs) for source, pairs in context.choices.items()}
    )
    conflicts: dict[str, Conflict] = {}
    for control in form.layout.controls():
        name = control.name
        if name not in form.fields or name in taken:
            continue
        # What cannot be read was certainly typed.
        mine = None if name in form.errors else digest(form.cleaned_data.get(name))
        theirs = digest(control.stored)
        # What the page did not have was empty; of a page that did not say what it had nothing is known.
        before = None if base is None else base.get(name, "")
        if mine == theirs or (mine is not None and theirs == before):
            continue
        if mine is not None and mine == before:
            taken.add(name)
        elif theirs != before:
            conflicts[name] = _conflict(control, formatter, by, at)
    for name in taken:
        moved[join(name, "choose")] = "theirs"
    again = SectionForm(context, moved, more_names=their_rows)
    again.is_valid()
    return Reconciled(again, conflicts, frozenset(taken))


def _of_rows(form: SectionForm, names: list[str]) -> Iterator[Control]:
    """The controls of rows (or added columns) that only the other person has."""
    for layout in form.layout.tables.values():
        by_column = layout.table.kind is TableKind.COLUMN_DYNAMIC
        numbers = (column_numbers if by_column else record_numbers)(layout.name, names)
        keys = {str(number) for number in numbers}
        yield from (control for (key, _), control in layout.controls.items() if key in keys)


def _conflict(control: Control, formatter: Formatter, by: str, at: datetime | None) -> Conflict:
    answer = control.stored
    text = "" if is_empty(answer) else formatter.answer(control.field, answer).text
    if isinstance(answer, list):
        value = "|".join(answer)
    elif is_not_applicable(answer) or answer is None:
        value = ""
    elif isinstance(answer, Mapping):
        value = str(answer.get("value") or "")
    else:
        value = "true" if answer is True else "" if answer is False else str(answer)
    return Conflict(theirs_text=text, theirs_value=value, by=by, at=at)


def _rows_apart(
    context: SectionContext, data: QueryDict, base: Mapping[str, str]
) -> tuple[QueryDict, list[str]]:
    """The data with this person's new rows renumbered, and names of the other's rows to show as well."""
    moved = data.copy()
    more: list[str] = []
    for item in context.section.fields:
        if item.table is None or item.table.kind is TableKind.FIXED:
            continue
        by_column = item.table.kind is TableKind.COLUMN_DYNAMIC
        numbers = column_numbers if by_column else record_numbers
        known, sent = set(numbers(item.id, base)), set(numbers(item.id, data))
        for number in sent - known:
            _renumber(moved, item.id, number, by_column)
        stored = context.stored.get(item.id)
        for number in range(_count(stored, by_column)):
            gone = number not in sent and number in known
            if number in sent & known or (gone and not _changed(context, item.id, number, base)):
                continue
            more.append(join(item.id, COLUMNS, number) if by_column else join(item.id, number, "row"))
    return moved, more


def _count(stored: Any, by_column: bool) -> int:
    if by_column:
        return len(stored.get("columns") or ()) if isinstance(stored, Mapping) else 0
    return len(stored) if isinstance(stored, list) else 0


def _renumber(data: QueryDict, table: str, number: int, by_column: bool) -> None:
    pattern = (
        re.compile(rf"({re.escape(table)}__[a-z0-9_]+?__){number}((?:__(?:unit|na))?)")
        if by_column
        else re.compile(rf"({re.escape(table)}__){number}(__.+)")
    )
    for name in list(data):
        match = pattern.fullmatch(name)
        if match:
            data.setlist(f"{match[1]}{number + _SHIFT}{match[2]}", data.pop(name))


def _changed(context: SectionContext, table: str, number: int, base: Mapping[str, str]) -> bool:
    """Whether the other person changed a row that this person removed."""
    layout = SectionForm(context).layout.tables[table]
    return any(
        digest(control.stored) != base.get(control.name, "")
        for (key, _), control in layout.controls.items()
        if key == str(number)
    )
