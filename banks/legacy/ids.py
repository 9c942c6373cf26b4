"""Ids that the schema takes: made from the old ones, each once in its scope."""

from __future__ import annotations

import keyword
import re

LONGEST = 60
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z][a-z])")
_OTHER = re.compile(r"[^a-z0-9]+")


def clean_id(text: str) -> str:
    """``plotSize``, ``Plot Size`` → ``plot_size``; empty where nothing of the text can stand in an id."""
    name = _OTHER.sub("_", _CAMEL.sub("_", text).lower()).strip("_")[:LONGEST].rstrip("_")
    if not name:
        return ""
    if not name[0].isalpha():
        name = f"f_{name}"[:LONGEST]
    # A formula could not name a field called "class" or "in", and "parameter" means something else there.
    return f"{name}_field"[:LONGEST] if keyword.iskeyword(name) or name == "parameter" else name


def label_of(field_id: str) -> str:
    """Words for something that has an id and no label: ``plot_size`` → ``Plot size``."""
    return field_id.replace("_", " ").strip().capitalize()


class Ids:
    """The ids of one scope."""

    def __init__(self, *taken: str) -> None:
        self._taken = set(taken)

    def claim(self, old: str, *others: str, fallback: str) -> str:
        """A free id made from the old one, or from the first of ``others`` that gives one."""
        wanted = next((name for text in (old, *others) if (name := clean_id(text))), fallback)
        free, number = wanted, 2
        while free in self._taken:
            ending = f"_{number}"
            free = f"{wanted[: LONGEST - len(ending)]}{ending}"
            number += 1
        self._taken.add(free)
        return free
