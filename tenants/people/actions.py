"""What a manager decides about the firm's people. Each checks who decides; the writing is in operations."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from django.core.exceptions import PermissionDenied

from tenants.errors import TenancyError
from tenants.models import Organization, User
from tenants.operations import invitations, people
from tenants.people.standing import State, role_comes_from_provider
from tenants.permissions import Permission, Role


class RoleFromProvider(TenancyError):
    """The groups at the sign-in provider decide the role; changed here, it would change back."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The role of {name} comes from single sign-on, anew at every sign-in. Change the person's "
            "groups at the provider."
        )


def invite_colleague(*, organization: Organization, by: User, email: str, name: str, role: Role) -> User:
    """Invite somebody into the firm. Raises as ``invitations.invite_member`` does, and PermissionDenied."""
    _require(by, organization.org_id)
    return invitations.invite_member(organization, email=email, name=name, role=role, by=by)


def resend_to(person: User, *, by: User) -> None:
    """Another invitation. Raises InvitationRefused, InvitationNotSent, LimitReached, PermissionDenied."""
    _require(by, person.organization_id)
    invitations.resend_invitation(person, by=by)


def withdraw_from(person: User, *, by: User) -> None:
    """Take the invitation back. Raises InvitationRefused, PermissionDenied."""
    _require(by, person.organization_id)
    invitations.withdraw_invitation(person, by=by)


def change_colleague(person: User, *, by: User, name: str, role: Role) -> None:
    """Another name, another role. Raises RoleFromProvider, LastManager, NoLongerManager, PermissionDenied."""
    _require(by, person.organization_id)
    if role != person.role and role_comes_from_provider(person):
        raise RoleFromProvider(person.name)
    before = {"name": person.name, "role": person.role}
    person.name, person.role = name, role.value
    try:
        people.change_person(person, before=before, by=by)
    except TenancyError:
        person.name, person.role = before["name"], before["role"]
        raise


def deactivate_colleague(person: User, *, by: User) -> None:
    """Shut somebody out. Raises CannotDeactivate, LastManager, NoLongerManager, PermissionDenied."""
    _require(by, person.organization_id)
    people.deactivate_person(person, by=by)


def reactivate_colleague(person: User, *, by: User) -> None:
    """Let somebody in again. Raises LimitReached, NoLongerManager, PermissionDenied."""
    _require(by, person.organization_id)
    people.reactivate_person(person, by=by)


def sign_out_colleague(person: User, *, by: User) -> None:
    """End all sessions of the person. Raises PermissionDenied."""
    _require(by, person.organization_id)
    people.sign_out_everywhere(person, by=by)


def revoke_tokens_of(person: User, *, by: User) -> None:
    """Revoke all tokens of the person. Raises PermissionDenied."""
    _require(by, person.organization_id)
    people.revoke_tokens(person, by=by)


# What may be done to somebody in a state, by the name of its address.
STEPS_OF_STATE: Mapping[State, tuple[str, ...]] = MappingProxyType(
    {
        State.ACTIVE: ("sign-out", "revoke-tokens", "deactivate"),
        State.INVITED: ("resend", "withdraw"),
        State.EXPIRED: ("resend", "withdraw"),
        State.WITHDRAWN: ("resend",),
        State.DEACTIVATED: ("reactivate",),
    }
)


def _require(by: User, org_id: str | None) -> None:
    if not by.can(Permission.MANAGE_PEOPLE) or not org_id or by.organization_id != org_id:
        raise PermissionDenied("The managers of the firm decide about its people.")
