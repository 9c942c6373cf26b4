"""The storage that a plan grants, on the real database: counted, refused, given back, recounted."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client
from django.urls import reverse
from gridfs import GridFSBucket

from reports import actions
from reports.tests.making import NOW, begin
from tenants.context import carry
from tenants.files import new_name, store_evidence
from tenants.images import FileRefused
from tenants.models import Counter, Organization, StoredFile, TaskRecord, User
from tenants.plans.storage import COUNTER, MEGABYTE, StorageFull, recount_storage, used_bytes
from tests.isolation.world import picture

ClientFor = Callable[[User], Client]


@pytest.fixture
def one_megabyte(in_firm: Organization) -> Organization:
    """The firm with a plan of one megabyte for files."""
    limits = {"storage_mb": 1, "features": []}
    Organization.objects.filter(pk=in_firm.pk).update(plan="basic", limits=limits)
    in_firm.plan, in_firm.limits = "basic", limits
    return in_firm


def fill(but: int) -> None:
    """Use the megabyte up, but for so many bytes."""
    Counter.objects.create(name=COUNTER, value=MEGABYTE - but)


def keep(size: int) -> str:
    return str(default_storage.save(new_name(".bin"), ContentFile(b"x" * size)))


def files() -> int:
    return len(list(GridFSBucket(connections["alpha_valuers"].database).find({})))  # type: ignore[attr-defined]


def test_what_is_stored_is_counted(in_firm: Organization) -> None:
    keep(1000)
    keep(234)
    assert used_bytes() == 1234


def test_what_is_deleted_is_given_back(in_firm: Organization) -> None:
    name = keep(1000)
    default_storage.delete(name)
    default_storage.delete(name)
    assert used_bytes() == 0


def test_a_firm_with_files_from_before_begins_with_theirs(in_firm: Organization) -> None:
    GridFSBucket(connections["alpha_valuers"].database).upload_from_stream("old", b"x" * 500)  # type: ignore[attr-defined]
    keep(100)
    assert used_bytes() == 600


def test_the_last_byte_fits_and_the_next_does_not(one_megabyte: Organization) -> None:
    fill(but=10)
    keep(10)
    with pytest.raises(StorageFull, match="no room left for it in the 1 MB"):
        keep(1)


def test_what_is_refused_is_neither_stored_nor_counted(one_megabyte: Organization) -> None:
    fill(but=10)
    with pytest.raises(StorageFull):
        keep(11)
    assert (files(), used_bytes()) == (0, MEGABYTE - 10)


def test_what_fails_while_it_is_stored_is_given_back(
    in_firm: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> None:
        raise OSError("The disk of the server is full.")

    monkeypatch.setattr(GridFSBucket, "upload_from_stream", fail)
    with pytest.raises(OSError, match="disk"):
        keep(1000)
    assert used_bytes() == 0


def test_of_many_at_once_only_those_that_fit_are_stored(one_megabyte: Organization) -> None:
    fill(but=350)

    def one(_: int) -> bool:
        try:
            keep(100)
        except StorageFull:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(carry(one), range(10))) == 3


def test_an_issued_document_is_kept_and_counted_in_a_full_firm(one_megabyte: Organization) -> None:
    fill(but=0)
    store_evidence("evidence.pdf", b"%PDF-1.7")
    assert (default_storage.open("evidence.pdf").read(), used_bytes()) == (b"%PDF-1.7", MEGABYTE + 8)


def test_the_managers_are_told_at_four_fifths(one_megabyte: Organization) -> None:
    fill(but=MEGABYTE * 2 // 10 + 5)
    keep(4)
    assert not TaskRecord.objects.exists()
    keep(10)
    keep(10)
    task = TaskRecord.objects.get()
    assert task.arguments["kwargs"] | {"month": ""} == {
        "org_id": "alpha_valuers",
        "what": "storage_mb",
        "used": 1,
        "limit": 1,
        "month": "",
    }


# What people put in -----------------------------------------------------------------------------------


def photograph() -> SimpleUploadedFile:
    return SimpleUploadedFile("front.jpg", picture(), "image/jpeg")


@pytest.mark.usefixtures("formats")
def test_a_photograph_is_refused_by_its_name(one_megabyte: Organization, valuer: User) -> None:
    report = begin(one_megabyte, valuer, filled=False)
    fill(but=0)
    with pytest.raises(FileRefused, match=r"^front\.jpg: there is no room left"):
        actions.add_photograph(report_id=report.pk, upload=photograph(), by=valuer, now=NOW)


@pytest.mark.usefixtures("formats")
def test_a_photograph_whose_thumbnail_does_not_fit_is_not_kept(
    one_megabyte: Organization, valuer: User
) -> None:
    report = begin(one_megabyte, valuer, filled=False)
    kept = actions.add_photograph(report_id=report.pk, upload=photograph(), by=valuer, now=NOW)
    size = kept.size
    actions.remove_photograph(report_id=report.pk, file_id=kept.pk, by=valuer, now=NOW)
    Counter.objects.filter(name=COUNTER).update(value=MEGABYTE - size - 1)
    with pytest.raises(FileRefused):
        actions.add_photograph(report_id=report.pk, upload=photograph(), by=valuer, now=NOW)
    assert (files(), StoredFile.objects.count(), used_bytes()) == (0, 0, MEGABYTE - size - 1)


@pytest.mark.usefixtures("formats")
def test_an_attached_file_is_refused_by_its_name(one_megabyte: Organization, valuer: User) -> None:
    report = begin(one_megabyte, valuer, filled=False)
    fill(but=0)
    deed = SimpleUploadedFile("deed.pdf", b"%PDF-1.7 deed", "application/pdf")
    with pytest.raises(FileRefused, match=r"^deed\.pdf: there is no room left"):
        actions.attach_file(report_id=report.pk, upload=deed, by=valuer, now=NOW)


@pytest.mark.usefixtures("formats")
def test_the_page_of_photographs_says_it(
    one_megabyte: Organization, valuer: User, client_for: ClientFor
) -> None:
    report = begin(one_megabyte, valuer, filled=False)
    fill(but=0)
    url = reverse("reports:photographs", args=[report.pk])
    page = client_for(valuer).post(url, {"photos": photograph()}, follow=True).content.decode()
    assert "front.jpg: there is no room left for it in the 1 MB" in page


def test_the_firm_s_page_says_it_of_the_logo(
    one_megabyte: Organization, manager: User, client_for: ClientFor
) -> None:
    fill(but=0)
    form = {"letterhead_name": "Alpha", "initials": "AV", "reference_pattern": "{initials}/{seq:04}"}
    logo = SimpleUploadedFile("logo.jpg", picture(), "image/jpeg")
    answer = client_for(manager).post(reverse("firm"), {**form, "accent": "teal", "logo": logo})
    assert answer.status_code == 422
    assert "no room left for it" in answer.content.decode()


# Recounting -------------------------------------------------------------------------------------------


def test_a_difference_is_mended_when_it_is_found_twice(in_firm: Organization) -> None:
    keep(1000)
    Counter.objects.filter(name=COUNTER).update(value=1700)
    assert [recount_storage(in_firm), used_bytes()] == [0, 1700]
    assert [recount_storage(in_firm), used_bytes()] == [700, 1000]


def test_a_file_that_was_being_stored_is_no_difference(in_firm: Organization) -> None:
    keep(1000)
    Counter.objects.filter(name=COUNTER).update(value=1700)
    recount_storage(in_firm)
    # It is there now, and another one is on its way.
    GridFSBucket(connections["alpha_valuers"].database).upload_from_stream("late", b"x" * 700)  # type: ignore[attr-defined]
    Counter.objects.filter(name=COUNTER).update(value=1900)
    assert [recount_storage(in_firm), used_bytes()] == [0, 1900]


def test_recounting_a_sound_firm_changes_nothing(in_firm: Organization) -> None:
    keep(1000)
    assert [recount_storage(in_firm), recount_storage(in_firm), used_bytes()] == [0, 0, 1000]


def test_counting_costs_two_commands(
    one_megabyte: Organization, commands: Callable[[], AbstractContextManager[list[Any]]]
) -> None:
    keep(1)
    with commands() as sent:
        keep(1)
    assert [one.collection for one in sent if one.collection in ("organizations", "counters")] == [
        "organizations",
        "counters",
    ]
