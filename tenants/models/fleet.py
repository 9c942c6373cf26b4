"""What is done to organizations, in the control plane: operations, their backups, background tasks."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.utils import timezone
from django_mongodb_backend.fields import ObjectIdField

from tenants.planes import ControlPlaneModel


class OperationStatus(models.TextChoices):
    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    STOPPED = "stopped", "Stopped"
    DONE = "done", "Done"
    CANCELLED = "cancelled", "Cancelled"


UNFINISHED = (OperationStatus.WAITING, OperationStatus.RUNNING, OperationStatus.STOPPED)


class Operation(ControlPlaneModel):
    """Something that is done to an organization in steps, and can be resumed after any of them.

    Only ``tenants.operations.engine`` changes it. ``org_id`` is empty for one of the whole fleet.
    """

    kind = models.CharField(max_length=20)
    org_id = models.CharField("organization id", max_length=38, blank=True)
    # Every organization that it has for itself while it is unfinished: usually the one above.
    holds = models.JSONField(default=list)
    status = models.CharField(max_length=10, choices=OperationStatus.choices, default=OperationStatus.WAITING)
    # The step to be done next, or being done.
    step = models.CharField(max_length=30, blank=True)
    # What was asked for; never changed.
    options = models.JSONField(default=dict)
    # What the steps done must tell those to come.
    state = models.JSONField(default=dict)
    # Why it stopped, and the way out.
    problem = models.CharField(max_length=1000, blank=True)
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)
    unit = models.CharField(max_length=20, blank=True)
    # [{"at": ISO 8601, "step": …, "text": …}], the last 200.
    log = models.JSONField(default=list)
    requested_by = models.CharField(max_length=254)
    # Who runs it now, and until when it counts as running without a sign of life.
    owner = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True)
    cancel_requested = models.BooleanField(default=False)
    attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    # Whether this very object came with the lease, from ``start_operation``.
    is_ours: bool = False

    class Meta:
        db_table = "operations"
        ordering: ClassVar = ["-created_at"]
        indexes: ClassVar = [
            models.Index(fields=["org_id", "-created_at"], name="operation_org_newest"),
            models.Index(fields=["status", "-created_at"], name="operation_status_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.org_id}".strip()

    @property
    def is_finished(self) -> bool:
        return self.status in (OperationStatus.DONE, OperationStatus.CANCELLED)

    def seems_dead(self, now: datetime) -> bool:
        """Whether it counts as running and whoever ran it has given no sign of life."""
        return self.status == OperationStatus.RUNNING and (self.lease_until is None or self.lease_until < now)


class BackupStatus(models.TextChoices):
    WRITING = "writing", "Being written"
    GOOD = "good", "Good"
    DAMAGED = "damaged", "Damaged"
    REMOVED = "removed", "Removed"


class Backup(ControlPlaneModel):
    """One backup of one organization: where it is, what moment it shows, how to know that it is whole."""

    org_id = models.CharField("organization id", max_length=38)
    # The folder's name within the organization's: 20261123T101500Z-<8 hex digits>.
    name = models.CharField(max_length=40)
    # Which store: the name of an entry of settings.BACKUP_STORES.
    store = models.CharField(max_length=40)
    status = models.CharField(max_length=10, choices=BackupStatus.choices, default=BackupStatus.WRITING)
    # manual, scheduled, or the operation that wanted one first (restore, offboard).
    reason = models.CharField(max_length=20, default="manual")
    # The moment it shows.
    taken_at = models.DateTimeField(null=True)
    documents = models.PositiveBigIntegerField(default=0)
    bson_bytes = models.PositiveBigIntegerField(default=0)
    stored_bytes = models.PositiveBigIntegerField(default=0)
    encrypted = models.BooleanField(default=False)
    manifest_sha256 = models.CharField(max_length=64, blank=True)
    # Which migrations the data has.
    migrations = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    # After this it is removed by run_due_backups; null: kept until somebody removes it.
    expires_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "backups"
        ordering: ClassVar = ["-created_at"]
        indexes: ClassVar = [
            models.Index(fields=["org_id", "-created_at"], name="backup_org_newest"),
            models.Index(fields=["status", "expires_at"], name="backup_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.org_id}/{self.name}"


class TaskState(models.TextChoices):
    """The states of django-tasks, and one more: tried as often as it may be, kept for somebody to look at."""

    READY = "READY", "Ready"
    RUNNING = "RUNNING", "Running"
    FAILED = "FAILED", "Failed"
    SUCCESSFUL = "SUCCESSFUL", "Successful"
    DEAD = "DEAD", "Dead letter"


class TaskRecord(ControlPlaneModel):
    """A background task, waiting, running or ended. Only ``tenants.tasks`` changes it.

    One with ``every`` never ends: after each run it waits for the next.
    """

    key = models.CharField(max_length=36, primary_key=True, db_column="_id")
    path = models.CharField(max_length=200)
    # {"args": […], "kwargs": {…}}
    arguments = models.JSONField(default=dict)
    # The organization that was active when it was enqueued; empty: none, and then it touches none.
    org_id = models.CharField("organization id", max_length=38, blank=True)
    queue = models.CharField(max_length=40, default="default")
    priority = models.IntegerField(default=0)
    state = models.CharField(max_length=10, choices=TaskState.choices, default=TaskState.READY)
    # How often it was begun; with the worker's name it says whose result counts.
    attempts = models.PositiveIntegerField(default=0)
    # Those attempts that were nobody's fault: the organization's data was being moved, for one.
    postponed = models.PositiveIntegerField(default=0)
    enqueued_at = models.DateTimeField(default=timezone.now)
    run_after = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    last_attempted_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    worker = models.CharField(max_length=120, blank=True)
    # Everybody who began it, the last 20.
    workers = models.JSONField(default=list)
    lease_until = models.DateTimeField(null=True)
    result = models.JSONField(null=True)
    # [{"class": …, "traceback": …}], one for each failed attempt, the last 20.
    errors = models.JSONField(default=list)
    # The names of the effects that are done and must not be done again.
    effects = models.JSONField(default=list)
    # When a broker was told of it, where one is; null: not yet.
    announced_at = models.DateTimeField(null=True)
    # The operation that it runs, if it runs one.
    operation = ObjectIdField(null=True)
    # Seconds between two runs of a duty; null for a task that is done once.
    every = models.PositiveIntegerField(null=True)
    # The server removes it then.
    expires_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "tasks"
        ordering: ClassVar = ["-enqueued_at"]
        verbose_name = "task"
        indexes: ClassVar = [
            models.Index(fields=["state", "queue", "-priority", "run_after"], name="task_next"),
            models.Index(fields=["-enqueued_at"], name="task_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.path} {self.key}"
