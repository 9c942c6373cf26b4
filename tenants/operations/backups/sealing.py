"""Files sealed with age: whoever has a public key may write, only the holder of a secret key can read.

The format is age's own (age-encryption.org/v1), so that ``age -d -i KEYS FILE`` reads them without this
program. Streamed: neither side holds more than some buffers of a file.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyrage
from django.conf import settings
from pyrage.x25519 import Identity, Recipient

from tenants.errors import TenancyError

METHOD = "age"
SUFFIX = ".age"
_BUFFER = 1 << 18


class SealingFailed(TenancyError):
    """A key is missing or wrong, or a sealed file is damaged."""


def recipients() -> list[Recipient]:
    """Who may read backups: the keys of ``settings.BACKUP_RECIPIENTS``; none: they are not sealed.

    Raises SealingFailed for what is no key.
    """
    try:
        return [Recipient.from_str(one) for one in settings.BACKUP_RECIPIENTS]
    except pyrage.RecipientError as error:
        raise SealingFailed(
            f"BACKUP_RECIPIENTS has something that is no public key of age (age1…): {error}"
        ) from error


def identities(path: str | Path | None = None) -> list[Identity]:
    """The secret keys of a file, by default ``settings.BACKUP_IDENTITIES_FILE``.

    Raises SealingFailed when there is none, or what it says is no key.
    """
    path = path or settings.BACKUP_IDENTITIES_FILE
    if not path:
        raise SealingFailed(
            "The backup is sealed: BACKUP_IDENTITIES_FILE has to name the file with its secret keys."
        )
    try:
        lines = [line.strip() for line in Path(path).read_text(encoding="utf-8").splitlines()]
        found = [Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except (OSError, UnicodeDecodeError) as error:
        raise SealingFailed(f"BACKUP_IDENTITIES_FILE cannot be read: {error}") from error
    except pyrage.IdentityError as error:
        raise SealingFailed("BACKUP_IDENTITIES_FILE has a line that is no secret key of age.") from error
    if not found:
        raise SealingFailed("BACKUP_IDENTITIES_FILE has no key in it.")
    return found


@contextmanager
def sealing(sink: BinaryIO, keys: Sequence[Recipient]) -> Iterator[BinaryIO]:
    """What is written to the given file goes sealed into ``sink``, which stays open."""
    read_end, write_end = os.pipe()

    def seal() -> None:
        with open(read_end, "rb", buffering=_BUFFER) as source:
            _run(lambda: pyrage.encrypt_io(source, sink, list(keys)))

    with ThreadPoolExecutor(1, thread_name_prefix="sealing") as thread:
        sealed = thread.submit(seal)
        try:
            with _PipeEnd(write_end) as plain:
                yield cast(BinaryIO, plain)
        except BrokenPipeError:
            # The other side has failed, and says why.
            sealed.result()
            raise
        sealed.result()


@contextmanager
def unsealed(source: BinaryIO, keys: Sequence[Identity]) -> Iterator[BinaryIO]:
    """What is in the sealed ``source``, as a stream. It may be left before its end.

    Reading to the end raises SealingFailed when the file is damaged, cut off or sealed for somebody else;
    what was read until then is genuine.
    """
    read_end, write_end = os.pipe()

    def unseal() -> None:
        with open(write_end, "wb", buffering=_BUFFER) as sink:
            _run(lambda: pyrage.decrypt_io(source, sink, list(keys)))

    with ThreadPoolExecutor(1, thread_name_prefix="unsealing") as thread:
        done = thread.submit(unseal)
        with io.BufferedReader(_Unsealed(read_end, done.result), _BUFFER) as plain:
            yield cast(BinaryIO, plain)


class _PipeEnd:
    """The end of a pipe that is written to."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __enter__(self) -> _PipeEnd:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def write(self, data: bytes | bytearray | memoryview) -> int:
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]
        return len(data)

    def flush(self) -> None:
        """Nothing to do: a pipe keeps nothing back."""


class _Unsealed(io.RawIOBase):
    """The end of a pipe that is read from; its end counts only when ``confirm`` raises nothing."""

    def __init__(self, descriptor: int, confirm: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._confirm = confirm

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        number = os.readv(self._descriptor, [buffer])
        if number == 0:
            self._confirm()
        return number

    def close(self) -> None:
        if not self.closed:
            os.close(self._descriptor)
        super().close()


def _run(work: Callable[[], None]) -> None:
    try:
        work()
    except (pyrage.EncryptError, pyrage.DecryptError, OSError) as error:
        raise SealingFailed(f"age: {error}") from error
