"""Adding people, changing them, and letting them in or not. A person is never deleted: reports name them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.password_validation import validate_password
from django.db.models import F, Q
from django.utils import timezone

from tenants.account.address import send_notice
from tenants.audit import record_audit
from tenants.context import no_organization
from tenants.errors import TenancyError
from tenants.models import ApiToken, Organization, User
from tenants.models.users import normalise_email
from tenants.mongodb.transaction import run_atomically
from tenants.naming import CONTROL_ALIAS
from tenants.operations.records import plain
from tenants.permissions import Role
from tenants.plans.limits import take_seat
from tenants.sessions import end_sessions_of
from tenants.sign_in.mail import mail_password_changed


class CannotDeactivate(TenancyError):
    """Nobody could run the system afterwards, or the person would shut the own door."""


class LastManager(TenancyError):
    """Nobody would manage the firm afterwards."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is the only manager who can sign in: nobody could manage the firm afterwards. Make "
            "somebody else a manager first."
        )


class NoLongerManager(TenancyError):
    """Who decides was demoted or deactivated while they decided."""

    def __init__(self) -> None:
        super().__init__("You are not a manager of this firm any more, so nothing was changed.")


def add_member(
    *, organization: Organization, email: str, name: str, role: Role, password: str, by: User | None
) -> User:
    """A person of the organization with a password. Raises ValidationError naming the field."""
    person = User(email=normalise_email(email), name=name, organization=organization, role=role)
    add_person(person, password=password, by=by)
    return person


def add_staff(*, email: str, name: str, password: str, by: User | None) -> User:
    """A member of the staff, who belongs to no organization. Raises ValidationError naming the field."""
    person = User(email=normalise_email(email), name=name, is_staff=True)
    add_person(person, password=password, by=by)
    return person


def add_person(person: User, *, password: str, by: User | None) -> None:
    """Store a new person, member or staff, with a password; a member takes a seat.

    Raises ValidationError naming the field, LimitReached.
    """
    validate_password(password, person)
    person.set_password(password)
    person.full_clean()

    def store() -> None:
        if person.organization is not None:
            take_seat(person.organization)
        person.save(force_insert=True)
        record_audit(
            "staff.added" if person.is_staff else "person.added",
            by=by,
            organization=person.organization,
            target=person.email,
            details={"role": str(person.role)} if person.role else {},
        )

    run_atomically(store, using=CONTROL_ALIAS)


def change_person(person: User, *, before: Mapping[str, Any], by: User) -> None:
    """Store the name, e-mail or role of ``person`` as they are now; ``before`` maps field → old value.

    With another role the person's sessions end; of another e-mail address the former one is told. Raises
    LastManager, NoLongerManager.
    """
    changes = {
        name: {"from": plain(old), "to": plain(getattr(person, name))}
        for name, old in before.items()
        if plain(old) != plain(getattr(person, name))
    }
    if not changes:
        return
    another_role = "role" in changes
    _store(
        person,
        [*changes],
        "changed",
        by,
        {"changes": changes},
        end_sessions=another_role,
        decides=another_role,
    )
    if "email" in changes and person.pk != by.pk:
        with no_organization():
            send_notice.enqueue(person_id=str(person.pk), former=str(before["email"]), by_others=True)


def deactivate_person(person: User, *, by: User) -> None:
    """Refuse the person from the next request on; sessions end, tokens of the API are revoked.

    Raises CannotDeactivate, LastManager, NoLongerManager.
    """
    if person.pk == by.pk:
        raise CannotDeactivate("You cannot deactivate yourself. Ask a colleague.")
    if (
        person.is_staff
        and not User.objects.filter(is_staff=True, is_active=True).exclude(pk=person.pk).exists()
    ):
        raise CannotDeactivate("Nobody of the staff could sign in afterwards.")
    person.is_active = False
    _store(
        person,
        ["is_active"],
        "deactivated",
        by,
        end_sessions=True,
        revoke_tokens=True,
        decides=True,
    )


def reactivate_person(person: User, *, by: User) -> None:
    """Let the person sign in again; a member takes a seat. Raises LimitReached, NoLongerManager."""
    person.is_active = True
    _store(person, ["is_active"], "reactivated", by, takes_seat=True, decides=True)


def sign_out_everywhere(person: User, *, by: User) -> None:
    """End every session of the person, who may sign in again."""
    _store(person, [], "signed_out", by, end_sessions=True)


def revoke_tokens(person: User, *, by: User) -> None:
    """Have none of the person's tokens of the API let anybody in any more."""
    _store(person, [], "tokens_revoked", by, revoke_tokens=True)


def set_password(person: User, password: str, *, by: User) -> None:
    """Give the person another password; every other session of theirs ends. Raises ValidationError.

    A mail tells the person: whoever knows the new one could sign in as them.
    """
    validate_password(password, person)
    person.set_password(password)
    # Whoever has a password needs no invitation any more.
    person.invited_at = None
    _store(person, ["password", "invited_at"], "password_set", by)
    with no_organization():
        mail_password_changed.enqueue(str(person.pk), timezone.now().isoformat())


def _store(
    person: User,
    fields: list[str],
    what: str,
    by: User,
    details: dict[str, Any] | None = None,
    *,
    end_sessions: bool = False,
    revoke_tokens: bool = False,
    takes_seat: bool = False,
    decides: bool = False,
) -> None:
    """Write the fields, what follows from them and the audit entry, together.

    ``decides``: it is about who is in the firm and as what, which its managers decide.
    """

    def store() -> None:
        organization = person.organization
        told = dict(details or {})
        if decides and organization is not None and not by.is_staff:
            _require_manager(organization, by, about=person)
        if takes_seat and organization is not None:
            take_seat(organization)
        if fields:
            person.save(update_fields=fields)
        if end_sessions:
            end_sessions_of([person.pk])
        if revoke_tokens:
            revoked = ApiToken.objects.filter(user_id=person.pk, revoked_at=None).update(
                revoked_at=timezone.now()
            )
            told |= {"tokens": revoked} if revoked else {}
        record_audit(
            f"{'staff' if person.is_staff else 'person'}.{what}",
            by=by,
            organization=organization,
            target=person.email,
            details=told,
        )

    run_atomically(store, using=CONTROL_ALIAS)


def _require_manager(organization: Organization, by: User, *, about: User) -> None:
    """Raise NoLongerManager, or LastManager when ``by`` is about to leave the firm without any.

    Two who decide at once meet at the organization's document, so the later one sees what the earlier did:
    of two managers who demote each other, one stays. Staff need no leave: they open the firm again.
    """
    Organization.objects.filter(pk=organization.pk).update(seat_changes=F("seat_changes") + 1)
    managers = User.objects.filter(organization=organization.org_id, role=Role.MANAGER, is_active=True)
    if not managers.filter(pk=by.pk).exists():
        raise NoLongerManager
    if by.pk == about.pk:
        can_sign_in = Q(cognito_id__gt="") | ~Q(password__startswith=UNUSABLE_PASSWORD_PREFIX)
        if not managers.filter(can_sign_in).exclude(pk=by.pk).exists():
            raise LastManager(by.name)
