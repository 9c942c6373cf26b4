"""What people are told of their firm's subscription, on every page. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.formats import date_format

from tenants.models import Organization

# So long before the end managers are told.
TOLD_AHEAD = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Notice:
    """For ``components/banner.html``."""

    tone: str
    title: str
    text: str


def notice_of(organization: Organization, *, manages: bool, today: date) -> Notice | None:
    """What must be known on ``today``.

    Whether it is over, and that it will be read-only, concerns everybody; that it will end, or that a payment
    is late, those who can do something about it (``manages``).
    """
    ends_on, read_only_from = organization.subscription_ends_on, organization.read_only_from
    if organization.read_only_on(today):
        return Notice(
            "bad",
            "Nothing can be changed",
            f"The subscription ended{_on(ends_on)}. Everything can be read and downloaded, and nothing is "
            "removed. " + _way_out(manages),
        )
    if ends_on is not None and ends_on < today:
        until = f"From {_date(read_only_from)} reports can only be read. " if read_only_from else ""
        return Notice("warn", f"The subscription ended{_on(ends_on)}", until + _way_out(manages))
    if not manages:
        return None
    if (organization.limits or {}).get("past_due"):
        return Notice(
            "warn",
            "A payment is overdue",
            "Nothing is limited yet. Pay what is open, or write to the people who run this system.",
        )
    if ends_on is not None and ends_on - today <= TOLD_AHEAD:
        until = ""
        if read_only_from is not None:
            until = f"Without a renewal, reports can only be read from {_date(read_only_from)}. "
        return Notice("info", f"The subscription ends{_on(ends_on)}", until + _way_out(manages))
    return None


def _way_out(manages: bool) -> str:
    if manages:
        return "To renew it, write to the people who run this system; it takes effect at once."
    return "A manager of your firm can have it renewed."


def _on(day: date | None) -> str:
    return f" on {_date(day)}" if day else ""


def _date(day: date) -> str:
    return date_format(day, "j F Y")
