"""`make clean-data`: forget the development data, after ending a MongoDB that was left running on it.

Standard library only: it works in a checkout that has no virtual environment any more.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import sys
from pathlib import Path

from tooling import data_lock
from tooling.paths import VAR

STOP_SECONDS = 30.0


class CleanError(Exception):
    """The data cannot be deleted now; the message says why."""


def main() -> int:
    try:
        clean(VAR)
    except CleanError as error:
        print(f"make clean-data: {error}", file=sys.stderr)
        return 1
    print("The development data is gone; `make run` begins anew.")
    return 0


def clean(directory: Path) -> None:
    """Delete ``directory``; what still serves from it is refused, what was left over by it is ended first."""
    if not directory.is_dir():
        return
    with (directory / "run.lock").open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise CleanError(
                f"`make run` is using the data (process {file.read().strip() or 'unknown'}). Stop it first."
            ) from None
        stop_leftover(directory / "mongo" / "data")
        shutil.rmtree(directory)


def stop_leftover(data: Path) -> None:
    """End the mongod that has ``data`` open, if one has, and wait until it has closed its files."""
    process_id = data_lock.holder(data)
    if process_id is None:
        return
    if process_id == 0:
        raise CleanError(f"an unknown process has {data} open.")
    print(f"Stopping the MongoDB that was left running (process {process_id}) …", flush=True)
    try:
        os.kill(process_id, signal.SIGTERM)
    except ProcessLookupError:
        pass  # It ended while we looked.
    except PermissionError:
        raise CleanError(f"the MongoDB with process id {process_id} belongs to somebody else.") from None
    if data_lock.wait_until_free(data, seconds=STOP_SECONDS) is not None:
        raise CleanError(f"the MongoDB with process id {process_id} does not end.")


if __name__ == "__main__":
    sys.exit(main())
