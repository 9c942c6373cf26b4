"""The columns of the two kinds of file: what they are called, and how a cell becomes a value and back."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from banks.branches import require_usable_code
from banks.models import Bank, Branch

_TRUE = frozenset({"yes", "y", "true", "1", "active"})
_FALSE = frozenset({"no", "n", "false", "0", "inactive"})
_NOT_WORD = re.compile(r"[^a-z0-9]+")
_SPACES = re.compile(r"\s+")
# Controls, and what takes no room or turns the text around; joiners (200C, 200D) belong to Indian scripts.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
)
_DEGREES = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")


@dataclass(frozen=True)
class Sheet:
    """A kind of file. ``columns`` are fields of ``model``; ``unique`` ones differ from record to record."""

    noun: str
    plural: str
    model: type[models.Model]
    columns: tuple[str, ...]
    unique: tuple[str, ...] = ("code",)
    capitals: frozenset[str] = frozenset()

    def field(self, name: str) -> Any:
        return self.model._meta.get_field(name)

    def label(self, name: str) -> str:
        """What people call a column: ``IFSC``, ``PIN code``."""
        said = str(self.field(name).verbose_name)
        return said[:1].upper() + said[1:]

    @cached_property
    def _by_heading(self) -> Mapping[str, str]:
        spelt = {_normal(name): name for name in self.columns}
        return {_normal(self.label(name)): name for name in self.columns} | spelt

    def column(self, heading: str) -> str | None:
        """The column of a heading, however it is spelt: ``pin_code``, ``PIN code``; None when unknown."""
        return self._by_heading.get(_normal(heading))

    def requires(self, name: str) -> bool:
        """Whether a record cannot be without it. What has a default is not required of a new record."""
        field = self.field(name)
        return not field.blank and not field.has_default()

    def value(self, name: str, cell: str) -> Any:
        """What a cell says, validated. Raises ValidationError, whose sentences name the way out."""
        text = _SPACES.sub(" ", cell).strip()
        if _UNSEEN.search(text):
            raise ValidationError("It holds a character that cannot be seen. Type the value anew.")
        if name in self.capitals:
            text = text.upper()
        field = self.field(name)
        if isinstance(field, models.BooleanField):
            return _truth(text)
        if isinstance(field, models.FloatField):
            return _number(field, text)
        if not text:
            if self.requires(name):
                raise ValidationError(f"It is empty. Every {self.noun} has one.")
            return ""
        if field.choices:
            return _choice(field, text)
        cleaned = field.clean(text, None)
        if name == "code" and self.model is Branch:
            require_usable_code(cleaned)
        return cleaned

    def absent(self, name: str) -> Any:
        """What a record has where nothing was said: a new one, or one older than the field."""
        field = self.field(name)
        if isinstance(field, models.BooleanField):
            return True
        return None if isinstance(field, models.FloatField) else ""

    def cell(self, name: str, value: Any) -> str:
        """A value as the file has it; ``value`` takes it back."""
        if value is None:
            return ""
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, float):
            return repr(int(value)) if value.is_integer() else repr(value)
        return str(value)


def _normal(heading: str) -> str:
    return _NOT_WORD.sub("", heading.casefold())


def _truth(text: str) -> bool:
    word = text.casefold()
    if word in _TRUE or not word:
        return True
    if word in _FALSE:
        return False
    raise ValidationError("Write yes or no.")


def _number(field: Any, text: str) -> float | None:
    if not text:
        return None
    # Python would read 18_52 too, and nan.
    number = float(text) if _DEGREES.fullmatch(text) else math.nan
    if not math.isfinite(number):
        raise ValidationError("Write degrees with a point, for example 18.5204.")
    value: float = field.clean(number, None)
    return value


def _choice(field: Any, text: str) -> str:
    """By value or by label, in capitals or not."""
    word = _normal(text)
    for value, label in field.choices:
        if word in (_normal(str(value)), _normal(str(label))):
            return str(value)
    offered = ", ".join(str(value) for value, _ in field.choices)
    raise ValidationError(f"Write one of: {offered}.")


BRANCHES = Sheet(
    noun="branch",
    plural="branches",
    model=Branch,
    columns=(
        *("code", "name", "ifsc", "micr", "street", "area", "landmark", "city", "district", "state"),
        *("pin_code", "phone", "email", "manager_name", "manager_phone", "latitude", "longitude"),
        "is_active",
    ),
    unique=("code", "ifsc"),
    capitals=frozenset({"ifsc"}),
)
BANKS = Sheet(
    noun="bank",
    plural="banks",
    model=Bank,
    columns=("code", "name", "short_name", "bank_type", "city", "state", "is_active"),
    capitals=frozenset({"code"}),
)
