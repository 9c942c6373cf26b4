"""Processes that end and begin: a killed gunicorn worker, a fork after first use, a server that restarts.

Nothing is half-written, and no client of before is used afterwards. One MongoDB and one gunicorn of this
file's own serve all of it; what takes long is played once, and several tests look at what became of it.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter as Tally
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from pymongo import MongoClient

from reports.documents.content import build_document
from reports.documents.render import TypstRenderer
from reports.models import Report
from reports.tests.documents.making import Worked, a_context, a_field, a_format
from tenants.context import carry, organization_active
from tenants.models import Counter, Organization, User
from tenants.mongodb.clients import clients
from tenants.mongodb.transaction import atomic, run_atomically
from tests.stress import serving
from tests.stress.forking import MANY, NAMES, at_work, by_fork, by_multiprocessing, work_of_the_child
from tests.stress.serving import Browser, Saver, Site
from tests.stress.three_members import wait_until
from tooling import mongod

pytestmark = [pytest.mark.stress, pytest.mark.mongod]

CALM_SECONDS = 1.5
# How long the server lets a transaction stay open whose process has died; its own default is a minute, and a
# test would only wait longer.
TRANSACTION_SECONDS = 3


class Server:
    """The MongoDB of this file, which a test may stop and start again on the same port and data."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.running = self._start()

    def stop(self) -> None:
        assert self.running.stop()

    def start_again(self) -> None:
        port = self.running.port
        self.running = self._start()
        assert self.running.port == port

    def _start(self) -> mongod.Mongod:
        started = mongod.start(self._directory)
        client: MongoClient[dict[str, Any]]
        with MongoClient(started.uri) as client:
            client.admin.command("setParameter", 1, transactionLifetimeLimitSeconds=TRANSACTION_SECONDS)
        return started


@dataclass(frozen=True)
class Installed:
    """The application's databases on that server, with one firm; this process works on them."""

    server: Server
    firm: Organization
    directory: Path

    @property
    def port(self) -> int:
        return self.server.running.port


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any) -> Iterator[Installed]:
    directory: Path = tmp_path_factory.mktemp("processes")
    server = Server(directory / "mongo")
    try:
        with django_db_blocker.unblock(), serving.databases_at(server.running.uri):
            yield Installed(server, serving.install(), directory)
    finally:
        server.running.stop()


@pytest.fixture(scope="module")
def site(installed: Installed) -> Iterator[Site]:
    with serving.serving(installed.server.running.uri, installed.directory) as started:
        yield started


@pytest.fixture(scope="module")
def browser(site: Site) -> Iterator[Browser]:
    with closing(Browser(site.port).sign_in()) as signed_in:
        yield signed_in


@pytest.fixture
def firm(installed: Installed) -> Iterator[Organization]:
    """The firm is active, and has nothing of an earlier test in its counters."""
    with organization_active(installed.firm.placement):
        Counter.objects.all().delete()
        yield installed.firm


def _calm() -> None:
    """Let the load run with nothing happening to it."""
    threading.Event().wait(CALM_SECONDS)


# A gunicorn worker is killed --------------------------------------------------------------------------


@dataclass(repr=False)
class KilledWorker:
    """What was seen before, during and after the death of one of two workers."""

    survivor: int
    replacement: int
    replaced_within: tuple[float, float]
    connections: dict[int, list[serving.Connection]]
    own_connections: list[serving.Connection]
    seen_by_server: set[int]
    savers: list[Saver]
    reports: dict[str, serving.StoredReport]


def _wait_until_saved_again(savers: list[Saver], since: float) -> None:
    for saver in savers:
        wait_until(
            lambda saver=saver: saver.journal.first_success_after(since) is not None,  # type: ignore[misc]
            seconds=TRANSACTION_SECONDS + 20,
            what=f"{saver.name} to be saved again",
        )


@pytest.fixture(scope="module")
def killed(installed: Installed, site: Site, browser: Browser) -> KilledWorker:
    savers = serving.savers(browser)
    with serving.repeating(savers):
        _calm()
        victim, survivor = sorted(site.workers())
        kill = time.monotonic()
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: len(site.workers() - {victim, survivor}) == 1, seconds=20, what="a new worker")
        (replacement,) = site.workers() - {victim, survivor}
        # People who lost the killed one are with the other for as long as they keep their connections.
        wait_until(
            lambda: site.answers() and bool(serving.connections_to(replacement, {installed.port})),
            seconds=20,
            what="the new worker to serve",
        )
        served = time.monotonic()
        _wait_until_saved_again(savers, kill)
    processes = (site.arbiter.pid, survivor, replacement)
    peers = serving.connections_of(installed.server.running.process.pid)
    return KilledWorker(
        survivor=survivor,
        replacement=replacement,
        replaced_within=(kill, served),
        connections={one: serving.connections_to(one, {installed.port}) for one in processes},
        own_connections=serving.connections_to(os.getpid(), {installed.port}),
        seen_by_server={one.other_port for one in peers if one.own_port == installed.port},
        savers=savers,
        reports={saver.report_id: serving.stored_report(installed.firm, saver.report_id) for saver in savers},
    )


def test_the_other_worker_answers_while_one_is_dead(killed: KilledWorker) -> None:
    kill, served = killed.replaced_within
    successes = [one for saver in killed.savers for one in saver.journal.successes]
    assert [began for began, ended in successes if began > kill and ended < served]


def test_only_requests_of_the_killed_worker_go_unanswered(killed: KilledWorker) -> None:
    assert [saver.name for saver in killed.savers if saver.journal.unanswered > 1] == []


def test_nobody_meets_a_failure_after_the_death_of_a_worker(killed: KilledWorker) -> None:
    assert [wrong for saver in killed.savers for wrong in saver.journal.wrong] == []


def test_a_killed_worker_leaves_no_report_half_written(killed: KilledWorker) -> None:
    assert [fault for stored in killed.reports.values() for fault in serving.faults_of(stored)] == []


def test_every_save_that_was_acknowledged_is_recorded_once(killed: KilledWorker) -> None:
    there = Tally(text for stored in killed.reports.values() for _, text in stored.saved)
    told = [text for saver in killed.savers for text in saver.journal.acknowledged]
    assert {text: there[text] for text in told if there[text] != 1} == {}
    unknown = {text for saver in killed.savers for text in saver.journal.unknown}
    assert {text for text in there if text not in told} <= unknown


def test_the_new_worker_shares_no_connection_with_anybody(killed: KilledWorker) -> None:
    own = {one.inode for one in killed.connections[killed.replacement]}
    assert own
    assert own.isdisjoint(one.inode for one in killed.connections[killed.survivor])


def test_the_arbiter_that_forks_the_workers_has_no_connection(killed: KilledWorker) -> None:
    (arbiter,) = killed.connections.keys() - {killed.survivor, killed.replacement}
    assert killed.connections[arbiter] == []


def test_nothing_of_the_dead_worker_is_left_at_the_server(killed: KilledWorker) -> None:
    alive = [*killed.own_connections, *(one for some in killed.connections.values() for one in some)]
    # The server's own: it asks itself over its own address when it is a member of a set.
    assert killed.seen_by_server <= {one.own_port for one in alive}


@pytest.fixture(scope="module")
def orphaned(installed: Installed, browser: Browser) -> str:
    """The id of a report whose changing process was killed in the middle of the transaction."""
    report_id = serving.begin_report(browser)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with organization_active(installed.firm.placement), atomic():
            Report.objects.filter(pk=report_id).update(property_address="Half a change")
            os.write(writer, b"changed")
            signal.pause()
    assert os.read(reader, 7) == b"changed"
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(reader)
    os.close(writer)
    return report_id


def test_what_a_dead_process_was_changing_is_busy_and_then_free(orphaned: str, browser: Browser) -> None:
    def saved() -> serving.Answer:
        return serving.save(browser, orphaned, "common.details", {"applicant_name": "Applicant One"})

    told = [saved()]
    assert told[0].is_fit_for_people, told

    def is_free() -> bool:
        told.append(saved())
        return told[-1].status != 503

    wait_until(is_free, seconds=2 * TRANSACTION_SECONDS + 10, what="the report to be free")
    assert told[-1].status == 200


def test_half_a_change_of_a_dead_process_is_not_there(
    installed: Installed, orphaned: str, browser: Browser
) -> None:
    stored = serving.stored_report(installed.firm, orphaned)
    assert stored.report.property_address == ""
    assert serving.faults_of(stored) == []


# A fork after first use -------------------------------------------------------------------------------


@pytest.mark.parametrize("fork", [by_fork, by_multiprocessing])
def test_a_child_works_with_a_client_of_its_own_and_the_parent_goes_on(
    installed: Installed, firm: Organization, fork: Callable[..., dict[str, Any]]
) -> None:
    with at_work(installed.port) as work, atomic():
        Counter.objects.create(name="of the parent")
        inherited = [one.inode for one in work.connections]
        told = fork(lambda: work_of_the_child(installed.port, inherited))
        Counter.objects.create(name="of the parent, after")

    assert told == {
        "many": MANY,
        "uncommitted": [],
        "in_transaction": False,
        "clients": 1,
        "new_connections": told.get("new_connections"),
    }
    assert told["new_connections"] > 0
    assert list(work.rest) == NAMES[1:]
    assert set(Counter.objects.exclude(name__startswith="many-").values_list("name", flat=True)) == {
        "of another thread",
        "of another thread, after",
        "of the child",
        "of the parent",
        "of the parent, after",
    }


@pytest.mark.parametrize("fork", [by_fork, by_multiprocessing])
def test_a_childs_end_closes_nothing_of_the_parents(
    installed: Installed, firm: Organization, fork: Callable[..., dict[str, Any]]
) -> None:
    with at_work(installed.port) as work:
        fork(lambda: {"count": Counter.objects.count()})
    after = serving.connections_to(os.getpid(), {installed.port})
    assert {one.inode for one in work.connections} <= {one.inode for one in after if one.is_established}


def test_the_documents_worker_has_no_connection_and_disturbs_no_transaction(
    installed: Installed, firm: Organization
) -> None:
    document = build_document(a_format(a_field("remarks")), {}, Worked(), a_context())
    with closing(TypstRenderer()) as renderer, atomic():
        Counter.objects.create(name="before the document")
        before = serving.children_of(os.getpid())
        renderer.render_pdf(document, {})
        (worker,) = serving.children_of(os.getpid()) - before
        assert serving.connections_of(worker) == []
        Counter.objects.create(name="after the document")
    assert Counter.objects.count() == 2


# The server restarts ----------------------------------------------------------------------------------


@dataclass(repr=False)
class Restarted:
    """What this process and gunicorn's answered before, during and after the restart."""

    before: list[int]
    meanwhile: list[tuple[int, str]]
    after: list[int]
    clients: list[int]
    connections: list[serving.Connection]
    workers: list[set[int]]
    workers_connections: list[serving.Connection]
    savers: list[Saver]
    report: serving.StoredReport


@pytest.fixture(scope="module")
def restarted(installed: Installed, site: Site, browser: Browser) -> Restarted:
    here = Client()
    here.force_login(User.objects.get(email=serving.EMAIL))

    def ask() -> list[tuple[int, str]]:
        own, served = here.get("/reports/"), browser.get("/reports/")
        return [
            (own.status_code, own.headers.get("Retry-After", "")),
            (served.status, served.headers.get("retry-after", "")),
        ]

    savers = serving.savers(browser, reports=1)
    with serving.repeating(savers):
        before, clients_before, workers = ask(), clients.count(), site.workers()
        installed.server.stop()
        meanwhile = ask()
        installed.server.start_again()
        wait_until(
            lambda: {200} == {status for status, _ in ask()}, seconds=20, what="pages after the restart"
        )
        _wait_until_saved_again(savers, time.monotonic())
    return Restarted(
        before=[status for status, _ in before],
        meanwhile=meanwhile,
        after=[status for status, _ in ask()],
        clients=[clients_before, clients.count()],
        connections=serving.connections_to(os.getpid(), {installed.port}),
        workers=[workers, site.workers()],
        workers_connections=[
            one for worker in workers for one in serving.connections_to(worker, {installed.port})
        ],
        savers=savers,
        report=serving.stored_report(installed.firm, savers[0].report_id),
    )


def test_requests_are_told_when_to_come_back_while_the_server_is_away(restarted: Restarted) -> None:
    assert restarted.before == [200, 200]
    assert {status for status, _ in restarted.meanwhile} == {503}
    assert all(wait.isdigit() for _, wait in restarted.meanwhile)


def test_the_application_goes_on_by_itself_when_the_server_is_back(restarted: Restarted) -> None:
    assert restarted.after == [200, 200]
    assert restarted.workers[0] == restarted.workers[1]


def test_a_restart_of_the_server_adds_no_client(restarted: Restarted) -> None:
    assert restarted.clients == [1, 1]


def test_a_restart_of_the_server_leaves_no_connection_behind(restarted: Restarted) -> None:
    for connections_ in (restarted.connections, restarted.workers_connections):
        assert connections_
        assert [one for one in connections_ if not one.is_established] == []
    # For each client its pool, and what it watches the server by.
    most = settings.MONGODB_CLIENT_OPTIONS["maxPoolSize"] + 2
    assert len(restarted.connections) <= most
    assert len(restarted.workers_connections) <= most * len(restarted.workers[0])


def test_people_who_save_meanwhile_see_nothing_but_503(restarted: Restarted) -> None:
    assert [wrong for saver in restarted.savers for wrong in saver.journal.wrong] == []
    assert sum(saver.journal.unanswered for saver in restarted.savers) == 0


def test_a_restart_leaves_no_report_half_written(restarted: Restarted) -> None:
    assert serving.faults_of(restarted.report) == []


def test_what_was_saved_around_the_restart_is_there_once(restarted: Restarted) -> None:
    there = Tally(text for _, text in restarted.report.saved)
    told = [text for saver in restarted.savers for text in saver.journal.acknowledged]
    assert {text: there[text] for text in told if there[text] != 1} == {}
    assert max(there.values()) == 1


# Clients closed under others' feet --------------------------------------------------------------------


def test_the_next_use_makes_a_new_client(firm: Organization) -> None:
    before = clients.for_address("MONGODB_URI")
    Counter.objects.create(name="before")
    clients.close_all()
    assert Counter.objects.filter(name="before").exists()
    assert clients.for_address("MONGODB_URI") is not before


def test_the_next_transaction_begins_on_the_new_client(firm: Organization) -> None:
    Counter.objects.count()
    clients.close_all()
    with atomic():
        Counter.objects.create(name="in a transaction")
    assert Counter.objects.filter(name="in a transaction").exists()


def test_other_threads_go_on_with_the_new_client(firm: Organization) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(carry(Counter.objects.count)).result()
        clients.close_all()
        pool.submit(carry(lambda: run_atomically(lambda: Counter.objects.create(name="there")))).result()
    assert Counter.objects.filter(name="there").exists()
    assert clients.count() == 1


def test_a_closed_client_leaves_no_connection(installed: Installed, firm: Organization) -> None:
    Counter.objects.count()
    before = {one.inode for one in serving.connections_to(os.getpid(), {installed.port})}
    clients.close_all()

    def held() -> set[str]:
        return {one.inode for one in serving.connections_to(os.getpid(), {installed.port})}

    # The threads that watch the server look up only now and then.
    wait_until(lambda: held().isdisjoint(before), seconds=20, what="the closed client's sockets to end")
    Counter.objects.count()
    assert held()
