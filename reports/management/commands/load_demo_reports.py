"""``manage.py load_demo_reports``: reports in every state for the demo firms. Repeatable."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from reports.demo import OF_FIRST_FIRM, OF_SECOND_FIRM, load_reports
from tenants.context import organization_active
from tenants.management.commands.load_demo import FIRMS
from tenants.models import Organization, User
from tenants.permissions import Role


class Command(BaseCommand):
    help = "Load the demo firms' reports; a firm that has reports keeps them as they are."
    organizations = "all"

    def handle(self, *args: Any, **options: Any) -> None:
        for firm, wanted in zip(FIRMS, (OF_FIRST_FIRM, OF_SECOND_FIRM), strict=True):
            organization = Organization.objects.get(org_id=firm.organization.org_id)
            people = {user.role: user for user in User.objects.filter(organization=organization)}
            if not organization.is_active or not {Role.VALUER.value, Role.MANAGER.value} <= set(people):
                continue
            for user in people.values():
                user.organization = organization
            with organization_active(organization.placement):
                made = load_reports(
                    organization,
                    valuer=people[Role.VALUER.value],
                    manager=people[Role.MANAGER.value],
                    wanted=wanted,
                )
            self.stdout.write(f"{organization.name}: {made} demo reports made.")
