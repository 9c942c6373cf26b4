"""``manage.py export_formats``: the published formats as files that ``load_formats`` reads again."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from banks.formats.packing import as_text, packed
from banks.formats.problems import FormatProblem
from banks.models import Format, FormatStatus


class Command(BaseCommand):
    help = "Write every published version of a format into a folder, each as one self-contained file."
    organizations = "none"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", dest="folder", required=True, help="folder; it is made when missing")
        parser.add_argument("--bank", default="", help="the formats of one bank alone, by its code")

    def handle(self, *args: Any, **options: Any) -> None:
        found = Format.objects.filter(status=FormatStatus.PUBLISHED)
        if options["bank"]:
            found = found.filter(bank_code=options["bank"])
        folder = Path(options["folder"])
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # One at a time: what a single version holds is a tenth of a megabyte.
            names = [self._write(folder, version) for version in found.iterator(chunk_size=20)]
        except OSError as error:
            raise CommandError(f"{folder} cannot be written to ({error.strerror}).") from error
        except FormatProblem as error:
            raise CommandError(str(error)) from error
        if not names:
            raise CommandError("There is no published format to export.")
        self.stdout.write(f"Formats: {len(names)} written to {folder}.")

    @staticmethod
    def _write(folder: Path, version: Format) -> str:
        """Raises OSError, and FormatProblem when the version was changed by hand."""
        text = as_text(packed(version.sound_content(), version.sample, version.effective_from))
        (folder / version.file_name).write_text(text, encoding="utf-8")
        return version.file_name
