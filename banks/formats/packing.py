"""A version of a format as one file: what staff download, look through elsewhere and upload again.

The file is the format's JSON as a person writes it, with three keys more (see schema.json)::

    {"self_contained": true, "effective_from": "2026-04-01", "format": {…}, …, "sample": {…}}

``self_contained``: the common fields and option sets stand in it, so nothing else is needed to read it.
Equal content gives equal bytes: the keys stand as they were written, two spaces deep.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from banks.formats.building import build_definition
from banks.formats.checks import definition_problems
from banks.formats.definition import FormatDefinition
from banks.formats.problems import FormatProblem
from banks.formats.reading import from_content, to_content
from banks.formats.shape import shape_problems

_SELF_CONTAINED, _SAMPLE, _EFFECTIVE = "self_contained", "sample", "effective_from"
# Keys that are a file's and not the format's.
BESIDE = frozenset({_SELF_CONTAINED, _SAMPLE, _EFFECTIVE})


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A file taken apart. ``content`` is raw unless the file is self-contained."""

    content: dict[str, Any]
    self_contained: bool = False
    sample: dict[str, Any] | None = None
    effective_from: date | None = None


def packed(
    content: Mapping[str, Any], sample: Mapping[str, Any] | None, effective_from: date | None
) -> dict[str, Any]:
    """The JSON of a self-contained file; ``unpacked`` takes it apart again."""
    raw: dict[str, Any] = {_SELF_CONTAINED: True}
    if effective_from is not None:
        raw[_EFFECTIVE] = effective_from.isoformat()
    raw.update(content)
    if sample is not None:
        raw[_SAMPLE] = sample
    return raw


def as_text(raw: Any) -> str:
    """JSON as files have it: UTF-8, two spaces deep, a line's end at the end."""
    return f"{json.dumps(raw, ensure_ascii=False, indent=2)}\n"


def unpacked(raw: Mapping[str, Any]) -> Unpacked:
    """A file's JSON taken apart. Raises FormatProblem for what stands beside the format and is wrong."""
    problems = []
    sample, effective = raw.get(_SAMPLE), raw.get(_EFFECTIVE)
    if sample is not None and not isinstance(sample, dict):
        problems.append("sample: it should be an object of answers { … }; write it so, or remove it.")
    day = None
    if effective is not None:
        try:
            day = date.fromisoformat(effective)
        except (TypeError, ValueError):
            problems.append(f"effective_from: {effective!r} is no date; write one like 2026-04-01.")
    if not isinstance(raw.get(_SELF_CONTAINED, False), bool):
        problems.append("self_contained: it should be true or false; write it so.")
    if problems:
        raise FormatProblem(problems)
    content = {key: value for key, value in raw.items() if key not in BESIDE}
    return Unpacked(content, raw.get(_SELF_CONTAINED, False), sample, day)


def content_of(file: Unpacked, common_fields: Mapping[str, Any]) -> dict[str, Any]:
    """The self-contained, checked content of a file. Raises FormatProblem with everything that is wrong."""
    if not file.self_contained:
        return to_content(file.content, common_fields)
    if problems := content_problems(file.content):
        raise FormatProblem(problems)
    return file.content


def content_problems(content: Mapping[str, Any]) -> list[str]:
    """What is wrong with self-contained content, but for its formulas; one sentence each."""
    try:
        problems = shape_problems(content)
    except RecursionError:
        return ["It is nested too deeply; a format needs ten levels."]
    if problems:
        return problems
    try:
        return definition_problems(from_content(content))
    except FormatProblem as error:
        return error.problems


def definition_if_possible(content: Mapping[str, Any]) -> FormatDefinition | None:
    """The definition of imperfect content, to be looked at; None when it cannot be built at all."""
    try:
        return build_definition(content)
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError):
        return None
