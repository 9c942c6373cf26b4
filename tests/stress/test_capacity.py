"""A server with few files to open: what signups did to it, and what they do now."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.conf import settings
from pymongo.errors import PyMongoError

from tenants.context import organization_active
from tenants.models import Cluster, Counter, Organization
from tenants.mongodb.clients import clients
from tenants.operations import provision, schema
from tenants.operations.capacity import Room, measure
from tenants.operations.provision import NewOrganization, create_organization
from tenants.operations.signups import create_one
from tooling import mongod

pytestmark = [pytest.mark.stress, pytest.mark.mongod]

TIGHT = "MONGODB_URI_TIGHT"
LIMIT = 1200
# Together they need more than there is beside the reserve.
CROWD, AT_ONCE = 20, 8
WAITS_SECONDS = 60.0


@pytest.fixture
def server(database: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[mongod.Mongod]:
    """A cluster whose server may open few files, and closes no idle ones."""
    server = mongod.start(tmp_path / "mongo", mongod.Options(open_files=LIMIT))
    monkeypatch.setitem(settings.MONGODB_ADDRESSES, TIGHT, server.uri)
    Cluster.objects.create(name="tight", address_setting=TIGHT)
    yield server
    clients.close_all()
    server.stop()


def asked(number: int) -> NewOrganization:
    return NewOrganization(f"crowd_{number:03}", f"Crowd Valuers {number}", "CV", cluster="tight")


@dataclass
class Neighbour:
    """Somebody of a firm on the same server, who reads and writes all the time."""

    firm: Organization
    done: int = 0
    longest: float = 0.0
    failures: list[BaseException] = field(default_factory=list)

    def work(self, stop: threading.Event) -> None:
        with organization_active(self.firm.placement):
            counter = Counter.objects.create(name="work")
        while not stop.is_set():
            began = time.monotonic()
            try:
                with organization_active(self.firm.placement):
                    Counter.objects.filter(pk=counter.pk).update(value=self.done + 1)
                    assert Counter.objects.get(pk=counter.pk).value == self.done + 1
            except (PyMongoError, AssertionError) as error:
                self.failures.append(error)
            self.done += 1
            self.longest = max(self.longest, time.monotonic() - began)
            stop.wait(0.005)


def test_without_the_remedy_signups_bring_the_server_down(
    server: mongod.Mongod, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provision, "require_room", lambda wanted: None)
    # Those who ask a server that is gone give up sooner.
    monkeypatch.setattr(schema, "SCHEMA_SECONDS", 3)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for number in range(3 * CROWD):
            pool.submit(create_one, asked(number), by=None)
        try:
            server.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            pytest.fail("It lives: the test does not show what it is about.")
        finally:
            pool.shutdown(cancel_futures=True)
    assert "Too many open files" in server.log.path.read_text(errors="replace")


def fill() -> str:
    """Open files until another firm does not fit; what a signup is told then."""
    opened = clients.for_address(TIGHT)["others"]
    for number in range(LIMIT):
        opened.create_collection(f"opened_{number}", check_exists=False)
        if not number % 5 and not measure(TIGHT).suffices:
            break
    return create_one(asked(CROWD), by=None).problem


def close_idle_files() -> None:
    """From now on, soon."""
    clients.for_address(TIGHT).admin.command(
        "setParameter",
        1,
        wiredTigerEngineRuntimeConfig="file_manager=(close_idle_time=1,close_scan_interval=1,"
        "close_handle_minimum=50)",
    )


def test_signups_wait_or_are_refused_and_everybody_else_keeps_working(server: mongod.Mongod) -> None:
    neighbour = Neighbour(create_organization(asked(999), by=None))
    stop = threading.Event()
    most: list[Room] = []

    def watch() -> None:
        while not stop.wait(0.1):
            most.append(measure(TIGHT))

    threads = [threading.Thread(target=neighbour.work, args=[stop]), threading.Thread(target=watch)]
    for thread in threads:
        thread.start()
    try:
        refused = fill()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            waiting = [
                pool.submit(create_one, asked(number), by=None, wait_seconds=WAITS_SECONDS)
                for number in range(CROWD)
            ]
            close_idle_files()
            outcomes = [one.result() for one in waiting]
    finally:
        stop.set()
        for thread in threads:
            thread.join()

    assert server.is_alive()
    assert f"files open of {LIMIT}" in refused
    assert [one.problem for one in outcomes if one.problem] == []
    assert neighbour.failures == []
    assert neighbour.done > 100
    # What was open when a signup passed, and the connections that it opened itself.
    assert max(room.used for room in most) <= LIMIT - 500 + 30
