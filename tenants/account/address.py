"""Changing the own e-mail address: whoever asks proves the password, and then that the new address is theirs.

The link in the letter to the new address is signed, is good for an hour, and dies with the password, with the
address that it would replace, and with its use. Whether somebody else has the new address is told to nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMultiAlternatives
from django.db import IntegrityError
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import urlencode
from django_tasks import task

from tenants.account.firm import firm_of
from tenants.account.links import address_of
from tenants.audit import record_audit
from tenants.context import no_organization
from tenants.errors import TenancyError
from tenants.models import User
from tenants.models.users import normalise_email
from tenants.mongodb.transaction import run_atomically
from tenants.naming import CONTROL_ALIAS
from tenants.sessions import end_other_sessions
from tenants.sign_in.lockout import cache

_SALT = "tenants.account.address"
# A person is no means to fill other people's inboxes.
LETTERS_AN_HOUR = 5
_HOUR = 60 * 60


class AddressRefused(TenancyError):
    """The link is not good any more, or the address cannot be had. Nothing is changed."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a link says: whose address becomes which."""

    person: User
    address: str


def ask_for_address(*, by: User, address: str) -> None:
    """Have a letter with a link sent to the new address; audited. The caller has checked the password.

    Raises AddressRefused for who asked for enough within the hour.
    """
    wanted = normalise_email(address)
    taken = cache.take(f"email-change:{by.pk}", limit=LETTERS_AN_HOUR, seconds=_HOUR, locked=_HOUR)
    if not taken.granted:
        raise AddressRefused(f"You asked for {LETTERS_AN_HOUR} letters already. Ask again in an hour.")

    def ask() -> None:
        record_audit(
            "person.email_asked",
            by=by,
            organization=firm_of(by),
            target=by.email,
            details={"to": wanted},
        )
        send_confirmation.enqueue(person_id=str(by.pk), address=wanted)

    with no_organization():
        run_atomically(ask, using=CONTROL_ALIAS)


def read_link(token: str, person: User) -> Wish:
    """What the link that ``person`` has opened says. Raises AddressRefused."""
    try:
        said = signing.loads(token, salt=_SALT, max_age=settings.EMAIL_CHANGE_SECONDS)
    except signing.BadSignature as error:
        raise AddressRefused(
            "This link is not good any more. Ask for another one in your account."
        ) from error
    if not isinstance(said, dict) or said != _said(person, str(said.get("to", ""))):
        raise AddressRefused(
            "This link is not good any more: it was used, it was made for somebody else, or your password or "
            "e-mail address has changed since. Ask for another one in your account."
        )
    return Wish(person, said["to"])


def change_address(wish: Wish, *, session_key: str | None) -> None:
    """Give the person the address; other sessions end, the former address is told. Raises AddressRefused."""
    person, former = wish.person, wish.person.email

    def change() -> int:
        found = User.objects.filter(pk=person.pk, email=former, is_active=True)
        changed = int(found.update(email=wish.address))
        if changed:
            end_other_sessions(person, keep=session_key)
            record_audit(
                "person.email_changed",
                by=person,
                organization=firm_of(person),
                target=wish.address,
                details={"changes": {"email": {"from": former, "to": wish.address}}},
            )
            send_notice.enqueue(person_id=str(person.pk), former=former)
        return changed

    try:
        with no_organization():
            changed = run_atomically(change, using=CONTROL_ALIAS)
    except IntegrityError as error:
        raise AddressRefused("This address cannot be used. Ask for another one in your account.") from error
    if not changed:
        raise AddressRefused("Your e-mail address has changed in this moment. Look at your account.")
    person.email = wish.address


@task
def send_confirmation(person_id: str, address: str) -> str:
    """Write to the new address, unless somebody has it; returns what became of it."""
    person = User.objects.filter(pk=person_id, is_active=True).first()
    if person is None:
        return "gone"
    if User.objects.filter(email=address).exists():
        return "taken"
    query = urlencode({"token": signing.dumps(_said(person, address), salt=_SALT)})
    link = address_of(f"{reverse('email-confirm')}?{query}")
    minutes = settings.EMAIL_CHANGE_SECONDS // 60
    _send("email/address_confirm", address, {"person": person, "link": link, "minutes": minutes})
    return "sent"


@task
def send_notice(person_id: str, former: str, by_others: bool = False) -> str:
    """Tell the former address that it is not the person's any more; ``by_others``: nor was it their doing."""
    person = User.objects.filter(pk=person_id).first()
    if person is None:
        return "gone"
    _send("email/address_changed", former, {"person": person, "by_others": by_others})
    return "sent"


def _send(template: str, to: str, context: dict[str, object]) -> None:
    said = {**context, "site_name": settings.SITE_NAME}
    letter = EmailMultiAlternatives(
        subject=" ".join(render_to_string(f"{template}_subject.txt", said).split()),
        body=render_to_string(f"{template}.txt", said),
        to=[to],
    )
    letter.attach_alternative(render_to_string(f"{template}.html", said), "text/html")
    letter.send()


def _said(person: User, address: str) -> dict[str, str]:
    """With a hash of the password's hash: another password ends the link."""
    return {
        "person": str(person.pk),
        "from": person.email,
        "to": address,
        "at": person.get_session_auth_hash()[:24],
    }
