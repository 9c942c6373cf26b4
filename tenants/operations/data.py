"""An organization's database as a whole, document by document: read raw, hashed, copied with its indexes.

What backup, restore, move and clone have in common. Documents stay BSON bytes, so that nothing is lost or
changed on the way, and a batch is all that is in memory. These functions use clients of operations; no
organization needs to be active, for they work on databases by name and never through a model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import xxhash
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import IndexModel
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.database import Database

from tenants.mongodb.clients import Client, clients
from tenants.registry import Placement

RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
# Collections of an operation itself within an organization's database, and no part of the firm's data: what
# comes in (incoming.<operation>.reports), what is kept aside (aside.<operation>.reports), a move's mark.
OF_OPERATIONS = re.compile(r"^(incoming|aside)\.|^moving\.")
MODULUS = 1 << 128


def database_of(placement: Placement) -> Database[Any]:
    """An organization's database through the client of operations."""
    return clients.for_operations(placement.address_setting)[placement.org_id]


def collections_of(database: Database[Any]) -> list[str]:
    """The firm's collections by name: no system's, no operation's. One command."""
    found = database.list_collection_names(filter={"type": "collection"})
    return sorted(one for one in found if not one.startswith("system.") and not OF_OPERATIONS.match(one))


def raw_batches(
    collection: Collection[Any],
    *,
    session: ClientSession | None = None,
    batch_documents: int = 1000,
    sort: str | None = None,
    wanted: Mapping[str, Any] | None = None,
) -> Iterator[bytes]:
    """The collection's documents as the server sends them: BSON one after another, up to 16 MB at once.

    In a snapshot session all batches of all collections show one moment.
    """
    cursor = collection.find_raw_batches(
        wanted or {}, session=session, batch_size=batch_documents, sort=[(sort, 1)] if sort else None
    )
    with cursor:
        yield from cursor


def documents_in(batch: bytes) -> Iterator[bytes]:
    """The documents of a batch, each as its own BSON."""
    view, position, end = memoryview(batch), 0, len(batch)
    while position < end:
        length = int.from_bytes(view[position : position + 4], "little")
        if length < 5 or position + length > end:
            raise ValueError(f"Not BSON at byte {position}: a document of {length} bytes.")
        yield bytes(view[position : position + length])
        position += length


class ContentHash:
    """A hash of documents in any order: the sum of each one's XXH3 of 128 bits; and how many there are.

    It tells a copy that went wrong, nothing more: files that leave the servers have their SHA-256.
    """

    def __init__(self) -> None:
        self.documents = 0
        self.bytes = 0
        self._sum = 0

    def add(self, document: bytes) -> None:
        self.documents += 1
        self.bytes += len(document)
        self._sum = (self._sum + xxhash.xxh3_128_intdigest(document)) % MODULUS

    def add_all(self, documents: Iterable[bytes]) -> None:
        for document in documents:
            self.add(document)

    def hexdigest(self) -> str:
        return f"{self._sum:032x}"


def content_hash(collection: Collection[Any], *, session: ClientSession | None = None) -> ContentHash:
    """The hash of everything in a collection, read through."""
    found = ContentHash()
    for batch in raw_batches(collection, session=session):
        found.add_all(documents_in(batch))
    return found


def indexes_of(collection: Collection[Any]) -> list[dict[str, Any]]:
    """The indexes as ``listIndexes`` and mongodump's metadata have them, the one on ``_id`` included."""
    return [dict(one) for one in collection.with_options(codec_options=CodecOptions()).list_indexes()]


def create_indexes(collection: Collection[Any], indexes: Iterable[Mapping[str, Any]]) -> None:
    """Make indexes from what ``indexes_of`` gave; those that are there already stay."""
    models = []
    for one in indexes:
        options = {name: value for name, value in one.items() if name not in ("v", "key", "ns")}
        if one["name"] != "_id_":
            models.append(IndexModel(list(dict(one["key"]).items()), **options))
    if models:
        collection.create_indexes(models)


def insert_raw(collection: Collection[Any], documents: Iterable[bytes]) -> int:
    """Store documents as they are, 1,000 or 16 MB at a time; returns how many."""
    into = collection.with_options(codec_options=RAW)
    batch: list[RawBSONDocument] = []
    size = number = 0
    for document in documents:
        batch.append(RawBSONDocument(document))
        size += len(document)
        number += 1
        if len(batch) >= 1000 or size >= 16_000_000:
            into.insert_many(batch, ordered=False, bypass_document_validation=True)
            batch, size = [], 0
    if batch:
        into.insert_many(batch, ordered=False, bypass_document_validation=True)
    return number


def drop_organization_database(client: Client, org_id: str) -> None:
    """Drop a database by the organization's id. The caller has made sure that it is meant."""
    client.drop_database(org_id)
