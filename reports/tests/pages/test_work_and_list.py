"""The work list and the list of reports."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from reports.models import Report
from reports.tests.pages.conftest import Within
from tenants.models import Organization, User
from tenants.mongodb.monitoring import Command

ClientFor = Callable[[User], Client]
Commands = Callable[[], AbstractContextManager[list[Command]]]
# Session and person with organization, then what the page itself asks for.
BEFORE_THE_PAGE = 1


def page(client: Client, name: str, **query: str) -> str:
    response = client.get(reverse(name), query)
    assert response.status_code == 200
    return response.content.decode()


def many(within: Within, count: int, **values: Any) -> None:
    """That many reports at once, without the actions."""
    now = timezone.now()
    within(
        lambda: Report.objects.bulk_create(
            Report(
                reference=f"AV/{number:05}",
                bank_code="SBI",
                bank_name="State Bank of India",
                branch_code="X",
                branch_name="Kompally",
                scheme="general",
                property_type="flat",
                format_version=1,
                format_title="Flat",
                applicant_name=f"Applicant {number:05}",
                search_text=f"av/{number:05} applicant {number:05} kompally",
                created_by=values.get("created_by", "0" * 24),
                created_by_name="Vikram Valuer",
                updated_by_name="Vikram Valuer",
                created_at=now,
                updated_at=now,
                status=values.get("status", "draft"),
            )
            for number in range(count)
        )
    )


@pytest.mark.parametrize("name", ["work", "reports:list"])
def test_signed_out_it_asks_to_sign_in(database: None, name: str) -> None:
    assert reverse("sign-in") in Client().get(reverse(name)).headers["Location"]


@pytest.mark.parametrize("name", ["work", "reports:list", "reports:new"])
def test_staff_see_no_firms_pages(staff: User, client_for: ClientFor, name: str) -> None:
    assert client_for(staff).get(reverse(name)).status_code == 403


def test_an_empty_work_list_offers_a_new_report(valuer: User, client_for: ClientFor) -> None:
    assert "Nothing waits for you" in page(client_for(valuer), "work")


def test_work_shows_my_draft(begun: Report, valuer: User, client_for: ClientFor) -> None:
    assert begun.reference in page(client_for(valuer), "work")


def test_work_shows_nobody_elses_draft(begun: Report, other_valuer: User, client_for: ClientFor) -> None:
    assert begun.reference not in page(client_for(other_valuer), "work")


def test_work_shows_a_manager_what_to_review(in_review: Report, manager: User, client_for: ClientFor) -> None:
    assert reverse("reports:review", args=[in_review.pk]) in page(client_for(manager), "work")


def test_work_shows_a_valuer_nothing_to_review_unless_the_firm_lets_valuers_review(
    in_review: Report, other_valuer: User, client_for: ClientFor
) -> None:
    assert in_review.reference not in page(client_for(other_valuer), "work")


def test_work_shows_a_valuer_what_to_review_where_the_firm_lets_valuers_review(
    in_review: Report, firm: Organization, other_valuer: User, client_for: ClientFor
) -> None:
    Organization.objects.filter(pk=firm.pk).update(valuers_may_review=True)
    assert in_review.reference in page(client_for(other_valuer), "work")


def test_work_shows_a_manager_what_to_issue(approved: Report, manager: User, client_for: ClientFor) -> None:
    assert "To issue" in page(client_for(manager), "work")


def test_work_shows_what_i_did_last(begun: Report, valuer: User, client_for: ClientFor) -> None:
    assert "You began the report" in page(client_for(valuer), "work")


def test_work_never_shows_a_rivals_report(begun: Report, rival_manager: User, client_for: ClientFor) -> None:
    assert begun.reference not in page(client_for(rival_manager), "work")


def test_work_costs_two_commands_of_its_own(
    begun: Report, valuer: User, client_for: ClientFor, commands: Commands
) -> None:
    client = client_for(valuer)
    with commands() as sent:
        page(client, "work")
    assert len(sent) == BEFORE_THE_PAGE + 2


def test_an_empty_list_offers_the_first_report(valuer: User, client_for: ClientFor) -> None:
    assert "Begin the first report" in page(client_for(valuer), "reports:list")


def test_an_empty_list_offers_a_viewer_nothing_to_begin(viewer: User, client_for: ClientFor) -> None:
    assert "Begin the first report" not in page(client_for(viewer), "reports:list")


def test_the_list_shows_a_report_with_its_value_grouped(
    filled: Report, viewer: User, client_for: ClientFor
) -> None:
    assert "52,05,400" in page(client_for(viewer), "reports:list")


def test_the_list_hides_a_report_from_a_rival_firm(
    begun: Report, rival_manager: User, client_for: ClientFor
) -> None:
    assert begun.reference not in page(client_for(rival_manager), "reports:list")


def test_a_search_finds_reports_that_have_every_word(
    within: Within, valuer: User, client_for: ClientFor
) -> None:
    many(within, 3)
    text = page(client_for(valuer), "reports:list", q="KOMPALLY 00002")
    assert ("AV/00002" in text, "AV/00001" in text) == (True, False)


@pytest.mark.parametrize("words", [".*", "kompally|x", "av/0000[12]", "(", "\\", "$ne", "%"])
def test_a_search_takes_signs_as_signs(
    words: str, within: Within, valuer: User, client_for: ClientFor
) -> None:
    many(within, 2)
    assert "No report matches" in page(client_for(valuer), "reports:list", q=words)


def test_mine_leaves_out_other_peoples_reports(
    begun: Report, other_valuer: User, client_for: ClientFor
) -> None:
    assert begun.reference not in page(client_for(other_valuer), "reports:list", mine="1")


def test_a_status_leaves_out_the_others(
    begun: Report, in_review: Report, valuer: User, client_for: ClientFor
) -> None:
    text = page(client_for(valuer), "reports:list", status="in_review")
    assert (in_review.reference in text, f">{begun.reference}<" in text) == (True, False)


def test_a_bank_without_reports_matches_nothing(begun: Report, valuer: User, client_for: ClientFor) -> None:
    assert "No report matches" in page(client_for(valuer), "reports:list", bank="BOB")


def test_a_thousand_reports_come_in_pages(within: Within, valuer: User, client_for: ClientFor) -> None:
    many(within, 1001)
    text = page(client_for(valuer), "reports:list", page="51")
    assert "1001–1001 of 1001" in text


@pytest.mark.parametrize("number", ["0", "-1", "x", "99999"])
def test_a_page_that_is_none_shows_one_that_is(
    number: str, begun: Report, valuer: User, client_for: ClientFor
) -> None:
    assert begun.reference in page(client_for(valuer), "reports:list", page=number)


def test_the_next_page_keeps_the_search(within: Within, valuer: User, client_for: ClientFor) -> None:
    many(within, 30)
    assert "?q=kompally&amp;page=2" in page(client_for(valuer), "reports:list", q="kompally")


def test_the_list_costs_two_commands_of_its_own_however_long(
    within: Within, valuer: User, client_for: ClientFor, commands: Commands
) -> None:
    many(within, 60)
    client = client_for(valuer)
    with commands() as sent:
        page(client, "reports:list", q="kompally", mine="")
    assert len(sent) == BEFORE_THE_PAGE + 2


def test_the_list_never_fetches_answers(
    filled: Report, valuer: User, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        pytest.fail("a whole report was loaded")

    monkeypatch.setattr(Report, "from_db", refuse)
    assert filled.reference in page(client_for(valuer), "reports:list")
