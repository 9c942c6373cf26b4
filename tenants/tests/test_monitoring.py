"""What the metrics say of connections, commands and organizations, against a real server."""

from __future__ import annotations

import itertools
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import generate_latest
from pymongo import CursorType, MongoClient, monitoring
from pymongo.errors import (
    ConnectionFailure,
    NetworkTimeout,
    OperationFailure,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
)
from pytest_django import Settings

from tenants.errors import UnknownOrganization
from tenants.mongodb.monitoring import (
    CommandMetrics,
    HeartbeatMetrics,
    PoolMetrics,
    command_listener,
    listeners_for,
    measures,
)
from tenants.registry import DatabaseRegistry, Placement
from tooling import mongod

Client = MongoClient[dict[str, Any]]
Connect = Callable[..., Client]

_numbers = itertools.count(1)
# Tests that fork do so in a process with threads, as the application would.
FORKS = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


@pytest.fixture
def cluster() -> str:
    """A label that no other test has counted under."""
    return f"MONGODB_URI_TESTED_{next(_numbers)}"


@pytest.fixture
def connect(mongodb_uri: str, cluster: str) -> Iterator[Connect]:
    """``connect(maxPoolSize=1)`` gives a client with our listeners and others; closed after the test."""
    opened: list[Client] = []

    def make(uri: str = mongodb_uri, also: tuple[Any, ...] = (), **options: Any) -> Client:
        listeners = [*listeners_for(cluster), *also]
        client: Client = MongoClient(uri, event_listeners=listeners, **options)
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.close()


@pytest.fixture
def ten_documents(mongodb_uri: str) -> Iterator[None]:
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        client["metrics_tests"]["numbers"].insert_many([{"n": n} for n in range(10)])
        yield
        client.drop_database("metrics_tests")


def value(name: str, **labels: str) -> float:
    """A metric as it stands; zero when nothing was counted."""
    return measures.registry.get_sample_value(name, labels) or 0.0


def connections(cluster: str) -> float:
    return value("mongodb_pool_connections", cluster=cluster)


def checked_out(cluster: str) -> float:
    return value("mongodb_pool_checked_out", cluster=cluster)


def holding_its_connection(client: Client) -> Any:
    """A cursor that the server goes on filling: it keeps its connection until it is closed."""
    numbers = client["metrics_tests"]["numbers"]
    cursor = numbers.find(cursor_type=CursorType.EXHAUST, batch_size=2)
    next(cursor)
    return cursor


def use_a_connection(client: Client, together: threading.Barrier, _: int) -> None:
    """Have a connection while two others have theirs."""
    cursor = client["local"]["oplog.rs"].find(cursor_type=CursorType.EXHAUST, batch_size=1)
    next(cursor)
    together.wait(10)
    cursor.close()


def in_a_child(function: Callable[[], str]) -> str:
    """What ``function`` says in a forked child; nothing when the child hangs."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(10)
        os.write(writer, function().encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with open(reader, encoding="utf-8") as said:
        return said.read()


# Connections -----------------------------------------------------------------------------------------


def test_a_connection_counts_from_its_first_use(connect: Connect, cluster: str) -> None:
    client = connect()
    before = connections(cluster)
    client.admin.command("ping")
    assert (before, connections(cluster)) == (0, 1)


def test_a_closed_client_has_no_connections(connect: Connect, cluster: str) -> None:
    client = connect()
    client.admin.command("ping")
    client.close()
    assert connections(cluster) == 0


@pytest.mark.usefixtures("ten_documents")
def test_a_cursor_that_holds_its_connection_has_it_checked_out(connect: Connect, cluster: str) -> None:
    cursor = holding_its_connection(connect())
    during = checked_out(cluster)
    cursor.close()
    assert (during, checked_out(cluster)) == (1, 0)


@pytest.mark.usefixtures("ten_documents")
def test_closing_a_client_under_an_open_cursor_leaves_no_connection(connect: Connect, cluster: str) -> None:
    client = connect()
    cursor = holding_its_connection(client)
    client.close()
    cursor.close()
    assert (connections(cluster), checked_out(cluster)) == (0, 0)


@pytest.mark.usefixtures("ten_documents")
def test_a_transaction_has_a_connection_checked_out_only_while_it_sends(
    connect: Connect, cluster: str
) -> None:
    seen: list[float] = []

    class Looking(monitoring.CommandListener):
        def started(self, event: monitoring.CommandStartedEvent) -> None:
            if event.command_name in ("update", "commitTransaction"):
                seen.append(checked_out(cluster))

        def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
            pass

        def failed(self, event: monitoring.CommandFailedEvent) -> None:
            pass

    client = connect(also=(Looking(),))
    with client.start_session() as session, session.start_transaction():
        client["metrics_tests"]["numbers"].update_one({"n": 1}, {"$set": {"n": 11}}, session=session)
        seen.append(checked_out(cluster))
    assert seen == [1, 0, 1]


def test_clients_that_share_a_label_add_up(connect: Connect, cluster: str) -> None:
    first, second = connect(), connect()
    first.admin.command("ping")
    second.admin.command("ping")
    both = connections(cluster)
    first.close()
    assert (both, connections(cluster)) == (2, 1)


def test_a_client_counts_while_it_is_open(connect: Connect) -> None:
    before = value("mongodb_clients")
    client = connect()
    client.admin.command("ping")
    during = value("mongodb_clients")
    client.close()
    assert (during - before, value("mongodb_clients") - before) == (1, 0)


def test_a_cluster_with_several_servers_is_one_client() -> None:
    before = value("mongodb_clients")
    pools = PoolMetrics("MONGODB_URI_THREE")
    for port in (1, 2, 3):
        pools.pool_created(monitoring.PoolCreatedEvent(("host", port), {}))
    pools.pool_closed(monitoring.PoolClosedEvent(("host", 1)))
    assert value("mongodb_clients") - before == 1
    for port in (2, 3):
        pools.pool_closed(monitoring.PoolClosedEvent(("host", port)))


@pytest.mark.mongod
def test_connections_to_a_server_that_died_no_longer_count(
    connect: Connect, cluster: str, tmp_path: Path
) -> None:
    closed = threading.Semaphore(0)

    class Closing(PoolMetrics):
        def connection_closed(self, event: monitoring.ConnectionClosedEvent) -> None:
            closed.release()

    server = mongod.start(tmp_path)
    try:
        # The last listener is told last: what it hears of has been counted.
        client = connect(server.uri, also=(Closing("MONGODB_URI_CLOSING"),), serverSelectionTimeoutMS=300)
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(partial(use_a_connection, client, threading.Barrier(3)), range(3)))
        before = connections(cluster)
        server.process.kill()
        server.process.wait()
        with pytest.raises(ConnectionFailure):
            client.admin.command("ping")
        assert all(closed.acquire(timeout=10) for _ in range(int(before)))
    finally:
        server.stop()
    assert before >= 3
    assert connections(cluster) == 0


# Waiting ---------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("ten_documents")
def test_who_waits_for_the_only_connection_is_timed(connect: Connect, cluster: str) -> None:
    asked = threading.Event()
    since: list[float] = []

    class Asking(PoolMetrics):
        def connection_check_out_started(self, event: monitoring.ConnectionCheckOutStartedEvent) -> None:
            since.append(time.monotonic())
            asked.set()

    client = connect(also=(Asking("MONGODB_URI_ASKING"),), maxPoolSize=1)
    cursor = holding_its_connection(client)
    asked.clear()
    waited_before = value("mongodb_pool_wait_seconds_sum", cluster=cluster)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client["metrics_tests"]["numbers"].count_documents, {})
        assert asked.wait(10)
        freed = time.monotonic()
        cursor.close()
        assert answer.result(10) == 10
    waited = value("mongodb_pool_wait_seconds_sum", cluster=cluster) - waited_before
    assert waited >= freed - since[-1]


@pytest.mark.usefixtures("ten_documents")
def test_who_waits_in_vain_is_counted_and_timed(connect: Connect, cluster: str) -> None:
    client = connect(maxPoolSize=1, waitQueueTimeoutMS=30)
    with holding_its_connection(client), pytest.raises(WaitQueueTimeoutError):
        client.admin.command("ping")
    assert value("mongodb_pool_checkout_failures_total", cluster=cluster, reason="timeout") == 1
    assert value("mongodb_pool_wait_seconds_sum", cluster=cluster) >= 0.03


def test_a_connection_that_is_refused_is_counted_and_gone(
    connect: Connect, cluster: str, mongodb_uri: str
) -> None:
    client = connect(mongodb_uri, password="not-the-one")
    with pytest.raises(OperationFailure):
        client.admin.command("ping")
    failures = value("mongodb_pool_checkout_failures_total", cluster=cluster, reason="connection_error")
    assert (failures, connections(cluster), checked_out(cluster)) == (1, 0, 0)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (name, reason)
        for name, reason in vars(monitoring.ConnectionCheckOutFailedReason).items()
        if name.isupper()
    ],
)
def test_every_reason_that_the_driver_gives_has_a_label(name: str, reason: str, cluster: str) -> None:
    event = monitoring.ConnectionCheckOutFailedEvent(("host", 1), reason, 0.1)
    PoolMetrics(cluster).connection_check_out_failed(event)
    labels = {
        sample.labels["reason"]
        for metric in measures.checkout_failures.collect()
        for sample in metric.samples
        if sample.labels["cluster"] == cluster and sample.value == 1
    }
    assert len(labels) == 1, name


# Commands --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("ten_documents")
def test_a_command_is_counted_by_its_name(connect: Connect, cluster: str) -> None:
    client = connect()
    client["metrics_tests"]["numbers"].find_one()
    client["metrics_tests"]["numbers"].find_one()
    assert value("mongodb_commands_total", cluster=cluster, command="find") == 2


def test_a_command_is_timed(connect: Connect, cluster: str) -> None:
    client = connect()
    client.admin.command("ping")
    before = value("mongodb_command_seconds_count", cluster=cluster)
    client.admin.command("ping")
    assert value("mongodb_command_seconds_count", cluster=cluster) - before == 1
    assert 0 < value("mongodb_command_seconds_sum", cluster=cluster) < 5


def test_a_command_that_failed_is_counted_as_such(connect: Connect, cluster: str) -> None:
    client = connect()
    with pytest.raises(OperationFailure):
        client["metrics_tests"].command("find", 7)
    assert value("mongodb_command_failures_total", cluster=cluster, command="find") == 1
    assert value("mongodb_commands_total", cluster=cluster, command="find") == 1


def test_a_command_without_an_answer_is_a_failure(connect: Connect, cluster: str) -> None:
    client = connect(socketTimeoutMS=200, retryReads=False)
    version = client.admin.command("hello")["topologyVersion"]
    with pytest.raises(NetworkTimeout):
        client.admin.command("hello", topologyVersion=version, maxAwaitTimeMS=2000)
    failures = value("mongodb_command_failures_total", cluster=cluster, command="hello")
    assert (failures, connections(cluster), checked_out(cluster)) == (1, 0, 0)


def test_a_name_that_nobody_foresaw_makes_no_label(connect: Connect, cluster: str) -> None:
    client = connect()
    with pytest.raises(OperationFailure):
        client.admin.command("askTheOracle")
    assert value("mongodb_command_failures_total", cluster=cluster, command="other") == 1
    assert b"askTheOracle" not in generate_latest(measures.registry)


def test_a_cluster_out_of_reach_is_counted(connect: Connect, cluster: str) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    client = connect(f"mongodb://127.0.0.1:{port}/", serverSelectionTimeoutMS=200)
    with pytest.raises(ServerSelectionTimeoutError):
        client.admin.command("ping")
    assert value("mongodb_heartbeat_failures_total", cluster=cluster) >= 1
    assert connections(cluster) == 0


def test_each_client_gets_listeners_of_its_own(cluster: str) -> None:
    first, second = listeners_for(cluster), listeners_for(cluster)
    assert set(map(id, first)) & set(map(id, second)) == {id(command_listener)}


# Forks -----------------------------------------------------------------------------------------------


@FORKS
def test_a_forked_child_begins_with_nothing(connect: Connect, cluster: str) -> None:
    connect().admin.command("ping")
    shown = in_a_child(lambda: generate_latest(measures.registry).decode())
    assert "mongodb_clients 0.0" in shown
    assert cluster not in shown


@FORKS
def test_a_forked_child_counts_its_own_client(connect: Connect, cluster: str) -> None:
    connect().admin.command("ping")

    def own() -> str:
        connect().admin.command("ping")
        return f"{connections(cluster)} {value('mongodb_clients')}"

    assert in_a_child(own) == "1.0 1.0"


@FORKS
def test_what_a_child_does_changes_nothing_for_the_parent(connect: Connect, cluster: str) -> None:
    client = connect()
    client.admin.command("ping")

    def ask_and_close() -> str:
        own = connect()
        own.admin.command("ping")
        own.close()
        return "done"

    assert in_a_child(ask_and_close) == "done"
    assert connections(cluster) == 1


@FORKS
def test_listeners_of_the_parent_are_silent_in_a_child(cluster: str) -> None:
    pools, heartbeats = PoolMetrics(cluster), HeartbeatMetrics(cluster)
    commands = CommandMetrics(cluster)
    counters: list[Any] = [pools._connections, pools._checked_out, pools._clients, heartbeats._failures]
    counters.append(commands._counts["find"])

    def speak() -> str:
        before = [one._value.get() for one in counters]
        pools.pool_created(monitoring.PoolCreatedEvent(("host", 1), {}))
        pools.connection_created(monitoring.ConnectionCreatedEvent(("host", 1), 1))
        pools.connection_checked_out(monitoring.ConnectionCheckedOutEvent(("host", 1), 1, 0.1))
        heartbeats.failed(monitoring.ServerHeartbeatFailedEvent(0.1, OSError(), ("host", 1)))
        commands.succeeded(
            monitoring.CommandSucceededEvent(timedelta(seconds=1), {}, "find", 1, ("host", 1), None)
        )
        return "silent" if before == [one._value.get() for one in counters] else "counted"

    assert in_a_child(speak) == "silent"


@FORKS
def test_a_lock_held_during_the_fork_stops_nothing_in_the_child() -> None:
    def count() -> str:
        measures.registry_hits.inc()
        return "counted"

    with measures.registry_hits._value._lock:
        said = in_a_child(count)
    assert said == "counted"


# Organizations ---------------------------------------------------------------------------------------


def counted(do: Callable[[DatabaseRegistry], object]) -> tuple[float, float, float]:
    """How many hits, misses and evictions ``do`` adds, on a registry with room for two."""
    names = [f"organization_registry_{what}_total" for what in ("hits", "misses", "evictions")]
    before = [value(name) for name in names]
    do(DatabaseRegistry())
    hits, misses, evictions = (value(name) - was for name, was in zip(names, before, strict=True))
    return hits, misses, evictions


@pytest.fixture
def room_for_two(settings: Settings) -> None:
    settings.ORGANIZATION_DATABASES = 2


def remember(registry: DatabaseRegistry, *org_ids: str) -> None:
    for org_id in org_ids:
        registry.remember(Placement(org_id, "MONGODB_URI"))


@pytest.mark.usefixtures("room_for_two")
def test_an_organization_that_makes_room_is_counted() -> None:
    assert counted(lambda registry: remember(registry, "one_firm", "two_firm", "three_firm")) == (0, 3, 1)


@pytest.mark.usefixtures("room_for_two")
def test_an_organization_that_is_known_is_a_hit() -> None:
    def look_up(registry: DatabaseRegistry) -> None:
        remember(registry, "one_firm", "one_firm")
        registry.database_settings("one_firm")

    assert counted(look_up) == (2, 1, 0)


@pytest.mark.usefixtures("room_for_two")
def test_an_organization_that_does_not_exist_is_no_hit() -> None:
    def look_up(registry: DatabaseRegistry) -> None:
        with pytest.raises(UnknownOrganization):
            registry.database_settings("no_firm")

    assert counted(look_up)[0] == 0


@pytest.mark.usefixtures("room_for_two")
def test_the_registrys_size_is_what_it_holds() -> None:
    registry = DatabaseRegistry()
    remember(registry, "one_firm", "two_firm", "three_firm")
    full = value("organization_registry_size")
    registry.forget("three_firm")
    assert (full, value("organization_registry_size")) == (2, 1)


def test_no_metric_has_a_label_but_the_few_that_are_bounded() -> None:
    shown = generate_latest(measures.registry).decode()
    assert set(re.findall(r'[{,](\w+)="', shown)) <= {"cluster", "command", "reason", "le"}
