"""Whether a server has room for one more organization, measured before anything is created.

MongoDB keeps a file open for every collection and index in use, and aborts (taking every firm with it) when
the operating system refuses one more. It closes files that nobody used for a while. So provisioning asks
first, waits where waiting helps, and otherwise refuses with the figures.
"""

from __future__ import annotations

import resource
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from tenants.errors import TenancyError
from tenants.mongodb.clients import clients

T = TypeVar("T")

# What an empty organization opens, with some air.
FILES_OF_AN_ORGANIZATION = 30
# Never let the server come nearer to its limit than this, or a tenth of the limit if that is more: firms
# whose files were closed open them again when somebody comes to work.
RESERVE = 500
RESERVE_PART = 10
# Connections that must be left for those who work.
CONNECTIONS_LEFT = 20
# The part of its open-file limit that the server itself allows for connections.
CONNECTIONS_PART = 0.8
POLL_SECONDS = 0.5


class NoRoom(TenancyError):
    """The cluster cannot take another organization now; the message has the figures.

    ``may_pass``: idle files may be closed yet, so that waiting can help.
    """

    def __init__(self, message: str, *, may_pass: bool = False) -> None:
        super().__init__(message)
        self.may_pass = may_pass


@dataclass(frozen=True, slots=True)
class Room:
    """Files and connections a server has open now, and how many it may open (None: not known)."""

    open_files: int
    limit: int | None
    connections: int = 0
    connections_available: int | None = None

    @property
    def used(self) -> int:
        """What counts against the limit: a connection is a file to the operating system too."""
        return self.open_files + self.connections

    @property
    def reserve(self) -> int:
        """Files that provisioning leaves free."""
        return max(RESERVE, (self.limit or 0) // RESERVE_PART)

    @property
    def suffices(self) -> bool:
        """Whether one more organization fits."""
        return self.has_files(1) and self.has_connections

    def has_files(self, organizations: int) -> bool:
        """Whether so many organizations more may open their files."""
        if self.limit is None:
            return True
        return self.used + organizations * FILES_OF_AN_ORGANIZATION + self.reserve <= self.limit

    @property
    def has_connections(self) -> bool:
        return self.connections_available is None or self.connections_available >= CONNECTIONS_LEFT


@dataclass(frozen=True, slots=True)
class Wanted:
    """Room for one organization more on a cluster, with what the control plane knows of that cluster.

    ``organizations`` are those that it has already, ``promised`` those of them that are being made in this
    moment and may not have opened their files yet.
    """

    cluster: str
    address_setting: str
    capacity: int
    organizations: int = 0
    promised: int = 0
    open_file_limit: int | None = None


def measure(address_setting: str, open_file_limit: int | None = None) -> Room:
    """Ask the server. One command.

    The limit is the process's own where the server runs on this machine, else ``open_file_limit``, else what
    its connections say: a server allows no more of them than four fifths of the files that it may open.
    """
    status: dict[str, Any] = clients.for_address(address_setting).admin.command(
        {"serverStatus": 1, "repl": 0, "metrics": 0, "locks": 0}
    )
    connections = status["connections"]
    current, available = int(connections["current"]), int(connections["available"])
    return Room(
        open_files=int(status["wiredTiger"]["connection"]["files currently open"]),
        limit=_limit_of_process(status) or open_file_limit or int((current + available) / CONNECTIONS_PART),
        connections=current,
        connections_available=available,
    )


def shortage(room: Room, wanted: Wanted) -> NoRoom | None:
    """Why the organization does not fit, with the figures; None when it does."""
    if wanted.organizations >= wanted.capacity:
        return NoRoom(
            f"The cluster “{wanted.cluster}” holds {wanted.organizations} organizations of {wanted.capacity} "
            "at most. Raise its capacity, or choose another cluster."
        )
    if not room.has_connections:
        return NoRoom(
            f"The server of “{wanted.cluster}” has {room.connections} connections and "
            f"{room.connections_available} left; {CONNECTIONS_LEFT} stay free.",
            may_pass=True,
        )
    if not room.has_files(wanted.promised + 1):
        connections = f" and {room.connections} connections" if room.connections else ""
        promised = f", {wanted.promised} others are being made" if wanted.promised else ""
        return NoRoom(
            f"The server of “{wanted.cluster}” has {room.open_files} files open of {room.limit} at most"
            f"{connections}; an organization needs {FILES_OF_AN_ORGANIZATION}{promised}, and {room.reserve} "
            "stay free. Idle files are closed after a while; raise its open-file limit (ulimit -n) or "
            "choose another cluster.",
            may_pass=True,
        )
    return None


def require_room(wanted: Wanted | str) -> None:
    """Measure, and raise NoRoom with the figures when another organization could bring the server down.

    Given an address setting alone, only the server is asked, and not how many organizations it may hold.
    """
    if isinstance(wanted, str):
        wanted = Wanted(cluster=wanted, address_setting=wanted, capacity=sys.maxsize)
    refusal = shortage(measure(wanted.address_setting, wanted.open_file_limit), wanted)
    if refusal is not None:
        raise refusal


def wait_for_room(claim: Callable[[], T], *, seconds: float, tell: Callable[[str], None]) -> T:
    """What ``claim`` returns, tried again for ``seconds`` while it raises a NoRoom that may pass.

    ``tell`` is called before each pause with what is waited for; it may raise to end the waiting.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return claim()
        except NoRoom as refusal:
            left = deadline - time.monotonic()
            if not refusal.may_pass or left <= 0:
                raise
            tell(str(refusal))
        time.sleep(min(POLL_SECONDS, left))


def _limit_of_process(status: dict[str, Any]) -> int | None:
    """The open-file limit of the server's process; None where it runs on another machine."""
    pid, name = int(status["pid"]), str(status.get("process", ""))
    if str(status.get("host", "")).rpartition(":")[0] != socket.gethostname():
        return None
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8") as comm:
            if not name.endswith(comm.read().strip()):
                return None
        return resource.prlimit(pid, resource.RLIMIT_NOFILE)[0]
    except OSError:
        return None
