"""A replica set of three members on this machine, of which one can be killed and started again.

Every member is a mongod as ``tooling.mongod`` starts it, with one key file and one user for all. The set
elects after ``ELECTION_MILLISECONDS`` without a primary (MongoDB's own default is 10,000; a test would only
wait longer) and beats its heart accordingly.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pymongo import MongoClient
from pymongo.errors import AutoReconnect, ConnectionFailure, OperationFailure

from tooling import mongod, mongod_binary, processes, replica_set
from tooling.private_files import key_file, make_private_directory, read_or_create, token

ELECTION_MILLISECONDS = 3000
HEARTBEAT_MILLISECONDS = 500
READY_SECONDS = 30.0
_POLL_SECONDS = 0.05
_STANDING = frozenset({"isWritablePrimary", "secondary"})

Client = MongoClient[dict[str, Any]]


def wait_until(true: Callable[[], bool], *, seconds: float, what: str) -> float:
    """Ask again and again; how many seconds it took. AssertionError, naming ``what``, after ``seconds``."""
    began = time.monotonic()
    pause = threading.Event()
    while not true():
        passed = time.monotonic() - began
        assert passed < seconds, f"After {passed:.1f} s still waiting for {what}."
        pause.wait(_POLL_SECONDS)
    return time.monotonic() - began


@dataclass
class Member:
    """One server of the set; ``process`` is the one that runs or ran last."""

    port: int
    directory: Path
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        return f"{mongod.HOST}:{self.port}"


class ThreeMembers:
    """The running set. Start and restart members from a thread that outlives the block."""

    def __init__(self, directory: Path) -> None:
        self._program = mongod_binary.find(directory / "bin")
        self._key = directory / "key"
        read_or_create(self._key, key_file)
        self._password = token()
        self.members: list[Member] = []
        for number in range(3):
            folder = directory / f"member{number}"
            make_private_directory(folder / "data")
            port = mongod.choose_port(folder, None)
            self.members.append(Member(port, folder, self._start(port, folder)))

    @property
    def uri(self) -> str:
        """How a client connects, all three named, the password included."""
        hosts = ",".join(member.address for member in self.members)
        who = f"{mongod.USER}:{quote(self._password, safe='')}"
        return f"mongodb://{who}@{hosts}/?replicaSet={replica_set.NAME}&authSource=admin"

    def initiate(self) -> None:
        """Make the three one set with a primary and the user."""
        for member in self.members:
            self._wait_until_it_listens(member)
        configuration = {
            "_id": replica_set.NAME,
            "members": [{"_id": n, "host": one.address} for n, one in enumerate(self.members)],
            "settings": {
                "electionTimeoutMillis": ELECTION_MILLISECONDS,
                "heartbeatIntervalMillis": HEARTBEAT_MILLISECONDS,
            },
        }
        with self._direct(self.members[0], signed_in=False) as client:
            client.admin.command({"replSetInitiate": configuration})
        primary = self.wait_for_primary()
        with self._direct(primary, signed_in=False) as client:
            # Loopback may create the first user, and only that.
            client.admin.command("createUser", mongod.USER, pwd=self._password, roles=["root"])
        self.wait_until_all_stand()

    def primary(self) -> Member | None:
        """The member that takes writes, as it says itself; None during an election."""
        for member in self.members:
            if self._hello(member).get("isWritablePrimary"):
                return member
        return None

    def wait_for_primary(self) -> Member:
        found: list[Member] = []

        def look() -> bool:
            found.extend(one for one in [self.primary()] if one is not None)
            return bool(found)

        wait_until(look, seconds=READY_SECONDS, what="a primary")
        return found[0]

    def wait_until_all_stand(self) -> None:
        """Until every member that runs is primary or secondary, caught up enough to be elected."""
        for member in self.members:
            if member.process.poll() is not None:
                continue
            wait_until(
                lambda member=member: any(self._hello(member).get(state) for state in _STANDING),  # type: ignore[misc]
                seconds=READY_SECONDS,
                what=f"the member {member.address} to take part",
            )

    def kill(self, member: Member) -> None:
        """SIGKILL: no handing over, nothing flushed."""
        member.process.kill()
        member.process.wait()

    @contextmanager
    def behind(self, primary: Member) -> Iterator[None]:
        """The others fetch nothing from the primary inside the block: what it alone has dies with it."""
        others = [one for one in self.members if one is not primary and one.process.poll() is None]
        self._fail_point(others, "stopReplProducer", "alwaysOn")
        try:
            yield
        finally:
            self._fail_point(others, "stopReplProducer", "off")

    def _fail_point(self, members: list[Member], name: str, mode: str) -> None:
        for member in members:
            with self._direct(member, signed_in=True) as client:
                client.admin.command("configureFailPoint", name, mode=mode)

    def step_down(self, member: Member) -> None:
        """Have the primary hand over in an orderly way, as before a planned restart."""
        with self._direct(member, signed_in=True) as client:
            try:
                client.admin.command("replSetStepDown", 60, secondaryCatchUpPeriodSecs=10)
            except AutoReconnect:
                pass  # It may close connections when it has stepped down.

    def restart(self, member: Member) -> None:
        """Start a killed member on its old data and port, and wait until it takes part again."""
        member.process = self._start(member.port, member.directory)
        self.wait_until_all_stand()

    def end(self) -> None:
        """Kill all of them: their data are thrown away."""
        for member in self.members:
            member.process.kill()
        for member in self.members:
            member.process.wait()

    def _start(self, port: int, folder: Path) -> subprocess.Popen[bytes]:
        command = [
            str(self._program),
            *("--dbpath", str(folder / "data")),
            *("--logpath", str(folder / "mongod.log"), "--logappend", "--quiet"),
            *("--bind_ip", mongod.HOST, "--port", str(port), "--nounixsocket"),
            *("--replSet", replica_set.NAME, "--oplogSize", "64", "--keyFile", str(self._key)),
            *("--wiredTigerCacheSizeGB", "0.25", "--noscripting"),
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
            # Fail points are for tests alone.
            *("--setParameter", "enableTestCommands=1"),
        ]
        return processes.start(command, output=subprocess.DEVNULL)

    def _wait_until_it_listens(self, member: Member) -> None:
        wait_until(lambda: bool(self._hello(member)), seconds=READY_SECONDS, what=member.address)

    def _hello(self, member: Member) -> dict[str, Any]:
        if member.process.poll() is not None:
            return {}
        with self._direct(member, signed_in=False) as client:
            try:
                return client.admin.command("hello")
            except (ConnectionFailure, OperationFailure):
                return {}

    def _direct(self, member: Member, *, signed_in: bool) -> Client:
        return MongoClient(
            mongod.HOST,
            member.port,
            username=mongod.USER if signed_in else None,
            password=self._password if signed_in else None,
            directConnection=True,
            serverSelectionTimeoutMS=1000,
            connectTimeoutMS=1000,
            socketTimeoutMS=10000,
        )


@contextmanager
def three_members(directory: Path) -> Iterator[ThreeMembers]:
    """Three members with their files in ``directory``, initiated and electing; killed at the end."""
    started = ThreeMembers(directory)
    try:
        started.initiate()
        yield started
    finally:
        started.end()
