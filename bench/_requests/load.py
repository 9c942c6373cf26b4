"""The load: keep-alive connections in one thread, each with one request under way, the firms in turn.

Every answer is looked at: 200, the firm's name, and as many references of this firm as there are references
at all. Standard library only.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

PATH = "/reports/"
ROWS = 20
# A connection is given up and made anew after so many answers, or the workers that happened to accept more of
# them would do more of the work for the whole round.
ANSWERS_PER_CONNECTION = 40
_ANY_REFERENCE = b'class="ref"'
_TIMEOUT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Target:
    """A signed-in person of one firm: what the browser sends, and what tells the firm's page."""

    host: str
    cookies: dict[str, str]
    mark: str
    name: str

    def request(self, *, last: bool = False) -> bytes:
        """The bytes of the request; the ``last`` one of a connection asks for its end."""
        # A browser that has been here before has the cookie of the forms' tokens.
        cookies = "; ".join(
            f"{name}={value}" for name, value in {**self.cookies, "csrftoken": "b" * 32}.items()
        )
        lines = [
            f"GET {PATH} HTTP/1.1",
            f"Host: {self.host}",
            "User-Agent: bench",
            "Accept: text/html",
            f"Connection: {'close' if last else 'keep-alive'}",
            f"Cookie: {cookies}",
        ]
        return "\r\n".join([*lines, "", ""]).encode("ascii")

    def complaint(self, status: bytes, body: bytes) -> str:
        """What is wrong with an answer, in words; empty when it is this firm's page and nobody else's."""
        if status != b"200":
            return f"{self.name}: status {status.decode('ascii', 'replace')}"
        if self.name.encode() not in body:
            return f"{self.name}: the firm's name is missing"
        own, all_references = body.count(f">{self.mark}".encode()), body.count(_ANY_REFERENCE)
        if (own, all_references) != (ROWS, ROWS):
            return f"{self.name}: {own} of {all_references} reports are the firm's, not {ROWS}"
        return ""


@dataclass(slots=True)
class Round:
    """What one round measured: answers, how long it took, each answer's milliseconds, what was wrong."""

    seconds: float = 0.0
    milliseconds: list[float] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def rps(self) -> float:
        return len(self.milliseconds) / self.seconds


class Connection:
    """One connection with one request under way."""

    def __init__(self, port: int, selector: selectors.BaseSelector) -> None:
        self._port, self._selector = port, selector
        self._socket: socket.socket | None = None
        self._answers = 0
        self._buffer = bytearray()
        self._expected = -1
        self._body_begins = 0
        self._began = 0.0
        self.target: Target | None = None

    def send(self, target: Target) -> None:
        """Ask for the target's page; a new connection is part of the time that the answer takes."""
        self._began = time.perf_counter()
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=_TIMEOUT_SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(self._socket, selectors.EVENT_READ, self)
            self._answers = 0
        self.target, self._expected = target, -1
        self._buffer.clear()
        self._socket.sendall(target.request(last=self._answers + 1 == ANSWERS_PER_CONNECTION))

    def receive(self, round_: Round) -> bool:
        """Take what has come; True when the answer is whole, and noted in ``round_``."""
        assert self._socket is not None
        assert self.target is not None
        data = self._socket.recv(262_144)
        if not data:
            round_.complaints.append(f"{self.target.name}: the connection ended within an answer")
            self.close()
            return True
        self._buffer += data
        if self._expected < 0 and not self._read_head():
            return False
        if len(self._buffer) < self._expected:
            return False
        taken = (time.perf_counter() - self._began) * 1000
        complaint = self.target.complaint(bytes(self._buffer[9:12]), self.body)
        if complaint:
            round_.complaints.append(complaint)
        else:
            round_.milliseconds.append(taken)
        self._answers += 1
        if self._answers == ANSWERS_PER_CONNECTION:
            self.close()
        return True

    @property
    def body(self) -> bytes:
        """The body of the last answer."""
        return bytes(self._buffer[self._body_begins :])

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = bytes(self._buffer[:end]).lower()
        begins = head.index(b"content-length:") + len(b"content-length:")
        length = int(head[begins:].split(b"\r\n", 1)[0])
        self._body_begins = end + 4
        self._expected = self._body_begins + length
        return True

    def close(self) -> None:
        if self._socket is not None:
            self._selector.unregister(self._socket)
            self._socket.close()
            self._socket = None


def one_page(port: int, target: Target) -> bytes:
    """The body of one answer, as the load would take it. Raises ValueError when it is not the firm's page."""
    round_ = Round()
    with selectors.DefaultSelector() as selector:
        connection = Connection(port, selector)
        connection.send(target)
        while not connection.receive(round_):
            selector.select(_TIMEOUT_SECONDS)
        body = connection.body
        connection.close()
    if round_.complaints:
        raise ValueError(round_.complaints[0])
    return body


def run(port: int, seconds: float, connections: int, targets: Iterator[Target]) -> Round:
    """Ask for pages, the targets in turn, until the time is up. Raises OSError when nothing answers."""
    round_ = Round()
    with selectors.DefaultSelector() as selector:
        open_ = [Connection(port, selector) for _ in range(connections)]
        began = time.perf_counter()
        for connection in open_:
            connection.send(next(targets))
        while (now := time.perf_counter()) - began < seconds:
            ready = selector.select(_TIMEOUT_SECONDS)
            if not ready:
                raise TimeoutError(f"no answer for {_TIMEOUT_SECONDS:.0f} s")
            for key, _ in ready:
                if key.data.receive(round_):
                    key.data.send(next(targets))
        round_.seconds = now - began
        for connection in open_:
            connection.close()
    return round_
