"""The servers of the benchmark: gunicorn as in production, each side on a port of its own."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tooling import processes
from tooling.paths import ROOT

HOST = "127.0.0.1"
START_SECONDS = 60.0
STOP_SECONDS = 20.0


class ServerError(Exception):
    """A server did not start, or a command failed; the message says which and where its log is."""


class NoServerError(Exception):
    """A server that the benchmark can do without cannot be had here; the message says what is missing."""


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def environment(directory: Path, **more: str) -> dict[str, str]:
    """What every side's processes get: production settings but for https, made-up secrets, no access log."""
    kept = {
        name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH") if name in os.environ
    }
    return {
        **kept,
        "DJANGO_SECRET_KEY": "for-benchmarks-only-and-long-enough-to-be-a-key",
        "DJANGO_HTTPS": "0",
        "DJANGO_DEBUG": "0",
        "DJANGO_STATIC_ROOT": str(directory / "static"),
        "DJANGO_ALLOWED_HOSTS": "127.0.0.1,localhost,.localhost,testserver",
        "LOG_LEVEL": "WARNING",
        "GUNICORN_LOG_LEVEL": "warning",
        "ACCESS_LOG": os.devnull,
        "WEB_CONCURRENCY": "2",
        "WEB_THREADS": "4",
        **more,
    }


def python(arguments: list[str], surroundings: Mapping[str, str], log: Path) -> None:
    """Run one of this project's modules to its end. Raises ServerError."""
    with log.open("ab") as output:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=dict(surroundings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
        )
    if done.returncode != 0:
        raise ServerError(f"{' '.join(arguments[:2])} failed:\n{_end_of(log)}")


@dataclass(frozen=True, slots=True)
class Web:
    """A gunicorn that answers."""

    port: int
    process_id: int


@contextmanager
def serving(surroundings: Mapping[str, str], log: Path) -> Iterator[Web]:
    """gunicorn with the application's own configuration, ended with the block. Raises ServerError.

    Workers are not recycled here: none of the rounds should meet a worker that is starting.
    """
    port = free_port()
    command: list[str | Path] = [sys.executable, "-m", "gunicorn", "-c", ROOT / "gunicorn.conf.py"]
    with log.open("ab") as output:
        web = processes.start(
            [*command, "--max-requests", "0", "--keep-alive", "30", "valuation.wsgi:application"],
            environment={**surroundings, "PORT": str(port)},
            directory=ROOT,
            output=output.fileno(),
        )
        try:
            _wait_until_it_answers(web, port, log)
            yield Web(port, web.pid)
        finally:
            processes.stop(web, seconds=STOP_SECONDS)


def _wait_until_it_answers(web: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and web.poll() is None:
        connection = http.client.HTTPConnection(HOST, port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
        finally:
            connection.close()
    raise ServerError(f"gunicorn does not answer:\n{_end_of(log)}")


def cpu_seconds(process_id: int | None) -> float:
    """What a process and its living children have used of the processors so far; 0 for no process. Linux."""
    if process_id is None:
        return 0.0
    parents: dict[int, list[int]] = {}
    used: dict[int, int] = {}
    for directory in Path("/proc").iterdir():
        if not directory.name.isdigit():
            continue
        try:
            # The name in brackets may hold blanks; what follows it does not.
            fields = (directory / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue  # It has ended meanwhile.
        parents.setdefault(int(fields[1]), []).append(int(directory.name))
        used[int(directory.name)] = int(fields[11]) + int(fields[12])
    family, ticks = [process_id], 0
    while family:
        one = family.pop()
        ticks += used.get(one, 0)
        family += parents.get(one, [])
    return ticks / os.sysconf("SC_CLK_TCK")


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])
