"""The document's pages before it is issued, and the issued document."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from reports.documents.render import RenderedDocument, RenderingFailed
from reports.models import Report
from tenants.models import User
from tenants.mongodb.monitoring import Command

ClientFor = Callable[[User], Client]
Commands = Callable[[], AbstractContextManager[list[Command]]]


class Press:
    """Stands in for the renderer, which has tests of its own: two pages a document."""

    def __init__(self) -> None:
        self.documents: list[Any] = []

    def pages(self, document: Any, images: Any, width_px: int) -> list[bytes]:
        self.documents.append(document)
        return [b"first page", b"second page"]

    def pdf(self, document: Any, images: Any) -> RenderedDocument:
        self.documents.append(document)
        return RenderedDocument(b"%PDF-1.7", 2, "0" * 64)


@pytest.fixture
def press(monkeypatch: pytest.MonkeyPatch) -> Press:
    standing_in = Press()
    monkeypatch.setattr("reports.views.preview.render_pages", standing_in.pages)
    monkeypatch.setattr("reports.views.preview.render_pdf", standing_in.pdf)
    return standing_in


@pytest.fixture
def no_press(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise RenderingFailed("The document took too long to lay out and was stopped.")

    monkeypatch.setattr("reports.views.preview.render_pages", fail)
    monkeypatch.setattr("reports.views.preview.render_pdf", fail)


def url(report: Report, name: str = "preview", *more: int) -> str:
    return reverse(f"reports:{name}", args=[report.pk, *more])


def images_of(client: Client, report: Report) -> list[str]:
    """The addresses of the pages that the preview shows."""
    return re.findall(r'src="([^"]+\.png\?v=[0-9a-f]+)"', client.get(url(report)).content.decode())


def test_it_shows_every_page(press: Press, begun: Report, viewer: User, client_for: ClientFor) -> None:
    assert len(images_of(client_for(viewer), begun)) == 2


def test_a_page_is_a_picture(press: Press, begun: Report, viewer: User, client_for: ClientFor) -> None:
    client = client_for(viewer)
    response = client.get(images_of(client, begun)[1])
    assert (response["Content-Type"], response.content) == ("image/png", b"second page")


def test_pages_are_laid_out_once(press: Press, begun: Report, viewer: User, client_for: ClientFor) -> None:
    client = client_for(viewer)
    for address in images_of(client, begun):
        client.get(address)
    assert len(press.documents) == 1


def test_a_page_that_is_kept_costs_no_command_of_its_own(
    press: Press, begun: Report, viewer: User, client_for: ClientFor, commands: Commands
) -> None:
    client = client_for(viewer)
    address = images_of(client, begun)[0]
    with commands() as sent:
        client.get(address)
    assert len(sent) == 1


def test_a_page_that_this_process_does_not_have_is_laid_out(
    press: Press, begun: Report, viewer: User, client_for: ClientFor
) -> None:
    response = client_for(viewer).get(url(begun, "preview-page", 1) + "?v=" + "0" * 24)
    assert response.content == b"first page"


def test_a_change_makes_other_pages(
    press: Press, begun: Report, viewer: User, client_for: ClientFor, within: Any
) -> None:
    client = client_for(viewer)
    before = images_of(client, begun)
    within(lambda: Report.objects.filter(pk=begun.pk).update(applicant_name="Somebody else"))
    assert images_of(client, begun) != before


@pytest.mark.parametrize("page", [0, 3, 999])
def test_a_page_that_the_document_has_not_is_a_404(
    page: int, press: Press, begun: Report, viewer: User, client_for: ClientFor
) -> None:
    assert client_for(viewer).get(url(begun, "preview-page", page)).status_code == 404


@pytest.mark.parametrize("name", ["preview", "preview-pdf", "document"])
def test_a_rival_finds_nothing(
    name: str, press: Press, begun: Report, rival_manager: User, client_for: ClientFor
) -> None:
    assert client_for(rival_manager).get(url(begun, name)).status_code == 404


def test_a_rival_gets_no_page_that_is_kept(
    press: Press, begun: Report, viewer: User, rival_manager: User, client_for: ClientFor
) -> None:
    address = images_of(client_for(viewer), begun)[0]
    assert client_for(rival_manager).get(address).status_code == 404


def test_signed_out_there_is_no_preview(begun: Report) -> None:
    assert reverse("sign-in") in Client().get(url(begun)).headers["Location"]


def test_a_draft_says_that_it_is_one(
    press: Press, begun: Report, viewer: User, client_for: ClientFor
) -> None:
    client_for(viewer).get(url(begun, "preview-pdf"))
    assert press.documents[0]["draft_mark"] == "Draft, not issued"


def test_a_draft_is_kept_by_no_browser(
    press: Press, begun: Report, viewer: User, client_for: ClientFor
) -> None:
    assert client_for(viewer).get(url(begun, "preview-pdf"))["Cache-Control"] == "private, no-store"


def test_what_cannot_be_laid_out_says_why(
    no_press: None, begun: Report, viewer: User, client_for: ClientFor
) -> None:
    response = client_for(viewer).get(url(begun))
    assert (response.status_code, "took too long to lay out" in response.content.decode()) == (503, True)


def test_what_cannot_be_laid_out_shows_a_way_out(
    no_press: None, begun: Report, viewer: User, client_for: ClientFor
) -> None:
    assert "your answers are untouched" in client_for(viewer).get(url(begun)).content.decode()


def test_a_draft_pdf_that_cannot_be_made_leads_to_the_page_that_says_why(
    no_press: None, begun: Report, viewer: User, client_for: ClientFor
) -> None:
    assert client_for(viewer).get(url(begun, "preview-pdf")).headers["Location"] == url(begun)


def test_it_leads_from_each_part_to_its_questions(
    press: Press, filled: Report, valuer: User, client_for: ClientFor
) -> None:
    text = client_for(valuer).get(url(filled)).content.decode()
    assert reverse("reports:section", args=[filled.pk, "common", "details"]) in text


def test_a_report_that_is_not_issued_has_no_document(
    begun: Report, viewer: User, client_for: ClientFor
) -> None:
    assert client_for(viewer).get(url(begun, "document")).status_code == 404


def test_the_issued_document_is_given_out_byte_for_byte(
    issued: Report, viewer: User, client_for: ClientFor
) -> None:
    content = client_for(viewer).get(url(issued, "document")).content
    assert hashlib.sha256(content).hexdigest() == issued.document_sha256


def test_the_issued_document_is_saved_when_asked(issued: Report, viewer: User, client_for: ClientFor) -> None:
    response = client_for(viewer).get(url(issued, "document"), {"download": "1"})
    assert response["Content-Disposition"].startswith('attachment; filename="AV-0001-')


def test_the_issued_document_has_its_hash_as_tag(issued: Report, viewer: User, client_for: ClientFor) -> None:
    assert client_for(viewer).get(url(issued, "document"))["ETag"] == f'"{issued.document_sha256}"'


def test_the_draft_of_an_issued_report_is_the_issued_document(
    issued: Report, viewer: User, client_for: ClientFor
) -> None:
    response = client_for(viewer).get(url(issued, "preview-pdf"))
    assert response.headers["Location"] == url(issued, "document")


def test_a_real_preview_is_a_real_picture(begun: Report, viewer: User, client_for: ClientFor) -> None:
    client = client_for(viewer)
    content = client.get(images_of(client, begun)[0]).content
    assert content.startswith(b"\x89PNG\r\n")


def test_a_page_of_no_certain_state_is_asked_for_again(
    begun: Report, valuer: User, client_for: ClientFor
) -> None:
    response = client_for(valuer).get(reverse("reports:preview-page", args=[begun.pk, 1]))
    assert response["Cache-Control"] == "private, no-cache"
