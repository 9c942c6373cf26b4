"""How values look on the admin's pages: statuses, times, JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.template.defaultfilters import date as date_filter
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

NOTHING = "–"


def badge(word: str, tone: str = "") -> SafeString:
    """A status: its word, with a colour (good, warn, bad, or none) that adds nothing to the meaning."""
    return format_html('<span class="badge {}">{}</span>', tone, word)


def moment(value: datetime | None) -> SafeString | str:
    """A time for people, with the machine's form beside it."""
    if value is None:
        return NOTHING
    local = timezone.localtime(value)
    return format_html(
        '<time datetime="{}">{}</time>', local.isoformat(timespec="seconds"), date_filter(local, "j M Y, H:i")
    )


def as_json(value: Any) -> SafeString | str:
    """JSON set out to be read."""
    if value in (None, {}, []):
        return NOTHING
    return format_html(
        '<pre class="json">{}</pre>', json.dumps(value, indent=2, ensure_ascii=False, default=str)
    )


def facts(pairs: list[tuple[str, Any]]) -> SafeString | str:
    """Names and values as a small list."""
    if not pairs:
        return NOTHING
    return format_html('<dl class="facts">{}</dl>', format_html_join("", "<dt>{}</dt><dd>{}</dd>", pairs))


def lines(parts: Iterable[SafeString | str]) -> SafeString | str:
    """Several things, one to a line."""
    return format_html_join("", '<span class="line">{}</span>', ((part,) for part in parts)) or NOTHING


def size(octets: int) -> str:
    """``1.2 GB``."""
    return str(filesizeformat(octets))


def age(since: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that says it: ``5 minutes``, ``3 hours``, ``12 days``."""
    passed = max(now - since, timedelta())
    for unit, seconds in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        number = int(passed.total_seconds() // seconds)
        if number >= (2 if unit == "day" else 1):
            return f"{number} {unit}{'' if number == 1 else 's'}"
    return "less than a minute"
