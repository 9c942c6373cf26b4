"""Answers of one section: merging, comparing and naming them. Pure.

The shapes of answers are those that ``banks.formats.definition`` describes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from banks.formats.definition import Field, FieldType, Section, TableKind

NOT_APPLICABLE = {"not_applicable": True}


@dataclass(frozen=True, slots=True)
class Change:
    """One answer that differs. ``path`` names a field, a group's field, or a cell (``table.row.column``)."""

    path: str
    label: str
    before: Any
    after: Any

    def as_json(self) -> dict[str, Any]:
        return {"path": self.path, "label": self.label, "before": self.before, "after": self.after}


def is_not_applicable(answer: Any) -> bool:
    return isinstance(answer, Mapping) and answer.get("not_applicable") is True


def is_empty(answer: Any) -> bool:
    """Whether there is no answer; "not applicable" is one."""
    if isinstance(answer, Mapping):
        if is_not_applicable(answer):
            return False
        if set(answer) == {"value", "unit"} or set(answer) == {"value"}:
            return is_empty(answer.get("value"))
        if "columns" in answer and "cells" in answer:
            return not answer["columns"]
        return all(is_empty(part) for part in answer.values())
    if isinstance(answer, list | tuple):
        return not answer
    return answer is None or answer == ""


def section_answers(answers: Mapping[str, Any], section: Section) -> Mapping[str, Any]:
    """The stored answers of one section; empty when nothing is stored."""
    stored = answers.get(section.tab_id, {}).get(section.id, {})
    return stored if isinstance(stored, Mapping) else {}


def with_section(answers: Mapping[str, Any], section: Section, new: Mapping[str, Any]) -> dict[str, Any]:
    """All answers with those of one section replaced; nothing given is changed."""
    return {**answers, section.tab_id: {**answers.get(section.tab_id, {}), section.id: dict(new)}}


def merged(section: Section, stored: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The section's answers after ``values`` (field id → answer or ``None``) came in.

    A field that ``values`` does not name keeps its stored answer, a member of a group too. Empty answers are
    dropped. Tables are replaced whole. Names in ``values`` that the section does not have are left out;
    stored answers that it has no question for (any more: the firm hides it for this branch) stay.
    """
    known = {field.id for field in section.fields}
    result = {name: answer for name, answer in stored.items() if name not in known}
    for field in section.fields:
        answer = stored.get(field.id)
        if field.id in values:
            answer = _merged_field(field, answer, values[field.id])
        if not is_empty(answer):
            result[field.id] = answer
    return result


def _merged_field(field: Field, stored: Any, value: Any) -> Any:
    if field.type is not FieldType.GROUP or not isinstance(value, Mapping) or is_not_applicable(value):
        return value
    inner = stored if isinstance(stored, Mapping) and not is_not_applicable(stored) else {}
    members = {**inner, **value}
    known = {part.id for part in field.fields} | set(inner)
    return {name: answer for name, answer in members.items() if name in known and not is_empty(answer)}


def leaves(section: Section, answers: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """``(path, label, answer)`` of every answer that is not empty; tables are opened to their cells."""
    for field in section.fields:
        answer = answers.get(field.id)
        if is_empty(answer):
            continue
        if field.type is FieldType.GROUP and not is_not_applicable(answer):
            inner = answer if isinstance(answer, Mapping) else {}
            for part in field.fields:
                if not is_empty(inner.get(part.id)):
                    yield part.path, f"{field.label}: {part.label}", inner[part.id]
        elif field.table is not None and not is_not_applicable(answer):
            yield from _cells(field, answer)
        else:
            yield field.path, field.label, answer


def _cells(field: Field, answer: Any) -> Iterator[tuple[str, str, Any]]:
    table = field.table
    if table is None:
        return
    if table.kind is TableKind.COLUMN_DYNAMIC:
        yield from _column_cells(field, answer)
        return
    columns = {column.id: column.label for column in table.columns}
    rows: list[tuple[str, str, Any]]
    if table.kind is TableKind.FIXED:
        stored = answer if isinstance(answer, Mapping) else {}
        rows = [(row.id, row.label, stored.get(row.id)) for row in table.rows]
    else:
        listed = answer if isinstance(answer, list) else []
        rows = [(str(at), f"{table.row_label} {at + 1}", row) for at, row in enumerate(listed)]
    for key, row_label, row in rows:
        for column_id, cell in (row or {}).items():
            if column_id in columns and not is_empty(cell):
                label = f"{field.label}, {row_label}: {columns[column_id]}"
                yield f"{field.path}.{key}.{column_id}", label, cell


def _column_cells(field: Field, answer: Any) -> Iterator[tuple[str, str, Any]]:
    table = field.table
    if table is None or not isinstance(answer, Mapping):
        return
    names = answer.get("columns") or []
    cells = answer.get("cells") or {}
    for at, name in enumerate(names):
        yield f"{field.path}.columns.{at}", f"{field.label}: name of column {at + 1}", name
    for row in table.row_fields:
        for at, cell in enumerate(cells.get(row.id) or []):
            if at < len(names) and not is_empty(cell):
                yield f"{field.path}.{row.id}.{at}", f"{field.label}, {names[at]}: {row.label}", cell


def changes_between(
    section: Section, before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[Change, ...]:
    """What differs between two states of a section, in the order of the form."""
    old = {path: (label, answer) for path, label, answer in leaves(section, before)}
    new = {path: (label, answer) for path, label, answer in leaves(section, after)}
    found = []
    for path in dict.fromkeys([*old, *new]):
        before_answer = old[path][1] if path in old else None
        after_answer = new[path][1] if path in new else None
        if before_answer != after_answer:
            label = (new.get(path) or old[path])[0]
            found.append(Change(path, label, before_answer, after_answer))
    return tuple(found)
