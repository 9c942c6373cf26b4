"""Start a child that cannot outlive us, and end it in an orderly way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

LAUNCHER = Path(__file__).with_name("launch.py")
POLL_SECONDS = 0.1


def start(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    output: IO[bytes] | int | None = None,
) -> subprocess.Popen[bytes]:
    """Start ``command`` in a session of its own, with no standard input and a raised open-file limit.

    The kernel sends it SIGTERM when the thread that called this ends, so call it from a thread that lives as
    long as the child should. The session keeps the terminal's Ctrl-C from reaching it: whoever started it
    decides in which order things stop.
    """
    return subprocess.Popen(
        [
            sys.executable,
            "-I",
            "-S",
            str(LAUNCHER),
            str(os.getpid()),
            str(int(signal.SIGTERM)),
            *(str(part) for part in command),
        ],
        env=dict(environment) if environment is not None else None,
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        start_new_session=True,
    )


def stop(process: subprocess.Popen[bytes], *, seconds: float) -> bool:
    """SIGTERM, then SIGKILL to its whole session after ``seconds``; False when it had to be killed."""
    if process.poll() is not None:
        return True
    process.terminate()
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return False
    return True


def wait(process: subprocess.Popen[bytes], *, unless: threading.Event) -> int | None:
    """The exit status of ``process``, or None as soon as ``unless`` is set."""
    while not unless.is_set():
        status = process.poll()
        if status is not None:
            return status
        unless.wait(POLL_SECONDS)
    return None


def describe(status: int) -> str:
    """An exit status in words: ``exit status 3``, ``killed by SIGKILL``."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"
