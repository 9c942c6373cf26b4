"""``manage.py check_org``: compare an organization's database with what it should be, and mend it."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError
from pymongo.errors import PyMongoError

from tenants.errors import TenancyError
from tenants.models import Organization
from tenants.operations.checking import (
    Findings,
    check_organization,
    checkable_organizations,
    mend_organization,
)
from tenants.operations.console import OperationCommand
from tenants.operations.engine import sentence_of

_WORDS = {
    "missing_collections": "collections missing",
    "missing_indexes": "indexes missing",
    "different_indexes": "indexes that differ",
    "surplus_indexes": "surplus indexes",
    "surplus_collections": "unknown collections",
    "leftovers": "left by operations",
    "pending": "migrations pending",
    "missing_files": "files missing from the store",
    "stray_files": "files that nobody refers to",
}


class Command(OperationCommand):
    help = (
        "Compare collections, indexes and files of an organization's database with what they should be. "
        "Changes nothing unless --mend is given."
    )
    organizations = "all"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("org_id", nargs="?", metavar="ORG_ID")
        which.add_argument("--all", action="store_true", help="every organization that has a database")
        parser.add_argument(
            "--mend", action="store_true", help="make collections and indexes that are missing"
        )
        parser.add_argument(
            "--drop-surplus",
            action="store_true",
            help="with --mend: drop indexes that no model asks for, and make those that differ anew",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["drop_surplus"] and not options["mend"]:
            raise CommandError("--drop-surplus is for --mend.")
        found, failed = list[dict[str, Any]](), list[str]()
        for organization in self._organizations(options["org_id"]):
            try:
                row, sound = self._look_after(organization, options)
            except (TenancyError, DatabaseError, PyMongoError) as error:
                row, sound = {"org_id": organization.org_id, "problem": sentence_of(error)}, False
                self.stderr.write(f"{organization.org_id}: {row['problem']}")
            found.append(row)
            if not sound:
                failed.append(organization.org_id)
        if options["json"]:
            self.print_json({"organizations": found, "unsound": failed})
        if failed:
            raise CommandError(f"Something is wrong with: {', '.join(failed)}.")

    def _organizations(self, org_id: str | None) -> Sequence[Organization]:
        if org_id is None:
            return checkable_organizations()
        found = Organization.objects.filter(org_id=org_id).first()
        if found is None:
            raise CommandError(f"There is no organization “{org_id}”.")
        return [found]

    def _look_after(self, organization: Organization, options: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        """Check, and mend if that was asked for; what was found for machines, and whether all is well now."""
        findings = check_organization(organization)
        row = asdict(findings)
        surplus = options["drop_surplus"] and (findings.surplus_indexes or findings.different_indexes)
        if not options["json"]:
            self._tell(findings)
        if options["mend"] and (findings.missing_collections or findings.missing_indexes or surplus):
            mended = mend_organization(organization, by=None, drop_surplus=options["drop_surplus"])
            row |= {name: mended.state[name] for name in ("made", "dropped")}
            findings = check_organization(organization)
            row["needs_somebody"] = findings.needs_somebody
            if not options["json"]:
                changed = ", ".join(row["made"] + row["dropped"])
                self.stdout.write(f"{organization.org_id}: mended: {changed}")
        return row, not findings.needs_somebody

    def _tell(self, findings: Findings) -> None:
        if findings.is_sound:
            self.stdout.write(f"{findings.org_id}: sound")
        for name, words in _WORDS.items():
            value = getattr(findings, name)
            if value:
                told = str(value) if isinstance(value, int) else ", ".join(value)
                self.stdout.write(f"{findings.org_id}: {words}: {told}")
