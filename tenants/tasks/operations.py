"""Operations run as background tasks."""

from __future__ import annotations

from django_tasks import task

from tenants.context import no_organization
from tenants.models import Operation, TaskRecord, TaskState
from tenants.operations.engine import LeaseLost, OperationRefused, OperationStopped, run_operation
from tenants.operations.kinds import kind_named

OPERATIONS_QUEUE = "operations"


@task(queue_name=OPERATIONS_QUEUE)
def run_operation_task(operation_id: str) -> str:
    """Run what is left of an operation; returns what became of it.

    A step that failed is the operation's matter: why is stored with it, and somebody resumes or cancels it.
    """
    operation = Operation.objects.filter(pk=operation_id).first()
    if operation is None:
        return "gone"
    try:
        return str(run_operation(operation, kind_named(operation.kind)).status)
    except OperationStopped as stopped:
        return str(stopped.operation.status)
    except (OperationRefused, LeaseLost) as refusal:
        # Done already, or somebody runs it: a command, or the worker that was believed dead.
        return str(refusal)


def enqueue_operation(operation: Operation) -> bool:
    """Have the operation run in the background. False when a task for it waits already.

    It touches organizations by itself, each step as it needs to: none goes with the task.
    """
    with no_organization():
        # One that runs may be at its end, and see nothing of what was changed just now.
        if TaskRecord.objects.filter(operation=operation.pk, state=TaskState.READY.value).exists():
            return False
        run_operation_task.enqueue(operation_id=str(operation.pk))
        return True
