"""``manage.py clone_org``: a copy of a firm as a new organization. Run again after a failure, it goes on."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from tenants.models import Organization
from tenants.operations.cloning import CLONE, request_clone
from tenants.operations.console import OperationCommand, refusals_told, report
from tenants.operations.engine import unfinished_operation


class Command(OperationCommand):
    help = "Copy an organization as it is in this moment to a new one; people are not copied."
    organizations = "one"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("source", help="the organization to copy")
        parser.add_argument("org_id", help="the new organization's id, for ever")
        parser.add_argument("--name", default="", help="the new organization's name")
        parser.add_argument("--initials", default="", help="the new organization's initials")
        parser.add_argument(
            "--mask", action="store_true", help="replace people's data, photographs, documents"
        )
        parser.add_argument("--cluster", default="", help="where the copy shall be")
        parser.add_argument("--cancel", action="store_true", help="undo an unfinished clone")

    def handle(self, *args: Any, **options: Any) -> None:
        org_id, as_json = options["org_id"], options["json"]
        if options["cancel"]:
            operation = self.cancel(CLONE, org_id, as_json=as_json)
        else:
            operation = unfinished_operation(CLONE, org_id) or self._request(options)
            if operation.options["source"] != options["source"]:
                raise CommandError(f"“{org_id}” is being made from “{operation.options['source']}”.")
            operation = self.run(operation, CLONE, as_json=as_json)
        if as_json:
            self.print_json(report(operation))
        else:
            self.stdout.write(f"clone {org_id}: {operation.get_status_display().lower()}.")

    def _request(self, options: dict[str, Any]) -> Any:
        if not (options["name"] and options["initials"]):
            raise CommandError("A new organization needs --name and --initials.")
        source = Organization.objects.filter(org_id=options["source"]).first()
        if source is None:
            raise CommandError(f"There is no organization “{options['source']}”.")
        with refusals_told():
            return request_clone(
                source,
                options["org_id"],
                options["name"],
                options["initials"],
                options["mask"],
                by=None,
                cluster=options["cluster"],
            )
