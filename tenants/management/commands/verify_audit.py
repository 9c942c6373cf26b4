"""``manage.py verify_audit``: whether the records of what was done are as they were written."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandError
from tqdm import tqdm

from tenants.auditing.anchors import KEPT_STATUSES
from tenants.auditing.checking import Checked, Progress, check_activity, check_audit_log, head_given
from tenants.auditing.verifying import Anchor
from tenants.models import Organization
from tenants.operations.console import OperationCommand


class Command(OperationCommand):
    help = (
        "Read the system's audit log, and the activity of firms on request, from the first entry to the "
        "last: finds changed, removed and inserted entries. Entries that wait are chained first."
    )
    organizations = "all"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        which = parser.add_mutually_exclusive_group()
        which.add_argument(
            "--organization", action="append", default=[], metavar="ORG_ID", help="this firm's activity too"
        )
        which.add_argument("--all", action="store_true", help="every firm's activity too")
        parser.add_argument("--only-look", action="store_true", help="chain nothing, change nothing")
        parser.add_argument(
            "--head",
            metavar="NUMBER:HASH",
            help="where the audit log ended, as an earlier line of the process's log or this command said it",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        head, organizations = _head(options["head"]), _organizations(options)
        only_look, checked = options["only_look"], list[Checked]()
        with _progress(quiet=options["json"]) as tell:
            checked.append(check_audit_log(only_look=only_look, head=head, on_progress=tell))
            for organization in organizations:
                checked.append(check_activity(organization, only_look=only_look, on_progress=tell))
        unsound = [one.name for one in checked if not one.is_sound]
        if options["json"]:
            self.print_json({"records": [one.as_json() for one in checked], "unsound": unsound})
        else:
            for one in checked:
                self._tell(one)
        if unsound:
            raise CommandError(f"Not as it was written: {', '.join(unsound)}.")

    def _tell(self, one: Checked) -> None:
        found = one.findings
        state = "sound" if one.is_sound else f"{found.count} problems"
        more = f", {one.chained} chained now" if one.chained else ""
        more += f", {found.pending} pending" if found.pending else ""
        self.stdout.write(
            f"{one.name}: {state}, {found.entries} entries{more}; head {found.number}:{found.hash}"
        )
        for problem in found.problems:
            entry = f" ({problem.entry})" if problem.entry else ""
            self.stdout.write(f"{one.name}: {problem.kind}: {problem.text}{entry}")
        if found.count > len(found.problems):
            self.stdout.write(f"{one.name}: and {found.count - len(found.problems)} more")


def _head(text: str | None) -> Anchor | None:
    try:
        return head_given(text) if text else None
    except ValueError as error:
        raise CommandError("--head is the number and the hash of an entry: 123:9f86d0…") from error


def _organizations(options: dict[str, Any]) -> Sequence[Organization]:
    if options["all"]:
        wanted = [one.value for one in KEPT_STATUSES]
        return list(Organization.objects.filter(status__in=wanted).order_by("org_id"))
    found = {one.org_id: one for one in Organization.objects.filter(org_id__in=options["organization"])}
    if unknown := sorted(set(options["organization"]) - set(found)):
        raise CommandError(f"There is no organization “{unknown[0]}”.")
    return [found[org_id] for org_id in dict.fromkeys(options["organization"])]


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Progress]:
    bar = tqdm(
        desc="Verifying",
        unit="entries",
        unit_scale=True,
        file=sys.stderr,
        disable=quiet or not sys.stderr.isatty(),
    )

    def tell(number: int) -> None:
        bar.update(number)

    try:
        yield tell
    finally:
        bar.close()
