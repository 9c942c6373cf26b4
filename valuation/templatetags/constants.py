"""Components whose markup depends on a few words alone: rendered once in a process, then kept.

A page has some sixty icons; rendering the same ones again was most of what a list page cost. Built into every
template (see TEMPLATES), so nothing has to be loaded. What they are given never comes from a firm.
"""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def icon(name: str, size: str = "", label: str = "", directional: bool = False) -> SafeString:
    """``{% icon name="plus" size="small" %}``: an icon of the sprite, see ``components/icon.html``."""
    return _rendered("components/icon.html", name=name, size=size, label=label, directional=directional)


@register.simple_tag
def status(status: str) -> SafeString:
    """``{% status report.status %}``: the state of a report, see ``components/status.html``."""
    return _rendered("components/status.html", status=str(status))


@lru_cache(maxsize=500)
def _rendered(component: str, **given: str | bool) -> SafeString:
    return render_to_string(component, given)
