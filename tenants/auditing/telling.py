"""Entries in words: who, what, from where, and what was changed from what to what. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tenants.auditing.actions_known import Category, Kept
from tenants.auditing.reading import Entry

# What is told of a value; the whole of it is in the export.
_LONGEST = 300
EMPTY = "empty"
SYSTEM_WORDS = {"system": "The system", "unknown": "Somebody", "": "Somebody"}
STAFF_WORDS = "Staff"


@dataclass(frozen=True, slots=True)
class Change:
    """One field, before and after, in words."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Told:
    """An entry as a page shows it. ``origin`` and ``number`` may be empty."""

    at: datetime
    who: str
    words: str
    category: str
    icon: str
    target: str
    report_id: str
    origin: str
    request_id: str
    changes: list[Change]
    facts: list[tuple[str, str]]
    number: int | None

    @property
    def has_more(self) -> bool:
        """Whether there is anything to fold out."""
        return bool(self.changes or self.facts or self.origin or self.request_id or self.number)


def tell(entry: Entry, people: Mapping[str, str]) -> Told:
    """The entry for the managers of the firm; ``people`` are its people's names by e-mail address."""
    details = told_details(entry)
    changes = list(_changes(details.pop("changes", None)))
    if {"from", "to"} <= set(details):
        # A step of a report's life.
        changes.insert(0, Change("State", _state(details.pop("from")), _state(details.pop("to"))))
    facts = [(_label(name), _value(value)) for name, value in details.items() if not _is_id(name)]
    number = entry.document.get("number")
    return Told(
        at=entry.at,
        who=who_of(entry, people),
        words=_words(entry, details),
        category=str(entry.action.category.label),
        icon=entry.action.icon,
        target=_target(entry, people),
        report_id=entry.text("report_id"),
        origin=entry.text("ip") if origin_is_shown(entry, people) else "",
        request_id=entry.text("request_id"),
        changes=changes,
        facts=facts,
        number=int(number) if number is not None else None,
    )


def told_details(entry: Entry) -> dict[str, Any]:
    """The details that the firm may see: of its own record all, of the system's those that are named."""
    details = dict(entry.document.get("details") or {})
    if entry.kept is Kept.ACTIVITY:
        return details
    told = {name: details[name] for name in ("changes", *entry.action.tells) if name in details}
    # Which of the staff was inside is no secret to the firm: its managers had a letter that names them.
    if entry.action.category is Category.SUPPORT and "@" in entry.text("actor"):
        told["by"] = entry.text("actor")
    return told


def who_of(entry: Entry, people: Mapping[str, str]) -> str:
    """The name of who did it. Of the staff a firm is told that they are staff."""
    if entry.kept is Kept.ACTIVITY:
        return entry.text("actor_name")
    actor = entry.text("actor")
    if actor in people:
        return people[actor]
    return SYSTEM_WORDS.get(actor) or (STAFF_WORDS if "@" in actor else actor[:1].upper() + actor[1:])


def origin_is_shown(entry: Entry, people: Mapping[str, str]) -> bool:
    """From where people of the firm, and whoever tried to be one, came; never from where staff did."""
    actor = entry.text("actor")
    return entry.kept is Kept.ACTIVITY or actor in people or "@" not in actor


def _words(entry: Entry, details: Mapping[str, Any]) -> str:
    if entry.text("action") == "section_saved" and details.get("label"):
        return f"saved {details['label']}"
    return entry.action.words


def _target(entry: Entry, people: Mapping[str, str]) -> str:
    """What it was done to, unless that is who did it, or the report, which has a link."""
    target = entry.text("target")
    if entry.text("action") == "section_saved" or target in (entry.text("actor"), entry.text("org_id")):
        return ""
    if entry.kept is Kept.AUDIT and "@" in target and target not in people:
        # Somebody of the staff, in the system's record.
        return "" if entry.action.category.value == "support" else target
    return people.get(target, target)


def _changes(changes: Any) -> Iterator[Change]:
    """Of a list of a report's answers, or a mapping of fields."""
    if isinstance(changes, Mapping):
        for name, change in changes.items():
            if isinstance(change, Mapping):
                yield from _pair(_label(str(name)), change.get("from"), change.get("to"))
    elif isinstance(changes, Sequence) and not isinstance(changes, str):
        for one in changes:
            if isinstance(one, Mapping):
                label = str(one.get("label") or one.get("path") or "")
                yield Change(label, _value(one.get("before")), _value(one.get("after")))


def _pair(label: str, before: Any, after: Any) -> Iterator[Change]:
    """A mapping (a letterhead) is told by those of its parts that differ."""
    if isinstance(before, Mapping | None) and isinstance(after, Mapping):
        old = before or {}
        for part in dict.fromkeys((*old, *after)):
            if old.get(part) != after.get(part):
                yield Change(
                    f"{label}, {_label(str(part)).lower()}", _value(old.get(part)), _value(after.get(part))
                )
        return
    yield Change(label, _value(before), _value(after))


def _value(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return EMPTY
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        if value.get("not_applicable") is True:
            return "not applicable"
        if set(value) <= {"value", "unit"}:
            return f"{_value(value.get('value'))} {value.get('unit') or ''}".strip()
    if isinstance(value, list) and all(isinstance(one, str | int | float) for one in value):
        return _cut(", ".join(str(one) for one in value))
    if isinstance(value, list | Mapping):
        return _cut(json.dumps(value, ensure_ascii=False))
    return _cut(str(value))


def _state(value: Any) -> str:
    return str(value).replace("_", " ")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _label(name: str) -> str:
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _is_id(name: str) -> bool:
    """What names something within the program, and is in the export."""
    return name in ("file", "comment", "label", "fields", "support", "operation")
