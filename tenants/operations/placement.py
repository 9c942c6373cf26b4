"""Which cluster an organization belongs on: found in the control plane, or chosen for a new one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Count

from tenants.context import no_organization
from tenants.errors import UnknownOrganization
from tenants.models import Cluster, Organization, OrganizationStatus
from tenants.registry import Placement

# Those that have no database: not yet, or no more.
WITHOUT_DATABASE = (OrganizationStatus.REQUESTED.value, OrganizationStatus.DELETED.value)


@dataclass(frozen=True, slots=True)
class Wish:
    """Where a new organization shall stand; empty means anywhere. A named cluster overrides the others."""

    cluster: str = ""
    region: str = ""
    tier: str = ""

    def __str__(self) -> str:
        said = [
            f"{what} “{value}”"
            for what, value in (("named", self.cluster), ("region", self.region), ("tier", self.tier))
            if value
        ]
        return ", ".join(said) or "any region and tier"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A cluster as far as the choice depends on it."""

    name: str
    region: str
    tier: str
    capacity: int
    accepts_new: bool
    organizations: int

    @property
    def load(self) -> float:
        """Organizations relative to the capacity."""
        return self.organizations / self.capacity if self.capacity else float("inf")


@dataclass(frozen=True, slots=True)
class Choice:
    """The clusters that may be tried, the least loaded first, and why each of the others may not."""

    names: Sequence[str]
    refused: Mapping[str, str] = field(default_factory=dict)


def choose(candidates: Iterable[Candidate], wish: Wish) -> Choice:
    """Where an organization may go by what the control plane knows; whether it fits is measured there.

    A cluster that staff name is taken whatever its region and tier, and even when it is closed to new ones.
    """
    suitable: list[Candidate] = []
    refused: dict[str, str] = {}
    for one in candidates:
        problem = _problem(one, wish)
        if problem:
            refused[one.name] = problem
        else:
            suitable.append(one)
    suitable.sort(key=lambda one: (one.load, one.name))
    return Choice([one.name for one in suitable], refused)


def _problem(one: Candidate, wish: Wish) -> str:
    if wish.cluster:
        if one.name != wish.cluster:
            return "another one is named"
    elif wish.region and one.region != wish.region:
        return f"region {one.region}"
    elif wish.tier and one.tier != wish.tier:
        return f"tier {one.tier}"
    elif not one.accepts_new:
        return "takes no new organizations"
    if one.organizations >= one.capacity:
        return f"holds {one.organizations} organizations of {one.capacity} at most"
    return ""


def candidates_among(clusters: Sequence[Cluster]) -> list[Candidate]:
    """The clusters with how many organizations each has. One query; none where there is nothing to choose."""
    counted = organizations_of(clusters) if len(clusters) > 1 else {}
    return [
        Candidate(one.name, one.region, one.tier, one.capacity, one.accepts_new, counted.get(one.name, 0))
        for one in clusters
    ]


def organizations_of(clusters: Sequence[Cluster]) -> dict[str, int]:
    """Cluster → organizations that have a database there. One query."""
    rows = (
        Organization.objects.exclude(status__in=WITHOUT_DATABASE)
        .filter(cluster__in=[one.name for one in clusters])
        .values_list("cluster")
        .annotate(number=Count("pk"))
        .order_by()
    )
    return dict(rows)


def find_placement(org_id: str) -> Placement:
    """Raises UnknownOrganization when the control plane has no such organization, or has it no more."""
    with no_organization():
        organization = Organization.objects.filter(org_id=org_id).first()
    if organization is None or organization.status == OrganizationStatus.DELETED:
        raise UnknownOrganization(org_id)
    return organization.placement
