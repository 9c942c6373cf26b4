"""A firm's support sessions as its managers read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tenants.models import SupportSession
from tenants.support.actions import NOT_ANNOUNCED, SIGNED_OUT, TIME_OVER
from tenants.support.record import pages_opened

# So many of the newest are listed; the audit trail has them all.
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Row:
    """One session: ``running``, or how it ended in words."""

    support: SupportSession
    running: bool
    pages: int
    ended: datetime
    how: str


def sessions_of(org_id: str, now: datetime) -> list[Row]:
    """The newest ``SHOWN`` support sessions of a firm, newest first. 2 commands, 1 when there are none."""
    found = list(SupportSession.objects.filter(org_id=org_id).order_by("-begun_at")[:SHOWN])
    pages = pages_opened(org_id, found)
    return [
        Row(one, one.is_open(now), pages[str(one.pk)], one.ended_at or one.ends_at, how_it_ended(one, now))
        for one in found
    ]


def how_it_ended(support: SupportSession, now: datetime) -> str:
    """In words; empty while it runs."""
    if support.is_open(now):
        return ""
    if support.ended_at is None or support.ended_by == TIME_OVER:
        return "when its time was over"
    if support.ended_by == NOT_ANNOUNCED:
        return "before it began: no e-mail could be sent to you"
    if support.ended_by == SIGNED_OUT:
        return "before it began: the staff member had signed out"
    if support.ended_by == support.staff_email:
        return "by the staff member"
    return f"by {support.ended_by}"
