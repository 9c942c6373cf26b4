"""``manage.py import_branches BANK FILE``: a bank's branches from a CSV or XLSX file, compared or stored."""

from __future__ import annotations

import hashlib
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from banks.exchange.applying import ImportRefused, Source, compare_branches, import_branches
from banks.exchange.comparing import Comparison, Outcome
from banks.exchange.tables import UnreadableFile, read_table
from banks.models import Bank


class Command(BaseCommand):
    help = (
        "Add and change branches of a bank from a CSV or XLSX file, by their codes. Every faulty row is "
        "named, and one is enough that nothing is stored."
    )
    organizations = "none"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("bank", help="the bank's code")
        parser.add_argument("file", type=Path, help="a CSV or XLSX file with the columns of an export")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be done, and store nothing"
        )
        parser.add_argument(
            "--deactivate-missing",
            action="store_true",
            help="make branches inactive that the file does not name",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        row = Bank.objects.filter(code=options["bank"]).values("pk", "code", "name").first()
        if row is None:
            raise CommandError(f"There is no bank “{options['bank']}”. Its code is in the list of banks.")
        bank = Bank(**row)
        path: Path = options["file"]
        try:
            content = path.read_bytes()
            compared = compare_branches(bank, read_table(content))
            self._say(compared.comparison)
            if options["dry_run"]:
                self.stdout.write("Nothing was stored: this was a dry run.")
                return
            counts = import_branches(
                bank,
                compared,
                deactivate_missing=options["deactivate_missing"],
                source=Source(path.name, hashlib.sha256(content).hexdigest()),
                by=None,
            )
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
        except (UnreadableFile, ImportRefused) as error:
            raise CommandError(str(error)) from error
        self.stdout.write("Stored: " + ", ".join(f"{number} {name}" for name, number in counts.items()) + ".")

    def _say(self, comparison: Comparison) -> None:
        for row in comparison.of(Outcome.FAULTY):
            for fault in row.faults:
                self.stderr.write(f"Row {row.number} ({row.code}), {fault}")
        for row in comparison.warned:
            self.stderr.write(f"Row {row.number} ({row.code}): {' '.join(row.warnings)}")
        counts = ", ".join(f"{number} {name}" for name, number in comparison.counts.items())
        self.stdout.write(f"{len(comparison.rows)} rows: {counts}.")
