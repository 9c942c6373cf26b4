"""Letters about a report's steps: to whom they go, what they say, and what they never say."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.conf import settings as configured
from django.core import mail
from django.db import DatabaseError
from pytest_django import Settings

from reports import actions, notifying
from reports.models import Report
from reports.tests.making import NOW, in_review, sample_answers
from tenants.account.notices import Notice, unmuted
from tenants.context import no_organization
from tenants.models import Organization, TaskRecord, User, UserSettings
from tenants.permissions import Role
from tenants.tasks.worker import Worker

pytestmark = pytest.mark.usefixtures("formats")


@pytest.fixture(autouse=True)
def _site(settings: Settings) -> None:
    settings.SITE_URL = "https://reports.example"


def work() -> None:
    """Run every task that waits."""
    with no_organization():
        Worker(queues=configured.TASK_QUEUES).run(threading.Event(), until_empty=True)


def told() -> list[tuple[str, ...]]:
    return sorted((*letter.to, str(letter.subject)) for letter in mail.outbox)


def waiting() -> int:
    return TaskRecord.objects.filter(path__startswith="reports.notifying").count()


def mute(person: User, notice: Notice) -> None:
    UserSettings.objects.create(user_id=str(person.pk), muted=[notice.value])


def returned(report: Report, by: User) -> Report:
    return actions.return_report(report_id=report.pk, note="The rate is too high.", by=by, now=NOW)


def test_managers_are_told_of_a_submission(in_firm: Organization, valuer: User, manager: User) -> None:
    report = in_review(in_firm, valuer)
    work()
    assert told() == [(manager.email, f"{report.reference} waits for review")]


def test_no_rival_is_told(in_firm: Organization, valuer: User, rival_manager: User) -> None:
    in_review(in_firm, valuer)
    work()
    assert told() == []


def test_a_manager_who_submits_is_not_told_of_it(in_firm: Organization, manager: User) -> None:
    in_review(in_firm, manager)
    work()
    assert told() == []


def test_a_submission_that_was_returned_meanwhile_waits_for_nobody(
    in_firm: Organization, valuer: User, manager: User
) -> None:
    report = returned(in_review(in_firm, valuer), manager)
    work()
    assert told() == [(valuer.email, f"{report.reference} is returned for changes")]


def test_who_submitted_is_told_of_the_verdict(in_firm: Organization, valuer: User, manager: User) -> None:
    report = in_review(in_firm, valuer)
    actions.approve_report(report_id=report.pk, by=manager, now=NOW)
    work()
    assert told() == [(valuer.email, f"{report.reference} is approved")]


def test_nobody_is_told_of_what_they_did_themselves(in_firm: Organization, manager: User) -> None:
    report = in_review(in_firm, manager)
    mail.outbox.clear()
    returned(report, manager)
    work()
    assert told() == []


def test_whoever_muted_it_gets_none(in_firm: Organization, valuer: User, manager: User) -> None:
    mute(manager, Notice.SUBMITTED)
    in_review(in_firm, valuer)
    work()
    assert told() == []


def test_muting_one_kind_leaves_the_others(in_firm: Organization, manager: User) -> None:
    mute(manager, Notice.PLAN)
    assert unmuted([str(manager.pk)], Notice.SUBMITTED) == {str(manager.pk)}


def test_whoever_left_gets_none(in_firm: Organization, valuer: User, manager: User) -> None:
    in_review(in_firm, valuer)
    User.objects.filter(pk=manager.pk).update(is_active=False)
    work()
    assert told() == []


def test_whoever_manages_no_more_gets_none(in_firm: Organization, valuer: User, manager: User) -> None:
    in_review(in_firm, valuer)
    task: Any = notifying.write_letter
    User.objects.filter(pk=manager.pk).update(role=Role.VIEWER)
    report = Report.objects.get()
    assert task.func(Notice.SUBMITTED.value, str(report.pk), str(manager.pk)) == "overtaken"


def test_a_letter_says_nothing_of_what_is_in_the_report(
    in_firm: Organization, valuer: User, manager: User
) -> None:
    report = returned(in_review(in_firm, valuer), manager)
    work()
    text = str(mail.outbox[0].message())
    details = sample_answers()["common"]["details"]
    private = [details["applicant_name"], report.property_address, "The rate is too high."]
    assert [word for word in private if word in text] == []


def test_a_letter_names_report_bank_and_where_to_look(
    in_firm: Organization, valuer: User, manager: User
) -> None:
    report = in_review(in_firm, valuer)
    work()
    link = f"https://reports.example/reports/{report.pk}/review/"
    body = str(mail.outbox[0].body)
    assert [word in body for word in (report.reference, report.bank_name, link)] == [True] * 3


def test_a_step_stands_when_nobody_can_be_told(
    in_firm: Organization, valuer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise DatabaseError("away")

    monkeypatch.setattr("tenants.tasks.store.add", fail)
    assert in_review(in_firm, valuer).status == "in_review"


def test_a_refused_step_tells_nobody(in_firm: Organization, valuer: User, other_valuer: User) -> None:
    report = in_review(in_firm, valuer)
    before = waiting()
    with pytest.raises(actions.NotAllowed):
        actions.approve_report(report_id=report.pk, by=other_valuer, now=NOW)
    assert waiting() == before


def test_a_step_costs_one_write_to_the_control_plane(
    in_firm: Organization, valuer: User, manager: User, commands: Any
) -> None:
    report = in_review(in_firm, valuer)
    with commands() as sent:
        actions.approve_report(report_id=report.pk, by=manager, now=NOW)
    of_control_plane = [(one.name, one.collection) for one in sent if one.database == "valuation_admin"]
    assert of_control_plane == [("findAndModify", "tasks")]
