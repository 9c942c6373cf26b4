"""Which characters the vendored fonts can draw, and text brought down to those.

PDF/A refuses a document with a character that no embedded font has, so one emoji in a remark would stop a
report from being issued. Every text is therefore spelt with what the fonts have before it is laid out.
"""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

FONTS = Path(__file__).with_name("fonts")
# Drawn for a character that no font has; it is in Noto Sans itself.
REPLACEMENT = "\ufffd"
_SPELT = {
    "→": "->", "←": "<-", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "−": "–", "✓": "Yes", "✔": "Yes",
    "✗": "No", "✘": "No", "■": "•", "□": "•", "●": "•", "○": "•", "▪": "•", "◦": "•", "★": "*", "☆": "*",
    "\t": " ", "\r": "\n", "\x0b": "\n", "\x0c": "\n", "\u2028": "\n", "\u2029": "\n",
}  # fmt: skip
_JOINERS = frozenset("\u200c\u200d")


def printable(text: str, lost: set[str] | None = None) -> str:
    """``text`` in composed form with only characters that can be drawn, spaces and line breaks.

    Controls and invisible marks of direction vanish (a mark of direction can make a figure read backwards);
    joiners stay, because Indic and Arabic scripts are written with them. Characters that become the
    replacement sign are added to ``lost``.
    """
    if text.isascii() and text.isprintable():
        return text
    known = _coverage()
    out: list[str] = []
    for character in unicodedata.normalize("NFC", text.replace("\r\n", "\n")):
        if character == "\n" or character in _JOINERS:
            out.append(character)
        elif character in _SPELT:
            out.append(_SPELT[character])
        elif unicodedata.category(character) in {"Cc", "Cf"} or character in "\ufe0e\ufe0f":
            continue
        elif ord(character) in known and unicodedata.category(character) != "Co":
            out.append(character)
        else:
            out.append(REPLACEMENT)
            if lost is not None:
                lost.add(character)
    return "".join(out)


def printable_tree(value: Any, lost: set[str] | None = None) -> Any:
    """JSON-able data with every text in it (keys excepted) made ``printable``."""
    if isinstance(value, str):
        return printable(value, lost)
    if isinstance(value, Mapping):
        return {key: printable_tree(item, lost) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [printable_tree(item, lost) for item in value]
    return value


@cache
def _coverage() -> frozenset[int]:
    """Code points that a regular font has; a family with a bold font counts what both have."""
    found: set[int] = set()
    for regular in sorted(FONTS.glob("*-Regular.ttf")):
        points = code_points(regular)
        bold = regular.with_name(regular.name.replace("-Regular", "-Bold"))
        found |= points & code_points(bold) if bold.exists() else points
    return frozenset(found)


def code_points(font: Path) -> set[int]:
    """The code points that a TrueType file maps to a glyph, from its ``cmap`` table (formats 4 and 12)."""
    data = font.read_bytes()
    tables = struct.unpack_from(">H", data, 4)[0]
    start = next(
        struct.unpack_from(">I", data, record + 8)[0]
        for record in range(12, 12 + 16 * tables, 16)
        if data[record : record + 4] == b"cmap"
    )
    points: set[int] = set()
    for index in range(struct.unpack_from(">H", data, start + 2)[0]):
        offset = start + struct.unpack_from(">I", data, start + 4 + 8 * index + 4)[0]
        kind = struct.unpack_from(">H", data, offset)[0]
        if kind == 4:
            points.update(_format_4(data, offset))
        elif kind == 12:
            points.update(_format_12(data, offset))
    return points


def _format_4(data: bytes, offset: int) -> Iterator[int]:
    doubled = struct.unpack_from(">H", data, offset + 6)[0]
    count = doubled // 2
    ends = struct.unpack_from(f">{count}H", data, offset + 14)
    starts = struct.unpack_from(f">{count}H", data, offset + 16 + doubled)
    deltas = struct.unpack_from(f">{count}H", data, offset + 16 + 2 * doubled)
    ranges_at = offset + 16 + 3 * doubled
    ranges = struct.unpack_from(f">{count}H", data, ranges_at)
    for index in range(count):
        for point in range(starts[index], min(ends[index], 0xFFFE) + 1):
            glyph = point
            if ranges[index]:
                where = ranges_at + 2 * index + ranges[index] + 2 * (point - starts[index])
                glyph = struct.unpack_from(">H", data, where)[0]
                if not glyph:
                    continue
            if (glyph + deltas[index]) & 0xFFFF:
                yield point


def _format_12(data: bytes, offset: int) -> Iterator[int]:
    for index in range(struct.unpack_from(">I", data, offset + 12)[0]):
        first, last, glyph = struct.unpack_from(">III", data, offset + 16 + 12 * index)
        yield from range(first if glyph else first + 1, last + 1)
