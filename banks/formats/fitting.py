"""Which of a firm's changes fit a format, and what is wrong with those that do not. Pure.

``change_problems`` says it in sentences, for whoever makes the changes. ``fitting`` leaves out what does not
fit, alone or with the rest, for a version of the format that came after the changes were made: a report can
always be begun.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from banks.formats.building import build_field
from banks.formats.changing import merged_patch, node_at
from banks.formats.field_checks import field_problems, is_fixed_date
from banks.formats.judging import all_problems
from banks.formats.overriding import (
    ATTRIBUTES,
    DAYS,
    OF_TABLE,
    FormatChanges,
    adapted,
    own_path,
    patch_of,
    said_of,
)
from banks.formats.problems import FormatProblem
from banks.formats.reading import from_content
from banks.formats.shape import shape_problems

OWN_PREFIX = "own_"
MOST_ADDED = 40
MOST_CHANGED = 400
_KEYS = ("parameters", "fields", "added")
_ADDITION_KEYS = ("section", "after", "field")
_MOST_TEXT = 60
# A rate of depreciation is a percentage a year; other rates are amounts.
_PERCENTAGES = ("_percent", "depreciation_rate")
# The changes that formulas, totals and conditions elsewhere may not bear.
_BREAKING = ("hidden", "parameter", "added", *DAYS)
# Questions that the system itself fills in or that every document stands on.
SYSTEM_SOURCES = ("banks", "bank_branches")
_SYSTEM_DATES = ("inspection_date", "valuation_date", "report_date")
_SYSTEM_IDS = ("applicant_name", *_SYSTEM_DATES)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where in a FormatChanges: ``attribute`` is one of ATTRIBUTES, ``parameter`` or ``added``.

    ``path`` is a field's path, or a parameter's name.
    """

    attribute: str
    path: str

    def __str__(self) -> str:
        return f"{self.attribute}/{self.path}"


Problem = tuple[Spot, str]


def change_problems(content: Mapping[str, Any], changes: FormatChanges) -> list[Problem]:
    """What is wrong with each change taken by itself (and a field's changes together), in order.

    Whether the whole still hangs together (a formula that needs a hidden field) is for the definition that
    results: ``whole_problems``.
    """
    if faults := list(_shape(changes)):
        return faults
    return [
        *_parameter_problems(content, changes.get("parameters", {})),
        *_addition_problems(content, changes.get("added", ())),
        *(
            problem
            for path, wanted in changes.get("fields", {}).items()
            for problem in _field_problems(_node(content, changes, path), path, wanted)
        ),
        *(
            (Spot("hidden", path), "A part of a table cannot be hidden; hide the whole table.")
            for path, wanted in changes.get("fields", {}).items()
            if wanted.get("hidden") and _is_table_part(content, path)
        ),
    ]


def fitting(
    content: Mapping[str, Any], changes: FormatChanges, *, whole: bool = True
) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """The changes that fit, as one FormatChanges, and those left out with the reason.

    With ``whole``, left out is also what a newer version cannot do without: what its formulas name is asked,
    hidden or not. That takes about 15 ms where the firm hides or adds something, the rest 1.
    """
    if faults := list(_shape(changes)):
        return {}, tuple(faults)
    left: dict[str, Any] = {key: value for key, value in changes.items() if value}
    found: list[Problem] = []
    # Each round takes something out: what stood upon it may be the next to go.
    while problems := change_problems(content, left) or (_breaking(content, left) if whole else []):
        found += problems
        fewer = _without(left, {place for place, _ in problems})
        if fewer == left:
            # Nothing of it is safe to take.
            return {}, tuple(found)
        left = fewer
    return left, tuple(found)


def _without(changes: FormatChanges, bad: set[Spot]) -> dict[str, Any]:
    lost = {place.path for place in bad if place.attribute == "added"}
    parameters = {
        name: value
        for name, value in changes.get("parameters", {}).items()
        if Spot("parameter", name) not in bad
    }
    added = [one for one in changes.get("added", ()) if own_path(one) not in lost]
    fields: dict[str, Any] = {}
    for path, wanted in changes.get("fields", {}).items():
        kept = {name: value for name, value in wanted.items() if Spot(name, path) not in bad}
        if kept and path not in lost:
            fields[path] = kept
    left: dict[str, Any] = {"parameters": parameters, "fields": fields, "added": added}
    return {key: value for key, value in left.items() if value}


def _breaking(content: Mapping[str, Any], changes: FormatChanges) -> list[Problem]:
    """What the format cannot hang together with: changes that fit by themselves, one at a time."""
    problems = whole_problems(content, changes) if _may_break(changes) else []
    if not problems:
        return []
    for spot, alone in one_by_one(changes):
        if spot.attribute in _BREAKING and (found := whole_problems(content, alone)):
            return [(spot, f"The format cannot do without it: {found[0]}")]
    return [(Spot("changes", ""), problems[0])]


def _may_break(changes: FormatChanges) -> bool:
    """Not so words, limits and figures, which are judged where they stand."""
    return bool(
        changes.get("added")
        or any(
            wanted.get("hidden") or any(_is_other_date(wanted.get(name)) for name in DAYS)
            for wanted in changes.get("fields", {}).values()
        )
        or any(_figure(value) is None for value in changes.get("parameters", {}).values())
    )


def _is_other_date(limit: Any) -> bool:
    """Whether a limit of a date is another question, which a newer version may not have."""
    return bool(limit) and not is_fixed_date(str(limit))


def whole_problems(content: Mapping[str, Any], changes: FormatChanges) -> list[str]:
    """What is wrong with the format as it results and is not without the changes: a formula, a total, a
    condition that misses something.
    """
    try:
        found = all_problems(from_content(adapted(content, changes)))
    except FormatProblem as error:
        found = error.problems
    if not found:
        return []
    known = set(all_problems(from_content(content)))
    return [sentence for sentence in found if sentence not in known]


def one_by_one(changes: FormatChanges) -> Iterator[tuple[Spot, FormatChanges]]:
    """Each change that may break something elsewhere, by itself (upon the added fields)."""
    added = {"added": changes.get("added", ())}
    for path, wanted in changes.get("fields", {}).items():
        if wanted.get("hidden"):
            yield Spot("hidden", path), {**added, "fields": {path: {"hidden": True}}}
    for parameter, value in changes.get("parameters", {}).items():
        yield Spot("parameter", parameter), {"parameters": {parameter: value}}
    for one in changes.get("added", ()):
        yield Spot("added", own_path(one)), {"added": [one]}
    for path, wanted in changes.get("fields", {}).items():
        for attribute in ATTRIBUTES:
            if attribute in wanted and attribute != "hidden":
                yield Spot(attribute, path), {**added, "fields": {path: {attribute: wanted[attribute]}}}


def fitting_together(
    content: Mapping[str, Any], firm: FormatChanges, branch: FormatChanges
) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """Those of a branch's changes that fit upon the firm's, which fit by themselves; and the problems."""
    if not branch:
        return {}, ()
    return fitting(adapted(content, all_shown(firm)), branch)


def all_shown(changes: FormatChanges) -> dict[str, Any]:
    """The changes without what they hide: a branch may show it again."""
    fields = {
        path: {name: value for name, value in wanted.items() if name != "hidden"}
        for path, wanted in changes.get("fields", {}).items()
    }
    return {**changes, "fields": fields}


def is_system(node: Mapping[str, Any], path: str) -> bool:
    """Whether the system fills the question in or every document needs it: reference, bank, branch, dates."""
    return bool(
        node.get("read_only")
        or node.get("options_source") in SYSTEM_SOURCES
        or (path.startswith("common.") and node.get("id") in _SYSTEM_IDS)
    )


def _shape(changes: Any) -> Iterator[Problem]:
    nowhere = Spot("changes", "")
    if not isinstance(changes, Mapping):
        yield nowhere, f"The changes are no object with {', '.join(_KEYS)}."
        return
    for key in sorted(set(changes) - set(_KEYS)):
        yield nowhere, f"{key} is not known in changes; use {', '.join(_KEYS)}."
    kinds = {"parameters": Mapping, "fields": Mapping, "added": list | tuple}
    for key, kind in kinds.items():
        if key in changes and not isinstance(changes[key], kind):
            yield nowhere, f"{key} has another form; see docs/formats.md."
            return
    for path, wanted in changes.get("fields", {}).items():
        if not isinstance(wanted, Mapping):
            yield Spot("label", str(path)), "The changes of a field are an object of its attributes."
    for one in changes.get("added", ()):
        if (
            not isinstance(one, Mapping)
            or not isinstance(one.get("field"), Mapping)
            or not all(isinstance(part, str) for part in (one.get("section"), one["field"].get("id")))
            or not isinstance(one.get("after") or "", str)
            or set(one) - set(_ADDITION_KEYS)
        ):
            yield nowhere, "A field that is added needs section, field with an id, and at most after."
    if len(changes.get("added", ())) > MOST_ADDED:
        yield nowhere, f"At most {MOST_ADDED} fields can be added to a format; remove some."
    if len(changes.get("fields", {})) > MOST_CHANGED:
        yield (
            nowhere,
            f"At most {MOST_CHANGED} fields of a format can be changed; change fewer.",
        )


def _node(content: Mapping[str, Any], changes: FormatChanges, path: str) -> Mapping[str, Any] | None:
    added = next((one for one in changes.get("added", ()) if own_path(one) == path), None)
    return added["field"] if added else node_at(content, path)


# Fields -----------------------------------------------------------------------------------------------


def _field_problems(
    node: Mapping[str, Any] | None, path: str, wanted: Mapping[str, Any]
) -> Iterator[Problem]:
    if node is None or "type" not in node:
        for name in wanted:
            yield Spot(name, path), f"The format has no field {path}; take this change back."
        return
    faulty = False
    for name, value in wanted.items():
        for sentence in _attribute_problems(node, path, name, value):
            faulty = True
            yield Spot(name, path), sentence
    if not faulty and len(wanted) > 1:
        for sentence in _judged(node, path, wanted):
            yield Spot(_likely(wanted), path), sentence


def _attribute_problems(node: Mapping[str, Any], path: str, name: str, value: Any) -> Iterator[str]:
    if name not in ATTRIBUTES:
        yield f"{name} of a field cannot be changed; only {', '.join(ATTRIBUTES)} can."
    elif name == "hidden":
        yield from _hiding_problems(node, path, value)
    elif name == "required":
        if not isinstance(value, bool):
            yield "Say yes or no."
        elif is_system(node, path) and value != bool(node.get("required")):
            yield "The system or every document needs this answer as it is; leave it."
        else:
            yield from _judged(node, path, {name: value})
    elif name == "label" and not str(value or "").strip():
        yield "A question needs words; write some, or take the change back."
    elif name == "default" and is_system(node, path):
        yield "The system fills this in; it has no default."
    elif name in DAYS and is_system(node, path):
        yield "Every document stands on this date; its limits stay as they are."
    elif name in OF_TABLE and not _grows(node, name, value):
        yield f"Write how many {name.removeprefix('max_')} there may be; only a table that grows has a most."
    else:
        yield from _judged(node, path, {name: value})


def _hiding_problems(node: Mapping[str, Any], path: str, value: Any) -> Iterator[str]:
    if not isinstance(value, bool):
        yield "Say yes or no."
    elif value and is_system(node, path):
        yield "The system or every document needs this; it cannot be hidden."


def _grows(node: Mapping[str, Any], name: str, value: Any) -> bool:
    kind = "row_dynamic" if name == "max_rows" else "column_dynamic"
    return value is not None and (node.get("table") or {}).get("kind") == kind


def _is_table_part(content: Mapping[str, Any], path: str) -> bool:
    parent = node_at(content, path.rpartition(".")[0])
    return parent is not None and "table" in parent


def _judged(node: Mapping[str, Any], path: str, wanted: Mapping[str, Any]) -> list[str]:
    """What the field's own rules say of it with these changes, and did not say without them."""
    known = set(_faults(node, path))
    patched = merged_patch(node, patch_of(wanted))
    return [sentence for sentence in _faults(patched, path) if sentence not in known]


def _faults(node: Mapping[str, Any], path: str) -> list[str]:
    if faults := shape_problems(node, "field"):
        return [_alone(fault) for fault in faults]
    faults = [_alone(fault) for fault in field_problems(build_field(node, path.rpartition(".")[0]))]
    return [*faults, *_order_of_days(node)]


def _order_of_days(node: Mapping[str, Any]) -> Iterator[str]:
    days = []
    for name in DAYS:
        with suppress(TypeError, ValueError):
            days.append(date.fromisoformat(said_of(node, name)))
    if len(days) == len(DAYS) and days[0] > days[1]:
        yield f"The earliest day, {days[0]}, is after the latest, {days[1]}; exchange them."


def _alone(sentence: str) -> str:
    """The sentence without the place, which is told beside it."""
    return sentence.rpartition(": ")[2] if " > " in sentence else sentence


def _likely(wanted: Mapping[str, Any]) -> str:
    """The attribute that a fault of several together is shown at: a limit, else the last."""
    limits = ("maximum", "max_length", "max_date", "minimum", "min_length", "min_date")
    return next((name for name in limits if name in wanted), [*wanted][-1])


# Additions and parameters -----------------------------------------------------------------------------


def _addition_problems(content: Mapping[str, Any], added: Any) -> Iterator[Problem]:
    seen: set[str] = set()
    for one in added:
        path, node = own_path(one), one["field"]
        place = Spot("added", path)
        section = node_at(content, one["section"])
        if section is None or not isinstance(section.get("fields"), list) or "type" in section:
            yield place, f"The format has no section {one['section']}; choose one of its sections."
            continue
        if not node["id"].startswith(OWN_PREFIX):
            yield place, f"The id of a field of your own begins with {OWN_PREFIX}: {OWN_PREFIX}{node['id']}."
        ids = {part.get("id") for part in section["fields"]}
        if path in seen or node["id"] in ids:
            yield place, f"There is a field {node['id']} in this section already; give it another id."
        seen.add(path)
        after = one.get("after")
        siblings = {other["field"]["id"] for other in added if other["section"] == one["section"]}
        if after and after not in ids | siblings - {node["id"]}:
            yield place, f"There is no field {after} to put it after; choose one of the section."
        yield from ((place, sentence) for sentence in _faults(node, path))


def _parameter_problems(content: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[Problem]:
    known = content.get("parameters", {})
    for name, value in wanted.items():
        place = Spot("parameter", name)
        if name not in known:
            yield place, f"The format has no figure {name}; take this change back."
        elif isinstance(value, bool) or not isinstance(value, str | int):
            yield place, f"{value!r} is no figure; write one such as 85."
        elif _figure(known[name]) is not None:
            figure = _figure(value)
            if figure is None:
                yield place, f"{value} is no figure; write one such as {known[name]}."
            elif name.endswith(_PERCENTAGES) and not 0 <= figure <= 100:
                yield place, f"{value} is no percentage; write a figure from 0 to 100."
        elif not 0 < len(str(value)) <= _MOST_TEXT:
            yield place, f"Write 1 to {_MOST_TEXT} characters."


def _figure(value: Any) -> Decimal | None:
    try:
        figure = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return figure if figure.is_finite() else None
