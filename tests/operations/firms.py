"""A firm with some of everything, for tests that back up, restore and copy whole databases."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connections

from tenants.context import organization_active
from tenants.models import ActivityEntry, Counter, Organization, StoredFile, UserSettings
from tenants.mongodb.clients import clients
from tenants.operations.data import collections_of, content_hash, indexes_of
from tenants.operations.filling import comparable_indexes
from tenants.operations.provision import NewOrganization, create_organization

# Two chunks of GridFS and a bit.
PLAN = b"plan" * 150_000
# Shorter than a chunk.
PDF = b"%PDF-1.7 an issued document, byte for byte"


def make_firm(org_id: str, name: str, initials: str) -> Organization:
    """An organization with a counter, activity, settings of a person and two files. 20 commands."""
    organization = create_organization(NewOrganization(org_id, name, initials), by=None)
    with organization_active(organization.placement):
        Counter.objects.create(name="report", value=7)
        ActivityEntry.objects.bulk_create(
            ActivityEntry(action="report_begun", actor_id="a" * 24, actor_name="Vikram Valuer", target=str(n))
            for n in range(30)
        )
        UserSettings.objects.create(
            user_id="a" * 24, valuer_block={"name": "Vikram Valuer", "phone": "+91 98200 12345"}
        )
        for kind, stored_as, content in (("photograph", "plan.jpg", PLAN), ("document", "issued.pdf", PDF)):
            default_storage.save(stored_as, ContentFile(content))
            StoredFile.objects.create(
                kind=kind,
                name=f"{name} {stored_as}",
                content_type="application/pdf" if kind == "document" else "image/jpeg",
                size=len(content),
                sha256=hashlib.sha256(content).hexdigest(),
                stored_as=stored_as,
                added_by="a" * 24,
                added_by_name="Vikram Valuer",
            )
    return organization


def contents(org_id: str, address_setting: str = "MONGODB_URI") -> dict[str, tuple[int, str]]:
    """Collection → how many documents and their hash: two databases are equal when these are."""
    database = clients.for_operations(address_setting)[org_id]
    found = {}
    for name in collections_of(database):
        content = content_hash(database[name])
        found[name] = (content.documents, content.hexdigest())
    return found


def all_indexes(org_id: str, address_setting: str = "MONGODB_URI") -> dict[str, Any]:
    database = clients.for_operations(address_setting)[org_id]
    return {name: comparable_indexes(indexes_of(database[name])) for name in collections_of(database)}


def every_collection(org_id: str, address_setting: str = "MONGODB_URI") -> list[str]:
    """Those of operations too."""
    return sorted(clients.for_operations(address_setting)[org_id].list_collection_names())


@contextmanager
def databases_dropped(*org_ids: str) -> Iterator[None]:
    """Afterwards these organizations' databases are gone from every cluster that was worked with."""
    try:
        yield
    finally:
        for client in clients._operations.values():
            for org_id in org_ids:
                client.drop_database(org_id)


def write_something(organization: Organization) -> None:
    with organization_active(organization.placement):
        # Past the ORM, which removes no entry of what was done.
        connection: Any = connections[organization.org_id]
        connection.get_collection("activity_logs").delete_many({"target": {"$regex": "^1"}})
        ActivityEntry.objects.create(action="later", actor_id="b" * 24, actor_name="Olga Valuer")
