"""``manage.py setup``: everything a new or updated installation needs before it serves. Repeatable."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from tenants.models import Cluster


class Command(BaseCommand):
    help = "Migrate the control plane, the shared resources and every organization; load the formats."
    organizations = "all"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--demo", action="store_true", help="also load the demo firms (repeatable)")

    def handle(self, *args: Any, **options: Any) -> None:
        verbosity = max(options["verbosity"] - 1, 0)
        call_command("migrate", database="default", verbosity=verbosity, interactive=False)
        call_command("migrate", database="shared", verbosity=verbosity, interactive=False)
        Cluster.objects.get_or_create(name="primary", defaults={"address_setting": "MONGODB_URI"})
        call_command("migrate_orgs", stdout=self.stdout, stderr=self.stderr)
        call_command("load_banks", stdout=self.stdout, stderr=self.stderr)
        call_command("load_formats", stdout=self.stdout, stderr=self.stderr)
        if options["demo"]:
            call_command("load_demo", unless_in_use=True, stdout=self.stdout, stderr=self.stderr)
