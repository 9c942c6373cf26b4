"""The MongoDB clients of this process: one for each address, and a bounded number of organizations' own.

An organization normally shares its cluster's client. One that has a database user of its own needs a client
of its own, which costs threads and sockets; of those the most recently used are kept. A client that falls out
is closed when the last activation that works with it has ended, never under somebody's feet.

Fork safety: a client must not cross a fork. The child forgets the parent's clients and makes its own.
"""

from __future__ import annotations

import os
import queue
import threading
import weakref
from collections import OrderedDict
from typing import Any

from django.conf import settings
from pymongo import MongoClient
from pymongo.driver_info import DriverInfo

from tenants.errors import UnknownCluster
from tenants.mongodb import credentials
from tenants.mongodb.monitoring import listeners_for
from tenants.mongodb.reachability import ReachabilityListener, clusters
from tenants.registry import Placement

Client = MongoClient[dict[str, Any]]


class OwnClient:
    """An organization's client. When nobody refers to this object any more, ``closer`` gets the client."""

    def __init__(self, placement: Placement, closer: Closer) -> None:
        self.placement = placement
        self.client = connect(
            placement.address_setting,
            as_user_of=placement.org_id,
            maxPoolSize=settings.ORGANIZATION_POOL_SIZE,
        )
        # A collection may run this anywhere, within any lock: so it only puts, and another thread closes.
        self._closing = weakref.finalize(self, closer.close_later, self.client)

    def abandon(self) -> None:
        """Never close it: in a forked child its sockets are the parent's."""
        self._closing.detach()


class Closer:
    """Closes clients in a thread of its own, which runs from the first organization's client on."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Client] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Have the thread run; the registry's lock is held."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="client-closer", daemon=True)
            self._thread.start()

    def close_later(self, client: Client) -> None:
        self._waiting.put(client)

    def _run(self) -> None:
        while True:
            self._waiting.get().close()


class ClientRegistry:
    """The clients of this process, by the name of the setting that holds the address."""

    def __init__(self) -> None:
        self._clients: dict[str, Client] = {}
        self._operations: dict[str, Client] = {}
        self._own: OrderedDict[str, OwnClient] = OrderedDict()
        # Those that fell out and are still being worked with are here too.
        self._living: weakref.WeakSet[OwnClient] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._closer = Closer()

    def for_address(self, address_setting: str) -> Client:
        """The client of an address. Raises UnknownCluster when the setting is not there."""
        client = self._clients.get(address_setting)
        if client is not None:
            return client
        with self._lock:
            client = self._clients.get(address_setting)
            if client is None:
                client = self._clients[address_setting] = connect(address_setting)
            return client

    def for_organization(self, placement: Placement) -> OwnClient:
        """The organization's own client, made on first use or when the placement has changed.

        Whoever works with it keeps the returned object for as long. Raises UnknownCluster and
        ``credentials.UsersKeyMissing``.
        """
        with self._lock:
            own = self._own.get(placement.org_id)
            if own is None or own.placement != placement:
                self._closer.start()
                own = self._own[placement.org_id] = OwnClient(placement, self._closer)
                self._living.add(own)
            self._own.move_to_end(placement.org_id)
            while len(self._own) > settings.ORGANIZATION_CLIENTS:
                self._own.popitem(last=False)
        return own

    def for_operations(self, address_setting: str) -> Client:
        """The client with which operations copy, freeze, rename and drop: without limits of time.

        Raises UnknownCluster. Its work says nothing of whether the cluster answers requests.
        """
        with self._lock:
            client = self._operations.get(address_setting)
            if client is None:
                client = self._operations[address_setting] = _connect_for_operations(address_setting)
            return client

    def count(self) -> int:
        """How many clients are open: shared ones, and own ones that somebody may use."""
        return len(self._clients) + len(self._living) + len(self._operations)

    def close_all(self) -> None:
        """Close every client; the next use makes new ones. For tests and orderly ends."""
        with self._lock:
            clients, self._clients = list(self._clients.values()), {}
            clients += [own.client for own in self._living]
            clients += self._operations.values()
            self._operations = {}
            self._own = OrderedDict()
        for client in clients:
            client.close()

    def forget_after_fork(self) -> None:
        """Drop the parent's clients without closing them: their sockets and locks are the parent's."""
        for own in list(self._living):
            own.abandon()
        _of_the_parent.append((self._clients, self._operations, self._own, list(self._living), self._closer))
        self._lock = threading.Lock()
        self._clients = {}
        self._operations = {}
        self._own = OrderedDict()
        self._living = weakref.WeakSet()
        self._closer = Closer()


def connect(address_setting: str, *, as_user_of: str = "", **options: Any) -> Client:
    """A new client for an address, as the user in it or as that of the organization ``as_user_of``.

    Raises UnknownCluster when the setting is not there, ``credentials.UsersKeyMissing``.
    """
    address = settings.READER_ADDRESSES.get(address_setting) or settings.MONGODB_ADDRESSES.get(
        address_setting
    )
    if not address:
        raise UnknownCluster(address_setting)
    if as_user_of:
        address = credentials.with_credentials(address, as_user_of)
    reachability = clusters[address_setting]
    client: Client = MongoClient(
        address,
        event_listeners=[*listeners_for(address_setting), ReachabilityListener(reachability)],
        driver=DriverInfo("valuation"),
        **{**settings.MONGODB_CLIENT_OPTIONS, **options},
    )
    reachability.watch(client)
    return client


def _connect_for_operations(address_setting: str) -> Client:
    address = settings.OPERATIONS_ADDRESSES.get(address_setting) or settings.MONGODB_ADDRESSES.get(
        address_setting
    )
    if not address:
        raise UnknownCluster(address_setting)
    options = {**settings.MONGODB_CLIENT_OPTIONS, "serverSelectionTimeoutMS": 10_000}
    # A copy or an index takes as long as it takes.
    del options["timeoutMS"]
    return MongoClient(address, driver=DriverInfo("valuation-operations"), **options)


# A forked child keeps what it inherited, so that nothing of it is collected and closed.
_of_the_parent: list[object] = []
clients = ClientRegistry()
os.register_at_fork(after_in_child=clients.forget_after_fork)
