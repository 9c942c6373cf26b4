"""The records of tasks as they change hands. Each change is one conditional command, by the server's clock.

A task is taken with a lease. Whoever has it is known by the worker's name and the number of the attempt, and
every later change names both: of two workers that believe to have it, only the one that took it last is
heard. Leases and waits are reckoned by the server (``$$NOW``), so workers' clocks may differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId
from django.conf import settings
from django.db import connections
from pymongo import ReturnDocument

from tenants.audit import record_audit
from tenants.models import TaskRecord, TaskState, User
from tenants.mongodb.documents import instance_from_document
from tenants.naming import CONTROL_ALIAS
from tenants.tasks.errors import TaskCannotBeRetried, WorkerLost

# How long a worker waits for an answer of the control plane; ``manage.py`` itself sets no limit.
ANSWER_SECONDS = 10.0
# How many workers and errors a record remembers.
REMEMBERED = 20
_NOW = "$$NOW"
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
# The highest priority first, then whoever has waited longest.
_ORDER = [("priority", -1), ("run_after", 1)]
_NEW: dict[str, Any] = {
    "state": TaskState.READY.value,
    "attempts": 0,
    "postponed": 0,
    "started_at": None,
    "last_attempted_at": None,
    "finished_at": None,
    "worker": "",
    "workers": [],
    "lease_until": None,
    "result": None,
    "errors": [],
    "effects": [],
    "expires_at": None,
}


def add(
    key: str,
    *,
    path: str,
    arguments: Mapping[str, Any],
    org_id: str,
    queue: str,
    priority: int,
    run_after: datetime | None,
    operation: ObjectId | None,
) -> TaskRecord:
    """Record a new task, within the control plane's transaction if one is open."""
    document = {
        **_NEW,
        "path": path,
        "arguments": dict(arguments),
        "org_id": org_id,
        "queue": queue,
        "priority": priority,
        "operation": operation,
        "every": None,
    }
    now = {
        "enqueued_at": _NOW,
        "run_after": run_after or _NOW,
        # What waits is announced when it is due.
        "announced_at": None if run_after else _NOW,
    }
    connection: Any = connections[CONTROL_ALIAS]
    stored = _collection().find_one_and_update(
        {"_id": key},
        [{"$replaceWith": {"$mergeObjects": [{"_id": key}, {"$literal": document}, now]}}],
        upsert=True,
        return_document=ReturnDocument.AFTER,
        session=connection.session,
    )
    return _record(stored)


def add_duty(key: str, *, path: str, every: int, queue: str, priority: int) -> None:
    """Record a task that is done again and again; one that is there keeps its place in time."""
    present = {"path": path, "every": every, "queue": queue, "priority": priority}
    fresh = {
        **_NEW,
        "arguments": {"args": [], "kwargs": {}},
        "org_id": "",
        "operation": None,
        "enqueued_at": datetime.now(UTC),
        "run_after": _LONG_AGO,
        "announced_at": None,
    }
    _collection().update_one({"_id": key}, {"$set": present, "$setOnInsert": fresh}, upsert=True)


def find(key: str) -> TaskRecord | None:
    return TaskRecord.objects.filter(pk=key).first()


def take(worker: str, queues: Sequence[str], *, key: str = "") -> TaskRecord | None:
    """The next task that is due, or the one named, now this worker's; None without one. One command."""
    wanted: dict[str, Any] = {**_due(queues), **({"_id": key} if key else {})}
    taken = _collection().find_one_and_update(
        wanted,
        [
            {
                "$set": {
                    "state": TaskState.RUNNING.value,
                    "worker": worker,
                    "workers": _remembering("$workers", worker),
                    "attempts": {"$add": ["$attempts", 1]},
                    "started_at": {"$ifNull": ["$started_at", _NOW]},
                    "last_attempted_at": _NOW,
                    "lease_until": _in(settings.TASK_LEASE_SECONDS),
                }
            }
        ],
        sort=_ORDER,
        return_document=ReturnDocument.AFTER,
    )
    return _record(taken) if taken is not None else None


def renew(record: TaskRecord) -> bool:
    """Renew the lease; False when the task is somebody else's."""
    return _change(record, {"lease_until": _in(settings.TASK_LEASE_SECONDS)})


def succeed(record: TaskRecord, result: Any) -> bool:
    """The task has done its work; a duty waits for its next time. False when it is somebody else's."""
    changes = {"result": {"$literal": result}, **_ended(record, TaskState.SUCCESSFUL)}
    return _change(record, changes)


def fail(record: TaskRecord, error: Mapping[str, str], *, retry: bool) -> TaskState | None:
    """The attempt failed. Returns the state it has now; None when it is somebody else's.

    With ``retry`` it is tried again, later each time, until it has been tried ``TASK_ATTEMPTS`` times; then
    it is a dead letter. Without, it has failed for good.
    """
    counted = record.attempts - record.postponed
    if record.every is not None:
        state = TaskState.READY
        changes = _ended(record, state)
    elif retry and counted < settings.TASK_ATTEMPTS:
        state = TaskState.READY
        changes = _waiting(_backoff(counted))
    else:
        state = TaskState.DEAD if retry else TaskState.FAILED
        changes = _ended(record, state)
    changes["errors"] = _remembering("$errors", dict(error))
    return state if _change(record, changes) else None


def postpone(record: TaskRecord, seconds: float) -> bool:
    """Let it be tried again soon without counting this attempt. False when it is somebody else's."""
    waits = _waiting(_scattered(seconds))
    return _change(record, {**waits, "postponed": {"$add": ["$postponed", 1]}})


def free_lost() -> int:
    """Free the tasks whose workers have died: to be run again, or dead after too many attempts. One command.

    The running ones are as many as there are workers' threads; the state's index finds them.
    """
    lost = {
        "class": f"{WorkerLost.__module__}.{WorkerLost.__qualname__}",
        "traceback": {"$concat": ["The worker ", "$worker", " gave no sign of life."]},
    }
    counted = {"$subtract": ["$attempts", "$postponed"]}
    gone = {"$and": [{"$eq": ["$every", None]}, {"$gte": [counted, settings.TASK_ATTEMPTS]}]}
    done = _collection().update_many(
        {"state": TaskState.RUNNING.value, "$expr": {"$lte": ["$lease_until", _NOW]}},
        [
            {
                "$set": {
                    "state": {"$cond": [gone, TaskState.DEAD.value, TaskState.READY.value]},
                    "finished_at": {"$cond": [gone, _NOW, None]},
                    "run_after": _NOW,
                    "lease_until": None,
                    "announced_at": None,
                    "errors": {"$slice": [{"$concatArrays": ["$errors", [lost]]}, -REMEMBERED]},
                }
            }
        ],
    )
    return int(done.modified_count)


def retry_dead(record: TaskRecord, *, by: User) -> None:
    """Have a dead letter, or a task that failed for good, tried again from the start. Audited.

    Raises TaskCannotBeRetried.
    """
    changed = _collection().update_one(
        {"_id": record.pk, "state": {"$in": [TaskState.DEAD.value, TaskState.FAILED.value]}},
        [{"$set": {**_waiting(0), "postponed": "$attempts", "finished_at": None, "expires_at": None}}],
    )
    if not changed.matched_count:
        raise TaskCannotBeRetried(record.pk)
    record_audit("task.retried", by=by, organization=record.org_id, target=str(record), details={})


def claim_for_announcing(queues: Sequence[str], *, again_after: float | None) -> TaskRecord | None:
    """A task that is due and of which no broker was told; with ``again_after`` (seconds), not since then."""
    never: dict[str, Any] = {"announced_at": None}
    long_ago = {"$expr": {"$lte": ["$announced_at", _in(-(again_after or 0))]}}
    found = _collection().find_one_and_update(
        {"$and": [_due(queues), never if again_after is None else long_ago]},
        [{"$set": {"announced_at": _NOW}}],
        sort=_ORDER,
        return_document=ReturnDocument.AFTER,
    )
    return _record(found) if found is not None else None


def unannounce(record: TaskRecord) -> None:
    """The broker could not be told."""
    _collection().update_one(
        {"_id": record.pk, "state": TaskState.READY.value}, {"$set": {"announced_at": None}}
    )


def mark_effect(record: TaskRecord, name: str) -> bool:
    """Note in the open transaction that an effect is done; False when it was, or the task is lost."""
    connection: Any = connections[CONTROL_ALIAS]
    changed = _collection().update_one(
        {**_held(record), "effects": {"$ne": name}},
        {"$push": {"effects": name}},
        session=connection.session,
    )
    return bool(changed.matched_count)


def is_held(record: TaskRecord) -> bool:
    """Whether the task is still this attempt's, as the open transaction sees it."""
    connection: Any = connections[CONTROL_ALIAS]
    held = _collection().find_one(_held(record), {"_id": 1}, session=connection.session)
    return held is not None


def anything_to_do(queues: Sequence[str]) -> bool:
    """Whether a task of these queues is due or running."""
    running = {"state": TaskState.RUNNING.value, "queue": {"$in": list(queues)}}
    found = _collection().find_one({"$or": [_due(queues), running]}, {"_id": 1})
    return found is not None


def _due(queues: Sequence[str]) -> dict[str, Any]:
    return {
        "state": TaskState.READY.value,
        "queue": {"$in": list(queues)},
        "$expr": {"$lte": ["$run_after", _NOW]},
    }


def _held(record: TaskRecord) -> dict[str, Any]:
    return {
        "_id": record.pk,
        "state": TaskState.RUNNING.value,
        "worker": record.worker,
        "attempts": record.attempts,
    }


def _change(record: TaskRecord, changes: Mapping[str, Any]) -> bool:
    changed = _collection().update_one(_held(record), [{"$set": dict(changes)}])
    return bool(changed.matched_count)


def _ended(record: TaskRecord, state: TaskState) -> dict[str, Any]:
    if record.every is not None:
        # Its next run is a new one: what is once a run may be done again.
        return {**_waiting(record.every), "finished_at": _NOW, "effects": [], "postponed": "$attempts"}
    kept = timedelta(days=settings.TASK_KEPT_DAYS).total_seconds()
    return {
        "state": state.value,
        "finished_at": _NOW,
        "lease_until": None,
        # A dead letter stays until somebody has looked at it.
        "expires_at": None if state == TaskState.DEAD else _in(kept),
    }


def _waiting(wait: float | Mapping[str, Any]) -> dict[str, Any]:
    """``wait`` is in seconds, or what the server shall add in milliseconds."""
    added = _in(wait) if isinstance(wait, (int, float)) else {"$add": [_NOW, wait]}
    return {
        "state": TaskState.READY.value,
        "run_after": added,
        "lease_until": None,
        "announced_at": None,
    }


def _backoff(failures: int) -> Mapping[str, Any]:
    """Twice as long after each failure, ``TASK_LONGEST_WAIT_SECONDS`` at most."""
    wait = settings.TASK_RETRY_SECONDS * 2 ** min(failures - 1, 30)
    return _scattered(min(wait, settings.TASK_LONGEST_WAIT_SECONDS))


def _scattered(seconds: float) -> Mapping[str, Any]:
    """Milliseconds between the half of it and the whole: those who failed together do not come together."""
    milliseconds = seconds * 1000
    return {"$toLong": {"$multiply": [milliseconds, {"$add": [0.5, {"$multiply": [0.5, {"$rand": {}}]}]}]}}


def _in(seconds: float) -> dict[str, Any]:
    return {"$add": [_NOW, int(seconds * 1000)]}


def _remembering(field: str, value: Any) -> dict[str, Any]:
    joined = {"$concatArrays": [{"$ifNull": [field, []]}, [{"$literal": value}]]}
    return {"$slice": [joined, -REMEMBERED]}


def _record(document: Mapping[str, Any]) -> TaskRecord:
    return instance_from_document(TaskRecord, document)


def _collection() -> Any:
    connection: Any = connections[CONTROL_ALIAS]
    return connection.get_collection(TaskRecord._meta.db_table)
