"""Following what changes in the source, and having the target come to be the same.

The change stream says *which* documents changed; what they are now is read from the source, and put into the
target as it is. So it does not matter in how many steps a document came to be what it is, nor whether a
change is taken over twice: at the mark, everything before it has been taken over.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from types import TracebackType
from typing import Any, Self

import bson
from bson.raw_bson import RawBSONDocument
from pymongo import DeleteOne, ReplaceOne
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import BulkWriteError, OperationFailure
from pymongo.read_concern import ReadConcern

from tenants.operations.data import OF_OPERATIONS, RAW, documents_in
from tenants.operations.moving.sides import MARKER, MoveRefused, Sides, token_from, token_text

# A document: its collection, and {"_id": …} as BSON, so that ids of any type are told apart exactly.
Key = tuple[str, bytes]

EVENTS_AT_ONCE = 1000
# Somebody who writes without a pause must not keep us listening.
LISTEN_SECONDS = 0.05
_IDS_AT_ONCE = 500
# How long the server waits for a change before it answers that there is none.
_AWAIT_MS = 20
DUPLICATE_KEY = 11000
_CHANGES = frozenset({"insert", "update", "replace", "delete"})
# From MongoDB's list of error codes: what the stream would have to go on from is no longer in the oplog.
_HISTORY_LOST = frozenset({280, 286})


class HistoryLost(MoveRefused):
    """The source's oplog no longer reaches back to where the copy began."""


class StructureChanged(MoveRefused):
    """A collection of the firm was dropped or renamed while it was being copied."""


def id_of(document: bytes) -> bytes:
    """``{"_id": …}`` of a document, as BSON."""
    return bson.encode({"_id": RawBSONDocument(document)["_id"]})


def query(id_document: bytes) -> dict[str, Any]:
    """What finds the document of that ``{"_id": …}``."""
    return {"_id": bson.decode(id_document, RAW)["_id"]}


def start_token(source: Database[Any]) -> str:
    """A mark in the source's history: whatever changes from now on comes after it."""
    with source.watch() as stream:
        token = stream.resume_token
        while token is None:
            stream.try_next()
            token = stream.resume_token
    return token_text(token)


def reading_session(source: Database[Any]) -> ClientSession:
    """A session whose majority reads show everything that was written before it was made."""
    session = source.client.start_session(causal_consistency=True)
    source.client.admin.command("ping", session=session)
    return session


def majority(collection: Collection[Any]) -> Collection[Any]:
    """The same collection, read as the majority of members has it: what no failover takes back."""
    return collection.with_options(read_concern=ReadConcern("majority"))


def documents_by_id(
    collection: Collection[Any], ids: Iterable[bytes], session: ClientSession | None = None
) -> dict[bytes, bytes]:
    """Those of the documents that exist, as they are now."""
    found: dict[bytes, bytes] = {}
    left = iter(ids)
    while some := list(islice(left, _IDS_AT_ONCE)):
        wanted = {"_id": {"$in": [query(one)["_id"] for one in some]}}
        with collection.find_raw_batches(wanted, session=session) as batches:
            for batch in batches:
                for document in documents_in(batch):
                    found[id_of(document)] = document
    return found


class Follower:
    """Takes over what changes after ``token``; a context manager, used by one thread.

    ``changed`` collects the documents that the stream named, for whoever compares; ``marks`` the marks seen.
    """

    def __init__(self, sides: Sides, token: str, *, read_only: bool = False) -> None:
        self._sides = sides
        # Only collects, and takes nothing over.
        self._read_only = read_only
        self.token = token
        self.changed: set[Key] = set()
        self.marks: set[str] = set()
        self.events = 0
        # The time of the latest event, by the source's clock; whether there was nothing more after it.
        self._reached: Any = None
        self._drained = False
        # Refused by a unique index, for now: another document must change first.
        self._waiting: set[Key] = set()

    def __enter__(self) -> Self:
        source = self._sides.source
        self.session = reading_session(source)
        try:
            self._stream = source.with_options(codec_options=RAW).watch(
                [{"$project": {"operationType": 1, "ns": 1, "documentKey": 1, "clusterTime": 1}}],
                resume_after=token_from(self.token),
                max_await_time_ms=_AWAIT_MS,
                session=self.session,
            )
        except OperationFailure as error:
            self.session.end_session()
            raise _told(error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()
        self.session.end_session()

    def take_changed(self) -> set[Key]:
        """What has changed since this was called last."""
        changed, self.changed = self.changed, set()
        return changed

    def follow_once(self) -> int:
        """Take over what the stream has, up to 1,000 changes and not beyond a mark; how many those were.

        Listens for 70 ms at most. Raises HistoryLost, StructureChanged.
        """
        keys: set[Key] = set()
        number = 0
        self._drained = False
        until = time.monotonic() + LISTEN_SECONDS
        try:
            while number < EVENTS_AT_ONCE and time.monotonic() < until:
                event = self._stream.try_next()
                if event is None:
                    self._drained = True
                    break
                number += 1
                if self._note(event, keys):
                    break
        except OperationFailure as error:
            raise _told(error) from error
        self.changed |= keys
        self.events += len(keys)
        if not self._read_only:
            self.take_over(keys)
        # Only now: a runner that dies before begins with these changes again.
        self.token = token_text(self._stream.resume_token)
        return number

    def catch_up(self, after_each: Callable[[], None] = lambda: None) -> None:
        """Follow up to this moment: whatever has been read from the source until now is taken over."""
        self._sides.source.client.admin.command("ping", session=self.session)
        now = self.session.operation_time
        while True:
            self.follow_once()
            after_each()
            if self._drained or (self._reached is not None and self._reached > now):
                return

    def take_over(self, keys: Iterable[Key]) -> None:
        """Make these documents in the target what they are in the source."""
        wanted = set(keys) | self._waiting
        self._waiting = set()
        refused = self._write(wanted)
        if refused and refused != wanted:
            refused = self._write(refused)
        if refused:
            # Each holds a value that another one needs: all of them make room, then all come back.
            for name, ids in by_collection(refused).items():
                self._sides.target[name].bulk_write([DeleteOne(query(one)) for one in ids])
            refused = self._write(refused)
        self._waiting = refused

    @property
    def is_settled(self) -> bool:
        """Whether everything that was named has been taken over."""
        return not self._waiting

    def _note(self, event: Mapping[str, Any], keys: set[Key]) -> bool:
        """Note one event; whether it is a mark."""
        name = str(event["ns"]["coll"]) if "ns" in event and "coll" in event["ns"] else ""
        kind = event["operationType"]
        self._reached = event["clusterTime"]
        if OF_OPERATIONS.match(name):
            if name == MARKER and kind == "insert":
                self.marks.add(str(event["documentKey"]["_id"]))
                return True
            return False
        if kind not in _CHANGES:
            raise StructureChanged(
                f"In the source, {name or 'the database'!r} was changed as a whole ({kind}) during the move. "
                "Cancel this move and begin a new one."
            )
        keys.add((name, bson.encode({"_id": event["documentKey"]["_id"]})))
        return False

    def _write(self, keys: set[Key]) -> set[Key]:
        """Write the documents as they are now; gives those that a unique index refused."""
        refused: set[Key] = set()
        for name, ids in by_collection(keys).items():
            found = documents_by_id(majority(self._sides.source[name]), ids, self.session)
            writes: list[Any] = [
                ReplaceOne(query(one), RawBSONDocument(found[one]), upsert=True)
                if one in found
                else DeleteOne(query(one))
                for one in ids
            ]
            try:
                self._sides.target[name].bulk_write(writes, ordered=False, bypass_document_validation=True)
            except BulkWriteError as error:
                refused |= {(name, ids[index]) for index in refused_in(error)}
        return refused


def by_collection(keys: Iterable[Key]) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = defaultdict(list)
    for name, one in keys:
        found[name].append(one)
    return found


def refused_in(error: BulkWriteError) -> list[int]:
    """The writes that a unique index refused. Raises the error when there is anything else in it."""
    details = error.details or {}
    wrong = details.get("writeErrors", [])
    if details.get("writeConcernErrors") or any(one["code"] != DUPLICATE_KEY for one in wrong):
        raise error
    return [one["index"] for one in wrong]


def _told(error: OperationFailure) -> Exception:
    if error.code in _HISTORY_LOST:
        return HistoryLost(
            "The source's oplog no longer reaches back to where the copy began: it is too small for so much "
            "data or so many changes. Run it again to copy anew, best at a quiet time or with a larger oplog."
        )
    return error
