"""What a person's record says of their place in the firm. Pure: a moment is given, nothing is asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from django.conf import settings
from django.db import models

from tenants.models import User
from tenants.permissions import Role


class State(models.TextChoices):
    """Whether somebody can sign in, may yet, or no more."""

    ACTIVE = "active", "Active"
    INVITED = "invited", "Invited"
    EXPIRED = "expired", "Invitation expired"
    WITHDRAWN = "withdrawn", "Invitation withdrawn"
    DEACTIVATED = "deactivated", "Deactivated"


# Who has, or waits for, a place. The others keep nothing but their name.
PRESENT = (State.ACTIVE, State.INVITED, State.EXPIRED)
GONE = (State.DEACTIVATED, State.WITHDRAWN)

# What a role is for, in the words of the invitation and of the pages.
ROLE_MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        Role.MANAGER.value: (
            "Sets up the firm, invites people and decides what they may do, sees every report, "
            "reviews, approves and issues."
        ),
        Role.VALUER.value: "Begins, writes and submits reports, and cancels the own ones.",
        Role.ASSISTANT.value: "Writes drafts and adds photographs; a valuer submits them.",
        Role.VIEWER.value: "Reads reports and downloads issued documents; changes nothing.",
    }
)


def invitation_lifetime() -> timedelta:
    """How long an invitation stays open (``INVITATION_DAYS``)."""
    return timedelta(days=settings.INVITATION_DAYS)


def invitation_ends(invited_at: datetime) -> datetime:
    """The moment from which an invitation of ``invited_at`` opens nothing any more."""
    return invited_at + invitation_lifetime()


def has_way_in(person: User) -> bool:
    """Whether the person ever got in: has a password, or is known at the sign-in provider."""
    return person.has_usable_password() or bool(person.cognito_id)


def state_of(*, is_active: bool, way_in: bool, invited_at: datetime | None, now: datetime) -> State:
    """The state of a record with these values.

    Somebody who may sign in, has no way to and no invitation either was invited before invitations were
    dated, or the letter never went out: for them too another one is the way on.
    """
    if not is_active:
        return State.DEACTIVATED if way_in else State.WITHDRAWN
    if way_in:
        return State.ACTIVE
    if invited_at is not None and now < invitation_ends(invited_at):
        return State.INVITED
    return State.EXPIRED


def state_of_person(person: User, now: datetime) -> State:
    return state_of(
        is_active=person.is_active, way_in=has_way_in(person), invited_at=person.invited_at, now=now
    )


def role_comes_from_provider(person: User) -> bool:
    """Whether the groups at the sign-in provider decide the role, anew at every sign-in."""
    return bool(person.cognito_id) and bool(
        getattr(settings, "OIDC_ENABLED", False) and getattr(settings, "OIDC_ROLES", None)
    )
