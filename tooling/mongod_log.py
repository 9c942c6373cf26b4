"""mongod's log: kept from growing without end, and read for what went wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tooling.private_files import make_private_directory

MOST_BYTES = 20 * 1024 * 1024
TAIL_BYTES = 256 * 1024
COMPLAINTS = frozenset({"E", "F"})  # error, fatal


@dataclass(frozen=True, slots=True)
class LogFile:
    """``path`` is mongod's log: one JSON object a line, appended to from start to start."""

    path: Path

    def prepare(self) -> None:
        """Make its directory; put a log aside, replacing the one put aside before, that has become long."""
        make_private_directory(self.path.parent)
        if self.path.exists() and self.path.stat().st_size > MOST_BYTES:
            self.path.replace(self.path.with_name(f"{self.path.name}.1"))

    def explain(self) -> str:
        """A sentence or two: the last complaints, without repetition, and where the log is."""
        complaints = list(dict.fromkeys(self._complaints()))[-3:]
        said = "".join(f"It said: {complaint}. " for complaint in complaints)
        return f"{said}Its log is {self.path}."

    def _complaints(self) -> list[str]:
        """What it complained of since it last started."""
        found: list[str] = []
        for line in self._tail():
            try:
                entry = json.loads(line)
            except ValueError:
                continue  # The first line of a tail is usually half a line.
            if not isinstance(entry, dict):
                continue
            if entry.get("c") == "CONTROL" and "MongoDB starting" in str(entry.get("msg")):
                found.clear()
            if entry.get("s") in COMPLAINTS:
                found.append(_sentence(entry))
        return found

    def _tail(self) -> list[str]:
        try:
            with self.path.open("rb") as file:
                size = file.seek(0, 2)
                file.seek(max(0, size - TAIL_BYTES))
                return file.read().decode("utf-8", errors="replace").splitlines()
        except OSError:
            return []


def _sentence(entry: dict[str, object]) -> str:
    attributes = entry.get("attr")
    detail = attributes.get("error") or attributes.get("message") if isinstance(attributes, dict) else None
    if isinstance(detail, dict):
        detail = detail.get("errmsg")
    message = str(entry.get("msg"))
    return f"{message} ({detail})" if detail else message
