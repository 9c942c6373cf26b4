"""``manage.py load_formats``: the format files of the repository (or a folder) into ``system_templates``."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from banks.formats.problems import FormatProblem
from banks.formats.reading import load_json
from banks.loading import (
    COMMON_FIELDS,
    DATA,
    ReadFormat,
    read_format_file,
    store_common_fields,
    store_format,
)
from reports.calculation.engine import check_formulas


class Command(BaseCommand):
    help = "Check and publish format files. One wrong file stores nothing; a published version never changes."
    organizations = "none"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="folder", default=str(DATA / "formats"), help="folder of *.json")
        parser.add_argument("--dry-run", action="store_true", help="only check")

    def handle(self, *args: Any, **options: Any) -> None:
        files = sorted(Path(options["folder"]).glob("*.json"))
        if not files:
            raise CommandError(f"{options['folder']} holds no *.json file.")
        try:
            common_fields = load_json(COMMON_FIELDS)
        except FormatProblem as error:
            raise CommandError(str(error)) from error
        # Everything is read before anything is stored, so that nothing is half-loaded.
        formats, problems = self._read(files, common_fields)
        if problems:
            raise CommandError("\n".join(["Nothing was loaded.", *problems]))
        if options["dry_run"]:
            self.stdout.write(f"Formats: {len(formats)} are well-formed.")
            return
        store_common_fields(common_fields)
        outcomes = []
        for read in formats:
            try:
                outcomes.append(store_format(read))
            except FormatProblem as error:
                problems.append(str(error))
        added = outcomes.count("added")
        self.stdout.write(f"Formats: {added} added, {len(outcomes) - added} there already.")
        if problems:
            raise CommandError("\n".join(problems))

    @staticmethod
    def _read(files: list[Path], common_fields: dict[str, Any]) -> tuple[list[ReadFormat], list[str]]:
        formats: list[ReadFormat] = []
        problems: list[str] = []
        for path in files:
            try:
                read = read_format_file(path, common_fields)
            except FormatProblem as error:
                problems.append(str(error))
                continue
            faults = check_formulas(read.definition)
            problems.extend(f"{path.name}: {fault}" for fault in faults)
            formats.append(read)
        return formats, problems
