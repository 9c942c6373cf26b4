"""What is published never changes, whichever way it is tried; a change by hand is noticed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from banks.formats.definition import FormatKey
from banks.formats.problems import FormatProblem
from banks.models import FROZEN, Format, FormatStatus, PublishedFormatChanged
from banks.tests.storing import stored_format
from reports.formats import definition_by_key, forget_formats
from tenants.context import shared_resources_writable

KEY = FormatKey("TST", "general", "land", 1)
CHANGES: dict[str, Any] = {
    "bank_code": "XYZ",
    "scheme": "other",
    "property_type": "castle",
    "version": 9,
    "title": "Another",
    "description": "Another",
    "content": {"tabs": []},
    "checksum": "0" * 64,
    "sample": {"common": {}},
}


@pytest.fixture
def version(empty_shared_resources: None) -> Format:
    return stored_format()


def retire(version: Format) -> None:
    with shared_resources_writable():
        Format.objects.filter(pk=version.pk).update(status=FormatStatus.RETIRED)


def by_saving(version: Format, name: str, value: Any) -> None:
    setattr(version, name, value)
    version.save()


def by_saving_a_field(version: Format, name: str, value: Any) -> None:
    setattr(version, name, value)
    version.save(update_fields=[name])


def by_update(version: Format, name: str, value: Any) -> None:
    Format.objects.filter(pk=version.pk).update(**{name: value})


def by_bulk_update(version: Format, name: str, value: Any) -> None:
    setattr(version, name, value)
    Format.objects.bulk_update([version], [name])


def by_a_record_made_by_hand(version: Format, name: str, value: Any) -> None:
    copy = Format.objects.get(pk=version.pk)
    copy.status = FormatStatus.DRAFT
    setattr(copy, name, value)
    copy.save()


def by_a_record_with_its_id(version: Format, name: str, value: Any) -> None:
    kept = ("pk", "bank_code", "scheme", "property_type", "version", "title", "content", "checksum")
    Format(**{key: getattr(version, key) for key in kept} | {name: value}, status="published").save()


WAYS = [
    by_saving,
    by_saving_a_field,
    by_update,
    by_bulk_update,
    by_a_record_made_by_hand,
    by_a_record_with_its_id,
]
Way = Callable[[Format, str, Any], None]


def test_the_list_of_changes_is_whole() -> None:
    assert CHANGES.keys() == FROZEN


@pytest.mark.parametrize("way", WAYS)
def test_no_way_changes_what_is_published(version: Format, way: Way) -> None:
    before = Format.objects.values(*FROZEN).get(pk=version.pk)
    for name, value in CHANGES.items():
        fresh = Format.objects.get(pk=version.pk)
        with pytest.raises(PublishedFormatChanged, match="TST/general/land/1"), shared_resources_writable():
            way(fresh, name, value)
    assert Format.objects.values(*FROZEN).get(pk=version.pk) == before


def test_neither_does_what_is_retired_change(version: Format) -> None:
    retire(version)
    with pytest.raises(PublishedFormatChanged), shared_resources_writable():
        by_update(version, "title", "Another")


@pytest.mark.parametrize("way", WAYS[:4])
def test_a_draft_changes_every_way(empty_shared_resources: None, way: Way) -> None:
    version = stored_format(FormatStatus.DRAFT)
    with shared_resources_writable():
        way(version, "title", "Another")
    assert Format.objects.get(pk=version.pk).title == "Another"


def test_a_published_version_is_not_deleted(version: Format) -> None:
    with pytest.raises(PublishedFormatChanged), shared_resources_writable():
        version.delete()
    assert Format.objects.filter(pk=version.pk).exists()


def test_nor_are_many_at_once(version: Format) -> None:
    with pytest.raises(PublishedFormatChanged, match="TST/general/land/1"), shared_resources_writable():
        Format.objects.filter(bank_code="TST").delete()
    assert Format.objects.filter(pk=version.pk).exists()


def test_drafts_are_deleted_many_at_once(version: Format) -> None:
    stored_format(FormatStatus.DRAFT, version=2)
    with shared_resources_writable():
        Format.objects.filter(status=FormatStatus.DRAFT).delete()
    assert list(Format.objects.values_list("version", flat=True)) == [1]


@pytest.mark.parametrize("way", WAYS[:4])
def test_what_was_published_never_becomes_a_draft_again(version: Format, way: Way) -> None:
    with pytest.raises(PublishedFormatChanged), shared_resources_writable():
        way(version, "status", FormatStatus.DRAFT)
    assert Format.objects.get(pk=version.pk).status == FormatStatus.PUBLISHED


def test_status_and_effective_date_are_no_part_of_it(version: Format) -> None:
    version.status = FormatStatus.RETIRED
    with shared_resources_writable():
        version.save()
    assert Format.objects.get(pk=version.pk).status == FormatStatus.RETIRED


def test_a_change_by_hand_is_an_error_that_names_the_version(version: Format) -> None:
    forget_formats()
    with shared_resources_writable():
        connections["shared"].get_collection("system_templates").update_one(  # type: ignore[attr-defined]
            {"_id": version.pk}, {"$set": {"content.parameters.realizable_percent": "99"}}
        )
    with pytest.raises(FormatProblem, match=r"TST/general/land/1.*checksum differs"):
        definition_by_key(KEY)


def test_what_was_published_reads_as_sound(version: Format) -> None:
    assert version.sound_content() == version.content
