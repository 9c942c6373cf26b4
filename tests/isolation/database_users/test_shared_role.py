"""Organizations never write the shared resources: router, collections and server each refuse it alone."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import Client
from django.urls import reverse
from pymongo import MongoClient
from pymongo.collection import Collection

from banks.models import Bank
from banks.queries import visible_banks
from tenants.context import no_organization, organization_active, shared_resources_writable
from tenants.errors import SharedResourcesAreReadOnly
from tenants.models import AuditEntry, Organization, User
from tenants.mongodb.base import DatabaseWrapper
from tenants.mongodb.clients import clients
from tenants.mongodb.credentials import user_of
from tenants.mongodb.transaction import atomic
from tenants.naming import SHARED_ALIAS
from tenants.operations.database_users import (
    PLACEHOLDER,
    SHARED_PASSWORD_SETTING,
    SHARED_READER,
    SHARED_READER_SETTING,
    restrict_shared,
)
from tenants.router import PlaneRouter
from tests.isolation.database_users.conftest import ADMINISTRATOR, SECRET
from tests.isolation.database_users.test_refused_by_the_server import UNAUTHORIZED, answer_to

Root = MongoClient[dict[str, Any]]
SHARED = "shared_resources"


@pytest.fixture
def reader(administrator: str, root: Root, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """From here on the shared resources are read by a user that can do nothing else; gives its address."""
    monkeypatch.setenv(SHARED_PASSWORD_SETTING, SECRET)
    done = restrict_shared(administrator=administrator, by=None)
    address = done.address.replace(PLACEHOLDER, SECRET)
    clients.close_all()
    monkeypatch.setitem(django_settings.READER_ADDRESSES, SHARED_READER_SETTING, address)
    yield address
    clients.close_all()
    root[SHARED].command("dropAllRolesFromDatabase")


def banks_of(root: Root) -> list[tuple[str, str]]:
    return [(one["code"], one["name"]) for one in root[SHARED]["banks"].find({"code": "DEMO"})]


@pytest.fixture
def bank(database: None) -> Bank:
    with shared_resources_writable():
        return Bank.objects.create(code="DEMO", name="Demo Bank", bank_type="public")


def without_router(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PlaneRouter, "db_for_write", lambda self, model, **hints: SHARED_ALIAS)


def without_collections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DatabaseWrapper, "_kind_of_collection", lambda self: Collection)
    monkeypatch.setattr(DatabaseWrapper, "_refuses_writes", lambda self: False)


def raw() -> Any:
    connection: Any = connections[SHARED_ALIAS]
    return connection.get_collection("banks")


WRITES: dict[str, Callable[[], Any]] = {
    "create": lambda: Bank.objects.create(code="OTHER", name="Other", bank_type="public"),
    "update": lambda: Bank.objects.filter(code="DEMO").update(name="Changed"),
    "delete": lambda: Bank.objects.filter(code="DEMO").delete(),
    "raw update": lambda: raw().update_one({"code": "DEMO"}, {"$set": {"name": "Changed"}}),
    "aggregation": lambda: list(raw().aggregate([{"$set": {"name": "Changed"}}, {"$merge": "banks"}])),
    "index": lambda: raw().create_index("name"),
    "drop": lambda: raw().drop(),
}
OF_THE_ORM = ("create", "update", "delete")


# One wall at a time -------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", OF_THE_ORM)
def test_the_router_alone_refuses(
    firm: Organization, bank: Bank, root: Root, monkeypatch: pytest.MonkeyPatch, write: str
) -> None:
    without_collections(monkeypatch)
    with organization_active(firm.placement), pytest.raises(SharedResourcesAreReadOnly):
        WRITES[write]()
    assert banks_of(root) == [("DEMO", "Demo Bank")]


@pytest.mark.parametrize("write", WRITES)
def test_the_collections_alone_refuse(
    firm: Organization, bank: Bank, root: Root, monkeypatch: pytest.MonkeyPatch, write: str
) -> None:
    without_router(monkeypatch)
    with organization_active(firm.placement), pytest.raises(SharedResourcesAreReadOnly):
        WRITES[write]()
    assert banks_of(root) == [("DEMO", "Demo Bank")]


def test_the_server_alone_refuses_every_write(
    firm: Organization, bank: Bank, reader: str, root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_router(monkeypatch)
    without_collections(monkeypatch)
    with organization_active(firm.placement):
        answers = {name: answer_to(write) for name, write in WRITES.items()}
    assert answers == dict.fromkeys(WRITES, UNAUTHORIZED)
    assert banks_of(root) == [("DEMO", "Demo Bank")]


def test_without_the_reader_only_our_guards_stand_in_the_way(
    firm: Organization, bank: Bank, root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That the test before proves something: as the application's user the same write is obeyed."""
    without_router(monkeypatch)
    without_collections(monkeypatch)
    with organization_active(firm.placement):
        WRITES["update"]()
    assert banks_of(root) == [("DEMO", "Changed")]


def test_an_organizations_own_user_neither_reads_nor_writes_them(
    own: Organization, bank: Bank, root: Root
) -> None:
    shared = clients.for_organization(own.placement).client[SHARED]["banks"]
    work: dict[str, Callable[[], Any]] = {
        "read": shared.find_one,
        "insert": lambda: shared.insert_one({"code": "OTHER"}),
        "update": lambda: shared.update_one({}, {"$set": {"name": "Changed"}}),
        "delete": lambda: shared.delete_many({}),
    }
    assert {name: answer_to(one) for name, one in work.items()} == dict.fromkeys(work, UNAUTHORIZED)
    assert banks_of(root) == [("DEMO", "Demo Bank")]


def test_no_person_of_a_firm_gets_into_the_pages_that_write(
    firm: Organization, manager: User, bank: Bank, client_for: Callable[[User], Client]
) -> None:
    client = client_for(manager)
    pages = ("change", "branch_add", "branches_import", "branches_export", "as_firm")
    answers = {client.post(reverse(f"admin:banks_bank_{page}", args=[bank.pk])).status_code for page in pages}
    assert answers <= {302, 403}
    assert Bank.objects.get(pk=bank.pk).name == "Demo Bank"


# The reader ---------------------------------------------------------------------------------------------


def test_firms_read_as_the_reader(firm: Organization, bank: Bank, reader: str) -> None:
    with organization_active(firm.placement):
        assert [one.code for one in visible_banks()] == ["DEMO"]
        assert raw().database.client is clients.for_address(SHARED_READER_SETTING)


def test_staff_write_as_the_application_and_read_what_they_wrote(bank: Bank, reader: str) -> None:
    with shared_resources_writable():
        Bank.objects.filter(code="DEMO").update(name="Changed")
    assert Bank.objects.get(code="DEMO").name == "Changed"


def test_a_transaction_of_staffs_goes_on_with_the_user_that_began_it(bank: Bank, reader: str) -> None:
    with shared_resources_writable(), atomic(SHARED_ALIAS):
        Bank.objects.filter(code="DEMO").update(name="Changed")
        with no_organization():
            assert Bank.objects.get(code="DEMO").name == "Changed"


def test_the_reader_sees_no_other_database(firm: Organization, reader: str) -> None:
    client = clients.for_address(SHARED_READER_SETTING)
    elsewhere = ("valuation_admin", firm.org_id, "admin", "local", "config")
    answers = {name: answer_to(client[name]["organizations"].find_one) for name in elsewhere}
    assert answers == dict.fromkeys(elsewhere, UNAUTHORIZED)


def test_without_the_setting_everything_is_as_before(bank: Bank) -> None:
    assert Bank.objects.get(code="DEMO").name == "Demo Bank"
    assert raw().database.client is clients.for_address("MONGODB_URI")


# The command --------------------------------------------------------------------------------------------


def test_the_command_shows_address_and_password_once(
    administrator: str, root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SHARED_PASSWORD_SETTING, raising=False)
    said = io.StringIO()
    call_command("restrict_shared", administrator=ADMINISTRATOR, stdout=said)
    lines = said.getvalue().splitlines()
    address = next(line for line in lines if line.startswith("mongodb://"))
    assert user_of(address) == (SHARED_READER, PLACEHOLDER)
    with MongoClient[dict[str, Any]](address.replace(PLACEHOLDER, lines[-1])) as client:
        assert client[SHARED]["banks"].find_one() is None
    root[SHARED].command("dropAllRolesFromDatabase")


def test_running_it_again_keeps_the_password_and_mends_the_role(
    reader: str, bank: Bank, root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SHARED_PASSWORD_SETTING)
    everything = [{"resource": {"db": SHARED, "collection": ""}, "actions": ["find", "insert"]}]
    root[SHARED].command("updateRole", SHARED_READER, privileges=everything)
    assert restrict_shared(administrator=ADMINISTRATOR, by=None).new_password is None
    insert = clients.for_address(SHARED_READER_SETTING)[SHARED]["banks"].insert_one
    assert answer_to(lambda: insert({"code": "OTHER"})) == UNAUTHORIZED


def test_a_password_that_nobody_knows_is_not_replaced_unasked(
    administrator: str, root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SHARED_PASSWORD_SETTING, raising=False)
    restrict_shared(administrator=administrator, by=None)
    with pytest.raises(CommandError, match="not known here"):
        call_command("restrict_shared", administrator=ADMINISTRATOR)
    root[SHARED].command("dropAllRolesFromDatabase")


def test_it_is_audited_without_the_password(reader: str) -> None:
    entry = AuditEntry.objects.get(action="shared_resources.restricted")
    assert entry.details == {"user": SHARED_READER, "password": "as before"}
