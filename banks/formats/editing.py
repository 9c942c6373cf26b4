"""Writing a format piece by piece: a node is replaced, added, moved or removed. Pure; what is given stays.

Works on content that is not sound yet (a draft), as long as it has the outward shape: see ``unreadable``.
A path names a tab, a section, a field, a member of a group, a column or a row field of a table; with two of
the same path the first is meant. The given rows of a fixed table are a part of their table's node.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from banks.formats.problems import FormatProblem

# What may be put into a node: the key of the list, and what its entries are called.
LISTS: Mapping[str, tuple[str, str]] = {
    "": ("tabs", "tab"),
    "tab": ("sections", "section"),
    "section": ("fields", "field"),
    "group": ("fields", "field"),
    "table": ("columns", "column"),
    "column_table": ("row_fields", "row"),
}
DEEPEST = 40
LONGEST_INTEGER = 2**63 - 1
_LISTS = ("tabs", "sections", "fields")
_IN_TABLE = ("columns", "row_fields")


@dataclass(frozen=True, slots=True)
class Entry:
    """A node in the outline. ``takes`` is what can be added into it (``section``), or empty."""

    path: str
    kind: str
    label: str
    type: str = ""
    depth: int = 0
    takes: str = ""
    marks: tuple[str, ...] = ()
    # What was found wrong at the node or in it; filled in by who checks.
    faults: int = 0
    # Whether what is being written is in it; filled in by who shows it.
    is_open: bool = False
    entries: list[Entry] = field(default_factory=list)


def unreadable(content: Any) -> list[str]:
    """Why content cannot even be kept as a draft; empty when it can, however wrong it is otherwise."""
    if not isinstance(content, dict):
        return ["It holds no JSON object; begin with { and end with }."]
    problems = list(_unstorable(content))
    if not isinstance(content.get("tabs"), list):
        problems.append("tabs is missing, or is no list; write [ … ].")
    if not isinstance(content.get("title"), str) or not content["title"].strip():
        problems.append("title is missing; write the format's name.")
    elif len(content["title"]) > 160:
        problems.append(f"title has {len(content['title'])} characters; at most 160 are allowed.")
    return problems or list(_unshaped(content, ""))


def _unshaped(node: Mapping[str, Any], place: str) -> Iterator[str]:
    for _, parts in _parts(node):
        for number, part in enumerate(parts, start=1):
            if not isinstance(part, Mapping) or not isinstance(part.get("id"), str) or not part["id"]:
                where = f"{place}: " if place else ""
                yield f"{where}entry {number} has no id; write an object with an id."
            elif "." in part["id"]:
                # Nothing could be found by a path that it stands in.
                yield f"The id {part['id']} has a dot; write letters, digits and _."
            else:
                yield from _unshaped(part, f"{place} > {part['id']}" if place else part["id"])


def _unstorable(value: Any, depth: int = 0) -> Iterator[str]:
    if depth > DEEPEST:
        yield "It is nested too deeply; a format needs ten levels."
    elif isinstance(value, Mapping):
        for key, one in value.items():
            if not isinstance(key, str) or "\0" in key or key.startswith("$"):
                yield f"The key {key!r} cannot be stored; write another."
            else:
                yield from _unstorable(one, depth + 1)
    elif isinstance(value, list):
        for one in value:
            yield from _unstorable(one, depth + 1)
    elif isinstance(value, int) and not -LONGEST_INTEGER <= value <= LONGEST_INTEGER:
        yield f"{str(value)[:20]}… is too large a number; write it as text."


def outline(content: Mapping[str, Any]) -> list[Entry]:
    """The tabs, and in each node its own parts."""
    return [_entry(tab, "tab", tab["id"], 0) for tab in content.get("tabs", ()) if _is_node(tab)]


def _is_node(part: Any) -> bool:
    return isinstance(part, Mapping) and isinstance(part.get("id"), str)


def _entry(node: Mapping[str, Any], kind: str, path: str, depth: int) -> Entry:
    marks = [name for name in ("required", "condition", "formula") if node.get(name)]
    return Entry(
        path=path,
        kind=kind,
        label=str(node.get("label") or node["id"]),
        type=str(node.get("type") or ""),
        depth=depth,
        takes=LISTS[place][1] if (place := takes(node, kind)) else "",
        marks=tuple(marks),
        entries=[
            _entry(part, _kind(key), f"{path}.{part['id']}", depth + 1)
            for key, parts in _parts(node)
            for part in parts
            if _is_node(part)
        ],
    )


def _kind(key: str) -> str:
    return {"tabs": "tab", "sections": "section", "fields": "field", "columns": "column"}.get(key, "row")


def takes(node: Mapping[str, Any], kind: str) -> str:
    """The key of LISTS that says what can be added into a node, or empty."""
    if kind in ("tab", "section"):
        return kind
    if node.get("type") == "group":
        return "group"
    table = node.get("table")
    if isinstance(table, Mapping):
        return "column_table" if table.get("kind") == "column_dynamic" else "table"
    return ""


def _parts(node: Mapping[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    """The lists of parts that a node has, by key."""
    table = node.get("table")
    for holder, keys in ((node, _LISTS), (table, _IN_TABLE)):
        if isinstance(holder, Mapping):
            for key in keys:
                if isinstance(holder.get(key), list):
                    yield key, holder[key]


@dataclass(slots=True)
class _Found:
    """Where a node stands: the list that holds it and its place there, and what kind of node it is."""

    parts: list[Any]
    at: int
    kind: str

    @property
    def node(self) -> dict[str, Any]:
        node: dict[str, Any] = self.parts[self.at]
        return node


def _find(content: Mapping[str, Any], path: str) -> _Found:
    here: Mapping[str, Any] = content
    found = None
    for step in path.split("."):
        found = next(
            (
                _Found(parts, at, _kind(key))
                for key, parts in _parts(here)
                for at, part in enumerate(parts)
                if _is_node(part) and part["id"] == step
            ),
            None,
        )
        if found is None:
            raise FormatProblem([f"{path}: there is nothing of that name any more; choose it anew."])
        here = found.node
    if found is None:
        raise FormatProblem(["A path is missing."])
    return found


def node_and_kind(content: Mapping[str, Any], path: str) -> tuple[dict[str, Any], str]:
    """The node at ``path`` and its kind (``tab``, ``section``, ``field``, ``column``, ``row``).

    Raises FormatProblem when there is none.
    """
    found = _find(content, path)
    return found.node, found.kind


def with_node(content: Mapping[str, Any], path: str, node: Mapping[str, Any]) -> dict[str, Any]:
    """The content with another node in the place of the one at ``path``. Raises FormatProblem."""
    new = copy.deepcopy(dict(content))
    found = _find(new, path)
    _require_free(found.parts, str(node["id"]), beside=found.at)
    found.parts[found.at] = dict(node)
    return new


def with_added(content: Mapping[str, Any], into: str, node: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """The content with a node as the last of ``into`` (empty: a tab), and the new node's path.

    Raises FormatProblem when nothing of the kind can stand there, or the id is taken.
    """
    new = copy.deepcopy(dict(content))
    if into:
        found = _find(new, into)
        parent, place = found.node, takes(found.node, found.kind)
        if not place:
            raise FormatProblem([f"{into}: nothing can be added to a {found.kind} of this type."])
    else:
        parent, place = new, ""
    key = LISTS[place][0]
    holder = parent["table"] if place in ("table", "column_table") else parent
    parts = holder.setdefault(key, [])
    _require_free(parts, str(node["id"]))
    parts.append(dict(node))
    return new, f"{into}.{node['id']}" if into else str(node["id"])


def _require_free(parts: list[Any], wanted: str, beside: int = -1) -> None:
    if any(_is_node(part) and part["id"] == wanted and at != beside for at, part in enumerate(parts)):
        raise FormatProblem([f"The id {wanted} is taken here; give another."])


def without(content: Mapping[str, Any], path: str) -> dict[str, Any]:
    """The content without the node at ``path`` and all that is in it. Raises FormatProblem."""
    new = copy.deepcopy(dict(content))
    found = _find(new, path)
    del found.parts[found.at]
    return new


def with_moved(content: Mapping[str, Any], path: str, steps: int) -> dict[str, Any]:
    """The content with the node moved down its list by ``steps`` (up when negative), at most to its end.

    Raises FormatProblem.
    """
    new = copy.deepcopy(dict(content))
    found = _find(new, path)
    node = found.parts.pop(found.at)
    found.parts.insert(max(0, min(found.at + steps, len(found.parts))), node)
    return new


def new_node(kind: str, node_id: str, label: str, node_type: str) -> dict[str, Any]:
    """A node to begin with: of a kind, and of a type where it is a field, column or row."""
    node: dict[str, Any] = {"id": node_id, "label": label}
    if kind == "tab":
        node["sections"] = []
    elif kind == "section":
        node["fields"] = []
    else:
        node = {"id": node_id, "type": node_type, "label": label}
        if node_type == "group":
            node["fields"] = []
        elif node_type == "table":
            node["table"] = {"kind": "fixed", "columns": [], "rows": []}
        elif node_type == "dynamic_table":
            node["table"] = {"kind": "row_dynamic", "columns": []}
        elif node_type in ("select", "radio", "multiselect"):
            node["options"] = [{"value": "yes", "label": "Yes"}, {"value": "no", "label": "No"}]
    return node
