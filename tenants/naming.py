"""The names of databases: the two static aliases, and the rule for org_ids."""

from __future__ import annotations

import re

CONTROL_ALIAS = "default"
SHARED_ALIAS = "shared"

ORG_ID_PATTERN = re.compile(r"[a-z][a-z0-9_]{2,37}")
# Names that MongoDB or this application uses, or that the test machinery would take for its own.
RESERVED_NAMES = frozenset(
    {
        "admin",
        "local",
        "config",
        "default",
        "shared",
        "analytics",
        "valuation_admin",
        "shared_resources",
        "valuation_analytics",
    }
)
RESERVED_PREFIXES = ("test_", "__")


def is_org_id(value: str) -> bool:
    """Whether ``value`` may be an org_id (it may still belong to nobody)."""
    return org_id_problem(value) is None


def org_id_problem(value: str) -> str | None:
    """What is wrong with ``value`` as an org_id, in words, or None."""
    if ORG_ID_PATTERN.fullmatch(value) is None:
        return (
            "An organization id has 3 to 38 characters: lower-case letters, digits and underscores, "
            "beginning with a letter."
        )
    if value in RESERVED_NAMES or value.startswith(RESERVED_PREFIXES):
        return f"“{value}” is reserved. Choose another organization id."
    return None
