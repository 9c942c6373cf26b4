"""Moving an organization between two servers: killed, cancelled and done under load."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import bson
import pytest
from bson import Int64, ObjectId
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.utils import timezone
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import WriteError

from tenants.context import organization_active
from tenants.errors import WritesFrozen
from tenants.middleware import is_unreachable
from tenants.models import ActivityEntry, AuditEntry, Cluster, Counter, Operation, Organization
from tenants.mongodb.clients import clients
from tenants.operations.data import collections_of, content_hash, indexes_of, raw_batches
from tenants.operations.engine import (
    OperationRefused,
    OperationStopped,
    cancel_operation,
    run_operation,
)
from tenants.operations.moving import (
    MOVE,
    MoveRefused,
    copying,
    drop_old_sources,
    freezing,
    request_move,
    switching,
)
from tenants.operations.moving.copying import copy_collection
from tenants.operations.moving.fence import fence, fenced
from tenants.operations.moving.following import Follower, reading_session, start_token
from tenants.operations.moving.sides import Sides
from tenants.operations.placement import find_placement
from tests.operations.at_work import Person, at_work, count_up, create, delete_seed, read
from tests.operations.killing import Killed, killed_after, killed_before, killed_within, run_until_killed
from tooling import mongod

WEST = "MONGODB_URI_WEST"
ORG_ID = "moving_valuers"
STEPS = [step.name for step in MOVE.steps]
BEFORE_THE_SWITCH = STEPS[: STEPS.index("switch")]
ENTRIES = 300


# Two servers ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def west(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a second server."""
    directory: Path = tmp_path_factory.mktemp("west")
    with mongod.running(directory) as uri:
        yield uri


@pytest.fixture
def clusters(
    database: None, west: str, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    settings.WRITES_KNOWN_SECONDS = 0.1
    settings.MONGODB_ADDRESSES[WEST] = west
    monkeypatch.setattr(freezing, "MARGIN_SECONDS", 0.05)
    monkeypatch.setattr(freezing, "PAUSES_SECONDS", (0.1,) * 7)
    monkeypatch.setattr(switching, "LATE_SECONDS", 0.1)
    Cluster.objects.create(name="west", address_setting=WEST)
    yield
    for setting in ("MONGODB_URI", WEST):
        clients.for_operations(setting).drop_database(ORG_ID)
    del settings.MONGODB_ADDRESSES[WEST]
    clients.close_all()


def east_db() -> Database[Any]:
    return clients.for_operations("MONGODB_URI")[ORG_ID]


def west_db() -> Database[Any]:
    return clients.for_operations(WEST)[ORG_ID]


@pytest.fixture
def mover(clusters: None) -> Organization:
    """A firm with a few documents of every kind of id, some files, and two indexes."""
    organization = Organization.objects.create(
        org_id=ORG_ID,
        name="Moving Valuers",
        initials="MV",
        status="active",
        cluster=Cluster.objects.get(name="primary"),
    )
    here = east_db()
    here["counters"].create_index("name", unique=True)
    here["fs.chunks"].create_index([("files_id", 1), ("n", 1)], unique=True)
    here["counters"].insert_many({"name": f"counter-{n}", "value": 0} for n in range(4))
    here["activity_logs"].insert_many(
        {
            "at": timezone.now(),
            "action": "seeded",
            "actor_id": "x",
            "actor_name": "X",
            "report_id": "",
            "target": f"seed {n}",
            "details": {},
        }
        for n in range(ENTRIES)
    )
    here["users_settings"].insert_many(
        {"_id": one, "n": n}
        for n, one in enumerate([1, Int64(1 << 40), "text", ObjectId(), {"a": 1, "b": 2}, 2.5])
    )
    files = [ObjectId(), ObjectId()]
    here["fs.files"].insert_many({"_id": one, "length": 9} for one in files)
    here["fs.chunks"].insert_many(
        {"files_id": one, "n": n, "data": b"x" * 5000} for one in files for n in range(3)
    )
    return organization


def content(database: Database[Any]) -> dict[str, tuple[int, str, list[Any]]]:
    """Everything of the firm's: hash and indexes of each collection."""
    return {
        name: (found.documents, found.hexdigest(), indexes_of(database[name]))
        for name in collections_of(database)
        for found in [content_hash(database[name])]
    }


def move(organization: Organization, to: str = "west", **options: Any) -> Operation:
    return request_move(organization, Cluster.objects.get(name=to), by=None, **options)


def now_of(organization: Organization) -> Organization:
    return Organization.objects.get(pk=organization.pk)


def write(text: str) -> None:
    """One document by the ORM, as a request that begins now would."""
    with organization_active(find_placement(ORG_ID)):
        ActivityEntry.objects.create(action="written", actor_id="w", actor_name="W", target=text)


def assert_moved(organization: Organization, before: dict[str, Any], status: str = "active") -> None:
    found = now_of(organization)
    assert content(west_db()) == before == content(east_db())
    assert (found.cluster_id, found.address_setting, found.placement_version) == ("west", WEST, 2)
    assert (found.status, found.frozen_at, found.operation) == (status, None, None)
    assert fenced(east_db()) == collections_of(east_db())
    assert fenced(west_db()) == []
    assert set(west_db().list_collection_names()) == set(before)


def assert_as_before(organization: Organization, before: dict[str, Any]) -> None:
    found = now_of(organization)
    assert content(east_db()) == before
    assert (found.cluster_id, found.placement_version) == ("primary", 1)
    assert (found.status, found.frozen_at, found.operation) == ("active", None, None)
    assert west_db().list_collection_names() == []
    assert set(east_db().list_collection_names()) == set(before)
    write("afterwards")


# Killed and resumed -----------------------------------------------------------------------------------

Kills = list[tuple[Callable[..., Any], str, dict[str, int]]]
BEFORE_EACH: Kills = [(killed_before, step, {}) for step in STEPS]
AFTER_EACH: Kills = [(killed_after, step, {}) for step in STEPS]
WITHIN: Kills = [
    (killed_within, step, {"at": at})
    for step, at in [("copy", 1), ("copy", 2), ("copy", 3), ("follow", 1), ("verify", 2), ("freeze", 1),
                     ("freeze", 2), ("freeze", 4), ("switch", 1), ("close", 1)]
]  # fmt: skip


@pytest.mark.parametrize("kills", [BEFORE_EACH, AFTER_EACH, WITHIN], ids=["before", "after", "within"])
def test_a_move_killed_at_every_step_in_turn_is_finished_by_the_last_runner(
    mover: Organization, kills: Kills
) -> None:
    before = content(east_db())
    operation = move(mover)
    for kill, step, options in kills:
        run_until_killed(operation, kill(MOVE, step, **options))
    done = run_operation(operation, MOVE)
    assert_moved(mover, before)
    assert done.attempts == len(kills) + 1


@pytest.fixture
def killed_frozen(mover: Organization, monkeypatch: pytest.MonkeyPatch) -> Operation:
    """A move whose runner died when nobody could write and the fence stood."""
    operation = move(mover)

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as broken:
        broken.setattr(freezing, "_last_look", die)
        run_until_killed(operation, MOVE)
    return operation


def test_a_death_in_the_freeze_is_mended_by_resuming(mover: Organization, killed_frozen: Operation) -> None:
    before = content(east_db())
    with pytest.raises(WritesFrozen):
        write("in the freeze")
    run_operation(killed_frozen, MOVE)
    assert_moved(mover, before)


def test_a_death_in_the_freeze_is_mended_by_cancelling(mover: Organization, killed_frozen: Operation) -> None:
    before = content(east_db())
    cancel_operation(killed_frozen, MOVE)
    assert_as_before(mover, before)


@pytest.mark.parametrize("step", BEFORE_THE_SWITCH)
def test_a_move_cancelled_before_the_switch_leaves_everything_as_it_was(
    mover: Organization, step: str
) -> None:
    before = content(east_db())
    operation = move(mover)
    run_until_killed(operation, killed_after(MOVE, step))
    cancel_operation(operation, MOVE)
    assert_as_before(mover, before)


# What the firm does meanwhile -------------------------------------------------------------------------


def test_nothing_is_lost_and_nothing_doubled_while_the_firm_works(mover: Organization) -> None:
    ways = (create, count_up, delete_seed, read)
    creator, counter, deleter, reader = people = [Person(ORG_ID, one) for one in ways]
    with at_work(people):
        run_operation(move(mover), MOVE)
    with organization_active(find_placement(ORG_ID)):
        targets = {
            action: Tally(ActivityEntry.objects.filter(action=action).values_list("target", flat=True))
            for action in ("made", "counted", "seeded")
        }
        counted = Counter.objects.get(name="counter-1").value
    assert [one.wrong for one in people] == [[]] * 4
    assert targets["made"] == Tally(str(one) for one in creator.done)
    assert targets["counted"] == Tally(str(one) for one in range(counted))
    assert counted == len(counter.done)
    assert targets["seeded"] == Tally(f"seed {one}" for one in range(ENTRIES) if one not in deleter.done)
    assert reader.refused == 0
    assert min(len(one.done) for one in people) > 20


def test_what_is_written_in_the_very_last_moment_is_taken_over(
    mover: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(database: Database[Any], *arguments: Any) -> None:
        database["activity_logs"].update_one({"target": "seed 7"}, {"$set": {"target": "in time"}})
        fence(database, *arguments)

    monkeypatch.setattr(freezing, "fence", late)
    run_operation(move(mover), MOVE)
    assert west_db()["activity_logs"].count_documents({"target": "in time"}) == 1


@pytest.fixture
def following(mover: Organization) -> Iterator[Follower]:
    """Follows from now on; the target has a copy of the source."""
    sides = Sides(east_db(), west_db())
    token = start_token(sides.source)
    with reading_session(sides.source) as session:
        for name in collections_of(sides.source):
            copy_collection(sides, name, session)
    with Follower(sides, token) as follower:
        yield follower


def test_two_documents_that_exchange_a_unique_value_are_taken_over(following: Follower) -> None:
    counters = east_db()["counters"]
    for number, name in ((0, "aside"), (1, "counter-0")):
        counters.update_one({"name": f"counter-{number}"}, {"$set": {"name": name}})
    counters.update_one({"name": "aside"}, {"$set": {"name": "counter-1"}})
    following.catch_up()
    assert following.is_settled
    assert content(west_db()) == content(east_db())


def test_a_document_that_was_changed_and_deleted_is_gone(following: Follower) -> None:
    entries = east_db()["activity_logs"]
    entries.update_many({}, {"$set": {"target": "changed"}})
    entries.delete_many({})
    entries.insert_one({"_id": "new"})
    following.catch_up()
    assert content(west_db()) == content(east_db())


def test_a_copy_that_saw_a_unique_value_twice_is_put_right(
    mover: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read over some time, the source showed a document that had the name before another got it."""
    before = content(east_db())

    def over_some_time(collection: Collection[Any], **options: Any) -> Iterator[bytes]:
        if collection.name == "counters":
            yield bson.encode({"_id": ObjectId(), "name": "counter-1", "value": -1})
        yield from raw_batches(collection, **options)

    monkeypatch.setattr(copying, "raw_batches", over_some_time)
    run_operation(move(mover), MOVE)
    assert_moved(mover, before)


def test_a_collection_dropped_during_the_move_stops_it(mover: Organization) -> None:
    operation = move(mover)
    run_until_killed(operation, killed_after(MOVE, "copy"))
    east_db().drop_collection("fs.files")
    with pytest.raises(OperationStopped, match=r"(?s)fs\.files.*Cancel this move"):
        run_operation(operation, MOVE)


# What verification finds ------------------------------------------------------------------------------


def test_a_copy_that_differs_is_mended_before_the_freeze(mover: Organization) -> None:
    before = content(east_db())
    operation = move(mover)
    run_until_killed(operation, killed_before(MOVE, "verify"))
    west_db()["activity_logs"].update_one({"target": "seed 1"}, {"$set": {"target": "damaged"}})
    west_db()["fs.chunks"].delete_one({})
    west_db()["counters"].insert_one({"name": "too many"})
    run_until_killed(operation, killed_before(MOVE, "freeze"))
    assert content(west_db()) == before


def test_a_document_missing_at_the_last_look_has_everything_compared_anew(mover: Organization) -> None:
    before = content(east_db())
    operation = move(mover)
    run_until_killed(operation, killed_before(MOVE, "freeze"))
    west_db()["fs.chunks"].delete_one({})
    done = run_operation(operation, MOVE)
    assert_moved(mover, before)
    assert any("numbers of documents differ" in line["text"] for line in done.log)


def test_an_open_transaction_ends_the_freeze_and_not_the_firms_work(
    mover: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freezing, "TRIES", 2)
    operation = move(mover)
    with east_db().client.start_session() as session:
        session.start_transaction()
        east_db()["counters"].update_one({"name": "counter-1"}, {"$set": {"value": 7}}, session=session)
        with pytest.raises(OperationStopped, match="transaction that is open"):
            run_operation(operation, MOVE)
        write("while it is stopped")
        session.abort_transaction()
    assert fenced(east_db()) == []


# Afterwards -------------------------------------------------------------------------------------------


def test_whatever_still_comes_to_the_source_is_refused_or_told(mover: Organization) -> None:
    operation = move(mover)
    run_until_killed(operation, killed_after(MOVE, "switch"))
    with pytest.raises(OperationRefused):
        cancel_operation(operation, MOVE)
    entries = east_db()["activity_logs"]
    with pytest.raises(WriteError) as refusal:
        entries.insert_one({"target": "stray"})
    assert is_unreachable(refusal.value)
    entries.delete_one({"target": "seed 5"})
    stray = {"$set": {"target": "stray"}}
    entries.update_one({"target": "seed 6"}, stray, bypass_document_validation=True)
    done = run_operation(operation, MOVE)
    assert west_db()["activity_logs"].count_documents({"target": {"$in": ["seed 5", "seed 6"]}}) == 1
    details = AuditEntry.objects.get(action="move.late_changes").details
    assert (details["deleted"], details["written"]) == (1, 1)
    assert any("written late" in line["text"] for line in done.log)


def test_a_source_is_dropped_when_its_time_is_over_and_nothing_speaks_against_it(
    mover: Organization,
) -> None:
    before = content(east_db())
    run_operation(move(mover, read_only_hours=2), MOVE)
    later = timezone.now() + timedelta(hours=3)
    assert drop_old_sources(timezone.now()) == []

    Organization.objects.filter(pk=mover.pk).update(address_setting="MONGODB_URI")
    assert "is there now" in drop_old_sources(later)[0]
    Organization.objects.filter(pk=mover.pk).update(address_setting=WEST)

    gone = next(iter(east_db()["activity_logs"].find_raw_batches({}, limit=1)))
    east_db()["activity_logs"].delete_one({"_id": bson.decode(gone)["_id"]})
    assert "deleted from it after the move" in drop_old_sources(later)[0]
    back = bson.decode_all(gone)
    east_db()["activity_logs"].insert_many(back, bypass_document_validation=True)

    assert content(east_db()) == before
    assert drop_old_sources(later) == [f"{ORG_ID} on “primary”: dropped."]
    assert east_db().list_collection_names() == []
    assert drop_old_sources(later) == []


def test_a_suspended_firm_moves_there_and_back_and_stays_suspended(mover: Organization) -> None:
    Organization.objects.filter(pk=mover.pk).update(status="suspended")
    before = content(east_db())
    run_operation(move(now_of(mover)), MOVE)
    assert_moved(mover, before, status="suspended")
    back = move(now_of(mover), "primary")
    with pytest.raises(OperationStopped, match="--drop-old"):
        run_operation(back, MOVE)
    cancel_operation(back, MOVE)
    drop_old_sources(timezone.now(), org_id=ORG_ID)
    run_operation(move(now_of(mover), "primary"), MOVE)
    found = now_of(mover)
    assert content(east_db()) == before
    assert fenced(east_db()) == []
    assert (found.status, found.placement_version) == ("suspended", 3)


# Refusals ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"status": "provisioning"}, "only an active or a suspended"),
        ({"own_database_user": True}, "--remove"),
        ({"address_setting": WEST}, "already"),
    ],
)
def test_what_cannot_be_moved_is_refused_at_once(
    mover: Organization, fields: dict[str, Any], says: str
) -> None:
    Organization.objects.filter(pk=mover.pk).update(**fields)
    with pytest.raises(MoveRefused, match=says):
        move(now_of(mover))
    assert not Operation.objects.exists()


def test_a_database_of_that_name_on_the_target_is_not_touched(mover: Organization) -> None:
    operation = move(mover)
    run_until_killed(operation, killed_before(MOVE, "copy"))
    west_db()["reports"].insert_one({"_id": "somebody's"})
    with pytest.raises(OperationStopped, match="has a database"):
        run_operation(operation, MOVE)
    cancel_operation(operation, MOVE)
    assert west_db()["reports"].count_documents({}) == 1


def test_two_settings_of_one_server_are_seen_through(mover: Organization, settings: LazySettings) -> None:
    settings.MONGODB_ADDRESSES[WEST] = settings.MONGODB_ADDRESSES["MONGODB_URI"]
    with pytest.raises(OperationStopped, match="same server"):
        run_operation(move(mover), MOVE)


# The command ------------------------------------------------------------------------------------------


def _command(*arguments: str) -> str:
    out = StringIO()
    call_command("move_org", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_moves_and_tells_each_step(mover: Organization) -> None:
    before = content(east_db())
    told = _command(ORG_ID, "--to", "west")
    assert_moved(mover, before)
    assert "Every document is the same" in told
    assert "the move is done" in told
    assert "dropped" in _command(ORG_ID, "--drop-old")


def test_the_command_goes_on_with_a_move_that_was_killed(mover: Organization) -> None:
    before = content(east_db())
    run_until_killed(move(mover), killed_before(MOVE, "switch"))
    with pytest.raises(CommandError, match="not finished"):
        _command(ORG_ID, "--to", "primary")
    assert '"status": "done"' in _command(ORG_ID, "--json")
    assert_moved(mover, before)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [((), "Name the organization"), ((ORG_ID,), "Name the cluster"),
     ((ORG_ID, "--to", "moon"), "there are: "),
     (("nobody_here", "--to", "west"), "no organization"), ((ORG_ID, "--cancel"), "no unfinished move")],
)  # fmt: skip
def test_the_command_says_what_it_lacks(mover: Organization, arguments: tuple[str, ...], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        _command(*arguments)
