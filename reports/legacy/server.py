"""Reading the old databases from their server. Nothing here writes: it knows names and ``find`` alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bson.codec_options import CodecOptions
from bson.errors import BSONError
from django.db import connections
from pymongo import MongoClient, ReadPreference
from pymongo.driver_info import DriverInfo
from pymongo.errors import ConfigurationError, InvalidURI, PyMongoError

from reports.legacy.recognising import is_system
from reports.legacy.sources import Read
from tenants.errors import UnknownCluster
from tenants.models import Cluster, Organization
from tenants.mongodb.clients import clients
from tenants.naming import CONTROL_ALIAS, SHARED_ALIAS

# The databases of the former system.
OLD_DATABASES = ("valuation_admin", "valuation_app_prod", "valuation_reports")
_IN_UTC: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True, unicode_decode_error_handler="replace")
# Documents of a batch: a few of the largest kind are megabytes.
_BATCH = 50
_WAIT_MS = 10_000


class SourceRefused(Exception):
    """The address cannot be read as the former system; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Ours:
    """Our own server, so that nobody imports the application into itself.

    ``processes``: what its members answer to ``hello``; ``databases``: the names that are ours there.
    """

    processes: frozenset[str]
    databases: frozenset[str]


@dataclass(slots=True)
class ServerSource:
    """The old databases behind a ``mongodb://`` address. ``names``: old name → the name it has there."""

    address: str
    names: Mapping[str, str]
    ours: Ours
    listeners: tuple[Any, ...] = ()

    def documents(self) -> Iterator[Read]:
        """Every document of the databases that are there. Raises SourceRefused before the first."""
        try:
            client: MongoClient[dict[str, Any]] = MongoClient(
                self.address,
                read_preference=ReadPreference.SECONDARY_PREFERRED,
                retryWrites=False,
                serverSelectionTimeoutMS=_WAIT_MS,
                event_listeners=list(self.listeners),
                driver=DriverInfo("valuation-import"),
            )
        except (ConfigurationError, InvalidURI, ValueError) as error:
            raise SourceRefused(f"The address cannot be used: {error}") from None
        with client:
            try:
                yield from self._read(client)
            except PyMongoError as error:
                raise SourceRefused(f"The old databases cannot be read: {error}") from None

    def _read(self, client: MongoClient[dict[str, Any]]) -> Iterator[Read]:
        present = set(client.list_database_names())
        wanted = {old: there for old, there in self.names.items() if there in present}
        if not wanted:
            raise SourceRefused(
                f"None of {', '.join(sorted(self.names.values()))} is there. "
                "Name them with --database OLD=NAME."
            )
        process = str(process_of(client))
        for there in wanted.values():
            self._refuse_ours(client, there, process)
        for old, there in sorted(wanted.items()):
            for collection in sorted(client[there].list_collection_names(filter={"type": "collection"})):
                if not is_system(collection):
                    yield from self._collection(client, old, there, collection)

    def _refuse_ours(self, client: MongoClient[dict[str, Any]], there: str, process: str) -> None:
        own = process in self.ours.processes and there in self.ours.databases
        # A copy of ours on another server is no former system either.
        if own or client[there]["django_migrations"].find_one({}, {"_id": 1}) is not None:
            raise SourceRefused(
                f"The database {there} there is this application's own, not the former system's. Name the "
                "former one with --database OLD=NAME, or give the address of its server."
            )

    @staticmethod
    def _collection(
        client: MongoClient[dict[str, Any]], old: str, there: str, collection: str
    ) -> Iterator[Read]:
        found = client[there].get_collection(collection, codec_options=_IN_UTC)
        with found.find({}, batch_size=_BATCH) as cursor:
            while True:
                try:
                    document = next(cursor)
                except StopIteration:
                    return
                except (BSONError, RecursionError, OverflowError) as error:
                    yield Read(old, collection, None, f"A batch of documents is damaged: {error}")
                    return
                yield Read(old, collection, document)


def process_of(client: MongoClient[Any]) -> Any:
    """What tells a server from every other: the id of its process, or its own name."""
    said = client.admin.command("hello")
    version = said.get("topologyVersion") or {}
    return version.get("processId") or said.get("me") or said.get("setName") or ""


def ours_now() -> Ours:
    """Our own servers and what is ours on them. One command each."""
    databases = {
        *(str(connections[alias].settings_dict["NAME"]) for alias in (CONTROL_ALIAS, SHARED_ALIAS)),
        *Organization.objects.values_list("org_id", flat=True),
    }
    processes = set()
    for setting in Cluster.objects.values_list("address_setting", flat=True).distinct():
        try:
            processes.add(str(process_of(clients.for_address(setting))))
        except (PyMongoError, UnknownCluster):
            # One that is out of reach cannot be the one that is read from.
            continue
    processes.add(str(process_of(clients.for_address("MONGODB_URI"))))
    return Ours(frozenset(processes), frozenset(databases))
