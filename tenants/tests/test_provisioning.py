"""Creating an organization can fail at any step and be repeated."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connections

from tenants.context import organization_active
from tenants.models import AuditEntry, Counter, Organization, OrganizationStatus
from tenants.operations import provision
from tenants.operations.capacity import NoRoom, Room
from tenants.operations.provision import (
    NewOrganization,
    OrganizationExists,
    WrongState,
    create_organization,
    reactivate_organization,
    suspend_organization,
)
from tenants.operations.schema import head, migrate_organization

GAMMA = NewOrganization("gamma_valuers", "Gamma Valuers", "GV")


class Broken(Exception):
    """The step that is made to fail."""


@pytest.mark.parametrize("step", ["require_room", "create_schema", "head", "record_audit"])
def test_a_failure_at_any_step_is_mended_by_the_next_run(
    database: None, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise Broken

    with monkeypatch.context() as patch:
        patch.setattr(provision, step, fail)
        with pytest.raises(Broken):
            create_organization(GAMMA, by=None)
    organization = create_organization(GAMMA, by=None)
    assert organization.status == OrganizationStatus.ACTIVE
    assert Organization.objects.get(org_id="gamma_valuers").migrations == list(head())
    with organization_active(organization.placement):
        Counter.objects.create(name="works")


def test_a_repeated_creation_changes_nothing(firm: Organization) -> None:
    again = create_organization(NewOrganization(firm.org_id, firm.name, "AV"), by=None)
    assert again.pk == firm.pk
    assert AuditEntry.objects.filter(action="organization.created").count() == 1


def test_the_org_id_of_another_firm_is_refused(firm: Organization) -> None:
    with pytest.raises(OrganizationExists, match="Alpha Valuers"):
        create_organization(NewOrganization(firm.org_id, "Somebody Else", "SE"), by=None)


@pytest.mark.parametrize(
    "org_id", ["admin", "Gamma", "9lives", "ab", "test_firm", "shared_resources", "a" * 39, "a-b"]
)
def test_a_bad_org_id_is_refused_and_nothing_is_made(database: None, org_id: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        create_organization(NewOrganization(org_id, "Gamma", "GV"), by=None)
    assert "org_id" in refusal.value.message_dict
    assert not Organization.objects.exists()


def test_a_full_server_is_refused_with_the_figures(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenants.operations.capacity.measure", lambda setting: Room(1900, 2000))
    with pytest.raises(NoRoom, match="1900 files open of 2000"):
        create_organization(GAMMA, by=None)
    assert Organization.objects.get(org_id="gamma_valuers").status == OrganizationStatus.PROVISIONING


def test_the_database_is_named_exactly_by_the_org_id(in_firm: Organization) -> None:
    assert connections[in_firm.org_id].database.name == "alpha_valuers"  # type: ignore[attr-defined]


def test_an_older_organization_is_migrated_and_the_run_can_be_repeated(firm: Organization) -> None:
    Organization.objects.filter(pk=firm.pk).update(migrations=[])
    firm.refresh_from_db()
    assert migrate_organization(firm) == list(head())
    firm.refresh_from_db()
    assert migrate_organization(firm) == []


def test_suspending_and_reactivating_are_audited(firm: Organization) -> None:
    suspend_organization(firm, reason="Unpaid", by=None)
    reactivate_organization(firm, by=None)
    actions = list(AuditEntry.objects.filter(org_id=firm.org_id).values_list("action", flat=True))
    assert set(actions) == {"organization.created", "organization.suspended", "organization.reactivated"}


def test_a_suspended_organization_cannot_be_suspended_again(firm: Organization) -> None:
    suspend_organization(firm, reason="Unpaid", by=None)
    with pytest.raises(WrongState):
        suspend_organization(firm, reason="Unpaid", by=None)


def test_the_command_creates_an_organization(database: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create_org", "gamma_valuers", name="Gamma Valuers", initials="GV")
    assert "gamma_valuers is active" in capsys.readouterr().out


def test_the_command_says_what_is_wrong(database: None) -> None:
    with pytest.raises(CommandError, match="lower-case letters"):
        call_command("create_org", "Gamma", name="Gamma Valuers", initials="GV")
