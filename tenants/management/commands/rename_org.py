"""``manage.py rename_org``: another name or other initials for an organization; never another org_id."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from tenants.models import Organization
from tenants.operations.console import OperationCommand, refusals_told
from tenants.operations.renaming import rename_organization


class Command(OperationCommand):
    help = "Rename an organization. Its org_id and the references of its reports stay as they are."
    organizations = "none"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("org_id")
        parser.add_argument("--name", default="", help="the firm's new name")
        parser.add_argument("--initials", default="", help="begin the references given from now on, e.g. DO")
        parser.add_argument("--letterhead", action="store_true", help="print the name on documents, too")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = Organization.objects.filter(org_id=options["org_id"]).first()
        if organization is None:
            raise CommandError(f"There is no organization “{options['org_id']}”.")
        if not (options["name"] or options["initials"] or options["letterhead"]):
            raise CommandError("Say what to change: --name, --initials or --letterhead.")
        with refusals_told():
            renaming = rename_organization(
                organization,
                name=options["name"],
                initials=options["initials"],
                letterhead=options["letterhead"],
                by=None,
            )
        if options["json"]:
            self.print_json(
                {
                    "org_id": organization.org_id,
                    "name": organization.name,
                    "initials": organization.initials,
                    "changes": renaming.changes,
                }
            )
            return
        for field, change in renaming.changes.items():
            self.stdout.write(f"{field}: {change['from']} → {change['to']}")
        if not renaming.changes:
            self.stdout.write("Nothing to change.")
