"""The mails about passwords, sent by background tasks: a page must not take longer for who exists."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import base36_to_int, urlsafe_base64_encode
from django_tasks import task

from tenants.audit import record_audit
from tenants.models import User
from tenants.models.users import normalise_email


class ResetTokens(PasswordResetTokenGenerator):
    """Good for PASSWORD_RESET_SECONDS, and dead with the password, the e-mail address or the active account.

    The next sign-in ends them too.
    """

    key_salt = "tenants.sign_in.mail.ResetTokens"

    # The base class knows users as what AUTH_USER_MODEL may be.
    def _make_hash_value(self, user: User, timestamp: int) -> str:  # type: ignore[override]
        return f"{super()._make_hash_value(user, timestamp)}{user.is_active}"

    def check_token(self, user: User | None, token: str | None) -> bool:  # type: ignore[override]
        if not super().check_token(user, token) or token is None:
            return False
        made = base36_to_int(token.partition("-")[0])
        return self._num_seconds(self._now()) - made <= int(settings.PASSWORD_RESET_SECONDS)


reset_tokens = ResetTokens()


def reset_link(person: User) -> str:
    """The address, on the site as people reach it, at which the person chooses another password."""
    uid = urlsafe_base64_encode(force_bytes(str(person.pk)))
    return _address(reverse("password-reset-link", args=[uid, reset_tokens.make_token(person)]))


@task()
def mail_reset_link(email: str) -> str:
    """Send whoever has that e-mail address the way to another password; returns what was sent.

    Nobody who does not exist or is deactivated gets anything. Who has no password here is told the way in
    that they have: a link would be another one, round the firm's provider or the invitation.
    """
    person = User.objects.filter(email=normalise_email(email), is_active=True).first()
    if person is None:
        return "nothing"
    if not person.has_usable_password():
        _send("password_none", person, openid=bool(person.cognito_id))
        return "no password"
    until = timezone.now() + timedelta(seconds=settings.PASSWORD_RESET_SECONDS)
    _send("password_reset", person, link=reset_link(person), until=until)
    record_audit(
        "password.reset_sent",
        by=None,
        organization=None if person.is_staff else person.organization_id,
        target=person.email,
    )
    return "link"


@task()
def mail_password_changed(user_id: str, at: str) -> str:
    """Tell the person that the password was changed at ``at`` (ISO 8601), should it not have been them."""
    person = User.objects.filter(pk=user_id, is_active=True).first()
    if person is None:
        return "nothing"
    _send(
        "password_changed", person, at=datetime.fromisoformat(at), reset=_address(reverse("password-reset"))
    )
    return "notice"


def _address(path: str) -> str:
    # Never from the request: whoever asks writes its Host header.
    if not settings.SITE_URL:
        raise ImproperlyConfigured("Set SITE_URL to the site's address, for the links in e-mails.")
    return f"{settings.SITE_URL.rstrip('/')}{path}"


def _send(name: str, person: User, **more: Any) -> None:
    """Raises SMTPException or OSError; the task is tried again then."""
    context = {
        "person": person,
        "site_name": settings.SITE_NAME,
        "sign_in": _address(reverse("sign-in")),
        **more,
    }
    message = EmailMultiAlternatives(
        subject=" ".join(render_to_string(f"email/{name}_subject.txt", context).split()),
        body=render_to_string(f"email/{name}.txt", context),
        to=[person.email],
    )
    message.attach_alternative(render_to_string(f"email/{name}.html", context), "text/html")
    message.send()
