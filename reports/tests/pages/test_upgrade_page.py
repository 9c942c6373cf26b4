"""The page on which a draft is brought up to date."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from banks.overrides import change_format
from reports.models import Report
from reports.tests.actions.test_upgrade import FLAT, publish_next
from reports.tests.making import begin
from reports.tests.pages.conftest import Within
from tenants.models import Organization, User

pytestmark = pytest.mark.usefixtures("formats")


@pytest.fixture
def draft(firm: Organization, valuer: User, within: Within) -> Report:
    report: Report = within(lambda: begin(firm, valuer, name=FLAT))
    return report


@pytest.fixture
def at_work(client: Client, valuer: User) -> Client:
    client.force_login(valuer)
    return client


def page_of(report: Report) -> str:
    return reverse("reports:upgrade", args=[report.pk])


def test_the_report_says_that_a_newer_version_is_in_force(at_work: Client, draft: Report) -> None:
    publish_next()

    body = at_work.get(reverse("reports:detail", args=[draft.pk])).content.decode()

    assert "A newer version of this format is in force" in body


def test_it_shows_what_would_be_kept_aside(at_work: Client, draft: Report) -> None:
    publish_next()

    groups = at_work.get(page_of(draft)).context["groups"]

    assert [(group["id"], [line["label"] for line in group["lines"]]) for group in groups] == [
        ("aside", ["Landmark"])
    ]


def test_the_button_brings_the_report_up_to_date(at_work: Client, draft: Report, within: Within) -> None:
    publish_next()
    answer = at_work.post(page_of(draft), {"version": "2", "base_version": str(draft.version)})

    stored: Report = within(lambda: Report.objects.get(pk=draft.pk))
    assert (answer.status_code, stored.format_version) == (302, 2)


def test_the_report_shows_what_it_keeps_aside(at_work: Client, draft: Report) -> None:
    publish_next()
    at_work.post(page_of(draft), {"version": "2", "base_version": str(draft.version)})

    body = at_work.get(reverse("reports:detail", args=[draft.pk])).content.decode()

    assert "Answers kept aside" in body
    assert draft.answers["general"]["location"]["landmark"] in body


@pytest.mark.parametrize("sent", [{}, {"version": "x", "base_version": "1"}, {"version": "9" * 30}])
def test_what_nobody_was_shown_changes_nothing(
    at_work: Client, draft: Report, within: Within, sent: dict[str, Any]
) -> None:
    publish_next()
    answer = at_work.post(page_of(draft), sent)

    stored: Report = within(lambda: Report.objects.get(pk=draft.pk))
    assert (answer.status_code, stored.format_version) == (422, 1)


def test_a_report_that_is_up_to_date_says_so(at_work: Client, draft: Report) -> None:
    assert "The report is up to date" in at_work.get(page_of(draft)).content.decode()


def test_it_shows_the_values_that_would_be_other_ones(
    at_work: Client, draft: Report, manager: User, within: Within
) -> None:
    changes: dict[str, Any] = {"parameters": {"realizable_percent": "50"}}
    within(
        lambda: change_format(
            bank_code="UCO", format_name="general/flat", changes=changes, by=manager, base_version=0
        )
    )
    values = {name: (before, after) for name, before, after in at_work.get(page_of(draft)).context["values"]}
    before, after = values.pop("Realizable value")

    assert (values, before > after) == ({}, True)


def test_it_says_that_the_values_stay(at_work: Client, draft: Report) -> None:
    publish_next()
    assert "The values stay the same" in at_work.get(page_of(draft)).content.decode()


def test_it_asks_for_little(at_work: Client, draft: Report, commands: Any) -> None:
    publish_next()
    at_work.get(page_of(draft))
    with commands() as asked:
        at_work.get(page_of(draft))

    # The session, the report, what the firm changes.
    assert len(asked) == 3
