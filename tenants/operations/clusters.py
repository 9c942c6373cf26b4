"""How the clusters are: reachable or not, how many organizations they hold, how much room is left."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count
from pymongo.errors import PyMongoError

from tenants.errors import UnknownCluster
from tenants.models import Cluster, Organization
from tenants.operations.capacity import Room, measure

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class ClusterState:
    """A cluster with what was measured; ``problem`` says why nothing was, in words."""

    cluster: Cluster
    organizations: int
    room: Room | None
    problem: str = ""

    @property
    def free(self) -> int:
        """Organizations that its capacity still allows."""
        return max(self.cluster.capacity - self.organizations, 0)

    @property
    def is_tight(self) -> bool:
        """Whether somebody should act: unreachable, full to nine tenths, or short of files."""
        full = self.organizations >= self.cluster.capacity * 0.9
        return full or self.room is None or not self.room.suffices


def look_at_clusters(clusters: Sequence[Cluster]) -> list[ClusterState]:
    """Measure each cluster, several at once, so that unreachable ones do not add up their timeouts.

    One query to the control plane, one ``serverStatus`` to each cluster, none to any organization.
    """
    if not clusters:
        return []
    counted = dict(Organization.objects.values_list("cluster").annotate(number=Count("pk")).order_by())
    with ThreadPoolExecutor(max_workers=min(len(clusters), _AT_ONCE)) as pool:
        measured = list(pool.map(_measured, [cluster.address_setting for cluster in clusters]))
    return [
        ClusterState(cluster, counted.get(cluster.name, 0), room, problem)
        for cluster, (room, problem) in zip(clusters, measured, strict=True)
    ]


def known_address_settings() -> list[str]:
    """The settings of this process that hold a MongoDB address."""
    return sorted(settings.MONGODB_ADDRESSES)


def _measured(address_setting: str) -> tuple[Room | None, str]:
    try:
        return measure(address_setting), ""
    except UnknownCluster as error:
        return None, str(error)
    except PyMongoError as error:
        return None, f"The cluster does not answer ({type(error).__name__})."
