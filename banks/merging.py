"""A shared bank and what one firm changed or added, laid over each other. Plain data in and out.

The firm's values stand above the shared ones; each value remembers where it is from, so that a page can say
"changed by your firm" and put it back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

BANK_FIELDS = ("name", "short_name", "bank_type", "city", "state")
BRANCH_FIELDS = (
    "name",
    "ifsc",
    "micr",
    "street",
    "area",
    "landmark",
    "city",
    "district",
    "state",
    "pin_code",
    "phone",
    "email",
    "manager_name",
    "manager_phone",
    "latitude",
    "longitude",
)


class Origin(StrEnum):
    """Where a value is from."""

    SHARED = "shared"
    FIRM = "firm"


@dataclass(frozen=True, slots=True)
class MergedBranch:
    """A branch as a firm sees it. ``own`` when the firm added it; ``origins`` tells each value's source."""

    code: str
    values: Mapping[str, Any]
    origins: Mapping[str, Origin]
    own: bool = False

    @property
    def name(self) -> str:
        return str(self.values.get("name") or self.code)

    @property
    def ifsc(self) -> str:
        return str(self.values.get("ifsc") or "")

    @property
    def address(self) -> str:
        """Street, city, state and PIN code in one line; what is unknown is left out."""
        parts = [str(self.values.get(key) or "") for key in ("street", "area", "city", "district", "state")]
        line = ", ".join(dict.fromkeys(part for part in parts if part))
        return " ".join(part for part in (line, str(self.values.get("pin_code") or "")) if part)


@dataclass(frozen=True, slots=True)
class MergedBank:
    """A bank as a firm sees it, its visible branches in order of their names."""

    code: str
    values: Mapping[str, Any]
    origins: Mapping[str, Origin]
    branches: tuple[MergedBranch, ...] = field(default=())

    @property
    def name(self) -> str:
        return str(self.values.get("name") or self.code)

    @property
    def short_name(self) -> str:
        return str(self.values.get("short_name") or self.name)

    def branch(self, code: str) -> MergedBranch | None:
        """The visible branch of that code, or None."""
        return next((branch for branch in self.branches if branch.code == code), None)


def merge_bank(bank: Mapping[str, Any], override: Mapping[str, Any] | None = None) -> MergedBank | None:
    """The bank as the firm sees it, or None when it is inactive or the firm hides it.

    ``bank`` has ``code``, the BANK_FIELDS, ``is_active`` and ``branches`` (mappings with ``code``, the
    BRANCH_FIELDS and ``is_active``); ``override`` has ``hidden``, ``changes`` {field: value} and ``branches``
    {code: {field: value}}. A branch of the override changes the shared branch of that code, hides it with
    ``hidden: true``, or is the firm's own when there is none. Fields that neither knows are left out, and a
    code is never changed.
    """
    override = override or {}
    if not bank.get("is_active", True) or override.get("hidden"):
        return None
    values, origins = _laid_over(bank, override.get("changes") or {}, BANK_FIELDS)
    return MergedBank(str(bank["code"]), values, origins, _branches(bank, override.get("branches") or {}))


def _branches(bank: Mapping[str, Any], changed: Mapping[str, Mapping[str, Any]]) -> tuple[MergedBranch, ...]:
    shared = {str(branch["code"]): branch for branch in bank.get("branches") or ()}
    merged = []
    for code in [*shared, *(code for code in changed if code not in shared)]:
        base: Mapping[str, Any] = shared.get(code, {})
        change = changed.get(code, {})
        if change.get("hidden") or not base.get("is_active", True):
            continue
        values, origins = _laid_over(base, change, BRANCH_FIELDS)
        merged.append(MergedBranch(code, values, origins, own=code not in shared))
    return tuple(sorted(merged, key=lambda branch: (branch.name.casefold(), branch.code)))


def _laid_over(
    base: Mapping[str, Any], change: Mapping[str, Any], names: tuple[str, ...]
) -> tuple[dict[str, Any], dict[str, Origin]]:
    values: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for name in names:
        if name in change:
            values[name], origins[name] = change[name], Origin.FIRM
        elif name in base:
            values[name], origins[name] = base[name], Origin.SHARED
    return values, origins
