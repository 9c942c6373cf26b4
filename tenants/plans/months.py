"""Reports that a firm begins in a month, counted where they are begun.

A month is one by the calendar of the system's time zone. What was begun counts, whatever becomes of it: a
draft that is cancelled gives nothing back, or a firm could write any number of reports by cancelling each.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any
from weakref import WeakValueDictionary

from django.db import IntegrityError, connections
from django.utils import formats
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from tenants.context import require_org_id
from tenants.models import Counter, Organization
from tenants.plans.limits import Level, LimitReached, crosses, level_of, limit_of
from tenants.plans.names import Limit
from tenants.plans.warning import warn_managers

# Threads of a process that begin reports of one firm go one after the other: in the transaction they would
# throw each other out. Those of other processes meet there. A lock lives while somebody holds or awaits it.
_beginning: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
_looking_up = threading.Lock()
_PATIENCE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Month:
    """How many reports were begun in a month (of ``day``), and how many may be."""

    day: date
    begun: int
    limit: int | None

    @property
    def level(self) -> Level:
        return level_of(self.begun, self.limit)

    @property
    def left(self) -> int | None:
        return None if self.limit is None else max(self.limit - self.begun, 0)

    @property
    def note(self) -> str:
        """What whoever begins reports must know; empty while there is plenty."""
        if self.level is Level.FREE:
            return ""
        if self.level is Level.FULL:
            return _all_begun(self.day, self.limit)
        return (
            f"{self.begun} of this month's {self.limit} reports are begun; {self.left} more can be begun "
            f"before {_date(next_month(self.day))}."
        )


def counter_of(day: date) -> str:
    """The name of the month's counter among the firm's."""
    return f"reports.{day:%Y-%m}"


def next_month(day: date) -> date:
    """The first day of the month after ``day``'s."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def months_before(day: date, count: int) -> list[date]:
    """The first days of so many months up to ``day``'s, the earliest first."""
    last = day.year * 12 + day.month - 1
    return [date(number // 12, number % 12 + 1, 1) for number in range(last - count + 1, last + 1)]


@contextmanager
def one_after_another() -> Iterator[None]:
    """Around the transaction that takes a report: the active firm's other threads wait here, for a while."""
    org_id = require_org_id("A report of the month")
    with _looking_up:
        lock = _beginning.setdefault(org_id, threading.Lock())
    # Whoever has waited long enough goes on: the transaction decides, with or without the lock.
    held = lock.acquire(timeout=_PATIENCE_SECONDS)
    try:
        yield
    finally:
        if held:
            lock.release()


def take_report(organization: Organization, day: date) -> Month:
    """Take one of the month's reports, within the transaction that begins it. One command.

    Call it first: whoever begins another report at the same time waits here, before anything is written.
    Raises LimitReached, and IntegrityError when two begin the month's first at once: to be tried again.
    """
    limit = limit_of(organization, Limit.REPORTS)
    if limit is not None and limit <= 0:
        raise LimitReached(_all_begun(day, limit))
    connection: Any = connections[require_org_id("A report of the month")]
    collection = connection.get_collection(Counter._meta.db_table)
    name = counter_of(day)
    room = {} if limit is None else {"value": {"$lt": limit}}
    try:
        taken = collection.find_one_and_update(
            {"name": name, **room},
            {"$inc": {"value": 1}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
            session=connection.session,
        )
    except DuplicateKeyError as error:
        # The counter is there and did not match: it is full, unless somebody made it just now. Asked outside
        # the transaction, which is over.
        known = collection.find_one({"name": name}, {"value": 1})
        if limit is None or known is None or known["value"] < limit:
            raise IntegrityError(str(error)) from error
        raise LimitReached(_all_begun(day, limit)) from None
    return Month(day, int(taken["value"]), limit)


def warn_when_few_are_left(organization: Organization, month: Month) -> str:
    """After the report is begun: the sentence for whoever crossed the mark, or ``""``.

    The managers are told too, by letter. No command for any other report of the month.
    """
    if month.limit is None or not crosses(month.begun - 1, month.begun, month.limit):
        return ""
    warn_managers(organization.org_id, Limit.REPORTS, used=month.begun, limit=month.limit)
    return month.note


def begun_in(day: date) -> int:
    """How many reports the active firm has begun in the month of ``day``. One command."""
    found = Counter.objects.filter(name=counter_of(day)).values_list("value", flat=True).first()
    return int(found or 0)


def this_month(organization: Organization, day: date) -> Month:
    """The month as it stands. No command where nothing is limited."""
    limit = limit_of(organization, Limit.REPORTS)
    return Month(day, begun_in(day) if limit is not None else 0, limit)


def _all_begun(day: date, limit: int | None) -> str:
    return (
        f"All {limit} reports that the plan allows in {day:%B %Y} are begun. The next can be begun on "
        f"{_date(next_month(day))}, or sooner when a manager has the plan changed."
    )


def _date(day: date) -> str:
    return formats.date_format(day, "j F Y")
