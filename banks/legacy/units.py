"""Units of area in the spellings of the former system, as ids of this one."""

from __future__ import annotations

import re

_SPELLINGS = {
    "sq_ft": "sqft sqfeet sqfoot sft ft2 squarefeet squarefoot",
    "sq_m": "sqm sqmt sqmts sqmtr sqmtrs sqmeter sqmeters sqmetre sqmetres smt m2 squaremetre squaremetres"
    " squaremeter squaremeters",
    "sq_yd": "sqyd sqyds sqyard sqyards squareyard squareyards yd2 syd",
    "gaj": "gaj gajam gaz",
    "acre": "acre acres ac",
    "hectare": "hectare hectares ha",
    "are": "are ares",
    "cent": "cent cents",
    "decimal": "decimal decimals dismil",
    "guntha": "guntha gunthas gunta guntas",
    "ground": "ground grounds",
    "ankanam": "ankanam ankanams",
    "marla": "marla marlas",
    "kanal": "kanal kanals",
    "bigha": "bigha bighas",
    "biswa": "biswa biswas",
    "katha": "katha kathas kattha cottah",
    "dhur": "dhur dhurs",
}
_BY_SPELLING = {spelling: unit for unit, words in _SPELLINGS.items() for spelling in words.split()}
LABELS = {"sq_ft": "sq ft", "sq_m": "sq m", "sq_yd": "sq yd"}
_NOT_LETTERS = re.compile(r"[^a-z0-9²]")
# "per sq. ft.", "Rs/sqm", "(in Sq.yd)": the words that may follow, at most three of them.
_LEADS = re.compile(r"(?:\bper\b|/|\bin\b|\()\s*(?=((?:[a-z²0-9]+[.\s]*){1,3}))")


def find_unit(text: str) -> str | None:
    """The id of a unit of area as somebody spelt it, or None."""
    return _BY_SPELLING.get(_NOT_LETTERS.sub("", text.lower()).replace("²", "2"))


def unit_label(unit: str) -> str:
    return LABELS.get(unit, unit)


def unit_named_in(text: str) -> str | None:
    """The one unit of area that a label names (``Rate per Sq.ft. (Rs.)``); None when none or several."""
    lowered = text.lower()
    found = set()
    for match in _LEADS.finditer(lowered):
        words = re.findall(r"[a-z0-9²]+", match.group(1))
        for count in range(len(words), 0, -1):
            unit = find_unit("".join(words[:count]))
            if unit:
                found.add(unit)
                break
    return found.pop() if len(found) == 1 else None
