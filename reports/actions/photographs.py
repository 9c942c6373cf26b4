"""Photographs of a report: adding, captions, order, removing.

Each is a change of the report like any other: it counts up the version and is conditional on it, so that
nothing joins or leaves a report that somebody has submitted in that moment.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, Literal

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile

from reports.actions.changing import Changed, change_report
from reports.actions.failures import FileRefused, NotAllowed, ReportFrozen
from reports.actions.leftovers import remove_unless_named
from reports.actions.review import standing_of
from reports.files import Photograph, clean_photograph
from reports.models import Report
from reports.queries import photographs_of
from reports.workflow import actor_of, may_draft
from tenants.files import new_name
from tenants.models import FileKind, StoredFile, User
from tenants.permissions import Permission
from tenants.plans.storage import StorageFull

MOST_PHOTOGRAPHS = 60
LONGEST_CAPTION = 200


def add_photograph(
    *, report_id: object, upload: UploadedFile[Any], by: User, now: datetime, caption: str = ""
) -> StoredFile:
    """Check the file, encode it anew and keep it after the photographs that are there.

    The bytes are stored before the entry that names them; when the entry cannot be made they are removed.
    Raises NotAllowed, ReportFrozen, FileRefused (no image, too large, too many, no storage left),
    Report.DoesNotExist.
    """
    report: Report = Report.objects.get(pk=report_id)
    _check(report, by)
    name = upload.name or "photograph"
    _check_room(name, photographs_of(report.pk))
    photograph = clean_photograph(name, _content(name, upload))
    content = photograph.image.content
    stored_as, thumbnail_as = _store(name, photograph)
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
        stored_as=stored_as,
        thumbnail_as=thumbnail_as,
        added_by=str(by.pk),
        added_by_name=by.acting_name,
        added_at=now,
    )

    def decide(current: Report) -> Changed:
        _check(current, by)
        others = photographs_of(current.pk)
        _check_room(name, others)
        entry.pk = None
        entry.position = max((file.position for file in others), default=0) + 1
        entry.save(force_insert=True)
        return _changed("photograph_added", entry)

    try:
        change_report(report.pk, decide, by=by, now=now)
    except BaseException:
        remove_unless_named(stored_as, thumbnail_as)
        raise
    return entry


def _store(name: str, photograph: Photograph) -> tuple[str, str]:
    """Store the picture and its thumbnail, both or neither; their names in the store. Raises FileRefused."""
    stored: list[str] = []
    try:
        for image in (photograph.image, photograph.thumbnail):
            stored.append(default_storage.save(new_name(image.ending), ContentFile(image.content)))
    except BaseException as error:
        for one in stored:
            default_storage.delete(one)
        if isinstance(error, StorageFull):
            raise FileRefused(name, error.reason) from None
        raise
    return stored[0], stored[1]


def caption_photograph(
    *, report_id: object, file_id: object, caption: str, by: User, now: datetime
) -> StoredFile:
    """Say what a photograph shows. Raises NotAllowed, ReportFrozen, Report or StoredFile.DoesNotExist."""
    words = _caption(caption)
    entry = StoredFile()

    def decide(report: Report) -> Changed | None:
        nonlocal entry
        _check(report, by)
        entry = _photograph(report, file_id)
        before, entry.caption = entry.caption, words
        if words == before:
            return None
        StoredFile.objects.filter(pk=entry.pk).update(caption=words)
        return _changed("photograph_captioned", entry, changes={"caption": {"from": before, "to": words}})

    change_report(report_id, decide, by=by, now=now)
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
    files: list[StoredFile] = []

    def decide(report: Report) -> Changed | None:
        _check(report, by)
        files[:] = photographs_of(report.pk)
        moved = next((file for file in files if str(file.pk) == str(file_id)), None)
        if moved is None:
            raise StoredFile.DoesNotExist
        here = files.index(moved)
        wanted = place if place is not None else here + {"up": -1, "down": 1, None: 0}[direction]
        wanted = min(max(wanted, 0), len(files) - 1)
        if wanted == here:
            return None
        files.insert(wanted, files.pop(here))
        for position, file in enumerate(files, start=1):
            if file.position != position:
                StoredFile.objects.filter(pk=file.pk).update(position=position)
                file.position = position
        places = {"from": here + 1, "to": wanted + 1}
        return _changed("photograph_moved", moved, changes={"position": places})

    change_report(report_id, decide, by=by, now=now)
    return files


def remove_photograph(*, report_id: object, file_id: object, by: User, now: datetime) -> None:
    """Remove a photograph and its bytes.

    Raises NotAllowed, ReportFrozen, Report or StoredFile.DoesNotExist.
    """
    entry = StoredFile()

    def decide(report: Report) -> Changed:
        nonlocal entry
        _check(report, by)
        entry = _photograph(report, file_id)
        StoredFile.objects.filter(pk=entry.pk).delete()
        return _changed("photograph_removed", entry)

    change_report(report_id, decide, by=by, now=now)
    # Only once nothing names them any more.
    for name in filter(None, (entry.stored_as, entry.thumbnail_as)):
        default_storage.delete(name)


def _check(report: Report, by: User) -> None:
    """Asked within the change itself: the report may be submitted while a photograph is looked at."""
    if may_draft(standing_of(report), actor_of(by)):
        return
    if not by.can(Permission.DRAFT_REPORTS):
        raise NotAllowed("Your role reads reports; assistants, valuers and managers change them.")
    raise ReportFrozen(report.get_status_display())


def _check_room(name: str, present: list[StoredFile]) -> None:
    if len(present) >= MOST_PHOTOGRAPHS:
        raise FileRefused(name, f"the report has {MOST_PHOTOGRAPHS} photographs, the most it may have.")


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


def _changed(action: str, entry: StoredFile, **details: object) -> Changed:
    return Changed(action, {}, target=entry.name, details={"file": str(entry.pk), **details})
