"""A bank with ten thousand branches: pages stay small, and as quick as with three."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.test import Client
from django.urls import reverse

from banks.models import Bank
from reports.models import Report
from reports.tests.making import begin
from tenants.context import no_organization, organization_active
from tenants.models import Organization, User
from tenants.mongodb.clients import clients
from tenants.mongodb.monitoring import Command
from tenants.shared_cache import begin_next_revision

ClientFor = Callable[[User], Client]
Commands = Callable[[], AbstractContextManager[list[Command]]]
MANY = 10_000


@pytest.fixture
def many(formats: None) -> None:
    """The State Bank of India with its own branches and ten thousand more."""
    branches = [
        {
            "code": f"B{number}",
            "name": f"Branch {number:05}",
            "ifsc": f"SBIN0{number:06}",
            "city": "Pune" if number % 2 else "Nagpur",
            "state": "Maharashtra",
            "is_active": True,
        }
        for number in range(MANY)
    ]
    shared = clients.for_address("MONGODB_URI")["shared_resources"]
    shared[Bank._meta.db_table].update_one({"code": "SBI"}, {"$push": {"branches": {"$each": branches}}})
    with no_organization():
        begin_next_revision()


@pytest.fixture
def report(firm: Organization, valuer: User, many: None) -> Report:
    with organization_active(firm.placement):
        return begin(firm, valuer)


def section(report: Report) -> str:
    return reverse("reports:section", args=[report.pk, "common", "details"])


def test_the_page_of_a_new_report_shows_some_and_finds_the_rest(
    many: None, valuer: User, client_for: ClientFor, commands: Commands
) -> None:
    browser = client_for(valuer)
    browser.get(reverse("reports:new"), {"bank": "SBI"})
    with commands() as sent:
        page = browser.get(reverse("reports:new"), {"bank": "SBI", "branch_q": "pune 04217"})
    text = page.content.decode()
    assert "Branch 04217" in text
    assert "Branch 04219" not in text
    assert len(page.content) < 40_000
    # The session, the person's settings, what the firm changed of banks, the month's reports.
    assert len(sent) <= 5


def test_the_question_for_the_branch_is_typed_instead_of_listed(
    report: Report, valuer: User, client_for: ClientFor, commands: Commands
) -> None:
    browser = client_for(valuer)
    browser.get(section(report))
    with commands() as sent:
        page = browser.get(section(report))
    text = page.content.decode()
    assert f'value="{report.branch_name} (' in text
    assert "Branch 00001" not in text
    assert len(page.content) < 60_000
    # The session, the report, its photographs, what the firm changed of the bank.
    assert len(sent) <= 4


def test_what_fits_one_branch_is_that_branch(
    firm: Organization, report: Report, valuer: User, client_for: ClientFor, commands: Commands
) -> None:
    browser = client_for(valuer)
    browser.get(section(report))
    with commands() as sent:
        answer = browser.post(section(report), {"branch": "nagpur 04216", "version": 0})
    with organization_active(firm.placement):
        saved = Report.objects.get(pk=report.pk)
    assert answer.status_code == 302
    assert (saved.branch_code, saved.branch_name) == ("B4216", "Branch 04216")
    assert saved.answers["common"]["details"]["branch"] == "B4216"
    assert len(sent) <= 13, [one.collection for one in sent]


def test_what_fits_several_branches_is_said_with_some_of_them(
    report: Report, valuer: User, client_for: ClientFor
) -> None:
    answer = client_for(valuer).post(section(report), {"branch": "nagpur", "version": 0})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "fits 5,000, among them Branch 00000 (SBIN0000000)" in text
    assert '<option value="Branch 00002 (SBIN0000002)">' in text
    assert 'value="nagpur"' in text


def test_what_the_page_shows_as_the_branch_changes_nothing_when_it_is_sent_back(
    firm: Organization, report: Report, valuer: User, client_for: ClientFor
) -> None:
    text = client_for(valuer).get(section(report)).content.decode()
    shown = text.split('name="branch" value="')[1].split('"')[0]
    client_for(valuer).post(section(report), {"branch": shown, "version": 0})
    with organization_active(firm.placement):
        assert Report.objects.get(pk=report.pk).version == report.version
