"""Figures, moments and events as pages write them."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from reports.activity import Event, describe, fold
from reports.templatetags.reports_text import in_words, moment, rupees, words
from tenants.models import ActivityEntry

NOW = datetime(2026, 11, 23, 10, 42, tzinfo=timezone.get_default_timezone())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("13928125.00"), "1,39,28,125"),
        (Decimal("13928125.5"), "1,39,28,125.50"),
        (Decimal("0"), "0"),
        (None, ""),
    ],
)
def test_it_groups_rupees_the_indian_way(value: Decimal | None, text: str) -> None:
    assert rupees(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 minute"),
        (3599, "59 minutes"),
        (3600, "1 hour"),
        (86399, "23 hours"),
        (86400, "1 day"),
        (86400 * 12, "12 days"),
    ],
)
def test_it_says_how_old_in_one_unit(seconds: float, text: str) -> None:
    assert in_words(seconds) == text


def test_it_says_yesterday() -> None:
    assert moment(timezone.now() - timedelta(days=1)) == "Yesterday"


def test_it_names_the_year_of_a_day_long_ago() -> None:
    assert moment(NOW.replace(year=2019)) == "23 Nov 2019"


def test_it_writes_a_code_as_words() -> None:
    assert words("land_building") == "Land building"


def entry(action: str, **details: Any) -> ActivityEntry:
    return ActivityEntry(at=NOW, action=action, actor_name="Vikram Valuer", details=details)


def test_it_tells_which_section_was_saved_and_what_changed_in_it() -> None:
    changes = [{"label": "Adopted rate"}, {"label": "Extent"}]
    event = describe(entry("section_saved", label="Market rate", changes=changes, count=4))
    assert (event.text, event.details) == ("saved Market rate", ("Adopted rate, Extent and 2 more",))


def test_it_quotes_the_note_of_a_return() -> None:
    assert describe(entry("report_returned", note="Check the rate.")).details == ("“Check the rate.”",)


def test_it_tells_an_action_that_it_has_no_words_for_by_its_name() -> None:
    assert describe(entry("map_attached")).text == "map attached"


def event(text: str, by: str = "Vikram Valuer") -> Event:
    return Event(NOW, by, text, "camera", "1", "")


def test_it_folds_the_same_thing_done_several_times_running() -> None:
    folded = fold([event("added a photograph"), event("added a photograph"), event("began the report")])
    assert [item.text for item in folded] == ["added a photograph, 2 times", "began the report"]


def test_it_folds_nothing_that_two_people_did() -> None:
    assert len(fold([event("wrote a comment"), event("wrote a comment", by="Meera Manager")])) == 2
