"""How all organizations are: states, versions, backups, sizes; the clusters; what is under way or stuck.

A fixed number of queries of the control plane whatever the number of organizations, and none into any
organization's database.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connections
from django.db.models import Count
from django.utils import timezone
from pymongo.errors import PyMongoError

from tenants.errors import TenancyError
from tenants.models import (
    OPEN_STATUSES,
    UNFINISHED,
    Cluster,
    Operation,
    OperationStatus,
    Organization,
    TaskRecord,
    TaskState,
)
from tenants.mongodb.clients import clients
from tenants.naming import CONTROL_ALIAS
from tenants.operations.backups.retention import is_overdue, schedules
from tenants.operations.clusters import ClusterState, look_at_clusters
from tenants.operations.fleet_migration import MIGRATED_STATUSES
from tenants.operations.schema import release
from tenants.versions import Release, Standing, serves, standing

# Organizations named for each reason; the counts know all.
MOST = 20


@dataclass(frozen=True, slots=True)
class Named:
    """How many organizations, and the first of them by org_id."""

    number: int = 0
    first: Sequence[str] = ()

    @classmethod
    def of(cls, org_ids: Iterable[str]) -> Named:
        found = sorted(org_ids)
        return cls(len(found), tuple(found[:MOST]))


@dataclass(frozen=True, slots=True)
class Versions:
    """Where organizations that have a database stand; ``refused`` get the maintenance page from this code."""

    at_head: int = 0
    behind: Named = field(default_factory=Named)
    ahead: Named = field(default_factory=Named)
    refused: Named = field(default_factory=Named)


@dataclass(frozen=True, slots=True)
class Backups:
    """Good backups of organizations that are to have some; ``oldest`` is the oldest of the last ones."""

    never: Named = field(default_factory=Named)
    overdue: Named = field(default_factory=Named)
    oldest: datetime | None = None


@dataclass(frozen=True, slots=True)
class UnderWay:
    """An operation that is not finished. ``stuck``: somebody must act, it stopped or its runner is gone."""

    pk: str
    kind: str
    org_id: str
    status: str
    step: str
    since: datetime
    problem: str
    stuck: bool


@dataclass(frozen=True, slots=True)
class FleetStatus:
    """Everything. ``sizes``: org_id → bytes on disk, where that was measured."""

    at: datetime
    organizations: int
    states: Mapping[str, int]
    versions: Versions
    backups: Backups
    clusters: Sequence[ClusterState]
    operations: Sequence[UnderWay]
    tasks: Mapping[str, int]
    sizes: Mapping[str, int] = field(default_factory=dict)
    unmeasured: Sequence[str] = ()

    @property
    def stuck(self) -> list[UnderWay]:
        return [one for one in self.operations if one.stuck]

    @property
    def dead_tasks(self) -> int:
        return self.tasks.get(TaskState.DEAD.value, 0)


def fleet_status(*, measure: bool = False, cluster: str = "", now: datetime | None = None) -> FleetStatus:
    """Look at all organizations, or at those of one cluster. Six queries of the control plane.

    One measurement for each cluster, and with ``measure`` one more, of every database's size on disk: the
    server then looks at every file, which takes it seconds where there are thousands.
    """
    now = now or timezone.now()
    rows = _organizations(cluster)
    org_ids = {row["org_id"] for row in rows}
    found = Cluster.objects.order_by("name")
    states = look_at_clusters(list(found.filter(name=cluster) if cluster else found))
    sizes, unmeasured = _sizes(states, org_ids) if measure else ({}, [])
    return FleetStatus(
        at=now,
        organizations=len(rows),
        states=dict(Counter(row["status"] for row in rows)),
        versions=versions_among(rows, release()),
        backups=_backups(org_ids, now),
        clusters=states,
        operations=_operations(org_ids if cluster else None, now),
        tasks=dict(TaskRecord.objects.values_list("state").annotate(number=Count("pk")).order_by()),
        sizes=sizes,
        unmeasured=unmeasured,
    )


def _organizations(cluster: str) -> list[dict[str, Any]]:
    connection: Any = connections[CONTROL_ALIAS]
    shown = dict.fromkeys(("org_id", "status", "migrations", "destructive_migrations"), 1)
    with connection.get_collection(Organization._meta.db_table).find(
        {"cluster": cluster} if cluster else {}, {**shown, "_id": 0}, batch_size=10_000
    ) as rows:
        return list(rows)


def versions_among(rows: Iterable[Mapping[str, Any]], known: Release) -> Versions:
    """Where organizations stand to this code; pure. Rows: org_id, status and the two lists of migrations."""
    by_standing: dict[Standing, list[str]] = {one: [] for one in Standing}
    refused = []
    # Few versions among many organizations.
    seen: dict[tuple[tuple[str, ...], tuple[str, ...]], tuple[Standing, bool]] = {}
    for row in rows:
        if row["status"] not in MIGRATED_STATUSES:
            continue
        version = (tuple(row["migrations"]), tuple(row["destructive_migrations"]))
        if version not in seen:
            seen[version] = (standing(known, version[0]), serves(known, *version))
        stands, served = seen[version]
        by_standing[stands].append(row["org_id"])
        if not served and row["status"] in OPEN_STATUSES:
            refused.append(row["org_id"])
    return Versions(
        at_head=len(by_standing[Standing.AT_HEAD]),
        behind=Named.of(by_standing[Standing.BEHIND]),
        ahead=Named.of(by_standing[Standing.AHEAD]),
        refused=Named.of(refused),
    )


def _backups(org_ids: set[str], now: datetime) -> Backups:
    found = [one for one in schedules(now) if one.org_id in org_ids]
    return Backups(
        never=Named.of(one.org_id for one in found if one.last is None),
        overdue=Named.of(one.org_id for one in found if is_overdue(one, now)),
        oldest=min((one.last for one in found if one.last is not None), default=None),
    )


def _operations(org_ids: set[str] | None, now: datetime) -> list[UnderWay]:
    """What is not finished, oldest first; those of these organizations and of the whole fleet."""
    unfinished = Operation.objects.filter(status__in=[one.value for one in UNFINISHED])
    return [
        UnderWay(
            pk=str(one.pk),
            kind=one.kind,
            org_id=one.org_id,
            status=str(one.status),
            step=one.step,
            since=one.started_at or one.created_at,
            problem=one.problem,
            stuck=one.status == OperationStatus.STOPPED or one.seems_dead(now),
        )
        for one in unfinished.order_by("created_at")
        if org_ids is None or not one.org_id or one.org_id in org_ids
    ]


def _sizes(states: Iterable[ClusterState], org_ids: set[str]) -> tuple[dict[str, int], list[str]]:
    """Bytes on disk by org_id, one command to each cluster; and the clusters that did not answer."""
    sizes: dict[str, int] = {}
    unmeasured = []
    for state in states:
        try:
            client = clients.for_address(state.cluster.address_setting)
            found = client.admin.command({"listDatabases": 1}) if state.room is not None else None
        except (TenancyError, PyMongoError):
            found = None
        if found is None:
            unmeasured.append(state.cluster.name)
            continue
        sizes |= {one["name"]: int(one["sizeOnDisk"]) for one in found["databases"] if one["name"] in org_ids}
    return sizes, unmeasured
