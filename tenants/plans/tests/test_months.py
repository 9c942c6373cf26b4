"""Reports of a month, on the real database: taken one by one, refused at the limit, told at 80 %."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from banks.models import Format
from reports.actions import ReportLimitReached, begin_report, cancel_report
from reports.models import Report
from reports.tests.making import NOW, begin
from tenants.context import carry, no_organization, organization_active
from tenants.models import AuditEntry, Counter, Organization, TaskRecord, User, UserSettings
from tenants.plans.months import begun_in, counter_of, take_report
from tenants.plans.warning import tell_managers

DAY = date(2026, 11, 23)
ClientFor = Callable[[User], Client]


def plan(organization: Organization, **limits: Any) -> Organization:
    """The firm with a plan that limits so much."""
    organization.plan, organization.limits = "basic", {"name": "Basic", "features": ["api"], **limits}
    Organization.objects.filter(pk=organization.pk).update(plan="basic", limits=organization.limits)
    return organization


def begun(count: int) -> None:
    Counter.objects.create(name=counter_of(DAY), value=count)


@pytest.fixture
def letters() -> list[Any]:
    mail.outbox = []
    return mail.outbox


def test_each_report_takes_one(formats: None, in_firm: Organization, valuer: User) -> None:
    begin(plan(in_firm, reports_a_month=30), valuer)
    begin(in_firm, valuer)
    assert begun_in(DAY) == 2


def test_a_firm_without_a_plan_is_counted_all_the_same(
    formats: None, in_firm: Organization, valuer: User
) -> None:
    begin(in_firm, valuer)
    assert begun_in(DAY) == 1


def test_a_month_begins_in_the_time_zone_of_the_firm(
    in_firm: Organization, valuer: User, formats: None
) -> None:
    stored = Format.objects.get(bank_code="SBI", property_type="flat", version=2)
    # Half past midnight on the first of December in Kolkata.
    late = datetime(2026, 11, 30, 19, 0, tzinfo=UTC)
    begin_report(organization=in_firm, by=valuer, now=late, format_id=stored.pk, branch_code="SBI_MUM_BKC")
    assert (begun_in(DAY), begun_in(date(2026, 12, 1))) == (0, 1)


def test_the_last_one_is_given_and_the_next_refused(
    formats: None, in_firm: Organization, valuer: User
) -> None:
    begun(29)
    begin(plan(in_firm, reports_a_month=30), valuer)
    with pytest.raises(ReportLimitReached, match=r"All 30 reports .* November 2026 .* on 1 December 2026"):
        begin(in_firm, valuer)


def test_a_refused_report_spends_no_number_and_leaves_nothing(
    formats: None, in_firm: Organization, valuer: User
) -> None:
    begun(30)
    before = dict(Counter.objects.values_list("name", "value"))
    with pytest.raises(ReportLimitReached):
        begin(plan(in_firm, reports_a_month=30), valuer)
    assert dict(Counter.objects.values_list("name", "value")) == before
    assert not Report.objects.exists()


def test_a_cancelled_draft_gives_nothing_back(formats: None, in_firm: Organization, valuer: User) -> None:
    report = begin(plan(in_firm, reports_a_month=30), valuer)
    cancel_report(report_id=report.pk, by=valuer, now=NOW)
    assert begun_in(DAY) == 1


def test_a_smaller_plan_refuses_at_once(formats: None, in_firm: Organization, valuer: User) -> None:
    begun(40)
    with pytest.raises(ReportLimitReached):
        begin(plan(in_firm, reports_a_month=30), valuer)


def test_a_plan_without_reports_gives_none(formats: None, in_firm: Organization, valuer: User) -> None:
    with pytest.raises(ReportLimitReached):
        begin(plan(in_firm, reports_a_month=0), valuer)


@pytest.mark.parametrize(("present", "given"), [(25, 5), (0, 30)])
def test_thirty_at_once_get_exactly_what_is_left(
    formats: None, in_firm: Organization, valuer: User, present: int, given: int
) -> None:
    plan(in_firm, reports_a_month=30)
    if present:
        begun(present)

    def one(_: int) -> bool:
        try:
            begin(in_firm, valuer, filled=False)
        except ReportLimitReached:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(30) as pool:
        assert sum(pool.map(carry(one), range(30))) == given
    assert begun_in(DAY) == 30
    numbers = sorted(
        reference.split("/")[1] for reference in Report.objects.values_list("reference", flat=True)
    )
    assert numbers == [f"{number:04}" for number in range(1, given + 1)]


def test_other_processes_meet_in_the_transaction(
    formats: None, in_firm: Organization, valuer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their threads share no lock with ours."""
    monkeypatch.setattr("reports.actions.begin.one_after_another", nullcontext)
    plan(in_firm, reports_a_month=30)
    begun(28)

    def one(_: int) -> bool:
        try:
            begin(in_firm, valuer, filled=False)
        except ReportLimitReached:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(carry(one), range(6))) == 2


# Being told -------------------------------------------------------------------------------------------


def test_whoever_crosses_four_fifths_is_told(formats: None, in_firm: Organization, valuer: User) -> None:
    plan(in_firm, reports_a_month=10)
    stored = Format.objects.get(bank_code="SBI", property_type="flat", version=2)
    told: list[str] = []
    for count in range(10):
        begin_report(
            organization=in_firm,
            by=valuer,
            now=NOW,
            format_id=stored.pk,
            branch_code="SBI_MUM_BKC",
            warn=lambda text, count=count: told.append(f"{count + 1}: {text}"),  # type: ignore[misc]
        )
    assert told == ["8: 8 of this month's 10 reports are begun; 2 more can be begun before 1 December 2026."]
    assert TaskRecord.objects.filter(path="tenants.plans.warning.tell_managers").count() == 1


def tell(organization: Organization, used: int = 24) -> str:
    with no_organization():
        return str(tell_managers.func(organization.org_id, "reports_a_month", used, 30, "2026-11"))


def test_managers_get_a_letter(firm: Organization, manager: User, valuer: User, letters: list[Any]) -> None:
    plan(firm, reports_a_month=30)
    assert tell(firm) == "told 1"
    assert (letters[0].to, letters[0].subject) == (
        [manager.email],
        "Alpha Valuers: few reports of this month left",
    )
    assert "24 of this month's 30 reports are begun." in letters[0].body


def test_that_managers_were_told_is_recorded_once(
    firm: Organization, manager: User, letters: list[Any]
) -> None:
    plan(firm, reports_a_month=30)
    tell(firm)
    tell(firm, used=25)
    (entry,) = AuditEntry.objects.filter(action="limit.warned", org_id=firm.org_id)
    assert entry.details == {"what": "reports of this month", "used": 24, "limit": 30}


def test_a_letter_is_sent_once_a_month(firm: Organization, manager: User, letters: list[Any]) -> None:
    plan(firm, reports_a_month=30)
    tell(firm)
    assert (tell(firm, used=25), len(letters)) == ("told already", 1)


def test_whoever_wants_no_such_letters_gets_none(
    firm: Organization, manager: User, letters: list[Any]
) -> None:
    plan(firm, reports_a_month=30)
    with organization_active(firm.placement):
        UserSettings.objects.create(user_id=str(manager.pk), muted=["plan"])
    assert (tell(firm), letters) == ("told 0", [])


def test_a_letter_that_was_not_sent_is_tried_again(
    firm: Organization, manager: User, letters: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(firm, reports_a_month=30)

    def fail(*args: Any) -> None:
        raise OSError("The mail server does not answer.")

    with monkeypatch.context() as patched:
        patched.setattr(EmailBackend, "send_messages", fail)
        with pytest.raises(OSError, match="mail server"):
            tell(firm)
    assert tell(firm) == "told 1"


# Pages and the API ------------------------------------------------------------------------------------

CHOSEN = {"bank": "SBI", "branch": "SBI_MUM_BKC"}


def _with_format() -> dict[str, str]:
    return {**CHOSEN, "format": str(Format.objects.get(bank_code="SBI", property_type="flat", version=2).pk)}


@pytest.mark.usefixtures("formats")
@pytest.mark.parametrize(
    ("present", "words"), [(23, ""), (25, "5 more can be begun before"), (30, "No report can be begun now")]
)
def test_the_new_report_page_says_what_is_left(
    firm: Organization, valuer: User, client_for: ClientFor, present: int, words: str
) -> None:
    plan(firm, reports_a_month=30)
    with organization_active(firm.placement):
        Counter.objects.create(name=counter_of(timezone.localdate()), value=present)
    page = client_for(valuer).get(reverse("reports:new"), {"bank": "SBI"}).content.decode()
    assert words in page if words else "reports are begun" not in page


@pytest.mark.usefixtures("formats")
def test_the_page_refuses_with_the_reason(firm: Organization, valuer: User, client_for: ClientFor) -> None:
    plan(firm, reports_a_month=0)
    answer = client_for(valuer).post(reverse("reports:new"), _with_format())
    assert answer.status_code == 422
    assert answer.content.decode().count("All 0 reports that the plan allows") == 1


@pytest.mark.usefixtures("formats")
def test_the_api_refuses_with_a_type_of_its_own(
    firm: Organization, valuer: User, client_for: ClientFor
) -> None:
    plan(firm, reports_a_month=0)
    body = {"bank": "SBI", "branch": "SBI_MUM_BKC", "scheme": "general", "property_type": "flat"}
    answer = client_for(valuer).post("/api/reports", body, content_type="application/json")
    assert (answer.status_code, answer.json()["type"]) == (403, "/api/docs/#problem-limit")


def test_taking_costs_one_command(
    in_firm: Organization, commands: Callable[[], AbstractContextManager[list[Any]]]
) -> None:
    plan(in_firm, reports_a_month=30)
    with commands() as sent:
        take_report(in_firm, DAY)
    assert len(sent) == 1
