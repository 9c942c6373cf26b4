"""Backups: which there are, where, of what moment, whether they are whole; verified and restored here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tenants.admin.background import verify_backup
from tenants.admin.base import StaffAdmin, Step
from tenants.admin.filters import OrganizationFilter, WhenFilter
from tenants.admin.operations import organization_link
from tenants.admin.organization_forms import RestoreElsewhereForm
from tenants.admin.showing import NOTHING, badge, lines, moment, size
from tenants.models import Backup, BackupStatus, Operation, User
from tenants.operations.backups.restoring import request_restore
from tenants.operations.backups.retention import remove_backup
from tenants.tasks.operations import enqueue_operation

TONES = {
    BackupStatus.WRITING: "warn",
    BackupStatus.GOOD: "good",
    BackupStatus.DAMAGED: "bad",
    BackupStatus.REMOVED: "",
}


def status_badge(backup: Backup) -> SafeString:
    status = BackupStatus(backup.status)
    return badge(str(status.label), TONES[status])


def good(org_id: str) -> Any:
    """An organization's good backups, newest first."""
    return Backup.objects.filter(org_id=org_id, status=BackupStatus.GOOD).order_by("-created_at")


def line(backup: Backup) -> SafeString:
    """A backup in a line, with the way to its page."""
    return format_html(
        '<a href="{}">{}</a> {} {}',
        reverse("admin:tenants_backup_change", args=[backup.pk]),
        moment(backup.taken_at or backup.created_at),
        status_badge(backup),
        size(backup.stored_bytes) if backup.stored_bytes else "",
    )


def _can_be_read(backup: Backup) -> bool:
    return backup.status in (BackupStatus.GOOD, BackupStatus.DAMAGED)


def _verify(backup: Backup, by: User, answers: dict[str, Any]) -> str:
    verify_backup.enqueue(str(backup.pk), str(by.pk))
    return "A worker reads it through. When it was last whole, or that it is damaged, stands here afterwards."


def _restore(backup: Backup, by: User, answers: dict[str, Any]) -> Operation:
    operation = request_restore(
        backup,
        answers["into"],
        by=by,
        cluster=answers["cluster"].name if answers["cluster"] else "",
        name=answers["name"],
        initials=answers["initials"],
    )
    enqueue_operation(operation)
    return operation


def _remove(backup: Backup, by: User, answers: dict[str, Any]) -> str:
    remove_backup(backup, by=by)
    return f"“{backup}” is removed from the store."


STEPS = (
    Step(
        "verify",
        "Verify",
        "Reads every file of the backup and compares it with the manifest. Nothing of the firm is touched.",
        _verify,
        allowed=_can_be_read,
    ),
    Step(
        "restore",
        "Restore…",
        "Puts the backup into its own firm, or makes a new firm of it. It is checked before anything is "
        "touched, and loaded beside what the firm has while people work; that is put aside until you confirm "
        "the restore or take it back. People are no part of a backup: a new firm has none.",
        _restore,
        form=RestoreElsewhereForm,
        allowed=lambda backup: backup.status == BackupStatus.GOOD,
        tone="",
    ),
    Step(
        "removal",
        "Remove…",
        "Deletes its files from the store, for good. A firm's last good backup stays, whatever its age.",
        _remove,
        allowed=_can_be_read,
        danger=True,
    ),
)


@admin.register(Backup)
class BackupAdmin(StaffAdmin[Backup]):
    add_allowed = change_allowed = False
    steps = STEPS
    list_display = ("moment_shown", "org_id", "status_shown", "size_shown", "store", "verified", "reason")
    list_display_links = ("moment_shown",)
    list_fields = (
        *("org_id", "name", "store", "status", "reason", "taken_at"),
        *("stored_bytes", "created_at", "checked_at"),
    )
    list_filter = ("status", "store", OrganizationFilter, ("created_at", WhenFilter))
    search_fields = ("org_id", "name")
    search_help_text = "Part of an organization id or of a backup's name"
    fieldsets = (
        (
            "What it shows",
            {
                "fields": (
                    *("organization_shown", "moment_shown", "documents_shown", "size_of_data"),
                    "migrations_shown",
                )
            },
        ),
        (
            "Where it is",
            {"fields": ("status_shown", "store", "name", "size_shown", "encrypted", "manifest_sha256")},
        ),
        ("Its life", {"fields": ("reason", "created", "finished", "verified", "expires")}),
    )

    @admin.display(description="moment", ordering="created_at")
    def moment_shown(self, backup: Backup) -> Any:
        return moment(backup.taken_at or backup.created_at)

    @admin.display(description="organization")
    def organization_shown(self, backup: Backup) -> SafeString | str:
        return organization_link(backup.org_id)

    @admin.display(description="status", ordering="status")
    def status_shown(self, backup: Backup) -> SafeString:
        return status_badge(backup)

    @admin.display(description="stored", ordering="stored_bytes")
    def size_shown(self, backup: Backup) -> str:
        return size(backup.stored_bytes) if backup.stored_bytes else NOTHING

    @admin.display(description="size of the data")
    def size_of_data(self, backup: Backup) -> str:
        return size(backup.bson_bytes) if backup.bson_bytes else NOTHING

    @admin.display(description="documents")
    def documents_shown(self, backup: Backup) -> str:
        return f"{backup.documents:,}"

    @admin.display(description="migrations")
    def migrations_shown(self, backup: Backup) -> SafeString | str:
        return lines(backup.migrations)

    @admin.display(description="verified", ordering="checked_at")
    def verified(self, backup: Backup) -> Any:
        return moment(backup.checked_at)

    @admin.display(description="begun")
    def created(self, backup: Backup) -> Any:
        return moment(backup.created_at)

    @admin.display(description="finished")
    def finished(self, backup: Backup) -> Any:
        return moment(backup.finished_at)

    @admin.display(description="removed after")
    def expires(self, backup: Backup) -> Any:
        return moment(backup.expires_at)
