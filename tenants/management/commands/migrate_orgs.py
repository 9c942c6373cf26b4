"""``manage.py migrate_orgs``: bring every organization's database to the newest migrations."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from pymongo.errors import PyMongoError

from tenants.errors import TenancyError
from tenants.models import Organization
from tenants.operations.provision import finish_provisioning
from tenants.operations.schema import migrate_organization


class Command(BaseCommand):
    help = "Migrate every organization's database; one that fails does not stop the others."
    organizations = "all"

    def handle(self, *args: Any, **options: Any) -> None:
        failed: list[str] = []
        for organization in Organization.objects.order_by("org_id"):
            try:
                if organization.status in ("requested", "provisioning"):
                    finish_provisioning(organization, by=None)
                    self.stdout.write(f"{organization.org_id}: provisioning finished")
                    continue
                for name in migrate_organization(organization):
                    self.stdout.write(f"{organization.org_id}: {name}")
            except (TenancyError, DatabaseError, PyMongoError) as error:
                failed.append(organization.org_id)
                self.stderr.write(f"{organization.org_id}: {error or error.__cause__}")
        if failed:
            raise CommandError(f"Not migrated: {', '.join(failed)}. Run it again when the cause is mended.")
