"""What an entry says, as plain JSON: it comes back from the database exactly as it went in."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import models

# What BSON keeps as a whole number.
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1


def plain(value: Any) -> Any:
    """Text, finite numbers, truth, nothing, and lists and mappings of these; all else becomes text."""
    if isinstance(value, Mapping):
        return {_text(str(key)): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, Set):
        return sorted((plain(one) for one in value), key=str)
    return _leaf(value)


def _leaf(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    # Not what is derived from them: an enum is stored as its value.
    if isinstance(value, int):
        return int(value) if _SMALLEST <= value <= _LARGEST else str(int(value))
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return _text(str.__str__(value))
    if isinstance(value, models.Model):
        return str(value.pk)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return _text(str(value))


def _text(text: str) -> str:
    """Without what neither UTF-8 nor a key of BSON can hold."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "")
