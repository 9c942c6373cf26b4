"""gunicorn's settings, read by it from the directory that it starts in; the environment has the last word."""

import fcntl
import os
import re
import shutil
import struct
import tempfile
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped]
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import mark_process_dead

MEMORY = "/dev/shm"  # noqa: S108 - gunicorn makes its files there under random names

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))

# A MongoDB client does not survive a fork: every worker imports the application, and connects, for itself.
preload_app = False

timeout = 60
graceful_timeout = 20
keepalive = 5
# Setting documents leaves memory behind that the allocator does not give back.
max_requests = 5000
max_requests_jitter = 500
# The heartbeat file must not wait for a disk.
worker_tmp_dir = MEMORY if os.path.isdir(MEMORY) else None

accesslog = os.environ.get("ACCESS_LOG", "-")
access_log_format = '%(t)s "%(m)s %(U)s" %(s)s %(b)s %(M)sms'
# A link of a mail lets whoever has it choose a password: its token stands in its path, and in no log.
_TOKEN = re.compile(r"^(/(?:invitation|password/reset)/[^/]*/)[^/]+")


class AccessLogger(Logger):
    """gunicorn's, without the tokens of links."""

    def atoms(self, resp: Any, req: Any, environ: Any, request_time: Any) -> dict[str, Any]:
        told: dict[str, Any] = super().atoms(resp, req, environ, request_time)
        return {**told, "U": _TOKEN.sub(r"\1…", told["U"] or "")}


logger_class = AccessLogger
loglevel = os.environ.get("GUNICORN_LOG_LEVEL", "info")
# The arbiter is steered by signals alone; no socket for commands.
control_socket_disable = True

# Metrics -----------------------------------------------------------------------------------------------

# Each worker keeps its own in files of a directory that this run of the server has for itself (the library
# reads this variable); whichever worker is asked adds them up.
METRICS_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"


def when_ready(server: Any) -> None:
    """Before the first worker: a new and private directory."""
    os.environ[METRICS_DIRECTORY] = tempfile.mkdtemp(prefix="valuation-metrics-", dir=worker_tmp_dir)


def pre_fork(server: Any, worker: Any) -> None:
    """A worker cannot start without the directory, which somebody may have tidied up."""
    Path(os.environ[METRICS_DIRECTORY]).mkdir(mode=0o700, exist_ok=True)


def child_exit(server: Any, worker: Any) -> None:
    """What the worker held (connections) is gone; what it did (commands) still counts.

    An exception here would end the server.
    """
    directory = Path(os.environ[METRICS_DIRECTORY])
    try:
        mark_process_dead(worker.pid, directory)  # type: ignore[no-untyped-call]
        put_ended_workers_together(directory, living=set(server.WORKERS))
    except OSError as error:
        server.log.warning("The metrics of a worker that ended are lost: %s", error)


def on_exit(server: Any) -> None:
    """The directory goes with the server."""
    if METRICS_DIRECTORY in os.environ:
        shutil.rmtree(os.environ[METRICS_DIRECTORY], ignore_errors=True)


def put_ended_workers_together(directory: Path, *, living: set[int]) -> None:
    """Add the counts of all processes but the ``living`` into one file, and remove theirs.

    A server that replaces its workers for weeks would else add up ever more files, and keep them in memory.
    Raises OSError.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # Not while they are added up; but a worker is never waited for: the next one's end does for both.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for kind in ("counter", "histogram"):
            ended = [
                path
                for path in directory.glob(f"{kind}_[0-9]*.db")
                if int(path.stem.removeprefix(f"{kind}_")) not in living
            ]
            if ended:
                add_into(directory / f"{kind}_ended.db", ended)
    except BlockingIOError:
        pass
    finally:
        os.close(descriptor)


def add_into(sums: Path, files: list[Path]) -> None:
    """Add the values of ``files``, and remove them."""
    together = MmapedDict(str(sums))  # type: ignore[no-untyped-call]
    try:
        for path in files:
            for key, value in values_of(path):
                before, _ = together.read_value(key)  # type: ignore[no-untyped-call]
                together.write_value(key, before + value, 0.0)  # type: ignore[no-untyped-call]
            path.unlink()
    finally:
        together.close()  # type: ignore[no-untyped-call]


def values_of(path: Path) -> list[tuple[str, float]]:
    """What a process counted; nothing when it was killed while it made the file."""
    try:
        found = list(MmapedDict.read_all_values_from_file(path))  # type: ignore[no-untyped-call]
    except (RuntimeError, struct.error):
        return []
    return [(key, value) for key, value, _timestamp, _position in found]
