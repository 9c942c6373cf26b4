"""Who may take which step: every role, state, kind of report and choice of the firm, written out.

The letters are Submit, Return, Approve, Issue, Cancel. The four columns are the firm's two choices: neither;
valuers may review; own reports may be approved; both. What a report is to the person: ``others``; ``begun``
by them and submitted by somebody else; ``sent``: begun by somebody else and submitted by them; ``own``.
"""

from __future__ import annotations

from itertools import product

import pytest

from reports.models import ReportStatus
from reports.workflow import Actor, Standing, Step, actor_of, may_comment, possible_steps
from tenants.models import Organization, User
from tenants.permissions import PERMISSIONS_OF_ROLE, Role

ME, OTHER = "me", "other"
LETTERS = {"S": Step.SUBMIT, "R": Step.RETURN, "A": Step.APPROVE, "I": Step.ISSUE, "C": Step.CANCEL}
WHOSE = {"others": (OTHER, OTHER), "begun": (ME, OTHER), "sent": (OTHER, ME), "own": (ME, ME)}
CHOICES = ((False, False), (True, False), (False, True), (True, True))
Columns = tuple[str, str, str, str]
NOTHING: Columns = ("", "", "", "")

TABLE: dict[tuple[str, str, str], Columns] = {
    # A manager takes every step, and approves the own submission where the firm says so.
    **dict.fromkeys(product(["manager"], ["draft", "changes_requested"], WHOSE), ("SC", "SC", "SC", "SC")),
    ("manager", "in_review", "others"): ("RAC", "RAC", "RAC", "RAC"),
    ("manager", "in_review", "begun"): ("RAC", "RAC", "RAC", "RAC"),
    ("manager", "in_review", "sent"): ("RC", "RC", "RAC", "RAC"),
    ("manager", "in_review", "own"): ("RC", "RC", "RAC", "RAC"),
    **dict.fromkeys(product(["manager"], ["approved"], WHOSE), ("IC", "IC", "IC", "IC")),
    **dict.fromkeys(product(["manager"], ["issued", "cancelled"], WHOSE), NOTHING),
    # A valuer submits whatever is drafted, and cancels what is the own.
    ("valuer", "draft", "others"): ("S", "S", "S", "S"),
    ("valuer", "draft", "begun"): ("SC", "SC", "SC", "SC"),
    ("valuer", "draft", "sent"): ("SC", "SC", "SC", "SC"),
    ("valuer", "draft", "own"): ("SC", "SC", "SC", "SC"),
    ("valuer", "changes_requested", "others"): ("S", "S", "S", "S"),
    ("valuer", "changes_requested", "begun"): ("SC", "SC", "SC", "SC"),
    ("valuer", "changes_requested", "sent"): ("SC", "SC", "SC", "SC"),
    ("valuer", "changes_requested", "own"): ("SC", "SC", "SC", "SC"),
    # Reviewing others' needs the first choice, approving the own submission the second; what somebody else
    # submitted of the own reports, both.
    ("valuer", "in_review", "others"): ("", "RA", "", "RA"),
    ("valuer", "in_review", "begun"): ("C", "C", "C", "RAC"),
    ("valuer", "in_review", "sent"): ("C", "C", "RAC", "RAC"),
    ("valuer", "in_review", "own"): ("C", "C", "RAC", "RAC"),
    ("valuer", "approved", "others"): NOTHING,
    ("valuer", "approved", "begun"): ("C", "C", "C", "C"),
    ("valuer", "approved", "sent"): ("C", "C", "C", "C"),
    ("valuer", "approved", "own"): ("C", "C", "C", "C"),
    **dict.fromkeys(product(["valuer"], ["issued", "cancelled"], WHOSE), NOTHING),
    # The others take no step at all, whoever began the report: even one they submitted as a valuer once.
    **dict.fromkeys(product(["assistant", "viewer"], ReportStatus.values, WHOSE), NOTHING),
}


def member(role: str, *, valuers_may_review: bool, own_may_be_approved: bool) -> User:
    firm = Organization(
        org_id="alpha_valuers",
        valuers_may_review=valuers_may_review,
        own_reports_may_be_approved=own_may_be_approved,
    )
    return User(email="one@alpha.example", role=role, organization=firm)


def acting(user: User) -> Actor:
    """The person as an actor who is called ``ME``."""
    actor = actor_of(user)
    return Actor(ME, actor.role, actor.permissions, actor.may_review_others, actor.may_approve_own)


def columns(role: str, standing: Standing) -> list[frozenset[Step]]:
    return [
        possible_steps(standing, acting(member(role, valuers_may_review=review, own_may_be_approved=own)))
        for review, own in CHOICES
    ]


def test_the_table_says_something_of_every_role_state_and_kind_of_report() -> None:
    assert set(TABLE) == set(product(Role.values, ReportStatus.values, WHOSE))


@pytest.mark.parametrize(("role", "status", "whose"), [*TABLE])
def test_the_steps_are_those_of_the_table(role: str, status: str, whose: str) -> None:
    expected = [{LETTERS[letter] for letter in column} for column in TABLE[role, status, whose]]
    assert columns(role, Standing(status, *WHOSE[whose])) == expected


@pytest.mark.parametrize(("role", "whose"), [*product(Role.values, WHOSE)])
def test_in_review_whoever_may_return_it_comments_and_nobody_else(role: str, whose: str) -> None:
    standing = Standing("in_review", *WHOSE[whose])
    for column, (review, own) in zip(TABLE[role, "in_review", whose], CHOICES, strict=True):
        actor = acting(member(role, valuers_may_review=review, own_may_be_approved=own))
        assert may_comment(standing, actor) is ("R" in column)


@pytest.mark.parametrize("status", ReportStatus.values)
def test_a_token_for_reading_takes_no_step_whatever_the_firm_allows(status: str) -> None:
    manager = member("manager", valuers_may_review=True, own_may_be_approved=True)
    manager.scopes = frozenset({"read"})
    assert possible_steps(Standing(status, ME, ME), acting(manager)) == frozenset()


def test_a_valuer_with_a_token_for_reading_reviews_nothing() -> None:
    valuer = member("valuer", valuers_may_review=True, own_may_be_approved=True)
    valuer.scopes = frozenset({"read"})
    assert possible_steps(Standing("in_review", OTHER, OTHER), acting(valuer)) == frozenset()


def test_a_role_that_nobody_knows_may_nothing() -> None:
    assert "emperor" not in PERMISSIONS_OF_ROLE
    emperor = member("emperor", valuers_may_review=True, own_may_be_approved=True)
    assert possible_steps(Standing("in_review", ME, ME), acting(emperor)) == frozenset()
