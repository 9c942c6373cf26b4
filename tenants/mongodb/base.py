"""The database wrapper: a thin, guarded view of one database on a cluster's shared client."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.db import connections
from django.db.utils import DEFAULT_DB_ALIAS
from django_mongodb_backend import base
from django_mongodb_backend.utils import OperationDebugWrapper
from pymongo.collection import Collection
from pymongo.database import Database

from tenants.context import (
    Activation,
    active,
    carry,
    note_shared_writing,
    require_writable,
    shared_resources_are_writable,
)
from tenants.errors import NoActiveOrganization, SharedResourcesAreReadOnly, WrongOrganization
from tenants.mongodb.clients import Client, OwnClient, clients
from tenants.mongodb.collections import ReadOnlyCollection, SharedCollection, TenantCollection
from tenants.mongodb.schema import DatabaseSchemaEditor
from tenants.naming import SHARED_ALIAS
from tenants.registry import Placement, registry


def _iexact(path: str, value: Any) -> dict[str, Any]:
    """Match the whole value without regard to case. The value is text, never a regular expression."""
    return {path: {"$regex": f"^{re.escape(str(value))}$", "$options": "i"}}


def _iexact_expression(path: Any, value: Any) -> dict[str, Any]:
    return {"$eq": [{"$toLower": path}, {"$toLower": value}]}


class DatabaseWrapper(base.DatabaseWrapper):
    """One alias in one thread. Holds no client of its own: ``clients`` has one for each cluster.

    An organization's wrapper answers only while that very organization is active, whatever object, queryset
    or ``using()`` led to it. The shared resources' wrapper gives out collections that refuse to write
    unless the code runs inside ``shared_resources_writable()``.
    """

    SchemaEditorClass = DatabaseSchemaEditor
    mongo_operators = {**base.DatabaseWrapper.mongo_operators, "iexact": _iexact}
    mongo_expr_operators = {**base.DatabaseWrapper.mongo_expr_operators, "iexact": _iexact_expression}
    # The stock backend keeps one client for each alias here; nothing may use it.
    _connection_pools: dict[str, Any] = {}
    connection: Client | None
    run_on_commit: list[Any]

    def __init__(self, settings_dict: dict[str, Any], alias: str = DEFAULT_DB_ALIAS) -> None:
        super().__init__(settings_dict, alias=alias)
        self._placement: Placement | None = settings_dict.get("PLACEMENT")
        # What connecting would say; here there is no connection to make.
        self.autocommit = True

    # The client ------------------------------------------------------------------------------------

    def get_connection_params(self) -> dict[str, Any]:
        return {}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Client:
        return self._client(self._guard())

    def _client(self, activation: Activation | None) -> Client:
        """The cluster's client, or the organization's own, which the activation keeps from being closed."""
        placement = self._placement
        if placement is None:
            # A transaction goes on with the client that it was begun with.
            client: Client | None = self.session.client if self.session else None
            return client or clients.for_address(self._address_setting())
        if not placement.own_user:
            return clients.for_address(self.settings_dict["ADDRESS_SETTING"])
        held = activation.held if activation is not None else None
        if isinstance(held, OwnClient) and held.placement == placement:
            return held.client
        own = clients.for_organization(placement)
        if activation is not None:
            activation.held = own
        return own.client

    def _address_setting(self) -> str:
        """Whose address: of the shared resources the reader's, if there is one, but where staff write them.

        It asks the context itself and none of the guards, so that it holds when they do not.
        """
        reader: str = self.settings_dict.get("READER_SETTING", "")
        if reader in settings.READER_ADDRESSES and not shared_resources_are_writable():
            return reader
        setting: str = self.settings_dict["ADDRESS_SETTING"]
        return setting

    def init_connection_state(self) -> None:
        """Nothing to ask of the server: a client is shared, and ``readyz`` checks its version."""

    def is_usable(self) -> bool:
        """The client reconnects by itself; there is nothing to test or to throw away."""
        return True

    def close_pool(self) -> None:
        """Forget session and hooks. The client is the cluster's and stays open for everyone else."""
        self.run_on_commit = []
        if self.session:
            self._end_session()
        self.connection = None

    # What it gives out -----------------------------------------------------------------------------

    @property
    def database(self) -> Database[dict[str, Any]]:
        """The PyMongo database. Raises NoActiveOrganization or WrongOrganization."""
        # At first, after a fork and after the clients were closed this is another client than the one before,
        # which must not be used again. With a client there is nothing to connect.
        client = self.connection = self._client(self._guard())
        # Refuses the thread of an event loop.
        self.ensure_connection()
        return client[self.settings_dict["NAME"]]

    def get_collection(self, name: str, **kwargs: Any) -> Collection[dict[str, Any]]:
        kind = self._kind_of_collection()
        collection = kind(self.database, name, **kwargs)
        if self.queries_logged:
            return cast("Collection[dict[str, Any]]", OperationDebugWrapper(self, collection))
        return collection

    def get_database(self) -> Database[dict[str, Any]]:
        """The database itself, for schema changes. Raises SharedResourcesAreReadOnly."""
        if self._refuses_writes():
            raise SharedResourcesAreReadOnly(f"The database {self.settings_dict['NAME']}")
        if self.alias == SHARED_ALIAS:
            note_shared_writing()
        return cast("Database[dict[str, Any]]", super().get_database())

    def start_transaction_mongo(self) -> None:
        """Begin on the client that is right now, which may not be the one used last."""
        self.connection = self.database.client
        super().start_transaction_mongo()

    def get_database_version(self) -> tuple[int, ...]:
        return tuple(self._client(self._guard()).server_info()["versionArray"])

    def on_commit(self, func: Callable[[], object], robust: bool = False) -> None:
        """The hook runs for the organization that was active when it was handed over, whichever is then."""
        super().on_commit(carry(func), robust)

    # The guards ------------------------------------------------------------------------------------

    def _guard(self) -> Activation | None:
        """The activation under which this database may be used now; None where none is needed."""
        if self._placement is None:
            return None
        activation = active()
        if activation is None:
            raise NoActiveOrganization(f"The database {self.alias!r}")
        if activation.org_id != self.alias:
            raise WrongOrganization("The connection", belongs_to=self.alias, active=activation.org_id)
        return activation

    def require_committable(self) -> None:
        """Raises NoActiveOrganization, WrongOrganization or WritesFrozen: nothing may be committed here."""
        if self._guard() is not None:
            require_writable()

    def _kind_of_collection(self) -> type[Collection[dict[str, Any]]]:
        if self._placement is not None:
            return TenantCollection
        if self.alias != SHARED_ALIAS:
            return Collection
        return ReadOnlyCollection if self._refuses_writes() else SharedCollection

    def _refuses_writes(self) -> bool:
        return self.alias == SHARED_ALIAS and not shared_resources_are_writable()


def forget_wrappers_after_fork() -> None:
    """Have the child make wrappers of its own: a transaction open in the parent must not go on in both."""
    for alias in [*connections, *registry.aliases_of_thread()]:
        wrapper = getattr(connections._connections, alias, None)  # type: ignore[attr-defined]
        if wrapper is not None:
            _of_the_parent.append(wrapper)
            del connections[alias]


# Kept, for collecting them would end the parent's sessions.
_of_the_parent: list[DatabaseWrapper] = []
os.register_at_fork(after_in_child=forget_wrappers_after_fork)
