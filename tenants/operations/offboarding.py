"""Offboarding: a firm leaves. Its people are let out, its data is backed up and exported, a grace begins.

Nothing is removed here. During the grace, and after it as long as nobody asks for the deletion, the firm can
be taken back as it was; ``tenants.operations.deleting`` removes it.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from tenants.audit import record_audit
from tenants.errors import TenancyError
from tenants.files import UPLOAD_SECONDS
from tenants.models import Operation, OperationStatus, Organization, OrganizationStatus, User
from tenants.mongodb.transaction import run_atomically
from tenants.naming import CONTROL_ALIAS
from tenants.operations import exporting
from tenants.operations.backups.backing_up import take_backup, undo_backup
from tenants.operations.engine import (
    Kind,
    Run,
    Step,
    cancel_operation,
    nothing_to_undo,
    start_operation,
    unfinished_operation,
)
from tenants.sessions import end_sessions_of

GRACE_DAYS = 30
LONGEST_GRACE_DAYS = 3650
BEGINS_FROM = (OrganizationStatus.ACTIVE, OrganizationStatus.SUSPENDED)
# What was let through before the freeze has ended after this: nothing takes longer than an upload.
SETTLE_SECONDS = UPLOAD_SECONDS + 1.0
_PAUSE_SECONDS = 0.2


class OffboardingRefused(TenancyError):
    """The organization is in no state from which it could be offboarded, or taken back."""


def request_offboarding(
    organization: Organization, *, by: User | None, grace_days: int = GRACE_DAYS
) -> Operation:
    """Record an offboarding, or find the one that is not done. Nothing is run yet.

    Raises OffboardingRefused, OperationUnderWay.
    """
    found = unfinished_operation(OFFBOARD, organization.org_id)
    if found is not None:
        return found
    if not 0 <= grace_days <= LONGEST_GRACE_DAYS:
        raise OffboardingRefused(f"The grace is 0 to {LONGEST_GRACE_DAYS} days.")
    if organization.status == OrganizationStatus.OFFBOARDING:
        raise OffboardingRefused(
            f"“{organization.org_id}” is offboarded already; it may be deleted from "
            f"{_told(organization)} on. Cancel the offboarding to take it back."
        )
    _require_can_begin(organization)
    return start_operation(OFFBOARD, org_id=organization.org_id, by=by, options={"grace_days": grace_days})


def cancel_offboarding(organization: Organization, *, by: User | None) -> None:
    """Take the firm back: it is again what it was before, and its people may sign in (if they could then).

    Of an offboarding that is not done, everything is undone. Raises OffboardingRefused when there is none or
    the deletion has begun, OperationRefused, OperationStopped.
    """
    unfinished = unfinished_operation(OFFBOARD, organization.org_id)
    if unfinished is not None:
        cancel_operation(unfinished, OFFBOARD)
    else:
        run_atomically(lambda: _take_back(organization.org_id, by), using=CONTROL_ALIAS)
    organization.refresh_from_db()


def offboarding_of(org_id: str) -> Operation | None:
    """The last offboarding that came to its end."""
    done = Operation.objects.filter(org_id=org_id, kind=OFFBOARD.name, status=OperationStatus.DONE.value)
    return done.order_by("-created_at").first()


def _take_back(org_id: str, by: User | None) -> None:
    offboarding = offboarding_of(org_id)
    was = offboarding.state["was"] if offboarding is not None else OrganizationStatus.ACTIVE.value
    changed = Organization.objects.filter(
        org_id=org_id, status=OrganizationStatus.OFFBOARDING.value, operation=None
    ).update(status=was, delete_after=None, frozen_at=None, updated_at=timezone.now())
    if not changed:
        raise OffboardingRefused(
            f"“{org_id}” cannot be taken back: it is not offboarded, or an operation is working on it. "
            "A deletion that has not removed anything yet can be cancelled first."
        )
    record_audit(
        f"{OFFBOARD.name}.taken_back", by=by, organization=org_id, target=org_id, details={"status": was}
    )


def _require_can_begin(organization: Organization) -> None:
    if organization.status not in BEGINS_FROM:
        raise OffboardingRefused(
            f"“{organization.org_id}” is {organization.get_status_display().lower()}: only an active or a "
            "suspended organization can be offboarded."
        )


def _told(organization: Organization) -> str:
    after = organization.delete_after
    return f"{timezone.localtime(after):%Y-%m-%d %H:%M}" if after is not None else "the end of its grace"


# Steps -----------------------------------------------------------------------------------------------


def refuse_step(run: Run) -> None:
    """From the next request on nobody gets in, and a moment later nothing is written any more."""
    organization = run.organization()
    if "was" not in run.state:
        _require_can_begin(organization)
        run.state["was"] = organization.status
        run.save()

    def store() -> None:
        Organization.objects.filter(pk=organization.pk).update(
            status=OrganizationStatus.OFFBOARDING.value, updated_at=timezone.now()
        )
        end_sessions_of(User.objects.filter(organization=organization).values_list("pk", flat=True))

    run_atomically(store, using=CONTROL_ALIAS)
    freeze(run, settle_seconds=SETTLE_SECONDS)


def freeze(run: Run, *, settle_seconds: float) -> None:
    """Announce that nobody writes any more, and wait until that is so. Safe to run again."""
    organization = run.organization()
    if organization.frozen_at is None:
        organization.frozen_at = timezone.now() + timedelta(seconds=float(settings.WRITES_KNOWN_SECONDS))
        Organization.objects.filter(pk=organization.pk).update(frozen_at=organization.frozen_at)
    until = organization.frozen_at + timedelta(seconds=settle_seconds)
    if (left := (until - timezone.now()).total_seconds()) > 1:
        run.say(f"Waiting {left:.0f} s for what is being written to be written.")
    while timezone.now() < until:
        run.check()
        time.sleep(_PAUSE_SECONDS)


def readmit(run: Run) -> None:
    """Undo: the organization is what it was."""
    if "was" in run.state:
        Organization.objects.filter(org_id=run.operation.org_id).update(
            status=run.state["was"], frozen_at=None, delete_after=None, updated_at=timezone.now()
        )


def backup_step(run: Run) -> None:
    """A last backup, from which the firm can be restored."""
    backup = take_backup(run, run.organization(), reason=OFFBOARD.name)
    run.say(f"The final backup is {backup.name}.")


def grace_step(run: Run) -> None:
    """Say from when on the firm may be deleted; until then nothing happens."""
    if "delete_after" not in run.state:
        after = timezone.now() + timedelta(days=int(run.options["grace_days"]))
        run.state["delete_after"] = after.isoformat()
        run.save()
    Organization.objects.filter(org_id=run.operation.org_id).update(
        delete_after=datetime.fromisoformat(run.state["delete_after"]),
        frozen_at=None,
        updated_at=timezone.now(),
    )
    export = run.state["export"]
    run.say(
        f"Offboarded. It may be deleted from {run.state['delete_after']} on; until then it can be taken back."
    )
    run.audit(
        "prepared",
        {
            "delete_after": run.state["delete_after"],
            "export": export["path"],
            "export_sha256": export["sha256"],
            "manifest_sha256": export["manifest_sha256"],
        },
    )


OFFBOARD = Kind(
    "offboard",
    "Offboarding",
    (
        Step("refuse", "Its people are let out, and nothing is written any more", refuse_step, readmit),
        Step("backup", "A last backup is taken", backup_step, undo_backup),
        Step("write", "Everything it owns is exported", exporting.write_step, exporting.remove_archive),
        Step("check", "The export is read back", exporting.check_step, nothing_to_undo),
        Step("grace", "The grace begins", grace_step, nothing_to_undo),
    ),
)
