"""What people are told of the subscription: without a database."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tenants.models import Organization
from tenants.plans.limits import Level, crosses, level_of
from tenants.plans.months import Month, months_before, next_month
from tenants.plans.notices import notice_of

TODAY = date(2026, 11, 23)
DAY = timedelta(days=1)


def told(*, manages: bool, **fields: Any) -> tuple[str, str]:
    """The tone and the title; empty when nothing is said."""
    organization = Organization(org_id="a", plan="basic", limits={"past_due": False}, read_only_from=None)
    for name, value in fields.items():
        setattr(organization, name, value)
    notice = notice_of(organization, manages=manages, today=TODAY)
    return (notice.tone, notice.title) if notice else ("", "")


@pytest.mark.parametrize("manages", [True, False])
def test_everybody_is_told_that_nothing_can_be_changed(manages: bool) -> None:
    ended = TODAY - 20 * DAY
    assert told(manages=manages, subscription_ends_on=ended, read_only_from=TODAY) == (
        "bad",
        "Nothing can be changed",
    )


@pytest.mark.parametrize("manages", [True, False])
def test_everybody_is_told_of_the_grace(manages: bool) -> None:
    said = told(manages=manages, subscription_ends_on=TODAY - DAY, read_only_from=TODAY + 13 * DAY)
    assert said == ("warn", "The subscription ended on 22 November 2026")


@pytest.mark.parametrize(
    ("manages", "days", "title"),
    [
        (True, 14, "The subscription ends on 7 December 2026"),
        (True, 0, "The subscription ends on 23 November 2026"),
        (True, 15, ""),
        (False, 1, ""),
    ],
)
def test_managers_are_told_two_weeks_ahead(manages: bool, days: int, title: str) -> None:
    ends = TODAY + days * DAY
    assert told(manages=manages, subscription_ends_on=ends, read_only_from=ends + 15 * DAY)[1] == title


@pytest.mark.parametrize(("manages", "title"), [(True, "A payment is overdue"), (False, "")])
def test_managers_are_told_of_a_late_payment(manages: bool, title: str) -> None:
    assert told(manages=manages, limits={"past_due": True})[1] == title


@pytest.mark.parametrize(
    ("used", "limit", "level"),
    [
        (0, 10, Level.FREE),
        (7, 10, Level.FREE),
        (8, 10, Level.NEAR),
        (10, 10, Level.FULL),
        (12, 10, Level.FULL),
        (0, 0, Level.FULL),
        (10**9, None, Level.FREE),
        (2, 3, Level.FREE),
    ],
)
def test_four_fifths_are_near_the_limit(used: int, limit: int | None, level: Level) -> None:
    assert level_of(used, limit) is level


def test_exactly_one_step_crosses_the_mark() -> None:
    assert [count for count in range(1, 31) if crosses(count - 1, count, 30)] == [24]


@pytest.mark.parametrize(
    ("day", "following"), [(date(2026, 11, 30), date(2026, 12, 1)), (date(2026, 12, 5), date(2027, 1, 1))]
)
def test_the_next_month_begins_on_its_first(day: date, following: date) -> None:
    assert next_month(day) == following


def test_twelve_months_end_with_this_one() -> None:
    months = months_before(date(2026, 2, 14), 12)
    assert (len(months), months[0], months[-1]) == (12, date(2025, 3, 1), date(2026, 2, 1))


@pytest.mark.parametrize(
    ("begun", "words"),
    [(23, ""), (24, "6 more can be begun before 1 December 2026"), (30, "on 1 December 2026")],
)
def test_whoever_begins_reports_is_told_what_is_left(begun: int, words: str) -> None:
    note = Month(TODAY, begun, 30).note
    assert words in note if words else not note
