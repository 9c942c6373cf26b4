"""Reviewing a report: its answers as they will print, checks, changes since the last return, comments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from banks.formats.definition import FormatDefinition
from banks.formats.problems import FormatProblem
from banks.queries import bank_of_reports
from reports.actions import failures
from reports.actions.comments import LONGEST_COMMENT, add_comment, resolve_comment
from reports.actions.review import standing_of, submission_of
from reports.calculation.engine import Calculation, calculate
from reports.checks import Check, Level, check_report
from reports.document_data import branch_labels
from reports.documents.content import build_document
from reports.documents.context import DocumentContext, Letterhead, ValuerBlock
from reports.documents.values import Formatter
from reports.formats import FormatMissing, definition_of
from reports.models import Report, ReportStatus
from reports.queries import count_photographs
from reports.reviewing import (
    RETURNED,
    SAVED,
    ChangedAnswer,
    ReadPart,
    changes_since_return,
    comments_of,
    read_parts,
)
from reports.views.finding import report_or_404
from reports.workflow import Step, actor_of, may_comment, may_draft, possible_steps
from tenants.access import TenantRequest, firm_page
from tenants.models import ActivityEntry, Organization
from tenants.permissions import Permission

# Saves that are looked through for changes since the last return.
MOST_SAVES = 300


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One quality check for ``components/checks.html``."""

    result: str
    text: str
    detail: str
    href: str


@dataclass(frozen=True, slots=True)
class Typed:
    """What a refused form held, so that nothing typed is lost: which form, its text, why it was refused."""

    form: str = ""
    text: str = ""
    error: str = ""


@require_GET
@firm_page(Permission.VIEW_REPORTS)
def review(request: TenantRequest, pk: object) -> HttpResponse:
    """The report to read and judge. Four commands of its own, one more for banks that are not kept."""
    return review_page(request, report_or_404(pk))


def review_page(request: TenantRequest, report: Report, typed: Typed | None = None) -> HttpResponse:
    """The page; with ``typed`` a form that was refused shows its text again, and the answer is a 422."""
    actor, standing = actor_of(request.user), standing_of(report)
    steps = possible_steps(standing, actor)
    context: dict[str, Any] = {
        "report": report,
        "may_comment": may_comment(standing, actor),
        "may_draft": may_draft(standing, actor),
        "steps": {step.value: step in steps for step in Step},
        "typed": typed or Typed(),
        "submission": submission_of(report),
        "longest_comment": LONGEST_COMMENT,
        "crumbs": [
            ("Reports", reverse("reports:list")),
            (report.reference, reverse("reports:detail", args=[report.pk])),
            ("Review", ""),
        ],
    }
    status = 422 if typed else 200
    try:
        definition = definition_of(report)
    except (FormatMissing, FormatProblem) as failure:
        return render(request, "reports/review.html", {**context, "failure": str(failure)}, status=503)
    context |= _reading(report, definition, request.organization)
    return render(request, "reports/review.html", context, status=status)


def _reading(report: Report, definition: FormatDefinition, organization: Organization) -> dict[str, Any]:
    """Parts, checks, changes and comments of the page."""
    calculation = calculate(definition, report.answers)
    labels = _labels(report)
    said = build_document(definition, report.answers, calculation, _context(report, organization, labels))
    comments = comments_of(report.comments, definition)
    entries = (
        ActivityEntry.objects.filter(report_id=str(report.pk), action__in=[SAVED, RETURNED])
        .order_by("-at")
        .values("action", "details", "actor_name")[:MOST_SAVES]
    )
    changes = changes_since_return(entries, definition, Formatter(definition, labels))
    parts = read_parts(said, comments, changes or ())
    checks = check_report(
        definition,
        report.answers,
        calculation,
        today=timezone.localdate(),
        photographs=count_photographs(report.pk),
    )
    anchors = _anchors(parts)
    return {
        "parts": parts,
        "abstract": said["abstract"],
        "checks": [_line(check, anchors) for check in checks],
        "failed": sum(check.level is Level.FAIL for check in checks),
        "warned": sum(check.level is Level.WARNING for check in checks),
        "changes": _at_rows(changes, anchors),
        "comments": comments,
        "open_comments": [comment for comment in comments if not comment.resolved],
        "overridden": _overridden(calculation),
        "addressed": [(comment, _anchor(comment.path, anchors)) for comment in comments],
    }


def _labels(report: Report) -> dict[str, Mapping[str, str]]:
    """Names of bank and branches for answers that hold their codes. Two commands."""
    return {
        "banks": {report.bank_code: report.bank_name},
        "bank_branches": branch_labels(report, bank_of_reports(report.bank_code)),
    }


def _context(
    report: Report, organization: Organization, labels: Mapping[str, Mapping[str, str]]
) -> DocumentContext:
    """Enough of the document's surroundings to have its parts; a reviewer reads no pictures here."""
    return DocumentContext(
        firm=Letterhead(name=organization.name),
        reference=report.reference,
        valuer=ValuerBlock(name=report.submitted_by_name or report.created_by_name),
        report_date=timezone.localdate(),
        bank_name=report.bank_name,
        branch_name=report.branch_name,
        applicant_name=report.applicant_name,
        property_address=report.property_address,
        labels=labels,
    )


def _anchors(parts: list[ReadPart]) -> set[str]:
    """The paths that are on the page: sections and rows."""
    sections = [section for part in parts for section in part.sections]
    return {section.path for section in sections} | {row.path for section in sections for row in section.rows}


def _anchor(path: str, anchors: set[str]) -> str:
    """The nearest place on the page that shows ``path``: itself, its table, its section, or nothing."""
    while path and path not in anchors:
        path = path.rpartition(".")[0]
    return path


def _line(check: Check, anchors: set[str]) -> CheckLine:
    anchor = _anchor(check.path, anchors)
    return CheckLine(check.level.value, check.text, check.detail, f"#{anchor}" if anchor else "")


def _at_rows(changes: list[ChangedAnswer] | None, anchors: set[str]) -> list[dict[str, Any]] | None:
    if changes is None:
        return None
    return [{"change": change, "anchor": _anchor(change.path, anchors)} for change in changes]


def _overridden(calculation: Calculation) -> int:
    return sum(not calculation.is_hidden(path) for path in calculation.overridden)


@require_POST
@firm_page(Permission.VIEW_REPORTS)
def comment(request: TenantRequest, pk: object) -> HttpResponse:
    """Say something about the question ``path``; a refused text is shown again where it was typed."""
    report = report_or_404(pk)
    path, text = request.POST.get("path", ""), request.POST.get("text", "")
    try:
        add_comment(report_id=report.pk, path=path, text=text, by=request.user, now=timezone.now())
    except failures.CommentRefused as refusal:
        return review_page(request, report, Typed(path or "report", text, str(refusal)))
    except failures.NotAllowed as refusal:
        return _refused(request, report, refusal)
    messages.success(request, "Comment added.")
    return HttpResponseRedirect(_back(request, report, path))


@require_POST
@firm_page(Permission.VIEW_REPORTS)
def resolve(request: TenantRequest, pk: object) -> HttpResponse:
    """Mark the comment ``comment`` as done, or with ``resolved=0`` as open again."""
    report = report_or_404(pk)
    comment_id, resolved = request.POST.get("comment", ""), request.POST.get("resolved", "1") == "1"
    try:
        resolve_comment(
            report_id=report.pk, comment_id=comment_id, by=request.user, now=timezone.now(), resolved=resolved
        )
    except (failures.CommentRefused, failures.NotAllowed) as refusal:
        return _refused(request, report, refusal)
    messages.success(request, "Marked as done." if resolved else "Open again.")
    return HttpResponseRedirect(_back(request, report, f"comment-{comment_id}"))


def _refused(request: TenantRequest, report: Report, refusal: Exception) -> HttpResponse:
    messages.error(request, str(refusal))
    return HttpResponseRedirect(_back(request, report, ""))


def _back(request: TenantRequest, report: Report, anchor: str) -> str:
    """Where the person was (``next``, on this site only), else the review page or the report's own."""
    given = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(given, {request.get_host()}, require_https=request.is_secure()):
        return given
    name = "reports:review" if report.status == ReportStatus.IN_REVIEW else "reports:detail"
    return reverse(name, args=[report.pk]) + (f"#{anchor}" if anchor else "")
