"""With database users of their own, the server itself refuses what would cross from one firm to another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, connections
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from tenants.context import organization_active
from tenants.models import Counter, Organization
from tenants.mongodb.base import DatabaseWrapper
from tenants.mongodb.clients import clients
from tenants.operations.database_users import APPLICATION
from tenants.registry import registry
from tests.isolation.database_users.conftest import SECRET

UNAUTHORIZED = 13
# Nothing of that name is there, so that a broken role loses nothing.
NOBODYS = "nobodys_firm"


def answer_to(work: Callable[[], Any]) -> int | None:
    """The code of the server's own refusal, however Django has wrapped it, or None when it obeyed."""
    try:
        work()
    except (DatabaseError, OperationFailure) as refusal:
        error: BaseException | None = refusal
        while error is not None and not isinstance(error, OperationFailure):
            error = error.__cause__
        return error.code if error is not None else None
    return None


# The cluster's restricted user -----------------------------------------------------------------------

# By the database that each is sent to.
NEVER_DONE: list[tuple[str, dict[str, Any]]] = [
    (NOBODYS, {"dropDatabase": 1}),
    (NOBODYS, {"drop": "reports"}),
    (NOBODYS, {"collMod": "reports", "validationLevel": "off"}),
    ("admin", {"renameCollection": f"{NOBODYS}.reports", "to": f"{NOBODYS}.other"}),
    ("admin", {"find": "system.users"}),
    ("admin", {"usersInfo": 1}),
    ("admin", {"createUser": "another", "pwd": SECRET, "roles": ["root"]}),
    ("admin", {"updateUser": APPLICATION, "pwd": SECRET}),
    ("admin", {"grantRolesToUser": APPLICATION, "roles": ["root"]}),
    ("admin", {"setParameter": 1, "logLevel": 0}),
    ("admin", {"replSetGetConfig": 1}),
    ("local", {"find": "oplog.rs", "limit": 1}),
    ("config", {"insert": "settings", "documents": [{}]}),
]


def test_the_server_refuses_the_application_what_it_never_does(restricted: str) -> None:
    client = clients.for_address("MONGODB_URI")
    done = [
        (name, command)
        for name, command in NEVER_DONE
        if answer_to(partial(client[name].command, command)) != UNAUTHORIZED
    ]
    assert done == []


# A firm's own user: the server refuses a misrouted command --------------------------------------------


@pytest.fixture
def rivals_counter(rival: Organization) -> Iterator[None]:
    """Something of Beta Surveyors'."""
    with organization_active(rival.placement):
        Counter.objects.create(name="of the rival", value=7)
    yield
    registry.clear()


@pytest.fixture
def misrouted(
    own: Organization, rival: Organization, rivals_counter: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Every guard of ours is off, and Alpha Valuers' connection names Beta Surveyors' database."""
    with organization_active(own.placement):
        monkeypatch.setattr(DatabaseWrapper, "_guard", lambda self: None)
        monkeypatch.setitem(connections[own.org_id].settings_dict, "NAME", rival.org_id)
        yield


def rivals_counters(root: MongoClient[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(one["name"], one["value"]) for one in root["beta_surveyors"]["counters"].find()]


MISROUTED: dict[str, Callable[[], Any]] = {
    "read": lambda: list(Counter.objects.all()),
    "count": lambda: Counter.objects.count(),
    "insert": lambda: Counter.objects.create(name="crossed"),
    "update": lambda: Counter.objects.update(value=0),
    "delete": lambda: Counter.objects.all().delete(),
}


def test_the_server_refuses_every_misrouted_command(misrouted: None) -> None:
    answers = {name: answer_to(work) for name, work in MISROUTED.items()}
    assert answers == dict.fromkeys(MISROUTED, UNAUTHORIZED)


def test_a_misrouted_command_leaves_the_rival_as_it_was(
    misrouted: None, root: MongoClient[dict[str, Any]]
) -> None:
    for work in MISROUTED.values():
        answer_to(work)
    assert rivals_counters(root) == [("of the rival", 7)]


def test_the_server_refuses_to_write_elsewhere_from_within(
    own: Organization, rival: Organization, root: MongoClient[dict[str, Any]]
) -> None:
    with organization_active(own.placement):
        Counter.objects.create(name="crossed", value=1)
        counters = connections[own.org_id].database["counters"]  # type: ignore[attr-defined]
        merge = {"$merge": {"into": {"db": rival.org_id, "coll": "counters"}}}
        assert answer_to(lambda: list(counters.aggregate([merge]))) == UNAUTHORIZED
    assert rivals_counters(root) == []


def test_without_an_own_user_only_our_guards_stand_in_the_way(
    restricted: str,
    firm: Organization,
    rival: Organization,
    rivals_counter: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That the other tests prove something: as the cluster's user the same misrouted command is obeyed."""
    with organization_active(firm.placement):
        monkeypatch.setattr(DatabaseWrapper, "_guard", lambda self: None)
        monkeypatch.setitem(connections[firm.org_id].settings_dict, "NAME", rival.org_id)
        assert [counter.name for counter in Counter.objects.all()] == ["of the rival"]


def test_an_own_user_reads_no_other_database(own: Organization, rival: Organization) -> None:
    client = clients.for_organization(own.placement).client
    elsewhere = ("valuation_admin", "shared_resources", rival.org_id, "admin", "local", "config")
    answers = {name: answer_to(client[name]["organizations"].find_one) for name in elsewhere}
    assert answers == dict.fromkeys(elsewhere, UNAUTHORIZED)


def test_an_own_user_drops_nothing_even_at_home(own: Organization) -> None:
    database = clients.for_organization(own.placement).client[own.org_id]
    assert answer_to(lambda: database.command("drop", "nothing_of_that_name")) == UNAUTHORIZED


def test_an_own_user_works_in_its_own_database(own: Organization) -> None:
    with organization_active(own.placement):
        Counter.objects.create(name="at home", value=1)
        assert Counter.objects.get(name="at home").value == 1
