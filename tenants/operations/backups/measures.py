"""How old the backups of the whole fleet are, for the metrics. No figure names a firm."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pymongo
from django.db import DatabaseError
from django.utils import timezone
from pymongo.errors import PyMongoError

from tenants.errors import TenancyError
from tenants.operations.backups.retention import Schedule, is_overdue, schedules

# How often the control plane is asked at most, and how long it may take.
EVERY_SECONDS = 30.0
TIMEOUT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class BackupFigures:
    """Of the organizations that are to be backed up: those whose plan wants no backups do not count.

    ``age_seconds_max`` is of the organization whose last good backup is oldest, ``last_success`` seconds
    since 1970 of the newest one; both None while there is no backup at all.
    """

    age_seconds_max: float | None
    without_backup: int
    overdue: int
    last_success: float | None


def figures_of(found: Sequence[Schedule], now: datetime) -> BackupFigures:
    """The figures of these organizations."""
    wanted = [one for one in found if one.every_hours]
    last = [one.last for one in wanted if one.last is not None]
    return BackupFigures(
        age_seconds_max=(now - min(last)).total_seconds() if last else None,
        without_backup=len(wanted) - len(last),
        overdue=sum(is_overdue(one, now) for one in wanted),
        last_success=max(last).timestamp() if last else None,
    )


class KeptFigures:
    """The figures as they were less than half a minute ago; None while the control plane does not answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked_at = float("-inf")
        self._figures: BackupFigures | None = None

    def get(self) -> BackupFigures | None:
        """One command at most; whoever asks while another waits for it gets what was known before."""
        if time.monotonic() - self._asked_at >= EVERY_SECONDS and self._lock.acquire(blocking=False):
            try:
                self._figures = _asked()
                self._asked_at = time.monotonic()
            finally:
                self._lock.release()
        return self._figures

    def clear(self) -> None:
        """Forget them, so that the next one asks anew."""
        self._asked_at = float("-inf")
        self._figures = None


def _asked() -> BackupFigures | None:
    now = timezone.now()
    try:
        with pymongo.timeout(TIMEOUT_SECONDS):
            return figures_of(schedules(now), now)
    except (PyMongoError, DatabaseError, TenancyError):
        # The page is asked most when something is down: it shows everything else.
        return None


backup_figures = KeptFigures()
