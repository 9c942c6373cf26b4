"""Which e-mail addresses people of a firm had before: the system's record has the address of then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connections

from tenants.auditing.hashing import AUDIT
from tenants.naming import CONTROL_ALIAS

# What changes an address: the person, by the link in a letter, or the staff.
_CHANGING = ("person.email_changed", "person.changed")


def former_addresses(org_id: str) -> dict[str, str]:
    """Former address → present address, of everybody who is or was in the firm. One command."""
    connection: Any = connections[CONTROL_ALIAS]
    found = connection.get_collection(AUDIT.collection).find(
        {"org_id": org_id, "action": {"$in": [*_CHANGING]}, "details.changes.email": {"$exists": True}},
        {"details.changes.email": 1},
        sort=[("at", 1)],
    )
    with found:
        return resolved(one["details"]["changes"]["email"] for one in found)


def resolved(changes: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The same, of changes (``from``, ``to``), the earliest first. Pure."""
    present: dict[str, str] = {}
    for change in changes:
        old, new = str(change.get("from") or ""), str(change.get("to") or "")
        for former in [one for one, now in present.items() if now == old]:
            present[former] = new
        present[old] = new
        # Whoever takes an address back has it again.
        present.pop(new, None)
    present.pop("", None)
    return present
