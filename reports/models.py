"""A valuation report: its answers, its state and, once issued, its document."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from tenants.planes import TenantModel


class ReportStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    IN_REVIEW = "in_review", "In review"
    CHANGES_REQUESTED = "changes_requested", "Changes requested"
    APPROVED = "approved", "Approved"
    ISSUED = "issued", "Issued"
    CANCELLED = "cancelled", "Cancelled"


class Report(TenantModel):
    """One report of the firm. ``answers`` has the shape that ``banks.formats.definition`` describes.

    ``version`` grows with every change and guards it: a change names the version it was made from.
    ``section_versions`` holds, by ``tab.section``, the version at which the section was last saved, so that
    two people may work on two sections at once and a stale save of one section is refused.
    """

    reference = models.CharField(max_length=80, unique=True)
    status = models.CharField(max_length=20, choices=ReportStatus.choices, default=ReportStatus.DRAFT)
    bank_code = models.CharField(max_length=20)
    bank_name = models.CharField(max_length=120)
    branch_code = models.CharField(max_length=40)
    branch_name = models.CharField(max_length=120)
    # The format that the report was begun with, for ever.
    scheme = models.CharField(max_length=40)
    property_type = models.CharField(max_length=40)
    format_version = models.PositiveIntegerField()
    format_title = models.CharField(max_length=160)
    # What the firm changed of the format for this branch when the report was begun or last brought up to
    # date: one FormatChanges of banks.formats.overriding. A later change of the firm's leaves it alone.
    format_changes = models.JSONField(null=True)

    answers = models.JSONField(default=dict)
    # Answers, by path, that the report's format has no question for (any more): kept, and shown as such.
    set_aside = models.JSONField(null=True)
    # Results of the calculation as canonical decimal text by path, kept for lists and for the record.
    computed = models.JSONField(default=dict)
    # Repeated from the answers for lists and search.
    applicant_name = models.CharField(max_length=120, blank=True)
    property_address = models.CharField(max_length=400, blank=True)
    # Lower-case words of reference, applicant, address, bank and branch, for search.
    search_text = models.TextField(blank=True)
    fair_market_value = models.DecimalField(max_digits=20, decimal_places=2, null=True)

    version = models.PositiveIntegerField(default=1)
    section_versions = models.JSONField(default=dict)
    # [{id, path, text, by, by_name, at, resolved}] in order.
    comments = models.JSONField(default=list)
    review_note = models.TextField(blank=True)

    created_by = models.CharField(max_length=24)
    created_by_name = models.CharField(max_length=100)
    created_at = models.DateTimeField(default=timezone.now)
    updated_by_name = models.CharField(max_length=100)
    updated_at = models.DateTimeField(default=timezone.now)
    submitted_by = models.CharField(max_length=24, blank=True)
    submitted_by_name = models.CharField(max_length=100, blank=True)
    submitted_at = models.DateTimeField(null=True)
    approved_by_name = models.CharField(max_length=100, blank=True)
    approved_at = models.DateTimeField(null=True)
    issued_by_name = models.CharField(max_length=100, blank=True)
    issued_at = models.DateTimeField(null=True)
    # The issued document: the stored file's id, SHA-256 of its exact bytes, pages.
    document_id = models.CharField(max_length=24, blank=True)
    document_sha256 = models.CharField(max_length=64, blank=True)
    document_pages = models.PositiveIntegerField(null=True)
    # Where the import from the former system found the report, and what it read that has no field here.
    legacy = models.JSONField(null=True)

    class Meta:
        db_table = "reports"
        ordering: ClassVar = ["-updated_at"]
        indexes: ClassVar = [
            # The list's order, the tie-breaker included: without it the server sorts every report.
            models.Index(fields=["-updated_at", "-id"], name="report_newest"),
            models.Index(fields=["status", "-updated_at", "-id"], name="report_status_newest"),
            # The list's counts are answered from this index alone, without reading a report.
            models.Index(fields=["status", "bank_code", "bank_name"], name="report_tally"),
        ]

    def __str__(self) -> str:
        return self.reference
