"""What both backends have in common: tasks are recorded in the control plane, results are read from there."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from bson import ObjectId
from django_tasks.backends.base import BaseTaskBackend
from django_tasks.base import Task, TaskResult
from django_tasks.exceptions import TaskResultDoesNotExist
from django_tasks.signals import task_enqueued
from django_tasks.utils import normalize_json

from tenants.context import active_org_id
from tenants.models import TaskRecord
from tenants.tasks import store
from tenants.tasks.results import result_of, task_of

# A task's keyword argument of this name is no argument of its function's: the operation that it runs.
OPERATION = "operation_id"


class RecordedBackend(BaseTaskBackend):
    """Enqueues in one write, which is part of the control plane's transaction where one is open.

    The organization that is active goes with the task. A transaction of the organization's own database is
    another one: enqueue after it, not within it.
    """

    supports_defer = True
    supports_async_task = True
    supports_get_result = True
    supports_priority = True

    def enqueue(
        self,
        task: Task[Any, Any],
        args: Sequence[Any],
        kwargs: dict[str, Any],
    ) -> TaskResult[Any]:
        """Record the task. Raises InvalidTaskError, and TypeError for arguments that are not JSON's."""
        self.validate_task(task)
        operation = kwargs.get(OPERATION)
        record = store.add(
            str(uuid.uuid4()),
            path=task.module_path,
            arguments={"args": normalize_json(list(args)), "kwargs": normalize_json(kwargs)},
            org_id=active_org_id() or "",
            queue=task.queue_name,
            priority=task.priority,
            run_after=task.run_after,
            operation=ObjectId(operation) if operation else None,
        )
        result = result_of(record, task=task, backend=self.alias)
        self.announce(record)
        task_enqueued.send(type(self), task_result=result)
        return result

    def announce(self, record: TaskRecord) -> None:
        """Tell whoever runs tasks that there is one. Workers of our own look by themselves."""

    def get_result(self, result_id: str) -> TaskResult[Any]:
        """The task as it is now. Raises TaskResultDoesNotExist."""
        record = store.find(result_id)
        if record is None:
            raise TaskResultDoesNotExist(result_id)
        return result_of(record, task=task_of(record), backend=self.alias)
