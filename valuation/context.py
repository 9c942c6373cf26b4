"""What every template knows besides the view's own context."""

from __future__ import annotations

from typing import Any, cast

from django.http import HttpRequest

from tenants.account.appearance import DENSITIES, THEMES
from tenants.models import User
from tenants.permissions import permissions_of


def appearance(request: HttpRequest) -> dict[str, Any]:
    """Theme and density from the person's cookies, the accent from the firm."""
    theme = request.COOKIES.get("theme", "system")
    density = request.COOKIES.get("density", "comfortable")
    organization = getattr(request, "organization", None)
    person = getattr(request, "user", None)
    return {
        "theme": theme if theme in THEMES else "system",
        "density": density if density in DENSITIES else "comfortable",
        "accent": organization.accent if organization else "teal",
        "themes": THEMES,
        # What the person may do in the firm: "manage_people" in may.
        "may": permissions_of(cast(User, person)) if organization and person is not None else frozenset(),
    }
