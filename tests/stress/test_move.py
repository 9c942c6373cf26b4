"""A firm is moved to another cluster while its people work: gunicorn as in production, two real servers.

The move is played once for all tests of this file. People save and read without a pause; the servers' own
logs say which process asked which cluster, and when.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter as Tally
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tenants.models import Cluster, Operation, Organization
from tenants.mongodb.clients import clients
from tenants.operations.engine import run_operation
from tenants.operations.moving import MOVE, request_move
from tests.stress import outages, serving
from tests.stress.outages import EAST
from tests.stress.serving import Browser, Repeater, Saver
from tests.stress.three_members import wait_until
from tooling import mongod

pytestmark = [pytest.mark.stress, pytest.mark.mongod]

# Every process follows a changed placement within this.
FOLLOWS_WITHIN = timedelta(seconds=1)
CALM_SECONDS = 1.0
MOST_FROZEN_MS = 1000


class Reader(Repeater):
    """Opens pages, one after another."""

    def __init__(self, browser: Browser, number: int, report_id: str) -> None:
        super().__init__(f"reader {number}", "read")
        self._browser = browser
        self._pages = cycle(("/reports/", f"/reports/{report_id}/edit/common/details/", "/"))

    def once(self, write_id: str) -> None:
        path = next(self._pages)
        answer = self._browser.get(path)
        # One that is kept stays with one process; so each of them is asked again and again.
        self._browser.close()
        self.journal.took(time.monotonic(), success=answer.status == 200)
        if answer.status != 200:
            self.journal.wrong.append(f"{answer.status} {path} {answer.body[:200]}")

    def finish(self) -> None:
        self._browser.close()


@dataclass(repr=False)
class Outcome:
    """What people were told, what is there, and when which worker asked which server."""

    firm: Organization
    done: Operation
    savers: list[Saver]
    readers: list[Reader]
    switched_at: datetime
    workers: set[int]
    reports: dict[str, serving.StoredReport] = field(default_factory=dict)
    # By worker, the moments of its commands on the firm's database.
    asked_source: dict[int, list[datetime]] = field(default_factory=dict)
    asked_target: dict[int, list[datetime]] = field(default_factory=dict)


def _write_down_commands(address_setting: str) -> None:
    """Have the server put every command into its log, with the connection that it came by."""
    clients.for_operations(address_setting).admin.command("profile", 0, slowms=-1)


def _asked(log: Path, org_id: str, ports: dict[int, int]) -> dict[int, list[datetime]]:
    """The moments of the workers' commands on the firm's database; ``ports`` says whose a connection is."""
    found: dict[int, list[datetime]] = {worker: [] for worker in ports.values()}
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        if '"Slow query"' not in line or f'"ns":"{org_id}.' not in line:
            continue
        entry = json.loads(line)
        worker = ports.get(int(str(entry["attr"].get("remote", ":0")).rpartition(":")[2]))
        if worker is not None:
            found[worker].append(datetime.fromisoformat(entry["t"]["$date"]))
    return found


def _ports(workers: set[int], server_port: int) -> dict[int, int]:
    """From the port of each of the workers' connections to that server to the worker."""
    return {
        one.own_port: worker for worker in workers for one in serving.connections_to(worker, {server_port})
    }


def _play(
    port: int, firm: Organization, servers: tuple[mongod.Mongod, mongod.Mongod], workers: set[int]
) -> Outcome:
    with closing(Browser(port).sign_in()) as browser:
        savers = serving.savers(browser, reports=2)
        readers = [Reader(browser.twin(), number, savers[0].report_id) for number in range(3)]
    operation = request_move(firm, Cluster.objects.get(name="east"), by=None)
    moments: list[datetime] = []

    def watch(running: Operation) -> None:
        if not moments and any(line["text"].startswith("Moved to") for line in running.log):
            moments.append(datetime.now(UTC))

    with serving.repeating([*savers, *readers]):
        time.sleep(CALM_SECONDS)
        for setting in ("MONGODB_URI", EAST):
            _write_down_commands(setting)
        done = run_operation(operation, MOVE, on_progress=watch)
        time.sleep(CALM_SECONDS)
        for saver in savers:
            wait_until(
                lambda saver=saver: (
                    bool(saver.journal.successes)  # type: ignore[misc]
                    and saver.journal.successes[-1][0] > time.monotonic() - CALM_SECONDS
                ),
                seconds=20,
                what=f"{saver.name} to be saved after the move",
            )
        source, target = (_ports(workers, one.port) for one in servers)
    outcome = Outcome(firm, done, savers, readers, moments[0], workers)
    outcome.asked_source = _asked(servers[0].log.path, firm.org_id, source)
    outcome.asked_target = _asked(servers[1].log.path, firm.org_id, target)
    return outcome


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any) -> Iterator[Outcome]:
    directory: Path = tmp_path_factory.mktemp("move")
    patch = pytest.MonkeyPatch()
    # As in production, here and in the workers; the other tests know nothing of freezes.
    patch.setenv("WRITES_KNOWN_SECONDS", "1")
    patch.setattr(settings, "WRITES_KNOWN_SECONDS", 1.0)
    source, target = (mongod.start(directory / name) for name in ("primary", "east"))
    try:
        settings.MONGODB_ADDRESSES[EAST] = target.uri
        with django_db_blocker.unblock(), serving.databases_at(source.uri):
            serving.install()
            Cluster.objects.create(name="east", address_setting=EAST)
            others = serving.children_of(os.getpid())
            with outages.served(source.uri, target.uri, directory) as port:
                (arbiter,) = serving.children_of(os.getpid()) - others
                firm = Organization.objects.get(org_id="gamma_surveyors")
                played = _play(port, firm, (source, target), serving.children_of(arbiter))
            moved = Organization.objects.get(org_id=firm.org_id)
            for report_id in {saver.report_id for saver in played.savers}:
                played.reports[report_id] = serving.stored_report(moved, report_id)
            played.firm = moved
            yield played
    finally:
        settings.MONGODB_ADDRESSES.pop(EAST, None)
        clients.close_all()
        source.stop()
        target.stop()
        patch.undo()


def test_everybody_worked_before_and_after_the_move(outcome: Outcome) -> None:
    """Otherwise the other tests would prove nothing."""
    assert outcome.firm.cluster_id == "east"
    assert min(len(saver.journal.acknowledged) for saver in outcome.savers) > 5
    assert len(outcome.workers) == 2


def test_nobody_waits_long_for_the_freeze(outcome: Outcome) -> None:
    assert outcome.done.state["freeze_ms"] <= MOST_FROZEN_MS


def test_who_saves_is_answered_or_told_when_to_come_back(outcome: Outcome) -> None:
    assert [wrong for saver in outcome.savers for wrong in saver.journal.wrong] == []
    assert sum(saver.journal.unanswered for saver in outcome.savers) == 0


def test_who_reads_notices_nothing(outcome: Outcome) -> None:
    assert [wrong for reader in outcome.readers for wrong in reader.journal.wrong] == []
    assert min(len(reader.journal.successes) for reader in outcome.readers) > 5


def test_every_acknowledged_save_is_there_once(outcome: Outcome) -> None:
    there = Tally(text for stored in outcome.reports.values() for _, text in stored.saved)
    told = [text for saver in outcome.savers for text in saver.journal.acknowledged]
    assert {text: there[text] for text in told if there[text] != 1} == {}
    assert max(there.values()) == 1


def test_no_report_is_half_written(outcome: Outcome) -> None:
    assert [fault for stored in outcome.reports.values() for fault in serving.faults_of(stored)] == []


def test_every_process_asks_the_new_cluster_within_a_second(outcome: Outcome) -> None:
    firsts = {worker: min(moments) for worker, moments in outcome.asked_target.items() if moments}
    assert firsts.keys() == outcome.workers
    assert max(firsts.values()) <= outcome.switched_at + FOLLOWS_WITHIN


def test_no_process_asks_the_old_cluster_a_second_later(outcome: Outcome) -> None:
    lasts = {worker: max(moments) for worker, moments in outcome.asked_source.items() if moments}
    assert lasts.keys() == outcome.workers
    assert max(lasts.values()) <= outcome.switched_at + FOLLOWS_WITHIN
