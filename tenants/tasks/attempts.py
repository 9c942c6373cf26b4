"""One attempt at a task: its organization, its lease, what becomes of it. The same for every worker."""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.conf import settings
from django.db import DatabaseError
from django_tasks.base import Task, TaskContext, TaskResult
from django_tasks.signals import task_finished, task_started
from django_tasks.utils import get_exception_traceback, get_module_path, normalize_json
from pymongo import timeout
from pymongo.errors import AutoReconnect, PyMongoError

from tenants.context import no_organization, organization_active
from tenants.errors import (
    ClusterUnreachable,
    OrganizationRefused,
    TenancyError,
    UnknownOrganization,
    WritesFrozen,
)
from tenants.models import Organization, TaskRecord, TaskState
from tenants.mongodb.transaction import run_atomically
from tenants.naming import CONTROL_ALIAS
from tenants.tasks import store
from tenants.tasks.errors import NotInATask, TaskLeaseLost
from tenants.tasks.results import result_of, task_of

T = TypeVar("T")

logger = logging.getLogger(__name__)

# A move's freeze is over sooner than this; a cluster's outage takes longer.
FROZEN_SECONDS = 2.0
UNREACHABLE_SECONDS = 30.0
# What is postponed more often than this is counted as failing: it would never end.
POSTPONED_AT_MOST = 100
LONGEST_TRACEBACK = 10_000


class _NotRun(TenancyError):
    """The task's organization may not be worked for; the cause says why. It is not tried again."""


@dataclass(eq=False)
class Attempt:
    """A task in this worker's hands."""

    record: TaskRecord
    lost: threading.Event = field(default_factory=threading.Event)

    def check(self) -> None:
        """Raises TaskLeaseLost when somebody else runs the task now."""
        if self.lost.is_set():
            raise TaskLeaseLost(self.record.pk)

    def once(self, name: str, effect: Callable[[], object]) -> bool:
        """Run ``effect`` in a transaction of the control plane, unless this task has done it before."""

        def mark_and_do() -> bool:
            if not store.mark_effect(self.record, name):
                if store.is_held(self.record):
                    return False
                raise TaskLeaseLost(self.record.pk)
            effect()
            return True

        return run_atomically(mark_and_do, using=CONTROL_ALIAS)


_current: contextvars.ContextVar[Attempt | None] = contextvars.ContextVar("attempt", default=None)


def current_attempt() -> Attempt:
    """The attempt that the running code belongs to. Raises NotInATask."""
    attempt = _current.get()
    if attempt is None:
        raise NotInATask("This")
    return attempt


def once(name: str, effect: Callable[[], object]) -> bool:
    """Have the running task do something in the control plane once, however often the task is run.

    ``effect`` and the mark that it is done are one transaction, in which this worker must still have the
    task; ``effect`` may be run again when the transaction is. Returns whether it was done now. Raises
    NotInATask, and TaskLeaseLost when somebody else runs the task meanwhile. An organization's own database
    is another transaction: write there in a way that can be repeated.
    """
    return current_attempt().once(name, effect)


class Heart:
    """Renews the leases of everything in this process's hands, in a thread of its own."""

    def __init__(self) -> None:
        self._attempts: set[Attempt] = set()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="task-heartbeat", daemon=True)

    def __enter__(self) -> Heart:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    @contextmanager
    def beating_for(self, record: TaskRecord) -> Iterator[Attempt]:
        """Keep the record's lease while the block runs."""
        attempt = Attempt(record)
        with self._lock:
            self._attempts.add(attempt)
        try:
            yield attempt
        finally:
            with self._lock:
                self._attempts.discard(attempt)

    def _run(self) -> None:
        while not self._ended.wait(settings.TASK_LEASE_SECONDS / 6):
            with self._lock:
                held = list(self._attempts)
            for attempt in held:
                try:
                    with timeout(max(settings.TASK_LEASE_SECONDS / 3, 1)):
                        if not store.renew(attempt.record):
                            attempt.lost.set()
                except (PyMongoError, DatabaseError):
                    # The control plane is out of reach for now; the leases have some time left.
                    break


def execute(record: TaskRecord, heart: Heart, *, backend: type, alias: str) -> TaskState | None:
    """Run a task that was taken, and record what became of it.

    Returns the state that it has now, READY when it is to be tried again; None when its lease was lost. Its
    lease outlives this: raises nothing but what the control plane says when it is out of reach to the end.
    """
    with heart.beating_for(record) as attempt:
        # In a context of its own: nothing that a task leaves behind is there for the next one.
        return contextvars.copy_context().run(_execute, attempt, backend, alias)


def _execute(attempt: Attempt, backend: type, alias: str) -> TaskState | None:
    record = attempt.record
    _current.set(attempt)
    with no_organization():
        result: TaskResult[Any] | None = None
        try:
            task = task_of(record)
            result = result_of(record, task=task, backend=alias)
            if record.every is None:
                task_started.send(backend, task_result=result)
            value = _run(record, task, result)
        # A task may fail with anything. Whatever it is gets recorded, and must not end the worker.
        except (Exception, SystemExit) as error:  # noqa: BLE001
            with no_organization():
                state = _failed(attempt, error)
            if result is not None and state in (TaskState.FAILED, TaskState.DEAD):
                _tell_finished(record, result.task, backend, alias)
            return state
        if not _stored(attempt, lambda: store.succeed(record, value)):
            return None
        _tell_finished(record, result.task, backend, alias)
        return TaskState.SUCCESSFUL


def _run(record: TaskRecord, task: Task[Any, Any], result: TaskResult[Any]) -> Any:
    context = [TaskContext(task_result=result)] if task.takes_context else []
    with _organization_of(record):
        return normalize_json(task.call(*context, *result.args, **result.kwargs))


def _organization_of(record: TaskRecord) -> Any:
    """The task's organization, active as the control plane has it now. Raises _NotRun."""
    if not record.org_id:
        return nullcontext()
    organization = Organization.objects.filter(org_id=record.org_id).first()
    if organization is None:
        raise _NotRun from UnknownOrganization(record.org_id)
    if not organization.is_active:
        raise _NotRun from OrganizationRefused(organization.org_id, organization.status)
    return organization_active(organization.placement)


def _failed(attempt: Attempt, error: BaseException) -> TaskState | None:
    """Record a failure. Returns the state that the task has now; None when it is somebody else's."""
    record = attempt.record
    if isinstance(error, TaskLeaseLost):
        return None
    refused = isinstance(error, _NotRun)
    if refused and error.__cause__ is not None:
        error = error.__cause__
    wait = wait_for_better_times(error)
    if wait is not None and record.postponed < POSTPONED_AT_MOST:
        logger.info("%s is postponed: %s", record, type(error).__name__)
        postponed = _stored(attempt, lambda: store.postpone(record, wait))
        return TaskState.READY if postponed else None
    logger.warning("%s failed at attempt %d", record, record.attempts, exc_info=error)
    told = {
        "class": get_module_path(type(error)),
        "traceback": get_exception_traceback(error)[-LONGEST_TRACEBACK:],
    }
    return _stored(attempt, lambda: store.fail(record, told, retry=not refused))


def wait_for_better_times(error: BaseException | None) -> float | None:
    """Seconds to wait when a failure is the moment's and not the task's; None when the task failed."""
    while error is not None:
        if isinstance(error, WritesFrozen):
            return FROZEN_SECONDS
        if isinstance(error, (ClusterUnreachable, AutoReconnect)):
            return UNREACHABLE_SECONDS
        error = error.__cause__
    return None


def _stored(attempt: Attempt, write: Callable[[], T]) -> T:
    """Store an outcome, again and again while the control plane is out of reach and the lease may hold."""
    deadline = time.monotonic() + settings.TASK_LEASE_SECONDS
    while True:
        try:
            with timeout(store.ANSWER_SECONDS):
                outcome = write()
        except (PyMongoError, DatabaseError):
            if attempt.lost.wait(0.5) or time.monotonic() > deadline:
                raise
            continue
        if not outcome:
            attempt.lost.set()
            logger.warning("%s is somebody else's; what became of it here does not count.", attempt.record)
        return outcome


def _tell_finished(record: TaskRecord, task: Task[Any, Any], backend: type, alias: str) -> None:
    # A duty has no end to be told.
    stored = store.find(record.pk) if record.every is None else None
    if stored is not None:
        task_finished.send(backend, task_result=result_of(stored, task=task, backend=alias))
