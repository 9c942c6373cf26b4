"""What staff see first: the firms that need somebody, the clusters' room, what was done last.

A fixed number of queries whatever the number of firms, none of them into a firm's database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count
from django.template.defaultfilters import date as date_filter
from django.urls import reverse
from django.utils import timezone

from banks.models import Bank, Format, FormatStatus
from tenants.models import (
    AuditEntry,
    Cluster,
    Organization,
    OrganizationStatus,
    User,
)
from tenants.operations.clusters import ClusterState, look_at_clusters
from tenants.operations.schema import head
from tenants.operations.subscriptions import Ending, ending_subscriptions

ENDING_WITHIN = timedelta(days=30)
# Firms shown for each reason, and clusters measured; the lists have the rest.
MOST = 10
_WORST_FIRST = {"bad": 0, "warn": 1}


@dataclass(frozen=True, slots=True)
class Attention:
    """A firm that needs somebody, and why. ``tone`` is bad or warn."""

    name: str
    url: str
    reason: str
    detail: str
    tone: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A count, and where what it counts is listed."""

    label: str
    number: int
    url: str


@dataclass(frozen=True, slots=True)
class Dashboard:
    attention: list[Attention]
    figures: list[Figure]
    clusters: list[ClusterState]
    more_clusters: bool
    audit: Sequence[Mapping[str, Any]]


def dashboard(today: date | None = None) -> Dashboard:
    """Everything of the page: 12 queries at most, and one measurement for each of 10 clusters."""
    clusters = list(Cluster.objects.order_by("name")[: MOST + 1])
    return Dashboard(
        attention=sorted(
            [*_unready(), *_not_migrated(), *_ending(today or timezone.localdate())],
            key=lambda one: (_WORST_FIRST[one.tone], one.name.casefold()),
        ),
        figures=_figures(),
        clusters=look_at_clusters(clusters[:MOST]),
        more_clusters=len(clusters) > MOST,
        audit=list(
            AuditEntry.objects.order_by("-at").values("pk", "at", "action", "actor", "org_id", "target")[
                :MOST
            ]
        ),
    )


def _page_of(organization_pk: Any) -> str:
    return reverse("admin:tenants_organization_change", args=[organization_pk])


def _unready() -> list[Attention]:
    found = []
    for status, reason, tone in (
        (OrganizationStatus.PROVISIONING, "Provisioning is not finished", "bad"),
        (OrganizationStatus.SUSPENDED, "Suspended", "warn"),
    ):
        rows = Organization.objects.filter(status=status).order_by("-created_at")
        for row in rows.values("pk", "name", "status_reason", "org_id")[:MOST]:
            detail = row["status_reason"] or row["org_id"]
            found.append(Attention(row["name"], _page_of(row["pk"]), reason, detail, tone))
    return found


def _not_migrated() -> list[Attention]:
    """Firms whose database lacks a migration: what they have applied does not contain all there are."""
    behind = Organization.objects.raw_aggregate(
        [
            {
                "$match": {
                    "status": {"$ne": OrganizationStatus.PROVISIONING.value},
                    "migrations": {"$not": {"$all": list(head())}},
                }
            },
            {"$limit": MOST},
            {"$project": {"name": 1, "org_id": 1}},
        ]
    )
    return [
        Attention(one.name, _page_of(one.pk), "Migrations are pending", one.org_id, "warn") for one in behind
    ]


def _ending(today: date) -> list[Attention]:
    """Active firms whose subscription has ended, is past due or ends soon."""
    endings = ending_subscriptions(today, within=ENDING_WITHIN, most=MOST)
    return [_subscription(ending, today) for ending in endings]


def _subscription(ending: Ending, today: date) -> Attention:
    on = f", on {date_filter(ending.ends_on, 'j M Y')}" if ending.ends_on else ""
    reason, detail, tone = "The subscription is past due", f"{ending.plan}{on}", "bad"
    if ending.ends_on is not None and ending.ends_on < today:
        reason = "The subscription has ended"
    elif ending.ends_on is not None and not ending.past_due:
        days = (ending.ends_on - today).days
        reason, tone = "The subscription ends soon", "warn"
        detail = f"{ending.plan}, in {days} day{'' if days == 1 else 's'}{on}"
    return Attention(ending.organization, _page_of(ending.organization_pk), reason, detail, tone)


def _figures() -> list[Figure]:
    firms = dict(Organization.objects.values_list("status").annotate(number=Count("pk")).order_by())
    people = dict(
        User.objects.filter(is_active=True).values_list("is_staff").annotate(number=Count("pk")).order_by()
    )
    organizations = reverse("admin:tenants_organization_changelist")
    users = reverse("admin:tenants_user_changelist")
    return [
        Figure("Active firms", firms.get("active", 0), f"{organizations}?status__exact=active"),
        Figure("Suspended firms", firms.get("suspended", 0), f"{organizations}?status__exact=suspended"),
        Figure("People in firms", people.get(False, 0), f"{users}?is_staff__exact=0&is_active__exact=1"),
        Figure("Staff", people.get(True, 0), f"{users}?is_staff__exact=1&is_active__exact=1"),
        Figure("Banks", Bank.objects.filter(is_active=True).count(), reverse("admin:banks_bank_changelist")),
        Figure(
            "Published formats",
            Format.objects.filter(status=FormatStatus.PUBLISHED).count(),
            f"{reverse('admin:banks_format_changelist')}?status__exact=published",
        ),
    ]
