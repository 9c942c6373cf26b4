"""Issuing: the exact bytes are kept, the report is frozen, and a failure leaves nothing behind."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.core.files.storage import default_storage
from pymongo.errors import AutoReconnect

from reports import actions
from reports.actions import issue as issuing
from reports.actions.changing import change_report
from reports.documents.render import RenderedDocument, RenderingFailed
from reports.models import Report, ReportStatus
from reports.tests.making import NOW, approved, in_review
from tenants.context import carry
from tenants.models import FileKind, Organization, StoredFile, User

pytestmark = pytest.mark.usefixtures("formats")

PDF = b"%PDF-1.7 the whole document"


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The documents that were handed to the renderer, which answers at once."""
    documents: list[dict[str, Any]] = []

    def render(document: dict[str, Any], images: dict[str, bytes]) -> RenderedDocument:
        documents.append(document)
        return RenderedDocument(PDF, 9, hashlib.sha256(PDF).hexdigest())

    monkeypatch.setattr(issuing, "render_pdf", render)
    return documents


def issue(report: Report, organization: Organization, by: User) -> Report:
    return actions.issue_report(report_id=report.pk, organization=organization, by=by, now=NOW)


def kept() -> list[StoredFile]:
    return list(StoredFile.objects.filter(kind=FileKind.DOCUMENT))


def test_it_keeps_the_exact_bytes_and_their_hash(
    in_firm: Organization, valuer: User, manager: User, printed: list[Any]
) -> None:
    report = issue(approved(in_firm, valuer, manager), in_firm, manager)

    (file,) = kept()
    with default_storage.open(file.stored_as) as stored:
        content = stored.read()
    assert report.document_id == str(file.pk)
    assert hashlib.sha256(content).hexdigest() == report.document_sha256 == file.sha256


def test_it_freezes_the_report(
    in_firm: Organization, valuer: User, manager: User, printed: list[Any]
) -> None:
    report = issue(approved(in_firm, valuer, manager), in_firm, manager)

    with pytest.raises(actions.ReportFrozen):
        actions.save_section(
            report_id=report.pk,
            tab_id="land",
            section_id="valuation",
            values={"adopted_rate": "1"},
            base_version=0,
            by=manager,
            now=NOW,
        )


def test_the_issued_document_is_no_draft(
    in_firm: Organization, valuer: User, manager: User, printed: list[dict[str, Any]]
) -> None:
    issue(approved(in_firm, valuer, manager), in_firm, manager)

    assert printed[0]["draft_mark"] == ""


def test_the_person_who_submitted_signs(
    in_firm: Organization, valuer: User, manager: User, printed: list[dict[str, Any]]
) -> None:
    issue(approved(in_firm, valuer, manager), in_firm, manager)

    assert printed[0]["signature"]["name"] == "Vikram Valuer"


def test_a_valuer_does_not_issue(
    in_firm: Organization, valuer: User, manager: User, printed: list[Any]
) -> None:
    report = approved(in_firm, valuer, manager)

    with pytest.raises(actions.NotAllowed):
        issue(report, in_firm, valuer)


def test_a_report_in_review_is_not_issued(
    in_firm: Organization, valuer: User, manager: User, printed: list[Any]
) -> None:
    report = in_review(in_firm, valuer)

    with pytest.raises(actions.WrongStatus):
        issue(report, in_firm, manager)


def test_a_failed_rendering_leaves_the_report_approved_and_no_file(
    in_firm: Organization, valuer: User, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = approved(in_firm, valuer, manager)

    def fail(*args: Any) -> None:
        raise RenderingFailed("no paper")

    monkeypatch.setattr(issuing, "render_pdf", fail)
    with pytest.raises(RenderingFailed):
        issue(report, in_firm, manager)

    assert Report.objects.get(pk=report.pk).status == ReportStatus.APPROVED
    assert kept() == []


def test_a_failure_after_the_bytes_removes_them(
    in_firm: Organization,
    valuer: User,
    manager: User,
    printed: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    report = approved(in_firm, valuer, manager)
    monkeypatch.setattr(issuing, "new_name", lambda ending: f"half-made{ending}")

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the power went")

    monkeypatch.setattr(issuing, "change_report", fail)
    with pytest.raises(RuntimeError):
        issue(report, in_firm, manager)

    assert (kept(), default_storage.exists("half-made.pdf")) == ([], False)


def test_issuing_after_a_cut_clears_what_was_left(
    in_firm: Organization, valuer: User, manager: User, printed: list[Any]
) -> None:
    report = approved(in_firm, valuer, manager)
    leftover = issuing._keep(report, RenderedDocument(b"%PDF-half", 1, "0" * 64), manager, NOW)

    issued = issue(report, in_firm, manager)

    assert [str(file.pk) for file in kept()] == [issued.document_id]
    assert not default_storage.exists(leftover.stored_as)


def test_of_two_people_who_issue_at_once_one_succeeds_and_one_file_is_kept(
    in_firm: Organization, valuer: User, manager: User, printed: list[Any]
) -> None:
    report = approved(in_firm, valuer, manager)
    start = Barrier(2)

    def run(_: int) -> str:
        start.wait(timeout=10)
        try:
            issue(report, in_firm, manager)
        except actions.WrongStatus:
            return "refused"
        return "issued"

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(carry(run), range(2)))

    assert sorted(results) == ["issued", "refused"]
    assert [str(file.pk) for file in kept()] == [Report.objects.get(pk=report.pk).document_id]


def test_the_real_renderer_prints_the_report(in_firm: Organization, valuer: User, manager: User) -> None:
    report = issue(approved(in_firm, valuer, manager), in_firm, manager)

    (file,) = kept()
    with default_storage.open(file.stored_as) as stored:
        assert stored.read().startswith(b"%PDF-")
    assert (report.document_pages or 0) > 3


def test_a_lost_connection_never_takes_the_issued_bytes_away(
    in_firm: Organization, valuer: User, manager: User, printed: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    report = approved(in_firm, valuer, manager)
    made = change_report

    def made_but_unknown(*args: Any, **kwargs: Any) -> Report:
        made(*args, **kwargs)
        raise AutoReconnect("the answer was lost")

    monkeypatch.setattr(issuing, "change_report", made_but_unknown)
    with pytest.raises(AutoReconnect):
        issue(report, in_firm, manager)

    stored = Report.objects.get(pk=report.pk)
    assert stored.status == "issued"
    assert [str(file.pk) for file in kept()] == [stored.document_id]
    assert default_storage.exists(kept()[0].stored_as)
