"""Creating an organization can fail at any step and be repeated."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connections
from pymongo.errors import ServerSelectionTimeoutError

from tenants.context import organization_active
from tenants.errors import ClusterUnreachable, TenancyError
from tenants.models import (
    AuditEntry,
    Cluster,
    Counter,
    Operation,
    OperationStatus,
    Organization,
    OrganizationStatus,
    User,
)
from tenants.operations import provision
from tenants.operations.capacity import NoRoom, Room
from tenants.operations.engine import OperationUnderWay, start_operation
from tenants.operations.invitations import InvitationNotSent
from tenants.operations.provision import (
    PROVISION,
    NewOrganization,
    OrganizationExists,
    create_organization,
    finish_provisioning,
    request_organization,
)
from tenants.operations.schema import head, migrate_organization
from tenants.operations.suspending import WrongState, reactivate_organization, suspend_organization

GAMMA = NewOrganization("gamma_valuers", "Gamma Valuers", "GV")
MANAGER = "gita@gamma-valuers.example"


class Broken(TenancyError):
    """The step that is made to fail."""


def status_of(org_id: str) -> str:
    return Organization.objects.values_list("status", flat=True).get(org_id=org_id)


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


def test_a_repeated_creation_changes_nothing(database: None) -> None:
    first, again = create_organization(GAMMA, by=None), create_organization(GAMMA, by=None)
    assert again.pk == first.pk
    assert AuditEntry.objects.filter(action="organization.created").count() == 1


def test_the_org_id_of_another_firm_is_refused(firm: Organization) -> None:
    with pytest.raises(OrganizationExists, match="Alpha Valuers"):
        create_organization(NewOrganization(firm.org_id, "Somebody Else", "SE"), by=None)


def test_the_org_id_of_a_deleted_firm_is_not_given_again(firm: Organization) -> None:
    Organization.objects.filter(pk=firm.pk).update(status=OrganizationStatus.DELETED)
    with pytest.raises(OrganizationExists, match="was deleted"):
        create_organization(NewOrganization(firm.org_id, firm.name, "AV"), by=None)


@pytest.mark.parametrize(
    "org_id", ["admin", "Gamma", "9lives", "ab", "test_firm", "shared_resources", "a" * 39, "a-b"]
)
def test_a_bad_org_id_is_refused_and_nothing_is_made(database: None, org_id: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        create_organization(NewOrganization(org_id, "Gamma", "GV"), by=None)
    assert "org_id" in refusal.value.message_dict
    assert not Organization.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [("cluster", "nowhere"), ("plan", "none_such"), ("manager_email", "not an address")],
)
def test_a_wrong_wish_names_the_field_before_anything_is_recorded(
    database: None, field: str, value: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        create_organization(NewOrganization(**{**GAMMA_FIELDS, field: value}), by=None)
    assert field in refusal.value.message_dict
    assert not Organization.objects.exists()


GAMMA_FIELDS: dict[str, Any] = {"org_id": "gamma_valuers", "name": "Gamma Valuers", "initials": "GV"}


def test_a_request_records_and_makes_nothing(database: None) -> None:
    operation = request_organization(GAMMA, by=None)
    assert operation.status == OperationStatus.WAITING
    assert status_of("gamma_valuers") == OrganizationStatus.REQUESTED


def test_a_request_made_again_is_the_same_operation(database: None) -> None:
    assert request_organization(GAMMA, by=None).pk == request_organization(GAMMA, by=None).pk


def test_it_is_not_created_while_another_operation_has_it(database: None) -> None:
    request_organization(GAMMA, by=None)
    with pytest.raises(OperationUnderWay):
        start_operation(PROVISION, org_id="gamma_valuers", by=None)


# Room ---------------------------------------------------------------------------------------------------


@pytest.fixture
def full_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenants.operations.capacity.measure", lambda *asked: Room(1900, 2000))


def test_a_full_server_is_refused_with_the_figures(database: None, full_server: None) -> None:
    with pytest.raises(NoRoom, match="1900 files open of 2000"):
        create_organization(GAMMA, by=None)
    assert status_of("gamma_valuers") == OrganizationStatus.REQUESTED


def test_room_that_comes_while_it_waits_is_taken(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = iter([Room(1900, 2000), Room(100, 2000)])
    monkeypatch.setattr("tenants.operations.capacity.POLL_SECONDS", 0.01)
    monkeypatch.setattr("tenants.operations.capacity.measure", lambda *asked: next(measured))
    assert create_organization(GAMMA, by=None, wait_seconds=10).is_active


def test_a_cluster_without_room_is_passed_over(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    Cluster.objects.create(name="east", address_setting="MONGODB_URI_EAST")

    def measure(address_setting: str, limit: int | None) -> Room:
        return Room(1900, 2000) if address_setting == "MONGODB_URI_EAST" else Room(100, 2000)

    monkeypatch.setattr("tenants.operations.capacity.measure", measure)
    assert create_organization(GAMMA, by=None).cluster_id == "primary"


def test_when_none_has_room_each_says_why(database: None, full_server: None) -> None:
    Cluster.objects.create(name="closed", accepts_new=False, address_setting="MONGODB_URI_CLOSED")
    with pytest.raises(NoRoom, match=r"closed: takes no new organizations; primary: .*1900 files"):
        create_organization(GAMMA, by=None)


def test_asked_for_again_on_another_cluster_it_goes_there(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    Cluster.objects.create(name="east", address_setting="MONGODB_URI_EAST")
    with pytest.raises(TenancyError):
        create_organization(NewOrganization(**GAMMA_FIELDS, cluster="east"), by=None)
    made = create_organization(NewOrganization(**GAMMA_FIELDS, cluster="primary"), by=None)
    assert (made.cluster_id, made.is_active) == ("primary", True)


def test_a_server_that_does_not_answer_is_said(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*asked: Any) -> Room:
        raise ServerSelectionTimeoutError("no server")

    monkeypatch.setattr("tenants.operations.capacity.measure", gone)
    with pytest.raises(ClusterUnreachable, match="does not answer"):
        create_organization(NewOrganization(**GAMMA_FIELDS, cluster="primary"), by=None)


def test_a_cluster_holds_no_more_organizations_than_its_capacity(firm: Organization) -> None:
    Cluster.objects.update(capacity=1)
    with pytest.raises(NoRoom, match="1 organizations of 1"):
        create_organization(NewOrganization(**GAMMA_FIELDS, cluster="primary"), by=None)


# The first manager --------------------------------------------------------------------------------------


def test_the_first_manager_is_invited(database: None) -> None:
    create_organization(NewOrganization(**GAMMA_FIELDS, manager_email=MANAGER, manager_name="Gita"), by=None)
    assert [one.to for one in mail.outbox] == [[MANAGER]]
    assert User.objects.get(email=MANAGER).organization_id == "gamma_valuers"


def test_a_letter_that_cannot_be_sent_does_not_hold_the_firm_up(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise InvitationNotSent("No mail server.")

    monkeypatch.setattr(provision, "invite_manager", fail)
    made = create_organization(NewOrganization(**GAMMA_FIELDS, manager_email=MANAGER), by=None)
    assert (made.is_active, made.operation) == (True, None)
    assert Operation.objects.get(org_id=made.org_id).state["not_invited"] == "No mail server."


# What was half-made before ------------------------------------------------------------------------------


def test_a_firm_that_was_half_made_without_an_operation_is_finished(database: None) -> None:
    create_organization(GAMMA, by=None)
    Organization.objects.update(status=OrganizationStatus.PROVISIONING)
    half_made = Organization.objects.get(org_id="gamma_valuers")
    assert finish_provisioning(half_made, by=None).is_active


def test_the_database_is_named_exactly_by_the_org_id(in_firm: Organization) -> None:
    assert connections[in_firm.org_id].database.name == "alpha_valuers"  # type: ignore[attr-defined]


def test_an_older_organization_is_migrated_and_the_run_can_be_repeated(firm: Organization) -> None:
    Organization.objects.filter(pk=firm.pk).update(migrations=[])
    firm.refresh_from_db()
    assert migrate_organization(firm) == list(head())
    firm.refresh_from_db()
    assert migrate_organization(firm) == []


# Suspending ---------------------------------------------------------------------------------------------


def test_suspending_and_reactivating_are_audited(firm: Organization) -> None:
    suspend_organization(firm, reason="Unpaid", by=None)
    reactivate_organization(firm, by=None)
    actions = set(AuditEntry.objects.filter(org_id=firm.org_id).values_list("action", flat=True))
    assert {"organization.suspended", "organization.reactivated"} <= actions


def test_a_suspended_organization_cannot_be_suspended_again(firm: Organization) -> None:
    suspend_organization(firm, reason="Unpaid", by=None)
    with pytest.raises(WrongState):
        suspend_organization(firm, reason="Unpaid", by=None)
