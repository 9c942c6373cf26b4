"""A light, steady load of signed-in page requests over connections that are kept open.

The arrivals are planned beforehand and do not wait for answers: a request that a slow one holds up is late,
and its lateness counts as its latency. So a stall shows in all that was due during it, as people feel it.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

NO_ANSWER = 0
# Longer than anything that a test would accept.
PATIENCE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One request: when it was due, sent and answered (monotonic clock), and what came."""

    due: float
    sent: float
    ended: float
    status: int
    retry_after: str
    is_right: bool

    @property
    def latency(self) -> float:
        """Seconds from when it was due."""
        return self.ended - self.due

    @property
    def service(self) -> float:
        """Seconds from when it was sent."""
        return self.ended - self.sent


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody signed in who asks for one page again and again; ``marker`` stands on every right answer."""

    group: str
    cookie: str
    marker: bytes
    path: str = "/reports/"


class Caller(threading.Thread):
    """One kept-open connection on which a visitor asks every ``every`` seconds, from ``first`` on."""

    def __init__(self, visitor: Visitor, port: int, *, first: float, every: float) -> None:
        super().__init__(name=f"caller of {visitor.group}", daemon=True)
        self.answers: list[Answer] = []
        self.group = visitor.group
        self._visitor = visitor
        self._port = port
        self._first, self._every = first, every
        self._stopping = threading.Event()
        self._socket: socket.socket | None = None
        self._request = (
            f"GET {visitor.path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {visitor.cookie}\r\n\r\n"
        ).encode("ascii")

    def ask_to_stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        due = self._first
        while not self._stopping.wait(max(0.0, due - time.monotonic())):
            self._ask(due)
            due += self._every
        self._hang_up()

    def _ask(self, due: float) -> None:
        sent = time.monotonic()
        try:
            status, headers, body = self._exchange()
        except (OSError, ValueError):
            status, headers, body = NO_ANSWER, {}, b""
            self._hang_up()
        if headers.get("connection") == "close":
            self._hang_up()
        self.answers.append(
            Answer(
                due,
                sent,
                time.monotonic(),
                status,
                headers.get("retry-after", ""),
                self._visitor.marker in body,
            )
        )

    def _exchange(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body. Raises OSError, or ValueError when the connection ended midway."""
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE_SECONDS)
        self._socket.sendall(self._request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._receive(self._socket)
        head, _, body = received.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        while len(body) < int(headers["content-length"]):
            body += self._receive(self._socket)
        return int(first.split()[1]), headers, body

    @staticmethod
    def _receive(connection: socket.socket) -> bytes:
        data = connection.recv(65536)
        if not data:
            raise ValueError("The connection ended before the answer did.")
        return data

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class Load:
    """All callers of a test. Use it as a context manager; ``answers`` may be read meanwhile."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._callers: list[Caller] = []

    def add(self, visitors: Sequence[Visitor], *, connections: int, a_second: float) -> None:
        """Let the visitors take turns on ``connections`` connections, ``a_second`` requests together."""
        every = connections / a_second
        begin = time.monotonic() + 0.5
        for number in range(connections):
            first = begin + number / a_second
            visitor = visitors[number % len(visitors)]
            self._callers.append(Caller(visitor, self._port, first=first, every=every))

    def __enter__(self) -> Load:
        for caller in self._callers:
            caller.start()
        return self

    def __exit__(self, *exception: object) -> None:
        for caller in self._callers:
            caller.ask_to_stop()
        for caller in self._callers:
            caller.join(timeout=PATIENCE_SECONDS + 5)
            assert not caller.is_alive(), f"{caller.name} hangs."

    def answers(self, group: str) -> list[Answer]:
        """What a group has been answered until now, in no order."""
        return [one for caller in self._callers if caller.group == group for one in list(caller.answers)]

    def wait_until_right(self, group: str, *, since: float, seconds: float) -> float | None:
        """Wait until the latest answers of a group, one for each of its connections, are all right.

        Gives the moment of the last wrong one to a request sent after ``since``, or ``since`` itself; None
        when there is no end of wrong ones in time.
        """
        callers = [caller for caller in self._callers if caller.group == group]
        while time.monotonic() < since + seconds:
            latest = [caller.answers[-1] for caller in callers if caller.answers]
            if len(latest) == len(callers) and all(one.is_right and one.sent >= since for one in latest):
                wrong = [one.ended for one in self.answers(group) if one.sent >= since and not one.is_right]
                return max(wrong, default=since)
            time.sleep(0.05)
        return None


def percentile(latencies: Iterable[float], share: float) -> float:
    """The smallest value that at least ``share`` (0 to 1) of the values do not exceed."""
    ordered = sorted(latencies)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.5) - 1))]
