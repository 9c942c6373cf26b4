"""The usage page, and what every page says of the subscription."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tenants.context import organization_active
from tenants.models import Counter, Organization, User
from tenants.plans.limits import Level
from tenants.plans.months import counter_of
from tenants.plans.storage import COUNTER, MEGABYTE
from tenants.plans.usage import history, meters
from tenants.templatetags.plans import in_groups

ClientFor = Callable[[User], Client]
DAY = date(2026, 11, 23)
LIMITS = {
    "name": "Premium",
    "price_a_month": "145000.00",
    "seats": 15,
    "reports_a_month": 30,
    "storage_mb": 200,
    "api_requests_a_minute": 300,
    "features": ["api"],
    "past_due": False,
}


def with_plan(firm: Organization, **fields: Any) -> Organization:
    Organization.objects.filter(pk=firm.pk).update(**{"plan": "premium", "limits": LIMITS, **fields})
    return firm


def page(browser: Client) -> str:
    answer = browser.get("/usage/")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_meters_say_what_is_used_in_their_units() -> None:
    counters = {COUNTER: 5 * MEGABYTE + 1, counter_of(DAY): 24}
    found = meters(Organization(plan="premium", limits=LIMITS), counters, seats=15, day=DAY)
    assert [(one.name, one.used, one.percent, one.level) for one in found] == [
        ("seats", 15, 100, Level.FULL),
        ("reports", 24, 80, Level.NEAR),
        ("storage", 6, 3, Level.FREE),
    ]


def test_the_history_is_of_twelve_months_to_scale() -> None:
    bars = history({"reports.2026-11": 10, "reports.2026-10": 20, "reports.2025-11": 99}, day=DAY)
    assert [(bar.begun, bar.percent) for bar in bars] == [(0, 0)] * 10 + [(20, 100), (10, 50)]


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (500000, "5,00,000"), ("1500.00", "1,500"), ("", "")])
def test_numbers_are_grouped_as_in_india(value: object, text: str) -> None:
    assert in_groups(value) == text


def test_it_shows_plan_price_and_limits(firm: Organization, manager: User, client_for: ClientFor) -> None:
    with_plan(firm)
    text = page(client_for(manager))
    assert "₹ 1,45,000 a month" in text
    assert "300 requests a minute" in text
    assert "<strong>0</strong> of 30 reports" in text


def test_it_warns_in_words(firm: Organization, manager: User, client_for: ClientFor) -> None:
    with_plan(firm)
    with organization_active(firm.placement):
        Counter.objects.create(name=counter_of(timezone.localdate()), value=24)
        Counter.objects.create(name=COUNTER, value=200 * MEGABYTE)
    text = page(client_for(manager))
    assert text.count("Nearly used") == 1
    assert "All used" in text
    assert "No file can be added until one is removed" in text


def test_a_firm_without_a_plan_is_told_so(firm: Organization, manager: User, client_for: ClientFor) -> None:
    assert "Your firm has no subscription" in page(client_for(manager))


@pytest.mark.parametrize("role", ["valuer", "assistant", "viewer"])
def test_it_is_for_managers(role: str, request: pytest.FixtureRequest, client_for: ClientFor) -> None:
    assert client_for(request.getfixturevalue(role)).get("/usage/").status_code == 403


def test_signed_out_it_asks_to_sign_in(database: None) -> None:
    assert Client().get("/usage/").status_code == 302


def test_another_firm_s_figures_are_not_in_it(
    firm: Organization, rival_manager: User, client_for: ClientFor
) -> None:
    with_plan(firm)
    with organization_active(firm.placement):
        Counter.objects.create(name=counter_of(timezone.localdate()), value=777)
    assert "777" not in page(client_for(rival_manager))


def test_it_is_there_in_a_firm_that_can_only_be_read(
    firm: Organization, manager: User, client_for: ClientFor
) -> None:
    ended = timezone.localdate() - timedelta(days=30)
    with_plan(firm, subscription_ends_on=ended, read_only_from=ended + timedelta(days=15))
    assert "Read only since" in page(client_for(manager))


def test_it_costs_two_commands_of_its_own(
    firm: Organization,
    manager: User,
    client_for: ClientFor,
    commands: Callable[[], AbstractContextManager[list[Any]]],
) -> None:
    with organization_active(with_plan(firm).placement):
        Counter.objects.create(name=COUNTER, value=1)
    browser = client_for(manager)
    with commands() as sent:
        browser.get("/usage/")
    assert [one.collection for one in sent] == ["sessions", "counters", "users"]


# On every page ----------------------------------------------------------------------------------------


def test_a_manager_reads_on_every_page_when_the_subscription_ends(
    firm: Organization, manager: User, client_for: ClientFor
) -> None:
    with_plan(firm, subscription_ends_on=timezone.localdate() + timedelta(days=3))
    assert "The subscription ends on" in client_for(manager).get("/").content.decode()


def test_a_valuer_is_not_troubled_with_it(firm: Organization, valuer: User, client_for: ClientFor) -> None:
    with_plan(firm, subscription_ends_on=timezone.localdate() + timedelta(days=3))
    assert "The subscription" not in client_for(valuer).get("/").content.decode()


def test_everybody_reads_that_nothing_can_be_changed(
    firm: Organization, valuer: User, client_for: ClientFor
) -> None:
    ended = timezone.localdate() - timedelta(days=30)
    with_plan(firm, subscription_ends_on=ended, read_only_from=ended + timedelta(days=15))
    assert "A manager of your firm can have it renewed." in client_for(valuer).get("/").content.decode()


def test_the_notice_costs_no_command(
    firm: Organization,
    valuer: User,
    client_for: ClientFor,
    commands: Callable[[], AbstractContextManager[list[Any]]],
) -> None:
    browser = client_for(valuer)
    with commands() as before:
        browser.get("/")
    with_plan(firm, subscription_ends_on=timezone.localdate() - timedelta(days=3))
    with commands() as after:
        browser.get("/")
    assert len(after) == len(before)
