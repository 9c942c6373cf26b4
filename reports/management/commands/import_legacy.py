"""``manage.py import_legacy``: everything of the former system, from files or from its server. Repeatable."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from pymongo.errors import PyMongoError

from reports.legacy.bringing import Import, Options
from reports.legacy.notebook import Notebook
from reports.legacy.reporting import (
    ENDINGS,
    CompletionsProblem,
    read_completions,
    write_refused,
    write_report,
    write_suggestions,
)
from reports.legacy.run import import_all
from reports.legacy.server import OLD_DATABASES, ServerSource, SourceRefused, ours_now
from reports.legacy.sources import FileSource, Source, ending_of
from reports.legacy.verifying import Verification, table
from tenants.errors import TenancyError

_SERVER = ("mongodb://", "mongodb+srv://")


class Command(BaseCommand):
    help = (
        "Bring over what the former system stored: banks, common fields, formats, people, reports, records "
        "and files, from exported files or from its server, which is only read. Run it again after a "
        "failure: it goes on, and what is there stays. docs/import.md is the guide."
    )
    organizations = "all"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--from",
            dest="sources",
            nargs="+",
            required=True,
            metavar="FILES_OR_URI",
            help="folders or files of JSON or BSON (.gz too), or mongodb:// addresses of the old server",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="write nothing; tell what would become of it"
        )
        parser.add_argument("--report", metavar="FILE", help="write every fault to FILE.json, .txt or .csv")
        parser.add_argument(
            "--organization",
            action="append",
            default=[],
            metavar="OLD=ORG_ID",
            help="an old organization is this one; an empty OLD stands for what names none",
        )
        parser.add_argument(
            "--create-organizations", action="store_true", help="make organizations that are missing"
        )
        parser.add_argument(
            "--database",
            action="append",
            default=[],
            metavar="OLD=NAME",
            help="the old database (valuation_admin, …) has another name on its server",
        )
        parser.add_argument(
            "--update",
            action="store_true",
            help="take over anew what has changed in the source since, unless somebody changed ours",
        )
        parser.add_argument(
            "--completions", metavar="FILE", help="formulas for totals that had none: suggestions, edited"
        )
        parser.add_argument("--suggestions", metavar="FILE", help="write suggested formulas to FILE")
        parser.add_argument(
            "--allow-refused", action="store_true", help="end well although documents were refused"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        report = _report_path(options["report"])
        chosen = self._options(options)
        sources = self._sources(options)
        try:
            with Notebook() as book:
                run, verification = import_all(sources, book, chosen, say=self.stdout.write)
                self._passed_over(sources)
                self._tell(run, verification, report, options["suggestions"])
        except SourceRefused as error:
            raise CommandError(str(error)) from None
        except (TenancyError, DatabaseError, PyMongoError, OSError) as error:
            raise CommandError(
                f"{error} What was brought over stays; run the command again to go on."
            ) from error
        refused = sum(line.refused + line.unknown for line in verification.lines)
        if not verification.sound:
            shown = ", ".join(verification.differing[:5])
            raise CommandError(f"The comparison found differences: {shown or 'see the table'}.")
        if refused and not options["allow_refused"]:
            raise CommandError(
                f"{refused} documents were not taken over; the report names each. Mend them and run again, "
                "or end well with --allow-refused."
            )

    # What is asked for -----------------------------------------------------------------------------------

    @staticmethod
    def _options(options: Mapping[str, Any]) -> Options:
        completions = {}
        if options["completions"]:
            try:
                completions = read_completions(Path(options["completions"]))
            except (CompletionsProblem, OSError) as error:
                raise CommandError(str(error)) from None
        return Options(
            dry_run=options["dry_run"],
            update=options["update"],
            create_organizations=options["create_organizations"],
            organizations=_pairs("--organization", options["organization"]),
            completions=completions,
        )

    @staticmethod
    def _sources(options: Mapping[str, Any]) -> list[Source]:
        renamed = _pairs("--database", options["database"])
        names = {**{name: name for name in OLD_DATABASES}, **renamed}
        found: list[Source] = []
        for given in options["sources"]:
            if given.startswith(_SERVER):
                try:
                    found.append(ServerSource(given, names, ours_now()))
                except ImproperlyConfigured as error:
                    raise CommandError(str(error)) from None
                continue
            path = Path(given)
            if not path.exists():
                raise CommandError(f"{given} is not there. Give a folder, a file or a mongodb:// address.")
            if path.is_file() and not ending_of(path):
                raise CommandError(
                    f"{given} is neither JSON nor BSON. Give .json, .jsonl or .bson, or .gz of them."
                )
            found.append(FileSource(path, frozenset({*names, *names.values()})))
        return found

    # What is told ----------------------------------------------------------------------------------------

    def _passed_over(self, sources: Sequence[Source]) -> None:
        for source in sources:
            for path in source.passed_over if isinstance(source, FileSource) else ():
                self.stdout.write(f"Not read, for it is neither JSON nor BSON: {path}")

    def _tell(
        self, run: Import, verification: Verification, report: Path | None, suggestions: str | None
    ) -> None:
        if report is not None:
            write_report(report, run, verification)
            refused = report.with_name(f"{report.name}.refused.jsonl")
            if write_refused(refused, run.book):
                self.stdout.write(f"Documents that were not taken over stand whole in {refused}.")
            else:
                refused.unlink()
        else:
            for number, fault in enumerate(run.book.faults()):
                if number == 50:
                    self.stdout.write("… more: have all of them written with --report FILE.")
                    break
                self.stdout.write(
                    f"[{fault.severity}] {fault.collection} {fault.document} {fault.field}: "
                    f"{fault.problem} {fault.done}"
                )
        if suggestions:
            write_suggestions(Path(suggestions), run.suggestions)
        for line in table(verification):
            self.stdout.write(line)
        self.stdout.write(
            json.dumps(
                {
                    "dry_run": run.dry_run,
                    "sound": verification.sound,
                    "read": sum(line.read for line in verification.lines),
                    "faults": run.book.severities(),
                    "collections": [line.as_json() for line in verification.lines],
                }
            )
        )


def _pairs(option: str, given: Sequence[str]) -> dict[str, str]:
    found = {}
    for one in given:
        old, sign, new = one.partition("=")
        if not sign or not new.strip():
            raise CommandError(f"{option} {one}: write it as OLD=NEW.")
        found[old.strip()] = new.strip()
    return found


def _report_path(given: str | None) -> Path | None:
    if given is None:
        return None
    path = Path(given)
    if path.suffix.casefold() not in ENDINGS:
        raise CommandError(f"--report {given}: let its name end in {', '.join(ENDINGS)}.")
    if not path.absolute().parent.is_dir():
        raise CommandError(f"--report {given}: there is no folder {path.absolute().parent}.")
    return path
