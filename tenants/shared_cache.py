"""What a process keeps of the shared resources: banks and formats, which all read and staff seldom change.

The revision of the shared resources comes along with every session, so a request knows without a command of
its own whether what is kept is right. Staff's change begins the next revision, and the very next request of
every process reads anew. Code that knows no revision (commands, whoever is signed out) reads anew every time.

Organizations, people and subscriptions are not kept at all: they come with the session, as of now.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

from django.db import connections

from tenants.context import shared_revision
from tenants.models.sessions import SHARED, Revision
from tenants.naming import CONTROL_ALIAS

T = TypeVar("T")

# A change that never said so, by hand or in a process that died before it could, is seen after this long.
MOST_SECONDS = 60.0
MOST_ENTRIES = 1000


class SharedCache:
    """Values read from the shared resources, all of one revision. Safe to share between threads.

    What is kept is given to many requests: it must not be changed by who gets it.
    """

    def __init__(self) -> None:
        self._revision: int | None = None
        self._kept: dict[Hashable, tuple[float, Any]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, read: Callable[[], T]) -> T:
        """The value kept for ``key``, or else what ``read`` gives, kept from now on."""
        revision = shared_revision()
        if revision is None:
            return read()
        now = time.monotonic()
        with self._lock:
            if self._revision == revision:
                until, value = self._kept.get(key, (0.0, None))
                if now < until:
                    return cast(T, value)
        value = read()
        with self._lock:
            if self._revision != revision:
                if self._revision is not None and revision < self._revision:
                    # A slow request of the former revision: what others keep is newer.
                    return value
                self._revision, self._kept = revision, {}
            elif len(self._kept) >= MOST_ENTRIES:
                self._kept.clear()
            self._kept[key] = (now + MOST_SECONDS, value)
        return value

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._revision, self._kept = None, {}


def begin_next_revision() -> None:
    """Have every process read the shared resources anew, from the next request on."""
    collection = connections[CONTROL_ALIAS].get_collection(  # type: ignore[attr-defined]
        Revision._meta.db_table
    )
    collection.update_one({"_id": SHARED}, {"$inc": {"number": 1}}, upsert=True)


shared_cache = SharedCache()
