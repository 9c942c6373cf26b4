"""Who somebody is here: every case of what the service says and what the directory knows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tenants.oidc.configuration import ROLES_BY_STRENGTH
from tenants.oidc.matching import (
    Claims,
    Decision,
    Directory,
    Firm,
    Outcome,
    Person,
    Reason,
    claims_of,
    decide,
    may_connect,
    role_of,
)
from tenants.permissions import Role

ISSUER, SUBJECT, EMAIL = "https://provider.example", "s-1", "vikram@alpha-valuers.example"
SAID = Claims(ISSUER, SUBJECT, EMAIL, True, "Vikram", "alpha")
UNSAID = replace(SAID, organization=None)
CONNECTED = Person(EMAIL, "alpha", "valuer", ISSUER, SUBJECT)
INVITED = Person(EMAIL, "alpha", "assistant", is_invited=True)
WITH_PASSWORD = Person(EMAIL, "alpha", "valuer", has_password=True)
STAFF = Person(EMAIL, None, "", ISSUER, SUBJECT)
ALPHA = Firm("alpha")

SIGNED_IN = Decision(Outcome.SIGN_IN, Role.VALUER)
LINKED = Decision(Outcome.ACCEPT_INVITATION, Role.VALUER)
MADE = Decision(Outcome.CREATE, Role.VALUER)


def refused(reason: Reason) -> Decision:
    return Decision(Outcome.REFUSE, reason=reason)


CASES: list[tuple[str, Claims, Directory, Decision]] = [
    ("known", SAID, Directory(CONNECTED), SIGNED_IN),
    ("known, no firm said", UNSAID, Directory(CONNECTED), SIGNED_IN),
    ("known, address not confirmed", replace(SAID, email_verified=False), Directory(CONNECTED), SIGNED_IN),
    ("known, another's address", SAID, Directory(CONNECTED, WITH_PASSWORD), SIGNED_IN),
    (
        "known, another firm",
        replace(SAID, organization="beta"),
        Directory(CONNECTED),
        refused(Reason.CONTRADICTED),
    ),
    ("known, deactivated", SAID, Directory(replace(CONNECTED, is_active=False)), refused(Reason.DEACTIVATED)),
    ("staff", UNSAID, Directory(STAFF), Decision(Outcome.SIGN_IN)),
    ("staff, a firm said", SAID, Directory(STAFF), refused(Reason.CONTRADICTED)),
    ("no address", replace(SAID, email=""), Directory(firm=ALPHA), refused(Reason.NO_EMAIL)),
    (
        "unconfirmed address of an invited person",
        replace(SAID, email_verified=False),
        Directory(by_email=INVITED, firm=ALPHA),
        refused(Reason.EMAIL_UNVERIFIED),
    ),
    (
        "unconfirmed address of nobody",
        replace(SAID, email_verified=False),
        Directory(firm=ALPHA),
        refused(Reason.EMAIL_UNVERIFIED),
    ),
    ("invited", SAID, Directory(by_email=INVITED, firm=ALPHA), LINKED),
    ("invited, no firm said", UNSAID, Directory(by_email=INVITED, firm=ALPHA), LINKED),
    (
        "invited, another firm said",
        replace(SAID, organization="beta"),
        Directory(by_email=INVITED, firm=ALPHA),
        refused(Reason.CONTRADICTED),
    ),
    (
        "invited too long ago, or never",
        SAID,
        Directory(by_email=replace(INVITED, is_invited=False), firm=ALPHA),
        refused(Reason.INVITATION_OLD),
    ),
    (
        "invited, deactivated since",
        SAID,
        Directory(by_email=replace(INVITED, is_active=False), firm=ALPHA),
        refused(Reason.DEACTIVATED),
    ),
    (
        "invited, firm not open",
        SAID,
        Directory(by_email=INVITED, firm=replace(ALPHA, is_open=False)),
        refused(Reason.NOT_OPEN),
    ),
    (
        "invited, not in the plan",
        SAID,
        Directory(by_email=INVITED, firm=replace(ALPHA, has_sign_on=False)),
        refused(Reason.NOT_INCLUDED),
    ),
    (
        "address with a password",
        SAID,
        Directory(by_email=WITH_PASSWORD, firm=ALPHA),
        refused(Reason.HAS_PASSWORD),
    ),
    (
        "address of staff",
        UNSAID,
        Directory(by_email=Person(EMAIL, None)),
        refused(Reason.HAS_PASSWORD),
    ),
    (
        "address under another issuer",
        SAID,
        Directory(by_email=replace(CONNECTED, issuer="https://other.example"), firm=ALPHA),
        refused(Reason.OTHER_ISSUER),
    ),
    (
        "address of another subject",
        SAID,
        Directory(by_email=replace(CONNECTED, subject="s-2"), firm=ALPHA),
        refused(Reason.OTHER_SUBJECT),
    ),
    ("new", SAID, Directory(firm=ALPHA), MADE),
    ("new, no firm said", UNSAID, Directory(), refused(Reason.NO_ORGANIZATION)),
    ("new, unknown firm", SAID, Directory(), refused(Reason.NOT_OPEN)),
    ("new, firm not open", SAID, Directory(firm=replace(ALPHA, is_open=False)), refused(Reason.NOT_OPEN)),
    (
        "new, not in the plan",
        SAID,
        Directory(firm=replace(ALPHA, has_sign_on=False)),
        refused(Reason.NOT_INCLUDED),
    ),
]


@pytest.mark.parametrize(
    ("said", "known", "decision"), [one[1:] for one in CASES], ids=[one[0] for one in CASES]
)
def test_it_decides(said: Claims, known: Directory, decision: Decision) -> None:
    assert decide(said, known, Role.VALUER) == decision


def test_somebody_new_without_a_role_becomes_a_viewer() -> None:
    assert decide(SAID, Directory(firm=ALPHA), None).role is Role.VIEWER


ROLES = {"office": "manager", "field": "valuer", "desk": "assistant", "readers": "viewer"}


@pytest.mark.parametrize(
    ("groups", "without", "role"),
    [
        ({"field"}, "keep", Role.VALUER),
        ({"readers", "office", "field"}, "keep", Role.MANAGER),
        ({"cleaners"}, "keep", Role.VIEWER),
        (set(), "keep", Role.VIEWER),
        (None, "keep", None),
        (None, "viewer", Role.VIEWER),
    ],
)
def test_groups_make_the_strongest_role_they_name(
    groups: set[str] | None, without: str, role: Role | None
) -> None:
    assert role_of(groups, ROLES, without_groups=without) is role


def test_a_group_that_is_called_like_a_role_makes_none_by_itself() -> None:
    assert role_of({"manager"}, ROLES, without_groups="keep") is Role.VIEWER


def test_without_any_group_that_makes_a_role_the_firm_decides() -> None:
    assert role_of({"office"}, {}, without_groups="viewer") is None


def test_the_settings_know_the_roles_that_there_are() -> None:
    assert set(ROLES_BY_STRENGTH) == set(Role.values)


@pytest.mark.parametrize(
    ("person", "owner", "reason"),
    [
        (WITH_PASSWORD, None, None),
        (WITH_PASSWORD, CONNECTED, Reason.TAKEN),
        (replace(WITH_PASSWORD, org_id="beta"), None, Reason.CONTRADICTED),
    ],
)
def test_who_may_connect(person: Person, owner: Person | None, reason: Reason | None) -> None:
    assert may_connect(SAID, person, owner) is reason


def said(**changed: Any) -> Claims:
    token = {"sub": SUBJECT, "email": EMAIL, "email_verified": True, **changed}
    return claims_of(
        token, issuer=ISSUER, organization_claim="custom:organization_id", roles_claim="cognito:groups"
    )


@pytest.mark.parametrize(
    ("value", "verified"),
    [
        (True, True),
        ("true", True),
        (False, False),
        ("false", False),
        ("True", False),
        (1, True),
        (None, False),
    ],
)
def test_an_address_is_confirmed_when_the_service_says_so(value: object, verified: bool) -> None:
    assert said(email_verified=value).email_verified is verified


@pytest.mark.parametrize(
    ("value", "groups"),
    [
        (["a", "b"], {"a", "b"}),
        ("a", {"a"}),
        ([], set()),
        (None, None),
        ({"manager": True}, set()),
        (7, set()),
    ],
)
def test_groups_are_a_list_or_one_text(value: object, groups: set[str] | None) -> None:
    assert said(**{"cognito:groups": value}).groups == groups


@pytest.mark.parametrize(
    ("value", "organization"), [("alpha", "alpha"), (" ", None), ("", None), (None, None)]
)
def test_a_blank_firm_is_none(value: object, organization: str | None) -> None:
    assert said(**{"custom:organization_id": value}).organization == organization


def test_an_address_is_compared_as_it_is_stored() -> None:
    assert said(email=" Vikram@Alpha-Valuers.example ").email == EMAIL
    assert said(email="x" * 255).email == said(email=["a"]).email == ""
