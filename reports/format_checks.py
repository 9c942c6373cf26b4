"""Everything that is wrong with a version of a format: its shape, its references, its formulas, its sample.

What a person is told is a sentence that begins with its place in the format's own names; ``Fault.path`` is
the node that it is about, so that a page can lead there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from banks.formats.checks import definition_warnings
from banks.formats.definition import FormatDefinition
from banks.formats.misfits import misfits
from banks.formats.packing import content_problems, definition_if_possible
from banks.formats.paths import describe
from banks.formats.problems import FormatProblem
from banks.formats.reading import from_content
from banks.formats.shape import shape_problems
from reports.calculation.engine import calculate, check_formulas

_PLACE = re.compile(r"(?:tab|section|field|part|column|row) ([a-z][a-z0-9_]*)(?: > |: |$)")
_DOTTED = re.compile(r"([a-z][a-z0-9_]*(?:\.[a-z0-9_]+)+):")
# The calculation names a place by its path; a person is told tab, section and field.
_LEAD = re.compile(r"^([a-z][a-z0-9_]*(?:\.[a-z0-9_]+)*): ")
_WHOLE = ("parameters", "headline", "document", "declaration", "abstract")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong. ``path`` is a node's, ``document``, or empty for the format as a whole."""

    text: str
    path: str = ""


def faults_of(content: Mapping[str, Any], sample: Mapping[str, Any] | None) -> list[Fault]:
    """What stands in the way of publishing; empty when nothing does. About 30 ms for 300 fields."""
    return [Fault(text, place_of(text)) for text in problems_of(content, sample)]


def warnings_of(content: Mapping[str, Any]) -> list[Fault]:
    """What may be published but looks like a mistake; empty while something stands in the way."""
    if content_problems(content):
        return []
    definition = from_content(content)
    if check_formulas(definition):
        return []
    return [Fault(text, place_of(text)) for text in definition_warnings(definition)]


def problems_of(content: Mapping[str, Any], sample: Mapping[str, Any] | None) -> list[str]:
    """The sentences of ``faults_of``; also what ``banks.publishing.publish_format`` asks."""
    if problems := content_problems(content):
        # All at once: the formulas of other places are looked at too, as far as there is anything to look at.
        told = {place_of(text) for text in problems}
        return [*problems, *(text for text in _formula_problems(content) if place_of(text) not in told)]
    if problems := _formula_problems(content):
        return problems
    return _sample_problems(from_content(content), sample)


def _formula_problems(content: Mapping[str, Any]) -> list[str]:
    """Of content of the right shape; nothing is said of the formulas of any other."""
    definition = None if shape_problems(content) else definition_if_possible(content)
    found = check_formulas(definition) if definition is not None else []
    return list(dict.fromkeys(_LEAD.sub(lambda lead: f"{_words(lead[1])}: ", text) for text in found))


def _words(path: str) -> str:
    return describe(path) if "." in path else f"tab {path}"


def _sample_problems(definition: FormatDefinition, sample: Mapping[str, Any] | None) -> list[str]:
    """A sample fits and leaves no figure in doubt; without one, an empty report is without a complaint."""
    if sample is not None and (found := misfits(definition, sample)):
        return [f"Sample answers: {one}" for one in found]
    try:
        calculation = calculate(definition, sample or {})
    except FormatProblem as error:
        return error.problems
    lead = "Sample answers" if sample is not None else "An empty report"
    return [f"{lead}: {path}: {problem}" for path, problem in calculation.problems.items()]


def place_of(text: str) -> str:
    """``tab general > section owners > field phone: …`` → ``general.owners.phone``; as far as it is said."""
    steps: list[str] = []
    at = 0
    while found := _PLACE.match(text, at):
        steps.append(found[1])
        at = found.end()
    if steps:
        return ".".join(steps)
    if text.startswith(_WHOLE[2:]):
        return "document"
    dotted = _DOTTED.search(text)
    return dotted[1] if dotted else ""
