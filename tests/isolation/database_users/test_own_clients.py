"""A firm with a database user of its own has a client of its own, of which there are not too many."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from tenants.context import carry, organization_active
from tenants.models import Counter, Organization, User
from tenants.mongodb.clients import clients
from tenants.mongodb.credentials import password
from tenants.mongodb.reachability import clusters
from tenants.operations.database_users import give_own_user
from tests.isolation.database_users.conftest import KEY

ClientFor = Callable[[User], Client]


def client_of(organization: Organization) -> Any:
    """The client by which the application works for the organization."""
    with organization_active(organization.placement):
        return connections[organization.org_id].database.client  # type: ignore[attr-defined]


def test_the_rival_goes_on_with_the_cluster_s_client(own: Organization, rival: Organization) -> None:
    assert client_of(rival) is clients.for_address("MONGODB_URI")


def test_the_owner_has_a_client_of_its_own(own: Organization) -> None:
    assert client_of(own) is not clients.for_address("MONGODB_URI")


@pytest.fixture
def two_owners(own: Organization, rival: Organization, administrator: str) -> tuple[Organization, ...]:
    give_own_user(rival, administrator=administrator, by=None)
    return own, Organization.objects.get(pk=rival.pk)


def test_dedicated_clients_are_bounded(two_owners: tuple[Organization, ...], settings: Any) -> None:
    settings.ORGANIZATION_CLIENTS = 1
    clients.close_all()
    for organization in two_owners * 2:
        with organization_active(organization.placement):
            Counter.objects.count()
    # None for the cluster: nobody asked the control plane.
    assert clients.count() == 1


def evict_with(other: Organization) -> None:
    """Another thread works for the other firm, whose client takes the only place."""

    def work() -> None:
        with organization_active(other.placement):
            Counter.objects.count()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(carry(work)).result()


def test_an_evicted_client_ends_no_cursor_in_flight(
    two_owners: tuple[Organization, ...], settings: Any
) -> None:
    settings.ORGANIZATION_CLIENTS = 1
    owner, other = two_owners
    with organization_active(owner.placement):
        counters = connections[owner.org_id].database["counters"]  # type: ignore[attr-defined]
        counters.insert_many([{"name": f"number {number}", "value": number} for number in range(30)])
        cursor = counters.find().batch_size(5)
        next(cursor)
        evict_with(other)
        assert len(list(cursor)) == 29


# When the password is another -------------------------------------------------------------------------


@pytest.fixture
def key_was_changed(own: Organization, settings: Any) -> Organization:
    """The process has another key than the one by which the user was made."""
    settings.ORGANIZATION_USERS_KEY = KEY[::-1]
    clients.close_all()
    return own


def test_a_wrong_password_is_a_503_with_a_time_to_come_back(
    key_was_changed: Organization, valuer: User, client_for: ClientFor
) -> None:
    response = client_for(valuer).get(reverse("reports:list"))
    assert (response.status_code, "Retry-After" in response.headers) == (503, True)


def test_a_wrong_password_is_in_no_line_of_the_log(
    key_was_changed: Organization,
    valuer: User,
    client_for: ClientFor,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    client_for(valuer).get(reverse("reports:list"))
    assert caplog.text
    assert password(key_was_changed.org_id) not in caplog.text


def test_a_wrong_password_is_nobody_else_s_matter(
    key_was_changed: Organization, valuer: User, rival_valuer: User, client_for: ClientFor
) -> None:
    client_for(valuer).get(reverse("reports:list"))
    assert client_for(rival_valuer).get(reverse("reports:list")).status_code == 200


def test_a_changed_key_is_put_right_by_running_it_again(
    key_was_changed: Organization, administrator: str, valuer: User, client_for: ClientFor
) -> None:
    give_own_user(key_was_changed, administrator=administrator, by=None)
    assert client_for(valuer).get(reverse("reports:list")).status_code == 200


def test_a_missing_key_is_a_503_too(
    own: Organization, settings: Any, valuer: User, client_for: ClientFor
) -> None:
    settings.ORGANIZATION_USERS_KEY = ""
    clients.close_all()
    assert client_for(valuer).get(reverse("reports:list")).status_code == 503


# One firm's client says nothing of the cluster ---------------------------------------------------------


def goes_on() -> None:
    """Two requests at once: the cluster is not taken for down, or the second would be refused."""
    for _ in range(2):
        clusters["MONGODB_URI"].require()
    for _ in range(2):
        clusters["MONGODB_URI"].leave()


def test_a_wrong_password_does_not_make_the_cluster_count_as_down(
    key_was_changed: Organization, valuer: User, client_for: ClientFor
) -> None:
    client_for(valuer).get(reverse("reports:list"))
    goes_on()


def test_closing_an_evicted_client_does_not_make_the_cluster_count_as_down(
    two_owners: tuple[Organization, ...], settings: Any
) -> None:
    settings.ORGANIZATION_CLIENTS = 1
    owner, other = two_owners
    with organization_active(owner.placement):
        Counter.objects.count()
        evict_with(other)
    # Only now has the last work with the evicted client ended, and nothing was asked since.
    goes_on()
