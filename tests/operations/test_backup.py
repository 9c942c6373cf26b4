"""A backup shows one moment of a firm that goes on working, and is one only when it is whole."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import bson
import pytest
import zstandard
from bson import json_util
from pymongo.errors import OperationFailure
from pytest_django import Settings

from tenants.models import AuditEntry, Backup, BackupStatus, Operation, Organization, OrganizationStatus
from tenants.mongodb.clients import clients
from tenants.operations.backups.archive import write_collection
from tenants.operations.backups.backing_up import BACKUP, SCHEDULED, request_backup
from tenants.operations.backups.reading import check_archive
from tenants.operations.backups.stores import UnknownStore, store_named
from tenants.operations.data import content_hash, database_of
from tenants.operations.engine import (
    LeaseLost,
    OperationRefused,
    OperationStopped,
    OperationUnderWay,
    cancel_operation,
    run_operation,
)
from tests.operations.killing import (
    killed_after,
    killed_before,
    killed_within,
    let_lease_run_out,
    run_until_killed,
)

# Where the copy step finds it.
WRITING = "tenants.operations.backups.backing_up.write_collection"
STEPS = [step.name for step in BACKUP.steps]


@pytest.fixture
def backups(tmp_path: Path, settings: Settings) -> Path:
    """The directory that backups go to."""
    settings.BACKUP_STORES = {"local": f"file://{tmp_path}/backups"}
    settings.BACKUP_STORE = "local"
    return tmp_path / "backups"


def database_by_the_application(firm: Organization) -> Any:
    """Through the client whose writes are noticed, and removed after the test."""
    return clients.for_address(firm.address_setting)[firm.org_id]


@pytest.fixture
def filled(firm: Organization, backups: Path) -> Organization:
    """A firm with something in three collections, a file in pieces among them."""
    database = database_by_the_application(firm)
    database["counters"].insert_one({"_id": "entries", "value": 40})
    database["activity_logs"].insert_many({"n": n, "text": "é" * n} for n in range(40))
    database["fs.chunks"].insert_many(
        {"files_id": 1, "n": n, "data": bytes(range(256)) * 400} for n in range(5)
    )
    return firm


def back_up(firm: Organization, **options: Any) -> Backup:
    operation = run_operation(request_backup(firm, by=None, **options), BACKUP)
    return Backup.objects.get(name=operation.state["backup"]["name"])


def manifest_of(backups: Path, backup: Backup) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((backups / backup.org_id / backup.name / "manifest.json").read_bytes())
    return found


def documents_of(backups: Path, backup: Backup, collection: str) -> list[dict[str, Any]]:
    """As anybody with zstd and a BSON reader gets them."""
    packed = (backups / backup.org_id / backup.name / f"{collection}.bson.zst").read_bytes()
    return list(bson.decode_all(zstandard.ZstdDecompressor().decompressobj().decompress(packed)))


def left_over(backups: Path) -> list[str]:
    return sorted(str(one.relative_to(backups)) for one in backups.rglob("*") if one.is_file())


# What is in it ---------------------------------------------------------------------------------------


def test_it_has_every_document_as_it_is(filled: Organization, backups: Path) -> None:
    backup = back_up(filled)
    database = database_of(filled.placement)
    kept = {name: documents_of(backups, backup, name) for name in database.list_collection_names()}
    assert kept == {name: list(database[name].find()) for name in kept}


def test_its_manifest_has_the_hash_of_every_collection(filled: Organization, backups: Path) -> None:
    collections = manifest_of(backups, back_up(filled))["collections"]
    database = database_of(filled.placement)
    assert {name: one["content_hash"] for name, one in collections.items()} == {
        name: content_hash(database[name]).hexdigest() for name in database.list_collection_names()
    }


def test_its_metadata_is_what_mongodump_writes(filled: Organization, backups: Path) -> None:
    backup = back_up(filled)
    path = backups / filled.org_id / backup.name / "fs.chunks.metadata.json"
    found = json_util.loads(path.read_text())
    assert (found["collectionName"], found["type"], len(found["uuid"]), found["options"]) == (
        "fs.chunks",
        "collection",
        32,
        {},
    )
    assert [one["key"] for one in found["indexes"]] == [{"_id": 1}, {"files_id": 1, "n": 1}]


def test_it_is_whole(filled: Organization, backups: Path) -> None:
    backup = back_up(filled)
    assert (backup.status, check_archive(store_named("local"), filled.org_id, backup.name)) == ("good", [])


def test_what_an_operation_keeps_beside_the_firm_s_data_is_left_out(
    filled: Organization, backups: Path
) -> None:
    aside = database_of(filled.placement)["aside.1.reports"]
    aside.insert_one({"old": True})
    found = manifest_of(backups, back_up(filled))["collections"]
    aside.drop()
    assert (aside.name in found, "reports" in found) == (False, True)


def test_the_organization_knows_its_last_backup(filled: Organization, backups: Path) -> None:
    backup = back_up(filled)
    filled.refresh_from_db()
    assert filled.last_backup_at == backup.taken_at


def test_a_backup_by_schedule_has_its_time_and_another_has_none(filled: Organization, backups: Path) -> None:
    scheduled, manual = back_up(filled, reason=SCHEDULED), back_up(filled)
    assert scheduled.taken_at is not None
    assert (scheduled.expires_at, manual.expires_at) == (scheduled.taken_at + timedelta(days=30), None)


def test_nobody_else_may_look_into_it(filled: Organization, backups: Path) -> None:
    backup = back_up(filled)
    folder = backups / filled.org_id / backup.name
    modes = {one.stat().st_mode & 0o077 for one in (backups, folder.parent, folder, *folder.iterdir())}
    assert modes == {0}


def test_it_is_audited(filled: Organization, backups: Path) -> None:
    back_up(filled)
    actions = (
        AuditEntry.objects.filter(action__startswith="backup.")
        .order_by("at")
        .values_list("action", flat=True)
    )
    assert list(actions) == ["backup.requested", "backup.begin", "backup.copy", "backup.done"]


# While the firm works --------------------------------------------------------------------------------


class Writer:
    """Adds an entry and counts it in one transaction, without end: the two always agree."""

    def __init__(self, firm: Organization) -> None:
        self.database = database_by_the_application(firm)
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._write)

    def _write(self) -> None:
        number = 40
        while not self.stop.is_set():
            with self.database.client.start_session() as session, session.start_transaction():
                number += 1
                self.database["activity_logs"].insert_one({"n": number, "pad": "x" * 500}, session=session)
                self.database["counters"].update_one(
                    {"_id": "entries"}, {"$inc": {"value": 1}}, session=session
                )


@pytest.fixture
def writer(filled: Organization) -> Iterator[Writer]:
    one = Writer(filled)
    one.thread.start()
    yield one
    one.stop.set()
    one.thread.join()


def test_it_shows_one_moment_of_a_firm_that_goes_on_working(
    filled: Organization, backups: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = writer.database["counters"]
    seen = []

    def write_while_they_work(*args: Any, **kwargs: Any) -> Any:
        before = counter.find_one()["value"]
        seen.append(before)
        while counter.find_one()["value"] < before + 3:
            pass
        return write_collection(*args, **kwargs)

    monkeypatch.setattr(WRITING, write_while_they_work)
    backup = back_up(filled)
    (counted,) = documents_of(backups, backup, "counters")
    assert seen[-1] > seen[0]
    assert len(documents_of(backups, backup, "activity_logs")) == counted["value"]


def test_a_collection_that_is_made_meanwhile_is_noticed(
    filled: Organization, backups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tenants.operations.backups import moment

    database = database_of(filled.placement)
    begin = moment._begin
    made: list[str] = []

    def begin_and_make(*args: Any) -> Any:
        found = begin(*args)
        if not made:
            made.append("made_meanwhile")
            database.create_collection("made_meanwhile")
        return found

    monkeypatch.setattr(moment, "_begin", begin_and_make)
    found = manifest_of(backups, back_up(filled))["collections"]
    database.drop_collection("made_meanwhile")
    assert "made_meanwhile" in found


# The past that the server keeps ----------------------------------------------------------------------


def too_old_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first copy takes longer than the server keeps the past."""
    failed: list[bool] = []

    def fail_once(*args: Any, **kwargs: Any) -> Any:
        if not failed:
            failed.append(True)
            raise OperationFailure("Read timestamp is too old.", 239)
        return write_collection(*args, **kwargs)

    monkeypatch.setattr(WRITING, fail_once)


def test_a_copy_that_took_too_long_asks_the_server_to_keep_more_and_begins_anew(
    filled: Organization, backups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    too_old_once(monkeypatch)
    backup = back_up(filled)
    said = " ".join(line["text"] for line in Operation.objects.get(kind="backup").log)
    assert (backup.status, "keeps the past for 1200 s" in said) == ("good", True)


def test_the_server_is_as_it_was_afterwards(
    filled: Organization, backups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    too_old_once(monkeypatch)
    back_up(filled)
    admin = database_of(filled.placement).client.admin
    assert (
        admin.command({"getParameter": 1, "minSnapshotHistoryWindowInSeconds": 1})[
            "minSnapshotHistoryWindowInSeconds"
        ]
        == 300
    )


def test_where_the_server_may_not_be_asked_it_says_what_an_administrator_does(
    filled: Organization, backups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    too_old_once(monkeypatch)
    monkeypatch.setattr("tenants.operations.backups.moment.set_history_window", lambda *_: False)
    with pytest.raises(OperationStopped, match="setParameter: 1, minSnapshotHistoryWindowInSeconds: 3000"):
        back_up(filled)


# Killed, failed, cancelled ---------------------------------------------------------------------------

KILLS = [
    *(pytest.param(killed_before(BACKUP, step), id=f"before {step}") for step in STEPS),
    *(pytest.param(killed_after(BACKUP, step), id=f"after {step}") for step in STEPS),
    *(pytest.param(killed_within(BACKUP, "copy", at=at), id=f"within copy, {at}") for at in (1, 2, 4, 9)),
]


@pytest.mark.parametrize("kind", KILLS)
def test_killed_anywhere_and_resumed_it_is_one_whole_backup(
    filled: Organization, backups: Path, kind: Any
) -> None:
    operation = request_backup(filled, by=None)
    run_until_killed(operation, kind)
    run_operation(request_backup(filled, by=None), BACKUP)
    backup = Backup.objects.get()
    folders = [one.name for one in (backups / filled.org_id).iterdir()]
    assert (backup.status, folders) == ("good", [backup.name])
    assert check_archive(store_named("local"), filled.org_id, backup.name) == []
    assert Operation.objects.filter(kind="backup").count() == 1


@pytest.mark.parametrize("kind", KILLS[: 2 * len(STEPS) + 1])
def test_killed_anywhere_and_cancelled_it_leaves_nothing(
    filled: Organization, backups: Path, kind: Any
) -> None:
    operation = request_backup(filled, by=None)
    run_until_killed(operation, kind)
    cancel_operation(operation, BACKUP)
    filled.refresh_from_db()
    assert (left_over(backups), Backup.objects.count(), filled.last_backup_at, filled.operation) == (
        [],
        0,
        None,
        None,
    )


def test_a_store_that_fails_stops_it_and_leaves_no_files(
    filled: Organization, backups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("tenants.operations.backups.stores._Written.write", full)
        with pytest.raises(OperationStopped, match="No space left on device"):
            back_up(filled)
    assert left_over(backups) == []
    assert back_up(filled).status == BackupStatus.GOOD


def test_a_runner_believed_dead_cannot_spoil_its_successor_s_backup(
    filled: Organization, backups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It wakes up within its copy, after somebody else has finished the backup."""
    asleep: list[bool] = []

    def taken_over_meanwhile(*args: Any, **kwargs: Any) -> Any:
        if not asleep:
            asleep.append(True)
            operation = Operation.objects.get(kind="backup")
            let_lease_run_out(operation)
            run_operation(operation, BACKUP)
        return write_collection(*args, **kwargs)

    monkeypatch.setattr(WRITING, taken_over_meanwhile)
    with pytest.raises(LeaseLost):
        back_up(filled)
    backup = Backup.objects.get()
    assert check_archive(store_named("local"), filled.org_id, backup.name) == []
    assert [one.name for one in (backups / filled.org_id).iterdir()] == [backup.name]


# Refused ---------------------------------------------------------------------------------------------


def test_two_at_once_are_one(filled: Organization, backups: Path) -> None:
    assert request_backup(filled, by=None).pk == request_backup(filled, by=None).pk


def test_it_waits_for_whatever_else_is_done_to_the_firm(filled: Organization, backups: Path) -> None:
    other = Operation.objects.create(kind="move", org_id=filled.org_id, requested_by="system")
    Organization.objects.filter(pk=filled.pk).update(operation=other.pk)
    with pytest.raises(OperationUnderWay, match="move"):
        request_backup(filled, by=None)


@pytest.mark.parametrize("status", ["requested", "provisioning", "deleted"])
def test_without_a_whole_database_there_is_nothing_to_back_up(
    filled: Organization, backups: Path, status: str
) -> None:
    filled.status = OrganizationStatus(status)
    with pytest.raises(OperationRefused, match="no whole database"):
        request_backup(filled, by=None)


def test_a_store_that_nobody_configured_is_refused(filled: Organization, backups: Path) -> None:
    with pytest.raises(UnknownStore, match="BACKUP_STORES has local"):
        request_backup(filled, by=None, store="tape")
