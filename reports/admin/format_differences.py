"""The differences of two versions, put together by tab and section for a page. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from banks.formats.changing import node_at
from banks.formats.comparing import Difference

_WHOLE = {"parameters": "Parameters", "headline": "Headline figures", "document": "The printed document"}
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Line:
    """One difference in words. ``place`` is the path inside its section."""

    kind: str
    what: str
    label: str
    place: str
    before: str
    after: str


@dataclass(slots=True)
class Group:
    """The differences of one section (or of a tab itself, the parameters, the document)."""

    title: str
    lines: list[Line] = field(default_factory=list)


def grouped(older: Mapping[str, Any], newer: Mapping[str, Any], found: Sequence[Difference]) -> list[Group]:
    """The differences in groups, in the order of the newer version."""
    groups: dict[str, Group] = {}
    for one in found:
        key = _group_of(one.path)
        if key not in groups:
            groups[key] = Group(_title(older, newer, key))
        groups[key].lines.append(_line(one, key))
    return list(groups.values())


def _group_of(path: str) -> str:
    first, *rest = path.split(".")
    return first if first in _WHOLE or not rest else f"{first}.{rest[0]}"


def _title(older: Mapping[str, Any], newer: Mapping[str, Any], key: str) -> str:
    if not key:
        return "The format as a whole"
    if key in _WHOLE:
        return _WHOLE[key]
    steps = key.split(".")
    labels = []
    for upto in range(1, len(steps) + 1):
        path = ".".join(steps[:upto])
        node = node_at(newer, path) or node_at(older, path) or {}
        labels.append(str(node.get("label") or steps[upto - 1]))
    return ": ".join(labels)


def _line(one: Difference, key: str) -> Line:
    before, after = _said(one.before), _said(one.after)
    if one.kind == "moved" and isinstance(one.before, int):
        before, after = f"place {one.before}", f"place {one.after}"
    if (
        one.kind in ("added", "removed")
        and isinstance(one.after or one.before, Mapping)
        and one.what != "text"
    ):
        inside = _inside(one.after or one.before)
        before, after = (inside, "") if one.kind == "removed" else ("", inside)
    place = one.path.removeprefix(key).lstrip(".")
    what = one.what.removeprefix("table.").replace("validation.", "limit: ").replace("_", " ")
    return Line(one.kind, what, one.label, place, before, after)


def _inside(node: Mapping[str, Any]) -> str:
    """What a node that came or went is: its type, and how many parts are in it. In a draft all may be odd."""
    lists = [
        holder.get(name)
        for holder in (node, node.get("table"))
        if isinstance(holder, Mapping)
        for name in ("sections", "fields", "columns", "row_fields", "rows")
    ]
    number = sum(len(parts) for parts in lists if isinstance(parts, list))
    kind = str(node.get("type") or "").replace("_", " ")
    parts = f"{number} part{'' if number == 1 else 's'}" if number else ""
    return ", ".join(filter(None, (kind, parts, str(node.get("formula") or ""))))


def _said(value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping) and {"field", "operator"} <= set(value):
        return f"{value['field']} {value['operator']} {_said(value.get('value'))}".strip()
    if isinstance(value, Mapping):
        text = "; ".join(f"{name}: {_said(one)}" for name, one in value.items())
    elif isinstance(value, list):
        text = ", ".join(_said(one) for one in value)
    else:
        text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
