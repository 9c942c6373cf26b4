"""Photographs of a report: adding, captions, order, removing."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, Literal

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile

from reports.actions.failures import FileRefused, NotAllowed, ReportFrozen
from reports.actions.review import standing_of
from reports.files import clean_photograph
from reports.models import Report
from reports.queries import photographs_of
from reports.workflow import actor_of, may_draft
from tenants.audit import record_activity
from tenants.files import new_name
from tenants.models import FileKind, StoredFile, User
from tenants.mongodb.transaction import run_atomically
from tenants.permissions import Permission

MOST_PHOTOGRAPHS = 60
LONGEST_CAPTION = 200


def add_photograph(
    *, report_id: object, upload: UploadedFile[Any], by: User, now: datetime, caption: str = ""
) -> StoredFile:
    """Check the file, encode it anew and keep it after the photographs that are there.

    The bytes are stored before the entry that names them; when the entry cannot be made they are removed.
    Raises NotAllowed, ReportFrozen, FileRefused (no image, too large, too many), Report.DoesNotExist.
    """
    report = _draft(report_id, by)
    present = photographs_of(report.pk)
    name = upload.name or "photograph"
    if len(present) >= MOST_PHOTOGRAPHS:
        raise FileRefused(name, f"the report has {MOST_PHOTOGRAPHS} photographs, the most it may have.")
    photograph = clean_photograph(name, _content(name, upload))
    content = photograph.image.content
    stored_as = default_storage.save(new_name(photograph.image.ending), ContentFile(content))
    thumbnail_as = default_storage.save(
        new_name(photograph.thumbnail.ending), ContentFile(photograph.thumbnail.content)
    )
    entry = StoredFile(
        kind=FileKind.PHOTOGRAPH,
        report_id=str(report.pk),
        name=photograph.name,
        content_type=photograph.image.content_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        width=photograph.image.width,
        height=photograph.image.height,
        caption=_caption(caption),
        position=max((file.position for file in present), default=0) + 1,
        stored_as=stored_as,
        thumbnail_as=thumbnail_as,
        added_by=str(by.pk),
        added_by_name=by.name,
        added_at=now,
    )

    def store() -> StoredFile:
        entry.pk = None
        entry.save(force_insert=True)
        _record("photograph_added", report, entry, by)
        return entry

    try:
        return run_atomically(store)
    except BaseException:
        default_storage.delete(stored_as)
        default_storage.delete(thumbnail_as)
        raise


def caption_photograph(
    *, report_id: object, file_id: object, caption: str, by: User, now: datetime
) -> StoredFile:
    """Say what a photograph shows. Raises NotAllowed, ReportFrozen, Report or StoredFile.DoesNotExist."""
    report = _draft(report_id, by)
    entry = _photograph(report, file_id)
    words = _caption(caption)
    if words == entry.caption:
        return entry

    def store() -> StoredFile:
        StoredFile.objects.filter(pk=entry.pk).update(caption=words)
        _record("photograph_captioned", report, entry, by, before=entry.caption, after=words)
        return entry

    run_atomically(store)
    entry.caption = words
    return entry


def move_photograph(
    *,
    report_id: object,
    file_id: object,
    direction: Literal["up", "down"] | None = None,
    place: int | None = None,
    by: User,
    now: datetime,
) -> list[StoredFile]:
    """Move a photograph one place ``up`` or ``down``, or to a 0-based ``place``; returns all in order.

    Raises NotAllowed, ReportFrozen, Report or StoredFile.DoesNotExist.
    """
    report = _draft(report_id, by)

    def store() -> list[StoredFile]:
        files = photographs_of(report.pk)
        moved = next((file for file in files if str(file.pk) == str(file_id)), None)
        if moved is None:
            raise StoredFile.DoesNotExist
        here = files.index(moved)
        wanted = place if place is not None else here + {"up": -1, "down": 1, None: 0}[direction]
        wanted = min(max(wanted, 0), len(files) - 1)
        if wanted == here:
            return files
        files.insert(wanted, files.pop(here))
        for position, file in enumerate(files, start=1):
            if file.position != position:
                StoredFile.objects.filter(pk=file.pk).update(position=position)
                file.position = position
        _record("photograph_moved", report, moved, by, before=here + 1, after=wanted + 1)
        return files

    return run_atomically(store)


def remove_photograph(*, report_id: object, file_id: object, by: User, now: datetime) -> None:
    """Remove a photograph and its bytes.

    Raises NotAllowed, ReportFrozen, Report or StoredFile.DoesNotExist.
    """
    report = _draft(report_id, by)
    entry = _photograph(report, file_id)

    def store() -> None:
        StoredFile.objects.filter(pk=entry.pk).delete()
        _record("photograph_removed", report, entry, by)

    run_atomically(store)
    # Only once nothing names them any more.
    for name in filter(None, (entry.stored_as, entry.thumbnail_as)):
        default_storage.delete(name)


def _draft(report_id: object, by: User) -> Report:
    report: Report = Report.objects.get(pk=report_id)
    if may_draft(standing_of(report), actor_of(by)):
        return report
    if not by.can(Permission.DRAFT_REPORTS):
        raise NotAllowed("Your role reads reports; assistants, valuers and managers change them.")
    raise ReportFrozen(report.get_status_display())


def _photograph(report: Report, file_id: object) -> StoredFile:
    entry: StoredFile = StoredFile.objects.get(pk=file_id, report_id=str(report.pk), kind=FileKind.PHOTOGRAPH)
    return entry


def _content(name: str, upload: UploadedFile[Any]) -> bytes:
    """The bytes, unless they are known to be too many before they are read."""
    if (upload.size or 0) > settings.MAX_UPLOAD_BYTES:
        most = settings.MAX_UPLOAD_BYTES // (1024 * 1024)
        raise FileRefused(name, f"the file is larger than {most} MB, the most that is taken.")
    content: bytes = upload.read()
    return content


def _caption(text: str) -> str:
    return " ".join(text.split())[:LONGEST_CAPTION]


def _record(action: str, report: Report, entry: StoredFile, by: User, **details: object) -> None:
    record_activity(
        action,
        by=by,
        report_id=str(report.pk),
        target=entry.name,
        details={"file": str(entry.pk), **details},
    )
