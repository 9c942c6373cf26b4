"""Reference numbers of reports, by the firm's pattern.

A pattern is text with tokens in braces, e.g. ``{initials}/{seq:04}/{DDMMYYYY}`` → ``DO/0042/23112026``:

``{initials}``                     the firm's initials
``{bank}``                         the bank's code
``{seq}`` ``{seq:04}``             the running number, here at least four digits
``{seq:04:year}`` ``{seq:04:fy}``  the same, beginning at 1 every year or every financial year (from April)
``{DDMMYYYY}`` ``{DDMMYY}`` ``{YYYYMMDD}`` ``{YYYY}`` ``{YY}`` ``{MM}`` ``{DD}``
                                   the day on which the report is begun
``{FY}``                           the financial year, ``2026-27``
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

LONGEST_REFERENCE = 60
_TOKEN = re.compile(r"\{([^{}]*)\}")
_SEQUENCE = re.compile(r"seq(?::0?([1-9]))?(?::(year|fy))?")
_LITERAL = re.compile(r"[A-Za-z0-9/_. -]*")
_DATES = {
    "DDMMYYYY": "%d%m%Y",
    "DDMMYY": "%d%m%y",
    "YYYYMMDD": "%Y%m%d",
    "YYYY": "%Y",
    "YY": "%y",
    "MM": "%m",
    "DD": "%d",
}
# Tokens that tell one year from the next; a number that begins anew needs one of them.
_YEARS = {
    "year": {"DDMMYYYY", "DDMMYY", "YYYYMMDD", "YYYY", "YY"},
    "fy": {"FY"},
}


class PatternProblem(ValueError):
    """A reference pattern that cannot be used; the text says why and what to write."""


@dataclass(frozen=True, slots=True)
class ReferencePattern:
    """A pattern that has been read. ``reset`` is ``""`` (never), ``"year"`` or ``"fy"``."""

    text: str
    digits: int
    reset: str

    def counter(self, day: date) -> str:
        """The name of the counter that gives the next number on ``day``."""
        if self.reset == "year":
            return f"report-{day.year}"
        if self.reset == "fy":
            return f"report-fy-{financial_year(day)}"
        return "report"

    def fill(self, *, number: int, day: date, initials: str, bank_code: str) -> str:
        """The reference for one number and day."""

        def filled(match: re.Match[str]) -> str:
            token = match[1]
            if token.startswith("seq"):
                return str(number).zfill(self.digits)
            if token in _DATES:
                return day.strftime(_DATES[token])
            return {"initials": initials, "bank": bank_code, "FY": financial_year(day)}[token]

        return _TOKEN.sub(filled, self.text)


def financial_year(day: date) -> str:
    """``2026-27`` for any day from April 2026 to March 2027."""
    first = day.year if day.month >= 4 else day.year - 1
    return f"{first}-{(first + 1) % 100:02}"


def read_pattern(text: str) -> ReferencePattern:
    """Read a firm's pattern. Raises PatternProblem."""
    sequences = []
    for token in _TOKEN.findall(text):
        if match := _SEQUENCE.fullmatch(token):
            sequences.append(match)
        elif token not in _DATES and token not in ("initials", "bank", "FY"):
            raise PatternProblem(
                f"{{{token}}} is not known; use {{initials}}, {{bank}}, {{seq:04}}, {{DDMMYYYY}}, {{YYYY}} "
                "or {FY}."
            )
    if len(sequences) != 1:
        raise PatternProblem("The pattern needs the running number exactly once; write {seq:04}.")
    if not _LITERAL.fullmatch(_TOKEN.sub("", text)):
        raise PatternProblem("Beside tokens a pattern has letters, digits and / - _ . only.")
    digits, reset = int(sequences[0][1] or 1), sequences[0][2] or ""
    tokens = set(_TOKEN.findall(text))
    if reset and not tokens & _YEARS[reset]:
        needed = "{YYYY} or {DDMMYYYY}" if reset == "year" else "{FY}"
        raise PatternProblem(f"A number that begins anew needs the year beside it; add {needed}.")
    pattern = ReferencePattern(text, digits, reset)
    longest = pattern.fill(number=10**8, day=date(2026, 11, 23), initials="X" * 6, bank_code="X" * 20)
    if len(longest) > LONGEST_REFERENCE:
        raise PatternProblem(f"References would have more than {LONGEST_REFERENCE} characters; shorten it.")
    return pattern
