"""Everything a firm owns in open formats: one zip file of JSON, photographs, attachments, issued documents.

All of it shows one moment: the firm's database is read in a snapshot session while its people go on working.
Files and documents pass through in pieces, so that only the list of entries grows with the firm.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import bson
from bson import ObjectId, json_util
from bson.codec_options import CodecOptions, DatetimeConversion
from django.conf import settings
from django.utils import timezone
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import OperationFailure

from tenants.errors import TenancyError
from tenants.files import BUCKET
from tenants.models import (
    AuditEntry,
    FileKind,
    Operation,
    Organization,
    OrganizationStatus,
    Subscription,
    User,
)
from tenants.operations.data import collections_of, database_of, raw_batches
from tenants.operations.engine import Kind, Run, Step, nothing_to_undo, start_or_resume

FORMAT = 1
FILES = "files_metadata"
REPORTS = "reports"
CHUNKS = f"{BUCKET}.chunks"
# Statuses in which there is a database to read.
WITH_DATA = (OrganizationStatus.ACTIVE, OrganizationStatus.SUSPENDED, OrganizationStatus.OFFBOARDING)
# Already compressed: JPEG, PNG, PDF and the like.
_STORED = re.compile(r"\.(jpe?g|png|webp|gif|pdf|zip|docx|xlsx|mp4)$", re.I)
_LONGEST_NAME = 120
_PIECE = 1 << 20
# Documents that are in memory at once, where each becomes some ten times as large.
_AT_ONCE = 100
_SNAPSHOT_TOO_OLD = 239
_DECODE: CodecOptions[dict[str, Any]] = CodecOptions(
    tz_aware=True, datetime_conversion=DatetimeConversion.DATETIME_AUTO
)
README = """\
What {name} ({org_id}) owns, as of {taken_at}.

organization.json   the firm: name, letterhead, pattern of its reference numbers, settings
people.json         its people and their roles (no passwords, which nobody can read)
subscriptions.json  its plans, from when to when
audit.jsonl         what was done to the firm's account by the people who run the system
data/               the firm's database: one file for each collection, one JSON document a line, in MongoDB's
                    relaxed extended JSON ({{"$oid": …}} is an id, {{"$date": …}} a time,
                    {{"$numberDecimal": …}} an exact number). reports.jsonl has every report with its
                    answers, comments and results; activity_logs.jsonl who did what; files_metadata.jsonl
                    what is known of each file.
documents/          every issued document, byte for byte as it was issued, named by the report's reference
files/<kind>/<report id>/
                    photographs, attachments and logos as they are kept, under the names people gave
                    them. The report id is the _id in data/reports.jsonl. Small previews are made from
                    them and left out.
manifest.json       how many documents and files there are, and size and SHA-256 of every entry

The path of each file in this archive stands in manifest.json under "files", by its _id in
files_metadata.jsonl.
Files whose bytes were missing when this was made stand under "missing".
"""


class ExportRefused(TenancyError):
    """There is nothing that could be exported, or not in this state."""


class ExportFailed(TenancyError):
    """The archive could not be written whole, or is not what was written."""


def request_export(organization: Organization, *, by: User | None, to: str = "") -> Operation:
    """Record an export into the directory ``to``, or find the one under way.

    By default it goes to the organization's own folder of settings.EXPORTS_DIRECTORY.
    Raises ExportRefused, OperationUnderWay.
    """
    if organization.status not in WITH_DATA:
        raise ExportRefused(
            f"“{organization.org_id}” is {organization.get_status_display().lower()}: there is nothing to "
            "export."
        )
    options = {"to": str(Path(to).absolute()) if to else ""}
    return start_or_resume(EXPORT, org_id=organization.org_id, by=by, options=options)


def exports_of(org_id: str) -> Path:
    """Where the organization's exports are, unless somebody asked for another directory."""
    return Path(settings.EXPORTS_DIRECTORY) / org_id


def export_path(operation: Operation) -> Path:
    """The archive of an operation; the same however often it is begun anew."""
    to = operation.options.get("to") or str(exports_of(operation.org_id))
    moment = operation.created_at.astimezone(UTC)
    return Path(to) / f"{operation.org_id}-{moment:%Y%m%dT%H%M%SZ}-{str(operation.pk)[-6:]}.zip"


# The archive -----------------------------------------------------------------------------------------


@dataclass
class Archive:
    """A zip file being written, with size and SHA-256 of each entry."""

    file: zipfile.ZipFile
    moment: datetime
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def free_name(self, folder: str, name: str) -> str:
        """A path in the folder that differs from all others on file systems without capitals too."""
        stem, dot, ending = readable(name).rpartition(".")
        stem, ending = (stem, dot + ending) if stem else (ending, "")
        path, number = f"{folder}/{stem}{ending}", 1
        while path.casefold() in self.taken:
            number += 1
            path = f"{folder}/{stem} ({number}){ending}"
        self.taken.add(path.casefold())
        return path

    @contextmanager
    def entry(self, path: str) -> Iterator[Entry]:
        """A new entry to write to."""
        info = zipfile.ZipInfo(path, date_time=self.moment.timetuple()[:6])
        info.external_attr = 0o600 << 16
        info.compress_type = zipfile.ZIP_STORED if _STORED.search(path) else zipfile.ZIP_DEFLATED
        with self.file.open(info, "w", force_zip64=True) as stream:
            entry = Entry(stream)
            yield entry
        self.entries[path] = {"bytes": entry.bytes, "sha256": entry.digest.hexdigest()}

    def add_json(self, path: str, value: Any) -> None:
        with self.entry(path) as entry:
            entry.write(json.dumps(value, ensure_ascii=False, indent=2, default=str).encode())


class Entry:
    """What is written into one entry, counted and hashed on the way."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.bytes = 0
        self.digest = hashlib.sha256()

    def write(self, piece: bytes) -> None:
        self._stream.write(piece)
        self.digest.update(piece)
        self.bytes += len(piece)


@contextmanager
def _new_archive(path: Path, moment: datetime) -> Iterator[Archive]:
    """The archive appears under its name when it is whole and on the disk."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = part_of(path)
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w+b") as raw:
            with zipfile.ZipFile(raw, "w", allowZip64=True, compresslevel=6) as file:
                yield Archive(file, moment)
            raw.flush()
            os.fsync(raw.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def part_of(path: Path) -> Path:
    """What an archive is called while it is being written."""
    return path.with_name(f".{path.name}.part")


def readable(name: str) -> str:
    """A file name as the person gave it, without what a file system or an unpacking program would misread."""
    shown = "".join(c for c in unicodedata.normalize("NFC", name) if c.isprintable())
    plain = re.sub(r"\s+", " ", re.sub(r'[<>:"|?*\\/]', "-", shown)).strip(" .")
    if len(plain) > _LONGEST_NAME:
        stem, dot, ending = plain.rpartition(".")
        kept = dot + ending if stem and len(ending) < 8 else ""
        plain = plain[: _LONGEST_NAME - len(kept)].rstrip(" .") + kept
    return plain or "file"


# Writing ---------------------------------------------------------------------------------------------


class Exporter:
    """Writes one organization's archive. ``told`` counts documents and files for the progress bar."""

    def __init__(self, run: Run, organization: Organization, archive: Archive) -> None:
        self.run = run
        self.organization = organization
        self.archive = archive
        self.database: Database[Any] = database_of(organization.placement)
        self.counts: dict[str, int] = {}
        self.files: dict[str, str] = {}
        self.missing: list[dict[str, str]] = []
        self.told = self.total = 0

    def write(self) -> dict[str, Any]:
        """All of it, the manifest last. Returns the manifest without its lists."""
        self._write_account()
        names = [one for one in collections_of(self.database) if one != CHUNKS]
        self.total = sum(self.database[one].estimated_document_count() for one in (*names, FILES))
        with self.database.client.start_session(snapshot=True) as session:
            for name in names:
                self._write_collection(name, session)
            self._write_files(session)
        summary = {
            "format": FORMAT,
            "org_id": self.organization.org_id,
            "name": self.organization.name,
            "taken_at": self.archive.moment.isoformat(),
            "collections": self.counts,
            "file_count": len(self.files),
            "file_bytes": sum(self.archive.entries[path]["bytes"] for path in self.files.values()),
        }
        lists = {"missing": self.missing, "files": self.files, "entries": dict(self.archive.entries)}
        self.archive.add_json("manifest.json", summary | lists)
        return summary | {
            "missing": len(self.missing),
            "entries": len(self.archive.entries),
            "manifest_sha256": self.archive.entries["manifest.json"]["sha256"],
        }

    def _write_account(self) -> None:
        """What the control plane knows of the firm."""
        one = self.organization
        particulars = {"name": one.name, "org_id": one.org_id, "taken_at": self.archive.moment.isoformat()}
        with self.archive.entry("README.txt") as entry:
            entry.write(README.format(**particulars).encode())
        account = _fields(
            one,
            "org_id name initials status status_reason reference_pattern accent letterhead "
            "valuers_may_review own_reports_may_be_approved created_at updated_at",
        )
        self.archive.add_json("organization.json", account)
        people = [
            _fields(person, "email name role is_active created_at last_login") | {"id": str(person.pk)}
            for person in User.objects.filter(organization=one).order_by("email")
        ]
        self.archive.add_json("people.json", people)
        subscriptions = [
            _fields(one, "plan_id status starts_on ends_on")
            for one in Subscription.objects.filter(organization=one).order_by("starts_on")
        ]
        self.archive.add_json("subscriptions.json", subscriptions)
        with self.archive.entry("audit.jsonl") as entry:
            entries = AuditEntry.objects.filter(org_id=one.org_id).order_by("at")
            for audited in entries.iterator(chunk_size=500):
                record = _fields(audited, "at action actor target details")
                entry.write(json.dumps(record, ensure_ascii=False, default=str).encode() + b"\n")

    def _write_collection(self, name: str, session: ClientSession) -> None:
        number = 0
        with self.archive.entry(f"data/{readable(name)}.jsonl") as entry:
            for batch in raw_batches(self.database[name], session=session, batch_documents=_AT_ONCE):
                documents = bson.decode_all(batch, _DECODE)
                for document in documents:
                    entry.write(as_json_line(document))
                number += len(documents)
                self._tell(len(documents))
        self.counts[name] = number

    def _write_files(self, session: ClientSession) -> None:
        """Every file that the firm's own list names, by report and kind."""
        found = self.database[FILES].find({}, session=session, batch_size=500)
        with found:
            for document in found.sort([("report_id", 1), ("kind", 1), ("position", 1)]).allow_disk_use(True):
                self._write_file(document, session)
                self._tell(1)

    def _write_file(self, document: Mapping[str, Any], session: ClientSession) -> None:
        store = self.database[f"{BUCKET}.files"]
        stored = store.find_one({"filename": document["stored_as"]}, {"length": 1}, session=session)
        if stored is None:
            self.missing.append({"file": str(document["_id"]), "name": str(document["name"])})
            return
        path = self._path_of(document, session)
        chunks = self.database[CHUNKS].find({"files_id": stored["_id"]}, {"data": 1}, session=session)
        with self.archive.entry(path) as entry, chunks:
            for chunk in chunks.sort("n", 1).batch_size(16):
                entry.write(chunk["data"])
        if entry.bytes != stored["length"]:
            raise ExportFailed(
                f"The file “{document['name']}” ({document['_id']}) has {entry.bytes} of its "
                f"{stored['length']} bytes in the database. Restore it from a backup, or remove it, and run "
                "this again."
            )
        self.files[str(document["_id"])] = path

    def _path_of(self, document: Mapping[str, Any], session: ClientSession) -> str:
        """``documents/<reference>.pdf`` for what was issued, else ``files/<kind>/<report id>/<name>``."""
        kind, report_id = str(document["kind"]), str(document.get("report_id") or "")
        if kind == FileKind.DOCUMENT.value and ObjectId.is_valid(report_id):
            wanted = {"reference": 1, "document_id": 1}
            report = self.database[REPORTS].find_one({"_id": ObjectId(report_id)}, wanted, session=session)
            if report is not None and report.get("document_id") == str(document["_id"]):
                return self.archive.free_name("documents", f"{report['reference']}.pdf")
        folder = "/".join(["files", readable(kind), *([readable(report_id)] if report_id else [])])
        return self.archive.free_name(folder, str(document["name"]))

    def _tell(self, number: int) -> None:
        self.told += number
        self.run.progress(self.told, max(self.total, self.told), "documents")


def as_json_line(document: Mapping[str, Any]) -> bytes:
    """A document in MongoDB's relaxed extended JSON, on one line."""
    text: str = json_util.dumps(document, json_options=json_util.RELAXED_JSON_OPTIONS, ensure_ascii=False)
    return text.encode() + b"\n"


def _fields(record: Any, names: str) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names.split()}


def write_export(run: Run, path: Path) -> dict[str, Any]:
    """Write the archive, from the beginning. Returns its manifest's figures. Raises ExportFailed."""
    try:
        with _new_archive(path, timezone.now().astimezone(UTC)) as archive:
            return Exporter(run, run.organization(), archive).write()
    except OperationFailure as error:
        if error.code != _SNAPSHOT_TOO_OLD:
            raise
        raise ExportFailed(
            "Reading took longer than the server keeps one moment readable. Raise its parameter "
            "minSnapshotHistoryWindowInSeconds (300 by default) and run this again."
        ) from error


def check_export(path: Path, run: Run | None = None) -> str:
    """Read an archive back against its manifest; the SHA-256 of the whole file. Raises ExportFailed."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = json.loads(archive.read("manifest.json"))["entries"]
            if {*archive.namelist()} != {*entries, "manifest.json"}:
                raise ExportFailed(f"{path} has other entries than its manifest names. Export again.")
            for number, (name, expected) in enumerate(entries.items(), start=1):
                with archive.open(name) as stream:
                    if _sha256_of(stream) != expected["sha256"]:
                        raise ExportFailed(f"{name} in {path} is not what was written. Export again.")
                if run is not None:
                    run.progress(number, len(entries), "entries")
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError) as error:
        raise ExportFailed(f"{path} is damaged ({error}). Export again.") from error
    with path.open("rb") as whole:
        return _sha256_of(whole)


def _sha256_of(stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while piece := stream.read(_PIECE):
        digest.update(piece)
    return digest.hexdigest()


# Steps -----------------------------------------------------------------------------------------------


def write_step(run: Run) -> None:
    """Write the archive; begun anew after a kill, for the moment that it showed has passed."""
    path = export_path(run.operation)
    run.say(f"Writing {path}.")
    summary = write_export(run, path)
    run.state["export"] = summary | {"path": str(path), "bytes": path.stat().st_size}


def check_step(run: Run) -> None:
    """Read it back, and say what there is."""
    export = run.state["export"]
    path = Path(export["path"])
    if not path.is_file():
        raise ExportFailed(f"{path} is gone. Cancel this, and export again.")
    export["sha256"] = check_export(path, run)
    run.audit(
        "written", {name: export[name] for name in ("path", "bytes", "sha256", "manifest_sha256", "missing")}
    )
    documents = sum(export["collections"].values())
    run.say(f"{path}: {documents} documents, {export['file_count']} files, {export['bytes']} bytes.")


def remove_archive(run: Run) -> None:
    """Undo: nothing of the archive stays."""
    path = export_path(run.operation)
    part_of(path).unlink(missing_ok=True)
    path.unlink(missing_ok=True)
    run.state.pop("export", None)


EXPORT = Kind(
    "export",
    "Export",
    (
        Step("write", "Everything the firm owns is written", write_step, remove_archive),
        Step("check", "The archive is read back", check_step, nothing_to_undo),
    ),
)
