"""What happened, as a person reads it: entries of the activity log in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tenants.auditing.actions_known import action_named
from tenants.models import ActivityEntry

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a timeline. ``icon`` is a symbol of the sprite, ``details`` are further lines."""

    at: datetime
    by: str
    text: str
    icon: str
    report_id: str
    target: str
    details: tuple[str, ...] = ()
    # The report's number where the entry says it.
    reference: str = ""


def describe(entry: ActivityEntry) -> Event:
    """The entry in words. An action without words of its own is told by its name."""
    known = action_named(entry.action)
    icon, words = known.icon, known.words
    details = _DETAILS.get(entry.action, _no_details)(entry.details or {})
    if entry.action == "section_saved":
        words = f"saved {entry.details.get('label') or 'a section'}"
    # The steps of a report's life are entered under its number, other entries under what they changed.
    reference = entry.target if entry.action.startswith("report_") else ""
    return Event(entry.at, entry.actor_name, words, icon, entry.report_id, entry.target, details, reference)


def fold(events: Iterable[Event]) -> list[Event]:
    """The same thing done by the same person to the same report several times running, told once."""
    folded: list[list[Event]] = []
    for event in events:
        if folded and _same(folded[-1][0], event):
            folded[-1].append(event)
        else:
            folded.append([event])
    return [
        replace(same[0], text=f"{same[0].text}, {len(same)} times") if len(same) > 1 else same[0]
        for same in folded
    ]


def _same(one: Event, other: Event) -> bool:
    return (one.text, one.report_id, one.by) == (other.text, other.report_id, other.by)


def _no_details(details: Mapping[str, Any]) -> tuple[str, ...]:
    return ()


def _saved(details: Mapping[str, Any]) -> tuple[str, ...]:
    changes = details.get("changes") or []
    lines = [str(change.get("label") or change.get("path", "")) for change in changes[:_MOST_NAMED]]
    more = int(details.get("count") or len(changes)) - len(lines)
    text = ", ".join(line for line in lines if line)
    if not text:
        return ()
    return (f"{text} and {more} more" if more > 0 else text,)


def _note(details: Mapping[str, Any]) -> tuple[str, ...]:
    note = str(details.get("note") or details.get("reason") or details.get("text") or "").strip()
    return (f"“{note}”",) if note else ()


def _document(details: Mapping[str, Any]) -> tuple[str, ...]:
    sha256 = str(details.get("sha256") or "")
    return (f"SHA-256 {sha256[:16]}…",) if sha256 else ()


_DETAILS: dict[str, Callable[[Mapping[str, Any]], tuple[str, ...]]] = {
    "section_saved": _saved,
    "report_returned": _note,
    "report_cancelled": _note,
    "comment_added": _note,
    "report_issued": _document,
}
