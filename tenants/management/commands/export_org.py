"""``manage.py export_org``: everything that an organization owns, in open formats, as one zip file."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from tenants.models import Organization
from tenants.operations.console import OperationCommand, refusals_told, report
from tenants.operations.exporting import EXPORT, request_export


class Command(OperationCommand):
    help = "Export everything that an organization owns: JSON, photographs, attachments, issued documents."
    organizations = "one"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("org_id")
        parser.add_argument("--to", default="", help="directory; EXPORTS_DIRECTORY/ORG_ID by default")
        parser.add_argument("--cancel", action="store_true", help="give up an export that stopped")

    def handle(self, *args: Any, **options: Any) -> None:
        org_id, as_json = options["org_id"], options["json"]
        organization = Organization.objects.filter(org_id=org_id).first()
        if organization is None:
            raise CommandError(f"There is no organization “{org_id}”.")
        if options["cancel"]:
            operation = self.cancel(EXPORT, org_id, as_json=as_json)
        else:
            with refusals_told():
                operation = request_export(organization, by=None, to=options["to"])
            operation = self.run(operation, EXPORT, as_json=as_json)
        if as_json:
            self.print_json(report(operation))
        elif options["cancel"]:
            self.stdout.write(f"The export of {org_id} is cancelled.")
        else:
            export = operation.state["export"]
            self.stdout.write(f"{export['path']} ({export['bytes']} bytes, SHA-256 {export['sha256']})")
