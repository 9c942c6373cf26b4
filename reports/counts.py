"""How many reports of each status and bank a firm has, counted again only when that has changed.

Counting walks a key of the index for each report, which is the dearest part of the list page. Whatever
changes which reports there are, or a report's status, draws the firm's next revision in the same transaction;
a process keeps the numbers with the revision they were counted under. Reading the revision is one look-up.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from django.db import IntegrityError, connections
from pymongo.errors import DuplicateKeyError

from tenants.context import require_org_id
from tenants.models import Counter

REVISION = "reports_revision"
# A change that went past the actions, by hand for one, is seen after this long.
MOST_SECONDS = 60.0
MOST_FIRMS = 1000

Numbers = Mapping[tuple[str, str, str], int]


class KeptCounts:
    """The numbers of the most recently used firms. Safe to share between threads."""

    def __init__(self) -> None:
        # By org_id: the revision, until when they may be used, the numbers.
        self._kept: OrderedDict[str, tuple[int, float, Numbers]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, count: Callable[[], Numbers]) -> Numbers:
        """The active firm's numbers: those kept, or what ``count`` gives. One command beside those."""
        org_id = require_org_id("A count of reports")
        # Read before counting: a change in between is counted, and the next request counts again.
        revision = current_revision()
        now = time.monotonic()
        with self._lock:
            known = self._kept.get(org_id)
            if known is not None and known[0] == revision and now < known[1]:
                self._kept.move_to_end(org_id)
                return known[2]
        numbers = count()
        with self._lock:
            self._kept[org_id] = (revision, now + MOST_SECONDS, numbers)
            self._kept.move_to_end(org_id)
            while len(self._kept) > MOST_FIRMS:
                self._kept.popitem(last=False)
        return numbers

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()


def current_revision() -> int:
    """The active firm's revision; 0 before the first report. One command."""
    found = Counter.objects.documents({"name": REVISION}, ["value"], order=(), start=0, stop=1)
    return int(found[0]["value"]) if found else 0


def begin_next_revision() -> None:
    """Say that the counts have changed. Call it within the transaction that changes them.

    Raises IntegrityError when two begin the very first one at once: the transaction is to be tried again.
    """
    connection: Any = connections[require_org_id("A count of reports")]
    try:
        connection.get_collection(Counter._meta.db_table).update_one(
            {"name": REVISION}, {"$inc": {"value": 1}}, upsert=True, session=connection.session
        )
    except DuplicateKeyError as error:
        raise IntegrityError(str(error)) from error


kept_counts = KeptCounts()
