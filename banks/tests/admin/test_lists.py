"""Common fields are shown and never edited; document types are kept, and every change is audited."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from banks.models import CommonFields, DocumentType
from tenants.models import AuditEntry, User

ClientFor = Callable[[User], Client]


@pytest.fixture
def office(staff: User, client_for: ClientFor) -> Client:
    return client_for(staff)


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
