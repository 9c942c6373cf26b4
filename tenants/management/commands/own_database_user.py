"""``manage.py own_database_user``: a database user for one organization alone, or no longer."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tenants.errors import TenancyError
from tenants.models import Organization
from tenants.operations.database_users import GRACE_SECONDS, give_own_user, withdraw_own_user


class Command(BaseCommand):
    help = "Give an organization a database user of its own, repair it, or (--remove) withdraw it."
    organizations = "one"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("org_id")
        parser.add_argument(
            "--administrator",
            required=True,
            metavar="VARIABLE",
            help="the environment variable with the address of a user who may manage users",
        )
        parser.add_argument("--remove", action="store_true", help="withdraw the user and remove it")
        parser.add_argument(
            "--grace",
            type=float,
            default=GRACE_SECONDS,
            metavar="SECONDS",
            help="with --remove: how long requests in flight may go on with it (%(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        organization = Organization.objects.filter(org_id=options["org_id"]).first()
        if organization is None:
            raise CommandError(f"There is no organization “{options['org_id']}”.")
        try:
            if options["remove"]:
                self._remove(organization, options)
            else:
                give_own_user(organization, administrator=options["administrator"], by=None)
                self.stdout.write(f"{organization.org_id} works with a database user of its own.")
        except TenancyError as error:
            raise CommandError(str(error)) from error

    def _remove(self, organization: Organization, options: dict[str, Any]) -> None:
        changed = withdraw_own_user(
            organization, administrator=options["administrator"], by=None, grace_seconds=options["grace"]
        )
        self.stdout.write(
            f"{organization.org_id} works with its cluster's database user."
            if changed
            else f"{organization.org_id} had no database user of its own."
        )
