"""``manage.py create_org``: one organization with its database. Run it again after a failure."""

from __future__ import annotations

from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from tenants.errors import TenancyError
from tenants.models import Organization, User
from tenants.operations.people import add_member
from tenants.operations.provision import NewOrganization, create_organization
from tenants.permissions import Role


class Command(BaseCommand):
    help = "Create an organization: its record, its database, its collections and indexes."
    organizations = "one"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("org_id", help="3 to 38 lower-case letters, digits, underscores; for ever")
        parser.add_argument("--name", required=True, help="the firm's name")
        parser.add_argument("--initials", required=True, help="begin every reference number, e.g. DO")
        parser.add_argument("--cluster", default="primary")
        parser.add_argument("--plan", default="", help="code of the plan to subscribe to")
        parser.add_argument("--manager-email", default="", help="the first manager; asks for a password")
        parser.add_argument("--manager-name", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        request = NewOrganization(
            org_id=options["org_id"],
            name=options["name"],
            initials=options["initials"],
            cluster=options["cluster"],
            plan=options["plan"],
        )
        try:
            organization = create_organization(request, by=None)
            if options["manager_email"]:
                self._add_manager(organization, options["manager_email"], options["manager_name"])
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        except TenancyError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{organization.org_id} is {organization.get_status_display().lower()}.")

    def _add_manager(self, organization: Organization, email: str, name: str) -> None:
        if User.objects.filter(email=email.strip().lower()).exists():
            self.stdout.write(f"{email} exists already.")
            return
        password = getpass(f"Password for {email}: ")
        add_member(
            organization=organization,
            email=email,
            name=name or email,
            role=Role.MANAGER,
            password=password,
            by=None,
        )
