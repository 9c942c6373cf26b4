"""``manage.py restore_org``: an organization from a backup. Run it again after a failure: it goes on."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from tenants.models import Backup, Operation, Organization
from tenants.operations.backups.restoring import RESTORE, latest_backup, request_restore
from tenants.operations.backups.settling import CONFIRM, REVERT, request_settling
from tenants.operations.console import OperationCommand, refusals_told, report
from tenants.operations.engine import (
    Kind,
    OperationStopped,
    cancel_operation,
    unfinished_operation,
)


class Command(OperationCommand):
    help = "Restore an organization from a backup: into itself, or into a new organization."
    organizations = "one"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("org_id", help="the organization to restore into; one that is not there is made")
        parser.add_argument("--from", dest="backup", default="latest", help="a backup's name, or latest")
        parser.add_argument("--backup-of", default="", help="whose backup; by default the organization's own")
        parser.add_argument("--cluster", default="", help="where the database shall be")
        parser.add_argument("--name", default="", help="a new organization's name")
        parser.add_argument("--initials", default="", help="a new organization's initials")
        parser.add_argument("--yes", metavar="ORG_ID", default="", help="instead of typing it when asked")
        ways = parser.add_mutually_exclusive_group()
        ways.add_argument("--cancel", action="store_true", help="undo an unfinished restore")
        ways.add_argument("--confirm", action="store_true", help="drop what the last restore replaced")
        ways.add_argument("--revert", action="store_true", help="put back what the last restore replaced")

    def handle(self, *args: Any, **options: Any) -> None:
        org_id, as_json = options["org_id"], options["json"]
        if options["cancel"]:
            operation = self.cancel(RESTORE, org_id, as_json=as_json)
        elif options["confirm"] or options["revert"]:
            operation = self._settle(CONFIRM if options["confirm"] else REVERT, options)
        else:
            operation = self._restore(options)
        if as_json:
            self.print_json(report(operation))
        else:
            self.stdout.write(f"{operation.kind} {org_id}: {operation.get_status_display().lower()}.")

    def _restore(self, options: dict[str, Any]) -> Operation:
        org_id = options["org_id"]
        operation = unfinished_operation(RESTORE, org_id)
        if operation is None:
            backup = self._backup(options["backup_of"] or org_id, options["backup"])
            if Organization.objects.filter(org_id=org_id).exists():
                self._ask(
                    options,
                    f"The data of “{org_id}” is replaced by the backup of {backup.taken_at}. "
                    "What it has now is kept aside until you confirm.",
                )
            with refusals_told():
                operation = request_restore(
                    backup,
                    org_id,
                    by=None,
                    cluster=options["cluster"],
                    name=options["name"],
                    initials=options["initials"],
                )
        try:
            return self.run(operation, RESTORE, as_json=options["json"])
        except CommandError as error:
            self._let_go_if_damaged(operation, error)
            raise

    def _let_go_if_damaged(self, operation: Operation, error: CommandError) -> None:
        """A damaged archive does not get better: nothing was touched, so the firm is let go at once."""
        operation.refresh_from_db()
        if not isinstance(error.__cause__, OperationStopped) or not operation.state.get("damaged"):
            return
        with refusals_told():
            cancel_operation(operation, RESTORE)
        raise CommandError(
            "The archive is damaged; nothing was touched: " + " ".join(operation.state["damaged"])
        ) from error

    def _settle(self, kind: Kind, options: dict[str, Any]) -> Operation:
        org_id = options["org_id"]
        organization = Organization.objects.filter(org_id=org_id).first()
        if organization is None:
            raise CommandError(f"There is no organization “{org_id}”.")
        if unfinished_operation(kind, org_id) is None:
            self._ask(
                options,
                f"What the restore of “{org_id}” replaced is dropped for ever."
                if options["confirm"]
                else f"“{org_id}” gets back what the restore replaced; what was written since is lost.",
            )
        with refusals_told():
            operation = request_settling(kind, organization, by=None)
        return self.run(operation, kind, as_json=options["json"])

    def _ask(self, options: dict[str, Any], text: str) -> None:
        """Have the org_id typed. Raises CommandError when it is not."""
        typed = options["yes"]
        if not typed:
            self.stdout.write(text)
            try:
                typed = input(f"Type {options['org_id']} to go on: ").strip()
            except EOFError as error:
                raise CommandError(f"Nobody can be asked here: give --yes {options['org_id']}.") from error
        if typed != options["org_id"]:
            raise CommandError(f"Not done: “{typed}” is not “{options['org_id']}”.")

    def _backup(self, org_id: str, name: str) -> Backup:
        found = (
            latest_backup(org_id)
            if name == "latest"
            else Backup.objects.filter(org_id=org_id, name=name).first()
        )
        if found is None:
            raise CommandError(
                f"There is no good backup of “{org_id}”."
                if name == "latest"
                else f"There is no backup “{name}” of “{org_id}”. backup_org --list {org_id} shows them."
            )
        return found
