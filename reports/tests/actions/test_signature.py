"""The picture of a signature stands on the documents that its person submitted, and nowhere else."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import pytest
from django.core.files.storage import default_storage
from PIL import Image

from reports import actions
from reports.actions import issue as issuing
from reports.document_data import DocumentData, gather_document
from reports.documents.render import RenderedDocument
from reports.models import Report
from reports.tests.making import NOW, begin, in_review
from tenants.account.signature import change_signature, remove_signature
from tenants.models import Organization, StoredFile, User, UserSettings

pytestmark = pytest.mark.usefixtures("formats")


def sign(person: User) -> str:
    """Store a signature of the person's; its file's id."""
    written = BytesIO()
    Image.new("RGBA", (400, 120), "navy").save(written, "PNG")
    return str(change_signature(by=person, name="ink.png", content=written.getvalue(), now=NOW).pk)


def document_of(report: Report, firm: Organization, *, draft: bool = False) -> DocumentData:
    return gather_document(report, firm, draft=draft, now=NOW)


def printed(data: DocumentData) -> Any:
    return data.document["signature"]["image"]


def test_the_document_has_the_signature_of_who_submitted(in_firm: Organization, valuer: User) -> None:
    key = sign(valuer)
    data = document_of(in_review(in_firm, valuer), in_firm)
    assert (printed(data), data.images[key][:4]) == (key, b"\x89PNG")


def test_a_person_without_one_gets_an_empty_line(in_firm: Organization, valuer: User) -> None:
    assert printed(document_of(in_review(in_firm, valuer), in_firm)) is None


def test_nobody_elses_is_printed(in_firm: Organization, valuer: User, manager: User) -> None:
    sign(manager)
    assert printed(document_of(in_review(in_firm, valuer), in_firm)) is None


def test_a_draft_has_none(in_firm: Organization, valuer: User) -> None:
    sign(valuer)
    assert printed(document_of(in_review(in_firm, valuer), in_firm, draft=True)) is None


def test_what_nobody_submitted_is_not_signed(in_firm: Organization, valuer: User) -> None:
    sign(valuer)
    assert printed(document_of(begin(in_firm, valuer), in_firm)) is None


def test_settings_that_name_another_persons_file_print_none(
    in_firm: Organization, valuer: User, manager: User
) -> None:
    theirs = sign(manager)
    UserSettings.objects.create(user_id=str(valuer.pk), signature=theirs)
    assert printed(document_of(in_review(in_firm, valuer), in_firm)) is None


def test_a_removed_one_is_not_printed(in_firm: Organization, valuer: User) -> None:
    sign(valuer)
    remove_signature(by=valuer)
    assert printed(document_of(in_review(in_firm, valuer), in_firm)) is None


def test_an_issued_document_keeps_the_signature_of_then(
    in_firm: Organization, valuer: User, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def render(document: Mapping[str, Any], images: Mapping[str, bytes]) -> RenderedDocument:
        pdf = images[document["signature"]["image"]]
        return RenderedDocument(pdf, 1, hashlib.sha256(pdf).hexdigest())

    monkeypatch.setattr(issuing, "render_pdf", render)
    sign(valuer)
    report = in_review(in_firm, valuer)
    actions.approve_report(report_id=report.pk, by=manager, now=NOW)
    issued = actions.issue_report(report_id=report.pk, organization=in_firm, by=manager, now=NOW)
    before = _bytes_of(issued)
    remove_signature(by=valuer)
    assert _bytes_of(issued) == before


def _bytes_of(report: Report) -> bytes:
    with default_storage.open(StoredFile.objects.get(pk=report.document_id).stored_as) as stored:
        return bytes(stored.read())
