"""Comments as pages show them, out of what the report stores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment; ``path`` names a field or section, or is empty for the whole report."""

    id: str
    path: str
    text: str
    by: str
    by_id: str
    at: datetime
    resolved: bool
    # Where the question is, for lists of comments apart from the form; empty beside the question itself.
    field_url: str = ""
    field_label: str = ""


def read_comments(stored: Iterable[Mapping[str, Any]]) -> list[Comment]:
    """The comments that a report stores, oldest first."""
    return [
        Comment(
            id=entry["id"],
            path=entry["path"],
            text=entry["text"],
            by=entry["by_name"],
            by_id=entry["by"],
            at=datetime.fromisoformat(entry["at"]),
            resolved=entry["resolved"],
        )
        for entry in stored
    ]


def open_comments(comments: Iterable[Comment]) -> list[Comment]:
    """Those that nobody has marked as done."""
    return [comment for comment in comments if not comment.resolved]
