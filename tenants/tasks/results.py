"""A task's record as the ``django-tasks`` API shows it."""

from __future__ import annotations

from typing import Any

from django.utils.module_loading import import_string
from django_tasks.base import Task, TaskError, TaskResult, TaskResultStatus

from tenants.models import TaskRecord, TaskState

_STATUS = {
    TaskState.READY: TaskResultStatus.READY,
    TaskState.RUNNING: TaskResultStatus.RUNNING,
    TaskState.FAILED: TaskResultStatus.FAILED,
    TaskState.SUCCESSFUL: TaskResultStatus.SUCCESSFUL,
    # The API has no word for it.
    TaskState.DEAD: TaskResultStatus.FAILED,
}


def task_of(record: TaskRecord) -> Task[Any, Any]:
    """The task that the record names. Raises ImportError, for one that this code does not have (yet)."""
    task = import_string(record.path)
    if not isinstance(task, Task):
        raise ImportError(f"{record.path} is no task.")
    return task


def result_of(record: TaskRecord, *, task: Task[Any, Any], backend: str) -> TaskResult[Any]:
    """What the API gives out for a record."""
    result: TaskResult[Any] = TaskResult(
        task=task.using(
            priority=record.priority,
            queue_name=record.queue,
            run_after=record.run_after if record.run_after > record.enqueued_at else None,
        ),
        id=record.pk,
        status=_STATUS[TaskState(record.state)],
        enqueued_at=record.enqueued_at,
        started_at=record.started_at,
        finished_at=record.finished_at,
        last_attempted_at=record.last_attempted_at,
        args=record.arguments["args"],
        kwargs=record.arguments["kwargs"],
        backend=backend,
        errors=[
            TaskError(exception_class_path=one["class"], traceback=one["traceback"]) for one in record.errors
        ],
        worker_ids=list(record.workers),
    )
    object.__setattr__(result, "_return_value", record.result)
    return result
