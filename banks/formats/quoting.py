"""Answers quoted in texts of the declaration's table: ``Appointed by: {remarks.declaration.appointed_by}``.

A row of the table often asks for several things at once. Its text may quote the answer to any question by
its path in braces, and ``{valuer}`` for the name of who signs. Parameters are quoted as in every text of the
printed document, see ``banks.formats.families``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

VALUER = "valuer"
# A path has three or four steps, so that a parameter, which has two, is none.
_QUOTED = re.compile(r"\{(valuer|[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*){2,3})\}")
# What stands around an answer that is left out: "Home loan, ; appointed by".
_LEFT_OVER = re.compile(r"[\s,]+(?=;|$)")


def quoted_answers(text: str) -> Iterator[str]:
    """The path of every answer that a text quotes; the valuer's name is none."""
    yield from (name for name in _QUOTED.findall(text) if name != VALUER)


def with_answers(text: str, answer: Callable[[str], str]) -> str:
    """A text with ``answer(path)``, or ``answer("valuer")``, put in; an empty one leaves no comma behind."""
    filled = _QUOTED.sub(lambda found: answer(found[1]), text)
    return _LEFT_OVER.sub("", filled) if filled != text else text
