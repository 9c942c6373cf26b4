"""Reading a stored backup back, to know whether it is still what was written."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.utils import timezone

from tenants.audit import record_audit
from tenants.models import Backup, BackupStatus, User
from tenants.operations.backups import retention
from tenants.operations.backups.reading import check_archive
from tenants.operations.backups.stores import store_named
from tenants.operations.engine import OperationRefused


def backup_named(name: str) -> Backup:
    """The backup of this name, with or without ``<org_id>/`` before it. Raises ValidationError."""
    org_id, _, last = name.rpartition("/")
    found = Backup.objects.filter(name=last, **({"org_id": org_id} if org_id else {})).first()
    if found is None:
        raise ValidationError(f"There is no backup “{name}”.")
    return found


def verify_backup(
    backup: Backup, *, by: User | None, on_progress: Callable[[int, int], None] | None = None
) -> list[str]:
    """Compare every file of a backup with its manifest; returns what is wrong, nothing when it is whole.

    What was found is recorded: when it was last whole, or that it is damaged, and then it counts as the
    firm's last backup no more. Raises OperationRefused for one that is being written or was removed,
    StoreFailed.
    """
    if backup.status not in (BackupStatus.GOOD, BackupStatus.DAMAGED):
        raise OperationRefused(f"“{backup}” is {backup.get_status_display().lower()}.")
    problems = check_archive(
        store_named(backup.store),
        backup.org_id,
        backup.name,
        sha256=backup.manifest_sha256,
        on_progress=on_progress,
    )
    backup.status = BackupStatus.DAMAGED if problems else BackupStatus.GOOD
    backup.checked_at = timezone.now()
    known = Backup.objects.filter(pk=backup.pk, status__in=[BackupStatus.GOOD, BackupStatus.DAMAGED])
    known.update(status=backup.status, checked_at=backup.checked_at)
    retention.refresh_last_backup(backup.org_id)
    record_audit(
        "backup.damaged" if problems else "backup.verified",
        by=by,
        organization=backup.org_id,
        target=str(backup),
        details={"problems": problems[:20]},
    )
    return problems
