"""Requests that no page of ours would send: each gets an answer in words, and none leaves a trace."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from bson import ObjectId
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse

from banks.models import Format
from reports.formats import forget_formats
from reports.models import Report
from reports.tests.pages.conftest import Within
from tenants.context import no_organization, shared_resources_writable
from tenants.models import StoredFile, User

ClientFor = Callable[[User], Client]


def section_url(report: Report, name: str = "section", place: tuple[str, str] = ("common", "details")) -> str:
    return reverse(f"reports:{name}", args=[report.pk, *place])


def quiet(client: Client) -> Client:
    """A browser that is shown the 500 page instead of the test being told what was raised."""
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize("number", ["²", "9" * 5_000])
def test_it_takes_no_odd_digits_for_the_number_of_a_row(
    begun: Report, valuer: User, client_for: ClientFor, number: str
) -> None:
    sent = {"remove_row": f"document_list:{number}"}
    response = quiet(client_for(valuer)).post(section_url(begun, place=("general", "records")), sent)
    assert response.status_code == 200


@pytest.mark.parametrize("name", ["section", "values"])
def test_it_reads_no_bottomless_base(begun: Report, valuer: User, client_for: ClientFor, name: str) -> None:
    response = quiet(client_for(valuer)).post(section_url(begun, name), {"base": "[" * 200_000})
    assert response.status_code < 500


def test_it_attaches_only_files_of_the_report(
    begun: Report, valuer: User, client_for: ClientFor, within: Within
) -> None:
    place = ("general", "records")
    sent = {"base": "{}", "version": "0", "title_deed_copy__kept": "Anything that shall be printed"}
    response = client_for(valuer).post(section_url(begun, place=place), sent)
    stored = within(lambda: Report.objects.get(pk=begun.pk).answers.get("general", {}).get("records", {}))
    assert (response.status_code, "title_deed_copy" in stored) == (422, False)


def test_it_takes_no_photograph_for_an_attached_file(
    begun: Report, photograph: StoredFile, valuer: User, client_for: ClientFor
) -> None:
    sent = {"base": "{}", "version": "0", "title_deed_copy__kept": str(photograph.pk)}
    response = client_for(valuer).post(section_url(begun, place=("general", "records")), sent)
    assert response.status_code == 422


@pytest.mark.parametrize(
    "path", ["general.records.owners.nonsense.x", f"general.records.owners.{'y' * 3_000}"]
)
def test_it_takes_no_comment_on_a_cell_that_cannot_be(
    begun: Report, valuer: User, client_for: ClientFor, path: str
) -> None:
    url = reverse("reports:comment", args=[begun.pk])
    response = client_for(valuer).post(url, {"path": path, "text": "Look here"})
    assert response.status_code == 422


def test_it_says_in_words_that_a_photograph_went_away_while_all_were_put_in_order(
    begun: Report,
    photograph: StoredFile,
    valuer: User,
    client_for: ClientFor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = ObjectId()
    gone = StoredFile(pk=other, report_id=str(begun.pk), position=9)
    monkeypatch.setattr("reports.views.photographs.photographs_of", lambda _: [gone, photograph])
    url = reverse("reports:photographs", args=[begun.pk])
    response = quiet(client_for(valuer)).post(url, {"order": f"{photograph.pk},{other}"})
    assert response.status_code == 409


@pytest.fixture
def without_format(begun: Report) -> Report:
    """A report whose format has been lost."""
    forget_formats()
    with no_organization(), shared_resources_writable():
        QuerySet.delete(Format.objects.all())
    return begun


def test_it_says_that_the_format_is_missing_in_the_editor(
    without_format: Report, valuer: User, client_for: ClientFor
) -> None:
    response = quiet(client_for(valuer)).get(section_url(without_format))
    assert (response.status_code, "load the formats again" in response.content.decode()) == (503, True)


@pytest.mark.parametrize("name", ["comment", "submit"])
def test_it_says_that_the_format_is_missing_when_a_button_needs_it(
    without_format: Report, valuer: User, client_for: ClientFor, name: str
) -> None:
    url = reverse(f"reports:{name}", args=[without_format.pk])
    response = quiet(client_for(valuer)).post(url, {"path": "common.details", "text": "Look here"})
    assert response.status_code == 503


def test_it_lays_out_no_more_rows_than_two_people_could_have_made(
    begun: Report, valuer: User, client_for: ClientFor
) -> None:
    rows = {f"owners__{number}__name": "Somebody" for number in range(400)}
    response = client_for(valuer).post(section_url(begun, place=("general", "records")), rows)
    content = response.content.decode()
    assert (response.status_code, "At most" in content, content.count("Somebody") < 60) == (422, True, True)


@pytest.mark.parametrize("answer", ["1.5", "[1.5]", '{"value": 1.5}'])
def test_it_says_that_the_system_fills_in_what_a_program_sends_as_a_fraction(
    begun: Report, valuer: User, client_for: ClientFor, answer: str
) -> None:
    section = f'{{"base_version": 0, "answers": {{"reference_number": {answer}}}}}'
    body = f'{{"sections": {{"common.details": {section}}}}}'
    response = quiet(client_for(valuer)).patch(
        f"/api/reports/{begun.pk}", body, content_type="application/json"
    )
    assert response.status_code == 422
