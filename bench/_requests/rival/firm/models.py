"""A firm's schema: its reports, with the columns of the application's ``Report``."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Report(models.Model):
    """One report; ``listing`` says what is shown of it."""

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
    format_changes = models.JSONField(null=True)
    set_aside = models.JSONField(null=True)
    legacy = models.JSONField(null=True)
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

    objects: ClassVar[models.Manager[Report]] = models.Manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["-updated_at", "-id"], name="rival_report_updated"),
            models.Index(fields=["status", "-updated_at", "-id"], name="rival_report_status"),
            models.Index(fields=["status", "bank_code", "bank_name"], name="rival_report_tally"),
        ]
