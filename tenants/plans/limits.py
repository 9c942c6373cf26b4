"""Where a plan's limits are enforced: each is taken in one step, so that two who ask at once share none."""

from __future__ import annotations

from typing import Any

from django.db.models import F

from tenants.errors import TenancyError
from tenants.models import Organization, User
from tenants.permissions import Feature


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
    that the later one counts the earlier one's. Raises LimitReached. 1 command; 2 where seats are limited.
    """
    Organization.objects.filter(pk=organization.pk).update(seat_changes=F("seat_changes") + 1)
    seats = limit_of(organization, "seats")
    if seats is not None and seats_taken(organization) >= seats:
        raise LimitReached(
            f"All {seats} seats of the plan are taken. Deactivate somebody who has left, "
            "or have the plan changed."
        )


def seats_taken(organization: Organization) -> int:
    """How many people have a seat. One command."""
    return User.objects.filter(organization=organization, is_active=True).count()
