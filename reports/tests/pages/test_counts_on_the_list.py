"""The numbers on the list are right on the next request after whatever changes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from banks.models import Format
from reports import actions
from reports.counts import current_revision
from reports.models import Report
from reports.tests.pages.conftest import Within
from tenants.models import Organization, User

ClientFor = Callable[[User], Client]
Commands = Callable[[], Any]


def numbers(browser: Client) -> dict[str, int]:
    """The counts of the page's chips, by their words."""
    chips = browser.get("/reports/").context["status_chips"]
    return {chip.text: chip.count for chip in chips if chip.count is not None}


@pytest.fixture
def another(firm: Organization, valuer: User, flat_format: Format, within: Within) -> Callable[[], Report]:
    """Begin one report more."""

    def begin() -> Report:
        report: Report = within(
            lambda: actions.begin_report(
                organization=firm,
                by=valuer,
                now=timezone.now(),
                format_id=flat_format.pk,
                branch_code="SBI_MUM_BKC",
            )
        )
        return report

    return begin


@pytest.fixture
def who(begun: Report, valuer: User) -> dict[str, Any]:
    return {"report_id": begun.pk, "by": valuer, "now": timezone.now()}


def test_a_cancelled_report_counts_as_cancelled_at_once(
    within: Within, valuer: User, client_for: ClientFor, who: dict[str, Any]
) -> None:
    browser = client_for(valuer)
    before = numbers(browser)
    within(lambda: actions.cancel_report(reason="Withdrawn", **who))
    assert (before, numbers(browser)) == ({"Draft": 1}, {"Cancelled": 1})


def test_only_a_change_through_the_actions_begins_a_revision(
    begun: Report, within: Within, valuer: User, client_for: ClientFor
) -> None:
    browser = client_for(valuer)
    browser.get("/reports/")
    before = within(current_revision)
    within(lambda: Report.objects.filter(pk=begun.pk).update(status="in_review"))
    assert (numbers(browser), within(current_revision)) == ({"Draft": 1}, before)


def test_a_page_whose_numbers_are_kept_counts_nothing(
    begun: Report, valuer: User, client_for: ClientFor, commands: Commands
) -> None:
    browser = client_for(valuer)
    browser.get("/reports/")
    with commands() as sent:
        browser.get("/reports/")
    assert [(one.collection, one.name) for one in sent] == [
        ("sessions", "aggregate"),
        ("counters", "find"),
        ("reports", "find"),
    ]


def test_a_report_that_is_begun_is_counted_at_once(
    another: Callable[[], Report], begun: Report, valuer: User, client_for: ClientFor
) -> None:
    browser = client_for(valuer)
    before = numbers(browser)
    another()
    assert (before, numbers(browser)) == ({"Draft": 1}, {"Draft": 2})
