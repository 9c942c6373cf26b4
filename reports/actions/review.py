"""Submitting, returning, approving and cancelling."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from reports.actions.changing import Changed, change_report
from reports.actions.failures import CommentRefused, NotAllowed, NotReady, WrongStatus
from reports.checks import Level, check_report
from reports.formats import definition_of
from reports.models import Report
from reports.notifying import tell_of_step
from reports.queries import count_photographs
from reports.workflow import TRANSITIONS, Standing, Step, actor_of, refusal, why_not
from reports.working import stored_figures
from tenants.account.notices import Notice
from tenants.models import User

LONGEST_NOTE = 4_000


def standing_of(report: Report) -> Standing:
    """The report as the rules of the workflow see it."""
    return Standing(report.status, report.created_by, report.submitted_by)


def submission_of(report: Report) -> str:
    """A text that names the report's last submission, for ``approve_report``; empty before the first."""
    return report.submitted_at.isoformat() if report.submitted_at else ""


def check_step(step: Step, report: Report, by: User) -> None:
    """Raise NotAllowed or WrongStatus when ``by`` may not take ``step`` now."""
    standing, actor = standing_of(report), actor_of(by)
    reason = refusal(step, standing, actor)
    if reason:
        raise NotAllowed(reason)
    reason = why_not(step, standing, actor)
    if reason:
        raise WrongStatus(reason)


def submit_report(*, report_id: object, by: User, now: datetime) -> Report:
    """Hand the report to the reviewers: ``in_review``, its answers frozen.

    Raises NotAllowed, WrongStatus, NotReady (with what must be put right, by path), Report.DoesNotExist.
    """

    def decide(report: Report) -> Changed:
        check_step(Step.SUBMIT, report, by)
        definition = definition_of(report)
        calculation, derived = stored_figures(
            definition,
            report.answers,
            reference=report.reference,
            bank=report.bank_name,
            branch=report.branch_name,
        )
        checks = check_report(
            definition,
            report.answers,
            calculation,
            today=timezone.localdate(now),
            photographs=count_photographs(report.pk),
        )
        problems = {check.path: check.text for check in checks if check.level is Level.FAIL}
        if problems:
            raise NotReady(problems)
        return _step(
            Step.SUBMIT,
            "report_submitted",
            report,
            {**derived, "submitted_by": str(by.pk), "submitted_by_name": by.acting_name, "submitted_at": now},
        )

    report = change_report(report_id, decide, by=by, now=now)
    tell_of_step(Notice.SUBMITTED, report, by=by)
    return report


def return_report(*, report_id: object, note: str = "", by: User, now: datetime) -> Report:
    """Give the report back for changes. It needs a note, or an open comment, that says which.

    Raises NotAllowed, WrongStatus, CommentRefused, Report.DoesNotExist.
    """
    words = note.strip()

    def decide(report: Report) -> Changed:
        check_step(Step.RETURN, report, by)
        if len(words) > LONGEST_NOTE:
            raise CommentRefused(f"The note is too long; at most {LONGEST_NOTE:,} characters are kept.")
        if not words and all(comment["resolved"] for comment in report.comments):
            raise CommentRefused("Say what should change: in a note, or in a comment on an answer.")
        return _step(Step.RETURN, "report_returned", report, {"review_note": words}, {"note": words})

    report = change_report(report_id, decide, by=by, now=now)
    tell_of_step(Notice.RETURNED, report, by=by)
    return report


def approve_report(
    *, report_id: object, note: str = "", read: str | None = None, by: User, now: datetime
) -> Report:
    """Approve: ``approved``. Never by the person who submitted it.

    ``read`` is ``submission_of`` the report that the reviewer saw: one that was returned and submitted again
    meanwhile is another one, which nobody has read. ``None`` asks for no such proof.

    Raises NotAllowed, WrongStatus, Report.DoesNotExist.
    """

    def decide(report: Report) -> Changed:
        check_step(Step.APPROVE, report, by)
        if read is not None and read != submission_of(report):
            raise WrongStatus("The report was submitted anew while you had it open; read it again first.")
        return _step(
            Step.APPROVE,
            "report_approved",
            report,
            {"approved_by_name": by.acting_name, "approved_at": now, "review_note": ""},
            {"note": note.strip()[:LONGEST_NOTE]},
        )

    report = change_report(report_id, decide, by=by, now=now)
    tell_of_step(Notice.APPROVED, report, by=by)
    return report


def cancel_report(*, report_id: object, reason: str = "", by: User, now: datetime) -> Report:
    """Cancel the report; its answers stay readable. Raises NotAllowed, WrongStatus, Report.DoesNotExist."""

    def decide(report: Report) -> Changed:
        check_step(Step.CANCEL, report, by)
        return _step(Step.CANCEL, "report_cancelled", report, {}, {"reason": reason.strip()[:LONGEST_NOTE]})

    return change_report(report_id, decide, by=by, now=now)


def _step(
    step: Step, action: str, report: Report, fields: dict[str, Any], details: dict[str, Any] | None = None
) -> Changed:
    target = TRANSITIONS[step].target
    return Changed(
        action,
        {**fields, "status": target},
        target=report.reference,
        details={"from": report.status, "to": target, **(details or {})},
    )
