"""Everything that the application does, it does as a restricted user and as a firm's own, too."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from pymongo import MongoClient

from banks.models import Format
from reports import actions
from reports.models import Report, ReportStatus
from reports.queries import photographs_of
from reports.tests.making import approved, begin
from tenants.context import no_organization, organization_active
from tenants.models import Cluster, Counter, Organization, User
from tenants.mongodb.clients import clients
from tenants.mongodb.credentials import with_user
from tenants.mongodb.transaction import atomic
from tenants.operations.capacity import measure
from tenants.operations.database_users import APPLICATION, PASSWORD_SETTING, restrict_cluster
from tenants.operations.provision import NewOrganization, create_organization
from tenants.operations.schema import create_schema
from tenants.registry import registry
from tests.isolation.database_users.conftest import ADMINISTRATOR, SECRET
from tooling import mongod

ClientFor = Callable[[User], Client]


@pytest.fixture
def new_server(tmp_path: Path, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server without anything but its restricted user, and the application pointed at it."""
    monkeypatch.setenv(PASSWORD_SETTING, SECRET)
    with mongod.running(tmp_path / "mongo") as uri, django_db_blocker.unblock(), no_organization():
        monkeypatch.setenv(ADMINISTRATOR, uri)
        address = with_user(uri, APPLICATION, SECRET)
        clients.close_all()
        monkeypatch.setitem(django_settings.MONGODB_ADDRESSES, "MONGODB_URI", uri)
        restrict_cluster(Cluster(name="primary"), administrator=ADMINISTRATOR, by=None)
        # The entry in the audit log, which has made a control plane.
        clients.for_address("MONGODB_URI").drop_database("valuation_admin")
        clients.close_all()
        monkeypatch.setitem(django_settings.MONGODB_ADDRESSES, "MONGODB_URI", address)
        yield address
        clients.close_all()
        registry.clear()


@pytest.mark.mongod
def test_the_restricted_user_sets_up_a_new_installation(new_server: str) -> None:
    with io.StringIO() as said:
        call_command("setup", stdout=said)
    call_command("create_org", "gamma_valuers", name="Gamma Valuers", initials="GV", stdout=io.StringIO())
    assert Organization.objects.get(org_id="gamma_valuers").is_active
    assert Format.objects.exists()


def test_an_organization_is_made_by_the_restricted_user(restricted: str) -> None:
    made = create_organization(NewOrganization("gamma_valuers", "Gamma Valuers", "GV"), by=None)
    assert made.is_active


def test_a_schema_is_completed(limited: Organization, root: MongoClient[dict[str, Any]]) -> None:
    root[limited.org_id]["files_metadata"].drop_indexes()
    create_schema(limited)
    assert "file_report_kind" in root[limited.org_id]["files_metadata"].index_information()


def test_a_migration_removes_an_index(limited: Organization) -> None:
    index = Report._meta.indexes[0]
    with organization_active(limited.placement):
        with connections[limited.org_id].schema_editor(atomic=False) as editor:
            editor.remove_index(Report, index)
            editor.add_index(Report, index)
        collection = connections[limited.org_id].database[Report._meta.db_table]  # type: ignore[attr-defined]
        assert index.name in collection.index_information()


def test_a_person_signs_in_with_a_password(limited: Organization, valuer: User) -> None:
    # What the cast's firms are named after is no domain that a form takes.
    valuer.email = "vikram@alpha.example"
    valuer.set_password(SECRET)
    valuer.save()
    response = Client().post(reverse("sign-in"), {"username": valuer.email, "password": SECRET})

    assert response.headers["Location"] == reverse("work")


def test_a_report_is_written_by_its_pages(
    limited: Organization, formats: None, valuer: User, client_for: ClientFor
) -> None:
    client = client_for(valuer)
    flat = Format.objects.get(bank_code="SBI", property_type="flat", version=2)
    begun = client.post(
        reverse("reports:new"), {"bank": "SBI", "branch": "SBI_MUM_BKC", "format": str(flat.pk)}
    )
    section = begun.headers["Location"]
    assert client.get(section).status_code == 200
    assert client.get(reverse("reports:list")).status_code == 200
    assert client.get(reverse("work")).status_code == 200


def test_a_photograph_is_stored_and_read_back(
    limited: Organization, formats: None, valuer: User, client_for: ClientFor
) -> None:
    with organization_active(limited.placement):
        report = begin(limited, valuer, filled=False)
    written = io.BytesIO()
    Image.new("RGB", (320, 240), "#88aacc").save(written, "JPEG")
    photograph = SimpleUploadedFile("front.jpg", written.getvalue(), "image/jpeg")
    client = client_for(valuer)
    client.post(reverse("reports:photographs", args=[report.pk]), {"photos": [photograph]})
    with organization_active(limited.placement):
        (stored,) = photographs_of(report.pk)
    response = client.get(reverse("reports:file", args=[report.pk, stored.pk]))
    assert response.headers["Content-Type"] == "image/jpeg"


def test_a_report_goes_all_the_way_to_its_document(
    limited: Organization, formats: None, valuer: User, manager: User
) -> None:
    with organization_active(limited.placement):
        report = approved(limited, valuer, manager)
        issued = actions.issue_report(
            report_id=report.pk, organization=limited, by=manager, now=timezone.now()
        )
    assert issued.status == ReportStatus.ISSUED


def test_a_transaction_keeps_its_promise(limited: Organization) -> None:
    def half_done() -> None:
        with atomic():
            Counter.objects.create(name="half", value=1)
            raise ValueError("no")

    with organization_active(limited.placement):
        with pytest.raises(ValueError, match="no"):
            half_done()
        with atomic():
            Counter.objects.create(name="whole", value=1)
        assert list(Counter.objects.values_list("name", flat=True)) == ["whole"]


def test_staff_see_how_the_cluster_is(restricted: str, staff: User, client_for: ClientFor) -> None:
    assert measure("MONGODB_URI").open_files > 0
    assert client_for(staff).get(reverse("admin:index")).status_code == 200


def test_the_process_is_ready(limited: Organization) -> None:
    assert Client().get("/readyz").json()["status"] == "ready"
