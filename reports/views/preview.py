"""The document before it is issued, page by page, and the issued document itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.files.storage import default_storage
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from banks.formats.problems import FormatProblem
from reports.actions.review import standing_of
from reports.document_data import DocumentData, document_name, gather_document
from reports.documents.pictures import UnreadableDocument, pictures_of
from reports.documents.render import RenderingFailed, render_pages, render_pdf
from reports.files import content_disposition, file_response, is_unchanged, unchanged_response
from reports.formats import FormatMissing, definition_of
from reports.models import Report, ReportStatus
from reports.page_cache import PageKey, digest_of, page_cache
from reports.views.finding import report_or_404
from reports.workflow import actor_of, may_draft
from tenants.access import TenantRequest, firm_page
from tenants.models import FileKind, StoredFile
from tenants.permissions import Permission

# Pixels across an A4 page: sharp on a phone, readable on a desk, about 100 KB a page.
PAGE_WIDTH = 1200
# Why a document cannot be shown, in words that a page may repeat.
FAILURES = (RenderingFailed, FormatMissing, FormatProblem, UnreadableDocument)
_DIGEST_LENGTH = 24


@require_GET
@firm_page(Permission.VIEW_REPORTS)
def preview(request: TenantRequest, pk: object) -> HttpResponse:
    """The pages as they will print; what cannot be laid out says why and shows a way out."""
    report = report_or_404(pk)
    context: dict[str, Any] = {
        "report": report,
        "may_draft": may_draft(standing_of(report), actor_of(request.user)),
        "is_issued": report.status == ReportStatus.ISSUED,
        "crumbs": [
            ("Reports", reverse("reports:list")),
            (report.reference, reverse("reports:detail", args=[report.pk])),
            ("Preview", ""),
        ],
    }
    try:
        laid_out = _laid_out(request, report)
        context |= {
            "digest": laid_out.digest,
            "pages": range(1, len(laid_out.pages) + 1),
            "parts": laid_out.jumps,
        }
    except FAILURES as failure:
        context["failure"] = str(failure)
        return render(request, "reports/preview.html", context, status=503)
    return render(request, "reports/preview.html", context)


@require_GET
@firm_page(Permission.VIEW_REPORTS)
def preview_page(request: TenantRequest, pk: object, page: int) -> HttpResponse:
    """One page as a PNG. ``?v=`` names the state of the document; one that is kept costs no query."""
    digest = asked = request.GET.get("v", "")
    key = PageKey(request.organization.org_id, str(pk), digest)
    pages = page_cache.get(key) if len(digest) == _DIGEST_LENGTH else None
    if pages is None:
        report = report_or_404(pk)
        try:
            laid_out = _laid_out(request, report)
        except FAILURES as failure:
            return HttpResponse(str(failure), status=503, content_type="text/plain; charset=utf-8")
        digest, pages = laid_out.digest, laid_out.pages
    if not 1 <= page <= len(pages):
        raise Http404("The document has no such page.")
    etag = f"{digest}-{page}"
    if is_unchanged(request, etag):
        return unchanged_response(etag)
    response = file_response(pages[page - 1], content_type="image/png", name=f"page-{page}.png", etag=etag)
    if asked != digest:
        # The address names another state, or none: what it shows changes with the report.
        response["Cache-Control"] = "private, no-cache"
    return response


@require_GET
@firm_page(Permission.VIEW_REPORTS)
def preview_pdf(request: TenantRequest, pk: object) -> HttpResponse:
    """The draft as a PDF that says so on every page; for an issued report, the issued document."""
    report = report_or_404(pk)
    if report.status == ReportStatus.ISSUED:
        return redirect("reports:document", report.pk)
    try:
        data = _data(request, report)
        rendered = render_pdf(data.document, data.images)
    except FAILURES:
        # The preview page says what is wrong, with a way out.
        return redirect("reports:preview", report.pk)
    response = HttpResponse(rendered.pdf, content_type="application/pdf")
    response["Content-Disposition"] = content_disposition(f"draft-{document_name(report)}", download=False)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


@require_GET
@firm_page(Permission.VIEW_REPORTS)
def document(request: TenantRequest, pk: object) -> HttpResponse:
    """The exact bytes of the issued document; ``?download=1`` saves it instead of showing it."""
    report = report_or_404(pk)
    entry = _issued_file(report)
    if is_unchanged(request, entry.sha256):
        return unchanged_response(entry.sha256)
    return file_response(
        _bytes_of(entry),
        content_type="application/pdf",
        name=entry.name,
        etag=entry.sha256,
        download=request.GET.get("download") == "1",
    )


def _issued_file(report: Report) -> StoredFile:
    """The record of the issued document. Raises Http404 when there is none."""
    entry = None
    if report.document_id:
        found = StoredFile.objects.filter(pk=report.document_id, kind=FileKind.DOCUMENT)
        entry = found.filter(report_id=str(report.pk)).first()
    if entry is None:
        raise Http404("This report has no issued document.")
    return entry


def _bytes_of(entry: StoredFile) -> bytes:
    try:
        content: bytes = default_storage.open(entry.stored_as).read()
    except FileNotFoundError as error:
        raise Http404("The document's bytes are missing; tell the staff.") from error
    return content


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A document's pages as pictures, what names this state of it, and where its parts are written."""

    digest: str
    pages: tuple[bytes, ...]
    jumps: list[dict[str, str]]


def _laid_out(request: TenantRequest, report: Report) -> LaidOut:
    """A draft is laid out as it stands; an issued report shows the document that was issued, and no other.

    Raises one of FAILURES.
    """
    if report.status == ReportStatus.ISSUED:
        entry = _issued_file(report)
        digest = entry.sha256[:_DIGEST_LENGTH]
        key = PageKey(request.organization.org_id, str(report.pk), digest)
        pages = page_cache.get_or_make(key, lambda: pictures_of(_bytes_of(entry), PAGE_WIDTH))
        return LaidOut(digest, pages, [])
    data = _data(request, report)
    digest = digest_of(data.document, data.images)
    key = PageKey(request.organization.org_id, str(report.pk), digest)
    pages = page_cache.get_or_make(key, lambda: render_pages(data.document, data.images, PAGE_WIDTH))
    return LaidOut(digest, pages, _jumps(report, data.document))


def _data(request: TenantRequest, report: Report) -> DocumentData:
    return gather_document(report, request.organization, draft=True, now=timezone.now())


def _jumps(report: Report, said: dict[str, Any]) -> list[dict[str, str]]:
    """For each printed part its numeral, label and the address of its first section in the editor."""
    printed = {(part["numeral"], part["label"]) for part in said["parts"]}
    jumps = []
    for tab in definition_of(report).tabs:
        if (tab.numeral, tab.label) in printed and tab.sections:
            href = reverse("reports:section", args=[report.pk, tab.id, tab.sections[0].id])
            jumps.append({"numeral": tab.numeral, "label": tab.label, "href": href})
    return jumps
