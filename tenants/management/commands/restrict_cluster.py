"""``manage.py restrict_cluster``: a database user for the application that can do no more than it must."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tenants.errors import TenancyError
from tenants.models import Cluster
from tenants.operations.database_users import PASSWORD_SETTING, PLACEHOLDER, restrict_cluster


class Command(BaseCommand):
    help = (
        "Make the application's restricted database user on a cluster, or repair its role and password. "
        f"The password is taken from {PASSWORD_SETTING}, or made and shown once."
    )
    organizations = "none"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("cluster", help="the cluster's name")
        parser.add_argument(
            "--administrator",
            required=True,
            metavar="VARIABLE",
            help="the environment variable with the address of a user who may manage users",
        )
        parser.add_argument(
            "--new-password",
            action="store_true",
            help="make a new password; every process that has the old one is shut out",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        cluster = Cluster.objects.filter(name=options["cluster"]).first()
        if cluster is None:
            raise CommandError(f"There is no cluster “{options['cluster']}”.")
        try:
            done = restrict_cluster(
                cluster,
                administrator=options["administrator"],
                by=None,
                new_password=options["new_password"],
            )
        except TenancyError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"The cluster “{cluster.name}” has its restricted user.")
        self.stdout.write(f"Set {cluster.address_setting} to this, with the password for {PLACEHOLDER}:")
        self.stdout.write(done.address)
        if done.new_password is not None:
            self.stdout.write("The password, which is shown this once:")
            self.stdout.write(done.new_password)
