"""The rules of the workflow: every state, step and role."""

from __future__ import annotations

import pytest

from reports.models import ReportStatus
from reports.workflow import Actor, Standing, Step, may_comment, may_draft, possible_steps, why_not
from tenants.permissions import PERMISSIONS_OF_ROLE

ME, OTHER = "me", "other"


def actor(role: str, *, may_review_others: bool = False) -> Actor:
    return Actor(ME, role, PERMISSIONS_OF_ROLE[role], may_review_others)


def standing(status: str, *, created_by: str = OTHER, submitted_by: str = OTHER) -> Standing:
    return Standing(status, created_by, submitted_by)


LEADS = {
    "draft": {Step.SUBMIT, Step.CANCEL},
    "in_review": {Step.RETURN, Step.APPROVE, Step.CANCEL},
    "changes_requested": {Step.SUBMIT, Step.CANCEL},
    "approved": {Step.ISSUE, Step.CANCEL},
    "issued": set(),
    "cancelled": set(),
}


@pytest.mark.parametrize("status", ReportStatus.values)
def test_a_manager_may_take_every_step_out_of_a_state(status: str) -> None:
    assert possible_steps(standing(status), actor("manager")) == LEADS[status]


@pytest.mark.parametrize("status", ReportStatus.values)
@pytest.mark.parametrize("role", ["assistant", "viewer"])
def test_assistants_and_viewers_take_no_step(status: str, role: str) -> None:
    assert possible_steps(standing(status, created_by=ME), actor(role)) == frozenset()


@pytest.mark.parametrize(
    ("status", "steps"),
    [
        ("draft", {Step.SUBMIT, Step.CANCEL}),
        ("in_review", {Step.CANCEL}),
        ("changes_requested", {Step.SUBMIT, Step.CANCEL}),
        ("approved", {Step.CANCEL}),
        ("issued", set()),
    ],
)
def test_a_valuer_submits_and_cancels_the_own_report(status: str, steps: set[Step]) -> None:
    assert possible_steps(standing(status, created_by=ME), actor("valuer")) == steps


def test_a_manager_does_not_approve_the_own_submission() -> None:
    mine = standing("in_review", submitted_by=ME)

    assert why_not(Step.APPROVE, mine, actor("manager")).startswith("You submitted this report yourself")


def test_a_manager_takes_back_the_own_submission() -> None:
    assert Step.RETURN in possible_steps(standing("in_review", submitted_by=ME), actor("manager"))


def test_a_manager_approves_what_they_began_and_another_submitted() -> None:
    assert Step.APPROVE in possible_steps(standing("in_review", created_by=ME), actor("manager"))


def test_a_valuer_reviews_anothers_report_where_the_firm_allows_it() -> None:
    steps = possible_steps(standing("in_review"), actor("valuer", may_review_others=True))

    assert steps == {Step.RETURN, Step.APPROVE}


@pytest.mark.parametrize("own", [{"created_by": ME}, {"submitted_by": ME}])
def test_a_valuer_never_reviews_the_own_report(own: dict[str, str]) -> None:
    steps = possible_steps(standing("in_review", **own), actor("valuer", may_review_others=True))

    assert not steps & {Step.RETURN, Step.APPROVE}


def test_a_valuer_issues_nothing() -> None:
    assert why_not(Step.ISSUE, standing("approved"), actor("valuer")) == "A manager issues the report."


def test_a_step_that_does_not_fit_the_state_says_so() -> None:
    assert why_not(Step.ISSUE, standing("draft"), actor("manager")) == (
        "The report is a draft; issuing it is not possible now."
    )


@pytest.mark.parametrize("status", ReportStatus.values)
def test_only_drafts_and_returned_reports_are_written(status: str) -> None:
    assert may_draft(standing(status), actor("assistant")) == (status in ("draft", "changes_requested"))


def test_a_viewer_writes_nothing() -> None:
    assert not may_draft(standing("draft"), actor("viewer"))


@pytest.mark.parametrize(
    ("role", "status", "may"),
    [
        ("manager", "in_review", True),
        ("valuer", "in_review", False),
        ("valuer", "draft", True),
        ("viewer", "draft", False),
        ("manager", "issued", False),
    ],
)
def test_reviewers_comment_in_review_and_authors_before(role: str, status: str, may: bool) -> None:
    assert may_comment(standing(status), actor(role)) is may
