"""Expected failures of background tasks."""

from tenants.errors import TenancyError


class TaskLeaseLost(TenancyError):
    """Somebody else runs the task now: this worker gave no sign of life for too long."""

    def __init__(self, key: str) -> None:
        super().__init__(f"The task {key} is somebody else's now.")


class WorkerLost(TenancyError):
    """The worker that ran the task gave no sign of life any more; the task begins anew."""


class NotInATask(TenancyError):
    """Something that only a running task can do was called outside of one."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} works within a background task alone.")


class TaskCannotBeRetried(TenancyError):
    """The task has not ended in vain: it waits, runs, or has done its work."""

    def __init__(self, key: str) -> None:
        super().__init__(f"The task {key} has not failed; there is nothing to retry.")
