"""What a proof from the sign-in service changes here: people signed in, added, linked. Each is audited."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError
from django.db.models import Q
from django.utils import timezone

from tenants.audit import record_audit
from tenants.errors import TenancyError
from tenants.models import Organization, Session, User
from tenants.mongodb.transaction import run_atomically
from tenants.naming import CONTROL_ALIAS
from tenants.oidc.matching import (
    Claims,
    Decision,
    Directory,
    Firm,
    Outcome,
    Person,
    Reason,
    decide,
    may_connect,
    role_of,
)
from tenants.permissions import Feature, Role
from tenants.plans.limits import LimitReached, includes, take_seat
from tenants.sessions import end_sessions_of

logger = logging.getLogger(__name__)

# Who is named as having done what the service, and nobody here, decided.
ACTOR = "single sign-on"
# So often a decision is made anew when somebody else was quicker.
_ATTEMPTS = 3


class SignInRefused(TenancyError):
    """The service knows the person, who is not let in here. ``email`` is what the service calls them."""

    def __init__(self, reason: Reason, email: str) -> None:
        super().__init__(f"Not let in by single sign-on ({reason.value}).")
        self.reason = reason
        self.email = email


class _ChangedMeanwhile(Exception):
    """What was decided on is no longer so."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The person, and whether their sessions were ended because the role is another one."""

    person: User
    sessions_ended: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    """What the directory has, as records."""

    by_subject: User | None = None
    by_email: User | None = None
    organization: Organization | None = None


def person_of(claims: Claims) -> SignedIn:
    """The person whom the claims prove: known, newly linked, or newly made. Raises SignInRefused.

    A role that the service gives, and a confirmed e-mail address, are followed at every sign-in. Two first
    sign-ins at once make one person: the later one finds what the earlier one made. 1 command for somebody
    known of whom nothing changed.
    """
    role = role_of(claims.groups, settings.OIDC_ROLES, without_groups=settings.OIDC_NO_GROUPS)
    for _ in range(_ATTEMPTS):
        found = _look_up(claims)
        decision = decide(claims, _directory(found, timezone.now()), role)
        if decision.reason is not None:
            raise _refused(decision.reason, claims, found)
        try:
            return _carry_out(decision, claims, found)
        except (_ChangedMeanwhile, IntegrityError):
            continue
    raise _refused(Reason.TAKEN, claims, _look_up(claims))


def connect(person: User, claims: Claims) -> None:
    """Let the person, who is signed in otherwise, sign in with the service too. Raises SignInRefused."""
    owner = User.objects.filter(cognito_id=claims.subject, oidc_issuer=claims.issuer).first()
    if owner is not None and owner.pk == person.pk:
        return
    found = _Found(by_subject=person, organization=person.organization)
    reason = may_connect(claims, _known(person), _known(owner) if owner is not None else None)
    if reason is not None:
        raise _refused(reason, claims, found)
    if person.organization is not None and not includes(person.organization, Feature.SINGLE_SIGN_ON):
        raise _refused(Reason.NOT_INCLUDED, claims, found)

    def store() -> None:
        free = User.objects.filter(pk=person.pk, cognito_id="", is_active=True)
        if not free.update(oidc_issuer=claims.issuer, cognito_id=claims.subject):
            raise _ChangedMeanwhile
        _record("openid.connected", person, by=person, details=_subject(claims))

    try:
        run_atomically(store, using=CONTROL_ALIAS)
    except (_ChangedMeanwhile, IntegrityError):
        raise _refused(Reason.TAKEN, claims, found) from None
    person.oidc_issuer, person.cognito_id = claims.issuer, claims.subject


def disconnect(person: User, *, keep: str) -> None:
    """End sign-in with the service for the person, and every session begun with it but ``keep``.

    The caller has seen that there is a password to sign in with.
    """

    def store() -> None:
        details = {"issuer": person.oidc_issuer, "subject": person.cognito_id}
        User.objects.filter(pk=person.pk).update(oidc_issuer="", cognito_id="")
        Session.objects.filter(user_id=person.pk, signed_in_by="openid").exclude(pk=keep).delete()
        _record("openid.disconnected", person, by=person, details=details)

    run_atomically(store, using=CONTROL_ALIAS)
    person.oidc_issuer = person.cognito_id = ""


def note_renewal_refused(person: User, error: str) -> None:
    """Record that the service no longer has the person signed in."""
    _record("openid.renewal_refused", person, by=person, details={"error": error})


def _look_up(claims: Claims) -> _Found:
    """1 command for somebody known, 2 where the claim names a firm that has to be found."""
    who = Q(cognito_id=claims.subject, oidc_issuer=claims.issuer)
    if claims.email:
        who |= Q(email=claims.email)
    people = list(User.objects.filter(who).select_related("organization"))
    subject = (claims.issuer, claims.subject)
    by_subject = next((one for one in people if (one.oidc_issuer, one.cognito_id) == subject), None)
    by_email = next((one for one in people if claims.email and one.email == claims.email), None)
    organization = by_email.organization if by_email is not None else None
    if by_subject is None and by_email is None and claims.organization:
        organization = Organization.objects.filter(org_id=claims.organization).first()
    return _Found(by_subject, by_email, organization)


def _directory(found: _Found, now: datetime) -> Directory:
    firm = found.organization
    return Directory(
        by_subject=_known(found.by_subject) if found.by_subject else None,
        by_email=_known(found.by_email, now) if found.by_email else None,
        firm=Firm(firm.org_id, firm.is_active, includes(firm, Feature.SINGLE_SIGN_ON)) if firm else None,
    )


def _known(person: User, now: datetime | None = None) -> Person:
    has_password = person.has_usable_password()
    days = timedelta(days=getattr(settings, "INVITATION_DAYS", 7))
    invited_at = person.invited_at
    return Person(
        email=person.email,
        org_id=person.organization_id,
        role=person.role,
        issuer=person.oidc_issuer,
        subject=person.cognito_id,
        is_active=person.is_active,
        has_password=has_password,
        is_invited=not has_password
        and invited_at is not None
        and now is not None
        and now < invited_at + days,
    )


def _carry_out(decision: Decision, claims: Claims, found: _Found) -> SignedIn:
    if decision.outcome is Outcome.CREATE:
        assert found.organization is not None  # noqa: S101 - decide says so
        return SignedIn(_create(claims, found.organization, decision.role or Role.VIEWER))
    if decision.outcome is Outcome.ACCEPT_INVITATION:
        assert found.by_email is not None  # noqa: S101 - decide says so
        return SignedIn(_accept_invitation(claims, found.by_email, decision.role))
    assert found.by_subject is not None  # noqa: S101 - decide says so
    person = found.by_subject
    role_changed = _follow_role(person, decision.role)
    if found.by_email is None and claims.email_verified and claims.email and not person.is_staff:
        _follow_email(person, claims.email)
    return SignedIn(person, role_changed)


def _create(claims: Claims, organization: Organization, role: Role) -> User:
    if organization.is_read_only:
        # As on the firm's own page: nobody new while the subscription is over.
        raise _refused(Reason.NOT_OPEN, claims, _Found(organization=organization))
    person = User(
        email=claims.email,
        name=claims.name or claims.email.partition("@")[0],
        organization=organization,
        role=role.value,
        oidc_issuer=claims.issuer,
        cognito_id=claims.subject,
    )
    person.set_unusable_password()
    try:
        person.clean_fields()
        person.clean()
    except ValidationError:
        raise _refused(Reason.NO_EMAIL, claims, _Found(organization=organization)) from None

    def store() -> None:
        take_seat(organization)
        # The seat's taking holds the firm's record: nobody suspends it between this look and the commit.
        if not Organization.objects.get(pk=organization.pk).is_active:
            raise _ChangedMeanwhile
        person.save(force_insert=True)
        details = {"role": role.value, "by": "openid", **_subject(claims)}
        _record("person.added", person, details=details)

    try:
        run_atomically(store, using=CONTROL_ALIAS)
    except LimitReached:
        raise _refused(Reason.NO_SEAT, claims, _Found(organization=organization)) from None
    return person


def _accept_invitation(claims: Claims, person: User, role: Role | None) -> User:
    before, unusable = person.role, person.password
    # Another unusable password: the link in the invitation dies with the one that it was signed with.
    changed: dict[str, Any] = {
        "oidc_issuer": claims.issuer,
        "cognito_id": claims.subject,
        "invited_at": None,
        "password": make_password(None),
        "role": role.value if role is not None else before,
    }
    details: dict[str, Any] = {"by": "openid", **_subject(claims)}
    if changed["role"] != before:
        details["changes"] = {"role": {"from": before, "to": changed["role"]}}

    def store() -> None:
        same = User.objects.filter(pk=person.pk, password=unusable, cognito_id="", is_active=True)
        if not same.update(**changed):
            raise _ChangedMeanwhile
        _record("invitation.accepted", person, by=person, details=details)

    run_atomically(store, using=CONTROL_ALIAS)
    for name, value in changed.items():
        setattr(person, name, value)
    return person


def _follow_role(person: User, role: Role | None) -> bool:
    """Make the person what the service says, and end their sessions; whether anything changed.

    The service is followed even where the firm's last manager becomes something else: the entry says so, and
    staff can name another.
    """
    if role is None or role.value == person.role:
        return False
    before = person.role

    def store() -> None:
        if not User.objects.filter(pk=person.pk, role=before).update(role=role.value):
            raise _ChangedMeanwhile
        end_sessions_of([person.pk])
        details: dict[str, Any] = {"changes": {"role": {"from": before, "to": role.value}}}
        if before == Role.MANAGER.value and not _has_manager(person):
            details["last_manager"] = True
        _record("person.changed", person, details=details)

    run_atomically(store, using=CONTROL_ALIAS)
    person.role = role.value
    return True


def _has_manager(person: User) -> bool:
    return User.objects.filter(
        organization_id=person.organization_id, role=Role.MANAGER.value, is_active=True
    ).exists()


def _follow_email(person: User, email: str) -> None:
    """Nobody here has the new address, as far as was seen; should somebody by now, the old one stays.

    So it does where the new one is none that a letter could be sent to.
    """
    before = person.email
    try:
        validate_email(email)
    except ValidationError:
        return

    def store() -> None:
        if User.objects.filter(pk=person.pk, email=before).update(email=email):
            changes = {"changes": {"email": {"from": before, "to": email}}}
            _record("person.changed", person, details=changes)

    try:
        run_atomically(store, using=CONTROL_ALIAS)
    except IntegrityError:
        return
    person.email = email


def _refused(reason: Reason, claims: Claims, found: _Found) -> SignInRefused:
    """The refusal, recorded for the firm that it is about, if any."""
    person = found.by_subject or found.by_email
    organization = person.organization if person is not None else found.organization
    action = "openid.organization_contradicted" if reason is Reason.CONTRADICTED else "openid.refused"
    record_audit(
        action,
        by=None,
        actor=ACTOR,
        # Which firm the claim names instead is nothing that this firm's managers should read.
        organization=organization,
        target=person.email if person is not None else claims.email or claims.subject,
        details={"reason": reason.value, **_subject(claims)},
    )
    if reason is Reason.CONTRADICTED:
        logger.warning("Single sign-on names %r for %s, who is of another firm.", claims.organization, person)
    return SignInRefused(reason, claims.email)


def _record(action: str, person: User, *, details: dict[str, Any], by: User | None = None) -> None:
    record_audit(
        action,
        by=by,
        actor=ACTOR,
        organization=person.organization_id,
        target=person.email,
        details=details,
    )


def _subject(claims: Claims) -> dict[str, str]:
    return {"issuer": claims.issuer, "subject": claims.subject}
