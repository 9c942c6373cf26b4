"""Adding people, changing them, and letting them in or not. A person is never deleted: reports name them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.password_validation import validate_password

from tenants.audit import record_audit
from tenants.errors import TenancyError
from tenants.models import Organization, User
from tenants.models.users import normalise_email
from tenants.mongodb.transaction import atomic
from tenants.naming import CONTROL_ALIAS
from tenants.operations.records import plain
from tenants.permissions import Role
from tenants.sessions import end_sessions_of


class CannotDeactivate(TenancyError):
    """Nobody could run the system afterwards, or the person would shut the own door."""


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
    """Store a new person, member or staff, with a password. Raises ValidationError naming the field."""
    validate_password(password, person)
    person.set_password(password)
    person.full_clean()
    with atomic(CONTROL_ALIAS):
        person.save(force_insert=True)
        record_audit(
            "staff.added" if person.is_staff else "person.added",
            by=by,
            organization=person.organization,
            target=person.email,
            details={"role": str(person.role)} if person.role else {},
        )


def change_person(person: User, *, before: Mapping[str, Any], by: User) -> None:
    """Store the name, e-mail or role of ``person`` as they are now; ``before`` maps field → old value.

    With another role the person's sessions end.
    """
    changes = {
        name: {"from": plain(old), "to": plain(getattr(person, name))}
        for name, old in before.items()
        if plain(old) != plain(getattr(person, name))
    }
    if changes:
        _store(person, [*changes], "changed", by, {"changes": changes}, end_sessions="role" in changes)


def deactivate_person(person: User, *, by: User) -> None:
    """Refuse the person from the next request on, and end the sessions. Raises CannotDeactivate."""
    if person.pk == by.pk:
        raise CannotDeactivate("You cannot deactivate yourself. Ask a colleague.")
    if (
        person.is_staff
        and not User.objects.filter(is_staff=True, is_active=True).exclude(pk=person.pk).exists()
    ):
        raise CannotDeactivate("Nobody of the staff could sign in afterwards.")
    person.is_active = False
    _store(person, ["is_active"], "deactivated", by, end_sessions=True)


def reactivate_person(person: User, *, by: User) -> None:
    """Let the person sign in again."""
    person.is_active = True
    _store(person, ["is_active"], "reactivated", by)


def set_password(person: User, password: str, *, by: User) -> None:
    """Give the person another password; every other session of theirs ends. Raises ValidationError."""
    validate_password(password, person)
    person.set_password(password)
    _store(person, ["password"], "password_set", by)


def _store(
    person: User,
    fields: list[str],
    what: str,
    by: User,
    details: dict[str, Any] | None = None,
    *,
    end_sessions: bool = False,
) -> None:
    with atomic(CONTROL_ALIAS):
        person.save(update_fields=fields)
        if end_sessions:
            end_sessions_of([person.pk])
        record_audit(
            f"{'staff' if person.is_staff else 'person'}.{what}",
            by=by,
            organization=person.organization,
            target=person.email,
            details=details,
        )
