"""The steps of a report's life as buttons press them. Each calls one action and says what became of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from reports.actions import failures
from reports.actions.issue import issue_report
from reports.actions.review import approve_report, cancel_report, return_report, submit_report
from reports.models import Report
from reports.views.finding import report_or_404
from reports.views.pages import detail_page
from reports.views.preview import FAILURES
from reports.views.review import Typed, review_page
from tenants.access import TenantRequest, firm_page
from tenants.permissions import Permission


@require_POST
@firm_page(Permission.SUBMIT_REPORTS)
def submit(request: TenantRequest, pk: object) -> HttpResponse:
    """Hand over for review; what is missing is listed with a way to each question."""
    report = report_or_404(pk)
    try:
        submit_report(report_id=report.pk, **_who(request))
    except failures.NotReady as refusal:
        return detail_page(request, report, problems=refusal.problems)
    except failures.ActionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{report.reference} is with the reviewers.")
    return redirect("reports:detail", report.pk)


@require_POST
@firm_page(Permission.VIEW_REPORTS)
def return_for_changes(request: TenantRequest, pk: object) -> HttpResponse:
    """Give the report back; it needs a note or an open comment."""
    note = request.POST.get("note", "")
    return _judged(request, pk, "return", note, return_report, "is returned to the valuer.")


@require_POST
@firm_page(Permission.VIEW_REPORTS)
def approve(request: TenantRequest, pk: object) -> HttpResponse:
    """Approve the report; a manager issues it next."""
    note = request.POST.get("note", "")
    judge = partial(approve_report, read=request.POST.get("submitted"))
    return _judged(request, pk, "approve", note, judge, "is approved.")


def _judged(
    request: TenantRequest, pk: object, form: str, note: str, judge: Callable[..., Report], done: str
) -> HttpResponse:
    """A reviewer's verdict. Who may give one depends on the firm and the report: the action decides."""
    report = report_or_404(pk)
    try:
        judge(report_id=report.pk, note=note, **_who(request))
    except failures.CommentRefused as refusal:
        return review_page(request, report, Typed(form, note, str(refusal)))
    except failures.ActionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{report.reference} {done}")
    return redirect("reports:detail", report.pk)


@require_POST
@firm_page(Permission.ISSUE_REPORTS)
def issue(request: TenantRequest, pk: object) -> HttpResponse:
    """Lay the document out once and keep its exact bytes; the report is frozen from then on."""
    report = report_or_404(pk)
    try:
        issued = issue_report(report_id=report.pk, organization=request.organization, **_who(request))
    except failures.ActionRefused as refusal:
        messages.error(request, str(refusal))
    except FAILURES as failure:
        messages.error(request, f"Nothing was issued: {failure}")
    else:
        pages = issued.document_pages or 0
        messages.success(request, f"{report.reference} is issued, {pages} page{'' if pages == 1 else 's'}.")
    return redirect("reports:detail", report.pk)


@require_POST
@firm_page(Permission.CANCEL_REPORTS)
def cancel(request: TenantRequest, pk: object) -> HttpResponse:
    """Cancel the report; what was written stays readable."""
    report = report_or_404(pk)
    try:
        cancel_report(report_id=report.pk, reason=request.POST.get("reason", ""), **_who(request))
    except failures.ActionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{report.reference} is cancelled.")
    return redirect("reports:detail", report.pk)


def _who(request: TenantRequest) -> dict[str, Any]:
    return {"by": request.user, "now": timezone.now()}
