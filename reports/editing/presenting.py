"""From a format, its answers and a form to the objects that the editor draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from banks.formats.checks import resolve_reference
from banks.formats.definition import Condition, Field, FieldType
from banks.formats.paths import index_fields
from reports.answers import is_empty, is_not_applicable
from reports.calculation import units
from reports.calculation.engine import Calculation
from reports.calculation.exact import plain_decimal
from reports.calculation.numbers import group
from reports.calculation.values import allowed_units
from reports.comments import Comment
from reports.documents.values import Formatter
from reports.editing.explaining import explain
from reports.editing.questions import Conflict, Group, Item, Question
from reports.editing.tables import present_table
from reports.forms.dates import fixed_limit
from reports.forms.layout import Control, is_input
from reports.forms.names import join, name_of
from reports.forms.parsing import LONGEST, SearchedChoices, Typed, is_year
from reports.forms.section import SectionForm, is_choice

_MONEY_TYPES = (FieldType.CURRENCY,)


@dataclass(frozen=True, slots=True)
class Look:
    """What the page shows besides answers.

    ``conflicts`` are the names of controls with two values; ``files`` maps ids of attached files to names.
    """

    calculation: Calculation
    editable: bool = True
    comments: Mapping[str, Sequence[Comment]] = field(default_factory=dict)
    conflicts: Mapping[str, Conflict] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    show_errors: bool = True


class Presenter:
    """Draws one section as objects. ``names`` afterwards holds the controls that the page has."""

    def __init__(self, form: SectionForm, look: Look) -> None:
        self.form = form
        self.look = look
        self.context = form.context
        self.section = form.context.section
        self.calculation = look.calculation
        labels = {source: dict(pairs) for source, pairs in self.context.choices.items()}
        self.formatter = Formatter(self.context.definition, {**labels, "files": dict(look.files)})
        self.index = index_fields(self.context.definition)
        # All answers as they are shown: with what was typed, or as they are stored.
        self.answers: Mapping[str, Any] = getattr(form, "answers", self.context.answers)
        self.names: set[str] = set()

    # Items ----------------------------------------------------------------------------------------

    def items(self) -> list[Item]:
        """The section's questions, groups and tables in the order of the format."""
        found: list[Item] = []
        for item in self.section.fields:
            if not self._is_drawn(item):
                continue
            if item.type is FieldType.GROUP:
                found.append(self._group(item))
            elif item.table is not None:
                self.names.add(item.id)
                found.append(present_table(self, item))
            else:
                found.append(self.question(self._control(item)))
        return found

    def _control(self, item: Field) -> Control:
        name = name_of(item.path, self.section.path)
        known = self.form.layout.single.get(name)
        return known or Control(name, item.path, item, self.context.stored.get(item.id))

    def _group(self, item: Field) -> Group:
        fields = [
            self.question(control)
            for control in self.form.layout.groups[item.id]
            if self._is_drawn(control.field)
        ]
        if item.not_applicable and self.look.editable:
            fields.insert(0, self._group_not_applicable(item))
        drawn = Group(
            id=f"q-{item.id}",
            label=item.label,
            path=item.path,
            fields=fields,
            number=item.number,
            help=item.help,
            comments=self.look.comments.get(item.path, ()),
        )
        self.add_condition(drawn, item)
        return drawn

    def _group_not_applicable(self, item: Field) -> Question:
        name = join(item.id, "na")
        ticked = is_not_applicable(self.context.stored.get(item.id))
        if self.form.is_bound:
            ticked = bool(self.form.data.get(name))
        return Question(
            id=f"q-{name}", name=name, type="checkbox", label="Not applicable", width=12, value=ticked
        )

    # Questions ------------------------------------------------------------------------------------

    def question(self, control: Control, *, read_only: bool = False) -> Question:
        """One control as a question, with what was typed or stored."""
        item = control.field
        fixed = read_only or item.read_only or not self.look.editable
        drawn = Question(
            id=f"q-{control.name}",
            name=control.name,
            type=item.type.value,
            label=item.label,
            path=control.path,
            number=item.number,
            help=item.help,
            placeholder=item.placeholder,
            required=item.required and not fixed,
            read_only=fixed,
            width=item.width,
            prefix=self.prefix(item),
            suffix=item.suffix,
            unit=units.label(item.unit) if item.unit else "",
            not_applicable=item.not_applicable,
            not_applicable_name=join(control.name, "na"),
            error=self._error(control.name),
            conflict=self.look.conflicts.get(control.name),
            comments=self.look.comments.get(control.path, ()),
        )
        if drawn.suffix == drawn.unit:
            drawn.suffix = ""
        if not fixed and is_input(item):
            self.names.add(control.name)
        self.add_condition(drawn, item, control.path)
        self._fill(drawn, control)
        return drawn

    def _fill(self, drawn: Question, control: Control) -> None:
        item = control.field
        typed = self._typed(control.name)
        answer = control.stored
        if typed is not None:
            drawn.is_not_applicable = typed.not_applicable
        else:
            drawn.is_not_applicable = is_not_applicable(answer)
        if item.type is FieldType.CALCULATED:
            self._computed(drawn, control, typed)
        elif item.type is FieldType.CHECKBOX:
            drawn.value = typed.text in ("true", "on") if typed is not None else answer is True
        elif is_choice(item):
            self._choices(drawn, item, typed, answer)
        elif item.type is FieldType.FILE:
            drawn.file_id = answer if isinstance(answer, str) else ""
            if typed is not None:
                drawn.file_id = str(self.form.data.get(join(control.name, "kept")) or drawn.file_id)
            drawn.file_name = self.look.files.get(drawn.file_id, "Attached file" if drawn.file_id else "")
            drawn.value = drawn.file_name
        else:
            drawn.value = typed.text if typed is not None else self.text_of(item, answer)
        if item.type is FieldType.NUMBER_WITH_UNIT:
            self._units(drawn, item, typed, answer)
        if item.type is FieldType.DATE:
            drawn.min = fixed_limit(item.validation.min_date, self.context.today)
            drawn.max = fixed_limit(item.validation.max_date, self.context.today)
        drawn.max_length = item.validation.max_length or LONGEST.get(item.type)
        if drawn.read_only and not drawn.is_not_applicable and item.type is not FieldType.CALCULATED:
            drawn.shown = "" if is_empty(answer) else self.formatter.answer(item, answer).text
            # The printed form has prefix and unit in it.
            drawn.prefix = drawn.unit = drawn.suffix = ""

    def _typed(self, name: str) -> Typed | None:
        """What was typed, unless the stored answer is to be shown."""
        if not self.form.is_bound or name not in self.form.fields:
            return None
        if self.form.data.get(join(name, "choose")) == "theirs":
            return None
        return self.form.typed(name)

    def _error(self, name: str) -> str:
        if not (self.form.is_bound and self.look.show_errors) or name not in self.form.errors:
            return ""
        return " ".join(str(text) for text in self.form.errors[name])

    def text_of(self, item: Field, answer: Any) -> str:
        """The stored answer as it stands in a box: grouped figures, plain text, ISO dates."""
        if is_empty(answer) or is_not_applicable(answer):
            return ""
        if item.is_numeric:
            text = answer.get("value") if isinstance(answer, Mapping) else answer
            value = plain_decimal(text) if isinstance(text, str) else None
            if value is None:
                return str(text or "")
            return str(text) if is_year(item) else group(value, self.context.definition.grouping)
        return str(answer)

    def _choices(self, drawn: Question, item: Field, typed: Typed | None, answer: Any) -> None:
        if typed is not None:
            chosen: Sequence[str] = typed.texts
        elif isinstance(answer, list):
            chosen = answer
        else:
            chosen = [answer] if isinstance(answer, str) else []
        choices = self.context.choices_of(item)
        if isinstance(choices, SearchedChoices):
            self._searched(drawn, choices, chosen)
            return
        drawn.choices = [(value, label, value in chosen) for value, label in choices]
        drawn.value = list(chosen) if item.type is FieldType.MULTISELECT else (chosen[0] if chosen else "")
        # A value that is no longer offered (a branch that was closed) is kept until another is chosen.
        known = {value for value, _, _ in drawn.choices}
        drawn.choices += [(value, value, True) for value in chosen if value and value not in known]

    def _searched(self, drawn: Question, choices: SearchedChoices, chosen: Sequence[str]) -> None:
        """One of too many to list: what was typed, else the label of what is chosen."""
        text = chosen[0] if chosen else ""
        drawn.searched, drawn.value = True, dict(choices).get(text, text)
        drawn.placeholder = drawn.placeholder or "Name, IFSC or place"
        drawn.help = f"{drawn.help} Type name, IFSC or place until only one fits.".strip()
        pairs = choices.search(text)[0] if drawn.error else list(choices)
        drawn.choices = [(value, label, value == text) for value, label in pairs]

    def _units(self, drawn: Question, item: Field, typed: Typed | None, answer: Any) -> None:
        allowed = allowed_units(item)
        own = typed.unit if typed is not None else answer.get("unit") if isinstance(answer, Mapping) else ""
        own = own or (allowed[0] if allowed else "")
        if len(allowed) > 1:
            drawn.unit, drawn.unit_name = "", join(drawn.name, "unit")
            drawn.unit_choices = [(unit, units.label(unit), unit == own) for unit in allowed]
        elif allowed:
            drawn.unit = units.label(allowed[0])

    def _computed(self, drawn: Question, control: Control, typed: Typed | None) -> None:
        item = control.field
        drawn.overridable = item.overridable
        value = self.calculation.computed.get(control.path)
        if value is None:
            value = (
                None
                if control.path in self.calculation.overridden
                else self.calculation.values.get(control.path)
            )
        drawn.computed_text = "" if value is None else self.figure(item, value)
        problem = self.calculation.problems.get(control.path, "")
        drawn.computed_how = problem or explain(self, control)
        text = typed.text if typed is not None else self.text_of(item, control.stored)
        drawn.is_overridden = bool(item.overridable and text and not drawn.is_not_applicable)
        drawn.value = text
        if item.display == "percent" and not drawn.suffix and not drawn.unit:
            drawn.suffix = "%"

    def figure(self, item: Field, value: Decimal) -> str:
        """A computed figure without prefix and unit, which stand beside it."""
        return str(int(value)) if is_year(item) else self.formatter.figure(value, item.display)

    def prefix(self, item: Field) -> str:
        """What stands before the figure: the format's own prefix, or the sign of the currency."""
        if item.prefix:
            return item.prefix
        money = item.type in _MONEY_TYPES or (
            item.type is FieldType.CALCULATED and item.display == "currency"
        )
        return self.formatter.symbol.strip() if money else ""

    # Conditions -----------------------------------------------------------------------------------

    def _is_drawn(self, item: Field) -> bool:
        """Hidden questions are drawn only where the browser can show them: another control here decides."""
        if not self.calculation.is_hidden(item.path):
            return True
        return self.look.editable and self._decider(item.condition) is not None

    def _decider(self, condition: Condition | None) -> str | None:
        """The name of the control that decides, when it stands in this section."""
        if condition is None:
            return None
        target = resolve_reference(condition.field, self.section, self.index)
        if target is None or not target.path.startswith(f"{self.section.path}."):
            return None
        name = name_of(target.path, self.section.path)
        return name if name in self.form.layout.single else None

    def add_condition(self, drawn: Any, item: Field, path: str = "") -> None:
        """Say whether the item is hidden, and what the browser needs to show and hide it."""
        drawn.hidden = self.calculation.is_hidden(path or item.path)
        decider = self._decider(item.condition) if self.look.editable else None
        if decider is None or item.condition is None:
            return
        value = item.condition.value
        drawn.condition_field = decider
        drawn.condition_operator = item.condition.operator
        drawn.condition_value = "|".join(value) if isinstance(value, tuple) else (value or "")
