"""The life of a report: which step leads from which state to which, and who may take it. Pure rules.

``draft → in_review → changes_requested → in_review → approved → issued``; ``cancelled`` from any state before
``issued``. Nobody approves what they submitted themselves, managers included: two people stand behind a
report, unless the firm says that one is enough (``own_reports_may_be_approved``). A reviewer may *return*
the own submission, which takes it back.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from reports.models import ReportStatus
from tenants.models import User
from tenants.permissions import Permission, Role, permissions_of


class Step(StrEnum):
    """What can be done to a report as a whole."""

    SUBMIT = "submit"
    RETURN = "return"
    APPROVE = "approve"
    ISSUE = "issue"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Transition:
    """From which states a step may be taken, and where it leads."""

    sources: frozenset[str]
    target: str


DRAFTING = frozenset({ReportStatus.DRAFT.value, ReportStatus.CHANGES_REQUESTED.value})
TRANSITIONS: dict[Step, Transition] = {
    Step.SUBMIT: Transition(DRAFTING, ReportStatus.IN_REVIEW.value),
    Step.RETURN: Transition(frozenset({ReportStatus.IN_REVIEW.value}), ReportStatus.CHANGES_REQUESTED.value),
    Step.APPROVE: Transition(frozenset({ReportStatus.IN_REVIEW.value}), ReportStatus.APPROVED.value),
    Step.ISSUE: Transition(frozenset({ReportStatus.APPROVED.value}), ReportStatus.ISSUED.value),
    Step.CANCEL: Transition(
        DRAFTING | {ReportStatus.IN_REVIEW.value, ReportStatus.APPROVED.value}, ReportStatus.CANCELLED.value
    ),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """The person as the rules see them.

    ``may_review_others``: a valuer whom the firm lets review. ``may_approve_own``: the firm lets whoever
    submitted a report approve it.
    """

    user_id: str
    role: str
    permissions: Collection[Permission]
    may_review_others: bool = False
    may_approve_own: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """The report as the rules see it; ids are empty while nobody has done it."""

    status: str
    created_by: str = ""
    submitted_by: str = ""


def actor_of(user: User) -> Actor:
    """The signed-in person as an actor of the own firm."""
    organization = user.organization
    permissions = permissions_of(user)
    # Both are for who submits reports: nobody does where nothing may be changed, or with a token for reading.
    firm = organization if Permission.SUBMIT_REPORTS in permissions else None
    return Actor(
        user_id=str(user.pk),
        role=user.role,
        permissions=permissions,
        may_review_others=firm is not None and firm.valuers_may_review and user.role == Role.VALUER,
        may_approve_own=firm is not None and firm.own_reports_may_be_approved,
    )


def is_frozen(status: str) -> bool:
    """Whether the answers may not be changed in this state."""
    return status not in DRAFTING


def may_draft(standing: Standing, actor: Actor) -> bool:
    """Whether the person may change the report's answers and photographs now."""
    return Permission.DRAFT_REPORTS in actor.permissions and not is_frozen(standing.status)


def may_comment(standing: Standing, actor: Actor) -> bool:
    """Reviewers comment while the report is in review; those who draft it, while they may change it."""
    if standing.status == ReportStatus.IN_REVIEW:
        return not refusal(Step.RETURN, standing, actor)
    return may_draft(standing, actor)


def why_not(step: Step, standing: Standing, actor: Actor) -> str:
    """Why the step cannot be taken: a sentence for the person, or ``""`` when it can."""
    if standing.status not in TRANSITIONS[step].sources:
        state = ReportStatus(standing.status).label.lower()
        return f"The report is {_in_words(state)}; {_DONE[step]} is not possible now."
    return refusal(step, standing, actor)


def refusal(step: Step, standing: Standing, actor: Actor) -> str:
    """Why this *person* may not take the step, whatever the state; ``""`` when they may."""
    if step is Step.SUBMIT:
        return "" if Permission.SUBMIT_REPORTS in actor.permissions else "A valuer submits the report."
    if step is Step.ISSUE:
        return "" if Permission.ISSUE_REPORTS in actor.permissions else "A manager issues the report."
    if step is Step.CANCEL:
        return _cancel_refusal(standing, actor)
    return _review_refusal(step, standing, actor)


def _review_refusal(step: Step, standing: Standing, actor: Actor) -> str:
    if Permission.REVIEW_REPORTS not in actor.permissions and not _reviews_as_valuer(standing, actor):
        own = actor.user_id in (standing.submitted_by, standing.created_by)
        if own and (actor.may_review_others or actor.may_approve_own):
            return "This report is your own; another person reviews it."
        return "A manager reviews the report."
    if step is Step.APPROVE and actor.user_id == standing.submitted_by and not actor.may_approve_own:
        return "You submitted this report yourself; somebody else approves it."
    return ""


def _reviews_as_valuer(standing: Standing, actor: Actor) -> bool:
    """Whether a valuer reviews this report: the own submission where the firm lets approve it, and another's
    where it lets valuers review.
    """
    if actor.user_id == standing.submitted_by:
        return actor.may_approve_own
    if actor.user_id == standing.created_by and not actor.may_approve_own:
        return False
    return actor.may_review_others


def _cancel_refusal(standing: Standing, actor: Actor) -> str:
    if Permission.CANCEL_REPORTS not in actor.permissions:
        return "A valuer or a manager cancels a report."
    own = actor.user_id in (standing.created_by, standing.submitted_by)
    if own or Permission.REVIEW_REPORTS in actor.permissions:
        return ""
    return "This report was begun by somebody else; they or a manager cancel it."


def possible_steps(standing: Standing, actor: Actor) -> frozenset[Step]:
    """The steps that this person may take now, for buttons."""
    return frozenset(step for step in Step if not why_not(step, standing, actor))


_DONE = {
    Step.SUBMIT: "submitting it",
    Step.RETURN: "returning it",
    Step.APPROVE: "approving it",
    Step.ISSUE: "issuing it",
    Step.CANCEL: "cancelling it",
}


def _in_words(state: str) -> str:
    return {"draft": "a draft", "changes requested": "returned for changes"}.get(state, state)
