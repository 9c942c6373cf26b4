"""Entering a firm: asked with a reason, told to the managers, in one browser for a while."""

from __future__ import annotations

from collections.abc import Callable
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from tenants.models import AuditEntry, Organization, OrganizationStatus, SupportSession, TaskRecord, User
from tenants.support.actions import minutes_on_offer
from tenants.support.tests.conftest import REASON

PASSWORD = "a-password-for-tests-only"


def address(firm: Organization) -> str:
    return reverse("admin:tenants_organization_support", args=[firm.pk])


def ask(browser: Client, firm: Organization, **answers: Any) -> Any:
    return browser.post(address(firm), {"reason": REASON, "minutes": "30", **answers})


def entries(action: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action=action))


@pytest.fixture(autouse=True)
def _people(manager: User, valuer: User) -> None:
    """The firm has a manager to tell, and somebody who is none."""


def test_it_leads_into_the_firm(browser: Client, firm: Organization) -> None:
    assert ask(browser, firm).headers["Location"] == "/"
    assert browser.get("/").context["request"].organization == firm


def test_another_browser_of_the_same_person_stays_outside(
    browser: Client, firm: Organization, staff: User, client_for: Callable[[User], Client]
) -> None:
    other = client_for(staff)
    ask(browser, firm)
    assert other.get("/").status_code == 403


def test_it_is_for_looking_unless_asked_otherwise(browser: Client, firm: Organization) -> None:
    ask(browser, firm)
    assert SupportSession.objects.get().may_write is False


def test_it_ends_after_the_time_that_was_asked_for(browser: Client, firm: Organization) -> None:
    ask(browser, firm, minutes="15")
    support = SupportSession.objects.get()
    assert (support.ends_at - support.begun_at).total_seconds() == 15 * 60


def test_every_manager_is_told_at_once(browser: Client, firm: Organization, manager: User) -> None:
    ask(browser, firm)
    assert [message.to for message in mail.outbox] == [[manager.email]]


def test_the_message_says_who_and_why_and_how_to_end_it(browser: Client, firm: Organization) -> None:
    ask(browser, firm)
    said = str(mail.outbox[0].body)
    assert all(words in said for words in ("Sunita Staff", REASON, "look only", "/support/"))


def test_it_is_recorded_with_its_reason(browser: Client, firm: Organization, staff: User) -> None:
    ask(browser, firm)
    (entry,) = entries("support.begun")
    assert (entry.actor, entry.org_id, entry.details["reason"]) == (staff.email, firm.org_id, REASON)


def test_its_end_is_seen_to_from_the_beginning(browser: Client, firm: Organization) -> None:
    ask(browser, firm)
    task = TaskRecord.objects.get(path="tenants.support.actions.end_when_over")
    assert abs((task.run_after - SupportSession.objects.get().ends_at).total_seconds()) < 1


@pytest.mark.parametrize("reason", ["", "because", "    short    "])
def test_it_needs_a_reason_that_says_something(browser: Client, firm: Organization, reason: str) -> None:
    assert ask(browser, firm, reason=reason).status_code == 200
    assert not SupportSession.objects.exists()


@pytest.mark.parametrize("minutes", ["240", "0", "-15", ""])
def test_it_lasts_no_longer_than_what_is_offered(browser: Client, firm: Organization, minutes: str) -> None:
    ask(browser, firm, minutes=minutes)
    assert not SupportSession.objects.exists()


def test_the_longest_time_is_a_setting(settings: Settings) -> None:
    settings.SUPPORT_MAX_MINUTES = 40
    assert minutes_on_offer() == (15, 30)


def test_the_own_password_is_asked_for_once_more(browser: Client, firm: Organization, staff: User) -> None:
    give_password(staff)
    client = signed_in(staff)
    ask(client, firm, password="something-else")
    assert not SupportSession.objects.exists()
    assert [entry.details["why"] for entry in entries("support.refused")] == ["wrong password"]


def test_the_right_password_lets_in_with_a_new_session_key(firm: Organization, staff: User) -> None:
    give_password(staff)
    client = signed_in(staff)
    before = client.session.session_key
    ask(client, firm, password=PASSWORD)
    assert client.get("/").status_code == 200
    assert client.session.session_key != before


def give_password(staff: User) -> None:
    staff.set_password(PASSWORD)
    staff.save()


def signed_in(staff: User) -> Client:
    client = Client()
    client.force_login(staff)
    return client


@pytest.mark.parametrize("status", [OrganizationStatus.SUSPENDED, OrganizationStatus.OFFBOARDING])
def test_nobody_enters_a_firm_in_which_nobody_works(
    browser: Client, firm: Organization, status: OrganizationStatus
) -> None:
    Organization.objects.filter(pk=firm.pk).update(status=status)
    assert "neither does support" in ask(browser, firm).content.decode()
    assert not SupportSession.objects.exists()


@pytest.mark.usefixtures("inside")
def test_whoever_is_in_one_firm_ends_that_before_entering_another(
    browser: Client, rival: Organization
) -> None:
    assert "End that session first" in ask(browser, rival).content.decode()
    assert SupportSession.objects.count() == 1


def test_without_a_word_to_the_managers_nobody_gets_in(
    browser: Client, firm: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> int:
        raise SMTPServerDisconnected("Connection unexpectedly closed")

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", fail)
    assert "could not be told" in ask(browser, firm).content.decode()
    assert not SupportSession.objects.get().is_open(timezone.now())
    assert browser.get("/").status_code == 403


def test_a_member_of_the_firm_cannot_begin_one(
    firm: Organization, manager: User, client_for: Callable[[User], Client]
) -> None:
    assert "/admin/login/" in ask(client_for(manager), firm).headers["Location"]


def test_guessing_the_password_is_stopped_as_at_sign_in(
    firm: Organization, staff: User, settings: Settings
) -> None:
    settings.SIGN_IN_FAILURES = 2
    give_password(staff)
    client = signed_in(staff)
    for _ in range(2):
        ask(client, firm, password="something-else")
    assert "Too many wrong passwords" in ask(client, firm, password=PASSWORD).content.decode()
    assert not SupportSession.objects.exists()
