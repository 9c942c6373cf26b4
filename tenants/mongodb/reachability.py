"""Whether a cluster answers. A request for one that does not is refused at once instead of waiting in line.

Without this, every request for an organization whose cluster is gone would hold a thread until the driver
gives up, and a few of them would hold all threads: one cluster's outage would be everybody's. So at most
MOST_WAITING requests of a process wait for a cluster that gives no sign of life; more are refused. When one
of them has ended for want of an answer the cluster counts as down: then one request every few seconds may
try, and the first answer ends it.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from typing import Any

import pymongo
from pymongo import MongoClient
from pymongo.errors import PyMongoError
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
    TopologyClosedEvent,
    TopologyDescriptionChangedEvent,
    TopologyListener,
    TopologyOpenedEvent,
)

from tenants.errors import ClusterUnreachable

# Longer than an operation may take, so that one request at a time waits for a cluster that is down.
TRIAL_SECONDS = 3.0
# So many requests may wait, whatever the cluster does: a worker has four threads, and a ping takes one too.
MOST_WAITING = 1
# When a command has waited for so long and nothing else was answered, a ping asks whether anybody is there.
SILENCE_SECONDS = 0.1
# A server that lives answers a ping much sooner, also one that waits for its disk.
PING_SECONDS = 0.25
# The threads of those who came meanwhile are needed elsewhere.
OTHERS_WAIT_SECONDS = 0.02
# A new client has found its servers by then.
DISCOVERY_SECONDS = 0.5


class Reachability:
    """What this process knows of one cluster. Shared by its threads; costs next to nothing while it is up."""

    def __init__(self, address_setting: str) -> None:
        self.address_setting = address_setting
        # When each command in flight was sent, by its request id.
        self._waiting: dict[int, float] = {}
        self._answered_at = time.monotonic()
        self._visitors = 0
        self._down = False
        self._tried_at = float("-inf")
        self._watched_since = float("-inf")
        # By identity: two clients of the same servers are equal, and one of them may be closed.
        self._clients: weakref.WeakValueDictionary[int, MongoClient[Any]] = weakref.WeakValueDictionary()
        self._lock = threading.Lock()
        self._ping_lock = threading.Lock()

    def watch(self, client: MongoClient[Any]) -> None:
        """A client of this cluster: what it knows of the servers counts, and it can ask them."""
        with self._lock:
            if self._client_with_primary() is None:
                self._watched_since = time.monotonic()
            self._clients[id(client)] = client

    def require(self) -> None:
        """Let a request go on to the cluster until it says ``leave``, or raise ClusterUnreachable."""
        if self._enters():
            return
        # One asks; the others wait for what it learns as long as a server that lives takes to answer.
        if not self._ping_lock.acquire(timeout=OTHERS_WAIT_SECONDS):
            raise ClusterUnreachable(self.address_setting)
        try:
            if self._enters():
                return
            client = self._client_with_primary()
            if client is None or not _answers_ping(client):
                # Those that wait are the trial.
                self.failed()
                raise ClusterUnreachable(self.address_setting)
            with self._lock:
                self._visitors += 1
        finally:
            self._ping_lock.release()

    def leave(self) -> None:
        """The request has ended."""
        with self._lock:
            self._visitors -= 1

    def failed(self) -> None:
        """An operation has ended because nothing answered, after all that the driver tries."""
        with self._lock:
            if not self._down:
                self._down = True
                # Whoever failed was the trial.
                self._tried_at = time.monotonic()

    def has_answered(self) -> None:
        """Something was answered, or a server that takes writes was found."""
        self._answered_at = time.monotonic()
        if self._down:
            self._down = False
            self._tried_at = float("-inf")

    def asked(self, request_id: int) -> None:
        self._waiting[request_id] = time.monotonic()

    def settled(self, request_id: int) -> None:
        self._waiting.pop(request_id, None)

    def _enters(self) -> bool:
        """Whether the caller goes on without a ping. Raises ClusterUnreachable when a ping is of no use."""
        with self._lock:
            if self._may_enter():
                self._visitors += 1
                return True
            if self._down or self._client_with_primary() is None:
                raise ClusterUnreachable(self.address_setting)
            return False

    def _may_enter(self) -> bool:
        """Whether the caller goes on without a ping. Under the lock."""
        now = time.monotonic()
        if self._down:
            if now - self._tried_at < TRIAL_SECONDS:
                return False
            self._tried_at = now
            return True
        if self._visitors < MOST_WAITING:
            if not self._clients:
                # It will make the first client in a moment; those that come meanwhile wait with it.
                self._watched_since = now
            return True
        return self._has_primary(now) and not self._is_silent(now)

    def _has_primary(self, now: float) -> bool:
        """Whether the driver knows a server that takes writes, or has only begun to look for one.

        Asked directly: the driver's events say so too, but up to a second late.
        """
        return self._client_with_primary() is not None or now - self._watched_since < DISCOVERY_SECONDS

    def _client_with_primary(self) -> MongoClient[Any] | None:
        known = list(self._clients.values())
        return next((one for one in known if one.topology_description.has_writable_server()), None)

    def _is_silent(self, now: float) -> bool:
        """Whether a command has waited for long, and nothing was answered meanwhile."""
        # A copy: other threads ask and settle meanwhile.
        oldest = min(list(self._waiting.values()), default=now)
        return max(oldest, self._answered_at) < now - SILENCE_SECONDS


def _answers_ping(client: MongoClient[Any]) -> bool:
    try:
        with pymongo.timeout(PING_SECONDS):
            client.admin.command("ping")
    except PyMongoError:
        return False
    return True


class ReachabilityListener(CommandListener, TopologyListener):
    """Tells a cluster's Reachability what its clients experience."""

    def __init__(self, reachability: Reachability) -> None:
        self._reachability = reachability

    def started(self, event: CommandStartedEvent) -> None:
        self._reachability.asked(event.request_id)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        self._reachability.settled(event.request_id)
        self._reachability.has_answered()

    def failed(self, event: CommandFailedEvent) -> None:
        self._reachability.settled(event.request_id)

    def opened(self, event: TopologyOpenedEvent) -> None:
        """Nothing is known yet."""

    def description_changed(self, event: TopologyDescriptionChangedEvent) -> None:
        if event.new_description.has_writable_server():
            self._reachability.has_answered()

    def closed(self, event: TopologyClosedEvent) -> None:
        """A client was closed, which says nothing of the cluster: no server is left in its description."""


class Clusters:
    """The Reachability of each address setting in this process."""

    def __init__(self) -> None:
        self._known: dict[str, Reachability] = {}

    def __getitem__(self, address_setting: str) -> Reachability:
        known = self._known.get(address_setting)
        # setdefault: of two threads that make one, both get the same.
        return known or self._known.setdefault(address_setting, Reachability(address_setting))

    def forget(self) -> None:
        """Know nothing: after a fork, whose commands in flight are the parent's, and between tests."""
        self._known = {}


clusters = Clusters()
os.register_at_fork(after_in_child=clusters.forget)
