"""Database users for tests: an administrator, the cluster's restricted user, a firm's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from pymongo import MongoClient

from tenants.models import Cluster, Organization
from tenants.mongodb.clients import clients
from tenants.operations.database_users import PASSWORD_SETTING, PLACEHOLDER, give_own_user, restrict_cluster
from tenants.registry import registry

ADMINISTRATOR = "MONGODB_ADMIN_URI"
SECRET = "a-made-up-password-for-tests"
KEY = "a-made-up-key-that-is-long-enough-for-tests"


@pytest.fixture
def root(database: None, mongodb_uri: str) -> Iterator[MongoClient[dict[str, Any]]]:
    """Somebody who may do everything; afterwards the server has no user and no role but those it had."""
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        before = {one["user"] for one in client.admin.command("usersInfo", 1)["users"]}
        yield client
        for one in client.admin.command("usersInfo", 1)["users"]:
            if one["user"] not in before:
                client.admin.command("dropUser", one["user"])
        for name in ("admin", "alpha_valuers", "beta_surveyors"):
            client[name].command("dropAllRolesFromDatabase")


@pytest.fixture
def administrator(
    root: MongoClient[dict[str, Any]], mongodb_uri: str, monkeypatch: pytest.MonkeyPatch
) -> str:
    """The name of the variable with an address that may manage users."""
    monkeypatch.setenv(ADMINISTRATOR, mongodb_uri)
    return ADMINISTRATOR


@pytest.fixture
def cluster(database: None) -> Cluster:
    return Cluster.objects.get(name="primary")


@pytest.fixture
def restricted(
    administrator: str, cluster: Cluster, mongodb_uri: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """From here on the application works as the cluster's restricted user; gives that user's address."""
    monkeypatch.setenv(PASSWORD_SETTING, SECRET)
    done = restrict_cluster(cluster, administrator=administrator, by=None)
    address = done.address.replace(PLACEHOLDER, SECRET)
    clients.close_all()
    django_settings.MONGODB_ADDRESSES["MONGODB_URI"] = address
    yield address
    django_settings.MONGODB_ADDRESSES["MONGODB_URI"] = mongodb_uri
    clients.close_all()


@pytest.fixture
def key(settings: Any) -> str:
    settings.ORGANIZATION_USERS_KEY = KEY
    return KEY


@pytest.fixture
def own(key: str, restricted: str, administrator: str, firm: Organization) -> Iterator[Organization]:
    """Alpha Valuers with a database user of its own, everybody else with the cluster's restricted one."""
    give_own_user(firm, administrator=administrator, by=None)
    yield Organization.objects.get(pk=firm.pk)
    registry.clear()
    clients.close_all()


@pytest.fixture(params=["restricted", "own"])
def limited(request: pytest.FixtureRequest, firm: Organization) -> Organization:
    """Alpha Valuers under the cluster's restricted user, and again under its own."""
    request.getfixturevalue(request.param)
    return Organization.objects.get(pk=firm.pk)
