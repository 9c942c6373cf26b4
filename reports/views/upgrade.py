"""Bringing a draft up to date: what the newer version of its format asks, and what becomes of each answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from banks.formats.problems import FormatProblem
from reports.actions import failures
from reports.actions.upgrade import Prospect, prospect_of, upgrade_report, values_after
from reports.formats import FormatMissing
from reports.models import Report
from reports.set_aside import answer_text
from reports.upgrading import Line
from reports.views.finding import report_or_404
from reports.views.pages import first_section
from reports.workflow import is_frozen
from tenants.access import TenantRequest, firm_page
from tenants.permissions import Permission


@require_http_methods(["GET", "POST"])
@firm_page(Permission.DRAFT_REPORTS)
def upgrade(request: TenantRequest, pk: object) -> HttpResponse:
    """Show what would become of the answers; POST takes the report over."""
    report = report_or_404(pk)
    if is_frozen(report.status):
        state = report.get_status_display().lower()
        messages.info(request, f"{report.reference} is {state}: it keeps its version of the format.")
        return redirect("reports:detail", report.pk)
    refused = ""
    if request.method == "POST":
        try:
            upgraded, plan = upgrade_report(
                report_id=report.pk,
                version=_number(request.POST.get("version")),
                base_version=_number(request.POST.get("base_version")),
                by=request.user,
                now=timezone.now(),
            )
        except failures.UpgradeRefused as refusal:
            refused, report = str(refusal), report_or_404(pk)
        except failures.ActionRefused as refusal:
            messages.error(request, str(refusal))
            return redirect("reports:detail", report.pk)
        except (FormatMissing, FormatProblem) as failure:
            refused = str(failure)
        else:
            messages.success(request, f"{upgraded.reference} is up to date{_taken_over(len(plan.aside))}")
            return redirect(first_section(upgraded))
    return _page(request, report, refused)


def _page(request: TenantRequest, report: Report, refused: str) -> HttpResponse:
    problem, prospect, values = "", None, []
    try:
        prospect = prospect_of(report)
        values = values_after(report, prospect) if prospect else []
    except (FormatMissing, FormatProblem) as failure:
        problem = str(failure)
    context = {
        "report": report,
        "prospect": prospect,
        "groups": _groups(prospect) if prospect else (),
        "values": [(name.replace("_", " ").capitalize(), before, after) for name, before, after in values],
        "refused": refused,
        "problem": problem,
        "crumbs": [
            ("Reports", reverse("reports:list")),
            (report.reference, reverse("reports:detail", args=[report.pk])),
            ("Bring up to date", ""),
        ],
    }
    return render(request, "reports/upgrade.html", context, status=422 if refused or problem else 200)


def _taken_over(aside: int) -> str:
    if not aside:
        return ": all answers are taken over."
    return f"; {aside} answer{' is' if aside == 1 else 's are'} kept aside, the others are taken over."


def _groups(prospect: Prospect) -> list[dict[str, Any]]:
    """What changes, the most important first; what stays as it is is only counted."""
    plan = prospect.plan
    groups: list[tuple[str, str, str, Iterable[Line]]] = [
        (
            "aside",
            "Kept aside",
            "Nothing asks for these any more, or they do not fit. They stay with the report, to be read.",
            plan.aside,
        ),
        ("moved", "Moved", "The question stands in another place; the answer goes with it.", plan.moved),
        ("fitted", "Written another way", "The answer is the same, in the form asked for now.", plan.fitted),
        ("returned", "Taken back", "Answers kept aside before, asked for again.", plan.returned),
        ("new", "Asked anew", "Required questions that the version before did not have.", plan.asked_anew),
    ]
    return [
        {"id": name, "title": title, "note": note, "lines": [_told(line) for line in lines]}
        for name, title, note, lines in groups
        if lines
    ]


def _told(line: Line) -> dict[str, str]:
    return {
        "label": line.label,
        "before": line.before,
        "after": line.after,
        "answer": answer_text(line.answer),
        "reason": line.reason,
    }


def _number(text: str | None) -> int:
    """What a hidden input brings back; 0, which fits nothing, when somebody changed it."""
    return int(text) if text and text.isdecimal() and len(text) < 10 else 0
