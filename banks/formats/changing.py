"""A format's content with changes laid over it: what a bank changes of its family, a firm of a format.

Changes are data::

    {
      "change": {"general.extent.extent_deed": {"label": "…", "validation": {"maximum": "9"}, "help": null}},
      "remove": ["site.access.road_width"],
      "add": [{"into": "general.extent", "after": "extent_deed", "node": {"id": …, "type": …, "label": …}}],
      "parameters": {"realizable_percent": "85"}, "document": {…}, …
    }

``change`` and every other key are merge patches (RFC 7396: an object is merged, ``null`` takes away, anything
else replaces). A path names a tab, a section, a field, or a part of a field: the member of a group, the
column or the row of a table. Nothing given is changed; what is not touched is shared with the result.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from banks.formats.problems import FormatProblem

# What a node's parts are called, outermost first.
_PARTS = ("tabs", "sections", "fields", "columns", "row_fields", "rows")
_OWN_KEYS = frozenset({"change", "remove", "add"})
_FIRST = ""


def changed(content: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The content with the changes made: first ``remove``, then ``change``, then ``add``, in their order.

    Raises FormatProblem naming every path that the content does not have, and every id that is there already.
    """
    problems: list[str] = []
    result = dict(content)
    for path in changes.get("remove", ()):
        result = _replaced(result, path.split("."), None, problems, path)
    for path, patch in changes.get("change", {}).items():
        result = _replaced(result, path.split("."), patch, problems, path)
    for addition in changes.get("add", ()):
        result = _added(result, addition, problems)
    for key, patch in changes.items():
        if key not in _OWN_KEYS:
            result[key] = merged_patch(result.get(key), patch)
    if problems:
        raise FormatProblem(problems)
    return result


def merged_patch(base: Any, patch: Any) -> Any:
    """A JSON merge patch as RFC 7396 has it."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(base) if isinstance(base, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged_patch(result.get(key), value)
    return result


def node_at(content: Mapping[str, Any], path: str) -> Mapping[str, Any] | None:
    """The tab, section, field or part at ``path``, or None."""
    here: Mapping[str, Any] | None = content
    for step in path.split("."):
        here = next((node for node in _parts_of(here) if node.get("id") == step), None) if here else None
    return here


def _lists(node: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[Any], bool]]:
    """(key, list, whether it is the table's) of every list of parts that a node has."""
    for key in _PARTS:
        if isinstance(node.get(key), list):
            yield key, node[key], False
    table = node.get("table")
    if isinstance(table, Mapping):
        for key in _PARTS:
            if isinstance(table.get(key), list):
                yield key, table[key], True


def _parts_of(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for _, parts, _ in _lists(node):
        yield from (part for part in parts if isinstance(part, Mapping))


def _with_list(node: Mapping[str, Any], key: str, parts: Sequence[Any], *, of_table: bool) -> dict[str, Any]:
    if of_table:
        return {**node, "table": {**node["table"], key: list(parts)}}
    return {**node, key: list(parts)}


def _replaced(
    node: dict[str, Any], steps: Sequence[str], patch: Any, problems: list[str], path: str
) -> dict[str, Any]:
    """``node`` with the part that the steps lead to patched, or left out where there is no patch."""
    step, further = steps[0], steps[1:]
    for key, parts, of_table in _lists(node):
        for at, part in enumerate(parts):
            if not isinstance(part, Mapping) or part.get("id") != step:
                continue
            if further:
                new = [_replaced(dict(part), further, patch, problems, path)]
            else:
                new = [] if patch is None else [merged_patch(part, patch)]
            return _with_list(node, key, [*parts[:at], *new, *parts[at + 1 :]], of_table=of_table)
    problems.append(f"{path}: there is no {step} here; name a tab, section or field that the format has.")
    return node


def _added(content: dict[str, Any], addition: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    """The content with a node put after another of the same parent; last when ``after`` is not given."""
    into, node = str(addition.get("into", "")), addition["node"]
    parent = node_at(content, into) if into else content
    if parent is None:
        problems.append(f"{into}: there is nothing of that name to add {node.get('id')} to.")
        return content
    place = next(((key, parts, of_table) for key, parts, of_table in _lists(parent)), None)
    if place is None:
        problems.append(f"{into}: nothing can be added to it; name a tab, a section, a group or a table.")
        return content
    key, parts, of_table = place
    if any(part.get("id") == node.get("id") for part in parts):
        problems.append(f"{into}: {node.get('id')} is there already; give the addition another id.")
        return content
    at = _position(parts, addition.get("after"))
    if at is None:
        problems.append(f"{into}: there is no {addition['after']} to add {node.get('id')} after.")
        return content
    new = _with_list(parent, key, [*parts[:at], dict(node), *parts[at:]], of_table=of_table)
    return new if not into else _put(content, into.split("."), new)


def _position(parts: Sequence[Any], after: str | None) -> int | None:
    if after is None:
        return len(parts)
    if after == _FIRST:
        return 0
    return next((at + 1 for at, part in enumerate(parts) if part.get("id") == after), None)


def _put(node: Mapping[str, Any], steps: Sequence[str], new: Mapping[str, Any]) -> dict[str, Any]:
    """``node`` with ``new`` in the place that the steps lead to, which is known to exist."""
    for key, parts, of_table in _lists(node):
        for at, part in enumerate(parts):
            if isinstance(part, Mapping) and part.get("id") == steps[0]:
                put = _put(part, steps[1:], new) if len(steps) > 1 else new
                return _with_list(node, key, [*parts[:at], put, *parts[at + 1 :]], of_table=of_table)
    return dict(node)
