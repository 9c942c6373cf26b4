"""The pages around the editor: what waits for me, all reports, a new one, one report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from banks.formats.problems import FormatProblem
from banks.queries import published_formats, visible_banks
from reports import listing
from reports.actions.begin import begin_report
from reports.actions.failures import (
    BranchUnknown,
    FormatUnavailable,
    NotAllowed,
    ReferenceTaken,
    ReportLimitReached,
)
from reports.actions.review import standing_of
from reports.actions.upgrade import has_newer_version
from reports.activity import describe, fold
from reports.beginning import BeginForm, branches_matching
from reports.favourites import favourites_first
from reports.formats import FormatMissing, definition_of
from reports.models import Report, ReportStatus
from reports.set_aside import told
from reports.views.finding import report_or_404
from reports.workflow import Step, actor_of, may_draft, possible_steps, why_not
from tenants.access import TenantRequest, firm_page
from tenants.account.preferences import preferences_of
from tenants.models import StoredFile
from tenants.permissions import Permission
from tenants.plans.months import this_month

# Lines of "what you did last".
LAST_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter as a link; see ``components/chips.html``."""

    text: str
    href: str
    count: int | None = None
    current: bool = False


@require_GET
@firm_page(Permission.VIEW_REPORTS)
def work(request: TenantRequest) -> HttpResponse:
    """What waits for the person, and what they did last. Two commands of its own."""
    user = request.user
    waiting = listing.work_of(
        user,
        valuers_may_review=request.organization.valuers_may_review,
        own_may_be_approved=request.organization.own_reports_may_be_approved,
    )
    context = {
        "work": waiting,
        "waiting_count": waiting.waiting,
        "groups": _groups(waiting, can_draft=user.can(Permission.DRAFT_REPORTS)),
        "last": fold([describe(entry) for entry in listing.last_actions(str(user.pk))])[:LAST_SHOWN],
        "references": {row.pk: row.reference for row in waiting.rows()},
        "may_begin": user.can(Permission.DRAFT_REPORTS),
        "limit": listing.WORK_LIMIT,
    }
    return render(request, "reports/work.html", context)


def _groups(waiting: listing.Work, *, can_draft: bool) -> list[dict[str, Any]]:
    """The parts of the work list that have something in them, what is most pressing first."""
    groups = [
        ("returned", "Returned to you", "Correct and submit again", waiting.returned),
        ("review", "To review", "Waiting for a second pair of eyes", waiting.to_review),
        ("issue", "To issue", "Approved; the bank waits for the document", waiting.to_issue),
        ("drafts", "Your drafts", "Begun and not yet submitted", waiting.drafts),
        ("others", "With somebody else", "Nothing to do for you now", waiting.in_review),
    ]
    return [
        {"id": name, "title": title, "note": note, "rows": rows} for name, title, note, rows in groups if rows
    ]


@require_GET
@firm_page(Permission.VIEW_REPORTS)
def report_list(request: TenantRequest) -> HttpResponse:
    """Every report of the firm, narrowed by words and chips. Two commands of its own."""
    me = str(request.user.pk)
    filters = listing.Filters.read(request.GET.dict())
    tally = listing.tally(filters, me)
    total = tally.total(status=filters.status, bank=filters.bank)
    # The numbers are known already; the paginator only does the arithmetic of pages.
    page = Paginator(range(total), listing.PAGE_SIZE).get_page(request.GET.get("page"))
    start = (page.number - 1) * listing.PAGE_SIZE
    context = {
        "filters": filters,
        "page": page,
        "rows": listing.rows(filters, me, start=start, stop=start + listing.PAGE_SIZE) if total else [],
        "me": me,
        "query": filters.query(),
        "status_chips": _status_chips(filters, tally),
        "bank_chips": _bank_chips(filters, tally),
        "may_begin": request.user.can(Permission.DRAFT_REPORTS),
    }
    return render(request, "reports/list.html", context)


def _status_chips(filters: listing.Filters, tally: listing.Tally) -> list[Chip]:
    chips = [Chip("Mine", filters.href(mine=not filters.mine), None, filters.mine)]
    for status in ReportStatus:
        number = tally.total(status=status.value, bank=filters.bank)
        current = filters.status == status.value
        if number or current:
            href = filters.href(status="" if current else status.value)
            chips.append(Chip(str(status.label), href, number, current))
    return chips


def _bank_chips(filters: listing.Filters, tally: listing.Tally) -> list[Chip]:
    """One chip a bank; none when there is nothing to choose between."""
    banks = tally.banks()
    if len(banks) < 2 and not filters.bank:
        return []
    return [
        Chip(
            name,
            filters.href(bank="" if filters.bank == code else code),
            tally.total(status=filters.status, bank=code),
            filters.bank == code,
        )
        for code, name in banks
    ]


@require_http_methods(["GET", "POST"])
@firm_page(Permission.DRAFT_REPORTS)
def new_report(request: TenantRequest) -> HttpResponse:
    """Choose bank, branch and format; POST begins the report and goes to its first section."""
    preferences = preferences_of(str(request.user.pk))
    asked_for = request.POST.get("bank") or request.GET.get("bank", "")
    chosen = asked_for or preferences["default_bank"]
    banks = visible_banks(branches_of=chosen)
    favourites = preferences["favourite_formats"]
    formats = favourites_first(published_formats(), favourites)
    with_formats = {item.bank_code for item in formats}
    bank = next((item for item in banks if item.code == chosen and item.code in with_formats), None)
    form = BeginForm(request.POST or None, bank=bank, formats=formats, favourites=favourites)
    if request.method == "POST" and form.is_valid():
        report = _begin(request, form)
        if report is not None:
            messages.success(request, f"Report {report.reference} is begun.")
            return redirect(first_section(report))
    search = request.GET.get("branch_q", "")
    shown, more = branches_matching(bank, search, chosen=form.value("branch"))
    context = {
        "banks": [item for item in banks if item.code in with_formats],
        "bank": bank,
        "unknown_bank": bool(asked_for) and bank is None,
        "formats": [item for item in formats if bank and item.bank_code == bank.code],
        "format_counts": {item.code: sum(f.bank_code == item.code for f in formats) for item in banks},
        "form": form,
        "favourites": form.favourites,
        "branches": shown,
        "more_branches": more,
        "search": search,
        # Not twice: a refusal says the same.
        "month": None if form.errors else this_month(request.organization, timezone.localdate()),
    }
    return render(request, "reports/new.html", context, status=422 if form.errors else 200)


def _begin(request: TenantRequest, form: BeginForm) -> Report | None:
    """The begun report, or None with the reason on the form."""
    try:
        return begin_report(
            organization=request.organization,
            by=request.user,
            now=timezone.now(),
            format_id=form.cleaned_data["format"],
            branch_code=form.cleaned_data["branch"],
            warn=partial(messages.warning, request),
        )
    except FormatUnavailable as problem:
        form.add_error("format", str(problem))
    except BranchUnknown as problem:
        form.add_error("branch", str(problem))
    except (NotAllowed, ReferenceTaken, ReportLimitReached) as problem:
        form.add_error(None, str(problem))
    return None


@require_GET
@firm_page(Permission.VIEW_REPORTS)
def detail(request: TenantRequest, pk: object) -> HttpResponse:
    """One report: where it stands, who did what, what can be done next; the document once issued."""
    return detail_page(request, report_or_404(pk))


def detail_page(
    request: TenantRequest, report: Report, problems: Mapping[str, str] | None = None
) -> HttpResponse:
    """The page; ``problems`` (path → what is wrong) are why it could not be submitted, and make it a 422."""
    actor, standing = actor_of(request.user), standing_of(report)
    steps = possible_steps(standing, actor)
    document = None
    if report.document_id:
        document = StoredFile.objects.filter(pk=report.document_id).values("name", "size").first()
    drafting = may_draft(standing, actor)
    context = {
        "report": report,
        "document": document,
        "may_draft": drafting,
        "newer_version": drafting and has_newer_version(report),
        "set_aside": told(report.set_aside),
        "steps": {step.value: step in steps for step in Step},
        "refusal": {step.value: why_not(step, standing, actor) for step in Step},
        "open_comments": sum(not comment.get("resolved") for comment in report.comments),
        "edit_url": first_section(report),
        "problems": [
            {"text": text, "href": _field_url(report, path)} for path, text in (problems or {}).items()
        ],
        "timeline": fold([describe(entry) for entry in listing.timeline(str(report.pk))]),
        "crumbs": [("Reports", reverse("reports:list")), (report.reference, "")],
    }
    return render(request, "reports/detail.html", context, status=422 if problems else 200)


def first_section(report: Report) -> str:
    """Where writing the report begins; the report's own page while its format cannot be read."""
    try:
        section = next(definition_of(report).sections())
    except (FormatMissing, FormatProblem):
        return reverse("reports:detail", args=[report.pk])
    return reverse("reports:section", args=[report.pk, section.tab_id, section.id])


def _field_url(report: Report, path: str) -> str:
    """A question in the editor, as its form names it; empty for what belongs to no section."""
    tab, _, rest = path.partition(".")
    section, _, question = rest.partition(".")
    if not section:
        return ""
    anchor = f"#q-{question.replace('.', '__')}" if question else ""
    return reverse("reports:section", args=[report.pk, tab, section]) + anchor
