"""Parts of a format as text that a person can type, and back. Pure.

Every kind is a pair of functions that undo each other; what is not typed over keeps the very value it had,
so that saving a form changes nothing that nobody touched.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_BETWEEN = " = "
_COLUMN = " | "


class Unreadable(ValueError):
    """What was typed has not the form asked for; the text says what to write."""


@dataclass(frozen=True, slots=True)
class Way:
    """How one kind of value is shown and read. ``read`` gets the text and the value as it was."""

    show: Callable[[Any], str]
    read: Callable[[str, Any], Any]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _pair(line: str) -> tuple[str, str]:
    left, found, right = line.partition("=")
    if not found or not left.strip() or not right.strip():
        raise Unreadable(f"“{line}” has not the form name = value; write it so, one a line.")
    return left.strip(), right.strip()


def _read_text(text: str, before: Any) -> Any:
    return text.strip() or None


def _read_whole(text: str, before: Any) -> Any:
    if not text.strip():
        return None
    try:
        return int(text)
    except ValueError:
        raise Unreadable(f"“{text}” is no whole number; write digits alone.") from None


def _read_list(text: str, before: Any) -> Any:
    return [part.strip() for part in text.split(",") if part.strip()] or None


def _show_paragraphs(value: Any) -> str:
    return "\n\n".join(str(one) for one in value)


def _read_paragraphs(text: str, before: Any) -> Any:
    parts = text.replace("\r\n", "\n").split("\n\n")
    return [" ".join(part.split()) for part in parts if part.strip()] or None


def _show_pairs(value: Mapping[str, Any]) -> str:
    return "\n".join(f"{name}{_BETWEEN}{one}" for name, one in value.items())


def _read_pairs(text: str, before: Any) -> Any:
    old = before if isinstance(before, Mapping) else {}
    new: dict[str, Any] = {}
    for line in _lines(text):
        name, value = _pair(line)
        if name in new:
            raise Unreadable(f"“{name}” stands there twice; keep one of them.")
        # A figure that nobody touched stays a number, where it was one.
        new[name] = old[name] if str(old.get(name)) == value else value
    return new or None


def _listed(left: str, right: str) -> Way:
    """Objects of two texts, one a line: ``left = right``. What else an object holds is kept by its left."""

    def show(value: Any) -> str:
        return "\n".join(f"{one.get(left, '')}{_BETWEEN}{one.get(right, '')}" for one in value)

    def read(text: str, before: Any) -> Any:
        old = {one.get(left): one for one in before or ()}
        pairs = [_pair(line) for line in _lines(text)]
        return [{**old.get(name, {}), left: name, right: value} for name, value in pairs] or None

    return Way(show, read)


def _show_options(value: Any) -> str:
    # The name of a set of options, where a file is written by hand.
    return value if isinstance(value, str) else _OPTIONS.show(value)


def _show_default(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _read_default(text: str, before: Any) -> Any:
    if not text.strip():
        return None
    if text.strip()[0] in "[{" or text.strip() in ("true", "false"):
        try:
            return json.loads(text, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise Unreadable('It is not JSON; write a text, true, or a list such as ["a"].') from None
    return text.strip()


def _show_comparison(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def _read_comparison(text: str, before: Any) -> Any:
    return text.strip() or None


def _show_abstract(value: Any) -> str:
    rows = []
    for one in value:
        paths = _COLUMN.join(f"{name}{_BETWEEN}{path}" for name, path in one.get("paths", {}).items())
        rows.append(f"{'* ' if one.get('emphasis') else ''}{one.get('label', '')}{_COLUMN}{paths}")
    return "\n".join(rows)


def _read_abstract(text: str, before: Any) -> Any:
    old = {one.get("label"): one for one in before or ()}
    rows = []
    for line in _lines(text):
        label, *cells = [part.strip() for part in line.split("|")]
        emphasis = label.startswith("*")
        label = label.lstrip("* ")
        if not label:
            raise Unreadable(f"“{line}” has no label; begin the line with one.")
        kept = {key: value for key, value in old.get(label, {}).items() if key != "emphasis"}
        row = {**kept, "label": label, "paths": dict(_pair(cell) for cell in cells if cell)}
        rows.append({**row, "emphasis": True} if emphasis else row)
    return rows or None


_OPTIONS = _listed("value", "label")
WAYS: Mapping[str, Way] = {
    "text": Way(str, _read_text),
    "area": Way(str, _read_text),
    "choice": Way(str, _read_text),
    "whole": Way(str, _read_whole),
    "list": Way(", ".join, _read_list),
    "lines": Way("\n".join, lambda text, before: _lines(text) or None),
    "paragraphs": Way(_show_paragraphs, _read_paragraphs),
    "pairs": Way(_show_pairs, _read_pairs),
    "options": Way(_show_options, _OPTIONS.read),
    "rows": _listed("id", "label"),
    "columns": _listed("id", "label"),
    "particulars": _listed("particulars", "answer"),
    "abstract": Way(_show_abstract, _read_abstract),
    "default": Way(_show_default, _read_default),
    "comparison": Way(_show_comparison, _read_comparison),
}


def at(node: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path of keys, or None."""
    here: Any = node
    for key in path.split("."):
        here = here.get(key) if isinstance(here, Mapping) else None
    return here


def put(node: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a dotted path, or take it away when it is None; an object left empty goes too."""
    key, _, rest = path.partition(".")
    if rest:
        inner = node.get(key)
        inner = dict(inner) if isinstance(inner, Mapping) else {}
        put(inner, rest, value)
        value = inner or None
    if value is None:
        node.pop(key, None)
    else:
        node[key] = value


def shown(way: str, value: Any) -> str:
    """A value as text; one of an unexpected shape as JSON, which is kept unless it is typed over."""
    if value is None:
        return ""
    try:
        return WAYS[way].show(value)
    except (AttributeError, TypeError, KeyError):
        return json.dumps(value, ensure_ascii=False)


def read(way: str, text: str, before: Any) -> Any:
    """The value that a text means; ``before`` itself when nothing was typed over. Raises Unreadable."""
    same = shown(way, before)
    if text.replace("\r\n", "\n").strip() == same.strip():
        return before
    return WAYS[way].read(text, before)
