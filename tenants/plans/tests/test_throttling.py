"""How often the API may be asked: on the real database, whose cache all workers share."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from pytest_django import Settings

from tenants.models import Organization, User
from tenants.origin import Origin, asked_from
from tenants.plans.throttling import too_many_failures

ClientFor = Callable[[User], Client]


@pytest.fixture(autouse=True)
def half_past(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands at 40 seconds past the minute."""
    monkeypatch.setattr("tenants.plans.throttling.time.time", lambda: 1_795_000_000.0 // 60 * 60 + 40)


@pytest.fixture
def three_a_minute(firm: Organization) -> Organization:
    limits = {"api_requests_a_minute": 3, "features": ["api"]}
    Organization.objects.filter(pk=firm.pk).update(plan="basic", limits=limits)
    return firm


def test_what_is_too_much_is_refused_with_the_time_to_wait(
    three_a_minute: Organization, valuer: User, client_for: ClientFor
) -> None:
    browser = client_for(valuer)
    assert [browser.get("/api/me").status_code for _ in range(3)] == [200] * 3
    answer = browser.get("/api/me")
    assert (answer.status_code, answer["Retry-After"]) == (429, "20")
    assert answer.json()["type"] == "/api/docs/#problem-rate"
    assert "3 requests of the API a minute" in answer.json()["detail"]


def test_every_answer_says_how_things_stand(
    three_a_minute: Organization, valuer: User, client_for: ClientFor
) -> None:
    browser = client_for(valuer)
    said = [browser.get("/api/me") for _ in range(4)]
    assert [one["RateLimit-Remaining"] for one in said] == ["2", "1", "0", "0"]
    assert {(one["RateLimit-Limit"], one["RateLimit-Reset"]) for one in said} == {("3", "20")}


def test_the_next_minute_begins_anew(
    three_a_minute: Organization, valuer: User, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = client_for(valuer)
    for _ in range(4):
        browser.get("/api/me")
    monkeypatch.setattr("tenants.plans.throttling.time.time", lambda: 1_795_000_000.0 // 60 * 60 + 61)
    assert browser.get("/api/me").status_code == 200


def test_the_firm_s_people_share_them(
    three_a_minute: Organization, valuer: User, manager: User, client_for: ClientFor
) -> None:
    browser = client_for(valuer)
    for _ in range(3):
        browser.get("/api/me")
    assert client_for(manager).get("/api/me").status_code == 429


def test_another_firm_has_its_own(
    three_a_minute: Organization, valuer: User, rival_valuer: User, client_for: ClientFor
) -> None:
    limits = {"api_requests_a_minute": 3, "features": ["api"]}
    Organization.objects.filter(org_id="beta_surveyors").update(plan="basic", limits=limits)
    browser = client_for(valuer)
    for _ in range(4):
        browser.get("/api/me")
    assert client_for(rival_valuer).get("/api/me").status_code == 200


def test_of_ten_at_once_three_are_served(
    three_a_minute: Organization, valuer: User, client_for: ClientFor
) -> None:
    browsers = [client_for(valuer) for _ in range(10)]

    def ask(browser: Client) -> int:
        try:
            return browser.get("/api/me").status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(10) as pool:
        assert sorted(pool.map(ask, browsers)) == [200] * 3 + [429] * 7


def test_a_limited_firm_s_request_costs_one_command_more(
    three_a_minute: Organization,
    valuer: User,
    client_for: ClientFor,
    commands: Callable[[], AbstractContextManager[list[Any]]],
) -> None:
    browser = client_for(valuer)
    with commands() as sent:
        browser.get("/api/me")
    assert [one.collection for one in sent] == ["sessions", "cache_entries"]


def test_pages_are_not_counted(three_a_minute: Organization, manager: User, client_for: ClientFor) -> None:
    browser = client_for(manager)
    assert [browser.get("/usage/").status_code for _ in range(5)] == [200] * 5


def test_an_address_without_credentials_is_refused_in_the_end(database: None, settings: Any) -> None:
    settings.API_FAILURES_A_MINUTE = 2
    with asked_from(Origin(ip="203.0.113.7")):
        first, second, third = too_many_failures(), too_many_failures(), too_many_failures()
    assert (first, second) == (None, None)
    assert third is not None
    assert (third.status_code, third.headers) == (429, {"Retry-After": "20"})


def test_another_address_is_not(database: None, settings: Any) -> None:
    settings.API_FAILURES_A_MINUTE = 1
    with asked_from(Origin(ip="203.0.113.7")):
        too_many_failures()
    with asked_from(Origin(ip="203.0.113.8")):
        assert too_many_failures() is None


def test_the_neighbours_of_an_ipv6_network_fail_together(database: None, settings: Settings) -> None:
    settings.API_FAILURES_A_MINUTE = 2
    refused = []
    for number in range(3):
        with asked_from(Origin(ip=f"2001:db8::{number}")):
            refused.append(too_many_failures() is not None)
    assert refused == [False, False, True]
