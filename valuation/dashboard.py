"""What staff see first: the firms that need somebody, the clusters' room, what was done last.

A fixed number of queries whatever the number of firms, none of them into a firm's database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
    OperationStatus,
    Organization,
    OrganizationStatus,
    TaskState,
    User,
)
from tenants.operations.clusters import ClusterState
from tenants.operations.fleet import FleetStatus, Named, fleet_status
from tenants.operations.provision import UNMADE
from tenants.operations.subscriptions import Ending, ending_subscriptions

ENDING_WITHIN = timedelta(days=30)
# Firms shown for each reason, and clusters measured; the lists have the rest.
MOST = 10
# An operation that waits for longer has no worker.
TAKEN_UP_WITHIN = timedelta(minutes=2)
_WORST_FIRST = {"bad": 0, "warn": 1}


@dataclass(frozen=True, slots=True)
class Attention:
    """A firm (or an operation, or tasks) that needs somebody, and why. ``tone`` is bad or warn."""

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
    clusters: Sequence[ClusterState]
    more_clusters: bool
    audit: Sequence[Mapping[str, Any]]


def dashboard(today: date | None = None) -> Dashboard:
    """Everything of the page: 14 queries at most, and one measurement of each cluster."""
    fleet = fleet_status()
    wanted = [name for one in _reasons(fleet) for name in one.firms.first[:MOST]]
    wanted += [one.org_id for one in fleet.operations if one.org_id]
    firms = {
        row["org_id"]: row
        for row in Organization.objects.filter(org_id__in=wanted).values("pk", "name", "org_id")
    }
    return Dashboard(
        attention=sorted(
            [
                *_unready(fleet),
                *_stuck(fleet, firms),
                *_of_many(fleet, firms),
                *_dead_tasks(fleet),
                *_ending(today or timezone.localdate()),
            ],
            key=lambda one: (_WORST_FIRST[one.tone], one.name.casefold()),
        ),
        figures=_figures(fleet),
        clusters=fleet.clusters[:MOST],
        more_clusters=len(fleet.clusters) > MOST,
        audit=list(
            AuditEntry.objects.order_by("-at").values("pk", "at", "action", "actor", "org_id", "target")[
                :MOST
            ]
        ),
    )


@dataclass(frozen=True, slots=True)
class _Reason:
    """Why several firms need somebody, and where all of them are listed."""

    firms: Named
    reason: str
    tone: str
    all_of_them: str


def _reasons(fleet: FleetStatus) -> list[_Reason]:
    listed = reverse("admin:tenants_organization_changelist")
    return [
        _Reason(fleet.versions.refused, "People see the maintenance page", "bad", listed),
        _Reason(fleet.versions.behind, "Migrations are pending", "warn", listed),
        _Reason(fleet.backups.overdue, "The backup is overdue", "bad", f"{listed}?backup=1"),
    ]


def _of_many(fleet: FleetStatus, firms: Mapping[str, Mapping[str, Any]]) -> Iterator[Attention]:
    """The first firms of each reason, and how many more there are."""
    for one in _reasons(fleet):
        shown = [firms[org_id] for org_id in one.firms.first[:MOST] if org_id in firms]
        for firm in shown:
            yield Attention(firm["name"], _page_of(firm["pk"]), one.reason, firm["org_id"], one.tone)
        if one.firms.number > len(shown):
            more = f"{one.firms.number - len(shown)} firms more"
            yield Attention(more, one.all_of_them, one.reason, "", one.tone)


def _stuck(fleet: FleetStatus, firms: Mapping[str, Mapping[str, Any]]) -> Iterator[Attention]:
    """Operations that stopped, were left by their runner, or wait and no worker takes them up."""
    for one in fleet.operations:
        waits = one.status == OperationStatus.WAITING and fleet.at - one.since > TAKEN_UP_WITHIN
        if not one.stuck and not waits:
            continue
        firm = firms.get(one.org_id, {}).get("name", one.org_id or "All firms")
        address = reverse("admin:tenants_operation_change", args=[one.pk])
        if waits:
            reason, detail, tone = "waits", "Is a worker running?", "warn"
        else:
            reason = "stopped" if one.status == OperationStatus.STOPPED else "was left by its runner"
            detail, tone = one.problem or f"At step {one.step}", "bad"
        yield Attention(firm, address, f"{one.kind.capitalize()} {reason}", detail, tone)


def _dead_tasks(fleet: FleetStatus) -> Iterator[Attention]:
    if fleet.dead_tasks:
        number = f"{fleet.dead_tasks} task{'' if fleet.dead_tasks == 1 else 's'}"
        address = f"{reverse('admin:tenants_taskrecord_changelist')}?state__exact={TaskState.DEAD.value}"
        yield Attention(number, address, "Tried in vain", "Look why, then try again or leave it", "bad")


def _page_of(organization_pk: Any) -> str:
    return reverse("admin:tenants_organization_change", args=[organization_pk])


def _unready(fleet: FleetStatus) -> list[Attention]:
    # Of those with an operation, the operation is told.
    at_work = {one.org_id for one in fleet.operations}
    found = []
    for statuses, reason, tone in (
        (UNMADE, "Provisioning is not finished", "bad"),
        ((OrganizationStatus.SUSPENDED,), "Suspended", "warn"),
    ):
        rows = Organization.objects.filter(status__in=statuses).exclude(org_id__in=at_work)
        for row in rows.order_by("-created_at").values("pk", "name", "status_reason", "org_id")[:MOST]:
            detail = row["status_reason"] or row["org_id"]
            found.append(Attention(row["name"], _page_of(row["pk"]), reason, detail, tone))
    return found


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


def _figures(fleet: FleetStatus) -> list[Figure]:
    firms = fleet.states
    people = dict(
        User.objects.filter(is_active=True).values_list("is_staff").annotate(number=Count("pk")).order_by()
    )
    organizations = reverse("admin:tenants_organization_changelist")
    users = reverse("admin:tenants_user_changelist")
    return [
        Figure("Active firms", firms.get("active", 0), f"{organizations}?status__exact=active"),
        Figure("Suspended firms", firms.get("suspended", 0), f"{organizations}?status__exact=suspended"),
        Figure(
            "Operations under way",
            len(fleet.operations),
            f"{reverse('admin:tenants_operation_changelist')}?state=unfinished",
        ),
        Figure("People in firms", people.get(False, 0), f"{users}?is_staff__exact=0&is_active__exact=1"),
        Figure("Staff", people.get(True, 0), f"{users}?is_staff__exact=1&is_active__exact=1"),
        Figure("Banks", Bank.objects.filter(is_active=True).count(), reverse("admin:banks_bank_changelist")),
        Figure(
            "Published formats",
            Format.objects.filter(status=FormatStatus.PUBLISHED).count(),
            f"{reverse('admin:banks_format_changelist')}?status__exact=published",
        ),
    ]
