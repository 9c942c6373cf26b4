"""``manage.py backup_org``: back organizations up; list, verify or remove backups."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from tenants.models import Backup, BackupStatus, Organization
from tenants.operations.backups import retention
from tenants.operations.backups.backing_up import BACKUP, SCHEDULED
from tenants.operations.backups.backing_up import MANUAL as ASKED_FOR
from tenants.operations.backups.console import BackupCommand
from tenants.operations.backups.verifying import backup_named, verify_backup
from tenants.operations.console import refusals_told, report


class Command(BackupCommand):
    help = "Back organizations up, each as it is at one moment; or list, verify, remove backups."
    organizations = "one"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "org_id", nargs="*", help="which organizations; a backup cut short is gone on with"
        )
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--all", action="store_true", help="every organization that has a database")
        which.add_argument(
            "--due", action="store_true", help="those whose plan says so (run_due_backups does)"
        )
        which.add_argument("--cancel", action="store_true", help="give up the unfinished backup of ORG_ID")
        which.add_argument("--list", metavar="ORG_ID", help="the backups of an organization, newest first")
        which.add_argument("--verify", metavar="BACKUP", help="read a backup back against its manifest")
        which.add_argument("--remove", metavar="BACKUP", help="remove a backup whatever its age")
        parser.add_argument("--store", default="", help="an entry of BACKUP_STORES; BACKUP_STORE by default")

    def handle(self, *args: Any, **options: Any) -> None:
        as_json: bool = options["json"]
        if options["list"]:
            self._list(options["list"], as_json=as_json)
        elif options["verify"]:
            self._verify(options["verify"], as_json=as_json)
        elif options["remove"]:
            self._remove(options["remove"], as_json=as_json)
        elif options["cancel"]:
            for org_id in _named(options):
                cancelled = self.cancel(BACKUP, org_id, as_json=as_json)
                if as_json:
                    self.print_json(report(cancelled))
        else:
            self._back_up(options, as_json=as_json)

    def _back_up(self, options: dict[str, Any], *, as_json: bool) -> None:
        reason = SCHEDULED if options["due"] else ASKED_FOR
        outcome = self.back_up_all(_wanted(options), reason=reason, store=options["store"], as_json=as_json)
        if as_json:
            self.print_json(outcome.as_json())
        else:
            self.tell(outcome)
        self.require_success(outcome)

    def _list(self, org_id: str, *, as_json: bool) -> None:
        found = [_described(one) for one in Backup.objects.filter(org_id=org_id)]
        if as_json:
            self.print_json({"org_id": org_id, "backups": found})
            return
        if not found:
            self.stdout.write(f"There is no backup of {org_id}.")
        for one in found:
            until = one["expires_at"] or "somebody removes it"
            self.stdout.write(
                f"{one['name']}  {one['status']:8} {one['store']:10} {one['documents']:>9} documents "
                f"{one['stored_bytes'] / 1e6:>9.1f} MB  {one['reason']:10} until {until}"
            )

    def _verify(self, name: str, *, as_json: bool) -> None:
        with refusals_told():
            backup = backup_named(name)
            problems = verify_backup(backup, by=None)
        if as_json:
            self.print_json({**_described(backup), "problems": problems})
        for problem in problems:
            self.stderr.write(problem)
        if problems:
            raise CommandError(f"{backup} is damaged. Take a new backup now: backup_org {backup.org_id}")
        if not as_json:
            self.stdout.write(f"{backup} is whole: {backup.documents} documents.")

    def _remove(self, name: str, *, as_json: bool) -> None:
        with refusals_told():
            backup = backup_named(name)
            retention.remove_backup(backup, by=None)
        if as_json:
            self.print_json({"removed": str(backup)})
        else:
            self.stdout.write(f"{backup} is removed.")


def _named(options: dict[str, Any]) -> list[str]:
    names: list[str] = options["org_id"]
    if not names:
        raise CommandError("Name an organization, or say --all or --due.")
    return names


def _wanted(options: dict[str, Any]) -> list[Organization]:
    if (options["all"] or options["due"]) and options["org_id"]:
        raise CommandError("Either name organizations, or say --all or --due.")
    if options["due"]:
        return retention.due_organizations(timezone.now())
    if options["all"]:
        statuses = [one.value for one in retention.BACKED_UP]
        return list(Organization.objects.filter(status__in=statuses).order_by("org_id"))
    found = {one.org_id: one for one in Organization.objects.filter(org_id__in=_named(options))}
    missing = [name for name in options["org_id"] if name not in found]
    if missing:
        raise CommandError(f"There is no organization {', '.join(f'“{name}”' for name in missing)}.")
    return [found[name] for name in options["org_id"]]


def _described(backup: Backup) -> dict[str, Any]:
    """A backup for machines."""
    moments = {
        name: at.isoformat() if (at := getattr(backup, name)) else None
        for name in ("taken_at", "expires_at", "checked_at")
    }
    return {
        "name": backup.name,
        "org_id": backup.org_id,
        "status": str(BackupStatus(backup.status).value),
        "store": backup.store,
        "reason": backup.reason,
        "documents": backup.documents,
        "bson_bytes": backup.bson_bytes,
        "stored_bytes": backup.stored_bytes,
        "encrypted": backup.encrypted,
        **moments,
    }
