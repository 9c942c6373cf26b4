"""What staff do to an organization. Long work becomes an operation, which a worker runs in the background."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from tenants.admin.base import Step
from tenants.admin.organization_forms import (
    BackupForm,
    CheckForm,
    CloneForm,
    DeleteForm,
    MigrateForm,
    MoveForm,
    OffboardForm,
    ReasonForm,
    RenameForm,
    RestoreForm,
    TypedForm,
)
from tenants.models import Backup, BackupStatus, Operation, Organization, OrganizationStatus, User
from tenants.operations.backups.backing_up import request_backup
from tenants.operations.backups.restoring import request_restore
from tenants.operations.backups.settling import CONFIRM, REVERT, request_settling, unsettled_restore
from tenants.operations.checking import Findings, check_organization, mend_organization
from tenants.operations.cloning import request_clone
from tenants.operations.deleting import request_deletion
from tenants.operations.exporting import request_export
from tenants.operations.fleet_migration import request_migration
from tenants.operations.moving import request_move
from tenants.operations.offboarding import cancel_offboarding, request_offboarding
from tenants.operations.provision import finish_provisioning
from tenants.operations.renaming import rename_organization
from tenants.operations.schema import pending_migrations
from tenants.operations.suspending import reactivate_organization, suspend_organization
from tenants.tasks.operations import enqueue_operation

UNBORN = (OrganizationStatus.REQUESTED, OrganizationStatus.PROVISIONING)
# Those whose data is there and worked with, now or again.
LIVING = (OrganizationStatus.ACTIVE, OrganizationStatus.SUSPENDED)


def started(operation: Operation) -> Operation:
    """Have a worker run it."""
    enqueue_operation(operation)
    return operation


def is_free(organization: Organization) -> bool:
    """Whether it is alive and no operation has it."""
    return organization.operation is None and organization.status in LIVING


# Into life, and out of work for a time ------------------------------------------------------------------


def _finish(organization: Organization, by: User, answers: dict[str, Any]) -> str:
    finish_provisioning(organization, by=by)
    return f"“{organization.name}” has its database and is active."


def _suspend(organization: Organization, by: User, answers: dict[str, Any]) -> str:
    suspend_organization(organization, reason=answers["reason"], by=by)
    return f"“{organization.name}” is suspended: its people are refused from their next request on."


def _reactivate(organization: Organization, by: User, answers: dict[str, Any]) -> str:
    reactivate_organization(organization, by=by)
    return f"“{organization.name}” is open again."


def _rename(organization: Organization, by: User, answers: dict[str, Any]) -> str:
    renaming = rename_organization(
        organization,
        by=by,
        name=answers["name"],
        initials=answers["initials"],
        letterhead=answers["letterhead"],
    )
    return f"“{organization.name}” has its new name." if renaming.changes else "Nothing was changed."


# Its data -----------------------------------------------------------------------------------------------


def _migrate(organization: Organization, by: User, answers: dict[str, Any]) -> Operation:
    return started(request_migration([organization.org_id], by=by, destructive=answers["destructive"]))


def _check(organization: Organization, by: User, answers: dict[str, Any]) -> str | Operation:
    if answers["mend"]:
        return mend_organization(organization, by=by, drop_surplus=answers["drop_surplus"])
    return found_in_words(check_organization(organization))


_FINDINGS = {
    "pending": "migrations pending",
    "missing_collections": "missing collections",
    "missing_indexes": "missing indexes",
    "different_indexes": "indexes other than they should be",
    "surplus_indexes": "surplus indexes",
    "surplus_collections": "surplus collections",
    "leftovers": "left by operations",
    "missing_files": "files that are named and missing",
    "stray_files": "files that nothing names",
}


def found_in_words(findings: Findings) -> str:
    """What a check found, in a sentence."""
    if findings.is_sound:
        return f"“{findings.org_id}” is as it should be."
    named = ((words, getattr(findings, name)) for name, words in _FINDINGS.items())
    found = [(words, what) for words, what in named if what]
    said = [f"{words}: {', '.join(what) if isinstance(what, list) else what}" for words, what in found]
    return f"“{findings.org_id}”: {'; '.join(said)}."


def _back_up(organization: Organization, by: User, answers: dict[str, Any]) -> Operation:
    return started(request_backup(organization, by=by, store=answers["store"]))


def _restore(organization: Organization, by: User, answers: dict[str, Any]) -> Operation:
    return started(request_restore(answers["backup"], organization.org_id, by=by))


def _confirm_restore(organization: Organization, by: User, answers: dict[str, Any]) -> Operation:
    return started(request_settling(CONFIRM, organization, by=by))


def _revert_restore(organization: Organization, by: User, answers: dict[str, Any]) -> Operation:
    return started(request_settling(REVERT, organization, by=by))


def _has_aside(organization: Organization) -> bool:
    return is_free(organization) and unsettled_restore(organization.org_id) is not None


def _has_backup(organization: Organization) -> bool:
    return Backup.objects.filter(org_id=organization.org_id, status=BackupStatus.GOOD).exists()


def _move(organization: Organization, by: User, answers: dict[str, Any]) -> Operation:
    return started(
        request_move(organization, answers["to"], by=by, read_only_hours=answers["read_only_hours"])
    )


def _clone(organization: Organization, by: User, answers: dict[str, Any]) -> Operation:
    return started(
        request_clone(
            organization,
            answers["into"],
            name=answers["name"],
            initials=answers["initials"],
            mask=answers["mask"],
            cluster=answers["cluster"].name if answers["cluster"] else "",
            by=by,
        )
    )


def _export(organization: Organization, by: User, answers: dict[str, Any]) -> Operation:
    return started(request_export(organization, by=by))


# The end ------------------------------------------------------------------------------------------------


def _offboard(organization: Organization, by: User, answers: dict[str, Any]) -> Operation:
    return started(request_offboarding(organization, by=by, grace_days=answers["grace_days"]))


def _take_back(organization: Organization, by: User, answers: dict[str, Any]) -> str:
    cancel_offboarding(organization, by=by)
    return f"“{organization.name}” is open again."


def _delete(organization: Organization, by: User, answers: dict[str, Any]) -> Operation:
    return started(
        request_deletion(
            organization,
            typed_org_id=answers["typed"],
            keep_backups_until=answers["keep_backups_until"],
            by=by,
        )
    )


def _can_delete(organization: Organization) -> bool:
    after = organization.delete_after
    due = after is not None and after <= timezone.now()
    return organization.status == OrganizationStatus.OFFBOARDING and organization.operation is None and due


STEPS = (
    Step(
        "finish",
        "Finish provisioning",
        "Makes the collections and indexes that are missing, and activates the firm. What is there stays.",
        _finish,
        allowed=lambda one: one.status in UNBORN,
    ),
    Step(
        "migrate",
        "Apply pending migrations",
        "Brings the firm's collections and indexes to this version of the application, while people work.",
        _migrate,
        form=MigrateForm,
        allowed=lambda one: is_free(one) and bool(pending_migrations(one)),
    ),
    Step(
        "confirm_restore",
        "Confirm the restore",
        "The firm has been looked at and is as it should be. What the restore put aside is dropped for good, "
        "and the restore can no longer be taken back.",
        _confirm_restore,
        allowed=_has_aside,
    ),
    Step(
        "revert_restore",
        "Take the restore back",
        "The firm gets back what it had before the restore. What was restored is dropped, with everything "
        "that people have written since.",
        _revert_restore,
        form=TypedForm,
        allowed=_has_aside,
        danger=True,
    ),
    Step(
        "reactivate",
        "Reactivate",
        "The people of the firm can work again from their next request on.",
        _reactivate,
        allowed=lambda one: one.status == OrganizationStatus.SUSPENDED,
    ),
    Step(
        "cancel_offboarding",
        "Take it back",
        "Ends the offboarding: the firm's people can work again from their next request on.",
        _take_back,
        allowed=lambda one: one.status == OrganizationStatus.OFFBOARDING and one.operation is None,
    ),
    Step(
        "backup",
        "Back up now",
        "Writes everything the firm has, as it is in one moment, while people work. A worker does it in the "
        "background.",
        _back_up,
        form=BackupForm,
        allowed=is_free,
        tone="",
    ),
    Step(
        "restore",
        "Restore…",
        "Puts a backup in the place of what the firm has now. The backup is checked and loaded beside it "
        "while people work; for the switch they are kept out for some seconds. What the firm has now is put "
        "aside until you confirm the restore or take it back. To make another firm of a backup, begin at "
        "the backup's page.",
        _restore,
        form=RestoreForm,
        allowed=lambda one: is_free(one) and _has_backup(one),
        tone="",
    ),
    Step(
        "move",
        "Move…",
        "Copies the firm's data to another cluster while people work, follows what they change, and switches "
        "over in a moment in which nobody writes. Until the switch it can be cancelled; the data here stays, "
        "read-only, for as long as you say.",
        _move,
        form=MoveForm,
        allowed=is_free,
        tone="",
    ),
    Step(
        "clone",
        "Clone…",
        "Makes a new firm with a copy of this one's data as it is in one moment. People are not copied: add "
        "them to the new firm.",
        _clone,
        form=CloneForm,
        allowed=is_free,
        tone="",
    ),
    Step(
        "export",
        "Export",
        "Writes everything the firm owns into one archive of open formats: JSON, photographs, issued "
        "documents. Its operation says where the archive is.",
        _export,
        allowed=is_free,
        tone="",
    ),
    Step(
        "rename",
        "Rename…",
        "The organization id stays for ever, and so do references and documents that were given out.",
        _rename,
        form=RenameForm,
        allowed=is_free,
        tone="",
    ),
    Step(
        "check",
        "Check…",
        "Compares the firm's collections and indexes with what this version of the application expects.",
        _check,
        form=CheckForm,
        allowed=is_free,
        tone="",
    ),
    Step(
        "suspend",
        "Suspend",
        "Every person of the firm is refused from the next request on. Nothing is deleted, and the firm can "
        "be opened again at any time.",
        _suspend,
        form=ReasonForm,
        allowed=lambda one: one.status == OrganizationStatus.ACTIVE,
        danger=True,
    ),
    Step(
        "offboard",
        "Offboard…",
        "The firm leaves: its people are refused, a last backup and an export of everything it owns are "
        "written, and a time of grace begins. Nothing is deleted; that is asked for separately when the "
        "grace is over.",
        _offboard,
        form=OffboardForm,
        allowed=is_free,
        danger=True,
    ),
    Step(
        "deletion",
        "Delete…",
        "Deletes the firm's database, backups, exports and people for good, and proves that nothing is left "
        "on any cluster. The organization id is never given again; a certificate stays in the audit log.",
        _delete,
        form=DeleteForm,
        allowed=_can_delete,
        danger=True,
    ),
)
