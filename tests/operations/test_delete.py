"""Deletion: only what was offboarded, everywhere, never by halves, and with a proof that nothing is left."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.utils import timezone
from pymongo import MongoClient

from tenants.models import (
    AuditEntry,
    Backup,
    Cluster,
    Operation,
    Organization,
    Subscription,
    TaskRecord,
    User,
)
from tenants.mongodb.clients import clients
from tenants.mongodb.credentials import user_name
from tenants.operations import traces
from tenants.operations.certificates import certificate_of, certificate_text
from tenants.operations.database_users import APPLICATION
from tenants.operations.deleting import DELETE, DeletionRefused, request_deletion
from tenants.operations.engine import (
    OperationRefused,
    OperationStopped,
    cancel_operation,
    run_operation,
    start_operation,
)
from tenants.operations.offboarding import OffboardingRefused, cancel_offboarding
from tenants.operations.provision import NewOrganization, OrganizationExists, create_organization
from tests.operations.killing import killed_after, killed_before, killed_within, run_until_killed
from tests.operations.leaving import make_leaving_firm, make_offboarded_firm, own_directories

ORG = "gone_valuers"
STEPS = [step.name for step in DELETE.steps]
KILLS = [
    pytest.param(killed_before, id="before"),
    pytest.param(lambda kind, step: killed_within(kind, step, at=1), id="within"),
    pytest.param(killed_after, id="after"),
]


@pytest.fixture(autouse=True)
def _directories(settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    with own_directories(settings, tmp_path):
        yield


@pytest.fixture
def offboarded(database: None, tmp_path: Path) -> Organization:
    """A firm whose grace is over."""
    return make_offboarded_firm(tmp_path)


@pytest.fixture
def silent_cluster(database: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A further cluster, on a port on which nobody listens."""
    setting = "MONGODB_URI_SILENT"
    Cluster.objects.create(name="silent", address_setting=setting, accepts_new=False)
    client: MongoClient[dict[str, Any]] = MongoClient("mongodb://127.0.0.1:9/", serverSelectionTimeoutMS=50)
    with client:
        monkeypatch.setitem(clients._operations, setting, client)
        yield


def ask(firm: Organization, **options: Any) -> Operation:
    return request_deletion(firm, typed_org_id=firm.org_id, by=None, **options)


def delete(firm: Organization, **options: Any) -> Operation:
    operation = run_operation(ask(firm, **options), DELETE)
    firm.refresh_from_db()
    return operation


def everything_left(tmp_path: Path) -> dict[str, Any]:
    """What there is of the firm, anywhere."""
    return {
        "database": ORG in clients.for_operations("MONGODB_URI").list_database_names(),
        "people": User.objects.filter(organization=ORG).count(),
        "subscriptions": Subscription.objects.filter(organization=ORG).count(),
        "tasks": TaskRecord.objects.filter(org_id=ORG).count(),
        "central": traces.in_central_databases(ORG),
        "files": [one for one in tmp_path.rglob("*") if one.is_file()],
        "backups": set(Backup.objects.filter(org_id=ORG).values_list("status", flat=True)),
        "certificates": AuditEntry.objects.filter(org_id=ORG, action="delete.certificate").count(),
    }


NOTHING = {
    "database": False,
    "people": 0,
    "subscriptions": 0,
    "tasks": 0,
    "central": {},
    "files": [],
    "backups": {"removed"},
    "certificates": 1,
}


def test_nothing_of_it_is_left(offboarded: Organization, tmp_path: Path) -> None:
    TaskRecord.objects.create(key="one", path="somewhere.task", org_id=ORG)
    delete(offboarded)
    assert everything_left(tmp_path) == NOTHING


def test_the_tombstone_says_nothing_of_the_firm(offboarded: Organization) -> None:
    delete(offboarded)
    assert (offboarded.status, offboarded.name, offboarded.letterhead, offboarded.migrations) == (
        "deleted",
        ORG,
        {},
        [],
    )


def test_its_org_id_is_never_given_again(offboarded: Organization) -> None:
    delete(offboarded)
    with pytest.raises(OrganizationExists):
        create_organization(NewOrganization(ORG, ORG, "GV"), by=None)


def test_another_firm_keeps_all_it_has(offboarded: Organization, rival_valuer: User) -> None:
    rivals = clients.for_operations("MONGODB_URI")["beta_surveyors"]
    before = {name: rivals[name].count_documents({}) for name in rivals.list_collection_names()}
    delete(offboarded)
    assert {name: rivals[name].count_documents({}) for name in rivals.list_collection_names()} == before
    assert User.objects.filter(pk=rival_valuer.pk).exists()


@pytest.mark.parametrize("killed", KILLS)
def test_killed_at_every_step_and_resumed_nothing_is_left(
    offboarded: Organization, killed: Any, tmp_path: Path
) -> None:
    operation = ask(offboarded)
    for step in STEPS:
        run_until_killed(operation, killed(DELETE, step))
        assert Operation.objects.get(pk=operation.pk).step == step
    run_operation(operation, DELETE)
    assert everything_left(tmp_path) == NOTHING


def test_what_was_found_is_certified_however_often_it_was_killed(offboarded: Organization) -> None:
    operation = ask(offboarded)
    for step in STEPS:
        run_until_killed(operation, killed_after(DELETE, step))
    run_operation(operation, DELETE)
    certificate = certificate_of(ORG)
    assert certificate is not None
    removed = certificate.details["removed"]
    assert removed["clusters"]["MONGODB_URI"]["database"]["documents"] == 2
    assert (removed["people"], removed["backups"], removed["exports"]) == (1, 1, ["one.zip"])


def test_the_certificate_names_the_export_and_the_proof(offboarded: Organization) -> None:
    delete(offboarded)
    certificate = certificate_of(ORG)
    assert certificate is not None
    text = certificate_text(certificate)
    assert "its manifest's  b2" in text
    assert "Cluster         MONGODB_URI: none of its" in text
    assert "Store           local: no file" in text


def test_before_anything_is_removed_it_can_be_cancelled(offboarded: Organization) -> None:
    operation = ask(offboarded)
    run_until_killed(operation, killed_after(DELETE, "look"))
    cancel_operation(Operation.objects.get(pk=operation.pk), DELETE)
    offboarded.refresh_from_db()
    assert (offboarded.status, offboarded.frozen_at) == ("offboarding", None)


def test_once_it_removes_it_cannot_be_cancelled(offboarded: Organization) -> None:
    operation = ask(offboarded)
    run_until_killed(operation, killed_before(DELETE, "database"))
    with pytest.raises(OperationRefused, match="past the point"):
        cancel_operation(Operation.objects.get(pk=operation.pk), DELETE)


@pytest.mark.parametrize("step", ["look", "database"])
def test_while_a_cluster_is_silent_nothing_is_removed(
    offboarded: Organization, request: pytest.FixtureRequest, tmp_path: Path, step: str
) -> None:
    operation = ask(offboarded)
    run_until_killed(operation, killed_before(DELETE, step))
    before = everything_left(tmp_path)
    request.getfixturevalue("silent_cluster")
    with pytest.raises(OperationStopped, match="MONGODB_URI_SILENT does not answer"):
        run_operation(operation, DELETE)
    assert everything_left(tmp_path) == before


def test_a_database_user_of_its_own_is_removed(offboarded: Organization) -> None:
    client = clients.for_operations("MONGODB_URI")
    rights = [{"resource": {"db": ORG, "collection": ""}, "actions": ["find"]}]
    client[ORG].command("createRole", APPLICATION, privileges=rights, roles=[])
    role = {"role": APPLICATION, "db": ORG}
    client.admin.command("createUser", user_name(ORG), pwd="made-up-for-a-test", roles=[role])
    delete(offboarded)
    assert traces.has_user(client, ORG) is False


def test_a_user_who_may_not_drop_is_noticed_before_anything_is_removed(
    offboarded: Organization, mongodb_uri: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    operation = ask(offboarded)
    before = everything_left(tmp_path)
    admin = clients.for_operations("MONGODB_URI").admin
    rights = [{"resource": {"db": "", "collection": ""}, "actions": ["find", "listCollections", "dbStats"]}]
    admin.command("createRole", "looks_on", privileges=rights, roles=[])
    roles = ["looks_on", "clusterMonitor"]
    admin.command("createUser", "may_not_drop", pwd="made-up-for-a-test", roles=roles)
    one: MongoClient[dict[str, Any]] = MongoClient(
        mongodb_uri, username="may_not_drop", password="made-up-for-a-test"
    )
    with one:
        monkeypatch.setitem(clients._operations, "MONGODB_URI", one)
        with pytest.raises(OperationStopped, match="may not drop “gone_valuers”"):
            run_operation(operation, DELETE)
        monkeypatch.undo()
    admin.command("dropUser", "may_not_drop")
    admin.command("dropRole", "looks_on")
    assert everything_left(tmp_path) == before


@pytest.mark.parametrize(
    ("resource", "actions", "may"),
    [
        ({"db": "", "collection": ""}, ["find", "dropDatabase"], True),
        ({"db": ORG, "collection": ""}, ["dropDatabase"], True),
        ({"anyResource": True}, ["anyAction"], True),
        ({"db": "other", "collection": ""}, ["dropDatabase"], False),
        ({"db": "", "collection": "system.js"}, ["dropDatabase"], False),
        ({"db": "", "collection": ""}, ["find", "dropCollection"], False),
    ],
)
def test_who_may_drop_is_read_from_the_privileges(
    resource: dict[str, Any], actions: list[str], may: bool
) -> None:
    assert traces.may_drop([{"resource": resource, "actions": actions}], ORG) is may


def test_a_cluster_without_an_address_stops_it(offboarded: Organization) -> None:
    Cluster.objects.create(name="elsewhere", address_setting="MONGODB_URI_ELSEWHERE")
    with pytest.raises(OperationStopped, match="MONGODB_URI_ELSEWHERE holds no MongoDB address"):
        delete(offboarded)


def test_a_store_that_is_not_there_stops_it(offboarded: Organization, tmp_path: Path) -> None:
    Backup.objects.filter(org_id=ORG).update(store="elsewhere")
    with pytest.raises(OperationStopped, match="no backup store “elsewhere”"):
        delete(offboarded)
    assert everything_left(tmp_path)["database"]


def test_a_database_that_comes_back_is_not_certified(offboarded: Organization) -> None:
    operation = ask(offboarded)
    run_until_killed(operation, killed_before(DELETE, "prove"))
    clients.for_operations("MONGODB_URI")[ORG].stray.insert_one({"a": 1})
    with pytest.raises(OperationStopped, match="a database on the cluster of MONGODB_URI"):
        run_operation(operation, DELETE)
    assert certificate_of(ORG) is None
    clients.for_operations("MONGODB_URI").drop_database(ORG)


def test_a_trace_in_the_control_plane_is_found_at_any_depth(database: None) -> None:
    control = clients.for_operations("MONGODB_URI").valuation_admin
    control.plans.insert_one({"code": "odd", "notes": [{"for": ORG}, f"not {ORG}", f"{ORG}_2"]})
    try:
        assert traces.in_central_databases(ORG) == {"valuation_admin.plans": 1}
    finally:
        control.plans.delete_many({"code": "odd"})


def test_backups_may_be_kept_for_a_time(offboarded: Organization, tmp_path: Path) -> None:
    delete(offboarded, keep_backups_until=date(2030, 1, 31))
    backup = Backup.objects.get(org_id=ORG)
    assert (backup.status, backup.expires_at) == ("good", datetime(2030, 1, 31, 18, 29, 59, 999000, UTC))
    assert everything_left(tmp_path)["files"]


@pytest.mark.parametrize("typed", ["", "GONE_VALUERS", "gone_valuers ", "alpha_valuers"])
def test_another_id_typed_deletes_nothing(database: None, typed: str) -> None:
    firm = Organization(org_id=ORG, status="offboarding", delete_after=timezone.now())
    with pytest.raises(DeletionRefused, match="Nothing was deleted"):
        request_deletion(firm, typed_org_id=typed, by=None)


@pytest.mark.parametrize("status", ["active", "suspended", "moving", "deleted", "provisioning"])
def test_what_was_not_offboarded_is_not_deleted(database: None, status: str) -> None:
    firm = Organization(org_id=ORG, status=status, delete_after=timezone.now())
    with pytest.raises(DeletionRefused, match="Offboard it first"):
        ask(firm)


def test_an_unfinished_offboarding_is_not_deleted(database: None) -> None:
    with pytest.raises(DeletionRefused, match="Offboard it first"):
        ask(Organization(org_id=ORG, status="offboarding", delete_after=None))


def test_within_the_grace_it_is_not_deleted(database: None) -> None:
    after = timezone.now() + timedelta(days=2)
    with pytest.raises(DeletionRefused, match="until then the firm can come back"):
        ask(Organization(org_id=ORG, status="offboarding", delete_after=after))


def test_the_grace_is_looked_at_again_when_it_begins(firm: Organization) -> None:
    operation = start_operation(DELETE, org_id=firm.org_id, by=None, options={"keep_backups_until": ""})
    with pytest.raises(OperationStopped, match="Offboard it first"):
        run_operation(operation, DELETE)


def test_a_firm_whose_deletion_has_begun_is_not_taken_back(offboarded: Organization) -> None:
    run_until_killed(ask(offboarded), killed_before(DELETE, "database"))
    with pytest.raises(OffboardingRefused, match="an operation is working on it"):
        cancel_offboarding(offboarded, by=None)


def test_offboarded_by_the_command_it_is_deleted_by_it(database: None, tmp_path: Path) -> None:
    make_leaving_firm()
    out = StringIO()
    call_command("offboard_org", ORG, "--grace-days", "0", "--json", stdout=out)
    call_command("offboard_org", ORG, "--delete", "--type", ORG, "--json", stdout=out)
    said = json.loads(out.getvalue().splitlines()[-1])
    assert said["certificate"]["organization"] == {"org_id": ORG, "name": "Gone Valuers"}
    assert everything_left(tmp_path) == NOTHING


def test_the_command_asks_for_the_id_typed_again(offboarded: Organization) -> None:
    with pytest.raises(CommandError, match="Type the organization's id exactly"):
        call_command("offboard_org", ORG, "--delete")
