"""Fixtures of every test: a real MongoDB, two firms that are rivals, and the people of each.

Most tests need none of them. Those that do share one server, started on first use; what a test wrote is
removed after it, by the collections that its commands name.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db.models import QuerySet
from django.test import Client
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pymongo.database import Database

from banks.models import Bank, CommonFields, DocumentType, Format
from reports.counts import kept_counts
from tenants.context import no_organization, organization_active, shared_resources_writable
from tenants.models import Cluster, Organization, OrganizationStatus, User
from tenants.mongodb.clients import Client as MongoDBClient
from tenants.mongodb.clients import clients
from tenants.mongodb.monitoring import Command, command_listener
from tenants.operations.data import OF_OPERATIONS
from tenants.operations.provision import NewOrganization, create_organization
from tenants.operations.schema import head
from tenants.permissions import Role
from tenants.registry import registry
from tenants.shared_cache import shared_cache
from tooling import mongod

# Properties are tried on the same examples every time, and never fail for a busy machine's slowness.
hypothesis_settings.register_profile(
    "repeatable",
    deadline=None,
    derandomize=True,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow],
)
hypothesis_settings.load_profile("repeatable")

_WRITES = {"insert", "update", "delete", "findAndModify", "create"}
# What makes a database be there at all: a new organization's collections come with their indexes.
_MAKES = _WRITES | {"createIndexes"}
_OWN = {"admin", "local", "config"}
# Databases that stand for the whole run with their collections and indexes; only documents are removed.
_FIRMS = {"alpha_valuers", "beta_surveyors"}
_STANDING = {"valuation_admin", "shared_resources", *_FIRMS}
# The firms whose databases this run has made.
_made: set[str] = set()
_KEPT_COLLECTIONS = {"django_migrations", "django_content_type", "auth_permission"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The mark would have pytest-django rename the databases, for every test that follows in the process."""
    marked = [item.nodeid for item in items if item.get_closest_marker("django_db")]
    if marked:
        raise pytest.UsageError(f"Use the fixture database, not the mark django_db: {', '.join(marked[:5])}.")


@pytest.fixture(scope="session")
def mongodb_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the test run's own replica set."""
    directory: Path = tmp_path_factory.mktemp("mongo")
    with mongod.running(directory) as uri:
        yield uri


@pytest.fixture(scope="session")
def _migrated(mongodb_uri: str, django_db_blocker: Any) -> Iterator[None]:
    settings.MONGODB_ADDRESSES["MONGODB_URI"] = mongodb_uri
    with django_db_blocker.unblock():
        call_command("migrate", database="default", verbosity=0)
        call_command("migrate", database="shared", verbosity=0)
    yield
    clients.close_all()


@pytest.fixture
def database(_migrated: None, django_db_blocker: Any) -> Iterator[None]:
    """The databases, empty but for their collections, and emptied again afterwards."""
    with django_db_blocker.unblock(), no_organization(), command_listener.recording() as commands:
        Cluster.objects.get_or_create(name="primary", defaults={"address_setting": "MONGODB_URI"})
        _recorded.append(commands)
        yield
        _recorded.clear()
        with no_organization():
            _remove_what_was_written(commands)
        registry.clear()
        shared_cache.clear()
        kept_counts.clear()


def _remove_what_was_written(commands: list[Command]) -> None:
    client = clients.for_address("MONGODB_URI")
    if ("valuation_admin", "operations") in {(one.database, one.collection) for one in commands}:
        _remove_what_operations_wrote(client)
    written = {(one.database, one.collection) for one in commands if one.name in _WRITES}
    for name, collection in written:
        if name in _STANDING and collection not in _KEPT_COLLECTIONS:
            client[name][collection].delete_many({})
    for name in {one.database for one in commands if one.name in _MAKES} - _STANDING - _OWN:
        client.drop_database(name)
    if any(name == "shared_resources" for name, _ in written):
        _shared["loaded"] = False


def _remove_what_operations_wrote(client: MongoDBClient) -> None:
    """Operations have a client of their own, whose commands are not recorded."""
    if client["valuation_admin"]["operations"].find_one({"kind": {"$ne": "provision"}}, {"_id": 1}) is None:
        return
    for name in client.list_database_names():
        if name not in _STANDING | _OWN:
            client.drop_database(name)
        elif name in _FIRMS:
            _empty(client[name])


def _empty(database: Database[dict[str, Any]]) -> None:
    for name in database.list_collection_names(filter={"type": "collection"}):
        if OF_OPERATIONS.match(name):
            database.drop_collection(name)
        elif not name.startswith("system."):
            database[name].delete_many({})


def _organization(org_id: str, name: str, initials: str) -> Organization:
    """A firm of the cast. Its database is made once for the whole run; only its record comes anew."""
    if org_id in _made:
        organization = Organization(
            org_id=org_id,
            name=name,
            initials=initials,
            cluster_id="primary",
            address_setting="MONGODB_URI",
            letterhead={"name": name},
            status=OrganizationStatus.ACTIVE,
            migrations=list(head()),
        )
        organization.save(force_insert=True)
        return organization
    organization = create_organization(NewOrganization(org_id, name, initials, cluster="primary"), by=None)
    assert organization.is_active
    _made.add(org_id)
    return organization


def person(organization: Organization | None, name: str, role: Role | None) -> User:
    """Somebody of a firm (or staff), with an e-mail address made of the name and no password."""
    user = User(
        email=f"{name.lower().replace(' ', '.')}@{organization.org_id if organization else 'staff'}.example",
        name=name,
        organization=organization,
        role=role.value if role else "",
        is_staff=organization is None,
    )
    user.set_unusable_password()
    user.full_clean(exclude=["email"])
    user.save()
    return user


@pytest.fixture
def firm(database: None) -> Organization:
    """Alpha Valuers: the firm whose people most tests are about."""
    return _organization("alpha_valuers", "Alpha Valuers", "AV")


@pytest.fixture
def rival(database: None) -> Organization:
    """Beta Surveyors: must never see anything of Alpha Valuers."""
    return _organization("beta_surveyors", "Beta Surveyors", "BS")


@pytest.fixture
def in_firm(firm: Organization) -> Iterator[Organization]:
    """The test runs with ``firm`` active."""
    with organization_active(firm.placement):
        yield firm


@pytest.fixture
def manager(firm: Organization) -> User:
    return person(firm, "Meera Manager", Role.MANAGER)


@pytest.fixture
def valuer(firm: Organization) -> User:
    return person(firm, "Vikram Valuer", Role.VALUER)


@pytest.fixture
def other_valuer(firm: Organization) -> User:
    return person(firm, "Olga Valuer", Role.VALUER)


@pytest.fixture
def assistant(firm: Organization) -> User:
    return person(firm, "Asha Assistant", Role.ASSISTANT)


@pytest.fixture
def viewer(firm: Organization) -> User:
    return person(firm, "Vinod Viewer", Role.VIEWER)


@pytest.fixture
def rival_valuer(rival: Organization) -> User:
    return person(rival, "Rita Rival", Role.VALUER)


@pytest.fixture
def rival_manager(rival: Organization) -> User:
    return person(rival, "Mohan Rival", Role.MANAGER)


@pytest.fixture
def staff(database: None) -> User:
    return person(None, "Sunita Staff", None)


@pytest.fixture
def client_for(database: None) -> Callable[[User], Client]:
    """A browser in which the person is signed in."""

    def make(user: User) -> Client:
        client = Client()
        with no_organization():
            client.force_login(user)
        return client

    return make


def _load_shared_resources() -> None:
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        call_command("load_banks", stdout=nowhere)
        call_command("load_formats", stdout=nowhere)


_shared = {"loaded": False}
# What the test that runs now has sent.
_recorded: list[list[Command]] = []


@pytest.fixture
def formats(database: None) -> None:
    """Banks, common fields and the shipped formats in the shared resources: loaded when they are missing."""
    if _shared["loaded"]:
        return
    with no_organization():
        _load_shared_resources()
    _shared["loaded"] = True
    # They stay for the tests that follow: not this test wrote them.
    for commands in _recorded:
        commands[:] = [one for one in commands if one.database != "shared_resources"]


@pytest.fixture
def empty_shared_resources(database: None) -> None:
    """Shared resources without a document."""
    with shared_resources_writable():
        for model in (Bank, CommonFields, DocumentType, Format):
            # Published formats too, which their own manager would keep.
            QuerySet.delete(model.objects.all())


@pytest.fixture
def commands() -> Callable[[], AbstractContextManager[list[Command]]]:
    """``with commands() as sent:`` collects what goes to MongoDB inside the block."""
    return command_listener.recording
