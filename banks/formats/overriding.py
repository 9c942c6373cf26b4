"""A bank's format and what one firm changes of it, laid over each other. Plain data in and out.

Precedence, the later above the earlier::

    shared (common fields)  <  format (the bank's)  <  firm  <  firm and branch

What a firm changes of a format, for all branches of the bank or for one (a ``FormatChanges``)::

    {
      "parameters": {"realizable_percent": "85"},
      "fields": {"general.extent.extent_deed": {"label": …, "help": …, "default": …, "required": true,
                                                "hidden": true, "minimum": …, "maximum": …,
                                                "min_length": …, "max_length": …}},
      "added": [{"section": "general.extent", "after": "extent_deed", "field": {"id": "own_…", …}}],
    }

``BankOverride.formats`` holds, by ``scheme/property_type``, ``{"all": FormatChanges, "branches": {code:
FormatChanges}}``.
A report keeps, in ``format_changes``, the one FormatChanges that held for its branch when it was begun.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from banks.formats.changing import changed

FormatChanges = Mapping[str, Any]

# The attributes of a field that a firm may change, and those of them that are kept under "validation".
CHANGEABLE = ("label", "help", "default", "required")
LIMITS = ("minimum", "maximum", "min_length", "max_length")


def combined(firm: FormatChanges | None, branch: FormatChanges | None) -> dict[str, Any]:
    """One FormatChanges: the firm's with those for the branch above them; empty when nothing is changed."""
    firm, branch = firm or {}, branch or {}
    parameters = {**firm.get("parameters", {}), **branch.get("parameters", {})}
    fields = dict(firm.get("fields", {}))
    for path, change in branch.get("fields", {}).items():
        fields[path] = {**fields.get(path, {}), **change}
    added = [*firm.get("added", ()), *branch.get("added", ())]
    both = {"parameters": parameters, "fields": fields, "added": added}
    return {key: value for key, value in both.items() if value}


def adapted(content: Mapping[str, Any], changes: FormatChanges) -> dict[str, Any]:
    """The content of a format with a firm's changes laid over it. Raises FormatProblem."""
    change: dict[str, Any] = {}
    remove: list[str] = []
    for path, wanted in changes.get("fields", {}).items():
        if wanted.get("hidden"):
            remove.append(path)
            continue
        patch = {key: wanted[key] for key in CHANGEABLE if key in wanted}
        limits = {key: wanted[key] for key in LIMITS if key in wanted}
        change[path] = {**patch, **({"validation": limits} if limits else {})}
    add = [
        {"into": one["section"], "after": one.get("after"), "node": one["field"]}
        for one in changes.get("added", ())
    ]
    return changed(
        content,
        {"remove": remove, "change": change, "add": add, "parameters": changes.get("parameters", {})},
    )
