"""``manage.py load_banks``: banks with branches and document types into the shared resources."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from banks.formats.problems import FormatProblem
from banks.loading import load_banks, load_document_types


class Command(BaseCommand):
    help = "Load the banks and document types that the repository carries; what is there already stays."
    organizations = "none"

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            banks = load_banks()
            load_document_types()
        except (FormatProblem, ValidationError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Banks: {len(banks.added)} added, {len(banks.unchanged)} there already.")
