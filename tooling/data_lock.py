"""Who has a directory of MongoDB's data open. Standard library only."""

from __future__ import annotations

import fcntl
import time
from pathlib import Path

POLL_SECONDS = 0.1


def holder(data: Path) -> int | None:
    """The process id of the mongod that has ``data`` open; None when nothing has, 0 when unknown which.

    A server locks the file ``mongod.lock`` and writes its process id into it. The lock ends with the process,
    so what a crash leaves in the file means nothing.
    """
    try:
        with (data / "mongod.lock").open("r+b") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                text = file.read().strip()
                return int(text) if text.isdigit() else 0
    except FileNotFoundError:
        pass
    return None


def wait_until_free(data: Path, *, seconds: float) -> int | None:
    """Wait for ``data`` to be closed; the process id that still has it open after ``seconds``, else None."""
    deadline = time.monotonic() + seconds
    while (process_id := holder(data)) is not None:
        if time.monotonic() > deadline:
            return process_id
        time.sleep(POLL_SECONDS)
    return None
