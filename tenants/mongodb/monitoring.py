"""Sees every command that goes to a server: for query budgets, isolation proofs and metrics.

The metrics are Prometheus's. A cluster is labelled with the name of the setting that holds its address, never
with the address; no label and no name says anything of an organization or a person.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, values
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
    ConnectionCheckedInEvent,
    ConnectionCheckedOutEvent,
    ConnectionCheckOutFailedEvent,
    ConnectionCheckOutFailedReason,
    ConnectionCheckOutStartedEvent,
    ConnectionClosedEvent,
    ConnectionCreatedEvent,
    ConnectionPoolListener,
    ConnectionReadyEvent,
    PoolClearedEvent,
    PoolClosedEvent,
    PoolCreatedEvent,
    PoolReadyEvent,
    ServerHeartbeatFailedEvent,
    ServerHeartbeatListener,
    ServerHeartbeatStartedEvent,
    ServerHeartbeatSucceededEvent,
)

# Sent by the driver for itself, not by a page.
_HOUSEKEEPING = frozenset({"endSessions", "hello", "ping", "killCursors", "saslStart", "saslContinue"})

# What the application sends. Every other command counts as "other", so that labels stay few.
_COMMANDS = (
    "find",
    "getMore",
    "aggregate",
    "count",
    "distinct",
    "insert",
    "update",
    "delete",
    "findAndModify",
    "bulkWrite",
    "commitTransaction",
    "abortTransaction",
    "create",
    "createIndexes",
    "drop",
    "dropDatabase",
    "listCollections",
    "listIndexes",
    "killCursors",
    "endSessions",
    "ping",
    "hello",
    "saslStart",
    "saslContinue",
)
_OTHER = "other"

_CHECKOUT_FAILURES = {
    ConnectionCheckOutFailedReason.TIMEOUT: "timeout",
    ConnectionCheckOutFailedReason.POOL_CLOSED: "pool_closed",
    ConnectionCheckOutFailedReason.CONN_ERROR: "connection_error",
}

# Upper bounds in seconds. A free connection takes microseconds; after two seconds the wait is given up.
_WAIT_SECONDS = (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
# An indexed read takes about half a millisecond; a socket is given up after twenty seconds.
_COMMAND_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 20.0)


class Measures:
    """The metrics of this process, all in a registry of their own.

    Where ``PROMETHEUS_MULTIPROC_DIR`` names a directory, the values are kept there in files of the process,
    and whoever shows them adds the processes up; else they are kept in memory.

    A child that this process forks begins at zero, in memory: it holds none of the parent's connections, may
    have inherited a lock that no thread of its own will release, and nobody would clear up files after it.
    Listeners made before the fork know by ``registry``, which is another one then, to be silent in the child.
    """

    registry: CollectorRegistry
    # mongodb_… {cluster}
    pool_connections: Gauge
    pool_checked_out: Gauge
    pool_wait: Histogram
    checkout_failures: Counter
    commands: Counter
    command_failures: Counter
    command_seconds: Histogram
    heartbeat_failures: Counter
    clients: Gauge
    # organization_registry_…
    registry_hits: Counter
    registry_misses: Counter
    registry_evictions: Counter
    registry_size: Gauge

    def __init__(self) -> None:
        # When each series began is a series more for each, which nothing here reads.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._begin(values.get_value_class())  # type: ignore[no-untyped-call]

    def begin_in_child(self) -> None:
        """Forget what the parent counted. For the child, right after a fork."""
        self._begin(values.MutexValue)

    def _begin(self, kept_in: Any) -> None:
        # The library looks this up whenever a metric is made.
        values.ValueClass = kept_in
        self.registry = CollectorRegistry()
        self._begin_pools()
        self._begin_commands()
        self._begin_organizations()

    def _begin_pools(self) -> None:
        self.pool_connections = self._gauge(
            "mongodb_pool_connections", "Connections to a cluster, in use or not.", "cluster"
        )
        self.pool_checked_out = self._gauge(
            "mongodb_pool_checked_out", "Connections to a cluster that are in use.", "cluster"
        )
        self.pool_wait = Histogram(
            "mongodb_pool_wait_seconds",
            "How long a connection was waited for, in vain or not; making a new one included.",
            ["cluster"],
            buckets=_WAIT_SECONDS,
            registry=self.registry,
        )
        self.checkout_failures = self._counter(
            "mongodb_pool_checkout_failures", "Times that no connection was had.", "cluster", "reason"
        )
        self.heartbeat_failures = self._counter(
            "mongodb_heartbeat_failures", "Times that a server did not answer the driver's check.", "cluster"
        )
        self.clients = self._gauge("mongodb_clients", "MongoDB clients that are open.")

    def _begin_commands(self) -> None:
        self.commands = self._counter(
            "mongodb_commands", "Commands that were answered or failed.", "cluster", "command"
        )
        self.command_failures = self._counter(
            "mongodb_command_failures", "Commands that failed.", "cluster", "command"
        )
        self.command_seconds = Histogram(
            "mongodb_command_seconds",
            "From sending a command to its answer or failure.",
            ["cluster"],
            buckets=_COMMAND_SECONDS,
            registry=self.registry,
        )

    def _begin_organizations(self) -> None:
        self.registry_hits = self._counter(
            "organization_registry_hits", "Look-ups of an organization that the registry knew."
        )
        self.registry_misses = self._counter(
            "organization_registry_misses", "Organizations that the registry had to take in."
        )
        self.registry_evictions = self._counter(
            "organization_registry_evictions", "Organizations that made room for another."
        )
        self.registry_size = self._gauge("organization_registry_size", "Organizations in the registry.")

    def _counter(self, name: str, help_text: str, *labels: str) -> Counter:
        return Counter(name, help_text, labels, registry=self.registry)

    def _gauge(self, name: str, help_text: str, *labels: str) -> Gauge:
        # Of several processes the sum counts, and only those that live.
        return Gauge(name, help_text, labels, registry=self.registry, multiprocess_mode="livesum")


measures = Measures()
os.register_at_fork(after_in_child=measures.begin_in_child)


@dataclass(frozen=True, slots=True)
class Command:
    """One command: the database it went to, its name and the collection (or empty)."""

    database: str
    name: str
    collection: str

    def __str__(self) -> str:
        return f"{self.database}.{self.collection}:{self.name}" if self.collection else f"{self.name}"


class RecordingListener(CommandListener):
    """Hands each started command to the recordings that are open; costs one look when there is none."""

    def __init__(self) -> None:
        self._recordings: list[list[Command]] = []
        self._lock = threading.Lock()

    def started(self, event: CommandStartedEvent) -> None:
        if not self._recordings or event.command_name in _HOUSEKEEPING:
            return
        target = event.command.get(event.command_name)
        if event.command_name == "getMore":
            target = event.command.get("collection")
        command = Command(event.database_name, event.command_name, target if isinstance(target, str) else "")
        for recording in list(self._recordings):
            recording.append(command)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Nothing to do: a budget counts what is asked."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Nothing to do: the caller sees the failure."""

    @contextmanager
    def recording(self) -> Iterator[list[Command]]:
        """Collect the commands that this process sends, from all threads, inside the block."""
        commands: list[Command] = []
        with self._lock:
            self._recordings.append(commands)
        try:
            yield commands
        finally:
            with self._lock:
                self._recordings = [one for one in self._recordings if one is not commands]


class CommandMetrics(CommandListener):
    """Counts and times the commands of one client when they end.

    On every page's way several times over: no lock but the library's, no look-up but one in a dict.
    """

    def __init__(self, cluster: str) -> None:
        self._registry = measures.registry
        names = (*_COMMANDS, _OTHER)
        self._counts = {name: measures.commands.labels(cluster, name) for name in names}
        self._failures = {name: measures.command_failures.labels(cluster, name) for name in names}
        self._other = self._counts[_OTHER]
        self._seconds = measures.command_seconds.labels(cluster)

    def started(self, event: CommandStartedEvent) -> None:
        """Nothing to do: the end tells all."""

    def succeeded(self, event: CommandSucceededEvent) -> None:
        if self._registry is measures.registry:
            self._counts.get(event.command_name, self._other).inc()
            self._seconds.observe(event.duration_micros / 1_000_000)

    def failed(self, event: CommandFailedEvent) -> None:
        if self._registry is measures.registry:
            self._counts.get(event.command_name, self._other).inc()
            self._failures.get(event.command_name, self._failures[_OTHER]).inc()
            self._seconds.observe(event.duration_micros / 1_000_000)


class PoolMetrics(ConnectionPoolListener):
    """Counts one client's connections. Clients that share a label add up.

    A client has a pool for each server that it knows of and is open while it has any.
    """

    def __init__(self, cluster: str) -> None:
        self._registry = measures.registry
        self._connections = measures.pool_connections.labels(cluster)
        self._checked_out = measures.pool_checked_out.labels(cluster)
        self._wait = measures.pool_wait.labels(cluster)
        self._failures = {
            reason: measures.checkout_failures.labels(cluster, label)
            for reason, label in _CHECKOUT_FAILURES.items()
        }
        self._clients = measures.clients
        self._pools = 0
        self._lock = threading.Lock()

    def pool_created(self, event: PoolCreatedEvent) -> None:
        self._pools_changed(1)

    def pool_ready(self, event: PoolReadyEvent) -> None:
        """Nothing to do."""

    def pool_cleared(self, event: PoolClearedEvent) -> None:
        """Nothing to do: each connection that this closes says so itself."""

    def pool_closed(self, event: PoolClosedEvent) -> None:
        self._pools_changed(-1)

    def connection_created(self, event: ConnectionCreatedEvent) -> None:
        if self._registry is measures.registry:
            self._connections.inc()

    def connection_ready(self, event: ConnectionReadyEvent) -> None:
        """Nothing to do: it counts since it was created, and one that fails is closed."""

    def connection_closed(self, event: ConnectionClosedEvent) -> None:
        if self._registry is measures.registry:
            self._connections.dec()

    def connection_check_out_started(self, event: ConnectionCheckOutStartedEvent) -> None:
        """Nothing to do: the end of the wait tells how long it was."""

    def connection_check_out_failed(self, event: ConnectionCheckOutFailedEvent) -> None:
        if self._registry is measures.registry:
            self._failures[event.reason].inc()
            self._wait.observe(event.duration or 0.0)

    def connection_checked_out(self, event: ConnectionCheckedOutEvent) -> None:
        if self._registry is measures.registry:
            self._checked_out.inc()
            self._wait.observe(event.duration or 0.0)

    def connection_checked_in(self, event: ConnectionCheckedInEvent) -> None:
        if self._registry is measures.registry:
            self._checked_out.dec()

    def _pools_changed(self, by: int) -> None:
        if self._registry is not measures.registry:
            return
        with self._lock:
            was_open = self._pools > 0
            self._pools += by
            self._clients.inc((self._pools > 0) - was_open)


class HeartbeatMetrics(ServerHeartbeatListener):
    """Counts the driver's checks that failed: a cluster that was never reached gets no command to count."""

    def __init__(self, cluster: str) -> None:
        self._registry = measures.registry
        self._failures = measures.heartbeat_failures.labels(cluster)

    def started(self, event: ServerHeartbeatStartedEvent) -> None:
        """Nothing to do."""

    def succeeded(self, event: ServerHeartbeatSucceededEvent) -> None:
        """Nothing to do."""

    def failed(self, event: ServerHeartbeatFailedEvent) -> None:
        if self._registry is measures.registry:
            self._failures.inc()


command_listener = RecordingListener()

Listener = CommandListener | ConnectionPoolListener | ServerHeartbeatListener


def listeners_for(address_setting: str) -> list[Listener]:
    """The listeners of one new client, for ``MongoClient(event_listeners=…)``.

    ``address_setting`` names the setting that holds the cluster's address and becomes its label. Ask anew for
    each client, also for a second one to the same address: the listeners keep count of their client's pools.
    """
    return [
        command_listener,
        CommandMetrics(address_setting),
        PoolMetrics(address_setting),
        HeartbeatMetrics(address_setting),
    ]
