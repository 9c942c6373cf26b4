"""Families of formats: what the formats of several banks have in common, written once.

A format file that names a family holds only what its bank differs in, in the language of
``banks.formats.changing``::

    {"format": {…}, "family": "land_building_yearly_rate", "title": "Union Bank of India: land and building",
     "parameters": {"depreciation_rate": "1.5"}, "remove": [path …], "change": {path: patch}, "add": [{…}],
     "document": {"subtitle": "…"}}

A family file (``banks/data/families/<name>.json``) has what a format has but for the key and the title, and
may itself be the child of another family. Composing gives a whole format; nothing of a family is looked up
later, so a published format stands by itself when its family changes.

The texts of the printed document may quote a parameter, ``{parameter.realizable_percent}``; the figure in
force, also where a firm has changed it, is put in when the document is made.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from banks.formats.changing import changed
from banks.formats.files import load_json
from banks.formats.problems import FormatProblem
from banks.formats.shape import shape_problems

FOLDER = Path(__file__).resolve().parent.parent / "data" / "families"
# A bank's format, the family with the bank's way of depreciating, the family of the kind of property.
MOST_GENERATIONS = 4

_ASKED = re.compile(r"\bparameter\.([a-z][a-z0-9_]*)")
_QUOTED = re.compile(r"\{parameter\.([^}]*)\}")


def composed(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """The whole raw format of a file that may name a family. One file is read a generation.

    Raises FormatProblem with what is wrong in the file itself, or, naming the family's file, in that.
    """
    if not isinstance(raw, Mapping) or "family" not in raw:
        return raw
    if problems := shape_problems(raw, "format_of_family"):
        raise FormatProblem(problems)
    name = raw["family"]
    return _over(raw, _family(name, ()), name)


def family_problems(
    raw: Mapping[str, Any], problems: list[str], judge: Callable[[Mapping[str, Any]], list[str]]
) -> list[str]:
    """``problems`` of a composed format, those that its family has without it said to be the family's.

    ``judge`` gives the problems of a raw format.
    """
    name = raw["family"]
    family = _family(name, ())
    stand_in = {
        **family,
        "format": raw["format"],
        "title": raw["title"],
        # What the family leaves to its banks is no fault of the family.
        "parameters": {
            **dict.fromkeys(_ASKED.findall(json.dumps(family)), "1"),
            **family.get("parameters", {}),
        },
    }
    inherited = set(judge(stand_in))
    return [f"{name}.json: {one}" if one in inherited else one for one in problems]


def quoted_parameters(document: Any) -> Iterator[str]:
    """The name of every parameter that a text of the printed document quotes."""
    if isinstance(document, str):
        yield from _QUOTED.findall(document)
    elif isinstance(document, Mapping):
        for value in document.values():
            yield from quoted_parameters(value)
    elif isinstance(document, list):
        for value in document:
            yield from quoted_parameters(value)


def with_parameters(text: str, parameters: Mapping[str, Any]) -> str:
    """A text with the parameters that it quotes put in; one that is not known stays as it is written."""
    return _QUOTED.sub(lambda found: str(parameters.get(found[1], found[0])), text)


def _family(name: str, children: tuple[str, ...]) -> dict[str, Any]:
    """A family's content, laid over the families that it comes from."""
    path = FOLDER / f"{name}.json"
    if name in children or len(children) >= MOST_GENERATIONS:
        line = " → ".join([*children, name])
        fault = (
            f"family: {line} has no end, or more than {MOST_GENERATIONS} generations; name another family."
        )
        raise FormatProblem([fault], f"{children[-1]}.json")
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in FOLDER.glob("*.json")))
        fault = f"family: there is no {name}; use one of {known}."
        raise FormatProblem([fault], f"{children[-1]}.json" if children else "")
    raw = load_json(path)
    if problems := shape_problems(raw, "family"):
        raise FormatProblem(problems, path.name)
    if "family" not in raw:
        return raw
    return _over(raw, _family(raw["family"], (*children, name)), raw["family"], path.name)


def _over(raw: Mapping[str, Any], family: Mapping[str, Any], name: str, source: str = "") -> dict[str, Any]:
    """What a file differs in, laid over its family; a path that the family lacks is the file's fault."""
    try:
        return changed(family, {key: value for key, value in raw.items() if key != "family"})
    except FormatProblem as error:
        told = [f"{problem} The family is {name}." for problem in error.problems]
        raise FormatProblem(told, source) from None
