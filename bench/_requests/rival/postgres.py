"""A PostgreSQL of the benchmark's own: in a temporary directory, on loopback, ended with the block."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench._requests.servers import HOST, NoServerError, free_port
from tooling import processes

DATABASE = "bench"
# What it may not run as; and as whom it runs when the benchmark does.
ROOT_ID = 0
ACCOUNT = "postgres"
START_SECONDS = 30.0
STOP_SECONDS = 20.0
SHARED_BUFFERS = "512MB"


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server: what a client needs."""

    port: int
    user: str
    password: str
    version: str
    process_id: int

    def environment(self) -> dict[str, str]:
        return {
            "BENCH_PG_NAME": DATABASE,
            "BENCH_PG_PORT": str(self.port),
            "BENCH_PG_USER": self.user,
            "BENCH_PG_PASSWORD": self.password,
        }


@contextmanager
def running() -> Iterator[Postgres]:
    """A fresh cluster with one empty database. Raises NoServerError."""
    programs = _programs()
    as_account = _as_account()
    # Not below a private directory of root's: the account must reach it.
    directory = Path(tempfile.mkdtemp(prefix="bench-pg-"))
    try:
        if as_account:
            shutil.chown(directory, ACCOUNT)
        password = secrets.token_urlsafe(16)
        _make_cluster(programs, as_account, directory, password)
        port = free_port()
        with (directory / "log").open("wb") as log:
            server = processes.start(
                [*as_account, programs / "postgres", *_options(directory, port)],
                directory=directory,
                output=log.fileno(),
            )
            try:
                version = _prepare(server, port, password, directory / "log")
                yield Postgres(port, ACCOUNT, password, version, server.pid)
            finally:
                _stop(server)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _programs() -> Path:
    """Where ``initdb`` and ``postgres`` are: beside the one on PATH, else Debian's newest."""
    found = shutil.which("postgres")
    candidates = [Path(found).resolve().parent] if found else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_major, reverse=True)
    for candidate in candidates:
        if (candidate / "initdb").is_file() and (candidate / "postgres").is_file():
            return candidate
    raise NoServerError("no initdb and postgres on PATH or under /usr/lib/postgresql")


def _major(path: Path) -> int:
    name = path.parent.name
    return int(name) if name.isdigit() else 0


def _as_account() -> list[str]:
    """What precedes a command that PostgreSQL would refuse to run as root; nothing for anybody else."""
    if os.geteuid() != ROOT_ID:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise NoServerError("it does not run as root, and there is no setpriv to change the account")
    try:
        account = pwd.getpwnam(ACCOUNT)
    except KeyError:
        raise NoServerError(f"it does not run as root, and there is no account {ACCOUNT!r}") from None
    # Changing the account forgets that the server should end with its parent: said again here.
    return [
        *(setpriv, f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--init-groups"),
        *("--pdeathsig", "INT", "--"),
    ]


def _make_cluster(programs: Path, as_account: list[str], directory: Path, password: str) -> None:
    password_file = directory / "password"
    password_file.write_text(password, encoding="ascii")
    if as_account:
        shutil.chown(password_file, ACCOUNT)
    done = subprocess.run(
        [
            *(*as_account, str(programs / "initdb"), "--pgdata", str(directory / "data")),
            *("--username", ACCOUNT, "--pwfile", str(password_file), "--auth", "scram-sha-256"),
            *("--encoding", "UTF8", "--locale", "C.UTF-8"),
        ],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise NoServerError(f"initdb failed: {done.stdout.strip()[-400:]}")


def _options(directory: Path, port: int) -> list[str]:
    """As it comes (fsync and all), but for where it listens and how much it may cache."""
    return [
        *("-D", str(directory / "data"), "-h", HOST, "-p", str(port), "-k", ""),
        *("-c", f"shared_buffers={SHARED_BUFFERS}"),
    ]


def _prepare(server: subprocess.Popen[bytes], port: int, password: str, log: Path) -> str:
    """Wait until it answers, make the database; the server's version."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with psycopg.connect(
                host=HOST, port=port, user=ACCOUNT, password=password, dbname="postgres", autocommit=True
            ) as connection:
                connection.execute(f"CREATE DATABASE {DATABASE}")
                number = connection.info.server_version
                return f"{number // 10_000}.{number % 10_000}"
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                raise NoServerError(f"it does not start: {log.read_text(errors='replace')[-400:]}") from error
            time.sleep(0.1)


def _stop(server: subprocess.Popen[bytes]) -> None:
    """End it at once but in order: SIGTERM would wait for the last client."""
    if server.poll() is None:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            processes.stop(server, seconds=STOP_SECONDS)
