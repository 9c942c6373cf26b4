"""The files of a backup, which is a folder ``<org_id>/<backup>/`` of a store.

For every collection ``<collection>.bson.zst`` (its documents as BSON one after another, as mongodump
writes them, compressed by zstd) and ``<collection>.metadata.json`` (mongodump's: indexes and options), and
last of all ``manifest.json``, which says what there has to be. Sealed backups have ``.age`` after every name
but the manifest's. Decompressed, the folder is what ``mongorestore --db NAME FOLDER`` takes.
"""

from __future__ import annotations

import hashlib
import json
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeVar, cast
from urllib.parse import quote

import zstandard
from bson import json_util
from pyrage.x25519 import Recipient

from tenants.operations.backups import sealing
from tenants.operations.backups.stores import Store
from tenants.operations.data import ContentHash, documents_in

FORMAT = 1
# Photographs are compressed already and reports are small: a higher level costs time and saves nothing.
LEVEL = 1
# Batches that wait for the next of the threads that work on them one after another.
AHEAD = 4
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StoredCollection:
    """A collection as the manifest tells of it. Hashes of files are of their bytes as stored."""

    name: str
    documents: int
    bson_bytes: int
    # tenants.operations.data.ContentHash of the documents.
    content_hash: str
    file: str
    file_bytes: int
    file_sha256: str
    metadata_file: str
    metadata_bytes: int
    metadata_sha256: str


class HashingSink:
    """Passes on what is written, and knows its SHA-256 and its length."""

    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink
        self._sha256 = hashlib.sha256()
        self.bytes = 0

    def write(self, data: bytes | bytearray | memoryview) -> int:
        self._sink.write(data)
        self._sha256.update(data)
        self.bytes += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is kept back here; the file's own end brings it to the disk."""

    def hexdigest(self) -> str:
        return self._sha256.hexdigest()


def write_collection(
    store: Store,
    folder: str,
    name: str,
    batches: Iterable[bytes],
    metadata: bytes,
    keys: Sequence[Recipient],
    *,
    on_bytes: Callable[[int], None] = lambda _: None,
) -> StoredCollection:
    """Write a collection's two files; ``batches`` is read ahead while what came before is written.

    ``on_bytes`` is told of every batch's bytes when it is written; what it raises ends the writing.
    """
    suffix = sealing.SUFFIX if keys else ""
    file, metadata_file = (f"{_escaped(name)}{end}{suffix}" for end in (".bson.zst", ".metadata.json"))
    content = ContentHash()
    with _file(store, f"{folder}/{file}", keys) as (plain, stored):
        compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
        with compressor.stream_writer(plain, closefd=False, write_size=1 << 20) as compressed:
            # Three threads: one waits for the server, one hashes, this one compresses and writes.
            for batch in read_ahead(_hashed(read_ahead(batches, AHEAD), content), AHEAD):
                compressed.write(batch)
                on_bytes(len(batch))
    with _file(store, f"{folder}/{metadata_file}", keys) as (plain, stored_metadata):
        plain.write(metadata)
    return StoredCollection(
        name=name,
        documents=content.documents,
        bson_bytes=content.bytes,
        content_hash=content.hexdigest(),
        file=file,
        file_bytes=stored.bytes,
        file_sha256=stored.hexdigest(),
        metadata_file=metadata_file,
        metadata_bytes=stored_metadata.bytes,
        metadata_sha256=stored_metadata.hexdigest(),
    )


def _hashed(batches: Iterable[bytes], content: ContentHash) -> Iterator[bytes]:
    for batch in batches:
        content.add_all(documents_in(batch))
        yield batch


@contextmanager
def _file(store: Store, path: str, keys: Sequence[Recipient]) -> Iterator[tuple[BinaryIO, HashingSink]]:
    """A new file, sealed if there are keys: where to write, and what knows the hash of what is stored."""
    with ExitStack() as stack:
        stored = HashingSink(stack.enter_context(store.open_write(path)))
        plain = cast(BinaryIO, stored)
        if keys:
            plain = stack.enter_context(sealing.sealing(plain, keys))
        yield plain, stored


def metadata_of(
    name: str, *, uuid: str, options: Mapping[str, Any], indexes: Sequence[Mapping[str, Any]]
) -> bytes:
    """A collection's metadata as mongodump writes it: canonical extended JSON."""
    content = {
        "indexes": list(indexes),
        "uuid": uuid,
        "collectionName": name,
        "type": "collection",
        "options": dict(options),
    }
    return json_util.dumps(content, json_options=json_util.CANONICAL_JSON_OPTIONS).encode()


def manifest_bytes(manifest: Mapping[str, Any]) -> bytes:
    """The manifest's file. ``collections`` is a list of StoredCollection as dictionaries here, and a mapping
    by name there."""
    collections = {
        one["name"]: {key: value for key, value in one.items() if key != "name"}
        for one in manifest["collections"]
    }
    content = {**manifest, "collections": collections}
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"


def read_ahead(items: Iterable[T], ahead: int) -> Iterator[T]:
    """The same items, read by a thread that is up to ``ahead`` of them before whoever takes them.

    A failure of the reading is raised here; whoever stops taking stops the thread.
    """
    found: queue.Queue[T | None] = queue.Queue(ahead)
    unwanted = threading.Event()

    def put(item: T | None) -> bool:
        while not unwanted.is_set():
            try:
                found.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def read() -> None:
        try:
            for item in items:
                if not put(item):
                    return
        finally:
            put(None)

    with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as thread:
        reading: Future[None] = thread.submit(read)
        try:
            while (item := found.get()) is not None:
                yield item
        finally:
            unwanted.set()
        reading.result()


def _escaped(name: str) -> str:
    """A collection's name as a file's, as mongodump escapes it."""
    return quote(name, safe="$!#&'()*+,:;=@[]~ ")
