"""From the JSON of a format to a ``FormatDefinition``, and the refusal of what cannot be one.

A raw format is whole, or names a family and holds what differs from it (``banks.formats.families``); every
door takes both.

Three doors:

* ``read_format(raw, common_fields)`` for a file somebody wrote: every check is made.
* ``to_content(raw, common_fields)`` for the loader: the same, and the result is the self-contained JSON
  that ``system_templates`` stores (common tab written out, option sets resolved), so that a report keeps
  the format it was begun with even when the common fields change later.
* ``from_content(content)`` for the application: stored content, which was checked when it was loaded, so
  that it is only built, not judged again; a few milliseconds for the largest format.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from banks.formats.building import build_definition
from banks.formats.checks import definition_problems
from banks.formats.definition import FormatDefinition
from banks.formats.families import composed, family_problems, quoted_parameters
from banks.formats.files import load_json
from banks.formats.paths import describe
from banks.formats.problems import FormatProblem
from banks.formats.shape import shape_problems

__all__ = ["compose", "from_content", "load_json", "read_format", "read_format_file", "to_content"]

COMMON_TAB = "common"


def read_format(raw: Mapping[str, Any], common_fields: Mapping[str, Any]) -> FormatDefinition:
    """The definition of a raw format, with the common fields as its first tab.

    Raises ``FormatProblem`` with everything that is wrong, by tab, section and field.
    """
    return _checked(raw, common_fields)[1]


def to_content(raw: Mapping[str, Any], common_fields: Mapping[str, Any]) -> dict[str, Any]:
    """The self-contained, checked JSON of a raw format; ``from_content`` reads it without anything else."""
    return _checked(raw, common_fields)[0]


def from_content(content: Mapping[str, Any]) -> FormatDefinition:
    """The definition held by stored content (made by ``to_content``).

    Raises ``FormatProblem`` if the content is damaged.
    """
    try:
        return build_definition(content)
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        fault = f"The stored format is damaged ({type(error).__name__}: {error}); load the format again."
        raise FormatProblem([fault]) from error


def compose(raw: Mapping[str, Any], common_fields: Mapping[str, Any]) -> dict[str, Any]:
    """A raw format with the common tab written out as its first and its option sets resolved.

    Both arguments must have the shape that the schema asks for. ``raw["common"]`` may give the tab's
    label and numeral and, by field id, the numbers that this bank prints before the common fields.
    """
    wishes = raw.get("common", {})
    numbers = wishes.get("numbers", {})
    sections = [
        {
            **section,
            "fields": [
                {**field, "number": numbers.get(field["id"], field.get("number", ""))}
                for field in section["fields"]
            ],
        }
        for section in common_fields["sections"]
    ]
    common_tab = {
        "id": COMMON_TAB,
        "label": wishes.get("label", common_fields["label"]),
        "numeral": wishes.get("numeral", ""),
        "sections": sections,
    }
    content = {key: value for key, value in raw.items() if key not in ("common", "option_sets")}
    content["tabs"] = [common_tab, *raw["tabs"]]
    named_sets = {**common_fields.get("option_sets", {}), **raw.get("option_sets", {})}
    resolved: dict[str, Any] = _resolve_options(content, named_sets)
    return resolved


def read_format_file(path: Path, common_fields: Mapping[str, Any]) -> FormatDefinition:
    """``read_format`` of a file; its problems name the file."""
    raw = load_json(path)
    try:
        return read_format(raw, common_fields)
    except FormatProblem as error:
        raise error.in_source(path.name) from None


def _checked(
    raw: Mapping[str, Any], common_fields: Mapping[str, Any]
) -> tuple[dict[str, Any], FormatDefinition]:
    try:
        whole = composed(raw)
        problems, content, definition = _judged(whole, common_fields)
        if problems and whole is not raw:
            problems = family_problems(raw, problems, lambda family: _judged(family, common_fields)[0])
    except RecursionError as error:
        raise FormatProblem(["It is nested too deeply; a format needs ten levels."]) from error
    if problems or content is None or definition is None:
        raise FormatProblem(problems)
    return content, definition


def _judged(
    raw: Mapping[str, Any], common_fields: Mapping[str, Any]
) -> tuple[list[str], dict[str, Any] | None, FormatDefinition | None]:
    """What is wrong with a whole raw format; its content and definition when its shape allows them."""
    if problems := shape_problems(raw) + _composition_problems(raw, common_fields):
        return problems, None, None
    content = compose(raw, common_fields)
    definition = from_content(content)
    return definition_problems(definition), content, definition


def _composition_problems(raw: Mapping[str, Any], common_fields: Mapping[str, Any]) -> list[str]:
    if not isinstance(raw, Mapping):
        return []
    if faults := shape_problems(common_fields, "common_fields"):
        return [f"common fields > {fault}" for fault in faults]
    problems = []
    tabs = raw.get("tabs")
    tab_ids = [tab.get("id") for tab in tabs if isinstance(tab, Mapping)] if isinstance(tabs, list) else []
    if COMMON_TAB in tab_ids:
        problems.append(f"tab {COMMON_TAB}: it is made from the common fields; remove it from the format.")
    known = {field["id"] for section in common_fields["sections"] for field in section["fields"]}
    wishes = raw.get("common")
    numbers = wishes.get("numbers") if isinstance(wishes, Mapping) else None
    for name in numbers if isinstance(numbers, Mapping) else ():
        if name not in known:
            ways = ", ".join(sorted(known))
            problems.append(f"common > numbers: {name} is no common field; use one of {ways}.")
    own_sets = raw.get("option_sets")
    set_names = {*(own_sets if isinstance(own_sets, Mapping) else ()), *common_fields.get("option_sets", ())}
    if isinstance(tabs, list):
        problems.extend(_unknown_sets(tabs, set_names, ""))
    parameters = raw.get("parameters")
    for name in sorted(set(quoted_parameters(raw.get("document")))):
        if not isinstance(parameters, Mapping) or name not in parameters:
            problems.append(f"document: a text quotes parameter.{name}; add it to parameters.")
    return problems


def _unknown_sets(node: Any, names: set[str], place: str) -> list[str]:
    if isinstance(node, list):
        return [problem for item in node for problem in _unknown_sets(item, names, place)]
    if not isinstance(node, Mapping):
        return []
    here = f"{place}.{node['id']}".strip(".") if isinstance(node.get("id"), str) else place
    problems = [problem for value in node.values() for problem in _unknown_sets(value, names, here)]
    wanted = node.get("options")
    if isinstance(wanted, str) and wanted not in names:
        problems.append(f"{describe(here)}: there is no option set {wanted}; add it to option_sets.")
    return problems


def _resolve_options(node: Any, sets: Mapping[str, Any]) -> Any:
    if isinstance(node, list):
        return [_resolve_options(item, sets) for item in node]
    if isinstance(node, Mapping):
        return {
            key: sets[value] if key == "options" and isinstance(value, str) else _resolve_options(value, sets)
            for key, value in node.items()
        }
    return node
