"""What a process keeps of the shared resources: banks and formats, which all read and staff seldom change.

The revision of the shared resources comes along with every session, so a request knows without a command of
its own whether what is kept is right. Staff's change begins the next revision, and the very next request of
every process reads anew; the request that made the change goes on with the next revision itself. Code that
knows no revision (commands, whoever is signed out) reads anew every time. A write by hand, past all of this,
is seen after MOST_SECONDS: what is kept is read again then, or only asked whether it is the same still.

Organizations, people and subscriptions are not kept at all: they come with the session, as of now.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from django.db import connections
from pymongo import ReturnDocument

from tenants.context import know_shared_revision, shared_revision
from tenants.models.sessions import SHARED, Revision
from tenants.naming import CONTROL_ALIAS

T = TypeVar("T")

# A change that never said so, by hand or in a process that died before it could, is seen after this long.
MOST_SECONDS = 2.0
MOST_ENTRIES = 1000


@dataclass(frozen=True, slots=True)
class Stamped(Generic[T]):
    """A value with what tells whether it is the same still, a hash for instance."""

    value: T
    stamp: object


class SharedCache:
    """Values read from the shared resources, all of one revision. Safe to share between threads.

    What is kept is given to many requests: it must not be changed by who gets it.
    """

    def __init__(self) -> None:
        self._revision: int | None = None
        self._kept: dict[Hashable, tuple[float, Stamped[Any]]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, read: Callable[[], T]) -> T:
        """The value kept for ``key``, or else what ``read`` gives, kept from now on."""
        return self.get_stamped(key, lambda _: Stamped(read(), None))

    def get_stamped(self, key: Hashable, read: Callable[[Stamped[T] | None], Stamped[T]]) -> T:
        """The same for what is dear to read. ``read`` is given what was kept too long ago, if anything: it
        returns that again when its stamp is still right, and reads otherwise.
        """
        revision = shared_revision()
        if revision is None:
            return read(None).value
        now = time.monotonic()
        known: Stamped[T] | None = None
        with self._lock:
            if self._revision == revision:
                until, kept = self._kept.get(key, (0.0, None))
                if kept is not None and now < until:
                    return cast(T, kept.value)
                known = kept
        stamped = read(known)
        with self._lock:
            if self._revision != revision:
                if self._revision is not None and revision < self._revision:
                    # A slow request of the former revision: what others keep is newer.
                    return stamped.value
                self._revision, self._kept = revision, {}
            elif len(self._kept) >= MOST_ENTRIES:
                self._kept.clear()
            # As old as the moment at which it was asked for: what is written meanwhile may not be in it.
            self._kept[key] = (now + MOST_SECONDS, stamped)
        return stamped.value

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._revision, self._kept = None, {}


def begin_next_revision() -> None:
    """Have every process read the shared resources anew, from the next request on, and this request now."""
    collection = connections[CONTROL_ALIAS].get_collection(  # type: ignore[attr-defined]
        Revision._meta.db_table
    )
    begun = collection.find_one_and_update(
        {"_id": SHARED}, {"$inc": {"number": 1}}, upsert=True, return_document=ReturnDocument.AFTER
    )
    if shared_revision() is not None:
        know_shared_revision(begun["number"])


shared_cache = SharedCache()
