"""What a person has chosen for the own work in the firm: looks, what comes first, which letters come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError
from django.utils import timezone

from tenants.audit import record_activity
from tenants.models import User, UserSettings

DEFAULTS: Mapping[str, Any] = {
    "theme": "system",
    "density": "comfortable",
    "default_bank": "",
    "muted": [],
    "favourite_formats": [],
}


def preferences_of(user_id: str) -> dict[str, Any]:
    """What the person has chosen in the active firm, by the names of ``DEFAULTS``. One command."""
    found = UserSettings.objects.filter(user_id=user_id).values(*DEFAULTS).first()
    # A copy or a restore of older data may lack what was added since.
    return {name: (found or {}).get(name) or default for name, default in DEFAULTS.items()}


def change_preferences(*, by: User, before: Mapping[str, Any], **chosen: Any) -> dict[str, Any]:
    """Store what differs from ``before`` (``preferences_of``) and record it. Returns the changes by name."""
    changes = {
        name: {"from": before[name], "to": value} for name, value in chosen.items() if before[name] != value
    }
    if not changes:
        return {}
    user_id = str(by.pk)
    values = {**{name: chosen[name] for name in changes}, "updated_at": timezone.now()}
    if not UserSettings.objects.filter(user_id=user_id).update(**values):
        try:
            UserSettings.objects.create(user_id=user_id, **values)
        except IntegrityError:
            # Another window of the same person has made the settings in this moment.
            UserSettings.objects.filter(user_id=user_id).update(**values)
    record_activity("settings_changed", by=by, target=by.name, details={"changes": changes})
    return changes
