"""Secrets made on this machine for this machine: generated once, readable by their owner alone."""

from __future__ import annotations

import base64
import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path


def read_or_create(path: Path, make: Callable[[], str]) -> str:
    """The text of ``path``; made by ``make``, with mode 0600, when the file is missing or empty.

    The file appears whole or not at all, so a crash while writing leaves nothing half-made behind.
    """
    try:
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        text = ""
    if text:
        path.chmod(0o600)
        return text
    text = make()
    make_private_directory(path.parent)
    # mkstemp creates with mode 0600.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return text


def make_private_directory(path: Path) -> None:
    """Make ``path`` and what is missing above it; ``path`` itself is for its owner alone."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)


def token() -> str:
    """256 random bits that need no escaping in a URI."""
    return secrets.token_urlsafe(32)


def key_file() -> str:
    """A replica set's key: MongoDB takes 6 to 1,024 base64 characters."""
    return base64.b64encode(secrets.token_bytes(567)).decode("ascii")
