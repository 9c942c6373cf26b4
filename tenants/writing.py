"""Whether an organization may be written to now.

A move freezes an organization's writes for a moment: it announces the freeze, and at the announced time
nobody writes any more. No process has to be asked for that. Whoever works for an organization knows its state
as of the time that it was read, and this knowledge is good for writing for ``WRITES_KNOWN_SECONDS`` at most;
then the next write reads it anew. A freeze that is announced for later than that reaches everybody in time.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

from django.conf import settings


def writable_until(read_at: float, frozen_at: datetime | None) -> float:
    """Until when (``time.monotonic()``) what was read at ``read_at`` allows writing."""
    until = min(read_at, time.monotonic()) + float(settings.WRITES_KNOWN_SECONDS)
    if frozen_at is not None:
        until = min(until, time.monotonic() + (frozen_at - datetime.now(UTC)).total_seconds())
    return until


def is_frozen(frozen_at: datetime | None) -> bool:
    """Whether a freeze that was announced has begun."""
    return frozen_at is not None and frozen_at <= datetime.now(UTC)
