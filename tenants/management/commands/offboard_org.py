"""``manage.py offboard_org``: a firm leaves; later it is deleted, or taken back."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import CommandError

from tenants.models import Organization
from tenants.operations.certificates import certificate_of, certificate_text
from tenants.operations.console import OperationCommand, refusals_told, report
from tenants.operations.deleting import DELETE, request_deletion
from tenants.operations.engine import cancel_operation, unfinished_operation
from tenants.operations.offboarding import (
    GRACE_DAYS,
    OFFBOARD,
    cancel_offboarding,
    request_offboarding,
)


class Command(OperationCommand):
    help = (
        "Offboard an organization: its people are let out, a last backup is taken, everything is exported, "
        "and a grace begins. --delete removes it when the grace is over; --cancel takes it back."
    )
    organizations = "one"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("org_id")
        parser.add_argument("--grace-days", type=int, default=GRACE_DAYS, help=f"{GRACE_DAYS} by default")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--cancel", action="store_true", help="take the firm back")
        what.add_argument("--delete", action="store_true", help="remove it for ever; needs --type")
        what.add_argument("--certificate", action="store_true", help="print the certificate of its deletion")
        parser.add_argument("--type", default="", help="with --delete: the org_id once more")
        parser.add_argument(
            "--keep-backups-until", type=date.fromisoformat, default=None, help="with --delete: YYYY-MM-DD"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        organization = Organization.objects.filter(org_id=options["org_id"]).first()
        if organization is None:
            raise CommandError(f"There is no organization “{options['org_id']}”.")
        if options["cancel"]:
            self._cancel(organization, as_json=options["json"])
        elif options["delete"]:
            self._delete(organization, options)
        elif options["certificate"]:
            self._print_certificate(organization.org_id, as_json=options["json"])
        else:
            self._offboard(organization, options)

    def _offboard(self, organization: Organization, options: dict[str, Any]) -> None:
        with refusals_told():
            operation = request_offboarding(organization, by=None, grace_days=options["grace_days"])
        operation = self.run(operation, OFFBOARD, as_json=options["json"])
        if options["json"]:
            self.print_json(report(operation))
            return
        export = operation.state["export"]
        self.stdout.write(f"Export: {export['path']} (SHA-256 {export['sha256']})")
        self.stdout.write(
            f"{organization.org_id} is offboarded. "
            f"It may be deleted from {operation.state['delete_after']} on."
        )

    def _cancel(self, organization: Organization, *, as_json: bool) -> None:
        """A deletion that has removed nothing is cancelled first."""
        deletion = unfinished_operation(DELETE, organization.org_id)
        with refusals_told():
            if deletion is not None:
                cancel_operation(deletion, DELETE)
            cancel_offboarding(organization, by=None)
        if as_json:
            self.print_json({"org_id": organization.org_id, "status": str(organization.status)})
        else:
            self.stdout.write(f"{organization.org_id} is {organization.get_status_display().lower()} again.")

    def _delete(self, organization: Organization, options: dict[str, Any]) -> None:
        with refusals_told():
            operation = request_deletion(
                organization,
                typed_org_id=options["type"],
                by=None,
                keep_backups_until=options["keep_backups_until"],
            )
        self.run(operation, DELETE, as_json=options["json"])
        self._print_certificate(organization.org_id, as_json=options["json"])

    def _print_certificate(self, org_id: str, *, as_json: bool) -> None:
        certificate = certificate_of(org_id)
        if certificate is None:
            raise CommandError(f"“{org_id}” has no certificate: it is not deleted.")
        if as_json:
            self.print_json({"org_id": org_id, "certificate": certificate.details})
        else:
            self.stdout.write(certificate_text(certificate))
