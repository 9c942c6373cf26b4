"""Reading backups: the manifest, whether an archive is whole, its documents one after another.

An archive is a folder of a store: ``manifest.json``, and for each collection its documents (BSON one after
another, zstd-compressed) and what mongodump calls its metadata (indexes, options), both sealed when the
manifest says so. Whatever is wrong with one is told in words that name the file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

import zstandard
from bson import json_util
from bson.errors import BSONError
from pyrage.x25519 import Identity

from tenants.errors import TenancyError
from tenants.operations.backups import sealing
from tenants.operations.backups.stores import MANIFEST, Store
from tenants.operations.data import OF_OPERATIONS

FORMAT = 1
_READ = 1 << 20
# The server's own limit of a document, 16 MB and what it allows itself on top.
_LONGEST_DOCUMENT = (16 << 20) + (16 << 10)
_PER_COLLECTION = {
    "documents": int,
    "bson_bytes": int,
    "content_hash": str,
    "file": str,
    "file_bytes": int,
    "file_sha256": str,
    "metadata_file": str,
    "metadata_sha256": str,
}


class ArchiveDamaged(TenancyError):
    """The archive is not what was written; the message names the file and, within it, the place."""


@dataclass(frozen=True, slots=True)
class ArchivedCollection:
    """What the manifest says of one collection: its size before and after compression, and its hashes."""

    name: str
    documents: int
    bson_bytes: int
    content_hash: str
    file: str
    file_bytes: int
    file_sha256: str
    metadata_file: str
    metadata_sha256: str

    @property
    def average_bytes(self) -> int:
        """Of a document; 0 where there is none."""
        return self.bson_bytes // max(self.documents, 1)


@dataclass(frozen=True, slots=True)
class Manifest:
    """An archive's table of contents. ``folder`` is its path in the store, ``sha256`` the manifest's own."""

    folder: str
    sha256: str
    org_id: str
    name: str
    initials: str
    taken_at: str
    encryption: str | None
    migrations: tuple[str, ...]
    collections: Mapping[str, ArchivedCollection]
    # What the control plane knew of the firm besides.
    organization: Mapping[str, Any] = field(default_factory=dict)

    @property
    def bson_bytes(self) -> int:
        return sum(one.bson_bytes for one in self.collections.values())

    @property
    def file_bytes(self) -> int:
        return sum(one.file_bytes for one in self.collections.values())


def read_manifest(store: Store, org_id: str, name: str, *, sha256: str = "") -> Manifest:
    """The manifest of a backup; ``sha256`` is what it must have, if that is known.

    Raises ArchiveDamaged when there is none, or it is another organization's or of a format that this
    program does not know; StoreFailed.
    """
    folder = f"{org_id}/{name}"
    try:
        content = store.read_bytes(f"{folder}/{MANIFEST}")
    except FileNotFoundError as error:
        raise ArchiveDamaged(f"{folder} has no {MANIFEST}: it was never finished, or removed.") from error
    found_sha256 = hashlib.sha256(content).hexdigest()
    if sha256 and found_sha256 != sha256:
        raise ArchiveDamaged(f"{folder}/{MANIFEST} is not the one that was written: its SHA-256 differs.")
    try:
        stated = json.loads(content)
    except ValueError as error:
        raise ArchiveDamaged(f"{folder}/{MANIFEST} is not JSON: {error}") from error
    manifest = _manifest_from(stated, folder, found_sha256)
    if manifest.org_id != org_id:
        raise ArchiveDamaged(f"{folder}/{MANIFEST} belongs to “{manifest.org_id}”, not to “{org_id}”.")
    return manifest


def _manifest_from(stated: Any, folder: str, sha256: str) -> Manifest:
    where = f"{folder}/{MANIFEST}"
    if not isinstance(stated, dict):
        raise ArchiveDamaged(f"{where} is not a manifest.")
    if stated.get("format") != FORMAT:
        raise ArchiveDamaged(
            f"{where} is of format {stated.get('format')!r}; this version of the program reads {FORMAT}."
        )
    if stated.get("encryption") not in (None, sealing.METHOD):
        raise ArchiveDamaged(f"{where} names an encryption that is not known: {stated['encryption']!r}.")
    collections = stated.get("collections")
    texts = ("org_id", "name", "initials", "taken_at")
    if (
        not isinstance(collections, dict)
        or not all(isinstance(stated.get(key), str) for key in texts)
        or not isinstance(stated.get("migrations"), list)
    ):
        raise ArchiveDamaged(f"{where} lacks what every manifest has.")
    return Manifest(
        folder=folder,
        sha256=sha256,
        org_id=stated["org_id"],
        name=stated["name"],
        initials=stated["initials"],
        taken_at=stated["taken_at"],
        encryption=stated.get("encryption"),
        migrations=tuple(str(one) for one in stated["migrations"]),
        collections={name: _collection_from(name, one, where) for name, one in collections.items()},
        organization=stated.get("organization") or {},
    )


def _collection_from(name: str, stated: Any, where: str) -> ArchivedCollection:
    if not isinstance(stated, dict) or not all(
        isinstance(stated.get(key), kind) for key, kind in _PER_COLLECTION.items()
    ):
        raise ArchiveDamaged(f"{where} does not say of “{name}” what it should.")
    files = (stated["file"], stated["metadata_file"])
    foreign = not name or name.startswith("system.") or OF_OPERATIONS.match(name)
    if foreign or any("/" in one for one in files):
        raise ArchiveDamaged(f"{where} names a collection or file that cannot be in a backup: “{name}”.")
    return ArchivedCollection(name, **{key: stated[key] for key in _PER_COLLECTION})


def check_archive(
    store: Store,
    org_id: str,
    name: str,
    *,
    sha256: str = "",
    identities: Sequence[Identity] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[str]:
    """Read every file of an archive through and compare it with the manifest; returns what is wrong.

    An empty list: it is whole. Files are hashed as they are stored, so no key is needed for their content;
    of a sealed archive the metadata is looked into only when there is one. ``on_progress`` gets bytes done
    and to do. Raises StoreFailed when the store itself fails.
    """
    try:
        manifest = read_manifest(store, org_id, name, sha256=sha256)
    except ArchiveDamaged as error:
        return [str(error)]
    problems: list[str] = []
    done = 0

    def tell(number: int) -> None:
        nonlocal done
        done += number
        if on_progress is not None:
            on_progress(done, manifest.file_bytes)

    for one in manifest.collections.values():
        problems += _problems_of(store, manifest, one, identities, tell)
    return problems


def _problems_of(
    store: Store,
    manifest: Manifest,
    one: ArchivedCollection,
    identities: Sequence[Identity] | None,
    tell: Callable[[int], None],
) -> list[str]:
    problems = []
    found = _digest(store, f"{manifest.folder}/{one.file}", tell)
    if found is None:
        problems.append(f"{one.file} is missing.")
    elif found[0] != one.file_bytes:
        problems.append(f"{one.file} has {found[0]} bytes instead of {one.file_bytes}.")
    elif found[1] != one.file_sha256:
        problems.append(f"{one.file} is damaged: its SHA-256 differs from the manifest's.")
    found = _digest(store, f"{manifest.folder}/{one.metadata_file}", lambda _: None)
    if found is None:
        problems.append(f"{one.metadata_file} is missing.")
    elif found[1] != one.metadata_sha256:
        problems.append(f"{one.metadata_file} is damaged: its SHA-256 differs from the manifest's.")
    elif manifest.encryption is None or identities is not None:
        try:
            metadata_of(store, manifest, one.name, identities=identities)
        except (ArchiveDamaged, sealing.SealingFailed) as error:
            problems.append(str(error))
    return problems


def _digest(store: Store, path: str, tell: Callable[[int], None]) -> tuple[int, str] | None:
    """Bytes and SHA-256 of a stored file; None when there is none."""
    digest, size = hashlib.sha256(), 0
    try:
        with store.open_read(path) as file:
            while piece := file.read(_READ):
                digest.update(piece)
                size += len(piece)
                tell(len(piece))
    except FileNotFoundError:
        return None
    return size, digest.hexdigest()


def metadata_of(
    store: Store, manifest: Manifest, collection: str, *, identities: Sequence[Identity] | None = None
) -> dict[str, Any]:
    """``{"indexes": […], "options": {…}, …}`` of a collection, as mongodump writes it.

    Raises ArchiveDamaged.
    """
    one = manifest.collections[collection]
    with _opened(store, manifest, one.metadata_file, identities) as file:
        content = file.read()
    try:
        found = json_util.loads(content)
    except (ValueError, TypeError, BSONError) as error:
        raise ArchiveDamaged(f"{one.metadata_file} is not JSON: {error}") from error
    indexes = found.get("indexes") if isinstance(found, dict) else None
    if not isinstance(indexes, list) or not all(_is_index(index) for index in indexes):
        raise ArchiveDamaged(f"{one.metadata_file} does not say which indexes there are.")
    return cast("dict[str, Any]", found)


def _is_index(stated: Any) -> bool:
    return isinstance(stated, dict) and {"name", "key"} <= stated.keys()


def documents(
    store: Store, manifest: Manifest, collection: str, *, identities: Sequence[Identity] | None = None
) -> Generator[bytes, None, None]:
    """The documents of a collection, each as its own BSON, in the order they were written.

    Memory: a few megabytes. Raises ArchiveDamaged naming file and position where a document is torn, or when
    there are not as many as the manifest says; SealingFailed without the right key.
    """
    one = manifest.collections[collection]
    number = size = 0
    with _opened(store, manifest, one.file, identities) as sealed_or_not:
        reader = zstandard.ZstdDecompressor().stream_reader(
            sealed_or_not, read_size=_READ, read_across_frames=True, closefd=False
        )
        try:
            for document in split_documents(cast(BinaryIO, reader), one.file):
                number += 1
                size += len(document)
                yield document
        except zstandard.ZstdError as error:
            raise ArchiveDamaged(f"{one.file} cannot be decompressed after byte {size}: {error}") from error
    if (number, size) != (one.documents, one.bson_bytes):
        raise ArchiveDamaged(
            f"{one.file} ends after {number} documents of {size} bytes instead of {one.documents} of "
            f"{one.bson_bytes}."
        )


def split_documents(stream: BinaryIO, file: str) -> Iterator[bytes]:
    """BSON documents that follow one another. Raises ArchiveDamaged with ``file`` and the byte."""
    rest, position = b"", 0
    while piece := stream.read(_READ):
        data = rest + piece if rest else piece
        start, end = 0, len(data)
        while end - start >= 4:
            length = int.from_bytes(data[start : start + 4], "little")
            if not 5 <= length <= _LONGEST_DOCUMENT:
                raise ArchiveDamaged(f"{file}: there is no document at byte {position + start}.")
            if start + length > end:
                break
            if data[start + length - 1]:
                raise ArchiveDamaged(f"{file}: the document at byte {position + start} does not end.")
            yield data[start : start + length]
            start += length
        position += start
        rest = data[start:]
    if rest:
        raise ArchiveDamaged(f"{file}: the document at byte {position} is torn: the file ends in it.")


@contextmanager
def _opened(
    store: Store, manifest: Manifest, file: str, identities: Sequence[Identity] | None
) -> Iterator[BinaryIO]:
    """A file of the archive as it was before it was sealed."""
    with ExitStack() as stack:
        try:
            stored = stack.enter_context(store.open_read(f"{manifest.folder}/{file}"))
        except FileNotFoundError as error:
            raise ArchiveDamaged(f"{file} is missing.") from error
        if manifest.encryption is None:
            yield stored
            return
        keys = sealing.identities() if identities is None else list(identities)
        yield stack.enter_context(sealing.unsealed(stored, keys))
