"""A file store in the active organization's own database (GridFS)."""

from __future__ import annotations

import uuid
from typing import IO, Any

import pymongo
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage
from django.db import connections
from django.utils.deconstruct import deconstructible
from gridfs import GridFSBucket, NoFile

from tenants.context import require_org_id, require_writable
from tenants.plans.storage import give_bytes_back, take_bytes

# GridFS's usual names: the collections fs.files and fs.chunks.
BUCKET = "fs"
UPLOAD_SECONDS = 20


@deconstructible
class OrganizationStorage(Storage):
    """Django's storage interface over GridFS.

    Every call needs an active organization and sees only its files. What is stored counts towards the
    storage that the firm's plan grants; ``limited=False`` counts and never refuses.
    """

    def __init__(self, *, limited: bool = True) -> None:
        self._limited = limited

    def _bucket(self) -> GridFSBucket:
        database = connections[require_org_id("A file")].database  # type: ignore[attr-defined]
        return GridFSBucket(database, bucket_name=BUCKET)

    def _save(self, name: str, content: File[Any]) -> str:
        """Raises StorageFull, and then nothing is stored."""
        require_writable()
        content.seek(0)
        size = content.size
        take_bytes(size, limited=self._limited)
        try:
            # Megabytes in one command: more than the few seconds that a page's queries get.
            with pymongo.timeout(UPLOAD_SECONDS):
                self._bucket().upload_from_stream(name, content.file)
        except BaseException:
            give_bytes_back(size)
            raise
        return name

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        """The whole file in memory; the store's files are images and documents of a few megabytes."""
        try:
            stream: IO[bytes] = self._bucket().open_download_stream_by_name(name)
        except NoFile as error:
            raise FileNotFoundError(name) from error
        return ContentFile(stream.read(), name=name)

    def delete(self, name: str) -> None:
        require_writable()
        bucket = self._bucket()
        for stored in bucket.find({"filename": name}):
            try:
                bucket.delete(stored._id)
            except NoFile:
                # Somebody else deleted it in this moment, which is what was wanted; they gave its bytes back.
                continue
            give_bytes_back(stored.length)

    def exists(self, name: str) -> bool:
        return next(iter(self._bucket().find({"filename": name}).limit(1)), None) is not None

    def size(self, name: str) -> int:
        stored = next(iter(self._bucket().find({"filename": name}).limit(1)), None)
        if stored is None:
            raise FileNotFoundError(name)
        return int(stored.length)

    def url(self, name: str | None) -> str:
        """Refused: a file has no address of its own, a view decides who may have it."""
        raise ValueError("Files are served by views that check who asks.")


def store_evidence(name: str, content: bytes) -> None:
    """Store what must be kept whatever the plan grants: an issued document. It counts like any file."""
    OrganizationStorage(limited=False).save(name, ContentFile(content))


def new_name(suffix: str) -> str:
    """A name that no other file has, e.g. ``"3f0c….jpg"``."""
    return f"{uuid.uuid4().hex}{suffix}"
