"""A support session ends by its time, by who is inside, by a manager and by signing out; all are told."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from banks.models import Format
from tenants.models import AuditEntry, Organization, Session, SupportSession, TaskRecord, User
from tenants.mongodb.monitoring import Command
from tenants.support.actions import TIME_OVER, end_if_over, end_when_over, tell_managers_it_ended
from tenants.support.reading import how_it_ended

Commands = Callable[[], AbstractContextManager[list[Command]]]


def let_time_pass(support: SupportSession) -> None:
    SupportSession.objects.filter(pk=support.pk).update(ends_at=timezone.now() - timedelta(seconds=1))


def as_stored(support: SupportSession) -> SupportSession:
    return SupportSession.objects.get(pk=support.pk)


def endings() -> list[tuple[str, str]]:
    return [(one.actor, one.details["how"]) for one in AuditEntry.objects.filter(action="support.ended")]


# By the button ------------------------------------------------------------------------------------------


def test_the_button_leads_out(browser: Client, inside: SupportSession, staff: User) -> None:
    assert browser.post("/support/leave/").headers["Location"] == "/admin/"
    assert browser.get("/reports/").status_code == 403
    assert endings() == [(staff.email, "button")]


def test_the_browser_forgets_the_firm_s_pages(browser: Client, inside: SupportSession) -> None:
    assert browser.post("/support/leave/").headers["Clear-Site-Data"] == '"cache"'


def test_the_button_works_when_the_firm_was_suspended_meanwhile(
    browser: Client, inside: SupportSession, firm: Organization
) -> None:
    Organization.objects.filter(pk=firm.pk).update(status="suspended")
    assert browser.post("/support/leave/").headers["Location"] == "/admin/"
    assert as_stored(inside).ended_at is not None


def test_a_member_who_sends_the_button_s_form_goes_to_work(
    client_for: Callable[[User], Client], valuer: User
) -> None:
    assert client_for(valuer).post("/support/leave/").headers["Location"] == "/"


# By time ------------------------------------------------------------------------------------------------


def test_when_the_time_is_over_the_next_request_is_outside(browser: Client, inside: SupportSession) -> None:
    let_time_pass(inside)
    response = browser.get("/reports/")
    assert (response.status_code, b"has ended" in response.content) == (403, True)
    assert endings() == [("system", TIME_OVER)]


def test_what_was_sent_too_late_is_not_done(browser: Client, drafting: SupportSession) -> None:
    let_time_pass(drafting)
    assert browser.post("/reports/new/", {"bank": "SBI"}).status_code == 403


def test_the_api_says_so_as_a_problem(browser: Client, inside: SupportSession) -> None:
    let_time_pass(inside)
    response = browser.get("/api/reports")
    assert (response.status_code, response.headers["Content-Type"]) == (403, "application/problem+json")


def test_the_admin_says_so_and_goes_on(browser: Client, inside: SupportSession) -> None:
    let_time_pass(inside)
    response = browser.get("/admin/tenants/plan/")
    assert (response.status_code, b"has ended" in response.content) == (200, True)


def test_it_is_said_once(browser: Client, inside: SupportSession) -> None:
    let_time_pass(inside)
    browser.get("/reports/")
    assert b"belongs to no firm" in browser.get("/reports/").content


def test_a_session_that_nobody_came_back_to_is_ended_by_the_worker(inside: SupportSession) -> None:
    let_time_pass(inside)
    end_when_over.func(str(inside.pk))
    assert as_stored(inside).ended_by == TIME_OVER


def test_the_worker_leaves_one_alone_whose_time_is_not_over(inside: SupportSession) -> None:
    end_when_over.func(str(inside.pk))
    assert as_stored(inside).ended_at is None


def test_it_ends_once(inside: SupportSession) -> None:
    let_time_pass(inside)
    for _ in range(2):
        end_if_over(inside.pk)
    assert len(endings()) == 1


# By a manager -------------------------------------------------------------------------------------------


def show_the_door(browser: Client, support: SupportSession) -> int:
    return browser.post(reverse("support-end", args=[support.pk])).status_code


def test_a_manager_shows_the_door_at_once(
    browser: Client, inside: SupportSession, manager: User, client_for: Callable[[User], Client]
) -> None:
    assert show_the_door(client_for(manager), inside) == 302
    assert b"manager@" in (page := browser.get("/reports/").content) or b"ended it" in page
    assert endings() == [(manager.email, "manager")]


def test_a_manager_can_where_nothing_else_may_be_changed(
    inside: SupportSession, firm: Organization, manager: User, client_for: Callable[[User], Client]
) -> None:
    yesterday = timezone.localdate() - timedelta(days=1)
    Organization.objects.filter(pk=firm.pk).update(read_only_from=yesterday)
    assert show_the_door(client_for(manager), inside) == 302


@pytest.mark.parametrize("who", ["valuer", "assistant", "viewer"])
def test_nobody_but_a_manager_can(
    request: pytest.FixtureRequest, inside: SupportSession, who: str, client_for: Callable[[User], Client]
) -> None:
    assert show_the_door(client_for(request.getfixturevalue(who)), inside) == 403
    assert as_stored(inside).ended_at is None


def test_a_manager_of_another_firm_finds_none(
    inside: SupportSession, rival_manager: User, client_for: Callable[[User], Client]
) -> None:
    assert show_the_door(client_for(rival_manager), inside) == 404


def test_a_colleague_ends_it_in_the_admin(
    browser: Client, inside: SupportSession, staff: User, client_for: Callable[[User], Client]
) -> None:
    client_for(staff).post(reverse("admin:tenants_supportsession_end", args=[inside.pk]))
    assert browser.get("/reports/").status_code == 403


# By signing out -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/sign-out/", "/admin/logout/"])
def test_signing_out_ends_it(browser: Client, inside: SupportSession, staff: User, address: str) -> None:
    browser.post(address)
    assert endings() == [(staff.email, "sign-out")]


# What the firm is told ----------------------------------------------------------------------------------


def test_the_browser_s_session_forgets_it(browser: Client, inside: SupportSession) -> None:
    browser.post("/support/leave/")
    assert not Session.objects.filter(support_id=inside.pk).exists()


def test_the_managers_are_told_what_was_opened(
    browser: Client, inside: SupportSession, manager: User
) -> None:
    browser.get("/")
    browser.get("/reports/")
    browser.post("/support/leave/")
    assert TaskRecord.objects.filter(path="tenants.support.actions.tell_managers_it_ended").count() == 1
    tell_managers_it_ended.func(str(inside.pk))
    said = str(mail.outbox[-1].body)
    assert ("Pages and files opened: 2" in said, "Changed: nothing" in said) == (True, True)


def test_the_managers_are_told_that_something_was_changed(
    browser: Client, drafting: SupportSession, manager: User, formats: None
) -> None:
    browser.post("/reports/new/", _new_report())
    browser.post("/support/leave/")
    tell_managers_it_ended.func(str(drafting.pk))
    assert "Changed: 1 change" in str(mail.outbox[-1].body)


def _new_report() -> dict[str, str]:
    found = Format.objects.filter(bank_code="SBI", property_type="flat", version=2).first()
    assert found is not None
    return {"bank": "SBI", "branch": "SBI_MUM_BKC", "format": str(found.pk)}


def test_the_list_shows_it_to_managers(
    browser: Client,
    inside: SupportSession,
    manager: User,
    client_for: Callable[[User], Client],
    commands: Commands,
) -> None:
    browser.get("/")
    manager_s = client_for(manager)
    with commands() as sent:
        page = manager_s.get("/support/").content.decode()
    assert all(words in page for words in ("is in your firm now", inside.reason, "End now"))
    # The session, the list, the pages counted.
    assert len(sent) == 3


@pytest.mark.parametrize("who", ["valuer", "assistant", "viewer"])
def test_the_list_is_for_managers(
    request: pytest.FixtureRequest, database: None, who: str, client_for: Callable[[User], Client]
) -> None:
    assert client_for(request.getfixturevalue(who)).get("/support/").status_code == 403


def test_the_list_has_nothing_of_another_firm(
    inside: SupportSession, rival_manager: User, client_for: Callable[[User], Client]
) -> None:
    assert inside.reason not in client_for(rival_manager).get("/support/").content.decode()


@pytest.mark.parametrize(
    ("ended_by", "said"),
    [
        ("time over", "when its time was over"),
        ("staff@example.com", "by the staff member"),
        ("manager@example.com", "by manager@example.com"),
        ("not announced", "before it began: no e-mail could be sent to you"),
    ],
)
def test_how_it_ended_is_said_in_words(ended_by: str, said: str) -> None:
    now = timezone.now()
    support = SupportSession(
        staff_email="staff@example.com", begun_at=now, ends_at=now, ended_at=now, ended_by=ended_by
    )
    assert how_it_ended(support, now) == said


def test_a_new_key_of_the_browser_session_ends_it(
    browser: Client, inside: SupportSession, staff: User
) -> None:
    staff.set_password("a-password-for-tests-only")
    User.objects.filter(pk=staff.pk).update(password=staff.password)
    browser.force_login(staff)
    key = browser.cookies[settings.SESSION_COOKIE_NAME].value
    Session.objects.filter(pk=key).update(support_id=inside.pk)
    another = "another-password-27"
    browser.post(
        reverse("password-change"),
        {"old_password": "a-password-for-tests-only", "new_password1": another, "new_password2": another},
    )
    assert as_stored(inside).ended_at is not None
