"""Whether the target holds, byte for byte, what the source holds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any

from bson.min_key import MinKey
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.database import Database

from tenants.operations.data import collections_of, documents_in, indexes_of, raw_batches
from tenants.operations.filling import comparable_indexes
from tenants.operations.moving.following import Key, by_collection, documents_by_id, id_of, majority
from tenants.operations.moving.sides import MoveRefused, Sides

# More than this is no matter of documents that changed meanwhile.
MOST_DIFFERING = 50_000
# Above it, what the server keeps as the number of documents is compared, and counted only on suspicion.
MOST_COUNTED = 300_000


class Differs(MoveRefused):
    """Source and target are not the same, and are not coming to be the same."""


class Matching:
    """Two streams of documents in the same order, matched by id as they come.

    What one side has and the other has not, or has differently, is left over. Memory is that of the documents
    that one side is ahead by. No knowledge of how MongoDB orders ids of different types is needed.
    """

    def __init__(self) -> None:
        self._source: dict[bytes, bytes] = {}
        self._target: dict[bytes, bytes] = {}
        self.different: set[bytes] = set()

    def add(self, source: bytes, target: bytes) -> None:
        """The next batch of either side; b"" when that side has come to its end. Raises Differs."""
        if source == target:
            return
        self._take(source, self._source, self._target)
        self._take(target, self._target, self._source)
        if len(self._source) + len(self._target) + len(self.different) > MOST_DIFFERING:
            raise Differs(
                f"More than {MOST_DIFFERING} documents differ. Cancel this move and begin a new one."
            )

    def left_over(self) -> set[bytes]:
        """The ids of all that did not match."""
        return self.different | self._source.keys() | self._target.keys()

    def _take(self, batch: bytes, own: dict[bytes, bytes], other: dict[bytes, bytes]) -> None:
        for document in documents_in(batch):
            one, digest = id_of(document), hashlib.blake2b(document, digest_size=16).digest()
            theirs = other.pop(one, None)
            if theirs is None:
                own[one] = digest
            elif theirs != digest:
                self.different.add(one)


def compare_collection(
    source: Collection[Any], target: Collection[Any], *, session: ClientSession, matching: Matching
) -> Iterator[int]:
    """Read both through and match them; gives, batch by batch, how many bytes of the source were read."""
    both = zip_longest(
        raw_batches(majority(source), session=session, sort="_id"),
        raw_batches(target, sort="_id"),
        fillvalue=b"",
    )
    for ours, theirs in both:
        matching.add(ours, theirs)
        yield len(ours)


def differing_among(sides: Sides, keys: Iterable[Key], session: ClientSession) -> set[Key]:
    """Those of the documents that are not the same on both sides now."""
    different: set[Key] = set()
    for name, ids in by_collection(keys).items():
        source = documents_by_id(majority(sides.source[name]), ids, session)
        target = documents_by_id(sides.target[name], ids)
        different |= {(name, one) for one in ids if source.get(one) != target.get(one)}
    return different


def counts_of(database: Database[Any], names: Sequence[str] = ()) -> dict[str, int]:
    """How many documents each collection of the firm has; of all, if none is named. One command then.

    Counted by the indexes on ``_id``, so that no document is read: a million in about a second.
    """
    first, *others = names or collections_of(database) or [""]
    if not first:
        return {}
    pipeline = [
        *_count_of(first),
        *({"$unionWith": {"coll": name, "pipeline": _count_of(name)}} for name in others),
    ]
    return dict.fromkeys([first, *others], 0) | {
        one["_id"]: one["n"] for one in database[first].aggregate(pipeline)
    }


def kept_counts_of(database: Database[Any], names: Sequence[str]) -> dict[str, int]:
    """The same as the server keeps them: at once, and right unless it has crashed."""
    return {name: database[name].estimated_document_count() for name in names}


def _count_of(name: str) -> list[dict[str, Any]]:
    # The condition, which every document meets, has the server walk the index.
    return [{"$match": {"_id": {"$gte": MinKey()}}}, {"$group": {"_id": name, "n": {"$sum": 1}}}]


def structure_of(database: Database[Any]) -> dict[str, dict[str, Any]]:
    """The firm's collections with their indexes."""
    return {name: comparable_indexes(indexes_of(database[name])) for name in collections_of(database)}
