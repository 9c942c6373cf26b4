"""`make run`: the embedded MongoDB, the migrations and the demo data, then the application, until Ctrl-C.

Start order: port looked at, MongoDB, `manage.py setup --demo`, static files, gunicorn, the worker of
background tasks. Stop order: the reverse. Whatever ends first, or fails, ends the rest; nothing outlives this
process, not even when it is killed.
"""

from __future__ import annotations

import argparse
import errno
import fcntl
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from tooling import environment, mongod, processes, static_files
from tooling.launch import die_with_parent
from tooling.paths import ROOT, VAR
from tooling.private_files import make_private_directory

HOST = "127.0.0.1"
PREFERRED_MONGODB_PORT = 27170
READY_SECONDS = 60.0
STOP_SECONDS = 25.0
WORKER_STOP_SECONDS = 10.0
MANAGE = (sys.executable, str(ROOT / "manage.py"))


class ServeError(Exception):
    """It cannot be served; the message says why and, where something helps, what."""


class StoppedError(Exception):
    """Ctrl-C or SIGTERM came; not a failure."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until asked to stop. Exit status 0 after Ctrl-C or SIGTERM, 1 when something failed."""
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument(
        "--with-parent", action="store_true", help="end when the process that started this one ends"
    )
    options = parser.parse_args(arguments)
    stopping = threading.Event()
    _listen_for_signals(stopping)
    if options.with_parent and not die_with_parent(os.getppid(), signal.SIGTERM):
        return 1
    try:
        with ExitStack() as stack:
            _serve(stack, stopping)
    except StoppedError:
        print("Stopped.", flush=True)
        return 0
    except (ServeError, mongod.MongodError) as error:
        if stopping.is_set():
            print("Stopped.", flush=True)
            return 0
        print(f"make run: {error}", file=sys.stderr, flush=True)
        return 1
    return 0


def _serve(stack: ExitStack, stopping: threading.Event) -> None:
    """Start everything, then wait until something ends; ``stack`` ends it in the reverse order."""
    given = environment.with_dotenv(os.environ)
    port = parse_port(given.get("PORT", ""))
    stack.enter_context(_only_one())
    check_port(port)
    uri = given.get("MONGODB_URI", "")
    server: mongod.Mongod | None = None
    if uri:
        print("Using the MongoDB that MONGODB_URI names; none is embedded.", flush=True)
    else:
        server = stack.enter_context(_embedded(stopping))
        uri = server.uri
    surroundings = environment.for_serving(given, mongodb_uri=uri, port=port)
    _manage(["setup", "--demo"], surroundings, stopping)
    static_files.collect(lambda: _manage(["collectstatic", "--noinput", "-v", "0"], surroundings, stopping))
    surroundings.setdefault("ACCESS_LOG", str(VAR / "log" / "access.log"))
    surroundings.setdefault("GUNICORN_LOG_LEVEL", "warning")
    web = processes.start(
        [sys.executable, "-m", "gunicorn", "-c", ROOT / "gunicorn.conf.py", "valuation.wsgi:application"],
        environment=surroundings,
        directory=ROOT,
    )
    stack.callback(processes.stop, web, seconds=STOP_SECONDS)
    _wait_until_it_answers(web, port, stopping)
    worker = processes.start([*MANAGE, "runworker"], environment=surroundings, directory=ROOT)
    # What it has to break off, the next one goes on with.
    stack.callback(processes.stop, worker, seconds=WORKER_STOP_SECONDS)
    _announce(port)
    while not stopping.wait(processes.POLL_SECONDS):
        if web.poll() is not None:
            raise ServeError(f"the web server ended by itself ({processes.describe(web.returncode)}).")
        if worker.poll() is not None:
            ended = processes.describe(worker.returncode)
            raise ServeError(f"the worker of background tasks ended by itself ({ended}).")
        if server is not None and not server.is_alive():
            ended = processes.describe(server.process.returncode)
            raise ServeError(f"MongoDB ended by itself ({ended}). {server.log.explain()}")
    print("\nStopping …", flush=True)
    raise StoppedError


def _listen_for_signals(stopping: threading.Event) -> None:
    """SIGINT, SIGTERM and SIGHUP only set ``stopping``: no exception flies through a half-done start."""

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ask_to_stop)


def parse_port(text: str) -> int:
    """A TCP port from what PORT says; empty means 8000. Raises ServeError."""
    text = text.strip() or "8000"
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise ServeError(f"PORT is {text!r}; it must be a number from 1 to 65535.")
    return int(text)


def check_port(port: int) -> None:
    """Raise ServeError when nothing could listen on ``port``, before anything is started for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise ServeError(
                    f"port {port} is taken by another program. Choose another: make run PORT={_another(port)}"
                ) from error
            raise ServeError(f"port {port} cannot be used: {error.strerror}.") from error


def _another(port: int) -> int:
    return port + 1 if port < 65535 else 8000


@contextmanager
def _only_one() -> Iterator[None]:
    """Hold the lock of ``var/``, whose data only one `make run` may serve at a time."""
    make_private_directory(VAR)
    with (VAR / "run.lock").open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise ServeError(f"it runs here already (process {file.read().strip() or 'unknown'}).") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


@contextmanager
def _embedded(stopping: threading.Event) -> Iterator[mongod.Mongod]:
    print("Starting MongoDB …", flush=True)
    options = mongod.Options(port=PREFERRED_MONGODB_PORT, log=VAR / "log" / "mongod.log")
    server = mongod.start(VAR / "mongo", options, unless=stopping)
    try:
        yield server
    finally:
        if not server.stop():
            print("MongoDB did not end in time and was killed; it recovers at the next start.", flush=True)


def _manage(arguments: list[str], surroundings: dict[str, str], stopping: threading.Event) -> None:
    """Run one command of manage.py to its end. Raises ServeError, or StoppedError when asked to stop."""
    process = processes.start([*MANAGE, *arguments], environment=surroundings, directory=ROOT)
    try:
        status = processes.wait(process, unless=stopping)
    finally:
        processes.stop(process, seconds=STOP_SECONDS)
    if status is None:
        raise StoppedError
    if status != 0:
        command = " ".join(["manage.py", *arguments])
        raise ServeError(f"{command} failed ({processes.describe(status)}); its message is above.")


def _wait_until_it_answers(web: subprocess.Popen[bytes], port: int, stopping: threading.Event) -> None:
    """Wait for /healthz to answer 200. Raises ServeError, or StoppedError."""
    deadline = time.monotonic() + READY_SECONDS
    answer = "nothing"
    while time.monotonic() < deadline:
        if stopping.wait(processes.POLL_SECONDS):
            raise StoppedError
        if web.poll() is not None:
            raise ServeError(f"the web server could not start ({processes.describe(web.returncode)}).")
        connection = http.client.HTTPConnection(HOST, port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException):
            continue
        finally:
            connection.close()
        if status == 200:
            return
        answer = f"status {status}"
    raise ServeError(
        f"the web server gave no healthy answer at /healthz in {READY_SECONDS:.0f} s, but {answer}."
    )


def _announce(port: int) -> None:
    site = f"http://{HOST}:{port}"
    print(
        f"\nServing until Ctrl-C:\n"
        f"  application    {site}/\n"
        f"  staff (admin)  {site}/admin/\n"
        f"  API            {site}/api/docs/\n"
        f"  mail           {site}/outbox/ (kept in {_shown(VAR / 'outbox')}/ unless EMAIL_URL is set)\n"
        f"Logs and data are in {_shown(VAR)}/.",
        flush=True,
    )


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


if __name__ == "__main__":
    sys.exit(main())
