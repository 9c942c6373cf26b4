"""Figures and moments as pages write them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from reports.calculation.numbers import group

register = template.Library()

_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


@register.filter
def rupees(value: Decimal | None) -> str:
    """``13928125.00`` → ``1,39,28,125``; paise only when there are some. Empty for no value."""
    if value is None:
        return ""
    return group(value, "indian", None if value == value.to_integral_value() else 2)


@register.filter
def grouped(value: int) -> str:
    """``123456`` → ``1,23,456``."""
    return group(Decimal(value), "indian")


@register.filter
def age(value: datetime | None) -> str:
    """How long ago, in one unit: ``just now``, ``12 minutes``, ``3 hours``, ``5 days``."""
    if value is None:
        return ""
    return in_words((timezone.now() - value).total_seconds())


def in_words(seconds: float) -> str:
    """A duration in one unit, rounded down; a negative one is ``just now`` (clocks differ)."""
    if seconds < _MINUTE:
        return "just now"
    if seconds < _HOUR:
        return _counted(int(seconds // _MINUTE), "minute")
    if seconds < _DAY:
        return _counted(int(seconds // _HOUR), "hour")
    return _counted(int(seconds // _DAY), "day")


def _counted(number: int, unit: str) -> str:
    return f"{number:,} {unit}{'' if number == 1 else 's'}"


@register.filter
def moment(value: datetime | None) -> str:
    """Today's time, yesterday, a day of this year, or a day of another year."""
    if value is None:
        return ""
    local, today = timezone.localtime(value), timezone.localdate()
    days = (today - local.date()).days
    if days == 0:
        return f"{local:%H:%M}"
    if days == 1:
        return "Yesterday"
    day = f"{local.day} {_MONTHS[local.month - 1]}"
    return day if local.year == today.year else f"{day} {local.year}"


@register.filter
def changed_by(value: datetime, name: str) -> SafeString:
    """The moment of a change as an element: machines read when, a hovering person who.

    One filter instead of three date formats: a list shows twenty of them.
    """
    local = timezone.localtime(value)
    return format_html(
        '<time class="soft" datetime="{}" title="{} {}, {}">{}</time>',
        local.isoformat(),
        local.day,
        f"{_MONTHS[local.month - 1]} {local:%Y, %H:%M}",
        name,
        moment(value),
    )


@register.filter
def words(value: str) -> str:
    """A code as words: ``land_building`` → ``Land building``."""
    text = value.replace("_", " ").replace("-", " ").strip()
    return text[:1].upper() + text[1:]


@register.filter
def at(mapping: Mapping[str, Any], key: str) -> Any:
    """The value that a mapping has for a key; empty text for none."""
    return mapping.get(key, "")
