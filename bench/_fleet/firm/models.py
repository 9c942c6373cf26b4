"""A firm's schema: a table for each collection of the application's organizations, and its indexes."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Report(models.Model):
    reference = models.CharField(max_length=80, unique=True)
    status = models.CharField(max_length=20)
    bank_code = models.CharField(max_length=20)
    bank_name = models.CharField(max_length=120)
    applicant_name = models.CharField(max_length=120, blank=True)
    answers = models.JSONField(default=dict)
    computed = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["-updated_at", "-id"], name="fleet_report_newest"),
            models.Index(fields=["status", "-updated_at", "-id"], name="fleet_report_status"),
            models.Index(fields=["status", "bank_code", "bank_name"], name="fleet_report_tally"),
        ]


class CustomTemplate(models.Model):
    name = models.CharField(max_length=120)
    answers = models.JSONField(default=dict)


class UserSettings(models.Model):
    user_id = models.CharField(max_length=24, unique=True)
    valuer_block = models.JSONField(default=dict)


class StoredFile(models.Model):
    kind = models.CharField(max_length=20)
    report_id = models.CharField(max_length=24, blank=True)
    position = models.IntegerField(default=0)
    stored_as = models.CharField(max_length=120)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["report_id", "kind", "position"], name="fleet_file_kind")]


class ActivityEntry(models.Model):
    at = models.DateTimeField()
    action = models.CharField(max_length=60)
    report_id = models.CharField(max_length=24, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["report_id", "-at"], name="fleet_activity_at")]


class BankOverride(models.Model):
    bank_code = models.CharField(max_length=20, unique=True)
    values = models.JSONField(default=dict)


class Counter(models.Model):
    name = models.CharField(max_length=60, unique=True)
    value = models.PositiveBigIntegerField(default=0)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["value"], name="fleet_counter_value")]


class File(models.Model):
    filename = models.CharField(max_length=120)
    uploaded_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["filename", "uploaded_at"], name="fleet_file_name")]


class Chunk(models.Model):
    file = models.BigIntegerField()
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["file", "number"], name="fleet_chunk_number")
        ]
