"""The backend for those who run Celery: Redis says that there is a task, and Celery's workers run it.

The record in the control plane stays what counts. A message names a task and is no more than a hint: whoever
gets it takes the task like any worker, or finds that there is nothing to take. So a message that comes twice
does no harm, and one that is lost with its worker or with Redis is sent again by whichever worker looks next.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from functools import cache
from typing import Any

from celery import Celery, signals  # type: ignore[import-untyped]
from celery.worker import state as celery_state  # type: ignore[import-untyped]
from django.conf import settings
from django.db import DatabaseError, connections
from django_tasks.base import TASK_MAX_PRIORITY, TASK_MIN_PRIORITY
from kombu.exceptions import OperationalError
from pymongo import timeout
from pymongo.errors import PyMongoError

from tenants.models import TaskRecord
from tenants.naming import CONTROL_ALIAS
from tenants.tasks import store
from tenants.tasks.attempts import Heart, execute
from tenants.tasks.backend import RecordedBackend
from tenants.tasks.worker import LONGEST_WAIT_SECONDS, Tally, sweep_seconds, worker_name

logger = logging.getLogger(__name__)

# Messages sent in one go by whoever looks for tasks that were not announced.
AT_ONCE = 500
# A message that nobody confirmed comes again after this; a task that takes longer is not disturbed by it.
VISIBILITY_SECONDS = 300
# Redis has a list for each; 0 goes first.
PRIORITY_STEPS = tuple(range(10))


def _configuration() -> dict[str, Any]:
    return {
        "broker_url": settings.CELERY_BROKER_URL,
        # Confirmed when done: a worker that dies leaves the message to another.
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "worker_prefetch_multiplier": 1,
        "broker_transport_options": {
            "visibility_timeout": VISIBILITY_SECONDS,
            "priority_steps": list(PRIORITY_STEPS),
            "sep": ":",
            "queue_order_strategy": "priority",
            # A page must not wait for a broker that is away.
            "socket_connect_timeout": 2,
            "socket_timeout": 5,
            "max_retries": 1,
            "interval_start": 0,
        },
        "broker_connection_retry_on_startup": True,
        "task_default_queue": "default",
        "task_ignore_result": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        # The record says everything; nobody listens to these.
        "worker_send_task_events": False,
        "worker_enable_remote_control": False,
    }


app = Celery("valuation", set_as_current=False)
# Read when it is first needed, like Django's own settings.
app.add_defaults(_configuration)


class CeleryBackend(RecordedBackend):
    """Tasks are recorded in the control plane, announced on Redis, and run by Celery's workers."""

    def announce(self, record: TaskRecord) -> None:
        """Send the word when the control plane's transaction has been committed, if the task is due."""
        if record.announced_at is not None:
            connection: Any = connections[CONTROL_ALIAS]
            connection.on_commit(lambda: send(record))


def send(record: TaskRecord) -> bool:
    """Tell Redis. What cannot be told is told later, by whichever worker looks for it."""
    try:
        run.apply_async(
            (record.pk,),
            queue=record.queue,
            priority=step_of(record.priority),
            retry=False,
        )
    except (OperationalError, OSError) as error:
        logger.warning("Redis does not answer (%s); %s is announced later.", error, record)
        try:
            store.unannounce(record)
        except (PyMongoError, DatabaseError):
            logger.warning("%s is announced when its queue is empty.", record)
        return False
    return True


def step_of(priority: int) -> int:
    """The list of Redis for a priority: 100 is the first, -100 the last."""
    span = TASK_MAX_PRIORITY - TASK_MIN_PRIORITY
    return round((TASK_MAX_PRIORITY - priority) * (len(PRIORITY_STEPS) - 1) / span)


@app.task(name="tenants.tasks.run")  # type: ignore[untyped-decorator]
def run(key: str) -> str:
    """Run the task that the message names, if it is there to be taken."""
    process = process_state()
    record = store.take(process.name, queues_of_all(), key=key)
    if record is None:
        return "nothing to take"
    state = execute(record, process.heart, backend=CeleryBackend, alias="default") or "LOST"
    process.tally.count(state)
    return str(state)


def queues_of_all() -> list[str]:
    return sorted(settings.TASK_QUEUES)


class ProcessState:
    """What a Celery worker's process has: its name, its heartbeat, what it did."""

    def __init__(self) -> None:
        self.name = worker_name()
        self.tally = Tally()
        self.heart = Heart().__enter__()


@cache
def process_state() -> ProcessState:
    """This process's; made on first use, so after any fork."""
    return ProcessState()


class Keeper:
    """Beside each worker: frees what the dead had, and announces what is due and of which nobody knows."""

    def __init__(self, queues: Sequence[str], *, until_empty: bool = False) -> None:
        self._queues = list(queues)
        self._until_empty = until_empty
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="task-keeper", daemon=True)

    def __enter__(self) -> Keeper:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        usual = min(sweep_seconds(), settings.TASK_POLL_SECONDS)
        wait = usual
        while not self._ended.wait(wait):
            try:
                with timeout(store.ANSWER_SECONDS):
                    store.free_lost()
                    announce_what_is_due(self._queues)
                    if self._until_empty and not store.anything_to_do(self._queues):
                        celery_state.should_stop = 0
                        return
                wait = usual
            except (PyMongoError, DatabaseError, OperationalError, OSError) as error:
                wait = min(wait * 2, LONGEST_WAIT_SECONDS)
                logger.warning("Tasks cannot be looked after: %s", type(error).__name__)


def announce_what_is_due(queues: Sequence[str]) -> int:
    """Send the word of tasks that are due and were not announced, or whose message is lost. Returns how many.

    A message is lost when nothing waits in Redis and a task has waited for a while all the same.
    """
    sent = _announce(queues, again_after=None)
    empty = [queue for queue in queues if waiting_messages(queue) == 0]
    if empty:
        sent += _announce(empty, again_after=5 * settings.TASK_POLL_SECONDS)
    return sent


def _announce(queues: Sequence[str], *, again_after: float | None) -> int:
    for sent in range(AT_ONCE):
        record = store.claim_for_announcing(queues, again_after=again_after)
        if record is None or not send(record):
            return sent
    return AT_ONCE


def waiting_messages(queue: str) -> int:
    """How many messages wait in Redis for somebody to take them."""
    with app.connection_for_read() as connection:
        declared = connection.default_channel.queue_declare(queue)
        return int(declared.message_count)


def work(queues: Sequence[str], *, threads: int, until_empty: bool) -> Tally:
    """Be a Celery worker until SIGTERM, or until nothing is due any more."""
    signals.setup_logging.connect(_leave_logging_alone)
    worker = app.Worker(
        pool="threads",
        concurrency=threads,
        queues=list(queues),
        hostname=f"valuation@{process_state().name}",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
        loglevel="WARNING",
    )
    with Keeper(queues, until_empty=until_empty):
        worker.start()
    return process_state().tally


def _leave_logging_alone(**_: Any) -> None:
    """Django's settings say what is logged."""
