"""What a firm uses of what its plan grants: the figures of the usage page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tenants.models import Counter, Organization
from tenants.permissions import Feature
from tenants.plans.limits import Level, includes, level_of, limit_of, seats_taken
from tenants.plans.months import counter_of, months_before, next_month
from tenants.plans.names import Limit
from tenants.plans.storage import COUNTER, MEGABYTE, used_bytes

MONTHS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Meter:
    """One limit: ``used`` and ``limit`` in ``unit``; ``limit`` None where nothing is limited."""

    name: str
    title: str
    used: int
    limit: int | None
    unit: str
    note: str = ""

    @property
    def level(self) -> Level:
        return level_of(self.used, self.limit)

    @property
    def left(self) -> int:
        return max((self.limit or 0) - self.used, 0)

    @property
    def percent(self) -> int:
        """Of the limit, whole; 100 from there on."""
        if self.limit is None:
            return 0
        return 100 if self.used >= self.limit else self.used * 100 // self.limit


@dataclass(frozen=True, slots=True)
class Bar:
    """A month of the history; ``percent`` of the highest month shown."""

    month: date
    begun: int
    percent: int


@dataclass(frozen=True, slots=True)
class Included:
    """A feature, and whether the plan has it."""

    label: str
    included: bool


def meters(organization: Organization, counters: Mapping[str, int], *, seats: int, day: date) -> list[Meter]:
    """Seats, reports of the month and storage. Pure: the figures are given."""
    stored_mb = -(-max(counters.get(COUNTER, 0), 0) // MEGABYTE)
    following = next_month(day)
    return [
        Meter(
            "seats",
            "Seats",
            seats,
            limit_of(organization, Limit.SEATS),
            "people",
            "Whoever can sign in or holds an open invitation has one.",
        ),
        Meter(
            "reports",
            f"Reports begun in {day:%B %Y}",
            counters.get(counter_of(day), 0),
            limit_of(organization, Limit.REPORTS),
            "reports",
            "Every report that is begun counts, cancelled ones too. "
            f"Counted anew from {following.day} {following:%B}.",
        ),
        Meter(
            "storage",
            "Storage",
            stored_mb,
            limit_of(organization, Limit.STORAGE),
            "MB",
            "Photographs, attachments, logo and signatures. Issued documents count and are never refused.",
        ),
    ]


def history(counters: Mapping[str, int], *, day: date) -> list[Bar]:
    """Reports begun in each of the last months, the earliest first. Pure."""
    begun = [(month, counters.get(counter_of(month), 0)) for month in months_before(day, MONTHS_SHOWN)]
    highest = max(count for _, count in begun) or 1
    return [Bar(month, count, count * 100 // highest) for month, count in begun]


def features(organization: Organization) -> Sequence[Included]:
    """Every feature there is. Pure."""
    return [Included(str(feature.label), includes(organization, feature)) for feature in Feature]


def usage_of(organization: Organization, *, day: date) -> dict[str, Any]:
    """All of it for the organization that is active. Two commands; one more before its first file."""
    names = [COUNTER, *(counter_of(month) for month in months_before(day, MONTHS_SHOWN))]
    counters = dict(Counter.objects.filter(name__in=names).values_list("name", "value"))
    if COUNTER not in counters:
        counters[COUNTER] = used_bytes()
    bars = history(counters, day=day)
    return {
        "meters": meters(organization, counters, seats=seats_taken(organization), day=day),
        "bars": bars,
        "has_history": any(bar.begun for bar in bars),
        "features": features(organization),
        "api_rate": limit_of(organization, Limit.API_REQUESTS),
    }
