"""A bank's format and what one firm changes of it, laid over each other. Plain data in and out.

Precedence, the later above the earlier::

    shared (common fields)  <  format (the bank's)  <  firm  <  firm and branch

What a firm changes of a format, for all branches of the bank or for one (a ``FormatChanges``)::

    {
      "parameters": {"realizable_percent": "85"},
      "fields": {"general.extent.extent_deed": {"label": …, "help": …, "default": …, "required": true,
                                                "hidden": true, "minimum": …, "maximum": …,
                                                "min_length": …, "max_length": …, "min_date": …,
                                                "max_date": …, "max_rows": …, "max_columns": …}},
      "added": [{"section": "general.extent", "after": "extent_deed", "field": {"id": "own_…", …}}],
    }

``null`` takes the help, the default or a limit away. ``hidden: false`` for a branch shows what the firm hides
elsewhere. A field may be a member of a group or a column of a table; only fields and members can be hidden.

``BankOverride.formats`` holds, by ``scheme/property_type``, ``{"all": FormatChanges, "branches": {code:
FormatChanges}}``.
A report keeps, in ``format_changes``, the one FormatChanges that held for its branch when it was begun.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from banks.formats.changing import changed, merged_patch, node_at
from banks.formats.origins import Origin

FormatChanges = Mapping[str, Any]

# The attributes of a field that a firm may change, and those of them that are kept under "validation" and
# under "table".
CHANGEABLE = ("label", "help", "default", "required")
DAYS = ("min_date", "max_date")
OF_TABLE = ("max_rows", "max_columns")
LIMITS = ("minimum", "maximum", "min_length", "max_length", *DAYS, *OF_TABLE)
ATTRIBUTES = (*CHANGEABLE, *LIMITS, "hidden")
_CHANGEABLE, _LIMITS = frozenset(CHANGEABLE), frozenset(LIMITS)
_TOLD_BY_MESSAGE = ("minimum", "maximum", *DAYS)
# The tab that the common fields are written into; see banks.formats.reading.
_COMMON = "common."


@dataclass(frozen=True, slots=True)
class Merged:
    """A format as one firm sees it, for one branch or for all.

    ``origins`` tells, by ``path.attribute``, the origin of each changeable attribute that a field has, by
    ``path`` that of the field itself, by ``parameters.name`` that of a percentage. What is hidden is in
    ``hidden`` alone: {path: who hides it}.
    """

    content: dict[str, Any]
    origins: dict[str, Origin]
    hidden: dict[str, Origin]


def merged(
    content: Mapping[str, Any], firm: FormatChanges | None = None, branch: FormatChanges | None = None
) -> Merged:
    """The format's content with the firm's changes, then those for the branch; and where each value is from.

    Nothing given is changed; what is not touched is shared with the result. Raises FormatProblem where the
    changes name what the format does not have: see ``banks.formats.fitting``.
    """
    firm, branch = firm or {}, branch or {}
    content_now = adapted(content, combined(firm, branch))
    origins = _origins(content_now)
    for changes, origin in ((firm, Origin.FIRM), (branch, Origin.BRANCH)):
        for name in changes.get("parameters", {}):
            origins[f"parameters.{name}"] = origin
        for one in changes.get("added", ()):
            path = own_path(one)
            for key in [path, *(f"{path}.{name}" for name in (*CHANGEABLE, *LIMITS))]:
                if key in origins:
                    origins[key] = origin
        for path, wanted in changes.get("fields", {}).items():
            for name in wanted:
                if name != "hidden" and path in origins:
                    origins[f"{path}.{name}"] = origin
    return Merged(content_now, origins, _hidden(firm, branch))


def _hidden(firm: FormatChanges, branch: FormatChanges) -> dict[str, Origin]:
    hidden: dict[str, Origin] = {}
    for changes, origin in ((firm, Origin.FIRM), (branch, Origin.BRANCH)):
        for path, wanted in changes.get("fields", {}).items():
            if wanted.get("hidden"):
                hidden[path] = origin
            elif "hidden" in wanted:
                hidden.pop(path, None)
    return hidden


def _origins(content: Mapping[str, Any]) -> dict[str, Origin]:
    """What the shared fields and the format say, before the firm."""
    origins = {f"parameters.{name}": Origin.FORMAT for name in content.get("parameters", ())}
    for path, node in field_nodes(content):
        origin = Origin.SHARED if path.startswith(_COMMON) else Origin.FORMAT
        origins[path] = origin
        # Over what the node has, which is less than what there may be: a format has hundreds of fields.
        for name in node:
            if name in _CHANGEABLE:
                origins[f"{path}.{name}"] = origin
        for inner in (node.get("validation"), node.get("table")):
            for name in inner or ():
                if name in _LIMITS:
                    origins[f"{path}.{name}"] = origin
    return origins


def field_nodes(content: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(path, field as the content has it) of every field, member of a group, column and row field."""
    for tab in content["tabs"]:
        for section in tab["sections"]:
            yield from _nodes_in(section["fields"], f"{tab['id']}.{section['id']}")


def _nodes_in(fields: Any, scope: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for node in fields:
        path = f"{scope}.{node['id']}"
        yield path, node
        if "fields" in node:
            yield from _nodes_in(node["fields"], path)
        if "table" in node:
            yield from _nodes_in(node["table"].get("columns", ()), path)
            yield from _nodes_in(node["table"].get("row_fields", ()), path)


def own_path(addition: Mapping[str, Any]) -> str:
    """The path of a field that a firm adds."""
    return f"{addition['section']}.{addition['field']['id']}"


def combined(firm: FormatChanges | None, branch: FormatChanges | None) -> dict[str, Any]:
    """One FormatChanges: the firm's with those for the branch above them; empty when nothing is changed.

    Of two added fields under one path the later stands, in the place of the earlier. Associative.
    """
    firm, branch = firm or {}, branch or {}
    parameters = {**firm.get("parameters", {}), **branch.get("parameters", {})}
    fields = {path: dict(change) for path, change in firm.get("fields", {}).items() if change}
    for path, change in branch.get("fields", {}).items():
        if change:
            fields[path] = {**fields.get(path, {}), **change}
    added = {own_path(one): one for one in (*firm.get("added", ()), *branch.get("added", ()))}
    both = {"parameters": parameters, "fields": fields, "added": list(added.values())}
    return {key: value for key, value in both.items() if value}


def patch_of(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch for a field's node that its changed attributes amount to."""
    patch = {key: wanted[key] for key in CHANGEABLE if key in wanted}
    for key in LIMITS:
        if key in wanted:
            patch.setdefault("table" if key in OF_TABLE else "validation", {})[key] = wanted[key]
    if any(key in wanted for key in _TOLD_BY_MESSAGE):
        # The format's own words for a figure or a day beyond its limits name those limits.
        patch["validation"]["message"] = None
    return patch


def said_of(node: Mapping[str, Any], attribute: str) -> Any:
    """What a field's node says of one of CHANGEABLE or LIMITS; None when it says nothing."""
    return _kept_in(node, attribute).get(attribute)


def _kept_in(node: Mapping[str, Any], attribute: str) -> Mapping[str, Any]:
    if attribute in OF_TABLE:
        return node.get("table") or {}
    return (node.get("validation") or {}) if attribute in LIMITS else node


def adapted(content: Mapping[str, Any], changes: FormatChanges) -> dict[str, Any]:
    """The content of a format with a firm's changes laid over it. Raises FormatProblem.

    Fields are added before others are hidden, so that one may stand after a field that is hidden.
    """
    wanted = changes.get("fields", {})
    additions = []
    for one in changes.get("added", ()):
        own = wanted.get(own_path(one), {})
        if not own.get("hidden"):
            node = merged_patch(one["field"], patch_of(own)) if own else one["field"]
            additions.append({"into": one["section"], "after": one.get("after"), "node": node})
    result = changed(content, {"add": additions}) if additions else dict(content)
    own_paths = {own_path(one) for one in changes.get("added", ())}
    others = {path: change for path, change in wanted.items() if path not in own_paths}
    rest: dict[str, Any] = {
        "remove": [path for path, change in others.items() if change.get("hidden")],
        "change": {path: patch_of(change) for path, change in others.items() if not change.get("hidden")},
    }
    if changes.get("parameters"):
        rest["parameters"] = changes["parameters"]
    return changed(result, rest)


def original(content: Mapping[str, Any], attribute: str, path: str) -> Any:
    """What the format itself says in a place that a firm may change; None when it says nothing.

    ``attribute`` is one of ATTRIBUTES, or ``parameter`` with the name as ``path``.
    """
    if attribute == "parameter":
        return content.get("parameters", {}).get(path)
    node = node_at(content, path)
    if node is None or attribute == "hidden":
        return None
    return said_of(node, attribute)
