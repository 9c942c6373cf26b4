"""What staff do to an organization that exists: its name, its database's migrations."""

from __future__ import annotations

from tenants.audit import record_audit
from tenants.models import Organization, User
from tenants.operations.schema import migrate_organization


def bring_up_to_date(organization: Organization, *, by: User) -> list[str]:
    """Apply the migrations that the organization's database lacks; returns their names. Repeatable."""
    applied = migrate_organization(organization)
    if applied:
        record_audit(
            "organization.migrated",
            by=by,
            organization=organization,
            target=organization.org_id,
            details={"migrations": applied},
        )
    return applied
