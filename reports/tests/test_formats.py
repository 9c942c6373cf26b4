"""Formats are read once in a process and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from django.db.models import QuerySet

from banks.formats.definition import FormatKey
from banks.models import Format, FormatStatus
from reports.formats import FormatMissing, definition_by_key, forget_formats
from tenants.context import shared_resources_writable
from tenants.mongodb.monitoring import Command

pytestmark = pytest.mark.usefixtures("formats")

KEY = FormatKey("SBI", "general", "land_building", 1)
Commands = Callable[[], AbstractContextManager[list[Command]]]


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    forget_formats()
    yield
    forget_formats()


def test_a_format_is_asked_for_once(commands: Commands) -> None:
    with commands() as sent:
        first, second = definition_by_key(KEY), definition_by_key(KEY)

    assert len(sent) == 1
    assert first is second


def test_a_format_that_is_not_loaded_is_missing() -> None:
    with pytest.raises(FormatMissing, match="SBI/general/castle/1"):
        definition_by_key(FormatKey("SBI", "general", "castle", 1))


def test_a_draft_is_read_again_every_time(commands: Commands) -> None:
    with shared_resources_writable():
        land = Format.objects.filter(bank_code="SBI", property_type="land_building")
        QuerySet.update(land, status=FormatStatus.DRAFT)

    with commands() as sent:
        definition_by_key(KEY)
        definition_by_key(KEY)

    assert len(sent) == 2
