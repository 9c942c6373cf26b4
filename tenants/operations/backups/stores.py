"""Where backups are kept: a directory, or a bucket of an S3-compatible service.

A path is ``<org_id>/<backup>/<file>`` with slashes, relative to the store's root. A file appears under its
name when it is whole, never before. What a store cannot do is a StoreFailed that says why; a file that is not
there is a FileNotFoundError.
"""

from __future__ import annotations

import os
import secrets
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import unquote, urlsplit

from django.conf import settings

from tenants.errors import TenancyError

# Written last and removed first: without it there is no backup, whatever else is there.
MANIFEST = "manifest.json"
# The end of a file's name while it is being written.
_PART = ".part"
# How much is written before the disk is asked to begin storing it, so that the end need not wait for all.
_BEGUN_BYTES = 16 << 20
# Within a store, ``list`` is a method.
Paths = list[str]


class UnknownStore(TenancyError):
    """No store of that name is configured, or its address cannot be understood."""


class StoreFailed(TenancyError):
    """The store refused or did not answer; the message says what."""


class Store(ABC):
    """A tree of files."""

    @abstractmethod
    def open_write(self, path: str) -> AbstractContextManager[BinaryIO]:
        """A new file, there when the block ends well (an older one is replaced) and gone when it does not."""

    @abstractmethod
    def open_read(self, path: str) -> AbstractContextManager[BinaryIO]:
        """The file's bytes as a stream."""

    @abstractmethod
    def exists(self, path: str) -> bool:
        """Whether there is a whole file of this name."""

    @abstractmethod
    def size(self, path: str) -> int:
        """Bytes of a file."""

    @abstractmethod
    def list(self, path: str = "") -> Paths:
        """The paths of all whole files beneath a folder (in the whole store by default), sorted."""

    @abstractmethod
    def delete_tree(self, path: str) -> None:
        """Remove a folder with all that is in it, its manifests first. One that is not there is no error."""

    def read_bytes(self, path: str) -> bytes:
        """A small file whole."""
        with self.open_read(path) as file:
            return file.read()

    def write_bytes(self, path: str, content: bytes) -> None:
        """A small file whole."""
        with self.open_write(path) as file:
            file.write(content)


class DirectoryStore(Store):
    """A directory that only its owner may look into."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @contextmanager
    def open_write(self, path: str) -> Iterator[BinaryIO]:
        target = self._at(path)
        part = target.with_name(f".{target.name}.{secrets.token_hex(4)}{_PART}")
        with _failure_told(target, "written"):
            self._make_directory(target.parent)
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with _Written(descriptor) as file:
                    yield cast(BinaryIO, file)
                    os.fsync(descriptor)
                # Nobody relies on a folder's files before its manifest: their names are stored then at once.
                if target.name == MANIFEST:
                    _sync_directory(target.parent)
                part.replace(target)
                if target.name == MANIFEST:
                    _sync_directory(target.parent)
            finally:
                part.unlink(missing_ok=True)

    @contextmanager
    def open_read(self, path: str) -> Iterator[BinaryIO]:
        with self._at(path).open("rb") as file:
            yield file

    def exists(self, path: str) -> bool:
        return self._at(path).is_file()

    def size(self, path: str) -> int:
        return self._at(path).stat().st_size

    def list(self, path: str = "") -> Paths:
        return sorted(
            str(one.relative_to(self.root))
            for one in self._at(path).rglob("*")
            if one.is_file() and one.suffix != _PART
        )

    def delete_tree(self, path: str) -> None:
        top = self._at(path)
        if top == self.root:
            raise ValueError("A folder of the store has to be named.")
        with _failure_told(top, "removed"):
            for manifest in sorted(top.rglob(MANIFEST)):
                manifest.unlink(missing_ok=True)
            if top.is_dir():
                shutil.rmtree(top)
                _sync_directory(top.parent)

    def _at(self, path: str) -> Path:
        return self.root.joinpath(*parts_of(path))

    def _make_directory(self, directory: Path) -> None:
        """The directory and those between the root and it, each closed to others."""
        missing = []
        while not directory.is_dir():
            missing.append(directory)
            directory = directory.parent
        for one in reversed(missing):
            one.mkdir(mode=0o700, exist_ok=True)
            _sync_directory(one.parent)


class _Written:
    """A file descriptor that is written to, and closed at the block's end."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._position = self._begun = 0

    def __enter__(self) -> _Written:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def write(self, data: bytes | bytearray | memoryview) -> int:
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]
        self._position += len(data)
        if self._position - self._begun >= _BEGUN_BYTES:
            # Of pages not stored yet, this only begins the storing; it does not wait.
            length = self._position - self._begun
            os.posix_fadvise(self._descriptor, self._begun, length, os.POSIX_FADV_DONTNEED)
            self._begun = self._position
        return len(data)

    def flush(self) -> None:
        """Nothing is kept back here."""


@contextmanager
def _failure_told(path: Path, done: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreFailed(f"{path} cannot be {done}: {error.strerror or error}.") from error


def parts_of(path: str) -> list[str]:
    """The path's parts. Raises ValueError for one that leads out of the store."""
    parts = path.split("/") if path else []
    if any(one in ("", ".", "..") or "\0" in one for one in parts):
        raise ValueError(f"{path!r} is no path within a store.")
    return parts


def _sync_directory(directory: Path) -> None:
    """A new name is on the disk only when its directory is."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def store_at(url: str) -> Store:
    """The store at ``file:///directory`` or ``s3://bucket/prefix?endpoint=…&region=…``.

    Raises UnknownStore for any other address. Nothing is asked of the store yet.
    """
    address = urlsplit(url)
    if address.scheme == "file" and not address.netloc and address.path.strip("/"):
        return DirectoryStore(Path(unquote(address.path)))
    if address.scheme == "s3" and address.netloc:
        # Looked up late: boto3 takes half a second and tens of megabytes.
        store: Store = import_module("tenants.operations.backups.s3").store_at(address)
        return store
    raise UnknownStore(
        f"“{url}” is no address of a store: file:///directory or s3://bucket/prefix?endpoint=…&region=…"
    )


def store_named(name: str = "") -> Store:
    """A store of ``settings.BACKUP_STORES``, by default the one of ``settings.BACKUP_STORE``.

    Raises UnknownStore.
    """
    name = name or default_store()
    stores: dict[str, str] = settings.BACKUP_STORES
    if name not in stores:
        raise UnknownStore(
            f"There is no backup store “{name}”; BACKUP_STORES has {', '.join(sorted(stores)) or 'none'}."
        )
    return store_at(stores[name])


def default_store() -> str:
    """The name of the store that backups go to unless another is asked for."""
    name: str = settings.BACKUP_STORE
    return name


def store_names() -> list[str]:
    """Every configured store, the default one first."""
    return sorted(settings.BACKUP_STORES, key=lambda name: (name != default_store(), name))
