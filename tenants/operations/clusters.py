"""How the clusters are: reachable or not, how many organizations they hold, how much room is left.

For people who look on; provisioning itself measures again, and counts what is being made meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from django.conf import settings
from pymongo.errors import PyMongoError

from tenants.errors import ClusterUnreachable, UnknownCluster
from tenants.models import Cluster
from tenants.operations.capacity import Room, measure
from tenants.operations.placement import organizations_of

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
    def accepts_new(self) -> bool:
        """Whether a new organization may be placed here without anybody naming the cluster."""
        return self.cluster.accepts_new and self.free > 0 and self.room is not None and self.room.suffices

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
    counted = organizations_of(clusters)
    with ThreadPoolExecutor(max_workers=min(len(clusters), _AT_ONCE)) as pool:
        measured = list(pool.map(_measured, clusters))
    return [
        ClusterState(cluster, counted.get(cluster.name, 0), room, problem)
        for cluster, (room, problem) in zip(clusters, measured, strict=True)
    ]


def known_address_settings() -> list[str]:
    """The settings of this process that hold a MongoDB address."""
    return sorted(settings.MONGODB_ADDRESSES)


def _measured(cluster: Cluster) -> tuple[Room | None, str]:
    try:
        return measure(cluster.address_setting, cluster.open_file_limit), ""
    except (UnknownCluster, ClusterUnreachable) as error:
        return None, str(error)
    except PyMongoError as error:
        return None, f"The cluster does not answer ({type(error).__name__})."
