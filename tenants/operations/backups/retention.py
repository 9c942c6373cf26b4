"""Which organizations are due for a backup, and which backups have had their time.

A firm's plan says how often it is backed up and how long such a backup is kept; a firm without a plan is
backed up daily. The last good backup of a firm that exists is kept whatever its age, and so is one that an
unfinished operation works with.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connections
from django.db.models import Max
from django.utils import timezone

from tenants.audit import record_audit
from tenants.errors import TenancyError
from tenants.models import (
    UNFINISHED,
    Backup,
    BackupStatus,
    Operation,
    Organization,
    OrganizationStatus,
    Plan,
    Subscription,
    SubscriptionStatus,
    User,
)
from tenants.naming import CONTROL_ALIAS
from tenants.operations.backups.stores import store_named

# Organizations whose database is whole.
BACKED_UP = (
    OrganizationStatus.ACTIVE,
    OrganizationStatus.SUSPENDED,
    OrganizationStatus.MOVING,
    OrganizationStatus.OFFBOARDING,
)
DEFAULT_HOURS = 24
DEFAULT_DAYS = 30


@dataclass(frozen=True, slots=True)
class Terms:
    """What a plan says of backups; ``every_hours`` 0 is never by itself."""

    plan: str = ""
    every_hours: int = DEFAULT_HOURS
    kept_days: int = DEFAULT_DAYS


@dataclass(frozen=True, slots=True)
class Schedule:
    """An organization as far as its backups go."""

    org_id: str
    every_hours: int
    last: datetime | None
    created_at: datetime


def is_due(schedule: Schedule, now: datetime) -> bool:
    """Whether it is time.

    A little early counts too, else what is asked every hour would come an hour later every day.
    """
    if not schedule.every_hours:
        return False
    every = timedelta(hours=schedule.every_hours)
    return schedule.last is None or now - schedule.last >= every - min(every / 10, timedelta(minutes=30))


def is_overdue(schedule: Schedule, now: datetime) -> bool:
    """Whether twice the time between two backups has passed without one: somebody should look."""
    if not schedule.every_hours:
        return False
    return now - (schedule.last or schedule.created_at) >= 2 * timedelta(hours=schedule.every_hours)


@dataclass(frozen=True, slots=True)
class Kept:
    """A backup as far as its removal goes."""

    name: str
    org_id: str
    taken_at: datetime
    expires_at: datetime | None


def expired(good: Iterable[Kept], existing: Iterable[str], now: datetime) -> list[Kept]:
    """Those of all good backups that may go. The last of each firm in ``existing`` stays."""
    backups = list(good)
    last: dict[str, Kept] = {}
    for one in backups:
        if one.org_id not in last or (one.taken_at, one.name) > (
            last[one.org_id].taken_at,
            last[one.org_id].name,
        ):
            last[one.org_id] = one
    keep = {last[org_id].name for org_id in existing if org_id in last}
    return [
        one
        for one in backups
        if one.expires_at is not None and one.expires_at <= now and one.name not in keep
    ]


# What is in the control plane -----------------------------------------------------------------------


def schedules(now: datetime) -> list[Schedule]:
    """Every organization that is backed up, those without or with the oldest backup first. One command."""
    connection: Any = connections[CONTROL_ALIAS]
    rows = connection.get_collection(Organization._meta.db_table).aggregate(_pipeline(now))
    found = [
        Schedule(
            org_id=row["org_id"],
            every_hours=row["terms"][0]["hours"] if row["terms"] else DEFAULT_HOURS,
            last=_aware(row.get("last_backup_at")),
            created_at=_aware(row["created_at"]) or now,
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (one.last or datetime.min.replace(tzinfo=UTC), one.org_id))


def _pipeline(now: datetime) -> list[dict[str, Any]]:
    # DateFields are stored as midnight UTC.
    today = datetime(*timezone.localtime(now).timetuple()[:3])  # noqa: DTZ001 - the driver takes it for UTC
    present = {
        "status": {"$ne": SubscriptionStatus.ENDED.value},
        "starts_on": {"$lte": today},
        "$or": [{"ends_on": None}, {"ends_on": {"$gte": today}}],
    }
    plan = [
        {"$match": present},
        {"$sort": {"starts_on": -1}},
        {"$limit": 1},
        {
            "$lookup": {
                "from": Plan._meta.db_table,
                "localField": "plan",
                "foreignField": "code",
                "as": "plan",
            }
        },
        {"$unwind": "$plan"},
        {"$project": {"hours": "$plan.backup_every_hours"}},
    ]
    return [
        {"$match": {"status": {"$in": [one.value for one in BACKED_UP]}}},
        {
            "$lookup": {
                "from": Subscription._meta.db_table,
                "localField": "org_id",
                "foreignField": "org_id",
                "pipeline": plan,
                "as": "terms",
            }
        },
        {"$project": {"org_id": 1, "last_backup_at": 1, "created_at": 1, "terms": 1}},
    ]


def _aware(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


def terms_of(org_id: str) -> Terms:
    """What an organization's present plan says of backups; the defaults without one."""
    today = timezone.localdate()
    for one in Subscription.objects.filter(organization=org_id, starts_on__lte=today).order_by("-starts_on"):
        if one.status != SubscriptionStatus.ENDED and (one.ends_on is None or one.ends_on >= today):
            plan = one.plan
            return Terms(plan.code, plan.backup_every_hours, plan.backups_kept_days)
    return Terms()


def due_organizations(now: datetime) -> list[Organization]:
    """Organizations that should be backed up now, those without or with the oldest backup first."""
    due = [one.org_id for one in schedules(now) if is_due(one, now)]
    found = {one.org_id: one for one in Organization.objects.filter(org_id__in=due)}
    return [found[org_id] for org_id in due if org_id in found]


def refresh_last_backup(org_id: str) -> None:
    """Have the organization's record say when its last good backup was taken."""
    last = Backup.objects.filter(org_id=org_id, status=BackupStatus.GOOD).aggregate(last=Max("taken_at"))[
        "last"
    ]
    Organization.objects.filter(org_id=org_id).update(last_backup_at=last)


# Removing -------------------------------------------------------------------------------------------


class BackupInUse(TenancyError):
    """An unfinished operation works with the backup, or it is the firm's last good one."""


@dataclass(slots=True)
class Removal:
    """What ``remove_expired`` did: names of backups, and why others could not be removed."""

    removed: list[str] = field(default_factory=list)
    in_use: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def remove_expired(now: datetime) -> Removal:
    """Remove what has had its time. A store that fails does not stop the others; the next run tries again."""
    removal = Removal()
    good = {one.name: one for one in Backup.objects.filter(status=BackupStatus.GOOD)}
    existing = Organization.objects.exclude(status=OrganizationStatus.DELETED).values_list(
        "org_id", flat=True
    )
    kept = [
        Kept(one.name, one.org_id, one.taken_at or one.created_at, one.expires_at) for one in good.values()
    ]
    going = [good[one.name] for one in expired(kept, existing, now)]
    # Those whose files could not be removed the last time.
    going += Backup.objects.filter(status=BackupStatus.REMOVED, expires_at__lte=now)
    for backup in going:
        try:
            _remove(backup, by=None)
        except BackupInUse:
            removal.in_use.append(str(backup))
        except (TenancyError, OSError) as error:
            removal.failed[str(backup)] = str(error)
        else:
            removal.removed.append(str(backup))
    return removal


def remove_backup(backup: Backup, *, by: User | None) -> None:
    """Remove one backup now, whatever its time. Raises BackupInUse, StoreFailed."""
    if backup.status == BackupStatus.WRITING:
        raise BackupInUse(f"“{backup}” is being written: cancel that operation instead.")
    others = Backup.objects.filter(org_id=backup.org_id, status=BackupStatus.GOOD).exclude(pk=backup.pk)
    exists = (
        Organization.objects.filter(org_id=backup.org_id).exclude(status=OrganizationStatus.DELETED).exists()
    )
    if backup.status == BackupStatus.GOOD and exists and not others.exists():
        raise BackupInUse(f"“{backup}” is the last good backup of this firm; take another one first.")
    _remove(backup, by=by)


def _remove(backup: Backup, *, by: User | None) -> None:
    before = backup.status
    _require_unused(backup)
    Backup.objects.filter(pk=backup.pk).update(
        status=BackupStatus.REMOVED, expires_at=backup.expires_at or timezone.now()
    )
    try:
        # Asked again: an operation that began meanwhile has seen it good, one that begins now does not.
        _require_unused(backup)
    except BackupInUse:
        Backup.objects.filter(pk=backup.pk).update(status=before, expires_at=backup.expires_at)
        raise
    store_named(backup.store).delete_tree(f"{backup.org_id}/{backup.name}")
    Backup.objects.filter(pk=backup.pk).update(expires_at=None)
    refresh_last_backup(backup.org_id)
    record_audit(
        "backup.removed",
        by=by,
        organization=backup.org_id,
        target=str(backup),
        details={"taken_at": str(backup.taken_at), "store": backup.store},
    )


def _require_unused(backup: Backup) -> None:
    """Whatever names the backup in what it was asked for, or in what it has done, works with it."""
    unfinished = Operation.objects.filter(status__in=[one.value for one in UNFINISHED])
    for kind, options, state in unfinished.values_list("kind", "options", "state"):
        said = json.dumps([options, state], default=str)
        if backup.name in said or str(backup.pk) in said:
            raise BackupInUse(f"“{backup}” is being used: {kind}.")
