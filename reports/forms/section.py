"""The form of one section: it reads what was typed and says what is wrong, by control. It saves nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from banks.formats.definition import CHOICE_TYPES, Field, FieldType, FormatDefinition, Section, TableKind
from reports.answers import is_empty, is_not_applicable, merged, section_answers, with_section
from reports.calculation.engine import Calculation, calculate
from reports.forms.dates import date_problem
from reports.forms.layout import (
    Control,
    Layout,
    TableChange,
    assemble,
    column_input,
    lay_out,
    most_records,
)
from reports.forms.names import row_number
from reports.forms.parsing import AnswerProblem, Choices, Typed, read_typed

BASE = "base"
LONGEST_COLUMN_NAME = 60
TABLE_VERBS = ("add_row", "remove_row", "add_column", "remove_column")


@dataclass(frozen=True, slots=True)
class SectionContext:
    """What a section's form stands on. ``choices`` is source of options → (value, label) pairs."""

    definition: FormatDefinition
    section: Section
    answers: Mapping[str, Any]
    today: date
    choices: Mapping[str, Choices] = field(default_factory=dict)

    @property
    def stored(self) -> Mapping[str, Any]:
        return section_answers(self.answers, self.section)

    def choices_of(self, item: Field) -> Choices:
        """What may be chosen for a field."""
        if item.options_source:
            return self.choices.get(item.options_source, ())
        return [(option.value, option.label) for option in item.options]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with the form and is not stored yet."""

    file: UploadedFile[Any]


class TypedWidget(forms.Widget):
    """Takes what belongs to one control out of what was sent. The format draws; this never does."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        if isinstance(files, Mapping) and files.get(name):
            return Upload(files[name])
        texts = (
            data.getlist(name) if isinstance(data, QueryDict | MultiValueDict) else _listed(data.get(name))
        )
        return Typed(
            tuple(str(text) for text in texts),
            str(data.get(f"{name}__unit") or ""),
            bool(data.get(f"{name}__na")),
        )

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Never: the form asks ``submitted`` instead, which knows about boxes that send nothing."""
        return False


class AnswerField(forms.Field):
    """One control of a section; its clean value is the answer as the report stores it."""

    def __init__(
        self, control: Control, choices: Choices, *, takes_stored: bool, kept_file: str | None
    ) -> None:
        super().__init__(required=False, label=control.field.label, widget=TypedWidget())
        self.control = control
        self.choices = choices
        self.takes_stored = takes_stored
        self.kept_file = kept_file

    def clean(self, value: Any) -> Any:
        if self.takes_stored:
            return self.control.stored
        if isinstance(value, Upload):
            return value
        if self.control.field.type is FieldType.FILE:
            return self.kept_file
        try:
            answer = read_typed(self.control.field, value, choices=self.choices)
        except AnswerProblem as problem:
            raise forms.ValidationError(str(problem), code="answer") from None
        stored = self.control.stored
        if isinstance(answer, list) and isinstance(stored, list) and set(answer) == set(stored):
            # The same choices in another order are no change.
            return stored
        return answer


class SectionForm(forms.Form):
    """A section as typed (``data``) over a section as stored (``context``).

    After ``is_valid``: ``values`` for ``save_section``, and ``calculation`` of the whole report as it would
    then stand. Whatever was typed stays readable in ``typed``. Required answers are no matter here: a draft
    may have gaps, ``reports.checks`` names them.
    """

    def __init__(
        self,
        context: SectionContext,
        data: Any = None,
        files: Any = None,
        *,
        change: TableChange | None = None,
        more_names: Sequence[str] = (),
    ) -> None:
        """``change`` adds or removes a row; ``more_names`` are rows to show beside those that were sent."""
        super().__init__(data=data, files=files)
        self.context = context
        sent = [*data, *more_names] if data is not None else None
        self.layout: Layout = lay_out(context.section, context.stored, sent, change)
        for control in self.layout.controls():
            if data is None or self.submitted(control.name):
                self.fields[control.name] = AnswerField(
                    control,
                    context.choices_of(control.field),
                    takes_stored=bool(data) and data.get(f"{control.name}__choose") == "theirs",
                    kept_file=self._kept_file(control),
                )

    # What came ------------------------------------------------------------------------------------

    @cached_property
    def base(self) -> Mapping[str, str] | None:
        """Control name → digest of what it held when the page was made; ``None`` when that did not come."""
        text = self.data.get(BASE) if self.is_bound else None
        try:
            found = json.loads(text) if text else None
        except (ValueError, RecursionError):
            return None
        return {str(name): str(digest) for name, digest in found.items()} if isinstance(found, dict) else None

    def submitted(self, name: str) -> bool:
        """Whether the control stood on the page; an unticked box or a removed row sends nothing."""
        if self.base is not None and name in self.base:
            return True
        return any(f"{name}{part}" in self.data for part in ("", "__unit", "__na", "__choose", "__kept")) or (
            name in self.files
        )

    def typed(self, name: str) -> Typed:
        """What was typed into a control, as it came."""
        value = TypedWidget().value_from_datadict(self.data, {}, name)
        return cast(Typed, value)

    @cached_property
    def column_names(self) -> dict[str, str]:
        """The names given to added columns, by the name of their control."""
        names = {}
        for layout in self.layout.tables.values():
            if layout.table.kind is TableKind.COLUMN_DYNAMIC:
                for record in layout.records:
                    name = column_input(layout, record)
                    text = " ".join(str(self.data.get(name) or "").split())[:LONGEST_COLUMN_NAME]
                    names[name] = text or record.label
        return names

    def _kept_file(self, control: Control) -> str | None:
        """The file that stays attached when no new one comes: one sent before, or the stored one."""
        if not self.is_bound or control.field.type is not FieldType.FILE:
            return None
        if self.data.get(f"{control.name}__remove"):
            return None
        kept = str(self.data.get(f"{control.name}__kept") or "")
        return kept or (control.stored if isinstance(control.stored, str) else None)

    # What it means --------------------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        # Cells that the page did not show keep what is stored; a hidden column is not an emptied one.
        absent = {
            control.name: control.stored
            for table in self.layout.tables.values()
            for control in table.controls.values()
            if control.name not in self.fields
        }
        unread = dict.fromkeys(self.errors)
        cleaned: dict[str, Any] = {
            **absent,
            **unread,
            **self.cleaned_data,
            **self._groups_not_applicable(),
        }
        self._answers_by_name = cleaned
        provisional = self._assembled(keep_empty=True)
        self.answers = with_section(
            self.context.answers,
            self.context.section,
            merged(self.context.section, self.context.stored, provisional),
        )
        self.calculation: Calculation = calculate(self.context.definition, self.answers)
        self._forgive_hidden()
        self._check_dates()
        self._check_records()
        return cleaned

    def _groups_not_applicable(self) -> dict[str, Any]:
        return {
            item.id: {"not_applicable": True}
            for item in self.context.section.fields
            if item.type is FieldType.GROUP and item.not_applicable and self.data.get(f"{item.id}__na")
        }

    def _assembled(self, *, keep_empty: bool) -> dict[str, Any]:
        known = {
            name: answer for name, answer in self._answers_by_name.items() if not isinstance(answer, Upload)
        }
        values = assemble(self.layout, known, self.column_names, keep_empty=keep_empty)
        for item in self.context.section.fields:
            if item.type is FieldType.GROUP and is_not_applicable(known.get(item.id)):
                values[item.id] = known[item.id]
            elif item.table is not None and not self._table_submitted(item.id):
                del values[item.id]
        return values

    def _table_submitted(self, table: str) -> bool:
        if self.base is not None:
            return table in self.base
        return any(name.startswith(f"{table}__") for name in self.data)

    def _forgive_hidden(self) -> None:
        """A question that is not shown keeps its stored answer, so what is wrong there is no matter."""
        for name in [name for name in self.errors if name in self.fields]:
            control = self._field(name).control
            if self._is_hidden(control):
                del self.errors[name]

    def _is_hidden(self, control: Control) -> bool:
        return self.calculation.is_hidden(control.field.path) or self.calculation.is_hidden(control.path)

    def _check_dates(self) -> None:
        for name in self.fields:
            control = self._field(name).control
            answer = self._answers_by_name.get(name)
            if (
                control.field.type is FieldType.DATE
                and isinstance(answer, str)
                and not self._is_hidden(control)
            ):
                problem = date_problem(
                    control.field,
                    answer,
                    today=self.context.today,
                    answers=self.answers,
                    calculation=self.calculation,
                )
                if problem:
                    self.add_error(name, problem)

    def _check_records(self) -> None:
        for item_id, layout in self.layout.tables.items():
            most = most_records(layout.table)
            if layout.table.kind is not TableKind.FIXED and len(layout.records) > most:
                self.table_errors[item_id] = f"At most {most} are allowed; these are {len(layout.records)}."

    @cached_property
    def table_errors(self) -> dict[str, str]:
        """Field id of a table → what is wrong with it as a whole."""
        return {}

    def is_valid(self) -> bool:
        return super().is_valid() and not self.table_errors

    def _field(self, name: str) -> AnswerField:
        return cast(AnswerField, self.fields[name])

    def uploads(self) -> Iterator[tuple[Control, UploadedFile[Any]]]:
        """The files that came, with their questions."""
        for name, answer in list(self._answers_by_name.items()):
            if isinstance(answer, Upload):
                yield self._field(name).control, answer.file

    @cached_property
    def attached_files(self) -> dict[str, str]:
        """Control name → id of a file that has been stored since the form came."""
        return {}

    def attached(self, control: Control, file_id: str) -> None:
        """Take a stored file as the answer of the control for which it came."""
        self._answers_by_name[control.name] = file_id
        self.attached_files[control.name] = file_id

    @property
    def values(self) -> dict[str, Any]:
        """Field id → answer (``None`` empties) for ``save_section``; hidden and absent ones are left out."""
        values = self._assembled(keep_empty=False)
        shown: dict[str, Any] = {}
        for item in self.context.section.fields:
            if item.id not in values or self.calculation.is_hidden(item.path):
                continue
            value = values[item.id]
            if item.type is FieldType.GROUP and isinstance(value, Mapping) and not is_not_applicable(value):
                hidden = {part.id for part in item.fields if self.calculation.is_hidden(part.path)}
                value = {name: answer for name, answer in value.items() if name not in hidden}
            shown[item.id] = value
        return shown


def digest(answer: Any) -> str:
    """A short mark of an answer; the same for everything that is empty or an unticked box."""
    if is_empty(answer) or answer is False:
        return ""
    # A program may send a fraction where text is stored.
    text = json.dumps(answer, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.blake2s(text.encode(), digest_size=4).hexdigest()


def base_of(layout: Layout, names: set[str]) -> str:
    """What the page is made from, to be sent along: the digest of each control that the page shows."""
    marks = {control.name: digest(control.stored) for control in layout.controls() if control.name in names}
    marks |= {item_id: "" for item_id in layout.tables if item_id in names}
    for table in layout.tables.values():
        if table.field.id in names and table.table.kind is TableKind.COLUMN_DYNAMIC:
            marks |= {column_input(table, record): digest(record.label) for record in table.records}
    return json.dumps(marks, separators=(",", ":"))


def table_change(data: Mapping[str, Any]) -> TableChange | None:
    """The button of a table that was pressed, if one was: ``floors`` or ``floors:2``."""
    for verb in TABLE_VERBS:
        value = data.get(verb)
        if value:
            table, _, number = str(value).partition(":")
            return TableChange(verb, table, row_number(number))
    return None


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def is_choice(item: Field) -> bool:
    """Whether the answer is one or several of a list."""
    return item.type in CHOICE_TYPES or item.type is FieldType.SELECT_DYNAMIC
