"""``manage.py move_org``: an organization to another cluster, while its people work."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from tenants.models import Cluster, Operation, Organization
from tenants.operations.console import OperationCommand, refusals_told, report
from tenants.operations.engine import unfinished_operation
from tenants.operations.moving import MOVE, READ_ONLY_HOURS, drop_old_sources, request_move


class Command(OperationCommand):
    help = (
        "Move an organization to another cluster while its people work. Run again, it goes on where it was; "
        "--cancel undoes it until the switch. --drop-old removes the sources of past moves whose time is up."
    )
    organizations = "one"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("org_id", nargs="?", default="")
        parser.add_argument("--to", default="", metavar="CLUSTER", help="the cluster's name")
        parser.add_argument(
            "--read-only-hours",
            type=float,
            default=READ_ONLY_HOURS,
            metavar="HOURS",
            help="how long the source is kept, read-only, after the move (%(default)s)",
        )
        parser.add_argument("--cancel", action="store_true", help="undo the unfinished move")
        parser.add_argument(
            "--drop-old",
            action="store_true",
            help="drop sources of past moves: all whose time is over, or this organization's at once",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        org_id, as_json = options["org_id"], options["json"]
        if options["drop_old"]:
            self._drop_old(org_id, as_json=as_json)
            return
        if not org_id:
            raise CommandError("Name the organization that is to be moved.")
        if options["cancel"]:
            done = self.cancel(MOVE, org_id, as_json=as_json)
        else:
            operation = self._operation(org_id, options["to"], options["read_only_hours"])
            done = self.run(operation, MOVE, as_json=as_json)
        if as_json:
            self.print_json(report(done))
        else:
            self.stdout.write(f"{org_id}: the move is {done.get_status_display().lower()}.")

    def _operation(self, org_id: str, to: str, read_only_hours: float) -> Operation:
        """The unfinished move of the organization, or a new one."""
        unfinished = unfinished_operation(MOVE, org_id)
        if unfinished is not None:
            if to not in ("", unfinished.options["to"]):
                raise CommandError(
                    f"A move of {org_id} to “{unfinished.options['to']}” is not finished. Go on with "
                    "that one, or undo it with --cancel."
                )
            return unfinished
        if not to:
            raise CommandError("Name the cluster with --to.")
        organization = Organization.objects.filter(org_id=org_id).first()
        if organization is None:
            raise CommandError(f"There is no organization “{org_id}”.")
        cluster = Cluster.objects.filter(name=to).first()
        if cluster is None:
            names = ", ".join(Cluster.objects.values_list("name", flat=True))
            raise CommandError(f"There is no cluster “{to}”; there are: {names}.")
        with refusals_told():
            return request_move(organization, cluster, by=None, read_only_hours=read_only_hours)

    def _drop_old(self, org_id: str, *, as_json: bool) -> None:
        with refusals_told():
            lines = drop_old_sources(timezone.now(), org_id=org_id)
        if as_json:
            self.print_json({"sources": lines})
            return
        self.stdout.write("\n".join(lines) or "No source of a move is to be dropped.")
