"""Renaming an organization: its name, and the initials of the references that are still to be given.

Never its org_id, which names its database. References that were given stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.utils import timezone

from tenants.audit import record_audit
from tenants.errors import TenancyError
from tenants.models import Organization, OrganizationStatus, User
from tenants.mongodb.transaction import run_atomically
from tenants.naming import CONTROL_ALIAS

RENAMED = "organization.renamed"


class RenameRefused(TenancyError):
    """The organization is deleted, or an operation is working on it."""


@dataclass(frozen=True, slots=True)
class Renaming:
    """What was changed: field → {"from", "to"}; empty when everything was so already."""

    organization: Organization
    changes: dict[str, dict[str, str]]


def rename_organization(
    organization: Organization,
    *,
    by: User | None,
    name: str = "",
    initials: str = "",
    letterhead: bool = False,
) -> Renaming:
    """Give the organization another name or other initials; an empty one stays.

    ``letterhead`` prints the name on documents issued from now on, too. Raises ValidationError naming the
    field, RenameRefused.
    """
    renaming = run_atomically(
        lambda: _rename(organization.org_id, name.strip(), initials.strip(), letterhead, by),
        using=CONTROL_ALIAS,
    )
    organization.name, organization.initials = renaming.organization.name, renaming.organization.initials
    organization.letterhead = renaming.organization.letterhead
    return renaming


def _rename(org_id: str, name: str, initials: str, letterhead: bool, by: User | None) -> Renaming:
    found = Organization.objects.get(org_id=org_id)
    _require_free(found)
    before = _printed(found)
    found.name = name or found.name
    found.initials = initials or found.initials
    if letterhead:
        found.letterhead = {**(found.letterhead or {}), "name": found.name}
    found.full_clean()
    after = _printed(found)
    changes = {key: {"from": before[key], "to": after[key]} for key in after if before[key] != after[key]}
    if changes:
        _store(found, changes)
        record_audit(RENAMED, by=by, organization=found, target=org_id, details={"changes": changes})
    return Renaming(found, changes)


def _require_free(organization: Organization) -> None:
    if organization.status == OrganizationStatus.DELETED:
        raise RenameRefused(f"“{organization.org_id}” is deleted; nothing of it can be renamed.")
    if organization.operation is not None:
        raise RenameRefused(
            f"An operation is working on “{organization.org_id}”. Rename it when that is done or cancelled."
        )


def _printed(organization: Organization) -> dict[str, str]:
    return {
        "name": organization.name,
        "initials": organization.initials,
        "letterhead.name": str((organization.letterhead or {}).get("name", "")),
    }


def _store(organization: Organization, changes: dict[str, Any]) -> None:
    """The changed values alone: a manager may be changing other lines of the letterhead in this moment."""
    connection: Any = connections[CONTROL_ALIAS]
    changed = connection.get_collection(Organization._meta.db_table).update_one(
        {"_id": organization.pk, "operation": None},
        {"$set": {**{key: one["to"] for key, one in changes.items()}, "updated_at": timezone.now()}},
        session=connection.session,
    )
    if not changed.matched_count:
        _require_free(Organization.objects.get(pk=organization.pk))
