"""A cluster that does not answer is tried by one request at a time; the first answer opens it again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from django.conf import settings
from django.test import Client, RequestFactory
from pymongo.errors import AutoReconnect, ExecutionTimeout

from tenants.errors import ClusterUnreachable
from tenants.middleware import unavailable
from tenants.models import Organization, User
from tenants.mongodb import reachability
from tenants.mongodb.clients import clients, connect
from tenants.mongodb.reachability import (
    DISCOVERY_SECONDS,
    MOST_WAITING,
    SILENCE_SECONDS,
    TRIAL_SECONDS,
    Reachability,
    clusters,
)

ClientFor = Callable[[User], Client]


class Clock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


class Driver:
    """What a cluster asks of a client: whether it knows a server that takes writes."""

    def __init__(self) -> None:
        self.topology_description = self
        self.has_primary = True

    def has_writable_server(self) -> bool:
        return self.has_primary


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(reachability, "time", clock)
    return clock


@pytest.fixture
def driver() -> Driver:
    return Driver()


@pytest.fixture
def pings(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What pings will be answered with; the test fills it, and a ping too many fails the test."""
    answers: list[bool] = []
    monkeypatch.setattr(reachability, "_answers_ping", lambda client: answers.pop(0))
    return answers


@pytest.fixture
def cluster(clock: Clock, driver: Driver, pings: list[bool]) -> Reachability:
    cluster = Reachability("MONGODB_URI_EAST")
    cluster.watch(cast(Any, driver))
    clock.now += DISCOVERY_SECONDS
    return cluster


def lets_through(cluster: Reachability) -> bool:
    try:
        cluster.require()
    except ClusterUnreachable:
        return False
    return True


def let_through(cluster: Reachability, number: int) -> int:
    """How many of so many requests, none of which ends, are let through."""
    return sum(lets_through(cluster) for _ in range(number))


def test_a_cluster_that_answers_takes_everybody(cluster: Reachability) -> None:
    assert let_through(cluster, 20) == 20


def test_a_cluster_that_nobody_has_asked_yet_is_up(clock: Clock) -> None:
    assert let_through(Reachability("MONGODB_URI_NEW"), MOST_WAITING) == MOST_WAITING


def test_after_an_operation_without_an_answer_requests_are_refused(cluster: Reachability) -> None:
    cluster.failed()
    assert not lets_through(cluster)


def test_after_a_while_one_request_may_try(cluster: Reachability, clock: Clock) -> None:
    cluster.failed()
    clock.now += TRIAL_SECONDS
    assert let_through(cluster, 3) == 1


def test_a_trial_that_fails_lets_nobody_follow_at_once(cluster: Reachability, clock: Clock) -> None:
    cluster.failed()
    clock.now += TRIAL_SECONDS
    cluster.require()
    clock.now += 2.0
    cluster.failed()
    assert not lets_through(cluster)


def test_the_first_answer_lets_everybody_in(cluster: Reachability) -> None:
    cluster.failed()
    cluster.has_answered()
    assert let_through(cluster, 3) == 3


def test_without_a_server_that_takes_writes_few_requests_wait_for_one(
    cluster: Reachability, driver: Driver
) -> None:
    driver.has_primary = False
    assert let_through(cluster, 8) == MOST_WAITING


def test_who_leaves_makes_room_for_another_to_wait(cluster: Reachability, driver: Driver) -> None:
    driver.has_primary = False
    let_through(cluster, MOST_WAITING)
    cluster.leave()
    assert let_through(cluster, 2) == 1


def test_a_new_client_is_given_a_moment_to_find_its_servers(
    clock: Clock, driver: Driver, pings: list[bool]
) -> None:
    cluster = Reachability("MONGODB_URI_NEW")
    driver.has_primary = False
    cluster.watch(cast(Any, driver))
    assert let_through(cluster, 8) == 8


def test_of_racing_requests_one_tries(cluster: Reachability, clock: Clock) -> None:
    cluster.failed()
    clock.now += TRIAL_SECONDS
    start = threading.Barrier(8)

    def race(_: int) -> bool:
        start.wait()
        return lets_through(cluster)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(race, range(8))) == 1


def silent(cluster: Reachability, clock: Clock) -> None:
    """As many as may wait are being served, and what they asked is not answered."""
    let_through(cluster, MOST_WAITING)
    cluster.asked(1)
    clock.now += SILENCE_SECONDS * 1.1


def test_a_silent_cluster_is_asked_by_a_ping_and_goes_on_when_it_answers(
    cluster: Reachability, clock: Clock, pings: list[bool]
) -> None:
    silent(cluster, clock)
    pings.append(True)
    assert (lets_through(cluster), pings) == (True, [])


def test_a_silent_cluster_that_does_not_answer_the_ping_is_down(
    cluster: Reachability, clock: Clock, pings: list[bool]
) -> None:
    silent(cluster, clock)
    pings.append(False)
    assert (let_through(cluster, 5), pings) == (0, [])


def test_a_slow_command_is_no_silence_while_others_are_answered(cluster: Reachability, clock: Clock) -> None:
    silent(cluster, clock)
    cluster.has_answered()
    assert let_through(cluster, 3) == 3


def test_a_command_that_was_just_sent_is_no_silence(cluster: Reachability, clock: Clock) -> None:
    clock.now += 600
    cluster.asked(1)
    assert let_through(cluster, 8) == 8


def test_a_command_that_failed_waits_no_more(cluster: Reachability, clock: Clock) -> None:
    silent(cluster, clock)
    cluster.settled(1)
    assert let_through(cluster, 3) == 3


# With what the driver tells ---------------------------------------------------------------------------


@pytest.fixture
def east(database: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reachability]:
    """A cluster of another name on the same server."""
    address = settings.MONGODB_ADDRESSES["MONGODB_URI"]
    monkeypatch.setitem(settings.MONGODB_ADDRESSES, "MONGODB_URI_EAST", address)
    yield clusters["MONGODB_URI_EAST"]
    clusters._known.pop("MONGODB_URI_EAST")


def test_an_answer_of_the_server_ends_an_outage(east: Reachability) -> None:
    east.failed()
    with connect("MONGODB_URI_EAST") as client:
        client.admin.command("ping")
    assert lets_through(east)


def test_closing_a_client_is_no_outage(east: Reachability) -> None:
    with connect("MONGODB_URI_EAST") as client:
        client.admin.command("ping")
    assert lets_through(east)


def test_a_command_that_was_answered_waits_no_more(east: Reachability) -> None:
    with connect("MONGODB_URI_EAST") as client:
        client.admin.command("ping")
    assert east._waiting == {}


# On pages --------------------------------------------------------------------------------------------


@pytest.fixture
def moved_east(east: Reachability, firm: Organization) -> Organization:
    Organization.objects.filter(pk=firm.pk).update(address_setting="MONGODB_URI_EAST", placement_version=2)
    return firm


def test_the_cluster_s_people_are_refused_without_asking_it(
    moved_east: Organization, valuer: User, client_for: ClientFor
) -> None:
    browser = client_for(valuer)
    clusters["MONGODB_URI_EAST"].failed()
    made = clients.count()
    response = browser.get("/reports/")
    assert (response.status_code, response["Retry-After"], clients.count()) == (503, "10", made)


def test_api_clients_get_a_problem(moved_east: Organization, valuer: User, client_for: ClientFor) -> None:
    browser = client_for(valuer)
    clusters["MONGODB_URI_EAST"].failed()
    response = browser.get("/api/reports")
    assert (response.status_code, response["Content-Type"]) == (503, "application/problem+json")


def test_people_of_other_clusters_are_let_in(
    moved_east: Organization, rival_valuer: User, client_for: ClientFor
) -> None:
    browser = client_for(rival_valuer)
    clusters["MONGODB_URI_EAST"].failed()
    assert browser.get("/reports/").status_code == 200


@pytest.mark.parametrize(("error", "goes_on"), [(AutoReconnect(), False), (ExecutionTimeout("slow"), True)])
def test_only_a_missing_answer_closes_the_cluster(
    moved_east: Organization, rf: RequestFactory, error: Exception, goes_on: bool
) -> None:
    request = rf.get("/")
    request.organization = Organization.objects.get(pk=moved_east.pk)  # type: ignore[attr-defined]
    unavailable(request, error)
    assert lets_through(clusters["MONGODB_URI_EAST"]) is goes_on


def test_a_request_that_has_ended_waits_no_more(
    moved_east: Organization, valuer: User, client_for: ClientFor
) -> None:
    client_for(valuer).get("/reports/")
    assert clusters["MONGODB_URI_EAST"]._visitors == 0


def test_a_real_server_answers_the_ping(east: Reachability) -> None:
    with connect("MONGODB_URI_EAST") as client:
        assert reachability._answers_ping(client)


def test_nobody_answers_a_ping_where_nobody_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.MONGODB_ADDRESSES, "MONGODB_URI_GONE", "mongodb://127.0.0.1:1/")
    with connect("MONGODB_URI_GONE") as client:
        assert not reachability._answers_ping(client)


def test_a_closed_client_does_not_stand_for_another_of_the_same_cluster(east: Reachability) -> None:
    with connect("MONGODB_URI_EAST") as first:
        first.admin.command("ping")
    with connect("MONGODB_URI_EAST") as second:
        second.admin.command("ping")
        assert east._client_with_primary() is second


def test_while_one_asks_by_a_ping_the_others_are_soon_refused(
    cluster: Reachability, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent(cluster, clock)
    asking, answered = threading.Event(), threading.Event()

    def answers_late(client: object) -> bool:
        asking.set()
        return answered.wait(timeout=30)

    monkeypatch.setattr(reachability, "_answers_ping", answers_late)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(lets_through, cluster)
        asking.wait(timeout=30)
        second = lets_through(cluster)
        answered.set()
        assert (first.result(), second) == (True, False)
