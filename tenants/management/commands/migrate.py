"""Django's ``migrate``, allowed to write the shared resources when it is asked to migrate them."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from django.core.management.commands import migrate

from tenants.context import shared_resources_writable
from tenants.naming import SHARED_ALIAS


class Command(migrate.Command):
    organizations = "none"

    def handle(self, *args: Any, **options: Any) -> None:
        with shared_resources_writable() if options["database"] == SHARED_ALIAS else nullcontext():
            super().handle(*args, **options)
