"""Signing in and out, and changing the own password. Each is recorded in the audit log."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import SESSION_KEY, login
from django.contrib.auth.password_validation import validate_password
from django.http import HttpRequest
from django.utils import timezone

from tenants.audit import record_audit
from tenants.context import no_organization
from tenants.errors import TenancyError
from tenants.models import User
from tenants.mongodb.transaction import atomic
from tenants.naming import CONTROL_ALIAS
from tenants.sessions import end_other_sessions, end_sessions_of
from tenants.sign_in.lockout import Try, unlock
from tenants.sign_in.mail import mail_password_changed

# How somebody signed in: the session and the audit log say it.
PASSWORD, INVITATION = "password", "invitation"
# Who is named where nobody has shown who they are.
UNKNOWN = "unknown"
LOCAL_BACKEND = "tenants.authentication.EmailBackend"


class PasswordNotChanged(TenancyError):
    """The password or the account changed since the page was opened, or the link was used in this moment."""

    def __init__(self) -> None:
        super().__init__("Your password was changed meanwhile. Nothing was changed now.")


def sign_in(request: HttpRequest, person: User, *, by: str, backend: str = LOCAL_BACKEND) -> None:
    """Let ``person``, who has shown who they are by ``by``, in: in a new session with new keys."""
    if SESSION_KEY in request.session:
        # Nothing of whoever sat here before goes along.
        request.session.flush()
    request.session["signed_in_by"] = by
    login(request, person, backend=getattr(person, "backend", None) or backend)
    record_audit(
        "sign_in.succeeded", by=person, organization=_firm_of(person), target=person.email, details={"by": by}
    )


def record_sign_out(person: User) -> None:
    record_audit("sign_out", by=person, organization=_firm_of(person), target=person.email)


def record_failure(one: Try, *, at: str = "sign-in") -> None:
    """A wrong password. What was typed is recorded only where it is somebody's e-mail address.

    The one that locks is recorded as such too. What is refused under a lock is not, or whoever tries would
    fill the audit log.
    """
    person = User.objects.filter(email=one.email).first()
    about: dict[str, Any] = {
        "by": None,
        "actor": UNKNOWN,
        "organization": _firm_of(person) if person is not None else None,
        "target": person.email if person is not None else "",
    }
    record_audit("sign_in.failed", details={"at": at}, **about)
    if one.is_last and one.until is not None:
        record_audit("sign_in.locked", details={"at": at, "until": one.until.isoformat()}, **about)


def unlock_sign_in(person: User, *, by: User) -> None:
    """Let the person try again at once, from everywhere."""
    record_audit("sign_in.unlocked", by=by, organization=_firm_of(person), target=person.email)
    unlock(person.email)


def change_password(person: User, password: str, *, session_key: str | None) -> None:
    """Give the person the new password they chose, and end all of their sessions but this one.

    Raises ValidationError, PasswordNotChanged. A mail tells the person.
    """
    _store_password(person, password, "password.changed", keep=session_key)


def reset_password(person: User, password: str) -> None:
    """Give the person who came by a link from a mail the new password they chose; all sessions end.

    What failed before no longer counts against the person. Raises ValidationError, PasswordNotChanged. A mail
    tells the person.
    """
    _store_password(person, password, "password.reset", keep=None)
    unlock(person.email)


def _store_password(person: User, password: str, action: str, *, keep: str | None) -> None:
    validate_password(password, person)
    before = person.password
    person.set_password(password)
    with atomic(CONTROL_ALIAS):
        # On the password that the form or the link was made for: of two in one moment one is done.
        changed = User.objects.filter(pk=person.pk, password=before, is_active=True).update(
            password=person.password
        )
        if not changed:
            person.password = before
            raise PasswordNotChanged
        if keep is None:
            end_sessions_of([person.pk])
        else:
            end_other_sessions(person, keep=keep)
        record_audit(action, by=person, organization=_firm_of(person), target=person.email)
        with no_organization():
            mail_password_changed.enqueue(str(person.pk), timezone.now().isoformat())


def _firm_of(person: User) -> str | None:
    """The org_id of the person's firm. Staff have none, in whichever firm they are for support."""
    return None if person.is_staff else person.organization_id
