"""Finding an organization's placement in the control plane, for code that has only the org_id."""

from __future__ import annotations

from tenants.context import no_organization
from tenants.errors import UnknownOrganization
from tenants.models import Organization
from tenants.registry import Placement


def find_placement(org_id: str) -> Placement:
    """Raises UnknownOrganization when the control plane has no such organization."""
    with no_organization():
        organization = Organization.objects.filter(org_id=org_id).first()
    if organization is None:
        raise UnknownOrganization(org_id)
    return organization.placement
