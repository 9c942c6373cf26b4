"""Whether a server has room for one more organization, measured before anything is created.

MongoDB keeps a file open for every collection and index in use, and aborts (taking every firm with it) when
the operating system refuses one more. So provisioning asks first.
"""

from __future__ import annotations

import resource
from dataclasses import dataclass
from typing import Any

from tenants.errors import TenancyError
from tenants.mongodb.clients import clients

# What an empty organization opens, with some air.
FILES_OF_AN_ORGANIZATION = 30
# Never let the server come nearer to its limit than this.
RESERVE = 500


class NoRoom(TenancyError):
    """The cluster cannot take another organization now; the message has the figures."""


@dataclass(frozen=True, slots=True)
class Room:
    """Files a server has open now, and how many it may open (None when that cannot be known)."""

    open_files: int
    limit: int | None

    @property
    def suffices(self) -> bool:
        if self.limit is None:
            return True
        return self.open_files + FILES_OF_AN_ORGANIZATION + RESERVE <= self.limit


def measure(address_setting: str) -> Room:
    """Ask the server. Its limit is known only where it runs on this machine."""
    status: dict[str, Any] = clients.for_address(address_setting).admin.command(
        {"serverStatus": 1, "repl": 0, "metrics": 0, "locks": 0}
    )
    open_files = int(status["wiredTiger"]["connection"]["files currently open"])
    return Room(open_files, _limit_of_process(int(status["pid"]), status.get("process", "")))


def require_room(address_setting: str) -> None:
    """Raises NoRoom with the figures when another organization could bring the server down."""
    room = measure(address_setting)
    if not room.suffices:
        raise NoRoom(
            f"The server has {room.open_files} files open of {room.limit} at most; an organization needs "
            f"{FILES_OF_AN_ORGANIZATION} and {RESERVE} stay free. Raise its open-file limit (ulimit -n) or "
            "choose another cluster."
        )


def _limit_of_process(pid: int, name: str) -> int | None:
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8") as comm:
            if not name.endswith(comm.read().strip()):
                return None
        return resource.prlimit(pid, resource.RLIMIT_NOFILE)[0]
    except OSError:
        return None
