"""Filling a collection with documents as fast as the server takes them.

A thread of its own reads, decompresses and hashes what comes next while the server stores what came before.
No more than a few batches are in memory, whatever the collection's size.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, cast

from bson.raw_bson import RawBSONDocument
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.write_concern import WriteConcern

from tenants.operations.backups.archive import read_ahead
from tenants.operations.data import RAW, ContentHash, create_indexes, documents_in, raw_batches

BATCH_DOCUMENTS = 1000
BATCH_BYTES = 4_000_000
# Batches that wait to be stored.
_WAITING = 2
# Making indexes of documents that are there already pays for many small ones alone (bytes): it reads the
# whole collection again, and a build has costs of its own.
_LARGE_DOCUMENT = 8192
_MANY_BYTES = 8_000_000

Batch = tuple[list[RawBSONDocument], int]


@dataclass(frozen=True, slots=True)
class Target:
    """A collection to be made: options and indexes, and how much is expected (bytes), if that is known."""

    database: Database[Any]
    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    indexes: Sequence[Mapping[str, Any]] = ()
    documents: int = 0
    bytes: int = 0

    @property
    def indexes_first(self) -> bool:
        return self.bytes < _MANY_BYTES or self.bytes // max(self.documents, 1) >= _LARGE_DOCUMENT


def make_and_fill(
    target: Target, documents: Iterable[bytes], *, on_batch: Callable[[int], None] = lambda size: None
) -> ContentHash:
    """Make a collection with its documents (each its own BSON) and indexes; returns what was stored.

    There must be none of that name. Else as ``fill_collection``.
    """
    further = [one for one in target.indexes if one["name"] != "_id_"]
    # Making an index makes the collection too, which saves a command.
    if target.options or not further or not target.indexes_first:
        target.database.create_collection(target.name, check_exists=False, **target.options)
    collection = target.database[target.name]
    if target.indexes_first:
        create_indexes(collection, further)
    found = _store(collection, documents, on_batch)
    if not target.indexes_first:
        create_indexes(collection, further)
    return found


def fill_collection(
    collection: Collection[Any],
    documents: Iterable[bytes],
    *,
    indexes: Iterable[Mapping[str, Any]] = (),
    average_bytes: int = 0,
    on_batch: Callable[[int], None] = lambda size: None,
) -> ContentHash:
    """Store documents (each its own BSON) and make the indexes; returns what was stored, counted and hashed.

    The collection must be there and empty. ``documents`` is iterated in another thread. ``on_batch`` is told
    the bytes of every stored batch, and may raise to stop. Acknowledged by the primary alone: whoever relies
    on the data follows with a write that the majority acknowledges.
    """
    indexes = list(indexes)
    first = average_bytes >= _LARGE_DOCUMENT
    if first:
        create_indexes(collection, indexes)
    found = _store(collection, documents, on_batch)
    if not first:
        create_indexes(collection, indexes)
    return found


def _store(
    collection: Collection[Any], documents: Iterable[bytes], on_batch: Callable[[int], None]
) -> ContentHash:
    found = ContentHash()
    into = collection.with_options(codec_options=RAW, write_concern=WriteConcern(w=1))
    # Closed here, so that the thread has ended whatever happens.
    with closing(
        cast("Generator[Batch, None, None]", read_ahead(_batches(documents, found), _WAITING))
    ) as ahead:
        for batch, size in ahead:
            into.insert_many(batch, ordered=False)
            on_batch(size)
    return found


def make_collection(database: Database[Any], name: str, options: Mapping[str, Any]) -> Collection[Any]:
    """An empty collection with these options; one of this name is dropped first."""
    database.drop_collection(name)
    return database.create_collection(name, check_exists=False, **options)


def hash_ahead(
    collection: Collection[Any],
    *,
    average_bytes: int,
    on_batch: Callable[[int], None] = lambda size: None,
) -> ContentHash:
    """The hash of everything in a collection; the next documents are read while these are hashed.

    ``average_bytes`` of a document is what is expected; memory is bounded by it.
    """
    found = ContentHash()
    at_once = min(max(BATCH_BYTES // max(average_bytes, 1), 1), BATCH_DOCUMENTS)
    batches = raw_batches(collection, batch_documents=at_once)
    with closing(cast("Generator[bytes, None, None]", read_ahead(batches, _WAITING))) as ahead:
        for batch in ahead:
            found.add_all(documents_in(batch))
            on_batch(len(batch))
    return found


def drop_collections(database: Database[Any], prefix: str, *, but: Iterable[str] = ()) -> list[str]:
    """Drop every collection whose name begins so, but the system's and those named; returns which."""
    kept = set(but)
    found = [
        one
        for one in database.list_collection_names()
        if one.startswith(prefix) and one not in kept and not one.startswith("system.")
    ]
    for one in found:
        database.drop_collection(one)
    return found


def comparable_indexes(indexes: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Indexes by name, without what says nothing of them; the order of a key's fields counts."""
    return {
        str(one["name"]): {
            **{name: value for name, value in one.items() if name not in ("v", "ns", "name")},
            "key": list(dict(one["key"]).items()),
        }
        for one in indexes
    }


def _batches(documents: Iterable[bytes], found: ContentHash) -> Generator[Batch, None, None]:
    batch: list[RawBSONDocument] = []
    size = 0
    for document in documents:
        found.add(document)
        batch.append(RawBSONDocument(document))
        size += len(document)
        if len(batch) >= BATCH_DOCUMENTS or size >= BATCH_BYTES:
            yield batch, size
            batch, size = [], 0
    if batch:
        yield batch, size
