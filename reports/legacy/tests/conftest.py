"""The dump brought over into Alpha Valuers, in the ways that tests need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from reports.legacy.bringing import Import, Options
from reports.legacy.notebook import Notebook
from reports.legacy.run import import_all
from reports.legacy.sources import FileSource
from reports.legacy.tests.fixtures import DUMP
from reports.legacy.verifying import Verification
from tenants.models import Organization

Bring = Callable[..., tuple[Import, Verification]]


@pytest.fixture
def bring(firm: Organization, empty_shared_resources: None) -> Iterator[Bring]:
    """``bring(dry_run=True, …)`` runs an import of the dump; its notebook stays open for questions."""
    Organization.objects.filter(pk=firm.pk).update(initials="CV")
    books: list[Notebook] = []

    def run(*, source: Any = None, **options: Any) -> tuple[Import, Verification]:
        book = Notebook()
        books.append(book)
        wanted = {"organizations": {"cove_valuers": firm.org_id}, **options}
        return import_all([source or FileSource(DUMP)], book, Options(**wanted))

    yield run
    for book in books:
        book.__exit__(None, None, None)
