"""``manage.py load_demo``: two firms with people and plans, to try the application. Repeatable.

The passwords are public: for demonstrations on the own machine only.
"""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from tenants.context import organization_active
from tenants.models import Organization, Plan, User, UserSettings
from tenants.operations.people import add_member, add_staff
from tenants.operations.provision import NewOrganization, create_organization
from tenants.permissions import Feature, Role

PASSWORD = "try-it-on-your-own-machine"  # noqa: S105 - printed on purpose
STAFF = "staff@valuation.example"


@dataclass(frozen=True, slots=True)
class DemoFirm:
    """A firm to be made, and the domain of its people's e-mail addresses."""

    organization: NewOrganization
    domain: str
    accent: str
    people: tuple[tuple[str, str, Role], ...]


FIRMS = (
    DemoFirm(
        NewOrganization(
            "demo_org_001",
            "Demo Valuers",
            "DO",
            plan="premium",
            letterhead={
                "name": "Demo Valuers",
                "tagline": "Registered valuers of land and building",
                "address": ["2nd Floor, Example Chambers", "14 Sample Road, Bengaluru 560001"],
                "phone": "080 0000 0000",
                "email": "office@demo-valuers.example",
                "website": "www.demo-valuers.example",
                "registration": "Registered valuer entity, registration number for demonstration only",
            },
        ),
        "demo-valuers.example",
        "teal",
        (
            ("manager", "Meera Manager", Role.MANAGER),
            ("valuer", "Vikram Valuer", Role.VALUER),
            ("assistant", "Asha Assistant", Role.ASSISTANT),
            ("viewer", "Vinod Viewer", Role.VIEWER),
        ),
    ),
    DemoFirm(
        NewOrganization(
            "demo_org_002",
            "Second Surveyors",
            "SS",
            plan="basic",
            letterhead={
                "name": "Second Surveyors",
                "tagline": "Valuers of land, building and flats",
                "address": ["8 Placeholder Street", "Pune 411001"],
                "phone": "020 0000 0000",
                "email": "office@second-surveyors.example",
            },
        ),
        "second-surveyors.example",
        "plum",
        (
            ("manager", "Mohan Manager", Role.MANAGER),
            ("valuer", "Rita Valuer", Role.VALUER),
        ),
    ),
)

# code, name, seats, reports a month, storage in MB, API requests a minute, features, price a month
PLANS = (
    ("basic", "Basic", 3, 30, 2_000, 60, (Feature.ACTIVITY_EXPORT,), "1500.00"),
    ("premium", "Premium", 15, 300, 20_000, 300, (Feature.ACTIVITY_EXPORT, Feature.API), "6000.00"),
    ("enterprise", "Enterprise", 200, 5_000, 500_000, 1_200, tuple(Feature), "45000.00"),
)


def load_plans() -> None:
    """The plans that a subscription may name; staff change them afterwards."""
    for code, name, seats, reports, storage, requests, features, price in PLANS:
        Plan.objects.get_or_create(
            code=code,
            defaults={
                "name": name,
                "seats": seats,
                "reports_a_month": reports,
                "storage_mb": storage,
                "api_requests_a_minute": requests,
                "features": [feature.value for feature in features],
                "price_a_month": Decimal(price),
            },
        )


def is_in_use() -> bool:
    """Whether organizations work here and none of them is a demo firm: nobody's demonstration."""
    demo = [firm.organization.org_id for firm in FIRMS]
    org_ids = set(Organization.objects.values_list("org_id", flat=True))
    return bool(org_ids) and org_ids.isdisjoint(demo)


class Command(BaseCommand):
    help = "Load two demo firms with people and reports. What is there already stays."
    organizations = "none"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--without-reports", action="store_true", help="firms and people only")
        parser.add_argument(
            "--unless-in-use", action="store_true", help="do nothing where other organizations work already"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["unless_in_use"] and is_in_use():
            self.stdout.write(
                "No demo data: other organizations work in this database, and the demo passwords are public. "
                "“manage.py load_demo” loads them all the same."
            )
            return
        load_plans()
        if not User.objects.filter(email=STAFF).exists():
            add_staff(email=STAFF, name="Sunita Staff", password=PASSWORD, by=None)
        for firm in FIRMS:
            organization = create_organization(firm.organization, by=None)
            if organization.accent != firm.accent and not organization.users.exists():
                Organization.objects.filter(pk=organization.pk).update(accent=firm.accent)
            for mailbox, name, role in firm.people:
                self._add(organization, f"{mailbox}@{firm.domain}", name, role)
        if not options["without_reports"]:
            call_command("load_demo_reports", stdout=self.stdout, stderr=self.stderr)
        self._print_sign_ins()

    @staticmethod
    def _add(organization: Organization, email: str, name: str, role: Role) -> None:
        if User.objects.filter(email=email).exists():
            return
        user = add_member(
            organization=organization, email=email, name=name, role=role, password=PASSWORD, by=None
        )
        if role not in (Role.MANAGER, Role.VALUER):
            return
        with organization_active(organization.placement):
            UserSettings.objects.create(
                user_id=str(user.pk),
                valuer_block={
                    "name": name,
                    "qualifications": "B.E. (Civil), M.Val.",
                    "registrations": [
                        ["Wealth Tax registration (34AB)", "CAT-I/000/2020"],
                        ["IBBI registration", "IBBI/RV/00/2020/00000, land and building"],
                    ],
                    "memberships": "Fellow, Institution of Valuers (demonstration)",
                    "empanelment": "On the panel of the bank (demonstration)",
                    "address": "14 Sample Road, Bengaluru 560001",
                    "phone": "080 0000 0000",
                },
            )

    def _print_sign_ins(self) -> None:
        self.stdout.write(f"Demo sign-ins, all with the password {PASSWORD}")
        for firm in FIRMS:
            for mailbox, _, role in firm.people:
                self.stdout.write(
                    f"  {mailbox + '@' + firm.domain:<38} {role.label.lower()} of {firm.organization.name}"
                )
        self.stdout.write(f"  {STAFF:<38} staff, /admin/")
