"""A firm's schema: a table for each collection of the application, with its columns and indexes."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone


class UserSettings(models.Model):
    user_id = models.CharField(max_length=24, unique=True)
    theme = models.CharField(max_length=10, default="system")
    density = models.CharField(max_length=12, default="comfortable")
    valuer_block = models.JSONField(default=dict)
    updated_at = models.DateTimeField(auto_now=True)


class StoredFile(models.Model):
    kind = models.CharField(max_length=20)
    report_id = models.CharField(max_length=24, blank=True)
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    caption = models.CharField(max_length=200, blank=True)
    position = models.IntegerField(default=0)
    stored_as = models.CharField(max_length=120)
    thumbnail_as = models.CharField(max_length=120, blank=True)
    added_by = models.CharField(max_length=24)
    added_by_name = models.CharField(max_length=100)
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["report_id", "kind", "position"], name="file_report_kind")]


class FileContent(models.Model):
    """What GridFS calls a file."""

    filename = models.CharField(max_length=120)
    length = models.PositiveBigIntegerField()
    uploaded_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["filename", "uploaded_at"], name="content_filename")]


class FileChunk(models.Model):
    """And a chunk of it."""

    file = models.BigIntegerField()
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["file", "number"], name="chunk_of_file")]


class ActivityEntry(models.Model):
    at = models.DateTimeField(default=timezone.now)
    action = models.CharField(max_length=60)
    actor_id = models.CharField(max_length=24)
    actor_name = models.CharField(max_length=100)
    report_id = models.CharField(max_length=24, blank=True)
    target = models.CharField(max_length=200, blank=True)
    details = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["report_id", "-at"], name="activity_report_at")]


class Counter(models.Model):
    name = models.CharField(max_length=60, unique=True)
    value = models.PositiveBigIntegerField(default=0)


class BankOverride(models.Model):
    bank_code = models.CharField(max_length=20, unique=True)
    hidden = models.BooleanField(default=False)
    changes = models.JSONField(default=dict)
    branches = models.JSONField(default=dict)
    updated_at = models.DateTimeField(auto_now=True)


class CustomTemplate(models.Model):
    name = models.CharField(max_length=120)
    bank_code = models.CharField(max_length=20)
    scheme = models.CharField(max_length=40)
    property_type = models.CharField(max_length=40)
    answers = models.JSONField(default=dict)
    created_by = models.CharField(max_length=24)
    updated_at = models.DateTimeField(auto_now=True)


class Report(models.Model):
    reference = models.CharField(max_length=80, unique=True)
    status = models.CharField(max_length=20)
    bank_code = models.CharField(max_length=20)
    bank_name = models.CharField(max_length=120)
    branch_code = models.CharField(max_length=40)
    branch_name = models.CharField(max_length=120)
    scheme = models.CharField(max_length=40)
    property_type = models.CharField(max_length=40)
    format_version = models.PositiveIntegerField()
    format_title = models.CharField(max_length=160)
    answers = models.JSONField(default=dict)
    computed = models.JSONField(default=dict)
    applicant_name = models.CharField(max_length=120, blank=True)
    property_address = models.CharField(max_length=400, blank=True)
    search_text = models.TextField(blank=True)
    fair_market_value = models.DecimalField(max_digits=20, decimal_places=2, null=True)
    version = models.PositiveIntegerField(default=1)
    section_versions = models.JSONField(default=dict)
    comments = models.JSONField(default=list)
    review_note = models.TextField(blank=True)
    created_by = models.CharField(max_length=24)
    created_by_name = models.CharField(max_length=100)
    created_at = models.DateTimeField()
    updated_by_name = models.CharField(max_length=100)
    updated_at = models.DateTimeField()
    submitted_by = models.CharField(max_length=24, blank=True)
    submitted_by_name = models.CharField(max_length=100, blank=True)
    submitted_at = models.DateTimeField(null=True)
    approved_by_name = models.CharField(max_length=100, blank=True)
    approved_at = models.DateTimeField(null=True)
    issued_by_name = models.CharField(max_length=100, blank=True)
    issued_at = models.DateTimeField(null=True)
    document_id = models.CharField(max_length=24, blank=True)
    document_sha256 = models.CharField(max_length=64, blank=True)
    document_pages = models.PositiveIntegerField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["-updated_at", "-id"], name="report_newest"),
            models.Index(fields=["status", "-updated_at", "-id"], name="report_status_newest"),
            models.Index(fields=["status", "bank_code", "bank_name"], name="report_tally"),
        ]
