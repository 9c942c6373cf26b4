"""Chaining: an entry that is committed gets the next number, and a hash over itself and the one before.

The only place that writes to a stored entry. It is done outside of the transaction that wrote the entry, so
that no two transactions meet here; of two processes that take the same number, the unique index on it lets
one. What fails stays pending (no number) and is chained by the next daily duty or ``verify_audit``: what was
done is done, and nobody's request fails for its record.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from bson import Int64
from django.db import DatabaseError, connections
from pymongo import UpdateOne
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError

from tenants.auditing.hashing import FIRST, Log, hash_of
from tenants.errors import TenancyError
from tenants.mongodb.transaction import atomic

logger = logging.getLogger(__name__)

Document = Mapping[str, Any]
# What the partial index on the number covers: the server uses it for nothing else.
CHAINED: dict[str, Any] = {"number": {"$gt": 0, "$type": "long"}}
PENDING: dict[str, Any] = {"number": None}
# What chaining may fail with without anybody's fault.
FAILURES = (PyMongoError, DatabaseError, TenancyError)
# Whoever meets others looks again so often: half a second in all.
_ATTEMPTS = 14
_SHORTEST_WAIT, _LONGEST_WAIT = 0.002, 0.08
# Pending entries that are chained in one transaction.
BATCH = 500
_DUPLICATE = 11000


class Crowded(TenancyError):
    """Others took every number that was tried; the entry stays pending."""

    def __init__(self) -> None:
        super().__init__("Too many entries were chained in the same moment.")


class _Overtaken(Exception):
    """Somebody else was faster: with the number, or with the entry itself."""


def chain_after_commit(log: Log, alias: str, entries: Sequence[Document]) -> None:
    """Chain the entries when the transaction on ``alias`` is committed; at once where there is none.

    The entries of one transaction are chained together. Never raises what the database may fail with.
    2 commands for one entry, 3 for several.
    """
    connection: Any = connections[alias]
    if not connection.in_atomic_block_mongo:
        _chain_or_leave(log, alias, entries)
        return
    # Whoever abandons a transaction gives the connection another list of hooks, and so forgets ours.
    held: tuple[Any, list[Document]] | None = getattr(connection, "entries_to_chain", None)
    if held is not None and held[0] is connection.run_on_commit:
        held[1].extend(entries)
        return
    waiting = list(entries)
    connection.entries_to_chain = (connection.run_on_commit, waiting)
    connection.on_commit(lambda: _chain_or_leave(log, alias, waiting))


def _chain_or_leave(log: Log, alias: str, entries: Sequence[Document]) -> None:
    try:
        chain(log, alias, entries)
    except FAILURES as error:
        logger.warning("%d entries of %s in %s stay pending: %s", len(entries), log.collection, alias, error)


def chain(log: Log, alias: str, entries: Sequence[Document]) -> int:
    """Give entries that are stored the next numbers, in this order; how many it was.

    Those that somebody else has chained meanwhile are left. Raises Crowded, and what the database fails with.
    """
    step = _chain_one if len(entries) == 1 else _chain_together
    for attempt in range(_ATTEMPTS):
        try:
            return step(log, alias, entries)
        except _Overtaken:
            longest = min(_SHORTEST_WAIT * 2**attempt, _LONGEST_WAIT)
            time.sleep(random.uniform(0, longest))  # noqa: S311 - no secret
            if len(entries) > 1:
                entries = _still_pending(log, alias, entries)
                step = _chain_one if len(entries) == 1 else _chain_together
                if not entries:
                    return 0
    raise Crowded


def chain_pending(log: Log, alias: str, *, on_batch: Callable[[int], None] = lambda _: None) -> int:
    """Chain every entry without a number, the oldest first; how many it was.

    Reads the whole collection once. Raises as ``chain`` does; what was chained until then stays.
    """
    shown = dict.fromkeys(log.fields, 1)
    chained = 0
    with _collection(alias, log).find(PENDING, shown, batch_size=BATCH) as found:
        ordered = found.sort([("at", 1), ("_id", 1)]).allow_disk_use(True)
        for batch in _batches(ordered):
            number = chain(log, alias, batch)
            chained += number
            on_batch(number)
    return chained


def head_of(log: Log, alias: str) -> tuple[int, str]:
    """The last number and its hash; (0, "") where nothing is chained. One command, by the index."""
    found = _collection(alias, log).find_one(CHAINED, {"number": 1, "hash": 1}, sort=[("number", -1)])
    return (int(found["number"]), str(found["hash"])) if found is not None else (0, FIRST)


def rechain(collection: Collection[Any], log: Log) -> int:
    """Compute every hash anew, for a copy whose entries were rewritten (a masked clone); how many it was.

    Numbers stay. May be called again after having been cut short anywhere. For the copying operation alone:
    ``collection`` is what it works with.
    """
    previous, changed = FIRST, 0
    updates: list[UpdateOne] = []
    with collection.find(CHAINED).sort("number", 1) as found:
        for entry in found:
            previous = hash_of(log, previous, int(entry["number"]), entry)
            if previous != entry["hash"]:
                updates.append(UpdateOne({"_id": entry["_id"]}, {"$set": {"hash": previous}}))
                changed += 1
            if len(updates) == BATCH:
                collection.bulk_write(updates, ordered=False)
                updates = []
    if updates:
        collection.bulk_write(updates, ordered=False)
    return changed


def _chain_one(log: Log, alias: str, entries: Sequence[Document]) -> int:
    (entry,) = entries
    number, previous = head_of(log, alias)
    link = _link(log, previous, number + 1, entry)
    try:
        done = _collection(alias, log).update_one({"_id": entry["_id"], **PENDING}, {"$set": link})
    except DuplicateKeyError as error:
        raise _Overtaken from error
    return int(done.matched_count)


def _chain_together(log: Log, alias: str, entries: Sequence[Document]) -> int:
    """All or none: one that has a number already would leave a gap before those after it."""
    number, previous = head_of(log, alias)
    updates = []
    for place, entry in enumerate(entries, start=number + 1):
        link = _link(log, previous, place, entry)
        previous = link["hash"]
        updates.append(UpdateOne({"_id": entry["_id"], **PENDING}, {"$set": link}))
    connection: Any = connections[alias]
    try:
        with atomic(alias):
            done = _collection(alias, log).bulk_write(updates, session=connection.session)
            if done.matched_count != len(updates):
                raise _Overtaken
    except BulkWriteError as error:
        if _meets_another(error):
            raise _Overtaken from error
        raise
    except PyMongoError as error:
        if error.has_error_label("TransientTransactionError"):
            raise _Overtaken from error
        raise
    return len(updates)


def _meets_another(error: BulkWriteError) -> bool:
    details: Mapping[str, Any] = error.details or {}
    return error.has_error_label("TransientTransactionError") or any(
        one.get("code") == _DUPLICATE for one in details.get("writeErrors", ())
    )


def _link(log: Log, previous: str, number: int, entry: Document) -> dict[str, Any]:
    # Int64: a smaller whole number would be of another type, and not in the index.
    return {"number": Int64(number), "hash": hash_of(log, previous, number, entry)}


def _still_pending(log: Log, alias: str, entries: Sequence[Document]) -> list[Document]:
    wanted = {"_id": {"$in": [one["_id"] for one in entries]}, **PENDING}
    left = {one["_id"] for one in _collection(alias, log).find(wanted, {"_id": 1})}
    return [one for one in entries if one["_id"] in left]


def _collection(alias: str, log: Log) -> Any:
    connection: Any = connections[alias]
    return connection.get_collection(log.collection)


def _batches(entries: Iterable[Document]) -> Iterator[list[Document]]:
    iterator = iter(entries)
    while batch := list(islice(iterator, BATCH)):
        yield batch
