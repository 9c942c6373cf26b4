"""Submitting, returning, approving, cancelling, and comments."""

from __future__ import annotations

import pytest

from reports import actions
from reports.models import Report, ReportStatus
from reports.tests.making import NOW, approved, begin, in_review
from tenants.models import ActivityEntry, Organization, User

pytestmark = pytest.mark.usefixtures("formats")


def comment(
    report: Report, by: User, text: str = "Why so much?", path: str = "land.valuation.adopted_rate"
) -> Report:
    return actions.add_comment(report_id=report.pk, path=path, text=text, by=by, now=NOW)


def test_a_complete_report_goes_into_review(in_firm: Organization, valuer: User) -> None:
    report = in_review(in_firm, valuer)

    assert (report.status, report.submitted_by_name) == (ReportStatus.IN_REVIEW, "Vikram Valuer")


def test_an_empty_report_is_not_submitted_and_says_what_is_missing(
    in_firm: Organization, valuer: User
) -> None:
    report = begin(in_firm, valuer, filled=False)

    with pytest.raises(actions.NotReady) as refused:
        actions.submit_report(report_id=report.pk, by=valuer, now=NOW)

    assert "common.details.applicant_name" in refused.value.problems


def test_a_refused_submission_leaves_a_draft(in_firm: Organization, valuer: User) -> None:
    report = begin(in_firm, valuer, filled=False)

    with pytest.raises(actions.NotReady):
        actions.submit_report(report_id=report.pk, by=valuer, now=NOW)

    assert Report.objects.get(pk=report.pk).status == ReportStatus.DRAFT


def test_an_assistant_does_not_submit(in_firm: Organization, valuer: User, assistant: User) -> None:
    report = begin(in_firm, valuer)

    with pytest.raises(actions.NotAllowed):
        actions.submit_report(report_id=report.pk, by=assistant, now=NOW)


def test_a_report_in_review_is_not_submitted_again(in_firm: Organization, valuer: User) -> None:
    report = in_review(in_firm, valuer)

    with pytest.raises(actions.WrongStatus):
        actions.submit_report(report_id=report.pk, by=valuer, now=NOW)


def test_a_manager_returns_a_report_with_a_note(in_firm: Organization, valuer: User, manager: User) -> None:
    report = in_review(in_firm, valuer)

    returned = actions.return_report(report_id=report.pk, note="Compare again.", by=manager, now=NOW)

    assert (returned.status, returned.review_note) == (ReportStatus.CHANGES_REQUESTED, "Compare again.")


def test_a_return_without_a_word_is_refused(in_firm: Organization, valuer: User, manager: User) -> None:
    report = in_review(in_firm, valuer)

    with pytest.raises(actions.CommentRefused):
        actions.return_report(report_id=report.pk, note="  ", by=manager, now=NOW)


def test_an_open_comment_is_word_enough_for_a_return(
    in_firm: Organization, valuer: User, manager: User
) -> None:
    report = in_review(in_firm, valuer)
    comment(report, manager)

    returned = actions.return_report(report_id=report.pk, by=manager, now=NOW)

    assert returned.status == ReportStatus.CHANGES_REQUESTED


def test_a_manager_approves(in_firm: Organization, valuer: User, manager: User) -> None:
    report = approved(in_firm, valuer, manager)

    assert (report.status, report.approved_by_name) == (ReportStatus.APPROVED, "Meera Manager")


def test_nobody_approves_the_own_submission(in_firm: Organization, manager: User) -> None:
    report = in_review(in_firm, manager)

    with pytest.raises(actions.NotAllowed):
        actions.approve_report(report_id=report.pk, by=manager, now=NOW)


def test_a_valuer_approves_another_valuers_report_where_the_firm_allows_it(
    in_firm: Organization, valuer: User, other_valuer: User
) -> None:
    report = in_review(in_firm, valuer)
    in_firm.valuers_may_review = True
    other_valuer.organization = in_firm

    assert (
        actions.approve_report(report_id=report.pk, by=other_valuer, now=NOW).status == ReportStatus.APPROVED
    )


def test_a_valuer_approves_nothing_where_the_firm_does_not_say_so(
    in_firm: Organization, valuer: User, other_valuer: User
) -> None:
    report = in_review(in_firm, valuer)

    with pytest.raises(actions.NotAllowed):
        actions.approve_report(report_id=report.pk, by=other_valuer, now=NOW)


def test_a_draft_is_not_approved(in_firm: Organization, valuer: User, manager: User) -> None:
    report = begin(in_firm, valuer)

    with pytest.raises(actions.WrongStatus):
        actions.approve_report(report_id=report.pk, by=manager, now=NOW)


def test_the_person_who_began_it_cancels_a_report(in_firm: Organization, valuer: User) -> None:
    report = begin(in_firm, valuer)

    cancelled = actions.cancel_report(report_id=report.pk, reason="Twice", by=valuer, now=NOW)

    assert cancelled.status == ReportStatus.CANCELLED


def test_another_valuer_does_not_cancel_it(in_firm: Organization, valuer: User, other_valuer: User) -> None:
    report = begin(in_firm, valuer)

    with pytest.raises(actions.NotAllowed):
        actions.cancel_report(report_id=report.pk, by=other_valuer, now=NOW)


def test_a_cancelled_report_is_not_cancelled_again(in_firm: Organization, valuer: User) -> None:
    report = begin(in_firm, valuer)
    actions.cancel_report(report_id=report.pk, by=valuer, now=NOW)

    with pytest.raises(actions.WrongStatus):
        actions.cancel_report(report_id=report.pk, by=valuer, now=NOW)


def test_each_step_is_recorded_with_both_states(in_firm: Organization, valuer: User, manager: User) -> None:
    report = approved(in_firm, valuer, manager)

    entry = ActivityEntry.objects.get(report_id=str(report.pk), action="report_approved")
    assert (entry.details["from"], entry.details["to"]) == ("in_review", "approved")


# Comments -----------------------------------------------------------------------------------------------


def test_a_reviewer_comments_on_a_field(in_firm: Organization, valuer: User, manager: User) -> None:
    report = comment(in_review(in_firm, valuer), manager)

    stored = Report.objects.get(pk=report.pk).comments[0]
    assert (stored["path"], stored["by_name"], stored["resolved"]) == (
        "land.valuation.adopted_rate",
        "Meera Manager",
        False,
    )


@pytest.mark.parametrize("path", ["", "land.valuation", "building.valuation.floors.0.net_value"])
def test_a_comment_may_be_about_the_report_a_section_or_a_cell(
    in_firm: Organization, valuer: User, manager: User, path: str
) -> None:
    report = comment(in_review(in_firm, valuer), manager, path=path)

    assert report.comments[0]["path"] == path


@pytest.mark.parametrize(("text", "path"), [("  ", ""), ("x" * 2001, ""), ("Why?", "land.sea.depth")])
def test_a_comment_that_says_nothing_or_is_about_nothing_is_refused(
    in_firm: Organization, valuer: User, manager: User, text: str, path: str
) -> None:
    report = in_review(in_firm, valuer)

    with pytest.raises(actions.CommentRefused):
        comment(report, manager, text, path)


def test_the_author_does_not_comment_during_the_review(in_firm: Organization, valuer: User) -> None:
    report = in_review(in_firm, valuer)

    with pytest.raises(actions.NotAllowed):
        comment(report, valuer)


def test_the_author_marks_a_comment_as_done(in_firm: Organization, valuer: User, manager: User) -> None:
    report = comment(in_review(in_firm, valuer), manager)
    actions.return_report(report_id=report.pk, by=manager, now=NOW)

    done = actions.resolve_comment(
        report_id=report.pk, comment_id=report.comments[0]["id"], by=valuer, now=NOW
    )

    assert done.comments[0]["resolved"] is True


def test_an_unknown_comment_is_refused(in_firm: Organization, valuer: User, manager: User) -> None:
    report = in_review(in_firm, valuer)

    with pytest.raises(actions.CommentRefused):
        actions.resolve_comment(report_id=report.pk, comment_id="none", by=manager, now=NOW)
