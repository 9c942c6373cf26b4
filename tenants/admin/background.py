"""What the admin has done in the background and is no operation: it changes nothing of a firm."""

from __future__ import annotations

from django_tasks import task

from tenants.models import Backup, User
from tenants.operations.backups import verifying
from tenants.tasks.operations import OPERATIONS_QUEUE


@task(queue_name=OPERATIONS_QUEUE)
def verify_backup(backup_id: str, asked_by: str) -> list[str]:
    """Compare every file of a backup with its manifest; returns what is wrong, and records it."""
    by = User.objects.filter(pk=asked_by).first()
    return verifying.verify_backup(Backup.objects.get(pk=backup_id), by=by)
