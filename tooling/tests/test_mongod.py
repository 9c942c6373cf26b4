"""The embedded MongoDB: what it promises its users, and every way that a start can be interrupted."""

from __future__ import annotations

import resource
import shutil
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from tooling import data_lock, mongod, replica_set
from tooling.paths import ROOT

pytestmark = pytest.mark.mongod
Client = MongoClient[dict[str, Any]]


@pytest.fixture(scope="module")
def used_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that a server has run in, stopped, with one document; copied by tests that damage it."""
    directory = tmp_path_factory.mktemp("used") / "mongo"
    with mongod.running(directory) as uri, client_of(uri) as client:
        client["kept"]["things"].insert_one({"_id": "before"})
    return directory


@pytest.fixture
def directory(used_directory: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(used_directory, tmp_path / "mongo"))


@pytest.fixture(scope="module")
def server(used_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[mongod.Mongod]:
    """A running server that tests only look at."""
    directory = Path(shutil.copytree(used_directory, tmp_path_factory.mktemp("served") / "mongo"))
    server = mongod.start(directory)
    yield server
    server.stop()


@contextmanager
def client_of(uri: str) -> Iterator[Client]:
    client: Client = MongoClient(uri, serverSelectionTimeoutMS=3000)
    try:
        yield client
    finally:
        client.close()


def documents_kept(uri: str) -> int:
    with client_of(uri) as client:
        return client["kept"]["things"].count_documents({})


def test_a_transaction_commits(server: mongod.Mongod) -> None:
    with client_of(server.uri) as client, client.start_session() as session:
        with session.start_transaction():
            client["bank"]["ledger"].insert_one({"_id": 1}, session=session)
        assert client["bank"]["ledger"].count_documents({}) == 1


def test_a_client_without_the_password_is_refused(server: mongod.Mongod) -> None:
    with (
        client_of(f"mongodb://127.0.0.1:{server.port}/?directConnection=true") as client,
        pytest.raises(OperationFailure, match="requires authentication"),
    ):
        client.list_database_names()


def test_it_listens_on_loopback_alone(server: mongod.Mongod) -> None:
    with client_of(server.uri) as client:
        assert client.admin.command("getCmdLineOpts")["parsed"]["net"]["bindIp"] == "127.0.0.1"


def test_idle_files_are_closed(server: mongod.Mongod) -> None:
    with client_of(server.uri) as client:
        parsed = client.admin.command("getCmdLineOpts")["parsed"]
    assert "close_idle_time=30" in parsed["storage"]["wiredTiger"]["engineConfig"]["configString"]


def test_it_may_open_as_many_files_as_this_user_can_have(server: mongod.Mongod) -> None:
    limits = Path(f"/proc/{server.process.pid}/limits").read_text(encoding="ascii")
    line = next(line for line in limits.splitlines() if line.startswith("Max open files"))
    soft, hard = line.split()[3:5]
    assert soft == hard


@pytest.mark.parametrize("name", ["key", "password"])
def test_its_secrets_are_for_their_owner_alone(used_directory: Path, name: str) -> None:
    assert stat.S_IMODE((used_directory / name).stat().st_mode) == 0o600


def test_it_may_be_given_fewer_files_to_open(directory: Path) -> None:
    server = mongod.start(directory, mongod.Options(open_files=2000))
    try:
        assert resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE) == (2000, 2000)
        assert Path(f"/proc/{server.process.pid}/comm").read_text().strip() == "mongod"
    finally:
        server.stop()


def test_data_survive_until_the_next_start(directory: Path) -> None:
    with mongod.running(directory) as uri:
        assert documents_kept(uri) == 1


def test_a_server_that_was_killed_starts_again_with_its_data(directory: Path) -> None:
    server = mongod.start(directory)
    server.process.kill()
    server.process.wait()
    with mongod.running(directory) as uri:
        assert documents_kept(uri) == 1


def test_data_survive_a_change_of_port(directory: Path) -> None:
    port = int((directory / "port").read_text())
    (directory / "port").unlink()
    with mongod.running(directory) as uri:
        assert (documents_kept(uri), f":{port}/" in uri) == (1, False)


def test_a_start_that_ended_before_there_was_a_user_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(member: replica_set.Member) -> None:
        raise replica_set.ReplicaSetError("The lights went out.")

    with monkeypatch.context() as patch:
        patch.setattr(replica_set, "_ensure_user", fail)
        with pytest.raises(mongod.MongodError, match="lights"):
            mongod.start(tmp_path / "mongo")
    with mongod.running(tmp_path / "mongo") as uri:
        assert documents_kept(uri) == 0


def test_a_second_server_on_the_same_data_is_refused(
    server: mongod.Mongod, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mongod, "PREDECESSOR_SECONDS", 0.1)
    with pytest.raises(mongod.MongodError, match=f"in use by process {server.process.pid}"):
        mongod.start(server.log.path.parent)


def test_a_password_that_does_not_belong_to_the_data_is_named(directory: Path) -> None:
    (directory / "password").write_text("another")
    with pytest.raises(mongod.MongodError, match="do not belong together"):
        mongod.start(directory)


def test_being_asked_to_stop_gives_the_start_up_and_leaves_no_process(directory: Path) -> None:
    stopping = threading.Event()
    stopping.set()
    with pytest.raises(mongod.GivenUpError):
        mongod.start(directory, unless=stopping)
    assert data_lock.holder(directory / "data") is None


def test_a_log_tells_why_the_server_ended(directory: Path) -> None:
    (directory / "data" / "WiredTiger.turtle").write_text("not what it was")
    with pytest.raises(mongod.MongodError, match="It said: "):
        mongod.start(directory)


def test_it_ends_with_the_process_that_started_it_even_when_that_is_killed(directory: Path) -> None:
    starter = (
        "import sys, time; from pathlib import Path; from tooling import mongod;"
        "print(mongod.start(Path(sys.argv[1])).process.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", starter, str(directory)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process_id = int(process.stdout.readline())
        assert data_lock.holder(directory / "data") == process_id
        process.send_signal(signal.SIGKILL)
    assert data_lock.wait_until_free(directory / "data", seconds=20) is None
