"""Staff lead a firm through its life: each step asks first, becomes an operation and is followed there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tenants.models import (
    AuditEntry,
    Backup,
    BackupStatus,
    Cluster,
    Operation,
    Organization,
    OrganizationStatus,
    TaskRecord,
    User,
)
from tenants.operations.certificates import CERTIFICATE

ClientFor = Callable[[User], Client]


@pytest.fixture
def office(staff: User, client_for: ClientFor) -> Client:
    """A browser in which staff are signed in."""
    return client_for(staff)


@pytest.fixture
def east(database: None) -> Cluster:
    """Another cluster, whose address no process has."""
    return Cluster.objects.create(name="east", address_setting="MONGODB_URI_EAST")


@pytest.fixture
def backup(firm: Organization, settings: Any, tmp_path: Path) -> Backup:
    """A good backup of the firm, as far as its record goes."""
    settings.BACKUP_STORES = {"local": f"file://{tmp_path}"}
    settings.BACKUP_STORE = "local"
    return Backup.objects.create(
        org_id=firm.org_id,
        name="20261123T101500Z-aabbccdd",
        store="local",
        status=BackupStatus.GOOD,
        taken_at=timezone.now(),
        bson_bytes=3_000_000,
        stored_bytes=1_000_000,
    )


def page(record: Any, name: str = "change") -> str:
    return reverse(f"admin:tenants_{record._meta.model_name}_{name}", args=[record.pk])


def offered(client: Client, record: Any) -> list[str]:
    response: Any = client.get(page(record))
    return [tool.label for tool in response.context_data["tools"]]


def errors(response: Any) -> dict[str, list[str]]:
    return dict(response.context_data["form"].errors)


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def put(record: Any, **fields: Any) -> None:
    type(record).objects.filter(pk=record.pk).update(**fields)


# Steps of a firm that become operations -----------------------------------------------------------------

ASKED = {
    "backup": {"store": "local"},
    "export": {},
    "move": {"to": "east", "read_only_hours": "24"},
    "clone": {"into": "gamma_valuers", "name": "Gamma Valuers", "initials": "GV", "mask": "on"},
    "offboard": {"grace_days": "30", "typed": "alpha_valuers"},
}


@pytest.mark.parametrize("step", ASKED)
def test_a_step_becomes_an_operation_that_is_followed(
    office: Client, firm: Organization, backup: Backup, east: Cluster, step: str, monkeypatch: Any
) -> None:
    response = office.post(page(firm, step), ASKED[step])
    operation = Operation.objects.get(kind=step)
    assert response.headers["Location"] == page(operation)
    assert TaskRecord.objects.get().operation == operation.pk


@pytest.mark.parametrize(
    ("step", "field", "value"),
    [
        ("move", "to", "primary"),
        ("move", "read_only_hours", "0"),
        ("clone", "into", "alpha_valuers"),
        ("clone", "initials", "g"),
        ("offboard", "typed", "Alpha Valuers"),
    ],
)
def test_a_wrong_answer_begins_nothing(
    office: Client, firm: Organization, backup: Backup, east: Cluster, step: str, field: str, value: str
) -> None:
    response = office.post(page(firm, step), {**ASKED[step], field: value})
    assert field in errors(response)
    assert not Operation.objects.filter(kind=step).exists()


def test_it_shows_the_room_of_each_cluster(office: Client, firm: Organization, east: Cluster) -> None:
    assert "east: 0 of 500 firms, does not answer" in text(office.get(page(firm, "move")))


def test_a_firm_that_an_operation_has_offers_no_other(
    office: Client, firm: Organization, backup: Backup
) -> None:
    before = offered(office, firm)
    office.post(page(firm, "backup"), ASKED["backup"])
    after = offered(office, firm)
    assert ("Back up now" in before, "Back up now" in after) == (True, False)


def test_its_page_leads_to_the_operation_under_way(
    office: Client, firm: Organization, backup: Backup
) -> None:
    office.post(page(firm, "backup"), ASKED["backup"])
    assert page(Operation.objects.get(kind="backup")) in text(office.get(page(firm)))


@pytest.fixture
def restored(firm: Organization) -> Organization:
    """The firm with what a restore put aside, as far as the restore's record goes."""
    Operation.objects.create(
        kind="restore", org_id=firm.org_id, status="done", state={"aside": {"elsewhere": False}}
    )
    return firm


@pytest.mark.parametrize(
    ("step", "answers"), [("confirm_restore", {}), ("revert_restore", {"typed": "alpha_valuers"})]
)
def test_a_restore_is_settled_in_the_background(
    office: Client, restored: Organization, step: str, answers: dict[str, str]
) -> None:
    response = office.post(page(restored, step), answers)
    assert response.headers["Location"] == page(Operation.objects.get(kind=step))


def test_a_firm_that_was_not_restored_has_nothing_to_confirm(office: Client, firm: Organization) -> None:
    assert "Confirm the restore" not in offered(office, firm)


def test_a_new_name_is_audited(office: Client, firm: Organization) -> None:
    office.post(page(firm, "rename"), {"name": "Alpha & Co", "initials": "AC"})
    entry = AuditEntry.objects.get(action="organization.renamed")
    assert entry.details["changes"]["name"] == {"from": "Alpha Valuers", "to": "Alpha & Co"}


def test_a_check_says_what_it_found(office: Client, firm: Organization) -> None:
    assert "is as it should be" in text(office.post(page(firm, "check"), {}, follow=True))


# The end of a firm --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "may"), [(1, False), (-1, True)])
def test_it_is_deleted_only_after_its_grace(office: Client, firm: Organization, days: int, may: bool) -> None:
    after = timezone.now() + timedelta(days=days)
    put(firm, status=OrganizationStatus.OFFBOARDING, delete_after=after)
    assert ("Delete…" in offered(office, firm)) is may


def test_an_offboarded_firm_is_taken_back(office: Client, firm: Organization) -> None:
    put(firm, status=OrganizationStatus.OFFBOARDING)
    office.post(page(firm, "cancel_offboarding"))
    firm.refresh_from_db()
    assert firm.status == OrganizationStatus.ACTIVE


def test_a_deletion_wants_the_id_typed(office: Client, firm: Organization) -> None:
    put(firm, status=OrganizationStatus.OFFBOARDING, delete_after=timezone.now() - timedelta(days=1))
    assert "typed" in errors(office.post(page(firm, "deletion"), {"typed": "alpha"}))
    office.post(page(firm, "deletion"), {"typed": firm.org_id, "keep_backups_until": "2027-03-31"})
    assert Operation.objects.get(kind="delete").options == {"keep_backups_until": "2027-03-31"}


def test_a_deleted_firm_has_its_certificate_and_nothing_else(
    office: Client, firm: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenants.admin.organizations.certificate_text", lambda entry: f"For {entry.org_id}")
    put(firm, status=OrganizationStatus.DELETED)
    AuditEntry.objects.create(action=CERTIFICATE, actor="system", org_id=firm.org_id)
    assert offered(office, firm) == ["Certificate", "Operations", "Audit"]
    assert office.get(page(firm, "certificate")).content == b"For alpha_valuers"


def test_a_firm_that_lives_has_no_certificate(office: Client, firm: Organization) -> None:
    assert office.get(page(firm, "certificate")).headers["Location"] == page(firm)


# Backups ------------------------------------------------------------------------------------------------


def test_a_backup_is_verified_in_the_background(office: Client, backup: Backup, staff: User) -> None:
    office.post(page(backup, "verify"))
    task = TaskRecord.objects.get()
    assert task.arguments["args"] == [str(backup.pk), str(staff.pk)]


def test_a_restore_over_a_firm_wants_the_id_again(office: Client, backup: Backup) -> None:
    assert "typed" in errors(office.post(page(backup, "restore"), {"into": backup.org_id}))


def test_a_restore_into_a_new_firm_wants_its_name(office: Client, backup: Backup) -> None:
    response = office.post(page(backup, "restore"), {"into": "gamma_valuers"})
    assert set(errors(response)) == {"name", "initials"}


def test_a_backup_that_cannot_be_read_begins_no_restore(
    office: Client, firm: Organization, backup: Backup
) -> None:
    response = office.post(page(firm, "restore"), {"backup": backup.pk, "typed": firm.org_id})
    assert errors(response)["__all__"]
    assert not Operation.objects.filter(kind="restore").exists()


def test_the_last_good_backup_is_not_removed(office: Client, backup: Backup) -> None:
    assert "last good backup" in errors(office.post(page(backup, "removal")))["__all__"][0]


def test_a_damaged_backup_is_not_restored(office: Client, backup: Backup) -> None:
    put(backup, status=BackupStatus.DAMAGED)
    assert offered(office, backup) == ["Verify", "Remove…"]


@pytest.mark.parametrize(
    ("days", "said"), [(None, "Never"), (0, "less than a minute"), (3, '3 days <span class="badge bad">')]
)
def test_the_list_shows_the_age_of_the_last_backup(
    office: Client, firm: Organization, days: int | None, said: str
) -> None:
    at = None if days is None else timezone.now() - timedelta(days=days)
    put(firm, last_backup_at=at)
    assert said in text(office.get(reverse("admin:tenants_organization_changelist")))


def test_the_list_shows_how_far_behind_a_firm_is(office: Client, firm: Organization) -> None:
    put(firm, migrations=firm.migrations[:-2])
    assert "2 behind" in text(office.get(reverse("admin:tenants_organization_changelist")))


def test_an_old_backup_is_found_by_a_filter(office: Client, firm: Organization, rival: Organization) -> None:
    put(firm, last_backup_at=timezone.now() - timedelta(days=3))
    put(rival, last_backup_at=timezone.now())
    rows: Any = office.get(reverse("admin:tenants_organization_changelist"), {"backup": "1"})
    assert [one.org_id for one in rows.context_data["cl"].result_list] == [firm.org_id]


# Tasks, people ------------------------------------------------------------------------------------------


def test_a_dead_letter_is_tried_again(office: Client, database: None) -> None:
    task = TaskRecord.objects.create(key="one", path="tasks.some", state="DEAD", attempts=5)
    office.post(page(task, "retry"))
    task.refresh_from_db()
    assert task.state == "READY"


def test_a_task_that_waits_is_not_tried_again(office: Client, database: None) -> None:
    task = TaskRecord.objects.create(key="one", path="tasks.some")
    assert offered(office, task) == []


def test_an_invitation_is_sent_again(office: Client, manager: User, mailoutbox: list[Any]) -> None:
    office.post(page(manager, "invite"))
    assert [mail.to for mail in mailoutbox] == [[manager.email]]
