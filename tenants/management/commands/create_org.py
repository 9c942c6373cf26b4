"""``manage.py create_org``: one organization with its database, or many from a file. Repeatable."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from getpass import getpass
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from tqdm import tqdm

from tenants.models import Organization, User
from tenants.models.users import normalise_email
from tenants.operations.console import OperationCommand, refusals_told
from tenants.operations.people import add_member
from tenants.operations.provision import PROVISION, NewOrganization
from tenants.operations.signups import Outcome, Row, create_all, create_one, problems_of, read_rows
from tenants.permissions import Role

WAIT_SECONDS = 300.0


class Command(OperationCommand):
    help = (
        "Create an organization: its record, room for it, its collections and indexes, and an invitation for "
        "its first manager. With --csv many, each checked before the first is created. Run it again after a "
        "failure: it goes on, and what is there stays."
    )
    organizations = "one"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "org_id", nargs="?", help="3 to 38 lower-case letters, digits, underscores; for ever"
        )
        parser.add_argument("--name", default="", help="the firm's name")
        parser.add_argument("--initials", default="", help="begin every reference number, e.g. DO")
        parser.add_argument(
            "--cluster", default="", help="where it shall stand, whatever its region and tier"
        )
        parser.add_argument("--region", default="", help="else the least loaded cluster of this region")
        parser.add_argument("--tier", default="", help="and of this tier")
        parser.add_argument("--plan", default="", help="code of the plan to subscribe to")
        parser.add_argument("--manager-email", default="", help="the first manager; is sent an invitation")
        parser.add_argument("--manager-name", default="")
        parser.add_argument(
            "--ask-password",
            action="store_true",
            help="ask for the manager's password here instead of sending an invitation",
        )
        parser.add_argument(
            "--csv",
            default="",
            metavar="FILE",
            help="many: a header org_id,name,initials and as you like plan,region,tier,cluster,manager_email,"
            "manager_name",
        )
        parser.add_argument(
            "--parallel", type=int, default=1, metavar="N", help="with --csv: so many at once (default 1)"
        )
        parser.add_argument(
            "--wait",
            type=float,
            default=WAIT_SECONDS,
            metavar="SECONDS",
            help="how long to wait for idle files to be closed where there is no room (default 300)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["org_id"]) == bool(options["csv"]):
            raise CommandError("Give an organization id, or --csv and a file.")
        if options["csv"]:
            self._create_many(options)
        else:
            self._create_one(options)

    # One ------------------------------------------------------------------------------------------------

    def _create_one(self, options: dict[str, Any]) -> None:
        if not options["name"] or not options["initials"]:
            raise CommandError("An organization needs --name and --initials.")
        asks = options["ask_password"]
        if asks and not options["manager_email"]:
            raise CommandError("--ask-password needs --manager-email.")
        wanted = NewOrganization(
            org_id=options["org_id"],
            name=options["name"],
            initials=options["initials"],
            cluster=options["cluster"],
            region=options["region"],
            tier=options["tier"],
            plan=options["plan"],
            manager_email="" if asks else options["manager_email"],
            manager_name=options["manager_name"],
        )
        with self._shown(PROVISION, as_json=options["json"]) as show:
            outcome = create_one(wanted, by=None, wait_seconds=options["wait"], on_progress=show)
        if asks and not outcome.problem:
            self._add_manager(outcome.org_id, options["manager_email"], options["manager_name"])
        if options["json"]:
            self.print_json(outcome.as_json())
        else:
            self.stdout.write(in_words(outcome))
        if outcome.problem:
            raise CommandError(outcome.problem)

    def _add_manager(self, org_id: str, email: str, name: str) -> None:
        if User.objects.filter(email=normalise_email(email)).exists():
            self.stderr.write(f"{email} exists already.")
            return
        with refusals_told():
            add_member(
                organization=Organization.objects.get(org_id=org_id),
                email=email,
                name=name or email,
                role=Role.MANAGER,
                password=getpass(f"Password for {email}: "),
                by=None,
            )

    # Many -----------------------------------------------------------------------------------------------

    def _create_many(self, options: dict[str, Any]) -> None:
        rows = self._checked_rows(Path(options["csv"]))
        outcomes: list[Outcome] = []
        creating = create_all(rows, by=None, parallel=options["parallel"], wait_seconds=options["wait"])
        watched = not options["json"] and sys.stderr.isatty()
        with tqdm(total=len(rows), unit="firm", file=sys.stderr, disable=not watched) as bar:
            for outcome in creating:
                outcomes.append(outcome)
                bar.update()
                if not options["json"]:
                    bar.clear()
                    self.stdout.write(f"line {outcome.line}: {in_words(outcome)}")
        self._tell_all(sorted(outcomes, key=lambda one: one.line), as_json=options["json"])

    def _checked_rows(self, path: Path) -> list[Row]:
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                rows, problems = read_rows(file)
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{path} cannot be read: {error}") from error
        problems += problems_of(rows)
        if problems:
            raise CommandError("\n".join([f"{path} has mistakes; nothing was created.", *problems]))
        if not rows:
            raise CommandError(f"{path} has no organization in it.")
        return rows

    def _tell_all(self, outcomes: list[Outcome], *, as_json: bool) -> None:
        failed = [one for one in outcomes if one.problem]
        if as_json:
            self.print_json(
                {
                    "organizations": [one.as_json() for one in outcomes],
                    "created": len(outcomes) - len(failed),
                    "failed": len(failed),
                }
            )
        else:
            self.stdout.write(f"{len(outcomes) - len(failed)} of {len(outcomes)} are as asked for.")
        if failed:
            raise CommandError(
                f"{len(failed)} of {len(outcomes)} are not as asked for. Mend the cause and run the same "
                "command again: it goes on with these, and the others stay."
            )


def in_words(outcome: Outcome) -> str:
    """``alpha_valuers is active.``, and what is wrong with it."""
    line = f"{outcome.org_id} is {outcome.status}."
    return f"{line} {outcome.problem}" if outcome.problem else line
