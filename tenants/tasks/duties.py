"""What is done again and again: each duty is a task that comes back, so one worker at a time does it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from django.utils import timezone
from django_tasks import task

from tenants.auditing.anchors import keep_chains
from tenants.operations.engine import OperationUnderWay, due_for_resuming
from tenants.tasks import store
from tenants.tasks.operations import enqueue_operation

logger = logging.getLogger(__name__)

DUTIES_QUEUE = "default"
# Before other work: they are short.
PRIORITY = 50


@dataclass(frozen=True, slots=True)
class Duty:
    """What is done, and how many seconds later again."""

    path: str
    every: int

    @property
    def key(self) -> str:
        return f"duty:{self.path.rpartition('.')[2]}"[:36]


DUTIES = (
    Duty("tenants.tasks.duties.resume_operations", every=10),
    Duty("tenants.tasks.duties.back_up_what_is_due", every=60),
    Duty("tenants.tasks.duties.drop_old_sources", every=60),
    Duty("tenants.tasks.duties.remove_expired_backups", every=600),
    Duty("tenants.tasks.duties.keep_records_of_what_was_done", every=86_400),
    Duty("tenants.plans.duties.refresh_entitlements", every=600),
    Duty("tenants.plans.duties.recount_files", every=24 * 3600),
)


def record_duties() -> None:
    """See that each is recorded; a worker does so at its start."""
    for duty in DUTIES:
        store.add_duty(duty.key, path=duty.path, every=duty.every, queue=DUTIES_QUEUE, priority=PRIORITY)


@task
def resume_operations() -> list[str]:
    """Have operations gone on with whose runner has died."""
    found = due_for_resuming(timezone.now())
    return [str(one.pk) for one in found if enqueue_operation(one)]


@task
def back_up_what_is_due() -> list[str]:
    """Request the backups that plans ask for by now."""
    requested = []
    for organization in _of_operations("backups.retention", "due_organizations")(timezone.now()):
        request = _of_operations("backups.backing_up", "request_backup")
        try:
            enqueue_operation(request(organization, by=None, reason="schedule"))
        except OperationUnderWay as error:
            # Its turn comes when the other operation is done.
            logger.info("%s", error)
            continue
        requested.append(organization.org_id)
    return requested


@task
def remove_expired_backups() -> None:
    """Remove backups that have been kept for as long as their plan says."""
    _of_operations("backups.retention", "remove_expired")(timezone.now())


@task
def keep_records_of_what_was_done() -> int:
    """Chain entries whose process died before it could, and note where each record ends."""
    return len(keep_chains())


@task
def drop_old_sources() -> list[str]:
    """Drop what moved organizations left behind, once it has been read-only for long enough."""
    dropped = _of_operations("moving", "drop_old_sources")(timezone.now())
    return [str(one) for one in dropped]


def _of_operations(module: str, name: str) -> Callable[..., Any]:
    """Looked up late: operations enqueue tasks, and tasks run operations."""
    function: Callable[..., Any] = getattr(import_module(f"tenants.operations.{module}"), name)
    return function
