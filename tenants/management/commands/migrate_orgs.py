"""``manage.py migrate_orgs``: bring organizations' databases to the newest migrations."""

from __future__ import annotations

from argparse import ArgumentParser, BooleanOptionalAction
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError
from pymongo.errors import PyMongoError

from tenants.errors import TenancyError
from tenants.models import Operation, Organization, OrganizationStatus, Ring
from tenants.operations.console import OperationCommand, refusals_told
from tenants.operations.engine import OperationRefused, OperationStopped, run_operation, sentence_of
from tenants.operations.fleet_migration import (
    DEFAULT_PARALLEL,
    DEFAULT_STOP_AFTER,
    HELD,
    MIGRATE,
    FleetPlan,
    migration_options,
    plan_migration,
    request_migration,
    rows_of,
    unfinished_migrations,
)
from tenants.operations.provision import finish_provisioning


class Command(OperationCommand):
    help = (
        "Migrate organizations' databases, the canaries first, several at once. One that fails does not stop "
        "the others. Run again, it goes on with those that are behind."
    )
    organizations = "all"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("org_ids", nargs="*", metavar="ORG_ID", help="only these; by default all")
        parser.add_argument("--ring", choices=Ring.values, default="", help="only this ring")
        parser.add_argument(
            "--canary-first",
            action=BooleanOptionalAction,
            default=True,
            help="begin the rest when every canary has succeeded (default)",
        )
        parser.add_argument(
            "--parallel",
            type=int,
            default=DEFAULT_PARALLEL,
            metavar="N",
            help="how many at once (%(default)s)",
        )
        parser.add_argument(
            "--stop-after",
            type=int,
            default=DEFAULT_STOP_AFTER,
            metavar="N",
            help="begin no other after N failures; 0: go on (%(default)s)",
        )
        parser.add_argument(
            "--destructive",
            action="store_true",
            help="also what takes something away, where all before it was applied in an earlier run",
        )
        parser.add_argument("--plan", action="store_true", help="say what would be done, and do nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        org_ids = options["org_ids"] or None
        wanted = {
            name: options[name] for name in ("ring", "canary_first", "parallel", "stop_after", "destructive")
        }
        with refusals_told():
            plan = plan_migration(org_ids, ring=options["ring"], destructive=options["destructive"])
        if options["plan"]:
            self._tell_plan(plan, as_json=options["json"])
            return
        operation = None
        asked_for = migration_options(org_ids, **wanted)
        if plan.work or any(one.options == asked_for for one in unfinished_migrations()):
            with refusals_told():
                operation = request_migration(org_ids, by=None, **wanted)
            self._migrate(operation, as_json=options["json"])
        unready = self._finish_provisioning() if org_ids is None and not options["ring"] else []
        if options["json"]:
            self.print_json(_report(plan, operation))
        elif operation is None:
            waiting = f"Nothing to apply; {len(plan.behind)} organizations wait for --destructive."
            self.stdout.write(waiting if plan.behind else "Every organization is at head.")
        if unready:
            raise CommandError(
                f"Not provisioned: {', '.join(unready)}. Run it again when the cause is mended."
            )

    def _migrate(self, operation: Operation, *, as_json: bool) -> None:
        """Run it and tell of each organization. Raises CommandError naming those that failed."""
        try:
            with self._shown(MIGRATE, as_json=as_json) as show:
                done = run_operation(operation, MIGRATE, on_progress=show)
        except OperationStopped as error:
            operation.state = error.operation.state
            operation.status = error.operation.status
            self._tell_rows(operation, as_json=as_json)
            if as_json:
                self.print_json(_report(None, error.operation))
            raise CommandError(
                f"{error.operation.problem} Run it again when the cause is mended; what is done stays done."
            ) from error
        except TenancyError as error:
            raise CommandError(str(error)) from error
        operation.state, operation.status = done.state, done.status
        self._tell_rows(operation, as_json=as_json)

    def _tell_rows(self, operation: Operation, *, as_json: bool) -> None:
        if as_json:
            return
        for row in rows_of(operation):
            what = ", ".join(row["applied"]) or row["outcome"]
            problem = f" · {row['problem']}" if row["problem"] else ""
            out = self.stderr if row["outcome"] in ("failed", HELD) else self.stdout
            out.write(f"{row['org_id']}: {what} · {row['ms']} ms{problem}")

    def _tell_plan(self, plan: FleetPlan, *, as_json: bool) -> None:
        if as_json:
            self.print_json(_report(plan, None))
            return
        for one in plan.behind:
            later = f" · later, with --destructive: {', '.join(one.later)}" if one.later else ""
            held = " · another operation has it" if one.held else ""
            self.stdout.write(
                f"{one.org_id} ({one.ring}) from {one.version or 'nothing'}: "
                f"{', '.join(one.apply) or 'nothing now'}{later}{held}"
            )
        told = ", ".join(f"{number} {standing}" for standing, number in sorted(plan.standings.items()))
        self.stdout.write(f"Organizations: {told or 'none'}.")

    def _finish_provisioning(self) -> list[str]:
        """Go on with what was cut short; the org_ids of those that could not be."""
        failed = []
        unready = (OrganizationStatus.REQUESTED.value, OrganizationStatus.PROVISIONING.value)
        for organization in Organization.objects.filter(status__in=unready).order_by("org_id"):
            try:
                finish_provisioning(organization, by=None)
                self.stdout.write(f"{organization.org_id}: provisioning finished")
            except OperationRefused as error:
                # Somebody else is at it.
                self.stdout.write(f"{organization.org_id}: {error}")
            except (TenancyError, DatabaseError, PyMongoError) as error:
                failed.append(organization.org_id)
                self.stderr.write(f"{organization.org_id}: {sentence_of(error)}")
        return failed


def _report(plan: FleetPlan | None, operation: Operation | None) -> dict[str, Any]:
    """What happened, or would, for machines."""
    found: dict[str, Any] = {"operation": None, "status": "nothing to do", "counts": {}, "organizations": []}
    if operation is not None:
        found |= {
            "operation": str(operation.pk),
            "status": str(operation.status),
            "problem": operation.problem,
            "chosen": operation.state.get("chosen", 0),
            "unreported": operation.state.get("unreported", 0),
            "counts": operation.state.get("counts", {}),
            "organizations": rows_of(operation),
        }
    if plan is not None:
        found["before"] = {str(standing): number for standing, number in plan.standings.items()}
        found["plan"] = [
            {
                "org_id": one.org_id,
                "ring": one.ring,
                "from": one.version,
                "apply": one.apply,
                "later": one.later,
                "held": one.held,
            }
            for one in plan.behind
        ]
    return found
