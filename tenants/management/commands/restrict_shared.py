"""``manage.py restrict_shared``: a database user that reads the shared resources and can do nothing else."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tenants.errors import TenancyError
from tenants.operations.database_users import (
    PLACEHOLDER,
    SHARED_PASSWORD_SETTING,
    SHARED_READER_SETTING,
    restrict_shared,
)


class Command(BaseCommand):
    help = (
        "Make the database user that the application reads the shared resources (banks and formats) with, or "
        f"repair its role and password. The password is taken from {SHARED_PASSWORD_SETTING}, or made and "
        "shown once."
    )
    organizations = "none"

    def add_arguments(self, parser: ArgumentParser) -> None:
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
        try:
            done = restrict_shared(
                administrator=options["administrator"], by=None, new_password=options["new_password"]
            )
        except TenancyError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"The database {done.name} has its reader.")
        self.stdout.write(f"Set {SHARED_READER_SETTING} to this, with the password for {PLACEHOLDER}:")
        self.stdout.write(done.address)
        if done.new_password is not None:
            self.stdout.write("The password, which is shown this once:")
            self.stdout.write(done.new_password)
