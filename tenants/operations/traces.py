"""Where anything of an organization may be, and what is there: what a deletion removes, and how it proves it.

Everything here looks and removes nothing. What does not answer is no proof, so that every failure to look is
an error: a place that was not seen never counts as empty.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections
from pymongo.errors import OperationFailure, PyMongoError

from tenants.errors import TenancyError
from tenants.models import (
    ApiToken,
    AuditEntry,
    Backup,
    BackupStatus,
    Cluster,
    Operation,
    Organization,
    Session,
    Subscription,
    SupportSession,
    TaskRecord,
    User,
)
from tenants.mongodb.clients import Client, clients
from tenants.mongodb.credentials import USERS_DATABASE, user_name
from tenants.naming import CONTROL_ALIAS, SHARED_ALIAS
from tenants.operations.backups.stores import store_named, store_names
from tenants.operations.data import raw_batches
from tenants.operations.database_users import APPLICATION
from tenants.operations.exporting import exports_of

_UNAUTHORIZED = 13
# What names a deleted organization for ever: that it was, what was done to it, and by whom.
KEPT_COLLECTIONS = frozenset(one._meta.db_table for one in (Organization, AuditEntry, Operation, Backup))


class ClusterSilent(TenancyError):
    """A cluster cannot be asked, so that nobody knows what is on it."""


class MayNotLook(TenancyError):
    """The database user of operations has no right to see, or to remove, what there may be."""


def address_settings() -> list[str]:
    """Every cluster that an organization's database could be on: of this process, and of the records."""
    return sorted({*settings.MONGODB_ADDRESSES, *Cluster.objects.values_list("address_setting", flat=True)})


@contextmanager
def asking(address_setting: str) -> Iterator[Client]:
    """The cluster's client of operations. Raises ClusterSilent, MayNotLook, UnknownCluster."""
    client = clients.for_operations(address_setting)
    try:
        yield client
    except OperationFailure as error:
        if error.code != _UNAUTHORIZED:
            raise ClusterSilent(f"The cluster of {address_setting} refused: {error}") from error
        raise MayNotLook(
            f"The database user of {address_setting} may not do this: {(error.details or {}).get('errmsg')} "
            f"Name one who may in OPERATIONS_{address_setting}, and run it again."
        ) from error
    except PyMongoError as error:
        raise ClusterSilent(
            f"The cluster of {address_setting} does not answer ({type(error).__name__}). Every cluster must "
            "be seen before anything is removed: run it again when it answers."
        ) from error


def on_cluster(address_setting: str, org_id: str) -> dict[str, Any]:
    """What a cluster holds of the organization: ``database`` (None or its figures) and ``user``."""
    with asking(address_setting) as client:
        # Listed in two ways: who may not see all databases gets a shorter list, and no error.
        listed = client.list_database_names()
        collections = client[org_id].list_collection_names()
        database = None
        if org_id in listed or collections:
            figures = client[org_id].command("dbStats")
            database = {
                "collections": int(figures["collections"]),
                "documents": int(figures["objects"]),
                "bytes": int(figures["dataSize"]),
            }
        return {"databases_seen": len(listed), "database": database, "user": has_user(client, org_id)}


def require_may_drop(address_setting: str, org_id: str) -> None:
    """Raises MayNotLook when the server would refuse to drop the organization's database.

    Asked before anything is removed, for after that there is no way back.
    """
    with asking(address_setting) as client:
        info = client.admin.command("connectionStatus", showPrivileges=True)["authInfo"]
    if info["authenticatedUsers"] and not may_drop(info["authenticatedUserPrivileges"], org_id):
        raise MayNotLook(
            f"The database user of {address_setting} may not drop “{org_id}”. Name one who may in "
            f"OPERATIONS_{address_setting}, and run it again; nothing was removed."
        )


def may_drop(privileges: Iterable[Mapping[str, Any]], org_id: str) -> bool:
    """Whether privileges, as ``connectionStatus`` lists them, include dropping this database."""
    for one in privileges:
        resource, actions = one["resource"], one["actions"]
        here = resource.get("db") in ("", org_id) and resource.get("collection") == ""
        if (here or resource.get("anyResource")) and {"dropDatabase", "anyAction"} & {*actions}:
            return True
    return False


def has_user(client: Client, org_id: str) -> bool | None:
    """Whether the server has a user or a role of the organization's own; None when we may not ask."""
    try:
        users = client[USERS_DATABASE].command("usersInfo", user_name(org_id))["users"]
        return bool(users or client[org_id].command("rolesInfo", APPLICATION)["roles"])
    except OperationFailure as error:
        if error.code == _UNAUTHORIZED:
            return None
        raise


def backup_files(org_id: str) -> dict[str, list[str]]:
    """Every file of the organization's in each backup store, by the store's name. Raises StoreFailed."""
    return {name: store_named(name).list(org_id) for name in store_names_of(org_id)}


def store_names_of(org_id: str) -> list[str]:
    """The configured stores, and those that the organization's backups name."""
    named = set(
        Backup.objects.filter(org_id=org_id)
        .exclude(status=BackupStatus.REMOVED.value)
        .values_list("store", flat=True)
    )
    return sorted({*store_names(), *named})


def export_files(org_id: str) -> list[Path]:
    """The organization's exports in this machine's directory of exports."""
    directory = exports_of(org_id)
    return sorted(directory.iterdir()) if directory.is_dir() else []


def records_of(organization: Organization) -> dict[str, int]:
    """How many records the control plane has of the organization, by what they are."""
    people = list(User.objects.filter(organization=organization).values_list("pk", flat=True))
    return {
        "people": len(people),
        "sessions": Session.objects.filter(user_id__in=people).count(),
        "api_tokens": ApiToken.objects.filter(org_id=organization.org_id).count(),
        "support_sessions": SupportSession.objects.filter(org_id=organization.org_id).count(),
        "subscriptions": Subscription.objects.filter(organization=organization).count(),
        "tasks": TaskRecord.objects.filter(org_id=organization.org_id).count(),
    }


def in_central_databases(org_id: str) -> dict[str, int]:
    """How many documents of control plane and shared resources hold the org_id as a value, at any depth.

    Every document is read, as bytes; what is kept on purpose is not looked through. Keys are
    ``database.collection``; those with none are left out.
    """
    wanted = as_bson_value(org_id)
    found: dict[str, int] = {}
    for alias in (CONTROL_ALIAS, SHARED_ALIAS):
        connection: Any = connections[alias]
        setting, name = connection.settings_dict["ADDRESS_SETTING"], connection.settings_dict["NAME"]
        with asking(setting) as client:
            database = client[name]
            for collection in sorted(database.list_collection_names(filter={"type": "collection"})):
                if alias == CONTROL_ALIAS and collection in KEPT_COLLECTIONS:
                    continue
                number = sum(batch.count(wanted) for batch in raw_batches(database[collection]))
                if number:
                    found[f"{name}.{collection}"] = number
    return found


def as_bson_value(text: str) -> bytes:
    """The bytes of a string value in BSON: its length with the final zero, itself, the zero."""
    encoded = text.encode()
    return struct.pack("<i", len(encoded) + 1) + encoded + b"\0"
