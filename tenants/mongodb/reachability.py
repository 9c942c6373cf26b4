"""Whether a cluster answers. A request for one that does not is refused at once instead of waiting in line.

Without this, every request for an organization whose cluster is gone would hold a thread until the driver
gives up, and a few of them would hold all threads: one cluster's outage would be everybody's. So a cluster
counts as down when the driver knows no server of it that takes writes, or when an operation has ended for
want of an answer; and as silent when several commands wait and nothing has answered for a second. Then one
request every few seconds may try, and the first answer ends it.
"""

from __future__ import annotations

import os
import threading
import time

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
# Two slow commands on a quiet cluster are no outage yet; without an answer for this long they are.
SILENCE_SECONDS = 1.0
MOST_WAITING = 2


class Reachability:
    """What this process knows of one cluster. Shared by its threads; costs next to nothing while it is up."""

    def __init__(self, address_setting: str) -> None:
        self.address_setting = address_setting
        self._waiting: dict[int, float] = {}
        self._answered_at = time.monotonic()
        self._down = False
        self._tried_at = float("-inf")
        self._lock = threading.Lock()

    def require(self) -> None:
        """Let the caller go on to the cluster, or raise ClusterUnreachable."""
        if not self._down and not self._is_silent():
            return
        with self._lock:
            now = time.monotonic()
            if now - self._tried_at < TRIAL_SECONDS:
                raise ClusterUnreachable(self.address_setting)
            self._tried_at = now

    def failed(self) -> None:
        """An operation has ended because nothing answered, after all that the driver tries."""
        with self._lock:
            if not self._down:
                self._down = True
                # Whoever failed was the trial.
                self._tried_at = time.monotonic()

    def lost_primary(self) -> None:
        """The driver knows no server any more that takes writes."""
        self._down = True

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

    def _is_silent(self) -> bool:
        if len(self._waiting) < MOST_WAITING:
            return False
        since = time.monotonic() - SILENCE_SECONDS
        if self._answered_at > since:
            return False
        # A copy: other threads ask and settle meanwhile.
        return sum(asked_at < since for asked_at in list(self._waiting.values())) >= MOST_WAITING


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
        new = event.new_description
        if new.has_writable_server():
            self._reachability.has_answered()
        elif new.server_descriptions() and event.previous_description.has_writable_server():
            self._reachability.lost_primary()

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
