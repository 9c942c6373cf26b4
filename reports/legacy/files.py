"""Old records of files with their bytes, where those are there: copied as they are, with their hash."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.files.storage import default_storage
from django.db import IntegrityError

from banks.legacy.faults import Severity
from reports.files import safe_name
from reports.legacy.bringing import Import, id_of
from reports.legacy.converting import KnownPerson, kept_of
from reports.legacy.notebook import Notebook, Outcome, Row
from reports.legacy.originals import id_text
from reports.legacy.people import row_time
from reports.legacy.recognising import Kind
from reports.legacy.values import moment_of
from tenants.files import OrganizationStorage, store_evidence
from tenants.images import FileRefused, clean_images
from tenants.models import FileKind, Organization, StoredFile
from tenants.mongodb.transaction import run_atomically

_NAMES = ("filename", "file_name", "fileName", "original_filename", "original_name", "originalName", "name")
_TYPES = ("content_type", "contentType", "mime_type", "mimeType", "type")
_WHO = ("uploaded_by", "uploadedBy", "created_by", "user_id", "userId")
_WHEN = ("uploaded_at", "uploadedAt", "uploadDate", "created_at", "createdAt")
_STORED = ("gridfs_id", "gridfsId", "gridfs_file_id", "file_id", "fileId", "storage_id", "_id")
_REPORTS = ("report_id", "reportId")
_ORIGINAL = re.compile(r"^[a-z0-9.+-]{1,40}/[a-z0-9.+-]{1,60}$")
# Nothing larger is read into memory; what people send in is far smaller.
LARGEST = 200 * 1024 * 1024
_THUMBNAIL = 480
_PICTURES = {b"\xff\xd8\xff": ("image/jpeg", ".jpg"), b"\x89PNG\r\n\x1a\n": ("image/png", ".png")}


def bring_files(
    run: Import,
    old: str,
    organization: Organization | None,
    people: Mapping[str, KnownPerson],
    reports: Mapping[str, str],
) -> int:
    """The files of one firm, which is active unless it is still to be made; how many were stored."""
    stored = 0
    for row in run.book.rows(Kind.FILE, old):
        held = _bytes_of(run.book, row)
        if held is not None:
            # Its bytes come with the record that names it, wherever it stands itself.
            run.book.decide(held.seq, Outcome.REPEATED)
        stored += _bring(run, row, held, organization, people, reports)
    for row in run.book.rows(Kind.STORE_FILE, old):
        stored += _bring(run, row, row, organization, people, reports)
    return stored


def _bring(
    run: Import,
    row: Row,
    held: Row | None,
    organization: Organization | None,
    people: Mapping[str, KnownPerson],
    reports: Mapping[str, str],
) -> int:
    pk = id_of(row)
    found = StoredFile.objects.filter(pk=pk).first() if organization is not None else None
    if found is not None:
        outcome = run.met(row, found.legacy, what=f"The file {found.name}", untouched=False)
        run.book.decide(row.seq, outcome or Outcome.LEFT, str(pk))
        return 0
    content = _content(run, row, held)
    entry = _entry(run, row, held, content, people, reports)
    if run.dry_run or organization is None:
        run.book.decide(row.seq, Outcome.ADDED)
        return 0
    try:
        _store(entry, content)
    except (FileRefused, IntegrityError) as error:
        run.book.refuse(row, "", str(error), "The file is not brought over.")
        return 0
    run.book.decide(row.seq, Outcome.ADDED, str(pk))
    return 1


def _bytes_of(book: Notebook, row: Row) -> Row | None:
    """The GridFS file that a record names."""
    document = row.document
    named = {id_text(document[key]) for key in _STORED if document.get(key) not in (None, "")}
    return book.store_file(named)


def _content(run: Import, row: Row, held: Row | None) -> bytes | None:
    """The bytes; None with a fault where they are not there, or not as they were stored."""
    problem = "Its bytes are not among what was read."
    if held is not None and run.book.has_pieces(held.id):
        expected = held.document.get("length")
        expected = expected if isinstance(expected, int) else -1
        if expected > LARGEST:
            problem = f"It has {expected:,} bytes; at most {LARGEST:,} are brought over."
        else:
            content = _joined(run.book, held, expected)
            if content is not None and _hash_fits(held.document, content):
                return content
            problem = (
                "Its bytes are not whole: they are not as many, or of another hash, than was written down."
            )
    run.book.tell(row.fault("", problem, "Its record is kept; nothing can be downloaded.", Severity.CHANGED))
    return None


def _joined(book: Notebook, held: Row, expected: int) -> bytes | None:
    parts: list[bytes] = []
    size = 0
    for at, (number, data) in enumerate(book.pieces(held.id)):
        size += len(data)
        if number != at or size > max(expected, 0):
            return None
        parts.append(data)
    return b"".join(parts) if size == expected else None


def _hash_fits(document: Mapping[str, Any], content: bytes) -> bool:
    md5 = document.get("md5")
    if isinstance(md5, str) and md5.strip():
        return hashlib.md5(content, usedforsecurity=False).hexdigest() == md5.strip().lower()
    return True


def _entry(
    run: Import,
    row: Row,
    held: Row | None,
    content: bytes | None,
    people: Mapping[str, KnownPerson],
    reports: Mapping[str, str],
) -> StoredFile:
    document = row.document
    metadata = document.get("metadata")
    about = {**metadata, **document} if isinstance(metadata, Mapping) else document
    said = next((about[key] for key in _TYPES if isinstance(about.get(key), str)), "").casefold()
    picture = next((kind for head, kind in _PICTURES.items() if (content or b"").startswith(head)), None)
    person = next(
        (people[name] for key in _WHO if (name := _name(about, key)) in people), KnownPerson("", "")
    )
    return StoredFile(
        pk=id_of(row),
        kind=FileKind.PHOTOGRAPH if picture else FileKind.ATTACHMENT,
        report_id=_report(run, row, about, reports),
        name=safe_name(next((about[key] for key in _NAMES if isinstance(about.get(key), str)), "file")),
        # What is no picture by its first bytes is never shown, only downloaded, whatever it says it is.
        content_type=picture[0] if picture else _safe_type(said),
        size=len(content) if content is not None else 0,
        sha256=hashlib.sha256(content).hexdigest() if content is not None else "",
        caption=_text(about, "caption")[:200],
        stored_as=f"imported-{id_of(row)}{picture[1] if picture else ''}" if content is not None else "",
        added_by=person.id,
        added_by_name=person.name or _text(about, "uploaded_by")[:100],
        added_at=_added_at(run, row, held, about),
        legacy={"id": row.shown_id[:200], **kept_of(row)},
    )


def _report(run: Import, row: Row, about: Mapping[str, Any], reports: Mapping[str, str]) -> str:
    named = {key: name for key in _REPORTS if (name := _text(about, key))}
    for key, name in named.items():
        if name not in reports:
            run.book.tell(
                row.fault(
                    key, f"The report {name[:80]} is not among those that are brought over.",
                    "The file is kept with no report.", Severity.CHANGED,
                )
            )  # fmt: skip
    return next((reports[name] for name in named.values() if name in reports), "")


def _added_at(run: Import, row: Row, held: Row | None, about: Mapping[str, Any]) -> datetime:
    """When the record says it was added, else when its bytes were stored; anything else is told."""
    for source in (about, held.document if held is not None else {}):
        for key in _WHEN:
            if (at := moment_of(source.get(key))) is not None:
                return at
    at, stands = row_time(row)
    run.book.tell(row.fault("uploaded_at", "It does not say when it was added.", stands, Severity.CHANGED))
    return at


def _safe_type(said: str) -> str:
    kind = said.split(";")[0].strip()
    unsafe = not _ORIGINAL.match(kind) or kind.startswith("image/")
    return "application/octet-stream" if unsafe else kind


def _name(document: Mapping[str, Any], key: str) -> str:
    return _text(document, key).casefold()


def _text(document: Mapping[str, Any], key: str) -> str:
    value = document.get(key)
    if value in (None, "") or isinstance(value, Mapping | list):
        return ""
    return id_text(value).strip()


def _store(entry: StoredFile, content: bytes | None) -> None:
    """The bytes first: a run that is cut short finds them and stores the record."""
    if content is not None:
        _with_thumbnail(entry, content)
        _keep(entry.stored_as, content)
    run_atomically(lambda: entry.save(force_insert=True))


def _with_thumbnail(entry: StoredFile, content: bytes) -> None:
    if entry.kind != FileKind.PHOTOGRAPH:
        return
    try:
        (small,) = clean_images(entry.name, content, longest_sides=(_THUMBNAIL,))
    except FileRefused:
        # It begins like a picture and is none that can be drawn.
        entry.kind, entry.content_type = FileKind.ATTACHMENT, "application/octet-stream"
        return
    entry.thumbnail_as = f"imported-{entry.pk}-small{small.ending}"
    _keep(entry.thumbnail_as, small.content)


def _keep(name: str, content: bytes) -> None:
    """Never refused for the plan's sake: what the firm had, it keeps. It counts like any file."""
    if default_storage.exists(name):
        if default_storage.size(name) == len(content):
            return
        OrganizationStorage(limited=False).delete(name)
    store_evidence(name, content)
