"""Inviting an organization's first manager by e-mail: a link with which the person chooses a password.

The link is good for seven days and for one password: it names nothing but the person's id, and is signed with
what the person's record says now, so that it dies with the password, the e-mail address or the account.

Whether an invitation went out is asked of the audit log, which has to know it anyway: a mark of its own
could only disagree with it. A process that dies between the mail and its entry sends the mail twice, and
never not at all.
"""

from __future__ import annotations

from datetime import timedelta
from smtplib import SMTPException

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from tenants.audit import record_audit
from tenants.errors import TenancyError
from tenants.models import AuditEntry, Organization, User
from tenants.models.users import normalise_email
from tenants.mongodb.transaction import atomic
from tenants.naming import CONTROL_ALIAS
from tenants.permissions import Role

SENT = "invitation.sent"


class InvitationNotSent(TenancyError):
    """No mail server took the message. The person is there; the invitation can be sent again."""


class InvitationRefused(TenancyError):
    """Nobody can be invited so: the address is somebody else's, or the person needs no invitation."""


class LinkUsed(TenancyError):
    """The link was used in the same moment, or the person changed since it was opened."""

    def __init__(self) -> None:
        super().__init__("This link was used already.")


class InvitationTokens(PasswordResetTokenGenerator):
    """Tokens that die with the password, the e-mail address, the next sign-in and the active account."""

    key_salt = "tenants.operations.invitations.InvitationTokens"

    # The base class knows users as what AUTH_USER_MODEL may be.
    def _make_hash_value(self, user: User, timestamp: int) -> str:  # type: ignore[override]
        return f"{super()._make_hash_value(user, timestamp)}{user.is_active}"


invitation_tokens = InvitationTokens()


def invite_manager(
    organization: Organization, *, email: str, name: str, by: User | None, resend: bool = False
) -> User:
    """Have the person among the organization's managers, and an invitation with them. Returns the person.

    Safe to call again: it sends only what never went out, unless ``resend``; nothing goes to somebody who has
    a password. Raises ValidationError naming the field, InvitationRefused when the address belongs to
    somebody elsewhere, InvitationNotSent (the person stays).
    """
    address = normalise_email(email)
    person = User.objects.filter(email=address).first()
    if person is None:
        person = _add(organization, address, name, by)
    elif person.organization_id != organization.org_id:
        raise InvitationRefused(
            f"{address} belongs to somebody outside “{organization.name}”. Name another e-mail address."
        )
    if person.has_usable_password() or not person.is_active:
        return person
    if resend:
        resend_invitation(person, by=by)
    elif not was_sent(person):
        _send(person, organization, by)
    return person


def resend_invitation(person: User, *, by: User | None) -> None:
    """Send the person another link; those sent before no longer work.

    Raises InvitationRefused for somebody who has a password, is deactivated or belongs to no organization,
    InvitationNotSent.
    """
    organization = person.organization
    if organization is None:
        raise InvitationRefused(f"{person.email} belongs to no organization. Set a password instead.")
    if not person.is_active:
        raise InvitationRefused(f"{person.email} is deactivated. Reactivate the person first.")
    if person.has_usable_password():
        raise InvitationRefused(f"{person.email} has a password already. Set another one instead.")
    # Another unusable password: what the earlier links were signed with is gone.
    person.set_unusable_password()
    person.save(update_fields=["password"])
    _send(person, organization, by)


def was_sent(person: User) -> bool:
    """Whether an invitation went out to the person's present e-mail address."""
    return AuditEntry.objects.filter(
        org_id=person.organization_id or "", action=SENT, target=person.email
    ).exists()


def accept_invitation(person: User, password: str) -> None:
    """Give the invited person the chosen password, once. Raises ValidationError, LinkUsed."""
    validate_password(password, person)
    unusable = person.password
    person.set_password(password)
    with atomic(CONTROL_ALIAS):
        # On the password that the link was signed with: of two who open it in one moment, one gets in.
        changed = User.objects.filter(pk=person.pk, password=unusable, is_active=True).update(
            password=person.password
        )
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


def _add(organization: Organization, email: str, name: str, by: User | None) -> User:
    person = User(email=email, name=name or email, organization=organization, role=Role.MANAGER)
    person.set_unusable_password()
    person.full_clean()
    with atomic(CONTROL_ALIAS):
        person.save(force_insert=True)
        record_audit(
            "person.added",
            by=by,
            organization=organization,
            target=email,
            details={"role": Role.MANAGER.value, "by": "invitation"},
        )
    return person


def _send(person: User, organization: Organization, by: User | None) -> None:
    again = (
        f"{person.name} is among the people of “{organization.name}”, and nothing is undone: run create_org "
        "again, or resend the invitation from the person's page in the admin."
    )
    if not settings.SITE_URL:
        raise InvitationNotSent(f"Set SITE_URL to the site's address, for the link. {again}")
    days = settings.PASSWORD_RESET_TIMEOUT // 86_400
    context = {
        "person": person,
        "organization": organization,
        "link": invitation_link(person),
        "days": days,
        "until": timezone.now() + timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT),
        "site_name": settings.SITE_NAME,
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
            f"({settings.EMAIL_HOST}:{settings.EMAIL_PORT}): {str(error) or type(error).__name__}. {again}"
        ) from error
    record_audit(SENT, by=by, organization=organization, target=person.email)
