"""Restoring: what comes back is what was backed up, wherever it is killed or cancelled."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from bson import ObjectId
from django.conf import LazySettings
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from pyrage.x25519 import Identity

from tenants.context import organization_active
from tenants.errors import WritesFrozen
from tenants.models import (
    AuditEntry,
    Backup,
    BackupStatus,
    Cluster,
    Counter,
    Operation,
    OperationStatus,
    Organization,
    OrganizationStatus,
)
from tenants.mongodb.clients import clients
from tenants.operations.backups import replacing
from tenants.operations.backups.backing_up import BACKUP, request_backup
from tenants.operations.backups.restoring import (
    RESTORE,
    confirm_restore,
    request_restore,
    revert_restore,
    unsettled_restore,
)
from tenants.operations.backups.settling import CONFIRM, REVERT, request_settling
from tenants.operations.engine import (
    Kind,
    OperationRefused,
    OperationStopped,
    cancel_operation,
    run_operation,
)
from tenants.operations.schema import head
from tests.operations.archives import harm
from tests.operations.firms import (
    PDF,
    PLAN,
    all_indexes,
    contents,
    databases_dropped,
    every_collection,
    make_firm,
    write_something,
)
from tests.operations.killing import killed_after, killed_before, killed_within, run_until_killed
from tooling import mongod

GAMMA, DELTA = "gamma_valuers", "delta_valuers"


@pytest.fixture(autouse=True)
def _at_once(settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.BACKUP_STORES = {"local": f"file://{tmp_path / 'backups'}"}
    settings.BACKUP_STORE = "local"
    settings.WRITES_KNOWN_SECONDS = 0.01
    monkeypatch.setattr(replacing, "_STRAGGLERS_SECONDS", 0)


@pytest.fixture
def gamma(database: None) -> Iterator[Organization]:
    with databases_dropped(GAMMA, DELTA):
        yield make_firm(GAMMA, "Gamma Valuers", "GV")


@pytest.fixture
def backup(gamma: Organization) -> Backup:
    return back_up(gamma)


@pytest.fixture(scope="module")
def second_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with mongod.running(tmp_path_factory.mktemp("second")) as uri:
        yield uri


@pytest.fixture
def second(database: None, second_server: str, settings: LazySettings) -> Iterator[Cluster]:
    settings.MONGODB_ADDRESSES["MONGODB_URI_SECOND"] = second_server
    yield Cluster.objects.create(name="second", address_setting="MONGODB_URI_SECOND")
    del settings.MONGODB_ADDRESSES["MONGODB_URI_SECOND"]
    clients.close_all()


def back_up(organization: Organization) -> Backup:
    run_operation(request_backup(organization, by=None), BACKUP)
    return Backup.objects.filter(org_id=organization.org_id).order_by("-created_at")[0]


def restore(
    backup: Backup, into: str, cluster: str = "", name: str = "", kind: Kind = RESTORE
) -> Organization:
    run_operation(request_restore(backup, into, by=None, cluster=cluster, name=name), kind)
    return Organization.objects.get(org_id=into)


def files_of(backup: Backup, tmp_path: Path) -> Path:
    return tmp_path / "backups" / backup.org_id / backup.name


# The round trip ---------------------------------------------------------------------------------------


def test_a_new_organization_gets_every_document_index_and_file_of_the_backup(backup: Backup) -> None:
    organization = restore(backup, DELTA)
    assert organization.status == OrganizationStatus.ACTIVE
    assert organization.migrations == list(head())
    assert contents(DELTA) == contents(GAMMA)
    assert all_indexes(DELTA) == all_indexes(GAMMA)
    assert every_collection(DELTA) == every_collection(GAMMA)
    with organization_active(organization.placement):
        assert default_storage.open("plan.jpg").read() == PLAN
        assert default_storage.open("issued.pdf").read() == PDF


def test_a_new_organization_takes_over_what_its_pages_need(gamma: Organization) -> None:
    Organization.objects.filter(pk=gamma.pk).update(reference_pattern="{initials}-{seq:05}", accent="plum")
    organization = restore(back_up(gamma), DELTA, name="Delta Valuers")
    assert (organization.name, organization.initials) == ("Delta Valuers", "GV")
    assert (organization.reference_pattern, organization.accent) == ("{initials}-{seq:05}", "plum")
    assert organization.letterhead["name"] == "Delta Valuers"


def test_a_firm_gets_back_what_it_had(gamma: Organization) -> None:
    before = contents(GAMMA)
    backup = back_up(gamma)
    write_something(gamma)
    organization = restore(backup, GAMMA)
    assert contents(GAMMA) == before
    assert organization.status == OrganizationStatus.ACTIVE
    assert organization.frozen_at is None
    assert organization.placement_version == gamma.placement_version + 1
    with organization_active(organization.placement):
        Counter.objects.create(name="works")


def test_numbers_that_were_given_are_not_given_again(gamma: Organization, backup: Backup) -> None:
    with organization_active(gamma.placement):
        Counter.objects.filter(name="report").update(value=12)
        Counter.objects.create(name="reports_revision", value=4)
        stored = Counter.objects.get(name="storage_bytes").value
        # Files that the backup has not.
        Counter.objects.filter(name="storage_bytes").update(value=stored + 1000)
    organization = restore(backup, GAMMA)
    assert numbers(organization) == {"report": 12, "reports_revision": 5, "storage_bytes": stored}
    with organization_active(organization.placement):
        Counter.objects.filter(name="report").update(value=15)
    revert_restore(organization, by=None)
    organization.refresh_from_db()
    assert numbers(organization) == {"report": 15, "reports_revision": 6, "storage_bytes": stored + 1000}


def numbers(organization: Organization) -> dict[str, int]:
    with organization_active(organization.placement):
        return dict(Counter.objects.values_list("name", "value"))


def test_a_suspended_firm_stays_suspended(gamma: Organization, backup: Backup) -> None:
    Organization.objects.filter(pk=gamma.pk).update(
        status=OrganizationStatus.SUSPENDED.value, status_reason="Unpaid."
    )
    organization = restore(backup, GAMMA)
    assert (organization.status, organization.status_reason) == (OrganizationStatus.SUSPENDED, "Unpaid.")


def test_an_older_archive_is_migrated(gamma: Organization) -> None:
    database = clients.for_operations("MONGODB_URI")[GAMMA]
    # What the database looked like before the newest migration of its own.
    last = head()[-1]
    Organization.objects.filter(pk=gamma.pk).update(migrations=[one for one in head() if one != last])
    database.drop_collection("custom_templates")
    organization = restore(back_up(Organization.objects.get(pk=gamma.pk)), DELTA)
    assert set(organization.migrations) == set(head())


def test_an_archive_of_a_newer_version_is_refused(gamma: Organization) -> None:
    Organization.objects.filter(pk=gamma.pk).update(migrations=[*head(), "reports.0999_from_the_future"])
    backup = back_up(Organization.objects.get(pk=gamma.pk))
    with pytest.raises(OperationStopped, match="newer version"):
        restore(backup, GAMMA)


# What was replaced ------------------------------------------------------------------------------------


def test_reverting_gives_back_what_was_replaced(gamma: Organization, backup: Backup) -> None:
    write_something(gamma)
    before, indexes = contents(GAMMA), all_indexes(GAMMA)
    organization = restore(backup, GAMMA)
    revert_restore(organization, by=None)
    assert contents(GAMMA) == before
    assert all_indexes(GAMMA) == indexes
    assert set(every_collection(GAMMA)) == set(before)
    organization.refresh_from_db()
    assert organization.status == OrganizationStatus.ACTIVE
    with organization_active(organization.placement):
        Counter.objects.create(name="works")


def test_a_second_restore_waits_until_the_first_is_settled(backup: Backup) -> None:
    restore(backup, GAMMA)
    with pytest.raises(OperationRefused, match="Confirm or revert"):
        request_restore(backup, GAMMA, by=None)


def test_nothing_is_settled_twice(backup: Backup) -> None:
    organization = restore(backup, GAMMA)
    confirm_restore(organization, by=None)
    with pytest.raises(OperationRefused, match="Nothing of a restore"):
        revert_restore(organization, by=None)


def test_a_revert_killed_at_every_step_is_resumed(gamma: Organization, backup: Backup) -> None:
    write_something(gamma)
    before = contents(GAMMA)
    operation = request_settling(REVERT, restore(backup, GAMMA), by=None)
    for step in REVERT.steps:
        run_until_killed(operation, killed_before(REVERT, step.name))
        run_until_killed(operation, killed_within(REVERT, step.name, at=4))
    run_operation(operation, REVERT)
    assert contents(GAMMA) == before
    assert set(every_collection(GAMMA)) == set(before)
    assert Organization.objects.get(org_id=GAMMA).status == OrganizationStatus.ACTIVE


def test_a_confirmation_killed_at_every_step_is_resumed(backup: Backup) -> None:
    operation = request_settling(CONFIRM, restore(backup, GAMMA), by=None)
    assert any(name.startswith("aside.") for name in every_collection(GAMMA))
    for step in CONFIRM.steps:
        run_until_killed(operation, killed_before(CONFIRM, step.name))
        run_until_killed(operation, killed_after(CONFIRM, step.name))
    run_operation(operation, CONFIRM)
    assert set(every_collection(GAMMA)) == set(contents(GAMMA))
    assert unsettled_restore(GAMMA) is None


# Killed and cancelled ---------------------------------------------------------------------------------


def test_a_restore_killed_at_every_step_is_resumed(gamma: Organization) -> None:
    before, indexes = contents(GAMMA), all_indexes(GAMMA)
    backup = back_up(gamma)
    write_something(gamma)
    operation = request_restore(backup, GAMMA, by=None)
    for step in RESTORE.steps:
        run_until_killed(operation, killed_before(RESTORE, step.name))
        run_until_killed(operation, killed_after(RESTORE, step.name))
    run_operation(operation, RESTORE)
    assert contents(GAMMA) == before
    assert all_indexes(GAMMA) == indexes
    assert not any(name.startswith("incoming.") for name in every_collection(GAMMA))
    assert Organization.objects.get(org_id=GAMMA).status == OrganizationStatus.ACTIVE


@pytest.mark.parametrize(("step", "at"), [("load", 9), ("switch", 3), ("switch", 15)])
def test_a_restore_killed_within_a_step_is_resumed(gamma: Organization, step: str, at: int) -> None:
    before = contents(GAMMA)
    backup = back_up(gamma)
    write_something(gamma)
    replaced = contents(GAMMA)
    operation = request_restore(backup, GAMMA, by=None)
    run_until_killed(operation, killed_within(RESTORE, step, at=at))
    run_operation(operation, RESTORE)
    assert contents(GAMMA) == before
    revert_restore(Organization.objects.get(org_id=GAMMA), by=None)
    assert contents(GAMMA) == replaced


@pytest.mark.parametrize("step", ["load", "close"])
def test_a_restore_cancelled_before_the_switch_leaves_the_firm_as_it_was(
    gamma: Organization, backup: Backup, step: str
) -> None:
    write_something(gamma)
    before = contents(GAMMA)
    operation = request_restore(backup, GAMMA, by=None)
    run_until_killed(operation, killed_after(RESTORE, step))
    cancel_operation(operation, RESTORE)
    assert contents(GAMMA) == before
    assert set(every_collection(GAMMA)) == set(before)
    organization = Organization.objects.get(org_id=GAMMA)
    assert (organization.status, organization.operation) == (OrganizationStatus.ACTIVE, None)
    with organization_active(organization.placement):
        Counter.objects.create(name="works")


def test_nobody_reads_or_writes_while_it_is_switched(gamma: Organization, backup: Backup) -> None:
    run_until_killed(request_restore(backup, GAMMA, by=None), killed_after(RESTORE, "close"))
    gamma.refresh_from_db()
    assert not gamma.is_active
    with pytest.raises(WritesFrozen), organization_active(gamma.placement):
        Counter.objects.create(name="too_late")


def test_past_the_switch_it_cannot_be_cancelled(backup: Backup) -> None:
    operation = request_restore(backup, GAMMA, by=None)
    run_until_killed(operation, killed_within(RESTORE, "switch", at=5))
    with pytest.raises(OperationRefused, match="past the point"):
        cancel_operation(operation, RESTORE)


def test_a_cancelled_new_organization_is_gone(backup: Backup) -> None:
    operation = request_restore(backup, DELTA, by=None)
    run_until_killed(operation, killed_after(RESTORE, "load"))
    cancel_operation(operation, RESTORE)
    assert not Organization.objects.filter(org_id=DELTA).exists()
    assert every_collection(DELTA) == []


# What is refused --------------------------------------------------------------------------------------


@pytest.fixture
def known(firm: Organization) -> Backup:
    """A backup of a firm by its record alone: for what is refused before anybody looks into the store."""
    return Backup.objects.create(
        org_id=firm.org_id, name="20261123T101500Z-0badcafe", store="local", status=BackupStatus.GOOD
    )


def test_one_firm_s_backup_does_not_go_into_another_firm(known: Backup, rival: Organization) -> None:
    with pytest.raises(OperationRefused, match="another firm"):
        request_restore(known, rival.org_id, by=None)


def test_a_sealed_backup_is_restored_with_its_key_and_refused_without(
    gamma: Organization, settings: LazySettings, tmp_path: Path
) -> None:
    key = Identity.generate()
    settings.BACKUP_RECIPIENTS = [str(key.to_public())]
    operation = request_restore(back_up(gamma), DELTA, by=None)
    with pytest.raises(OperationStopped, match="BACKUP_IDENTITIES_FILE"):
        run_operation(operation, RESTORE)
    assert every_collection(DELTA) == []
    keys = tmp_path / "keys.txt"
    keys.write_text(str(key))
    settings.BACKUP_IDENTITIES_FILE = str(keys)
    run_operation(operation, RESTORE)
    assert contents(DELTA) == contents(GAMMA)


def test_a_backup_that_is_known_to_be_damaged_is_refused(known: Backup) -> None:
    known.status = BackupStatus.DAMAGED
    with pytest.raises(OperationRefused, match="damaged"):
        request_restore(known, known.org_id, by=None)


def test_an_organization_that_is_leaving_is_not_restored(known: Backup, firm: Organization) -> None:
    Organization.objects.filter(pk=firm.pk).update(status=OrganizationStatus.OFFBOARDING.value)
    with pytest.raises(OperationRefused, match="offboarding"):
        request_restore(known, firm.org_id, by=None)


def test_a_database_that_nobody_knows_is_not_overwritten(backup: Backup) -> None:
    clients.for_operations("MONGODB_URI")[DELTA]["reports"].insert_one({"_id": ObjectId()})
    with pytest.raises(OperationStopped, match="Make sure whose it is"):
        restore(backup, DELTA)


def test_a_damaged_archive_is_refused_before_anything_is_touched(
    gamma: Organization, backup: Backup, tmp_path: Path
) -> None:
    before = every_collection(GAMMA)
    operation = request_restore(backup, GAMMA, by=None)
    harm(files_of(backup, tmp_path) / "fs.chunks.bson.zst", "flip")
    with pytest.raises(OperationStopped, match="nothing was touched"):
        run_operation(operation, RESTORE)
    assert every_collection(GAMMA) == before
    backup.refresh_from_db()
    assert backup.status == BackupStatus.DAMAGED


# Another cluster --------------------------------------------------------------------------------------


@pytest.mark.mongod
def test_a_firm_is_restored_on_another_cluster_and_reverted(gamma: Organization, second: Cluster) -> None:
    before = contents(GAMMA)
    backup = back_up(gamma)
    write_something(gamma)
    replaced = contents(GAMMA)
    organization = restore(backup, GAMMA, cluster="second")
    assert organization.cluster_id == "second"
    assert contents(GAMMA, "MONGODB_URI_SECOND") == before
    assert contents(GAMMA) == replaced
    with organization_active(organization.placement):
        assert default_storage.open("issued.pdf").read() == PDF
    revert_restore(organization, by=None)
    organization.refresh_from_db()
    assert organization.cluster_id == "primary"
    assert contents(GAMMA) == replaced
    assert every_collection(GAMMA, "MONGODB_URI_SECOND") == []


@pytest.mark.mongod
def test_confirming_it_drops_the_database_on_the_old_cluster(gamma: Organization, second: Cluster) -> None:
    before = contents(GAMMA)
    operation = request_restore(back_up(gamma), GAMMA, by=None, cluster="second")
    for step in ("load", "switch", "open"):
        run_until_killed(operation, killed_after(RESTORE, step))
    run_operation(operation, RESTORE)
    confirm_restore(Organization.objects.get(org_id=GAMMA), by=None)
    assert every_collection(GAMMA) == []
    assert contents(GAMMA, "MONGODB_URI_SECOND") == before


def test_what_is_confirmed_is_never_the_server_that_the_firm_is_on(backup: Backup) -> None:
    organization = restore(backup, GAMMA)
    before = contents(GAMMA)
    done = Operation.objects.get(kind="restore")
    done.state["aside"]["elsewhere"] = True
    Operation.objects.filter(pk=done.pk).update(state=done.state)
    with pytest.raises(OperationStopped, match="nothing is dropped"):
        confirm_restore(organization, by=None)
    assert contents(GAMMA) == before


def test_two_names_of_one_server_are_not_two_clusters(
    known: Backup, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = settings.MONGODB_ADDRESSES
    monkeypatch.setitem(addresses, "MONGODB_URI_AGAIN", addresses["MONGODB_URI"])
    Cluster.objects.create(name="again", address_setting="MONGODB_URI_AGAIN")
    with pytest.raises(OperationRefused, match="same server"):
        request_restore(known, known.org_id, by=None, cluster="again")


# The command ------------------------------------------------------------------------------------------


def test_the_command_restores_and_reverts(gamma: Organization, backup: Backup) -> None:
    write_something(gamma)
    out = StringIO()
    call_command("restore_org", GAMMA, "--yes", GAMMA, "--json", stdout=out)
    told = json.loads(out.getvalue().splitlines()[-1])
    assert (told["kind"], told["status"]) == ("restore", OperationStatus.DONE)
    found = set(AuditEntry.objects.filter(org_id=GAMMA).values_list("action", flat=True))
    assert {"restore.requested", "restore.load", "restore.switch", "restore.done"} <= found
    call_command("restore_org", GAMMA, "--revert", "--yes", GAMMA, "--json", stdout=out)
    told = json.loads(out.getvalue().splitlines()[-1])
    assert (told["kind"], told["status"]) == ("revert_restore", OperationStatus.DONE)


def test_the_command_wants_the_org_id_typed(known: Backup) -> None:
    with pytest.raises(CommandError, match="Not done"):
        call_command("restore_org", known.org_id, "--yes", "another_firm", stdout=StringIO())


def test_the_command_lets_go_of_a_firm_whose_archive_is_damaged(
    gamma: Organization, backup: Backup, tmp_path: Path
) -> None:
    harm(files_of(backup, tmp_path) / "reports.bson.zst", "flip")
    with pytest.raises(CommandError, match=r"reports\.bson\.zst is damaged"):
        call_command("restore_org", GAMMA, "--yes", GAMMA, "--json", stdout=StringIO())
    gamma.refresh_from_db()
    assert gamma.operation is None
