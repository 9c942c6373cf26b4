"""A MongoDB of our own: a single-member replica set on loopback, with authentication, in one directory.

``running(directory)`` is all that most callers need: a context manager that gives a connection URI. What it
keeps in ``directory`` is ``data/``, ``key``, ``password``, ``port`` and ``mongod.log``, so a second start
finds the same data; delete the directory to forget it.
"""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tooling import data_lock, mongod_binary, processes, replica_set
from tooling.mongod_log import LogFile
from tooling.private_files import key_file, make_private_directory, read_or_create, token

HOST = "127.0.0.1"
USER = "valuation"
START_SECONDS = 60.0
STOP_SECONDS = 30.0
PREDECESSOR_SECONDS = 20.0
PORT_TAKEN = 48  # mongod's exit status when it cannot listen.
PORT_ATTEMPTS = 3


class MongodError(Exception):
    """The embedded MongoDB cannot be had; the message says why."""


class GivenUpError(MongodError):
    """The start was given up because the caller was asked to stop."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to run it.

    port      preferred port; None lets the kernel choose. The port used last is tried before either.
    log       where the log goes; None is ``mongod.log`` in the directory.
    cache_gb  WiredTiger's cache in GB, at least 0.25.
    open_files  how many files it may open at most; None is as many as this user may.
    idle      after how many seconds without use a file may be closed, how often that is looked at, and how
              many stay open all the same.
    """

    port: int | None = None
    log: Path | None = None
    cache_gb: float = 0.5
    open_files: int | None = None
    idle: tuple[int, int, int] = (30, 10, 1000)


@dataclass(frozen=True, slots=True)
class Mongod:
    """A started server: its process, what it is a member of, its log."""

    process: subprocess.Popen[bytes]
    member: replica_set.Member
    log: LogFile

    @property
    def uri(self) -> str:
        """How a client connects, the password included."""
        return self.member.uri

    @property
    def port(self) -> int:
        return self.member.port

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> bool:
        """Shut it down and wait for its files to be closed; False when it had to be killed."""
        return processes.stop(self.process, seconds=STOP_SECONDS)


@contextmanager
def running(directory: Path, options: Options | None = None) -> Iterator[str]:
    """The URI of a MongoDB whose files are in ``directory``, for as long as the block lasts.

    Enter it from a thread that outlives the block: the server ends with that thread. Raises MongodError.
    """
    server = start(directory, options)
    try:
        yield server.uri
    finally:
        server.stop()


def start(
    directory: Path, options: Options | None = None, *, unless: threading.Event | None = None
) -> Mongod:
    """Start the server and wait until it accepts writes; the caller stops it.

    Setting ``unless`` gives the start up (GivenUpError) and leaves no process behind. Raises MongodError.
    """
    options = options or Options()
    directory = directory.absolute()
    make_private_directory(directory / "data")
    try:
        program = mongod_binary.find(directory.parent / "bin")
    except mongod_binary.NoMongodError as error:
        raise MongodError(str(error)) from error
    _wait_for_predecessor(directory / "data")
    for attempt in range(1, PORT_ATTEMPTS + 1):
        server = _start_on(choose_port(directory, options.port), program, directory, options)
        try:
            replica_set.prepare(
                server.member,
                alive=server.is_alive,
                stopping=unless or threading.Event(),
                seconds=START_SECONDS,
            )
        except replica_set.ServerEndedError:
            status = server.process.wait()
            # Somebody may take the port between our look and the server's.
            if status != PORT_TAKEN or attempt == PORT_ATTEMPTS:
                raise MongodError(
                    f"mongod ended ({processes.describe(status)}). {server.log.explain()}"
                ) from None
        except replica_set.GivenUpError as error:
            server.stop()
            raise GivenUpError(str(error)) from None
        except replica_set.ReplicaSetError as error:
            server.stop()
            raise MongodError(f"{error} {server.log.explain()}") from error
        except BaseException:
            server.stop()
            raise
        else:
            (directory / "port").write_text(str(server.port), encoding="ascii")
            return server
    raise AssertionError("unreachable: the last attempt returns or raises")


def choose_port(directory: Path, preferred: int | None) -> int:
    """The first free one of: the port used last, the preferred one, whichever the kernel gives."""
    candidates = [preferred or 0]
    try:
        candidates.insert(0, int((directory / "port").read_text(encoding="ascii")))
    except (OSError, ValueError):
        pass  # The first start, or a file that somebody emptied.
    for candidate in candidates:
        try:
            return _bind(candidate)
        except OSError:
            continue
    return _bind(0)


def _wait_for_predecessor(data: Path) -> None:
    """Wait for a server that is still closing these files; MongodError when it goes on running."""
    process_id = data_lock.wait_until_free(data, seconds=PREDECESSOR_SECONDS)
    if process_id is not None:
        who = f"process {process_id}" if process_id else "another process"
        raise MongodError(f"{data} is in use by {who}, a mongod that runs already. Stop that one first.")


def _bind(port: int) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((HOST, port))
        return int(probe.getsockname()[1])


def _start_on(port: int, program: Path, directory: Path, options: Options) -> Mongod:
    read_or_create(directory / "key", key_file)
    password = read_or_create(directory / "password", token)
    log = LogFile(options.log or directory / "mongod.log")
    log.prepare()
    command = _command(program, port, directory, log, options)
    return Mongod(
        process=processes.start(command, output=subprocess.DEVNULL),
        member=replica_set.Member(HOST, port, USER, password),
        log=log,
    )


def _command(program: Path, port: int, directory: Path, log: LogFile, options: Options) -> list[str]:
    idle, scan, kept = options.idle
    return [
        *_limited(options.open_files),
        str(program),
        *("--dbpath", str(directory / "data")),
        *("--logpath", str(log.path.absolute()), "--logappend", "--quiet"),
        *("--bind_ip", HOST, "--port", str(port), "--nounixsocket"),
        *("--replSet", replica_set.NAME, "--oplogSize", "256"),
        # A key file also turns authentication on.
        *("--keyFile", str(directory / "key")),
        *("--wiredTigerCacheSizeGB", str(options.cache_gb)),
        # Every collection and index of every organization is a file: close the idle ones, or a server with
        # many organizations runs into its open-file limit and aborts.
        *(
            "--wiredTigerEngineConfigString",
            f"file_manager=(close_idle_time={idle},close_scan_interval={scan},close_handle_minimum={kept})",
        ),
        # The only member has nobody to hand over to, so it need not wait before it shuts down.
        *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=0"),
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        # A process that dies within a transaction leaves its documents locked until the server ends it. Those
        # of the application take milliseconds; the server's own default is a minute.
        *("--setParameter", "transactionLifetimeLimitSeconds=10"),
        # Nothing here runs JavaScript in the server.
        "--noscripting",
    ]


def _limited(open_files: int | None) -> list[str]:
    """What precedes a program that may open no more files than that; it becomes the program."""
    if open_files is None:
        return []
    return ["/bin/sh", "-c", 'ulimit -n "$0" && exec "$@"', str(open_files)]
