"""One moment of an organization's database, to be read while the firm works.

A snapshot session reads all collections as they were at one point of the cluster's time. The server keeps
that past for ``minSnapshotHistoryWindowInSeconds``, five minutes unless told otherwise; a longer copy needs
more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bson import Timestamp
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import OperationFailure

from tenants.errors import TenancyError
from tenants.mongodb.clients import Client
from tenants.operations.data import collections_of, indexes_of, raw_batches

# Codes of the server.
SNAPSHOT_TOO_OLD = 239
SNAPSHOT_UNAVAILABLE = 246
_UNAUTHORIZED = 13
_PARAMETER = "minSnapshotHistoryWindowInSeconds"
DEFAULT_WINDOW = 300
LONGEST_WINDOW = 24 * 3600
# A batch of documents in memory. Small enough for the processor's cache and for memory that is used again,
# large enough that asking for the next one costs nothing beside it.
_BATCH_BYTES = 1_000_000
_MOST_DOCUMENTS = 10_000
_ATTEMPTS = 4


class MomentLost(TenancyError):
    """The server can no longer show the moment; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class CollectionThen:
    """A collection with what mongodump tells of one. ``size`` is its bytes as the server estimates now."""

    name: str
    uuid: str
    options: dict[str, Any]
    indexes: list[dict[str, Any]]
    size: int
    average_bytes: int


@dataclass(frozen=True, slots=True)
class Moment:
    """A point of the cluster's time, and what the database had then."""

    database: Database[Any]
    session: ClientSession
    time: Timestamp
    collections: list[CollectionThen]

    @property
    def taken_at(self) -> datetime:
        return datetime.fromtimestamp(self.time.time, UTC)

    @property
    def size(self) -> int:
        """All documents together, about."""
        return sum(one.size for one in self.collections)

    def batches(self, collection: CollectionThen) -> Iterator[bytes]:
        """The collection's documents as they were, some megabytes at a time."""
        documents = _BATCH_BYTES // max(collection.average_bytes, 1)
        return raw_batches(
            self.database[collection.name],
            session=self.session,
            batch_documents=min(max(documents, 1), _MOST_DOCUMENTS),
        )


@contextmanager
def one_moment(database: Database[Any]) -> Iterator[Moment]:
    """The present moment, held for as long as the server keeps it.

    Raises MomentLost when collections come and go faster than they can be listed.
    """
    for _ in range(_ATTEMPTS):
        before = _listed(database)
        with database.client.start_session(snapshot=True) as session:
            time = _begin(database, session, sorted(before))
            # Listing shows the present, never the moment: it counts when nothing changed around it.
            if time is None or _listed(database) != before:
                continue
            yield Moment(
                database, session, time, [_described(database, before[name]) for name in sorted(before)]
            )
            return
    raise MomentLost(
        "Collections of the organization are being made or dropped in this moment. Run it again."
    )


def _begin(database: Database[Any], session: ClientSession, names: list[str]) -> Timestamp | None:
    """Fix the session's moment by its first read; None when a collection is younger than the moment."""
    command = {
        "find": names[0] if names else "none",
        "projection": {"_id": 1},
        "limit": 1,
        "singleBatch": True,
    }
    try:
        answer = database.command(command, session=session)
    except OperationFailure as error:
        if error.code == SNAPSHOT_UNAVAILABLE:
            return None
        raise
    time: Timestamp = answer["cursor"]["atClusterTime"]
    return time


def _listed(database: Database[Any]) -> dict[str, dict[str, Any]]:
    names = set(collections_of(database))
    found = database.list_collections(filter={"type": "collection"})
    return {one["name"]: dict(one) for one in found if one["name"] in names}


def _described(database: Database[Any], listed: dict[str, Any]) -> CollectionThen:
    name = listed["name"]
    size = database.command("collStats", name)
    return CollectionThen(
        name=name,
        uuid=bytes(listed["info"]["uuid"]).hex() if "uuid" in listed["info"] else "",
        options=dict(listed.get("options", {})),
        indexes=indexes_of(database[name]),
        size=int(size.get("size", 0)),
        average_bytes=int(size.get("avgObjSize", 0)),
    )


# How long the server keeps the past ------------------------------------------------------------------


def history_window(client: Client) -> int:
    """For how many seconds the server can show a past moment; the default where this user may not ask."""
    try:
        return int(client.admin.command({"getParameter": 1, _PARAMETER: 1})[_PARAMETER])
    except OperationFailure as error:
        if error.code == _UNAUTHORIZED:
            return DEFAULT_WINDOW
        raise


def set_history_window(client: Client, seconds: int) -> bool:
    """Ask the server to keep the past for longer, or no longer; False when this user may not."""
    try:
        client.admin.command({"setParameter": 1, _PARAMETER: seconds})
    except OperationFailure as error:
        if error.code == _UNAUTHORIZED:
            return False
        raise
    return True


def lost_again(times: int, error: OperationFailure) -> MomentLost:
    """Why a copy was given up after several tries."""
    name = (error.details or {}).get("codeName", error.code)
    return MomentLost(
        f"The server could not show one moment to the copy's end, {times} times ({name}). Run it again at a "
        "quieter hour; if it goes on, see that the disk keeps pace and nobody changes collections meanwhile."
    )


def history_too_short(window: int) -> MomentLost:
    """Why a copy could not be finished, and the ways out."""
    return MomentLost(
        f"Copying took longer than the server keeps the past ({_PARAMETER} is {window} s), and this database "
        "user may not change that. Let an administrator of the cluster run "
        f"db.adminCommand({{setParameter: 1, {_PARAMETER}: {min(window * 10, LONGEST_WINDOW)}}}), or name a "
        "user who may in OPERATIONS_MONGODB_URI; then run the backup again."
    )
