"""Sees every command that goes to a server: for query budgets, isolation proofs and metrics."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

# Sent by the driver for itself, not by a page.
_HOUSEKEEPING = frozenset({"endSessions", "hello", "ping", "killCursors", "saslStart", "saslContinue"})


@dataclass(frozen=True, slots=True)
class Command:
    """One command: the database it went to, its name and the collection (or empty)."""

    database: str
    name: str
    collection: str

    def __str__(self) -> str:
        return f"{self.database}.{self.collection}:{self.name}" if self.collection else f"{self.name}"


class RecordingListener(CommandListener):
    """Hands each started command to the recordings that are open; costs one look when there is none."""

    def __init__(self) -> None:
        self._recordings: list[list[Command]] = []
        self._lock = threading.Lock()

    def started(self, event: CommandStartedEvent) -> None:
        if not self._recordings or event.command_name in _HOUSEKEEPING:
            return
        target = event.command.get(event.command_name)
        if event.command_name == "getMore":
            target = event.command.get("collection")
        command = Command(event.database_name, event.command_name, target if isinstance(target, str) else "")
        for recording in list(self._recordings):
            recording.append(command)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Nothing to do: a budget counts what is asked."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Nothing to do: the caller sees the failure."""

    @contextmanager
    def recording(self) -> Iterator[list[Command]]:
        """Collect the commands that this process sends, from all threads, inside the block."""
        commands: list[Command] = []
        with self._lock:
            self._recordings.append(commands)
        try:
            yield commands
        finally:
            with self._lock:
                self._recordings = [one for one in self._recordings if one is not commands]


command_listener = RecordingListener()
