"""Staff read, publish and retire formats; what a version holds never changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from banks.models import CommonFields, DocumentType, Format, FormatStatus
from banks.publishing import FormatState, publish_format, retire_format
from banks.queries import published_formats
from tenants.context import shared_resources_writable
from tenants.models import AuditEntry, User

ClientFor = Callable[[User], Client]


@pytest.fixture
def office(staff: User, client_for: ClientFor) -> Client:
    return client_for(staff)


@pytest.fixture
def version(formats: None) -> Format:
    """A published version of a shipped format."""
    return Format.objects.get(bank_code="SBI", property_type="flat")


def url(version: Format, page: str) -> str:
    return reverse(f"admin:banks_format_{page}", args=[version.pk])


def listed(office: Client, query: dict[str, str]) -> list[Any]:
    """The versions on a page of the list."""
    response: Any = office.get(reverse("admin:banks_format_changelist"), query)
    return list(response.context_data["cl"].result_list)


def status(version: Format) -> str:
    return Format.objects.get(pk=version.pk).status


def test_a_retired_version_is_offered_to_nobody(office: Client, version: Format) -> None:
    office.post(url(version, "retire"))
    assert str(version.pk) not in [offered.id for offered in published_formats()]


def test_a_retired_version_can_be_published_again(office: Client, version: Format) -> None:
    office.post(url(version, "retire"))
    office.post(url(version, "publish"))
    assert status(version) == FormatStatus.PUBLISHED


def test_a_draft_is_published(office: Client, version: Format) -> None:
    with shared_resources_writable():
        Format.objects.filter(pk=version.pk).update(status=FormatStatus.DRAFT)
    office.post(url(version, "publish"))
    assert status(version) == FormatStatus.PUBLISHED


def test_retiring_is_audited_by_the_format_s_key(office: Client, version: Format, staff: User) -> None:
    office.post(url(version, "retire"))
    entry = AuditEntry.objects.get(action="format.retired")
    key = f"SBI/{version.scheme}/flat/{version.version}"
    assert (entry.actor, entry.target) == (staff.email, key)


def test_opening_the_question_retires_nothing(office: Client, version: Format) -> None:
    office.get(url(version, "retire"))
    assert status(version) == FormatStatus.PUBLISHED


def test_a_published_version_is_not_published_twice(version: Format, staff: User) -> None:
    with pytest.raises(FormatState, match="not draft or retired"):
        publish_format(version, by=staff)


def test_a_draft_is_not_retired(version: Format, staff: User) -> None:
    with shared_resources_writable():
        Format.objects.filter(pk=version.pk).update(status=FormatStatus.DRAFT)
    with pytest.raises(FormatState, match="not published"):
        retire_format(version, by=staff)


@pytest.mark.parametrize("page", ["change", "delete"])
def test_a_version_can_be_neither_edited_nor_deleted(office: Client, version: Format, page: str) -> None:
    form = {"title": "Other", "content": "{}", "post": "yes"}
    assert office.post(url(version, page), form).status_code == 403


def test_publishing_and_retiring_leave_the_content_alone(office: Client, version: Format) -> None:
    office.post(url(version, "retire"))
    office.post(url(version, "publish"))
    assert Format.objects.get(pk=version.pk).content == version.content


def test_the_page_outlines_tabs_sections_and_fields(office: Client, version: Format) -> None:
    page = office.get(url(version, "change")).content.decode()
    tab = version.content["tabs"][-1]
    section = tab["sections"][0]
    assert all(one["id"] in page for one in (section, *section["fields"]))


def test_a_damaged_version_is_said_and_not_fatal(office: Client, version: Format) -> None:
    with shared_resources_writable():
        Format.objects.filter(pk=version.pk).update(content={"tabs": 3})
    assert "is damaged" in office.get(url(version, "change")).content.decode()


def test_the_list_does_not_fetch_content(office: Client, version: Format) -> None:
    assert {one.content for one in listed(office, {})} == {None}


@pytest.mark.parametrize("query", [{"bank_code": "SBI"}, {"status__exact": "published"}, {"q": "SBI"}])
def test_the_list_is_filtered_and_searched(office: Client, version: Format, query: dict[str, str]) -> None:
    assert version.pk in [one.pk for one in listed(office, query)]


# Common fields and document types -----------------------------------------------------------------------


def test_common_fields_are_shown(office: Client, formats: None) -> None:
    common = CommonFields.objects.first()
    assert common is not None
    page = office.get(reverse("admin:banks_commonfields_change", args=[common.pk])).content.decode()
    assert "valuation_date" in page


def test_common_fields_cannot_be_edited(office: Client, formats: None) -> None:
    common = CommonFields.objects.first()
    assert common is not None
    edited = office.post(reverse("admin:banks_commonfields_change", args=[common.pk]), {"content": "{}"})
    assert edited.status_code == 403


def test_a_new_document_type_is_audited(office: Client, staff: User) -> None:
    form = {"code": "gift-deed-x", "name": "Gift deed", "category": "title", "position": "90"}
    office.post(reverse("admin:banks_documenttype_add"), form)
    assert AuditEntry.objects.get(action="document_type.added").target == "Gift deed"


def test_a_document_type_is_removed_and_audited(office: Client, formats: None) -> None:
    kind = DocumentType.objects.first()
    assert kind is not None
    office.post(reverse("admin:banks_documenttype_delete", args=[kind.pk]), {"post": "yes"})
    assert AuditEntry.objects.get(action="document_type.removed").target == kind.name
