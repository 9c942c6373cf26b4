"""The editor: one section of a report at a time, saved as a whole; live values while it is written."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from reports import actions
from reports.editing.choices import choices_for, choices_typed
from reports.editing.conflicts import reconcile
from reports.editing.page import (
    PHOTOGRAPHS,
    VERSION,
    Banner,
    SectionPage,
    Shown,
    context_of,
    live_context,
    page_context,
)
from reports.formats import definition_of
from reports.forms.section import SectionForm, table_change
from reports.models import Report, ReportStatus
from reports.progress import next_section
from reports.queries import count_photographs
from reports.views.finding import report_or_404
from reports.workflow import actor_of
from reports.working import WorkedOut
from tenants.access import TenantRequest, firm_page
from tenants.permissions import Permission

_STATES = {
    ReportStatus.IN_REVIEW: "The report is in review. It can be changed again when a reviewer returns it.",
    ReportStatus.APPROVED: "The report is approved; its answers are frozen until it is issued.",
    ReportStatus.ISSUED: "The report is issued; its answers are frozen for ever.",
    ReportStatus.CANCELLED: "The report is cancelled; its answers are kept for reading.",
}


@require_http_methods(["GET", "POST"])
@firm_page(Permission.VIEW_REPORTS)
def section(request: TenantRequest, pk: object, tab: str, section: str) -> HttpResponse:
    """Read a section, or save it. Two commands of its own to read; four and a commit to save.

    Sections that ask for the bank's branch cost two more, sections with attached files one.
    """
    if request.method != "POST":
        page = _page(request, report_or_404(pk), tab, section)
        form = SectionForm(context_of(page, choices_for(page.section, page.report)))
        return _shown(request, page, form, Shown(banner=_note(page)))
    if not request.user.can(Permission.DRAFT_REPORTS):
        raise PermissionDenied("Your role reads reports; assistants, valuers and managers write them.")
    page = _page(request, report_or_404(pk), tab, section, photographs=_typed_number(request, PHOTOGRAPHS))
    change = table_change(request.POST)
    choices = choices_for(page.section, page.report)
    form = SectionForm(context_of(page, choices), request.POST, request.FILES, change=change)
    valid = form.is_valid()
    if not page.may_write:
        return _frozen(request, page, form)
    if change is not None:
        return _shown(request, page, form, Shown(show_errors=False, fresh=False))
    if not valid:
        return _shown(request, page, form, Shown(banner=_errors(form), fresh=False), 422)
    return _save(request, page, form)


def _save(request: TenantRequest, page: SectionPage, form: SectionForm) -> HttpResponse:
    """Keep the attached files, save, go on; or show the section again with the reason."""
    who: dict[str, Any] = {"report_id": page.report.pk, "by": request.user, "now": timezone.now()}
    try:
        for control, upload in form.uploads():
            form.attached(control, str(actions.attach_file(upload=upload, **who).pk))
        actions.save_section(
            tab_id=page.section.tab_id,
            section_id=page.section.id,
            values=form.values,
            base_version=_typed_number(request, VERSION),
            known=WorkedOut(form.answers, form.calculation),
            **who,
        )
    except actions.StaleSection as stale:
        return _stale(request, page, form, stale)
    except actions.ReportFrozen:
        current = _page(request, report_or_404(page.report.pk), page.section.tab_id, page.section.id)
        return _frozen(request, current, form)
    except (actions.FileRefused, actions.BranchUnknown) as refusal:
        banner = Banner("bad", str(refusal), "Not saved")
        return _shown(request, page, form, Shown(banner=banner, fresh=False), 422)
    return HttpResponseRedirect(_onwards(request, page, form))


def _onwards(request: TenantRequest, page: SectionPage, form: SectionForm) -> str:
    """Where to go after saving: what the pressed button said, else the same section."""
    then = request.POST.get("then", "")
    if then == "next":
        following = next_section(page.definition, form.calculation, page.section.path)
        if following is not None:
            return reverse("reports:section", args=[page.report.pk, following.tab_id, following.id])
    if then == "submit":
        return _submitted(request, page)
    return request.path


def _submitted(request: TenantRequest, page: SectionPage) -> str:
    """Hand the saved report over for review; the checks in the rail name what stands in the way."""
    detail = reverse("reports:detail", args=[page.report.pk])
    try:
        actions.submit_report(report_id=page.report.pk, by=request.user, now=timezone.now())
    except actions.NotReady as refusal:
        messages.error(request, f"Saved, and not submitted yet: {refusal} The checks say which.")
        return request.path
    except actions.ActionRefused as refusal:
        messages.error(request, str(refusal))
        return request.path
    messages.success(request, f"{page.report.reference} is with the reviewers.")
    return detail


@require_POST
@firm_page(Permission.DRAFT_REPORTS)
def values(request: TenantRequest, pk: object, tab: str, section: str) -> HttpResponse:
    """What follows from what is typed now, as fragments for htmx. Stores nothing; one command of its own."""
    photographs = _typed_number(request, PHOTOGRAPHS)
    page = _page(request, report_or_404(pk), tab, section, photographs=photographs)
    form = SectionForm(context_of(page, choices_typed(page.section, request.POST)), request.POST)
    form.is_valid()
    return render(request, "reports/section_values.html", live_context(page, form))


# Showing ----------------------------------------------------------------------------------------------


def _page(
    request: TenantRequest, report: Report, tab: str, section: str, *, photographs: int | None = None
) -> SectionPage:
    """The section that the address names, or a 404. One command more when the photographs are not known."""
    definition = definition_of(report)
    found = definition.section(tab, section)
    if found is None:
        raise Http404("The format of this report has no such section.")
    if photographs is None:
        photographs = count_photographs(report.pk)
    return SectionPage(report, definition, found, actor_of(request.user), timezone.localdate(), photographs)


def _shown(
    request: TenantRequest, page: SectionPage, form: SectionForm, shown: Shown, status: int = 200
) -> HttpResponse:
    return render(request, "reports/editor.html", page_context(page, form, shown), status=status)


def _stale(
    request: TenantRequest, page: SectionPage, form: SectionForm, stale: actions.StaleSection
) -> HttpResponse:
    """409: the section again, what both wrote side by side, to be saved upon the other person's version."""
    newest = _page(
        request,
        report_or_404(page.report.pk),
        page.section.tab_id,
        page.section.id,
        photographs=page.photographs,
    )
    both = reconcile(
        context_of(newest, form.context.choices),
        request.POST,
        by=stale.by_name,
        at=stale.at,
        attached=form.attached_files,
    )
    count = len(both.conflicts)
    text = (
        f"{count} {'answer differs' if count == 1 else 'answers differ'}: choose below, then save again."
        if count
        else "What you wrote does not touch their changes, which are below too. Save again to keep both."
    )
    banner = Banner("warn", text, f"{stale} Nothing you typed is lost.")
    shown = Shown(banner=banner, conflicts=both.conflicts)
    return _shown(request, newest, both.form, shown, 409)


def _frozen(request: TenantRequest, page: SectionPage, form: SectionForm) -> HttpResponse:
    """409: the report went on while somebody wrote; what was typed can still be read and copied."""
    state = _STATES.get(ReportStatus(page.report.status), "The report cannot be changed now.")
    banner = Banner("warn", f"{state} What you typed is below, to be copied.", "Not saved")
    return _shown(request, page, form, Shown(banner=banner, keep_typed=True, fresh=False), 409)


def _errors(form: SectionForm) -> Banner:
    count = len(form.errors) + len(form.table_errors)
    first = [
        {"text": f"{form.fields[name].label}: {' '.join(map(str, texts))}", "href": f"#q-{name}"}
        for name, texts in form.errors.items()
        if name in form.fields
    ]
    title = f"Not saved: {'one answer has' if count == 1 else f'{count} answers have'} to be put right"
    return Banner("bad", title=title, items=first)


def _note(page: SectionPage) -> Banner | None:
    """What the person must know before reading on: why nothing can be changed, what the reviewer wrote."""
    report = page.report
    state = _STATES.get(ReportStatus(report.status))
    if state:
        return Banner("info", state)
    if not page.may_write:
        return Banner("info", "Your role reads reports; you cannot change this one.")
    if report.status == ReportStatus.CHANGES_REQUESTED and report.review_note:
        return Banner("warn", report.review_note, "The reviewer's note")
    return None


def _typed_number(request: TenantRequest, name: str) -> int:
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
