"""A format's questions with what the firm changes of each, and a firm's changes with one of them exchanged.

Pure. ``FormatChanges`` has the shape that ``banks.formats.overriding`` tells. What a value equals already in
the layer below is no change, so whoever types the bank's value again goes back to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote

from banks.formats.changing import changed
from banks.formats.definition import Field, FieldType, FormatDefinition, Section, TableKind
from banks.formats.fitting import OWN_PREFIX, is_system
from banks.formats.origins import Origin
from banks.formats.overriding import ATTRIBUTES, DAYS, FormatChanges, own_path
from banks.formats.problems import FormatProblem
from banks.formats.reading import COMMON_TAB, from_content

NUMBERS = frozenset(
    {FieldType.NUMBER, FieldType.DECIMAL, FieldType.CURRENCY, FieldType.NUMBER_WITH_UNIT},
)
TEXTS = frozenset({FieldType.TEXT, FieldType.TEXTAREA, FieldType.EMAIL, FieldType.TEL})
# Types whose answer a firm may choose beforehand; a figure or a text would reach reports unread.
WITH_DEFAULT = frozenset(
    {
        FieldType.SELECT,
        FieldType.RADIO,
        FieldType.MULTISELECT,
        FieldType.CHECKBOX,
        FieldType.DATE,
        FieldType.NUMBER_WITH_UNIT,
    }
)
_MOST = {TableKind.ROW_DYNAMIC: "max_rows", TableKind.COLUMN_DYNAMIC: "max_columns"}
_NEVER_REQUIRED = frozenset(
    {FieldType.GROUP, FieldType.CALCULATED, FieldType.TABLE, FieldType.DYNAMIC_TABLE},
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which layer a page changes: that for all branches, or that for the one whose code is ``branch``."""

    branch: str = ""

    @property
    def origin(self) -> Origin:
        return Origin.BRANCH if self.branch else Origin.FIRM

    @property
    def query(self) -> str:
        """How an address says it."""
        return f"?branch={quote(self.branch)}" if self.branch else ""


@dataclass(frozen=True, slots=True)
class Layers:
    """What the firm changes of one format for all branches, and for one of them."""

    firm: FormatChanges = field(default_factory=dict)
    branch: FormatChanges = field(default_factory=dict)

    def of(self, scope: Scope) -> FormatChanges:
        return self.branch if scope.branch else self.firm

    @property
    def with_origins(self) -> tuple[tuple[FormatChanges, Origin], ...]:
        return (self.firm, Origin.FIRM), (self.branch, Origin.BRANCH)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its attributes as reports ask it, each with its origin.

    ``added`` is the layer that added the question, None for the bank's own. ``below``: the attributes as the
    layer under the scope has them.
    """

    field: Field
    values: Mapping[str, Any]
    origins: Mapping[str, Origin]
    below: Mapping[str, Any]
    added: Origin | None = None
    parts: tuple[Asked, ...] = ()
    in_table: bool = False

    @property
    def offered(self) -> tuple[str, ...]:
        return attributes_offered(self.field, in_table=self.in_table)

    @property
    def label(self) -> str:
        return str(self.values["label"])

    @property
    def hidden(self) -> bool:
        return bool(self.values["hidden"])

    @property
    def changed_by(self) -> Origin | None:
        """The topmost layer of the firm that says something about the question, or None."""
        own = [one for one in (self.added, *self.origins.values()) if one is not None and one.is_own]
        return Origin.BRANCH if Origin.BRANCH in own else next(iter(own), None)


def layers_of(formats: Mapping[str, Any] | None, name: str, scope: Scope) -> Layers:
    """What ``BankOverride.formats`` has for the format ``name`` and the scope's branch."""
    of_format = (formats or {}).get(name) or {}
    of_branch = (of_format.get("branches") or {}).get(scope.branch) if scope.branch else None
    return Layers(of_format.get("all") or {}, of_branch or {})


def arranged(content: Mapping[str, Any], layers: Layers) -> FormatDefinition:
    """The format with every question added, hidden ones too; additions that have no place in it are left out.

    Raises FormatProblem for content that is damaged.
    """
    for changes, _ in layers.with_origins:
        for one in changes.get("added", ()):
            addition = {"into": one["section"], "after": one.get("after"), "node": one["field"]}
            # What has no place any more is told with the other changes that have no effect.
            with suppress(FormatProblem):
                content = changed(content, {"add": [addition]})
    return from_content(content)


def asked(one: Field, layers: Layers, scope: Scope, *, in_table: bool = False) -> Asked:
    """The question as it is asked in the scope."""
    of_bank = Origin.SHARED if one.path.startswith(f"{COMMON_TAB}.") else Origin.FORMAT
    values: dict[str, Any] = _attributes(one)
    origins = dict.fromkeys(ATTRIBUTES, of_bank)
    added = next((origin for changes, origin in layers.with_origins if one.path in _added_in(changes)), None)
    if added is not None:
        origins = dict.fromkeys(ATTRIBUTES, added)
    below = dict(values)
    for changes, origin in layers.with_origins:
        if origin is scope.origin:
            below = dict(values)
        for name, value in changes.get("fields", {}).get(one.path, {}).items():
            values[name], origins[name] = _in_hand(name, value), origin
    parts = [asked(part, layers, scope) for part in one.fields]
    if one.table is not None:
        cells = (*one.table.columns, *one.table.row_fields)
        parts += [asked(part, layers, scope, in_table=True) for part in cells]
    return Asked(one, values, origins, below, added, tuple(parts), in_table)


def section_asked(section: Section, layers: Layers, scope: Scope) -> list[Asked]:
    """The questions of a section, in order."""
    return [asked(one, layers, scope) for one in section.fields]


def flat(questions: Iterable[Asked]) -> list[Asked]:
    """The questions with those inside groups and tables after each."""
    return [one for question in questions for one in (question, *flat(question.parts))]


def _added_in(changes: FormatChanges) -> set[str]:
    return {own_path(one) for one in changes.get("added", ())}


def _attributes(one: Field) -> dict[str, Any]:
    rules = one.validation
    return {
        "label": one.label,
        "help": one.help,
        "default": one.default,
        "required": one.required,
        "minimum": rules.minimum,
        "maximum": rules.maximum,
        "min_length": rules.min_length,
        "max_length": rules.max_length,
        "min_date": rules.min_date,
        "max_date": rules.max_date,
        "max_rows": one.table.max_rows if one.table else None,
        "max_columns": one.table.max_columns if one.table else None,
        "hidden": False,
    }


def _in_hand(name: str, value: Any) -> Any:
    """A stored value as the attributes have it: limits as figures, nothing as what stands for nothing."""
    if name in ("minimum", "maximum"):
        return _figure(value)
    if value is None:
        return {"label": "", "help": "", "required": False, "hidden": False}.get(name)
    return value


def _figure(value: Any) -> Decimal | None:
    try:
        return None if value in (None, "") else Decimal(str(value))
    except InvalidOperation:
        return None


def _as_stored(value: Any) -> Any:
    if value == "":
        return None
    return format(value, "f") if isinstance(value, Decimal) else value


def attributes_offered(one: Field, *, in_table: bool = False) -> tuple[str, ...]:
    """Which attributes of the question a firm may change, in the order of the form.

    ``in_table``: the question is a column or row of a table.
    """
    names = ["label", "help"]
    node = {"id": one.id, "read_only": one.read_only, "options_source": one.options_source}
    of_system = is_system(node, one.path)
    if one.type in WITH_DEFAULT and not of_system and not in_table:
        names.append("default")
    if one.type in NUMBERS:
        names += ["minimum", "maximum"]
    if one.type in TEXTS:
        names += ["min_length", "max_length"]
    if one.type is FieldType.DATE and not of_system:
        names += DAYS
    if one.table is not None and one.table.kind in _MOST:
        names.append(_MOST[one.table.kind])
    if one.type not in _NEVER_REQUIRED and not of_system:
        names.append("required")
    if not of_system and not in_table:
        names.append("hidden")
    return tuple(names)


def with_field(
    changes: FormatChanges, path: str, below: Mapping[str, Any], values: Mapping[str, Any]
) -> dict[str, Any]:
    """The changes with those of one question exchanged: what differs from ``below`` is what is changed."""
    entry = {name: _as_stored(value) for name, value in values.items() if value != below.get(name)}
    fields = {key: value for key, value in changes.get("fields", {}).items() if key != path}
    if entry:
        fields[path] = entry
    return _put(changes, "fields", fields)


def with_parameters(
    changes: FormatChanges, below: Mapping[str, Any], values: Mapping[str, Any]
) -> dict[str, Any]:
    """The changes with the parameters exchanged; those not in ``values`` stay."""
    parameters = {key: value for key, value in changes.get("parameters", {}).items() if key not in values}
    parameters |= {name: _as_stored(value) for name, value in values.items() if not _same(value, below[name])}
    return _put(changes, "parameters", parameters)


def with_added(
    changes: FormatChanges, section: str, after: str | None, node: Mapping[str, Any]
) -> dict[str, Any]:
    """The changes with an extra question; one of that id in the section is replaced."""
    path = f"{section}.{node['id']}"
    new = {"section": section, "after": after, "field": dict(node)}
    added = list(changes.get("added", ()))
    at = next((n for n, one in enumerate(added) if own_path(one) == path), None)
    if at is None:
        added.append(new)
    else:
        added[at] = new
    return _put(changes, "added", added)


def without_added(changes: FormatChanges, path: str) -> dict[str, Any]:
    """The changes without the extra question at ``path`` and without whatever else was said of it."""
    fields = {key: value for key, value in changes.get("fields", {}).items() if key != path}
    rest = [one for one in changes.get("added", ()) if own_path(one) != path]
    return _put(_put(changes, "fields", fields), "added", rest)


def own_id(label: str, taken: Iterable[str]) -> str:
    """An id for an extra question, made of its label, that no other in the section has."""
    words = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")[:30].strip("_") or "question"
    first, used, number = f"{OWN_PREFIX}{words}", set(taken), 2
    name = first
    while name in used:
        name, number = f"{first}_{number}", number + 1
    return name


def parameters_under(definition: FormatDefinition, layers: Layers, scope: Scope) -> dict[str, Any]:
    """The parameters in the layer below the scope."""
    below: dict[str, Any] = dict(definition.parameters)
    return below | (dict(layers.firm.get("parameters", {})) if scope.branch else {})


def count_of(changes: FormatChanges | None) -> int:
    """How many questions and parameters the changes touch."""
    changes = changes or {}
    return sum(len(changes.get(key, ())) for key in ("parameters", "fields", "added"))


def _put(changes: FormatChanges, key: str, value: Any) -> dict[str, Any]:
    rest = {name: one for name, one in changes.items() if name != key}
    return {**rest, key: value} if value else rest


def _same(one: Any, other: Any) -> bool:
    figures = _figure(one), _figure(other)
    return figures[0] == figures[1] if None not in figures else str(one) == str(other)
