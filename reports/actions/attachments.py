"""Files attached to answers: a deed, an extract of the guideline register."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile

from reports.actions.changing import Changed, change_report
from reports.actions.failures import FileRefused, NotAllowed, ReportFrozen
from reports.actions.leftovers import remove_unless_named
from reports.actions.review import standing_of
from reports.files import safe_name
from reports.models import Report
from reports.workflow import actor_of, may_draft
from tenants.files import new_name
from tenants.images import clean_images
from tenants.models import FileKind, StoredFile, User
from tenants.permissions import Permission
from tenants.plans.storage import StorageFull

MOST_ATTACHMENTS = 60
_LONGEST_SIDE = 2400
_PDF = b"%PDF-"


def attach_file(*, report_id: object, upload: UploadedFile[Any], by: User, now: datetime) -> StoredFile:
    """Keep a PDF, or an image encoded anew, for an answer of the report.

    The answer names the file by its id when the section is saved. Raises NotAllowed, ReportFrozen,
    FileRefused (neither, too large, damaged, too many, no storage left), Report.DoesNotExist.
    """
    report: Report = Report.objects.get(pk=report_id)
    name = safe_name(upload.name or "file")
    _check(report, name, by)
    content, content_type, ending = _checked(name, upload)
    try:
        stored_as = default_storage.save(new_name(ending), ContentFile(content))
    except StorageFull as full:
        raise FileRefused(name, full.reason) from None
    entry = StoredFile(
        kind=FileKind.ATTACHMENT,
        report_id=str(report.pk),
        name=name,
        content_type=content_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        stored_as=stored_as,
        added_by=str(by.pk),
        added_by_name=by.acting_name,
        added_at=now,
    )

    def decide(current: Report) -> Changed:
        _check(current, name, by)
        entry.pk = None
        entry.save(force_insert=True)
        return Changed("file_attached", {}, target=name, details={"file": str(entry.pk)})

    try:
        change_report(report.pk, decide, by=by, now=now)
    except BaseException:
        remove_unless_named(stored_as)
        raise
    return entry


def _check(report: Report, name: str, by: User) -> None:
    """Asked within the change itself: the report may be submitted while the file is looked at."""
    if not by.can(Permission.DRAFT_REPORTS):
        raise NotAllowed("Your role reads reports; assistants, valuers and managers change them.")
    if not may_draft(standing_of(report), actor_of(by)):
        raise ReportFrozen(report.get_status_display())
    count = StoredFile.objects.filter(report_id=str(report.pk), kind=FileKind.ATTACHMENT).count()
    if count >= MOST_ATTACHMENTS:
        raise FileRefused(name, f"the report has {MOST_ATTACHMENTS} attached files, the most it may have.")


def _checked(name: str, upload: UploadedFile[Any]) -> tuple[bytes, str, str]:
    """The bytes to keep, their type and ending. A PDF is kept as it is, to be downloaded."""
    if (upload.size or 0) > settings.MAX_UPLOAD_BYTES:
        most = settings.MAX_UPLOAD_BYTES // (1024 * 1024)
        raise FileRefused(name, f"the file is larger than {most} MB, the most that is taken.")
    content: bytes = upload.read()
    if content.startswith(_PDF):
        return content, "application/pdf", ".pdf"
    try:
        (image,) = clean_images(name, content, longest_sides=(_LONGEST_SIDE,))
    except FileRefused as refusal:
        raise FileRefused(name, f"attach a PDF or an image; {refusal.reason}") from None
    return image.content, image.content_type, image.ending
