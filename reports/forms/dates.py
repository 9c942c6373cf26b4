"""Limits of dates: a fixed day, today, or the answer of another question. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from banks.formats.definition import Field
from reports.calculation.engine import Calculation

TODAY = "today"


def date_problem(
    item: Field, answer: str, *, today: date, answers: Mapping[str, Any], calculation: Calculation
) -> str:
    """What is wrong with a date (ISO text): the format's words and the limit, or ``""``.

    A limit by another question holds while that question is shown and answered.
    """
    day = date.fromisoformat(answer)
    least = _limit(item.validation.min_date, today, answers, calculation)
    most = _limit(item.validation.max_date, today, answers, calculation)
    if least is not None and day < least:
        return _said(item, f"At least {in_words(least, today)}.")
    if most is not None and day > most:
        return _said(item, f"At most {in_words(most, today)}.")
    return ""


def fixed_limit(limit: str | None, today: date) -> str:
    """The limit as ISO text where it does not hang on another answer, for a date box; else ``""``."""
    if limit == TODAY:
        return today.isoformat()
    return limit if limit and _fixed(limit) is not None else ""


def in_words(day: date, today: date) -> str:
    """``23-11-2026``, or ``today, 23-11-2026``."""
    text = day.strftime("%d-%m-%Y")
    return f"today, {text}" if day == today else text


def _limit(
    limit: str | None, today: date, answers: Mapping[str, Any], calculation: Calculation
) -> date | None:
    if not limit:
        return None
    if limit == TODAY:
        return today
    fixed = _fixed(limit)
    if fixed is not None or calculation.is_hidden(limit):
        return fixed
    found: Any = answers
    for key in limit.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return _fixed(found) if isinstance(found, str) else None


def _fixed(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _said(item: Field, rule: str) -> str:
    return f"{item.validation.message} {rule}" if item.validation.message else rule
