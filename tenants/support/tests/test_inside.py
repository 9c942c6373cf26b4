"""Inside a firm: everything that is asked for is recorded, and nothing is changed that was not allowed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError
from django.test import Client
from django.urls import ResolverMatch, reverse

from banks.models import DocumentType, Format
from reports.models import Report
from reports.tests.making import begin
from tenants.context import organization_active
from tenants.errors import ReadOnly
from tenants.models import ActivityEntry, AuditEntry, Organization, StoredFile, SupportSession, User
from tenants.mongodb.monitoring import Command
from tenants.support.middleware import is_closed
from tests.isolation.world import picture

Commands = Callable[[], AbstractContextManager[list[Command]]]


def recorded(action: str = "support.viewed") -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action=action).order_by("at"))


@pytest.fixture
def report(in_firm: Organization, valuer: User, formats: None) -> Report:
    return begin(in_firm, valuer, name="sbi_flat_v1")


# Every view is recorded ---------------------------------------------------------------------------------


def test_a_page_is_recorded_with_who_where_and_the_answer(
    browser: Client, inside: SupportSession, staff: User
) -> None:
    browser.get("/reports/?q=Anita")
    (entry,) = recorded()
    said = (entry.actor, entry.org_id, entry.target, entry.details["status"], entry.details["method"])
    assert said == (staff.email, inside.org_id, "/reports/", 200, "GET")


def test_what_was_searched_for_is_not_recorded(browser: Client, inside: SupportSession) -> None:
    browser.get("/reports/?q=Anita")
    assert "Anita" not in str([(one.target, one.details) for one in recorded()])


def test_the_entry_has_the_request_s_id(browser: Client, inside: SupportSession) -> None:
    response = browser.get("/")
    assert recorded()[0].request_id == response.headers["X-Request-ID"]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/reports/0123456789abcdef01234567/", 404),
        ("/nowhere/", 404),
        ("/firm/", 403),
        ("/api/reports", 200),
        ("/firm/logo/", 404),
    ],
)
def test_what_is_refused_or_absent_is_recorded_too(
    browser: Client, inside: SupportSession, address: str, status: int
) -> None:
    assert browser.get(address).status_code == status
    assert [(one.target, one.details["status"]) for one in recorded()] == [(address, status)]


def test_a_fragment_of_a_page_is_recorded(browser: Client, inside: SupportSession) -> None:
    browser.get("/reports/", headers={"HX-Request": "true"})
    assert recorded()[0].details["fragment"] is True


def test_a_downloaded_document_is_recorded(browser: Client, inside: SupportSession, report: Report) -> None:
    address = reverse("reports:preview-pdf", args=[report.pk])
    assert browser.get(address).status_code == 200
    assert [one.target for one in recorded()] == [address]


def test_a_page_that_cannot_be_recorded_is_not_shown(
    browser: Client, inside: SupportSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise DatabaseError("no")

    monkeypatch.setattr("tenants.support.middleware.record_request", fail)
    response = browser.get("/")
    assert (response.status_code, b"Alpha" in response.content) == (503, False)


def test_a_change_that_cannot_be_recorded_is_not_made(
    browser: Client, drafting: SupportSession, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise DatabaseError("no")

    monkeypatch.setattr("tenants.support.middleware.record_request", fail)
    assert save_section(browser, report).status_code == 503
    assert Report.objects.get(pk=report.pk).version == report.version


def test_nothing_is_recorded_of_a_firm_s_own_people(
    client_for: Callable[[User], Client], valuer: User
) -> None:
    client_for(valuer).get("/")
    assert recorded() == []


def test_a_page_costs_its_entry_and_the_entry_s_place_in_the_chain(
    browser: Client, inside: SupportSession, viewer: User, client_for: Any, commands: Commands
) -> None:
    other = client_for(viewer)
    for one in (browser, other):
        one.get("/reports/")
    with commands() as of_staff:
        browser.get("/reports/")
    with commands() as of_viewer:
        other.get("/reports/")
    # The entry; the head of the chain, and the number.
    assert len(of_staff) == len(of_viewer) + 3


# The banner ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address", ["/", "/reports/", "/support/", "/api/docs/", "/admin/", "/admin/banks/bank/"]
)
def test_every_page_says_so(browser: Client, inside: SupportSession, address: str) -> None:
    page = browser.get(address).content.decode()
    assert all(words in page for words in ("Sunita Staff is in Alpha Valuers", inside.reason, "End support"))


def test_nobody_else_sees_it(client_for: Callable[[User], Client], manager: User) -> None:
    assert b"support-banner" not in client_for(manager).get("/").content


# Looking only -------------------------------------------------------------------------------------------


def save_section(browser: Client, report: Report) -> Any:
    values = {"version": "0", "applicant_name": "Somebody Else"}
    return browser.post(reverse("reports:section", args=[report.pk, "common", "details"]), values)


def test_looking_changes_nothing(browser: Client, inside: SupportSession, report: Report) -> None:
    assert save_section(browser, report).status_code == 403
    assert Report.objects.get(pk=report.pk).version == report.version


def test_a_write_that_no_page_guards_is_refused_where_it_is_made(
    browser: Client, inside: SupportSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[str] = []

    def writes(*args: object, **kwargs: object) -> Any:
        try:
            ActivityEntry.objects.create(action="x", actor_id="y", actor_name="z")
        except ReadOnly as error:
            refused.append(error.why)
            raise

    monkeypatch.setattr("reports.views.pages.render", writes)
    assert (browser.get("/").status_code, refused) == (403, ["support"])


@pytest.mark.parametrize("address", ["/firm/", "/profile/", "/reports/new/"])
def test_what_is_no_business_of_support_is_closed(
    browser: Client, inside: SupportSession, address: str
) -> None:
    assert browser.get(address).status_code == 403


@pytest.mark.parametrize(
    "name", ["profile", "settings", "signature", "tokens", "token-new", "activity-csv", "activity-jsonl"]
)
def test_a_member_s_own_pages_and_exports_are_closed_by_their_names(name: str) -> None:
    assert is_closed(ResolverMatch(lambda request: None, (), {}, url_name=name))


@pytest.mark.parametrize("name", ["work", "activity", "usage", "sessions", "support"])
def test_what_is_for_looking_is_not_closed(name: str) -> None:
    assert not is_closed(ResolverMatch(lambda request: None, (), {}, url_name=name))


def test_an_export_of_the_staff_s_own_admin_is_not_closed() -> None:
    match = ResolverMatch(
        lambda request: None, (), {}, url_name="tenants_organization_export", namespaces=["admin"]
    )
    assert not is_closed(match)


# Changing drafts ----------------------------------------------------------------------------------------


def test_a_draft_is_changed_where_that_was_asked_for(
    browser: Client, drafting: SupportSession, report: Report
) -> None:
    assert save_section(browser, report).status_code == 302
    assert Report.objects.get(pk=report.pk).applicant_name == "Somebody Else"


def test_the_firm_reads_that_it_was_support(
    browser: Client, drafting: SupportSession, report: Report
) -> None:
    save_section(browser, report)
    assert Report.objects.get(pk=report.pk).updated_by_name == "Sunita Staff (support)"


def test_a_report_that_support_begins_says_so(
    browser: Client, drafting: SupportSession, firm: Organization, formats: None
) -> None:
    found = Format.objects.filter(bank_code="SBI", property_type="flat", version=2).first()
    assert found is not None
    browser.post("/reports/new/", {"bank": "SBI", "branch": "SBI_MUM_BKC", "format": str(found.pk)})
    with organization_active(firm.placement):
        assert Report.objects.get().created_by_name == "Sunita Staff (support)"


def test_the_firm_s_activity_says_that_it_was_support(
    browser: Client, drafting: SupportSession, report: Report
) -> None:
    save_section(browser, report)
    entry = ActivityEntry.objects.filter(report_id=str(report.pk)).order_by("-at").first()
    assert entry is not None
    assert entry.actor_name == "Sunita Staff (support)"


def test_a_change_is_recorded_before_and_after(
    browser: Client, drafting: SupportSession, report: Report
) -> None:
    save_section(browser, report)
    assert [len(recorded("support.asked")), len(recorded("support.viewed"))] == [1, 1]


@pytest.mark.parametrize("step", ["submit", "cancel", "approve", "issue"])
def test_nothing_is_submitted_or_decided(
    browser: Client, drafting: SupportSession, report: Report, step: str
) -> None:
    browser.post(reverse(f"reports:{step}", args=[report.pk]))
    assert Report.objects.get(pk=report.pk).status == "draft"


def test_the_firm_s_settings_stay_closed(browser: Client, drafting: SupportSession) -> None:
    assert browser.post("/firm/", {"initials": "XX"}).status_code == 403


def test_the_own_page_of_a_member_stays_closed(browser: Client, drafting: SupportSession) -> None:
    assert browser.post("/profile/", {"name": "Somebody"}).status_code == 403


def test_a_photograph_says_who_added_it(browser: Client, drafting: SupportSession, report: Report) -> None:
    browser.post(
        reverse("reports:photographs", args=[report.pk]),
        {"photos": SimpleUploadedFile("front.jpg", picture(), "image/jpeg")},
    )
    added = StoredFile.objects.get(report_id=str(report.pk))
    assert added.added_by_name == "Sunita Staff (support)"


# Elsewhere ----------------------------------------------------------------------------------------------


def test_what_another_firm_has_is_absent(
    browser: Client,
    inside: SupportSession,
    rival: Organization,
    rival_valuer: User,
    formats: None,
) -> None:
    with organization_active(rival.placement):
        theirs = begin(rival, rival_valuer, name="sbi_flat_v1")
    assert browser.get(reverse("reports:detail", args=[theirs.pk])).status_code == 404


def test_the_admin_works_and_nothing_of_the_firm_is_active_there(
    browser: Client, inside: SupportSession, commands: Commands
) -> None:
    with commands() as sent:
        response = browser.get("/admin/tenants/plan/")
    assert response.status_code == 200
    assert "alpha_valuers" not in {one.database for one in sent}


def test_staff_may_write_shared_resources_in_the_admin_meanwhile(
    browser: Client, inside: SupportSession, formats: None
) -> None:
    kind = {"code": "other_deed", "name": "Other deed", "category": "title", "position": 99}
    browser.post("/admin/banks/documenttype/add/", kind)
    assert DocumentType.objects.filter(code="other_deed").exists()


def test_the_firm_is_never_stored_with_the_staff_member(
    browser: Client, inside: SupportSession, staff: User
) -> None:
    person = browser.get("/").context["request"].user
    person.name = "Sunita S. Staff"
    person.save()
    stored = User.objects.get(pk=staff.pk)
    assert (stored.organization_id, stored.name) == (None, "Sunita S. Staff")


def test_staff_without_a_support_session_stay_outside(browser: Client, firm: Organization) -> None:
    assert browser.get("/reports/").status_code == 403


def test_one_s_session_opens_nothing_for_another(
    browser: Client, inside: SupportSession, client_for: Callable[[User], Client], manager: User, staff: User
) -> None:
    SupportSession.objects.filter(pk=inside.pk).update(staff_id=manager.pk)
    assert browser.get("/reports/").status_code == 403
