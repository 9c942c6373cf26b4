"""Who somebody is here, from what the sign-in service says and what the directory knows. No database.

A person is known by issuer and subject, never by e-mail address alone: whoever can have an address confirmed
at the service, or at another one, would else be whoever has that address here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tenants.models.users import normalise_email
from tenants.oidc.configuration import ROLES_BY_STRENGTH
from tenants.permissions import Role

_LONGEST_NAME = 100
_LONGEST_EMAIL = 254


@dataclass(frozen=True, slots=True)
class Claims:
    """What the service says of somebody. ``organization`` and ``groups`` are None where it does not say."""

    issuer: str
    subject: str
    email: str = ""
    email_verified: bool = False
    name: str = ""
    organization: str | None = None
    groups: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """What the directory knows of somebody. ``is_invited``: an invitation is open and not too old."""

    email: str
    org_id: str | None
    role: str = ""
    issuer: str = ""
    subject: str = ""
    is_active: bool = True
    has_password: bool = False
    is_invited: bool = False


@dataclass(frozen=True, slots=True)
class Firm:
    """The organization that the claim names, or that an invited person belongs to."""

    org_id: str
    is_open: bool = True
    has_sign_on: bool = True


@dataclass(frozen=True, slots=True)
class Directory:
    """What there is: who has the subject, who has the e-mail address, and the firm that matters."""

    by_subject: Person | None = None
    by_email: Person | None = None
    firm: Firm | None = None


class Outcome(StrEnum):
    SIGN_IN = "sign_in"
    ACCEPT_INVITATION = "accept_invitation"
    CREATE = "create"
    REFUSE = "refuse"


class Reason(StrEnum):
    """Why somebody is refused; each has words and a way out of its own on the page."""

    CONTRADICTED = "organization_contradicted"
    DEACTIVATED = "deactivated"
    NO_EMAIL = "no_email"
    EMAIL_UNVERIFIED = "email_unverified"
    OTHER_ISSUER = "email_under_another_issuer"
    OTHER_SUBJECT = "email_of_another_subject"
    HAS_PASSWORD = "email_has_password"  # noqa: S105 - a reason's name
    INVITATION_OLD = "invitation_old"
    NOT_INCLUDED = "not_included"
    NO_ORGANIZATION = "no_organization"
    NOT_OPEN = "organization_not_open"
    NO_SEAT = "no_seat"
    TAKEN = "subject_taken"
    OTHER_PERSON = "another_person"


@dataclass(frozen=True, slots=True)
class Decision:
    """``role`` is what the person is from now on, None where they stay what they are."""

    outcome: Outcome
    role: Role | None = None
    reason: Reason | None = None


def claims_of(said: Mapping[str, Any], *, issuer: str, organization_claim: str, roles_claim: str) -> Claims:
    """The claims that matter, from a verified ID token and what the service told besides."""
    email = said.get("email")
    email = normalise_email(email) if isinstance(email, str) and len(email) <= _LONGEST_EMAIL else ""
    # Amazon Cognito says "true" in its userinfo and true in its tokens.
    verified = said.get("email_verified") in (True, "true")
    name = said.get("name")
    organization = str(said.get(organization_claim) or "").strip()
    return Claims(
        issuer,
        said["sub"],
        email,
        verified,
        " ".join(name.split())[:_LONGEST_NAME] if isinstance(name, str) else "",
        organization or None,
        _groups(said.get(roles_claim)),
    )


def _groups(said: object) -> frozenset[str] | None:
    """One group may come as a text. What is neither text nor list names no group that is known."""
    if said is None:
        return None
    if isinstance(said, str):
        return frozenset({said})
    return frozenset(str(each) for each in said) if isinstance(said, list) else frozenset()


def role_of(groups: Iterable[str] | None, roles: Mapping[str, str], *, without_groups: str) -> Role | None:
    """The strongest role that a group makes; None: the person stays what they are.

    ``roles`` is group → role; where it is empty, roles are the firm's own matter. Groups that make no role
    leave the least one. ``without_groups`` says what no claim at all means: "keep" or "viewer".
    """
    if not roles:
        return None
    if groups is None:
        return Role.VIEWER if without_groups == "viewer" else None
    made = {roles[group] for group in groups if group in roles}
    return Role(next((role for role in ROLES_BY_STRENGTH if role in made), Role.VIEWER.value))


def decide(claims: Claims, directory: Directory, role: Role | None) -> Decision:
    """What becomes of somebody who has proved at the service who they are there. ``role``: see role_of."""
    if directory.by_subject is not None:
        return _known(claims, directory.by_subject, role)
    if not claims.email:
        return _refused(Reason.NO_EMAIL)
    # Before anything is said about the address: it may be somebody else's.
    if not claims.email_verified:
        return _refused(Reason.EMAIL_UNVERIFIED)
    if directory.by_email is not None:
        return _address_known(claims, directory.by_email, directory.firm, role)
    if claims.organization is None:
        return _refused(Reason.NO_ORGANIZATION)
    firm = directory.firm
    if firm is None or not firm.is_open or firm.org_id != claims.organization:
        return _refused(Reason.NOT_OPEN)
    if not firm.has_sign_on:
        return _refused(Reason.NOT_INCLUDED)
    return Decision(Outcome.CREATE, role or Role.VIEWER)


def _known(claims: Claims, person: Person, role: Role | None) -> Decision:
    if _contradicts(claims, person):
        return _refused(Reason.CONTRADICTED)
    if not person.is_active:
        return _refused(Reason.DEACTIVATED)
    # Staff, and people of no firm, have no role that a group could change.
    return Decision(Outcome.SIGN_IN, role if person.org_id is not None else None)


def _address_known(claims: Claims, person: Person, firm: Firm | None, role: Role | None) -> Decision:
    """Somebody here has the address: they get in as that person only on an invitation to it."""
    if person.subject:
        same = person.issuer == claims.issuer
        return _refused(Reason.OTHER_SUBJECT if same else Reason.OTHER_ISSUER)
    if person.has_password or person.org_id is None:
        return _refused(Reason.HAS_PASSWORD)
    if not person.is_active:
        return _refused(Reason.DEACTIVATED)
    if _contradicts(claims, person):
        return _refused(Reason.CONTRADICTED)
    if not person.is_invited:
        return _refused(Reason.INVITATION_OLD)
    if firm is None or not firm.is_open:
        return _refused(Reason.NOT_OPEN)
    if not firm.has_sign_on:
        return _refused(Reason.NOT_INCLUDED)
    return Decision(Outcome.ACCEPT_INVITATION, role)


def may_connect(claims: Claims, person: Person, owner: Person | None) -> Reason | None:
    """Why the signed-in ``person`` may not have the subject, which is ``owner``'s if anybody's; or None."""
    if owner is not None:
        return Reason.TAKEN
    return Reason.CONTRADICTED if _contradicts(claims, person) else None


def _contradicts(claims: Claims, person: Person) -> bool:
    return claims.organization is not None and claims.organization != (person.org_id or "")


def _refused(reason: Reason) -> Decision:
    return Decision(Outcome.REFUSE, reason=reason)
