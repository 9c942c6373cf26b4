"""A cluster that does not answer is tried by one request at a time; the first answer opens it again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.test import Client
from pymongo.errors import AutoReconnect, ExecutionTimeout

from tenants.errors import ClusterUnreachable
from tenants.middleware import unavailable
from tenants.models import Organization, User
from tenants.mongodb import reachability
from tenants.mongodb.clients import clients, connect
from tenants.mongodb.reachability import SILENCE_SECONDS, TRIAL_SECONDS, Reachability, clusters

ClientFor = Callable[[User], Client]


class Clock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(reachability, "time", clock)
    return clock


@pytest.fixture
def cluster(clock: Clock) -> Reachability:
    return Reachability("MONGODB_URI_EAST")


def lets_through(cluster: Reachability) -> bool:
    try:
        cluster.require()
    except ClusterUnreachable:
        return False
    return True


def test_a_cluster_that_nobody_has_asked_yet_is_up(cluster: Reachability) -> None:
    assert lets_through(cluster)


def test_after_an_operation_without_an_answer_requests_are_refused(cluster: Reachability) -> None:
    cluster.failed()
    assert not lets_through(cluster)


def test_after_a_while_one_request_may_try(cluster: Reachability, clock: Clock) -> None:
    cluster.failed()
    clock.now += TRIAL_SECONDS
    assert [lets_through(cluster) for _ in range(3)] == [True, False, False]


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
    assert all(lets_through(cluster) for _ in range(3))


def test_without_a_server_that_takes_writes_one_request_waits_for_it(cluster: Reachability) -> None:
    cluster.lost_primary()
    assert [lets_through(cluster) for _ in range(3)] == [True, False, False]


def test_of_racing_requests_one_tries(cluster: Reachability) -> None:
    cluster.lost_primary()
    start = threading.Barrier(8)

    def race(_: int) -> bool:
        start.wait()
        return lets_through(cluster)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(race, range(8))) == 1


def test_a_cluster_that_leaves_two_commands_unanswered_is_silent(cluster: Reachability, clock: Clock) -> None:
    cluster.asked(1)
    cluster.asked(2)
    clock.now += SILENCE_SECONDS * 1.1
    assert [lets_through(cluster) for _ in range(2)] == [True, False]


def test_one_slow_command_is_no_silence(cluster: Reachability, clock: Clock) -> None:
    cluster.asked(1)
    clock.now += SILENCE_SECONDS * 5
    assert all(lets_through(cluster) for _ in range(3))


def test_slow_commands_are_no_silence_while_others_are_answered(cluster: Reachability, clock: Clock) -> None:
    cluster.asked(1)
    cluster.asked(2)
    clock.now += SILENCE_SECONDS * 5
    cluster.has_answered()
    assert all(lets_through(cluster) for _ in range(3))


def test_commands_that_were_just_sent_are_no_silence(cluster: Reachability, clock: Clock) -> None:
    clock.now += 600
    cluster.asked(1)
    cluster.asked(2)
    assert all(lets_through(cluster) for _ in range(3))


def test_a_command_that_failed_waits_no_more(cluster: Reachability, clock: Clock) -> None:
    for number in (1, 2):
        cluster.asked(number)
        cluster.settled(number)
    clock.now += SILENCE_SECONDS * 5
    assert all(lets_through(cluster) for _ in range(3))


# With what the driver tells ---------------------------------------------------------------------------


@pytest.fixture
def east(database: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reachability]:
    """A cluster of another name on the same server."""
    address = settings.MONGODB_ADDRESSES["MONGODB_URI"]
    monkeypatch.setitem(settings.MONGODB_ADDRESSES, "MONGODB_URI_EAST", address)
    yield clusters["MONGODB_URI_EAST"]
    clusters.forget()


def test_an_answer_of_the_server_ends_an_outage(east: Reachability) -> None:
    east.failed()
    with connect("MONGODB_URI_EAST") as client:
        client.admin.command("ping")
    assert lets_through(east)


def test_closing_a_client_is_no_outage(east: Reachability) -> None:
    with connect("MONGODB_URI_EAST") as client:
        client.admin.command("ping")
    assert all(lets_through(east) for _ in range(3))


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
    moved_east: Organization, rf: object, error: Exception, goes_on: bool
) -> None:
    from django.test import RequestFactory

    request = RequestFactory().get("/")
    request.organization = Organization.objects.get(pk=moved_east.pk)  # type: ignore[attr-defined]
    unavailable(request, error)
    assert lets_through(clusters["MONGODB_URI_EAST"]) is goes_on
