"""What a format must satisfy beyond its shape: names that do not collide, references that lead somewhere.

Whether a *formula* refers to what exists is the calculation's to say (it alone knows the language); the
loader asks it. Everything else that could surprise a report is refused here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from banks.formats.comparisons import condition_problems, vain_condition, vain_formulas
from banks.formats.completeness import omissions
from banks.formats.definition import (
    Condition,
    Field,
    FieldType,
    FormatDefinition,
    Section,
)
from banks.formats.field_checks import MEASURES, field_problems, is_fixed_date
from banks.formats.formula_text import names_in
from banks.formats.paths import describe, index_fields, is_table_part, own_fields
from banks.formats.quoting import quoted_answers
from banks.formats.reachability import unreachable
from banks.formats.references import Formulas, read_formulas

# Bounds that keep a bad format from being bad for the server; the largest format is at half of each.
MOST_SECTIONS = 60
MOST_FIELDS = 600

_PARAMETER = re.compile(r"\bparameter\.([A-Za-z_][A-Za-z0-9_]*)")
_PATH = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){2,3}")
_PERCENT_PARAMETER = re.compile(r"_percent$")
_ROUNDING_MODES = ("nearest", "down", "up")


def definition_problems(definition: FormatDefinition) -> list[str]:
    """Everything that is wrong with a format of the right shape, one sentence each."""
    collisions = list(_collisions(definition))
    # With two fields under one path the index below would silently hold the second.
    if collisions:
        return collisions
    index = index_fields(definition)
    return [
        *_bounds(definition, index),
        *(problem for item in index.values() for problem in field_problems(item)),
        *_reserved(definition),
        *(conditions := list(_condition_problems(definition, index))),
        *(() if conditions or definition.is_imported else vain_comparisons(definition, index)),
        *_date_limit_problems(index),
        *_parameter_problems(definition, index),
        *_lookup_problems(definition),
        *_headline_problems(definition, index),
        *_document_problems(definition, index),
    ]


def definition_warnings(definition: FormatDefinition) -> list[str]:
    """What is allowed but looks like a mistake, one sentence each: for whoever publishes or imports a format.

    Of a format without problems. Costs a few milliseconds, because every formula is read.
    """
    formulas = read_formulas(definition)
    found = [*omissions(definition, formulas), *_two_meanings(formulas)]
    if definition.is_imported:
        found += [*vain_comparisons(definition, formulas.index), *_no_fair_market_value(definition)]
    return found


def vain_comparisons(definition: FormatDefinition, index: dict[str, Field]) -> list[str]:
    """Conditions that no answer decides, or that contradict one another; formulas that compare in vain."""
    conditions = [
        f"{place}: {why}"
        for condition, place, _, section in _conditions(definition)
        if (target := resolve_reference(condition.field, section, index)) is not None
        for why in vain_condition(condition, target)
    ]
    # A condition that is false by itself would be told a second time as unreachable.
    return [*conditions, *([] if conditions else unreachable(definition)), *vain_formulas(index)]


def _two_meanings(formulas: Formulas) -> Iterator[str]:
    """A name without dots that a formula could mean two fields by: the nearer one is taken."""
    for path, tree in formulas.trees.items():
        for name in sorted({name for name in names_in(tree) if "." not in name}):
            nearest, *further = formulas.meanings(name, path) or [""]
            if further:
                yield (
                    f"{describe(path)}: its formula says {name}, which is {nearest} here and also "
                    f"{further[0]}; write the path of the one that is meant."
                )


def _reserved(definition: FormatDefinition) -> Iterator[str]:
    for tab in definition.tabs:
        if tab.id == "parameter":
            yield "tab parameter: formulas mean the format's parameters by this name; give it another id."


def _bounds(definition: FormatDefinition, index: Mapping[str, Field]) -> Iterator[str]:
    sections = sum(1 for _ in definition.sections())
    if sections > MOST_SECTIONS:
        yield f"The format has {sections} sections; at most {MOST_SECTIONS} are allowed. Join some."
    if len(index) > MOST_FIELDS:
        yield f"The format has {len(index)} fields; at most {MOST_FIELDS} are allowed. Remove or join some."


def _collisions(definition: FormatDefinition) -> Iterator[str]:
    yield from _doubles(definition.tabs, "tabs have the id")
    for tab in definition.tabs:
        yield from _doubles(tab.sections, f"tab {tab.id}: sections have the id")
        for section in tab.sections:
            yield from _doubles(section.fields, "fields have the id", section.path)
            for item in section.fields:
                yield from _doubles(item.fields, "parts have the id", item.path)
                if item.table is not None:
                    yield from _doubles(item.table.columns, "columns have the id", item.path)
                    yield from _doubles(item.table.row_fields, "rows have the id", item.path)


class _Named(Protocol):
    @property
    def id(self) -> str: ...


def _doubles(nodes: Sequence[_Named], lead: str, path: str = "") -> Iterator[str]:
    return _double_names([node.id for node in nodes], lead, path)


def _double_names(names: Sequence[str], lead: str, path: str = "") -> Iterator[str]:
    """Names that occur twice, capitals or not."""
    if len({name.lower() for name in names}) == len(names):
        return
    counted = Counter(name.lower() for name in names)
    place = f"{describe(path)}: " if path else ""
    for name in sorted(name for name, many in counted.items() if many > 1):
        yield f"{place}{lead} {name} {counted[name]} times; give each an id of its own."


# Conditions -------------------------------------------------------------------------------------------


def _conditions(
    definition: FormatDefinition,
) -> Iterator[tuple[Condition, str, str, Section | None]]:
    """(condition, its place in words, the path that it stands at, the section that it is in)."""
    for tab in definition.tabs:
        if tab.condition:
            yield tab.condition, f"tab {tab.id}", tab.id, None
        for section in tab.sections:
            if section.condition:
                yield section.condition, describe(section.path), section.path, section
            for item in own_fields(section):
                if item.condition:
                    yield item.condition, describe(item.path), item.path, section
    for number, line in enumerate(definition.document.abstract_lines, start=1):
        if line.condition:
            yield line.condition, f"abstract line {number} ({line.label})", "", None


def _condition_problems(definition: FormatDefinition, index: dict[str, Field]) -> Iterator[str]:
    for condition, place, own_path, section in _conditions(definition):
        yield from _one_condition(condition, place, own_path, section, index)


def resolve_reference(reference: str, section: Section | None, index: Mapping[str, Field]) -> Field | None:
    """The field that a condition names: an id in the same section first, else a full path."""
    if section is not None and (found := index.get(f"{section.path}.{reference}")):
        return found
    return index.get(reference)


def _one_condition(
    condition: Condition, place: str, own_path: str, section: Section | None, index: dict[str, Field]
) -> Iterator[str]:
    target = resolve_reference(condition.field, section, index)
    if target is None:
        yield (
            f"{place}: its condition asks for {condition.field}, which does not exist; "
            "give a path tab.section.field, or an id of the same section."
        )
        return
    if target.path == own_path or target.path.startswith(f"{own_path}.") or is_table_part(target.path, index):
        yield f"{place}: its condition asks for {condition.field}, a part of itself or of a table."
    yield from (f"{place}: {problem}" for problem in condition_problems(condition, target))


# References -------------------------------------------------------------------------------------------


def _date_limit_problems(index: Mapping[str, Field]) -> Iterator[str]:
    for item in index.values():
        for name, limit in (("min_date", item.validation.min_date), ("max_date", item.validation.max_date)):
            if limit is None or is_fixed_date(limit):
                continue
            target = index.get(limit)
            if target is None or target.type is not FieldType.DATE or target.path == item.path:
                yield (
                    f"{describe(item.path)}: {name} {limit} is no date; "
                    "write today, a date like 2026-11-23, or the path of another date field."
                )


def _parameter_problems(definition: FormatDefinition, index: Mapping[str, Field]) -> Iterator[str]:
    for item in index.values():
        for name in _PARAMETER.findall(item.formula or ""):
            if name not in definition.parameters:
                yield f"{describe(item.path)}: its formula asks for parameter.{name}; add it to parameters."
    for name, value in definition.parameters.items():
        if not _PERCENT_PARAMETER.search(name):
            continue
        if isinstance(value, str) or not 0 <= value <= 100:
            yield f"parameters > {name}: {value} is no percentage; give a figure from 0 to 100."
    step, mode = definition.parameters.get("say_to"), definition.parameters.get("say_mode")
    if step is not None and (isinstance(step, str) or step <= 0):
        yield f"parameters > say_to: {step} is no step; give a figure above 0, such as 1000."
    if mode is not None and mode not in _ROUNDING_MODES:
        yield f"parameters > say_mode: {mode} is not known; use one of {', '.join(_ROUNDING_MODES)}."


def _headline_problems(definition: FormatDefinition, index: Mapping[str, Field]) -> Iterator[str]:
    for name, path in definition.headline.items():
        yield from _figure_problem(f"headline > {name}", path, index)
    if not definition.is_imported:
        yield from _no_fair_market_value(definition)


def _no_fair_market_value(definition: FormatDefinition) -> Iterator[str]:
    if "fair_market_value" not in definition.headline:
        yield "headline: fair_market_value is missing; give the path of the total."


def _lookup_problems(definition: FormatDefinition) -> Iterator[str]:
    for name, table in definition.lookups.items():
        place = f"lookups > {name}"
        if bool(table.rows) is bool(table.ranges):
            yield f"{place}: it needs either rows or ranges; give one of the two."
        keys = Counter(key.lower() for key in table.rows)
        for key in sorted(key for key, many in keys.items() if many > 1):
            yield f"{place}: {key} occurs {keys[key]} times but for capitals; keep one."
        limits = [up_to for up_to, _ in table.ranges]
        if None in limits[:-1]:
            yield f"{place}: only the last range may go without up_to; give the others one."
        known = [limit for limit in limits if limit is not None]
        if known != sorted(set(known)):
            yield f"{place}: the limits of its ranges do not rise; put them in order, each once."
        for key, unit in (("unit", table.unit), ("per", table.per)):
            if unit is not None and unit not in MEASURES:
                yield f"{place}: {key} {unit} is not known; use one of {', '.join(sorted(MEASURES))}."
        if table.unit and table.per:
            yield f"{place}: it has both unit and per; its figures are either a measure or a rate."


def _document_problems(definition: FormatDefinition, index: dict[str, Field]) -> Iterator[str]:
    document = definition.document
    columns = [name for name, _ in document.abstract_columns]
    yield from _double_names(columns, "abstract columns have the id")
    for number, line in enumerate(document.abstract_lines, start=1):
        place = f"abstract line {number} ({line.label})"
        for column, path in line.paths.items():
            if column not in columns:
                yield f"{place}: there is no column {column}; use one of {', '.join(columns)}."
            yield from _figure_problem(f"{place} > {column}", path, index)
    if document.words_path:
        yield from _figure_problem("document > words", document.words_path, index)
    for particulars, answer in document.declaration_rows:
        # Text that has the form of a path is meant as one; prose has spaces.
        if _PATH.fullmatch(answer) and (answer not in index or is_table_part(answer, index)):
            yield (
                f"declaration row {particulars}: {answer} does not exist; "
                "give the path of a field, or the text itself."
            )
        for path in quoted_answers(answer):
            if path not in index or is_table_part(path, index):
                yield f"declaration row {particulars}: it quotes {path}, which does not exist; quote a field."


def _figure_problem(place: str, path: str, index: Mapping[str, Field]) -> Iterator[str]:
    """A figure is a numeric field or the total of a column."""
    target = index.get(path)
    if target is None:
        yield f"{place}: {path} does not exist; give the path of a field or of a column with a total."
    elif not target.is_numeric:
        yield f"{place}: {path} is a {target.type}, not a figure; give the path of a number."
    elif is_table_part(path, dict(index)) and not target.total:
        yield f"{place}: column {path} has no total; add total to it, or give another path."
