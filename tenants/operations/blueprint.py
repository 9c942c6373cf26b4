"""What every organization's database consists of: its collections and their indexes, read off the models.

Made once for the process, for it says nothing of any organization. Laying it out asks one command of each
collection: making an index makes its collection too, and what is there already stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, Self

from django.db import connections, models
from pymongo import ASCENDING, IndexModel

from tenants.context import carry
from tenants.files import BUCKET
from tenants.mongodb.schema import DatabaseSchemaEditor
from tenants.mongodb.transaction import run_atomically
from tenants.naming import CONTROL_ALIAS

# Collections looked after in the same moment.
AT_ONCE = 3
# The index that every collection has; asking for it alone makes a collection that has no other.
_OWN_INDEX = IndexModel([("_id", ASCENDING)], name="_id_")

Blueprint = Mapping[str, Sequence[IndexModel]]


class _Noted:
    """Stands for a collection, and notes the indexes that are to be made there."""

    def __init__(self, indexes: list[IndexModel]) -> None:
        self._indexes = indexes

    def create_indexes(self, indexes: Sequence[IndexModel]) -> None:
        self._indexes.extend(indexes)


class _NotingEditor(DatabaseSchemaEditor):
    """A schema editor that writes down what it would make."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection, atomic=False)
        self.noted: dict[str, list[IndexModel]] = {}

    def get_collection(self, name: str) -> _Noted:
        return _Noted(self.noted.setdefault(name, []))

    def get_database(self) -> Self:
        return self

    def create_collection(self, name: str) -> None:
        self.noted.setdefault(name, [])


@lru_cache(maxsize=1)
def blueprint_of(tenant_models: tuple[type[models.Model], ...]) -> Blueprint:
    """Collection name → its indexes but the one on ``_id``; GridFS's two with those that drivers expect."""
    # Any connection of the backend will do: nothing is sent.
    editor = _NotingEditor(connections[CONTROL_ALIAS])
    for model in tenant_models:
        editor.create_model(model)
    return {
        **editor.noted,
        f"{BUCKET}.files": [IndexModel([("filename", ASCENDING), ("uploadDate", ASCENDING)])],
        f"{BUCKET}.chunks": [IndexModel([("files_id", ASCENDING), ("n", ASCENDING)], unique=True)],
    }


def lay_out(connection: Any, blueprint: Blueprint) -> None:
    """Make what is missing of it in the connection's database; its organization is active. Repeatable."""
    if connection.database.list_collection_names():
        _complete(connection, blueprint)
    else:
        # In one transaction: the server publishes the new collections once, which with thousands of them on
        # the server is most of the work, and nobody ever finds half of them.
        run_atomically(lambda: _make_all(connection, blueprint), using=connection.alias)


def _make_all(connection: Any, blueprint: Blueprint) -> None:
    for name, indexes in blueprint.items():
        connection.get_collection(name).create_indexes(
            list(indexes) or [_OWN_INDEX], session=connection.session
        )


def _complete(connection: Any, blueprint: Blueprint) -> None:
    wanted = [
        (connection.get_collection(name), list(indexes) or [_OWN_INDEX])
        for name, indexes in blueprint.items()
    ]

    def make(one: tuple[Any, list[IndexModel]]) -> None:
        collection, indexes = one
        collection.create_indexes(indexes)

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="lay-out") as pool:
        # To the end, so that a failure is raised here.
        list(pool.map(carry(make), wanted))
