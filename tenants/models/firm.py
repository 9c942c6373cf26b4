"""What an organization's own database holds besides reports: files, settings, activity, counters."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from tenants.auditing.append_only import Final, FinalTenantManager
from tenants.planes import TenantModel


class UserSettings(TenantModel):
    """One person's settings within the firm, and the facts printed in the signature block."""

    user_id = models.CharField(max_length=24, unique=True)
    theme = models.CharField(max_length=10, default="system")
    density = models.CharField(max_length=12, default="comfortable")
    # name, qualifications, registrations [[label, number], …], memberships, empanelment, address, phone.
    valuer_block = models.JSONField(default=dict)
    # A bank's code; what new reports begin with.
    default_bank = models.CharField(max_length=40, blank=True)
    # Codes of the things that the person wants no e-mail about.
    muted = models.JSONField(default=list)
    # Bank, scheme and property type of formats ("SBI/general/flat"), the most wanted first.
    favourite_formats = models.JSONField(default=list)
    # A stored file's id; its picture is printed over the signature's line.
    signature = models.CharField(max_length=24, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "users_settings"

    def __str__(self) -> str:
        return self.user_id


class FileKind(models.TextChoices):
    PHOTOGRAPH = "photograph", "Photograph"
    ATTACHMENT = "attachment", "Attachment"
    DOCUMENT = "document", "Issued document"
    LOGO = "logo", "Logo"
    SIGNATURE = "signature", "Signature"


class StoredFile(TenantModel):
    """What is known of a file; its bytes are in the same database's GridFS."""

    kind = models.CharField(max_length=20, choices=FileKind.choices)
    report_id = models.CharField(max_length=24, blank=True)
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    caption = models.CharField(max_length=200, blank=True)
    position = models.IntegerField(default=0)
    # Names within the file store.
    stored_as = models.CharField(max_length=120)
    thumbnail_as = models.CharField(max_length=120, blank=True)
    added_by = models.CharField(max_length=24)
    added_by_name = models.CharField(max_length=100)
    added_at = models.DateTimeField(default=timezone.now)
    # Where the import from the former system found it, and what it read that has no field here.
    legacy = models.JSONField(null=True)

    class Meta:
        db_table = "files_metadata"
        ordering: ClassVar = ["position", "added_at"]
        indexes: ClassVar = [models.Index(fields=["report_id", "kind", "position"], name="file_report_kind")]

    def __str__(self) -> str:
        return self.name


class ActivityEntry(Final, TenantModel):
    """One thing that somebody did in the firm. Written by the function that did it, never changed."""

    at = models.DateTimeField(default=timezone.now)
    action = models.CharField(max_length=60)
    actor_id = models.CharField(max_length=24)
    actor_name = models.CharField(max_length=100)
    report_id = models.CharField(max_length=24, blank=True)
    target = models.CharField(max_length=200, blank=True)
    details = models.JSONField(default=dict)
    # From where, and in which request.
    ip = models.CharField(max_length=45, blank=True)
    request_id = models.CharField(max_length=40, blank=True)
    # The place in the chain and the hash over this entry and the one before; null until it is chained.
    number = models.BigIntegerField(null=True)
    hash = models.CharField(max_length=64, blank=True)

    objects: ClassVar = FinalTenantManager()

    class Meta:
        db_table = "activity_logs"
        ordering: ClassVar = ["-at"]
        indexes: ClassVar = [models.Index(fields=["report_id", "-at"], name="activity_report_at")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["number"], condition=models.Q(number__gt=0), name="activity_number_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.target}".strip()


class Counter(TenantModel):
    """A number that only grows, e.g. the last report number. Increased by the server in one step."""

    name = models.CharField(max_length=60, unique=True)
    value = models.PositiveBigIntegerField(default=0)

    class Meta:
        db_table = "counters"

    def __str__(self) -> str:
        return f"{self.name}={self.value}"
