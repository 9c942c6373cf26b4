"""One ``MongoClient`` per MongoDB address and process, made on first use.

Fork safety: a client must not cross a fork. The child forgets the parent's clients and makes its own.
"""

from __future__ import annotations

import os
import threading
from typing import Any

from django.conf import settings
from pymongo import MongoClient
from pymongo.driver_info import DriverInfo

from tenants.errors import UnknownCluster
from tenants.mongodb.monitoring import command_listener

Client = MongoClient[dict[str, Any]]


class ClientRegistry:
    """The clients of this process, by the name of the setting that holds the address."""

    def __init__(self) -> None:
        self._clients: dict[str, Client] = {}
        self._lock = threading.Lock()

    def for_address(self, address_setting: str) -> Client:
        """The client of an address. Raises UnknownCluster when the setting is not there."""
        client = self._clients.get(address_setting)
        if client is not None:
            return client
        with self._lock:
            client = self._clients.get(address_setting)
            if client is None:
                client = self._clients[address_setting] = self._connect(address_setting)
            return client

    def count(self) -> int:
        return len(self._clients)

    def close_all(self) -> None:
        """Close every client; the next use makes new ones. For tests and orderly ends."""
        with self._lock:
            clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            client.close()

    def forget_after_fork(self) -> None:
        """Drop the parent's clients without closing them: their sockets and locks are the parent's."""
        self._lock = threading.Lock()
        self._clients = {}

    @staticmethod
    def _connect(address_setting: str) -> Client:
        address = settings.MONGODB_ADDRESSES.get(address_setting)
        if not address:
            raise UnknownCluster(address_setting)
        return MongoClient(
            address,
            event_listeners=[command_listener],
            driver=DriverInfo("valuation"),
            **settings.MONGODB_CLIENT_OPTIONS,
        )


clients = ClientRegistry()
os.register_at_fork(after_in_child=clients.forget_after_fork)
