"""A worker: takes tasks that are due and runs them, several at once, until it is asked to end."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from django.conf import settings
from django.db import DatabaseError
from pymongo import timeout
from pymongo.errors import PyMongoError

from tenants.models import TaskRecord
from tenants.tasks import store
from tenants.tasks.attempts import Heart, execute
from tenants.tasks.mongodb import MongoBackend

logger = logging.getLogger(__name__)

LONGEST_WAIT_SECONDS = 10.0
# How soon somebody who waits for the queue to be empty looks again.
_SOON = 0.05


def worker_name() -> str:
    """A name that no other worker has, now or later."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def sweep_seconds() -> float:
    """How often each worker looks for tasks of the dead: often enough beside the lease."""
    return max(float(settings.TASK_LEASE_SECONDS) / 6, 0.2)


@dataclass
class Tally:
    """What a worker did."""

    outcomes: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, outcome: str) -> None:
        with self._lock:
            self.outcomes[outcome] += 1


class Worker:
    """Looks for tasks from one thread and runs them in ``threads`` others.

    Idle, it costs the control plane one indexed command each ``TASK_POLL_SECONDS``, and one more each sixth
    of a lease.
    """

    def __init__(self, *, queues: Sequence[str], threads: int = 1, alias: str = "default") -> None:
        self.name = worker_name()
        self.tally = Tally()
        self._queues = list(queues)
        self._threads = threads
        self._alias = alias
        self._free = threading.Semaphore(threads)
        self._heart = Heart()
        self._swept_at = float("-inf")

    def run(self, stopping: threading.Event, *, until_empty: bool = False) -> Tally:
        """Work until ``stopping`` is set, then finish what is under way; or until nothing is due any more."""
        wait = settings.TASK_POLL_SECONDS
        with self._heart, ThreadPoolExecutor(self._threads, thread_name_prefix="task") as pool:
            while not stopping.is_set():
                if not self._free.acquire(timeout=settings.TASK_POLL_SECONDS):
                    continue
                if stopping.is_set():
                    break
                try:
                    with timeout(store.ANSWER_SECONDS):
                        record = self._next()
                        ended = until_empty and record is None and not store.anything_to_do(self._queues)
                except (PyMongoError, DatabaseError) as error:
                    self._free.release()
                    wait = min(wait * 2, LONGEST_WAIT_SECONDS)
                    logger.warning("The control plane does not answer (%s).", type(error).__name__)
                    stopping.wait(wait)
                    continue
                wait = settings.TASK_POLL_SECONDS
                if record is not None:
                    pool.submit(self._work, record)
                    continue
                self._free.release()
                if ended:
                    break
                stopping.wait(_SOON if until_empty else wait)
        return self.tally

    def _next(self) -> TaskRecord | None:
        now = time.monotonic()
        if now - self._swept_at >= sweep_seconds():
            self._swept_at = now
            freed = store.free_lost()
            if freed:
                logger.warning("%d tasks of workers that gave no sign of life begin anew.", freed)
        return store.take(self.name, self._queues)

    def _work(self, record: TaskRecord) -> None:
        try:
            state = execute(record, self._heart, backend=MongoBackend, alias=self._alias)
            self.tally.count(state or "LOST")
        except (PyMongoError, DatabaseError):
            # The lease runs out, and the task is somebody's again.
            logger.exception("What became of %s could not be recorded.", record)
            self.tally.count("LOST")
        finally:
            self._free.release()
