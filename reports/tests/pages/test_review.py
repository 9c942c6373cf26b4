"""The page on which a report is read and judged."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from reports import actions
from reports.actions.save import section_version
from reports.models import Report
from reports.tests.pages.conftest import Within
from tenants.models import User
from tenants.mongodb.monitoring import Command

ClientFor = Callable[[User], Client]
Commands = Callable[[], AbstractContextManager[list[Command]]]
PATH = "common.details.applicant_name"


def url(report: Report, name: str = "review") -> str:
    return reverse(f"reports:{name}", args=[report.pk])


def text_of(client: Client, report: Report) -> str:
    response = client.get(url(report))
    assert response.status_code == 200
    return response.content.decode()


def say(
    client: Client, report: Report, path: str = PATH, text: str = "Whose name is this?", **more: str
) -> Any:
    return client.post(url(report, "comment"), {"path": path, "text": text, **more})


def comments_of(report: Report, within: Within) -> list[dict[str, Any]]:
    return list(within(lambda: Report.objects.get(pk=report.pk)).comments)


@pytest.fixture
def returned(in_review: Report, manager: User, valuer: User, within: Within) -> Report:
    """Returned, corrected in one answer and submitted again."""

    def correct() -> Report:
        now = timezone.now()
        report = actions.return_report(report_id=in_review.pk, note="Name?", by=manager, now=now)
        actions.save_section(
            report_id=report.pk,
            tab_id="common",
            section_id="details",
            values={"applicant_name": "Zubeda Zaveri"},
            base_version=section_version(report, "common.details"),
            by=valuer,
            now=timezone.now(),
        )
        return actions.submit_report(report_id=report.pk, by=valuer, now=timezone.now())

    report: Report = within(correct)
    return report


def test_it_shows_answers_as_they_will_print(in_review: Report, manager: User, client_for: ClientFor) -> None:
    assert "18 Nov 2026" in text_of(client_for(manager), in_review)


def test_it_offers_a_verdict_to_a_manager(in_review: Report, manager: User, client_for: ClientFor) -> None:
    text = text_of(client_for(manager), in_review)
    assert (url(in_review, "return") in text, url(in_review, "approve") in text) == (True, True)


@pytest.mark.parametrize("who", ["valuer", "assistant", "viewer"])
def test_it_offers_a_verdict_to_nobody_else(
    who: str, in_review: Report, client_for: ClientFor, request: pytest.FixtureRequest
) -> None:
    assert "Your verdict" not in text_of(client_for(request.getfixturevalue(who)), in_review)


def test_it_offers_boxes_for_comments_to_who_may_comment(
    in_review: Report, manager: User, client_for: ClientFor
) -> None:
    assert f'name="path" value="{PATH}"' in text_of(client_for(manager), in_review)


def test_it_offers_a_viewer_no_box(in_review: Report, viewer: User, client_for: ClientFor) -> None:
    assert "comment-box" not in text_of(client_for(viewer), in_review)


def test_a_rival_reads_nothing(in_review: Report, rival_manager: User, client_for: ClientFor) -> None:
    assert client_for(rival_manager).get(url(in_review)).status_code == 404


def test_signed_out_it_asks_to_sign_in(in_review: Report) -> None:
    assert reverse("sign-in") in Client().get(url(in_review)).headers["Location"]


def test_a_comment_is_kept_with_its_question(
    in_review: Report, manager: User, client_for: ClientFor, within: Within
) -> None:
    say(client_for(manager), in_review)
    assert [(item["path"], item["text"]) for item in comments_of(in_review, within)] == [
        (PATH, "Whose name is this?")
    ]


def test_a_comment_stands_at_its_question(in_review: Report, manager: User, client_for: ClientFor) -> None:
    client = client_for(manager)
    say(client, in_review)
    row = text_of(client, in_review).partition(f'id="{PATH}"')[2].partition('class="row')[0]
    assert "Whose name is this?" in row


def test_a_comment_leads_back_to_its_question(
    in_review: Report, manager: User, client_for: ClientFor
) -> None:
    assert say(client_for(manager), in_review).headers["Location"] == f"{url(in_review)}#{PATH}"


def test_a_comment_leads_to_no_other_site(in_review: Report, manager: User, client_for: ClientFor) -> None:
    response = say(client_for(manager), in_review, next="https://elsewhere.example/")
    assert response.headers["Location"] == f"{url(in_review)}#{PATH}"


def test_a_comment_that_is_too_long_is_shown_again_where_it_was_typed(
    in_review: Report, manager: User, client_for: ClientFor
) -> None:
    text = "Whose name is this? " * 200
    response = say(client_for(manager), in_review, text=text)
    assert (response.status_code, text.strip() in response.content.decode()) == (422, True)


def test_a_comment_is_text_and_never_markup(in_review: Report, manager: User, client_for: ClientFor) -> None:
    client = client_for(manager)
    say(client, in_review, text="<b onclick=x>bold</b>")
    assert "<b onclick" not in text_of(client, in_review)


def test_a_comment_on_nothing_is_refused(
    in_review: Report, manager: User, client_for: ClientFor, within: Within
) -> None:
    assert say(client_for(manager), in_review, path="no.such.question").status_code == 422
    assert comments_of(in_review, within) == []


def test_a_viewer_comments_on_nothing(
    in_review: Report, viewer: User, client_for: ClientFor, within: Within
) -> None:
    say(client_for(viewer), in_review)
    assert comments_of(in_review, within) == []


@pytest.mark.parametrize(("resolved", "done"), [("1", True), ("0", False)])
def test_a_comment_is_marked_as_done_and_opened_again(
    resolved: str, done: bool, in_review: Report, manager: User, client_for: ClientFor, within: Within
) -> None:
    client = client_for(manager)
    say(client, in_review)
    comment_id = comments_of(in_review, within)[0]["id"]
    for value in ("1", resolved):
        client.post(url(in_review, "resolve-comment"), {"comment": comment_id, "resolved": value})
    assert comments_of(in_review, within)[0]["resolved"] is done


def test_a_first_review_has_nothing_to_compare_with(
    in_review: Report, manager: User, client_for: ClientFor
) -> None:
    assert "It was never returned" in text_of(client_for(manager), in_review)


def test_a_second_review_shows_what_was_changed(
    returned: Report, manager: User, client_for: ClientFor
) -> None:
    text = text_of(client_for(manager), returned)
    assert "Before: <s>Applicant Four</s>" in text


def test_it_shows_the_checks(in_review: Report, manager: User, client_for: ClientFor) -> None:
    assert "Every required question is answered" in text_of(client_for(manager), in_review)


def test_it_costs_four_commands_of_its_own(
    in_review: Report, manager: User, client_for: ClientFor, commands: Commands
) -> None:
    client = client_for(manager)
    client.get(url(in_review))
    with commands() as sent:
        client.get(url(in_review))
    assert len(sent) == 1 + 4
