"""Django's cache on the control plane: what all workers share for a while.

Entries are documents of ``cache_entries``, which the server removes some time after they have expired; until
then they count as absent. Values are what JSON has, never pickled. Every method is one command and atomic on
the server, whose clock decides what has expired. Entries belong to no transaction: a count of failed sign-ins
stays when what was counted is rolled back.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.db import connections
from pymongo import DeleteOne, ReturnDocument, UpdateOne
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError

from tenants.models.access import CacheEntry
from tenants.naming import CONTROL_ALIAS

AFTER = ReturnDocument.AFTER
_LONGEST_KEY = 250
_NOW = "$$NOW"
_NOTHING: Final = object()
# An entry without an end lives on; one that is missing has no value at all.
_LIVE: dict[str, Any] = {
    "$and": [
        {"$ne": [{"$type": "$value"}, "missing"]},
        {"$or": [{"$eq": ["$expires_at", None]}, {"$gt": ["$expires_at", _NOW]}]},
    ]
}


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of ``MongoCache.take``."""

    granted: bool
    # How many are taken now; the limit when it was not granted.
    number: int
    # When the count ends and begins anew.
    until: datetime


class MongoCache(BaseCache):
    """``CACHES["default"]``. Keys longer than 250 characters are hashed.

    Besides what Django's caches do: ``take``, which counts against a limit in one command, and
    ``delete_beginning``.
    """

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    # What every cache has ------------------------------------------------------------------------------

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        found = self._entries.find_one({"_id": self._id(key, version), "$expr": _LIVE}, {"value": 1})
        return default if found is None else found["value"]

    def get_many(self, keys: Iterable[Any], version: int | None = None) -> dict[Any, Any]:
        ids = {self._id(key, version): key for key in keys}
        found = self._entries.find({"_id": {"$in": list(ids)}, "$expr": _LIVE}, {"value": 1})
        return {ids[one["_id"]]: one["value"] for one in found}

    def set(
        self, key: Any, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        """Raises TypeError or ValueError for what JSON has not."""
        change = self._set(value, timeout)
        _again_when_taken(
            lambda: self._entries.update_one({"_id": self._id(key, version)}, change, upsert=True)
        )

    def set_many(
        self, data: Mapping[Any, Any], timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None
    ) -> list[Any]:
        changes = [
            UpdateOne({"_id": self._id(key, version)}, self._set(value, timeout), upsert=True)
            for key, value in data.items()
        ]
        if changes:
            _again_when_taken(lambda: self._entries.bulk_write(changes, ordered=False))
        return []

    def add(
        self, key: Any, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        """Store the value unless there is one. Of several at once exactly one gets True."""
        new = {"value": {"$literal": _plain(value)}, "expires_at": self._expiry(timeout)}
        # What was there when it was asked stands in "kept", for the values themselves may be alike.
        change: list[dict[str, Any]] = [
            {"$set": {"kept": _LIVE}},
            {"$set": {name: {"$cond": ["$kept", f"${name}", one]} for name, one in new.items()}},
        ]
        entry = _again_when_taken(
            lambda: self._entries.find_one_and_update(
                {"_id": self._id(key, version)}, change, {"kept": 1}, upsert=True, return_document=AFTER
            )
        )
        return not entry["kept"]

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Raises ValueError when there is nothing to add to."""
        found = self._entries.find_one_and_update(
            {"_id": self._id(key, version), "$expr": _LIVE},
            {"$inc": {"value": delta}},
            {"value": 1},
            return_document=AFTER,
        )
        if found is None:
            raise ValueError(f"There is no {key!r} to count up.")
        return int(found["value"])

    def touch(self, key: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        changed = self._entries.update_one(
            {"_id": self._id(key, version), "$expr": _LIVE}, [{"$set": {"expires_at": self._expiry(timeout)}}]
        )
        return changed.matched_count == 1

    def delete(self, key: Any, version: int | None = None) -> bool:
        """Whether there was anything, expired or not."""
        return self._entries.delete_one({"_id": self._id(key, version)}).deleted_count == 1

    def delete_many(self, keys: Iterable[Any], version: int | None = None) -> None:
        removals = [DeleteOne({"_id": self._id(key, version)}) for key in keys]
        if removals:
            self._entries.bulk_write(removals, ordered=False)

    def has_key(self, key: Any, version: int | None = None) -> bool:
        return self.get(key, _NOTHING, version) is not _NOTHING

    def clear(self) -> None:
        self._entries.delete_many({})

    # What ours has besides -----------------------------------------------------------------------------

    def take(self, key: Any, *, limit: int, seconds: float, locked: float) -> Taken:
        """Take one of ``limit``, which are given out anew ``seconds`` after the first was taken.

        Whoever takes the last one locks the others out for ``locked`` seconds from then. What is refused
        changes nothing, so that trying does not prolong it. Of several at once exactly ``limit`` get one.
        """
        count = {"$cond": [_LIVE, "$value", 0]}
        end: dict[str, Any] = {
            "$switch": {
                "branches": [
                    {"case": {"$gte": ["$count", limit]}, "then": "$expires_at"},
                    {"case": {"$eq": [{"$add": ["$count", 1]}, limit]}, "then": _in(locked)},
                    {"case": {"$eq": ["$count", 0]}, "then": _in(seconds)},
                ],
                "default": "$expires_at",
            }
        }
        change: list[dict[str, Any]] = [
            {"$set": {"count": count}},
            {
                "$set": {
                    "value": {"$min": [{"$add": ["$count", 1]}, limit]},
                    "granted": {"$lt": ["$count", limit]},
                    "expires_at": end,
                }
            },
            {"$unset": "count"},
        ]
        entry = _again_when_taken(
            lambda: self._entries.find_one_and_update(
                {"_id": self._id(key, None)}, change, upsert=True, return_document=AFTER
            )
        )
        # The driver's moments are UTC and do not say so.
        return Taken(entry["granted"], entry["value"], entry["expires_at"].replace(tzinfo=UTC))

    def give_back(self, key: Any) -> None:
        """One of what ``take`` gave is not used up after all."""
        self._entries.update_one({"_id": self._id(key, None), "value": {"$gt": 0}}, {"$inc": {"value": -1}})

    def delete_beginning(self, beginning: str) -> None:
        """Remove every entry whose key begins so (a range of the index on ids)."""
        written = re.escape(self.make_key(beginning))
        self._entries.delete_many({"_id": {"$regex": f"^{written}"}})

    # Inside ----------------------------------------------------------------------------------------------

    @property
    def _entries(self) -> Collection[dict[str, Any]]:
        connection: Any = connections[CONTROL_ALIAS]
        collection: Collection[dict[str, Any]] = connection.get_collection(CacheEntry._meta.db_table)
        return collection

    def _id(self, key: Any, version: int | None) -> str:
        made = str(self.make_key(key, version))
        if len(made) <= _LONGEST_KEY:
            return made
        return hashlib.sha256(made.encode()).hexdigest()

    def _set(self, value: Any, timeout: float | None) -> list[dict[str, Any]]:
        return [{"$set": {"value": {"$literal": _plain(value)}, "expires_at": self._expiry(timeout)}}]

    def _expiry(self, timeout: Any) -> Any:
        """The moment, as the server reckons it, at which an entry of now expires; None for never."""
        seconds = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
        return None if seconds is None else _in(seconds)


def _in(seconds: float) -> dict[str, Any]:
    return {"$add": [_NOW, round(seconds * 1000)]}


def _plain(value: Any) -> Any:
    """The value as JSON would give it back."""
    return json.loads(json.dumps(value, allow_nan=False))


def _again_when_taken(command: Any) -> Any:
    """Two may insert the same key in one moment: the one that came second finds it when it asks again."""
    try:
        return command()
    except DuplicateKeyError:
        return command()
