"""An answer to one question, made to fit another: the same question in another version of the format. Pure.

Only what is certain is changed. A figure stays the same figure in the same unit, a choice the same choice; an
answer that would have to be guessed is a ``Misfit`` and keeps its text.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from banks.formats.definition import CHOICE_TYPES, Field, FieldType, Table, TableKind
from reports.answers import NOT_APPLICABLE, is_empty, is_not_applicable
from reports.calculation.exact import plain_decimal

_TEXTS = frozenset({FieldType.TEXT, FieldType.TEXTAREA, FieldType.EMAIL, FieldType.TEL})
_FIGURES = frozenset({FieldType.NUMBER, FieldType.DECIMAL, FieldType.CURRENCY, FieldType.CALCULATED})
_AS_IT_IS = frozenset({FieldType.DATE, FieldType.FILE, FieldType.SELECT_DYNAMIC, FieldType.CHECKBOX})
_TABLES = frozenset({FieldType.TABLE, FieldType.DYNAMIC_TABLE})


class Misfit(ValueError):
    """The answer, or a part of it, does not fit. ``kept`` is what does, ``lost`` what does not."""

    def __init__(self, reason: str, lost: Any, kept: Any = None) -> None:
        super().__init__(reason)
        self.lost = lost
        self.kept = kept


def refitted(old: Field, new: Field, answer: Any) -> Any:
    """The answer to ``old`` as an answer to ``new``. Raises Misfit with what does not fit and why."""
    if is_not_applicable(answer):
        if new.not_applicable:
            return dict(NOT_APPLICABLE)
        raise Misfit("“Not applicable” is no answer to it any more.", answer)
    if new.type in _TABLES or old.type in _TABLES:
        return _table(old, new, answer)
    if new.type in _TEXTS:
        return _text(old, new, answer)
    if new.type in CHOICE_TYPES:
        return _choice(old, new, answer)
    if new.type in _FIGURES or new.type is FieldType.NUMBER_WITH_UNIT:
        return _figure(old, new, answer)
    if new.type in _AS_IT_IS and old.type is new.type and _has_shape(new, answer):
        return answer
    raise Misfit(f"It asked for a {_kind(old)} and now asks for a {_kind(new)}.", answer)


def _has_shape(field: Field, answer: Any) -> bool:
    """What comes back from aside may have been the answer to a question of another type."""
    if field.type is FieldType.CHECKBOX:
        return isinstance(answer, bool)
    if not isinstance(answer, str):
        return False
    if field.type is not FieldType.DATE:
        return True
    try:
        return date.fromisoformat(answer).isoformat() == answer
    except ValueError:
        return False


def _kind(field: Field) -> str:
    return str(field.type).replace("_", " ")


def _text(old: Field, new: Field, answer: Any) -> str:
    if old.type in CHOICE_TYPES:
        labels = {option.value: option.label for option in old.options}
        chosen = answer if isinstance(answer, list) else [answer]
        text = ", ".join(labels.get(str(one), str(one)) for one in chosen)
    elif isinstance(answer, str):
        text = answer
    else:
        raise Misfit(f"It asked for a {_kind(old)} and now asks for text.", answer)
    longest = new.validation.max_length
    if longest is not None and len(text) > longest:
        raise Misfit(f"It has {len(text)} characters, and at most {longest} are asked for now.", answer)
    return text


def _choice(old: Field, new: Field, answer: Any) -> Any:
    chosen = [str(one) for one in (answer if isinstance(answer, list) else [answer])]
    old_labels = {option.value: option.label for option in old.options}
    by_value = {option.value: option.value for option in new.options}
    by_label = {option.label.casefold(): option.value for option in new.options}
    found: list[str] = []
    for one in chosen:
        value = by_value.get(one) or by_label.get(old_labels.get(one, one).casefold())
        if value is None:
            raise Misfit(f"“{old_labels.get(one, one)}” is not among the choices any more.", answer)
        found.append(value)
    if new.type is FieldType.MULTISELECT:
        return found
    if len(found) != 1:
        raise Misfit("It allowed several choices and now allows one.", answer)
    return found[0]


def _figure(old: Field, new: Field, answer: Any) -> Any:
    value, unit = answer, old.unit
    if isinstance(answer, Mapping):
        value, unit = answer.get("value"), answer.get("unit")
    if not isinstance(value, str) or plain_decimal(value) is None:
        raise Misfit("It asks for a figure now, and the answer is none.", answer)
    if new.type is FieldType.CALCULATED and not new.overridable:
        raise Misfit("It is worked out now and cannot be typed any more.", answer)
    if new.type is FieldType.NUMBER_WITH_UNIT:
        allowed = new.units or ((new.unit,) if new.unit else ())
        if unit not in allowed:
            raise Misfit(f"It asks for one of the units {', '.join(allowed)} now.", answer)
        return {"value": value, "unit": unit}
    if old.per and new.per and old.per != new.per:
        raise Misfit(f"The rate is per {old.per}, and one per {new.per} is asked for now.", answer)
    if (unit or new.unit) and unit != new.unit:
        raise Misfit(
            f"The figure is in {unit or 'no unit'}, and {new.unit or 'no unit'} is asked for now.", answer
        )
    return value


# Tables -----------------------------------------------------------------------------------------------


def _table(old: Field, new: Field, answer: Any) -> Any:
    if old.table is None or new.table is None or old.table.kind is not new.table.kind:
        raise Misfit("The question has become another kind of table.", answer)
    if new.table.kind is TableKind.COLUMN_DYNAMIC:
        return _columns(old.table, new.table, answer)
    if new.table.kind is TableKind.FIXED:
        return _fixed(old.table, new.table, answer)
    rows = answer if isinstance(answer, list) else []
    kept: list[dict[str, Any]] = []
    lost: list[Any] = []
    for at, row in enumerate(rows):
        if at >= new.table.max_rows:
            lost.append(row)
            continue
        fits, misfits = _row(old.table, new.table, row)
        kept.append(fits)
        lost.append(misfits)
    return _whole(kept, lost)


def _fixed(old: Table, new: Table, answer: Any) -> dict[str, Any]:
    known = {row.id for row in new.rows}
    kept: dict[str, Any] = {}
    lost: dict[str, Any] = {}
    for row_id, row in (answer if isinstance(answer, Mapping) else {}).items():
        if row_id not in known:
            lost[row_id] = row
            continue
        fits, misfits = _row(old, new, row)
        if fits:
            kept[row_id] = fits
        if misfits:
            lost[row_id] = misfits
    fitted: dict[str, Any] = _whole(kept, lost)
    return fitted


def _row(old: Table, new: Table, row: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    before = {column.id: column for column in old.columns}
    after = {column.id: column for column in new.columns}
    fits: dict[str, Any] = {}
    misfits: dict[str, Any] = {}
    for column_id, cell in (row if isinstance(row, Mapping) else {}).items():
        if is_empty(cell):
            continue
        try:
            fits[column_id] = refitted(before[column_id], after[column_id], cell)
        except (KeyError, Misfit):
            misfits[column_id] = cell
    return fits, misfits


def _columns(old: Table, new: Table, answer: Any) -> dict[str, Any]:
    """A table whose columns people add: its names stay, its rows are known by their ids."""
    stored = answer if isinstance(answer, Mapping) else {}
    names = list(stored.get("columns") or ())
    before = {row.id: row for row in old.row_fields}
    after = {row.id: row for row in new.row_fields}
    if len(names) > new.max_columns:
        raise Misfit(f"It has {len(names)} columns, and at most {new.max_columns} are allowed now.", answer)
    cells: dict[str, Any] = {}
    lost: dict[str, Any] = {}
    for row_id, line in (stored.get("cells") or {}).items():
        try:
            cells[row_id] = [
                None if is_empty(cell) else refitted(before[row_id], after[row_id], cell) for cell in line
            ]
        except (KeyError, Misfit):
            lost[row_id] = line
    fitted: dict[str, Any] = _whole({"columns": names, "cells": cells}, lost)
    return fitted


def _whole(kept: Any, lost: Any) -> Any:
    if any(lost.values() if isinstance(lost, dict) else lost):
        raise Misfit("Some of its rows or columns are not asked for any more.", lost, kept)
    return kept
