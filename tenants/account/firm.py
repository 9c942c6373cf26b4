"""Whose record an entry about somebody belongs to."""

from __future__ import annotations

from tenants.models import User


def firm_of(person: User) -> str | None:
    """The org_id of the person's own firm. Staff have none, in whichever firm they are for support."""
    return None if person.is_staff else person.organization_id
