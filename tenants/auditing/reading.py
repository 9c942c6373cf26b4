"""A firm's activity as its managers read it: its own record, and what the system's says of the firm.

Two queries, merged by time. Older pages begin where the last one ended in each of the two, so that no page
costs more for being far back, and what comes in meanwhile moves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from bson import ObjectId, Regex
from bson.codec_options import CodecOptions
from django.db import connections

from tenants.auditing.actions_known import KNOWN, Action, Kept, action_named, in_category, shown_to_firm
from tenants.auditing.hashing import ACTIVITY, AUDIT, Log
from tenants.context import require_org_id
from tenants.naming import CONTROL_ALIAS

PAGE_SIZE = 50
# Reads of an export.
_BATCH = 500
# Clocks of two servers differ by less.
_SLACK = timedelta(days=1)
_IN_UTC: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)
_PLACE = re.compile(r"([0-9a-f]{24}|-)\.([0-9]{1,14}|-)\.([0-9]{1,4})")
_TWICE = [name for name, one in KNOWN.items() if one.twice]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the activity is narrowed to. Times are aware; ``until`` is the first moment after.

    A person is named by both: their id in the firm's own record, their e-mail addresses (present and former)
    in the system's. ``targets`` count as having the ``words`` too: addresses of people whose name has them.
    """

    person_id: str = ""
    person_emails: tuple[str, ...] = ()
    category: str = ""
    report_id: str = ""
    since: datetime | None = None
    until: datetime | None = None
    words: str = ""
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: the last entry of the firm's own record, the time and how many of the system's."""

    activity: ObjectId | None = None
    audit_at: datetime | None = None
    audit_skip: int = 0

    @classmethod
    def read(cls, text: str) -> Place:
        """From an address; anything that is none is the beginning."""
        found = _PLACE.fullmatch(text)
        if found is None:
            return cls()
        activity, at, skip = found.groups()
        return cls(
            ObjectId(activity) if activity != "-" else None,
            datetime.fromtimestamp(int(at) / 1000, UTC) if at != "-" else None,
            int(skip),
        )

    def __str__(self) -> str:
        at = str(round(self.audit_at.timestamp() * 1000)) if self.audit_at is not None else "-"
        return f"{self.activity or '-'}.{at}.{self.audit_skip}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of either record, as MongoDB has it, and what is known of its action."""

    kept: Kept
    action: Action
    document: Mapping[str, Any]

    @property
    def at(self) -> datetime:
        at: datetime = self.document["at"]
        return at

    def text(self, name: str) -> str:
        """A field of it; empty where it has none of the name."""
        return str(self.document.get(name) or "")


@dataclass(frozen=True, slots=True)
class Page:
    """The latest entries first; ``older`` is where the next page begins, None at the end."""

    entries: list[Entry]
    older: Place | None


def page_of(wanted: Wanted, place: Place, *, size: int = PAGE_SIZE) -> Page:
    """A page of the active firm's activity. 2 commands; 1 where only one record has what is wanted."""
    own = list(_found(ACTIVITY, activity_query(wanted, place), limit=size + 1))
    query = audit_query(require_org_id("Its activity"), wanted, place)
    system = list(_found(AUDIT, query, limit=size + 1, skip=place.audit_skip))
    entries = list(islice(merged(own, system), size))
    taken = [one.document for one in entries if one.kept is Kept.AUDIT]
    more = len(own) + len(system) > len(entries)
    return Page(entries, _place_after(place, entries, taken) if more else None)


def everything(wanted: Wanted) -> Iterator[Entry]:
    """All of it, the latest first, read as it is asked for."""
    query = audit_query(require_org_id("Its activity"), wanted, Place())
    return merged(_found(ACTIVITY, activity_query(wanted, Place())), _found(AUDIT, query))


def merged(own: Iterable[Entry], system: Iterable[Entry]) -> Iterator[Entry]:
    """Of two sequences always the later head, so that each keeps its order."""
    mine, theirs = iter(own), iter(system)
    one, other = next(mine, None), next(theirs, None)
    while one is not None and other is not None:
        if one.at >= other.at:
            yield one
            one = next(mine, None)
        else:
            yield other
            other = next(theirs, None)
    if one is not None:
        yield one
        yield from mine
    if other is not None:
        yield other
        yield from theirs


def activity_query(wanted: Wanted, place: Place) -> dict[str, Any] | None:
    """The query of the firm's own record, which is read in the order of its ids; None: nothing of it."""
    query: dict[str, Any] = _common(wanted)
    if wanted.category:
        actions = in_category(wanted.category, Kept.ACTIVITY)
        if not actions:
            return None
        query["action"] = {"$in": [one for one in actions if one not in _TWICE]}
    else:
        query["action"] = {"$nin": _TWICE}
    if wanted.person_id:
        query["actor_id"] = wanted.person_id
    if wanted.report_id:
        query["report_id"] = wanted.report_id
    ids = {}
    if place.activity is not None:
        ids["$lt"] = place.activity
    if wanted.since is not None:
        # An id is made when the entry is stored: not before its time.
        ids["$gte"] = ObjectId.from_datetime(wanted.since - _SLACK)
    return query | ({"_id": ids} if ids else {})


def audit_query(org_id: str, wanted: Wanted, place: Place) -> dict[str, Any] | None:
    """The query of the system's record, which is read in the order of time; None: nothing of it."""
    actions = set(shown_to_firm())
    if wanted.category:
        actions &= set(in_category(wanted.category, Kept.AUDIT))
    if wanted.report_id or not actions:
        return None
    query: dict[str, Any] = {**_common(wanted), "org_id": org_id, "action": {"$in": sorted(actions)}}
    if wanted.person_emails:
        addresses = {"$in": [*wanted.person_emails]}
        query["$or"] = [{"actor": addresses}, {"target": addresses}]
    if place.audit_at is not None:
        query["at"] = {**query.get("at", {}), "$lte": place.audit_at}
    return query


def _common(wanted: Wanted) -> dict[str, Any]:
    query: dict[str, Any] = {}
    at = {
        sign: moment for sign, moment in (("$gte", wanted.since), ("$lt", wanted.until)) if moment is not None
    }
    if at:
        query["at"] = at
    if wanted.words:
        words = Regex(re.escape(wanted.words), "i")
        query["target"] = {"$in": [words, *wanted.targets]}
    return query


def _found(log: Log, query: dict[str, Any] | None, *, limit: int = 0, skip: int = 0) -> Iterator[Entry]:
    """The entries that match, as they are asked for. No limit is 0."""
    if query is None:
        return
    own = log is ACTIVITY
    alias = require_org_id("Its activity") if own else CONTROL_ALIAS
    connection: Any = connections[alias]
    collection = connection.get_collection(log.collection, codec_options=_IN_UTC)
    order = [("_id", -1)] if own else [("at", -1)]
    # Named, for another index would give entries of one millisecond in another order.
    index = None if own else [("org_id", 1), ("at", -1)]
    kept = Kept.ACTIVITY if own else Kept.AUDIT
    size = limit or _BATCH
    with collection.find(query, sort=order, limit=limit, skip=skip, batch_size=size, hint=index) as found:
        for document in found:
            yield Entry(kept, action_named(document["action"]), document)


def _place_after(place: Place, entries: list[Entry], taken: list[Mapping[str, Any]]) -> Place:
    """Where the next page begins in each of the two records."""
    own = [one.document["_id"] for one in entries if one.kept is Kept.ACTIVITY]
    activity = own[-1] if own else place.activity
    if not taken:
        return Place(activity, place.audit_at, place.audit_skip)
    at: datetime = taken[-1]["at"]
    skip = sum(one["at"] == at for one in taken)
    # A page may end among entries of one millisecond, and the next one again.
    return Place(activity, at, skip + (place.audit_skip if at == place.audit_at else 0))
