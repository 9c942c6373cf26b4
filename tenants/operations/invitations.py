"""Inviting people by e-mail: a link with which one person chooses one password.

The link is good for ``INVITATION_DAYS`` and for one password: it names nothing but the person's id, and is
signed with what the person's record says now, so that it dies with the password, the e-mail address, the
account, the invitation it came with, and when that is withdrawn.

Whether an invitation went out is asked of the audit log, which has to know it anyway: a mark of its own
could only disagree with it. A process that dies between the mail and its entry sends the mail twice, and
never not at all.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.mail import EmailMultiAlternatives
from django.db import IntegrityError
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.encoding import force_bytes
from django.utils.http import base36_to_int, urlsafe_base64_encode

from tenants.audit import record_audit
from tenants.errors import TenancyError
from tenants.models import AuditEntry, Organization, User
from tenants.models.users import normalise_email
from tenants.mongodb.transaction import atomic, run_atomically
from tenants.naming import CONTROL_ALIAS
from tenants.people.standing import (
    ROLE_MEANINGS,
    State,
    has_way_in,
    invitation_ends,
    invitation_lifetime,
    state_of_person,
)
from tenants.permissions import Feature, Role
from tenants.plans.limits import (
    LimitReached,
    includes,
    take_seat,
)

SENT = "invitation.sent"
# As often as an address may be invited within a day, whoever does it: a firm is no means to fill inboxes.
MOST_A_DAY = 5


class InvitationNotSent(TenancyError):
    """No mail server took the message. The person is there; the invitation can be sent again.

    The message is for who runs the system; ``for_firm`` says it to the firm's manager.
    """

    def __init__(self, message: str, *, for_firm: str = "") -> None:
        super().__init__(message)
        self.for_firm = for_firm or message


class InvitationRefused(TenancyError):
    """Nobody can be invited so: the address is somebody else's, or the person needs no invitation."""


class LinkUsed(TenancyError):
    """The link was used in the same moment, or the person changed since it was opened."""

    def __init__(self) -> None:
        super().__init__("This link was used already.")


class InvitationTokens(PasswordResetTokenGenerator):
    """Tokens that die with the password, the e-mail address, the next sign-in, the active account and the
    invitation; each lives for ``INVITATION_DAYS``, and not for as long as other links do.
    """

    key_salt = "tenants.operations.invitations.InvitationTokens"

    # The base class knows users as what AUTH_USER_MODEL may be.
    def _make_hash_value(self, user: User, timestamp: int) -> str:  # type: ignore[override]
        invited = user.invited_at.isoformat(timespec="milliseconds") if user.invited_at else ""
        return f"{super()._make_hash_value(user, timestamp)}{user.is_active}{invited}"

    def check_token(self, user: User | None, token: str | None) -> bool:  # type: ignore[override]
        """Whether the link with ``token`` lets ``user`` choose a password now."""
        if user is None or not token:
            return False
        moment, _, _ = token.partition("-")
        try:
            made = base36_to_int(moment)
        except ValueError:
            return False
        secrets = [self.secret, *self.secret_fallbacks]
        if not any(
            constant_time_compare(self._make_token_with_timestamp(user, made, secret), token)
            for secret in secrets
        ):
            return False
        # The seat is free again from the invitation's end on, to the moment; a token counts whole seconds.
        if user.invited_at is not None and timezone.now() >= invitation_ends(user.invited_at):
            return False
        lived = self._num_seconds(self._now()) - made
        return bool(lived <= invitation_lifetime().total_seconds())


invitation_tokens = InvitationTokens()


def invite_member(organization: Organization, *, email: str, name: str, role: Role, by: User) -> User:
    """Have somebody among the organization's people, with an open invitation and a seat. Returns the person.

    Somebody whose invitation expired or was withdrawn is invited anew, with this name and role. Raises
    ValidationError naming the field, InvitationRefused, LimitReached (nothing has happened then), and
    InvitationNotSent: the person stays, with the seat.
    """
    address = normalise_email(email)

    def store() -> User:
        person = User.objects.filter(email=address).first()
        if person is None:
            person = User(email=address, name=name, organization=organization, role=role)
            return _add(person, organization, by)
        if person.organization_id != organization.org_id:
            # Nothing of where: whose people others have is nobody's business here.
            raise InvitationRefused(
                f"{address} cannot be invited. Ask the person for another e-mail address."
            )
        _refuse_unless_invitable(person)
        _require_patience(person)
        before = {"name": person.name, "role": person.role}
        person.name, person.role = name, role
        person.clean_fields(exclude=["password", "organization"])
        return _open_again(person, organization, by, before=before)

    try:
        person = run_atomically(store, using=CONTROL_ALIAS)
    except IntegrityError as error:
        raise InvitationRefused(f"{address} is being invited in this moment.") from error
    _send(person, organization, by)
    return person


def invite_manager(
    organization: Organization, *, email: str, name: str, by: User | None, resend: bool = False
) -> User:
    """Have the person among the organization's managers, and an invitation with them. Returns the person.

    For an organization that is being made, and safe to call again: it sends only what never went out, unless
    ``resend``; nothing goes to somebody who has a password. Raises ValidationError naming the field,
    InvitationRefused when the address belongs to somebody elsewhere or no seat is free, InvitationNotSent
    (the person stays).
    """
    address = normalise_email(email)
    person = User.objects.filter(email=address).first()
    if person is None:
        new = User(email=address, name=name or address, organization=organization, role=Role.MANAGER)
        try:
            person = run_atomically(lambda: _add(new, organization, by), using=CONTROL_ALIAS)
        except LimitReached as full:
            raise InvitationRefused(str(full)) from full
    elif person.organization_id != organization.org_id:
        raise InvitationRefused(
            f"{address} belongs to somebody outside “{organization.name}”. Name another e-mail address."
        )
    if has_way_in(person) or not person.is_active:
        return person
    if resend:
        resend_invitation(person, by=by)
    elif not was_sent(person):
        _send(person, organization, by)
    return person


def resend_invitation(person: User, *, by: User | None) -> None:
    """Send the person another link, with the whole time anew; those sent before no longer work.

    One whose invitation expired or was withdrawn takes a seat again. Raises InvitationRefused for somebody
    who has a way in or belongs to no organization, or whom enough was sent to today, LimitReached,
    InvitationNotSent.
    """
    organization = person.organization
    if organization is None:
        raise InvitationRefused(f"{person.email} belongs to no organization. Set a password instead.")
    _refuse_unless_invitable(person, may_be_open=True)
    _require_patience(person)
    opened = run_atomically(lambda: _open_again(person, organization, by), using=CONTROL_ALIAS)
    # What the link is signed with.
    person.password, person.invited_at = opened.password, opened.invited_at
    person.is_active = opened.is_active
    _send(person, organization, by)


def withdraw_invitation(person: User, *, by: User) -> None:
    """Take an invitation back: its links die at once and the seat is free. Raises InvitationRefused."""

    def store() -> None:
        blank = User()
        blank.set_unusable_password()
        if (
            not person.is_active
            or has_way_in(person)
            or not _still(person).update(is_active=False, invited_at=None, password=blank.password)
        ):
            raise InvitationRefused(f"{person.name} has no open invitation any more.")
        record_audit(
            "invitation.withdrawn",
            by=by,
            organization=person.organization_id,
            target=person.email,
            details={"role": str(person.role)},
        )

    run_atomically(store, using=CONTROL_ALIAS)


def was_sent(person: User) -> bool:
    """Whether an invitation went out to the person's present e-mail address."""
    return AuditEntry.objects.filter(
        org_id=person.organization_id or "", action=SENT, target=person.email
    ).exists()


def accept_invitation(person: User, password: str) -> None:
    """Give the invited person the chosen password, once. Raises ValidationError, LinkUsed."""
    validate_password(password, person)
    unusable, invited_at = person.password, person.invited_at
    if invited_at is not None and timezone.now() >= invitation_ends(invited_at):
        raise LinkUsed
    person.set_password(password)
    person.invited_at = None
    with atomic(CONTROL_ALIAS):
        # On the password that the link was signed with: of two who open it in one moment, one gets in.
        changed = User.objects.filter(
            pk=person.pk, password=unusable, is_active=True, invited_at=invited_at
        ).update(password=person.password, invited_at=None)
        if not changed:
            raise LinkUsed
        record_audit(
            "invitation.accepted", by=person, organization=person.organization_id, target=person.email
        )


def invitation_link(person: User) -> str:
    """The address, on the site as people reach it, at which the person chooses a password."""
    uid = urlsafe_base64_encode(force_bytes(str(person.pk)))
    path = reverse("invitation", args=[uid, invitation_tokens.make_token(person)])
    return f"{settings.SITE_URL.rstrip('/')}{path}"


def this_moment() -> datetime:
    """Now, as the database keeps it: a link is signed with it before and after it was stored."""
    now = timezone.now()
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _still(person: User) -> Any:
    """The person's record if it is as ``person`` says: nobody accepted or withdrew meanwhile."""
    return User.objects.filter(
        pk=person.pk, password=person.password, is_active=person.is_active, cognito_id=person.cognito_id
    )


def _refuse_unless_invitable(person: User, *, may_be_open: bool = False) -> None:
    state = state_of_person(person, timezone.now())
    if state is State.DEACTIVATED:
        raise InvitationRefused(f"{person.email} is deactivated. Reactivate the person first.")
    if state is State.ACTIVE:
        way = "a password" if person.has_usable_password() else "single sign-on"
        raise InvitationRefused(f"{person.email} has {way} already and needs no invitation.")
    if state is State.INVITED and not may_be_open:
        raise InvitationRefused(
            f"{person.email} is invited already. Open the person's page to send it again."
        )


def _require_patience(person: User) -> None:
    since = timezone.now() - timedelta(days=1)
    sent = AuditEntry.objects.filter(
        org_id=person.organization_id or "", action=SENT, target=person.email, at__gt=since
    ).count()
    if sent >= MOST_A_DAY:
        raise InvitationRefused(
            f"{MOST_A_DAY} invitations went to {person.email} within a day. Ask the person to look into the "
            "folder for unwanted mail, or try again tomorrow."
        )


def _add(person: User, organization: Organization, by: User | None) -> User:
    person.set_unusable_password()
    person.invited_at = this_moment()
    person.full_clean()
    take_seat(organization)
    person.save(force_insert=True)
    record_audit(
        "person.added",
        by=by,
        organization=organization,
        target=person.email,
        details={"role": str(person.role), "by": "invitation"},
    )
    return person


def _open_again(
    person: User, organization: Organization, by: User | None, *, before: dict[str, Any] | None = None
) -> User:
    """Open the invitation anew, within a transaction. What the earlier links were signed with is gone."""
    if state_of_person(person, timezone.now()) is not State.INVITED:
        take_seat(organization)
    blank = User()
    blank.set_unusable_password()
    values = {"is_active": True, "invited_at": this_moment(), "password": blank.password}
    if not _still(person).update(**values, **{name: getattr(person, name) for name in before or {}}):
        raise InvitationRefused(f"{person.email} has changed meanwhile. Look at the person's page again.")
    changes = {
        name: {"from": old, "to": str(getattr(person, name))}
        for name, old in (before or {}).items()
        if old != str(getattr(person, name))
    }
    record_audit(
        "invitation.renewed",
        by=by,
        organization=organization,
        target=person.email,
        details={"changes": changes} if changes else {},
    )
    opened = User.objects.get(pk=person.pk)
    opened.organization = organization
    return opened


def _has_single_sign_on(organization: Organization) -> bool:
    return bool(settings.OIDC_ENABLED) and includes(organization, Feature.SINGLE_SIGN_ON)


def _send(person: User, organization: Organization, by: User | None) -> None:
    stays = f"{person.name} is among the people of “{organization.name}”, and nothing is undone"
    again = f"{stays}: run create_org again, or resend the invitation from the person's page in the admin."
    for_firm = (
        f"{person.name} is among the firm's people, but the invitation was not sent: no mail server took it. "
        "Send it again from the person's page; if it lasts, tell the people who run this system."
    )
    if not settings.SITE_URL:
        raise InvitationNotSent(
            f"Set SITE_URL to the site's address, for the link. {again}", for_firm=for_firm
        )
    context = {
        "person": person,
        "organization": organization,
        "link": invitation_link(person),
        "days": settings.INVITATION_DAYS,
        "until": invitation_ends(person.invited_at or timezone.now()),
        "site_name": settings.SITE_NAME,
        # Staff stay unnamed: the firm does not know them.
        "invited_by": by if by is not None and not by.is_staff else None,
        "role": person.get_role_display(),
        "role_means": ROLE_MEANINGS.get(str(person.role), ""),
        "single_sign_on": settings.OIDC_NAME if _has_single_sign_on(organization) else "",
    }
    message = EmailMultiAlternatives(
        subject=" ".join(render_to_string("email/invitation_subject.txt", context).split()),
        body=render_to_string("email/invitation.txt", context),
        to=[person.email],
    )
    message.attach_alternative(render_to_string("email/invitation.html", context), "text/html")
    try:
        message.send()
    except (SMTPException, OSError) as error:
        raise InvitationNotSent(
            f"The invitation to {person.email} was not sent. The mail server of EMAIL_URL "
            f"({settings.EMAIL_HOST}:{settings.EMAIL_PORT}): {str(error) or type(error).__name__}. {again}",
            for_firm=for_firm,
        ) from error
    record_audit(SENT, by=by, organization=organization, target=person.email)
