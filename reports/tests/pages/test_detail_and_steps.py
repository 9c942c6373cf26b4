"""One report's page and the steps that its buttons take."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from reports import actions
from reports.documents.render import RenderingFailed
from reports.models import Report
from reports.tests.pages.conftest import Within
from tenants.models import Organization, User
from tenants.mongodb.monitoring import Command

ClientFor = Callable[[User], Client]
Commands = Callable[[], AbstractContextManager[list[Command]]]


def url(report: Report, name: str = "detail") -> str:
    return reverse(f"reports:{name}", args=[report.pk])


def text_of(client: Client, report: Report) -> str:
    response = client.get(url(report))
    assert response.status_code == 200
    return response.content.decode()


def status_of(report: Report, within: Within) -> str:
    return str(within(lambda: Report.objects.get(pk=report.pk)).status)


def test_it_hides_a_report_from_a_rival_firm(
    begun: Report, rival_manager: User, client_for: ClientFor
) -> None:
    assert client_for(rival_manager).get(url(begun)).status_code == 404


@pytest.mark.parametrize("pk", ["f" * 24, "nonsense", "0"])
def test_a_report_that_never_was_is_a_404(
    pk: str, firm: Organization, valuer: User, client_for: ClientFor
) -> None:
    assert client_for(valuer).get(f"/reports/{pk}/").status_code == 404


def test_signed_out_it_asks_to_sign_in(begun: Report) -> None:
    assert reverse("sign-in") in Client().get(url(begun)).headers["Location"]


@pytest.mark.parametrize(
    ("who", "offered"), [("valuer", True), ("manager", True), ("assistant", False), ("viewer", False)]
)
def test_it_offers_submitting_to_those_who_may(
    who: str, offered: bool, begun: Report, client_for: ClientFor, request: pytest.FixtureRequest
) -> None:
    text = text_of(client_for(request.getfixturevalue(who)), begun)
    assert ("Submit for review" in text) is offered


def test_it_tells_an_assistant_who_submits(begun: Report, assistant: User, client_for: ClientFor) -> None:
    assert "A valuer submits the report." in text_of(client_for(assistant), begun)


def test_it_tells_what_happened(begun: Report, viewer: User, client_for: ClientFor) -> None:
    assert "began the report" in text_of(client_for(viewer), begun)


def test_it_offers_the_review_to_a_manager(in_review: Report, manager: User, client_for: ClientFor) -> None:
    assert "It waits for your review." in text_of(client_for(manager), in_review)


def test_it_offers_issuing_to_a_manager(approved: Report, manager: User, client_for: ClientFor) -> None:
    assert "Issue the document" in text_of(client_for(manager), approved)


def test_it_offers_issuing_to_nobody_else(approved: Report, valuer: User, client_for: ClientFor) -> None:
    assert "Issue the document" not in text_of(client_for(valuer), approved)


def test_an_issued_report_shows_the_hash_of_its_document(
    issued: Report, viewer: User, client_for: ClientFor
) -> None:
    assert issued.document_sha256 in text_of(client_for(viewer), issued)


def test_an_issued_report_says_how_to_check_a_copy(
    issued: Report, viewer: User, client_for: ClientFor
) -> None:
    assert "sha256sum AV-0001-" in text_of(client_for(viewer), issued)


def test_an_issued_report_offers_no_writing(issued: Report, valuer: User, client_for: ClientFor) -> None:
    assert url(issued, "cancel") not in text_of(client_for(valuer), issued)


def test_it_costs_two_commands_of_its_own(
    begun: Report, valuer: User, client_for: ClientFor, commands: Commands
) -> None:
    client = client_for(valuer)
    # Which versions are in force is asked once, and then kept.
    client.get(url(begun))
    with commands() as sent:
        client.get(url(begun))
    assert len(sent) == 1 + 2


def test_submitting_hands_the_report_over(
    filled: Report, valuer: User, client_for: ClientFor, within: Within
) -> None:
    client_for(valuer).post(url(filled, "submit"))
    assert status_of(filled, within) == "in_review"


def test_submitting_an_unfinished_report_lists_what_is_missing(
    begun: Report, valuer: User, client_for: ClientFor
) -> None:
    response = client_for(valuer).post(url(begun, "submit"))
    assert (response.status_code, "is not answered" in response.content.decode()) == (422, True)


def test_what_is_missing_leads_to_its_question(begun: Report, valuer: User, client_for: ClientFor) -> None:
    text = client_for(valuer).post(url(begun, "submit")).content.decode()
    section = reverse("reports:section", args=[begun.pk, "common", "details"])
    assert f"{section}#q-applicant_name" in text


def test_an_unfinished_report_stays_a_draft(
    begun: Report, valuer: User, client_for: ClientFor, within: Within
) -> None:
    client_for(valuer).post(url(begun, "submit"))
    assert status_of(begun, within) == "draft"


@pytest.mark.parametrize(
    ("who", "step"),
    [
        ("viewer", "submit"),
        ("assistant", "submit"),
        ("valuer", "issue"),
        ("assistant", "cancel"),
        ("viewer", "cancel"),
    ],
)
def test_a_role_that_never_takes_a_step_is_forbidden_it(
    who: str, step: str, begun: Report, client_for: ClientFor, request: pytest.FixtureRequest
) -> None:
    assert client_for(request.getfixturevalue(who)).post(url(begun, step)).status_code == 403


STEPS = ["submit", "return", "approve", "issue", "cancel", "comment", "resolve-comment"]


@pytest.mark.parametrize("step", STEPS)
def test_no_step_is_taken_by_looking(step: str, begun: Report, manager: User, client_for: ClientFor) -> None:
    assert client_for(manager).get(url(begun, step)).status_code == 405


@pytest.mark.parametrize("step", STEPS)
def test_a_rival_takes_no_step(
    step: str, begun: Report, rival_manager: User, client_for: ClientFor, within: Within
) -> None:
    response = client_for(rival_manager).post(url(begun, step), {"text": "x", "note": "x", "reason": "x"})
    assert (response.status_code, status_of(begun, within)) == (404, "draft")


@pytest.mark.parametrize("step", STEPS)
def test_signed_out_no_step_is_taken(step: str, begun: Report) -> None:
    assert Client().post(url(begun, step)).status_code == 302


def test_a_step_that_does_not_fit_the_state_says_so(
    begun: Report, manager: User, client_for: ClientFor
) -> None:
    response = client_for(manager).post(url(begun, "approve"), follow=True)
    assert "The report is a draft; approving it is not possible now." in response.content.decode()


def test_a_manager_returns_a_report_with_a_note(
    in_review: Report, manager: User, client_for: ClientFor, within: Within
) -> None:
    client_for(manager).post(url(in_review, "return"), {"note": "Compare the rates."})
    assert status_of(in_review, within) == "changes_requested"


def test_the_note_is_shown_to_the_valuer(
    in_review: Report, manager: User, valuer: User, client_for: ClientFor
) -> None:
    client_for(manager).post(url(in_review, "return"), {"note": "Compare the rates."})
    assert "Compare the rates." in text_of(client_for(valuer), in_review)


def test_returning_without_a_word_is_refused(in_review: Report, manager: User, client_for: ClientFor) -> None:
    response = client_for(manager).post(url(in_review, "return"), {"note": " "})
    assert (response.status_code, "Say what should change" in response.content.decode()) == (422, True)


def test_a_note_that_is_too_long_is_shown_again(
    in_review: Report, manager: User, client_for: ClientFor
) -> None:
    note = "Compare the rates. " * 300
    response = client_for(manager).post(url(in_review, "return"), {"note": note})
    assert (response.status_code, note.strip() in response.content.decode()) == (422, True)


def test_a_manager_approves_what_a_valuer_submitted(
    in_review: Report, manager: User, client_for: ClientFor, within: Within
) -> None:
    client_for(manager).post(url(in_review, "approve"))
    assert status_of(in_review, within) == "approved"


def test_a_manager_does_not_approve_what_was_submitted_again_after_reading(
    in_review: Report, manager: User, valuer: User, client_for: ClientFor, within: Within
) -> None:
    client = client_for(manager)
    page = client.get(url(in_review, "review")).content.decode()
    read = re.search(r'name="submitted" value="([^"]+)"', page)
    within(lambda: actions.return_report(report_id=in_review.pk, note="?", by=manager, now=timezone.now()))
    within(lambda: actions.submit_report(report_id=in_review.pk, by=valuer, now=timezone.now()))
    response = client.post(url(in_review, "approve"), {"submitted": read[1] if read else ""}, follow=True)
    assert ("read it again" in response.content.decode(), status_of(in_review, within)) == (True, "in_review")


def test_a_manager_approves_what_the_review_page_showed(
    in_review: Report, manager: User, client_for: ClientFor, within: Within
) -> None:
    client = client_for(manager)
    read = re.search(
        r'name="submitted" value="([^"]+)"', client.get(url(in_review, "review")).content.decode()
    )
    client.post(url(in_review, "approve"), {"submitted": read[1] if read else ""})
    assert status_of(in_review, within) == "approved"


def test_a_valuer_does_not_approve_the_own_report(
    in_review: Report, valuer: User, client_for: ClientFor, within: Within
) -> None:
    client_for(valuer).post(url(in_review, "approve"))
    assert status_of(in_review, within) == "in_review"


def test_another_valuer_approves_where_the_firm_lets_valuers_review(
    in_review: Report, firm: Organization, other_valuer: User, client_for: ClientFor, within: Within
) -> None:
    Organization.objects.filter(pk=firm.pk).update(valuers_may_review=True)
    client_for(other_valuer).post(url(in_review, "approve"))
    assert status_of(in_review, within) == "approved"


def test_a_manager_issues_an_approved_report(
    approved: Report, manager: User, client_for: ClientFor, within: Within
) -> None:
    client_for(manager).post(url(approved, "issue"))
    assert status_of(approved, within) == "issued"


def test_a_document_that_cannot_be_made_leaves_the_report_approved_and_says_why(
    approved: Report, manager: User, client_for: ClientFor, within: Within, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise RenderingFailed("The image of photograph 1 is missing; replace it and try again.")

    monkeypatch.setattr("reports.actions.issue.render_pdf", fail)
    text = client_for(manager).post(url(approved, "issue"), follow=True).content.decode()
    assert ("Nothing was issued: The image of photograph 1" in text, status_of(approved, within)) == (
        True,
        "approved",
    )


def test_a_cancelled_report_stays_readable(
    begun: Report, valuer: User, client_for: ClientFor, within: Within
) -> None:
    text = client_for(valuer).post(url(begun, "cancel"), {"reason": "Loan withdrawn"}, follow=True).content
    assert "What was written stays readable." in text.decode()
