"""Where a plan's limits are enforced: each is taken in one step, so that two who ask at once share none."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import F, Q
from django.utils import timezone

from tenants.errors import TenancyError
from tenants.models import Organization, User
from tenants.permissions import Feature
from tenants.plans.names import Limit
from tenants.plans.warning import warn_managers

__all__ = [
    "WARN_PERCENT",
    "FeatureNotIncluded",
    "Level",
    "Limit",
    "LimitReached",
    "crosses",
    "includes",
    "level_of",
    "limit_of",
    "require_feature",
    "seats_taken",
    "take_seat",
]

# From this share of a limit on, people are warned.
WARN_PERCENT = 80


class Level(StrEnum):
    """How much of a limit is used."""

    FREE = "free"
    NEAR = "near"
    FULL = "full"


class LimitReached(TenancyError):
    """The plan allows no more; the message says what, how much, and the way out."""


class FeatureNotIncluded(TenancyError):
    """The firm's plan does not include the feature."""

    def __init__(self, feature: Feature) -> None:
        super().__init__(
            f"Your firm's plan does not include “{feature.label}”. A manager of the firm can have it changed."
        )
        self.feature = feature


def limit_of(organization: Organization, name: str) -> int | None:
    """``seats``, ``reports_a_month``, ``storage_mb`` or ``api_requests_a_minute``; None: not limited."""
    found: Any = (organization.limits or {}).get(name)
    return int(found) if found is not None else None


def level_of(used: int, limit: int | None) -> Level:
    """Whether ``used`` is near the limit (80 %), or all of it."""
    if limit is None:
        return Level.FREE
    if used >= limit:
        return Level.FULL
    return Level.NEAR if used * 100 >= limit * WARN_PERCENT else Level.FREE


def crosses(before: int, after: int, limit: int | None) -> bool:
    """Whether the step from ``before`` to ``after`` is the one from which on people are warned."""
    return level_of(before, limit) is Level.FREE and level_of(after, limit) is not Level.FREE


def includes(organization: Organization, feature: Feature) -> bool:
    """Whether the firm's plan has the feature; a firm that never had a plan has them all."""
    return not organization.plan or feature.value in (organization.limits or {}).get("features", ())


def require_feature(organization: Organization, feature: Feature) -> None:
    """Raises FeatureNotIncluded."""
    if not includes(organization, feature):
        raise FeatureNotIncluded(feature)


def take_seat(organization: Organization) -> None:
    """Have room for one more person, within the transaction (``run_atomically``) that lets them in.

    Whoever may sign in or is invited has a seat. Two who ask at once meet at the organization's document, so
    that the later one begins anew and counts the earlier one's; the transaction sees one state, so who comes
    too late is refused before they stand in anybody's way. Managers are told when it is the seat from which
    on few are left. Raises LimitReached. Nothing where seats are not limited, else 2 commands, 3 for the seat
    that is told of.
    """
    seats = limit_of(organization, Limit.SEATS)
    if seats is None:
        return
    taken = seats_taken(organization)
    if taken >= seats:
        raise LimitReached(
            f"All {seats} seats of the plan are taken. Deactivate somebody who has left, "
            "or have the plan changed."
        )
    Organization.objects.filter(pk=organization.pk).update(seat_changes=F("seat_changes") + 1)
    if crosses(taken, taken + 1, seats):
        warn_managers(organization.org_id, Limit.SEATS, used=taken + 1, limit=seats)


def seats_taken(organization: Organization) -> int:
    """How many people have a seat: who can sign in, and who holds an invitation that is still good.

    Whoever is deactivated has none, nor does who never followed an invitation. One command.
    """
    days: int = getattr(settings, "INVITATION_DAYS", 7)
    can_sign_in = Q(cognito_id__gt="") | ~Q(password__startswith=UNUSABLE_PASSWORD_PREFIX)
    invited = Q(invited_at__gt=timezone.now() - timedelta(days=days))
    return User.objects.filter(
        can_sign_in | invited, organization=organization.org_id, is_active=True
    ).count()
