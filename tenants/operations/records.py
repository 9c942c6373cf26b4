"""Adding, changing and removing single records that staff keep, each with its entry in the audit trail.

For what has no rules beyond its own validation: plans, subscriptions, clusters, banks, document types. What
has more (organizations, people, formats) has verbs of its own, which use these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import models

from tenants.audit import record_audit
from tenants.context import shared_resources_writable
from tenants.models import Organization, User
from tenants.mongodb.transaction import atomic
from tenants.naming import CONTROL_ALIAS
from tenants.planes import Plane, plane_of


def add_record(record: models.Model, *, by: User, details: Mapping[str, Any] | None = None) -> None:
    """Store a new, validated record."""
    with _writable(record):
        record.save(force_insert=True)
        _audit("added", record, by, dict(details or {}))


def change_record(
    record: models.Model, *, before: Mapping[str, Any], by: User, action: str = "changed"
) -> dict[str, Any]:
    """Store the fields that ``before`` names (field name → old value) as they are in ``record`` now.

    Nothing but those fields is written, so that what somebody else changed meanwhile stays. Returns what
    was recorded: ``{field: {"from": …, "to": …}}``, empty when nothing differs (then nothing is written).
    """
    changes = {
        name: {"from": plain(old), "to": plain(new)}
        for name, old in before.items()
        if plain(old) != plain(new := record.serializable_value(name))
    }
    if not changes:
        return {}
    with _writable(record):
        record.save(update_fields=[*changes, *_touched_on_saving(record)])
        _audit(action, record, by, {"changes": changes})
    return changes


def remove_record(record: models.Model, *, by: User) -> None:
    """Delete a record. Raises ProtectedError while others refer to it."""
    target, organization = str(record), _organization_of(record)
    with _writable(record):
        record.delete()
        record_audit(f"{noun(record)}.removed", by=by, organization=organization, target=target)


def plain(value: Any) -> Any:
    """A value as the audit trail keeps it: text, number, truth or nothing."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, models.Model):
        return str(value.pk)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)


def noun(record: models.Model) -> str:
    """What the audit trail calls this kind of record: ``plan``, ``document_type``."""
    return str(record._meta.verbose_name).lower().replace(" ", "_")


@contextmanager
def _writable(record: models.Model) -> Iterator[None]:
    """The record and its audit entry together where one database holds both.

    A shared resource is written first and recorded after: two databases are never one transaction.
    """
    if plane_of(type(record)) is Plane.SHARED:
        with shared_resources_writable():
            yield
    else:
        with atomic(CONTROL_ALIAS):
            yield


def _touched_on_saving(record: models.Model) -> list[str]:
    return [field.name for field in record._meta.concrete_fields if getattr(field, "auto_now", False)]


def _organization_of(record: models.Model) -> Organization | None:
    if isinstance(record, Organization):
        return record
    organization = getattr(record, "organization", None)
    return organization if isinstance(organization, Organization) else None


def _audit(action: str, record: models.Model, by: User, details: dict[str, Any]) -> None:
    record_audit(
        f"{noun(record)}.{action}",
        by=by,
        organization=_organization_of(record),
        target=str(record),
        details=details,
    )
