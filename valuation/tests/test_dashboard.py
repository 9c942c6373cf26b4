"""The staff's dashboard."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tenants.models import (
    Cluster,
    Operation,
    Organization,
    OrganizationStatus,
    Plan,
    Subscription,
    TaskRecord,
    User,
)
from tenants.mongodb.monitoring import Command
from tenants.operations.suspending import suspend_organization
from valuation.dashboard import Attention, dashboard

TODAY = date(2026, 11, 23)
# The session, the person, and what the page's own query functions ask.
BUDGET = 16


@pytest.fixture
def plan(database: None) -> Plan:
    return Plan.objects.create(
        code="basic", name="Basic", seats=5, reports_a_month=50, storage_mb=500, price_a_month="999.00"
    )


def subscribe(
    firm: Organization, plan: Plan, *, ends_in: int | None, status: str = "active", began: int = -300
) -> None:
    Subscription.objects.create(
        organization=firm,
        plan=plan,
        status=status,
        starts_on=TODAY + timedelta(days=began),
        ends_on=None if ends_in is None else TODAY + timedelta(days=ends_in),
    )


def stopped(firm: Organization, **fields: Any) -> Operation:
    """An operation of the firm that has stopped."""
    made = {"kind": "move", "step": "copy", "status": "stopped", "problem": "No room.", **fields}
    return Operation.objects.create(org_id=firm.org_id, requested_by="system", **made)


def reasons() -> list[tuple[str, str]]:
    return [(one.name, one.reason) for one in dashboard(TODAY).attention]


def only() -> Attention:
    [one] = dashboard(TODAY).attention
    return one


def test_a_sound_firm_needs_nobody(firm: Organization, plan: Plan) -> None:
    subscribe(firm, plan, ends_in=None)
    assert reasons() == []


def test_a_firm_without_a_subscription_needs_nobody(firm: Organization) -> None:
    assert reasons() == []


def test_it_names_a_half_made_firm(firm: Organization) -> None:
    Organization.objects.filter(pk=firm.pk).update(status=OrganizationStatus.PROVISIONING)
    assert reasons() == [("Alpha Valuers", "Provisioning is not finished")]


def test_it_names_a_suspended_firm_with_the_reason(firm: Organization, staff: User) -> None:
    suspend_organization(firm, reason="Unpaid since March", by=staff)
    assert (only().reason, only().detail) == ("Suspended", "Unpaid since March")


def test_it_names_a_firm_whose_database_lacks_a_migration(firm: Organization) -> None:
    # Of indexes alone: without another one this code could not serve the firm, which would be said too.
    had = [one for one in firm.migrations if one != "reports.0002_list_indexes"]
    Organization.objects.filter(pk=firm.pk).update(migrations=had)
    assert only().reason == "Migrations are pending"


def test_the_order_in_which_migrations_were_applied_does_not_matter(firm: Organization) -> None:
    Organization.objects.filter(pk=firm.pk).update(migrations=firm.migrations[::-1])
    assert reasons() == []


@pytest.mark.parametrize(
    ("ends_in", "reason"),
    [
        (-1, "The subscription has ended"),
        (0, "The subscription ends soon"),
        (30, "The subscription ends soon"),
    ],
)
def test_it_names_a_firm_whose_subscription_runs_out(
    firm: Organization, plan: Plan, ends_in: int, reason: str
) -> None:
    subscribe(firm, plan, ends_in=ends_in)
    assert only().reason == reason


def test_a_subscription_that_ends_in_31_days_can_wait(firm: Organization, plan: Plan) -> None:
    subscribe(firm, plan, ends_in=31)
    assert reasons() == []


def test_it_names_a_subscription_that_is_past_due(firm: Organization, plan: Plan) -> None:
    subscribe(firm, plan, ends_in=None, status="past_due")
    assert only().reason == "The subscription is past due"


def test_it_names_a_firm_whose_subscription_was_ended_by_hand(firm: Organization, plan: Plan) -> None:
    subscribe(firm, plan, ends_in=200, status="ended")
    assert only().reason == "The subscription has ended"


def test_a_renewal_settles_the_subscription_before_it(firm: Organization, plan: Plan) -> None:
    subscribe(firm, plan, ends_in=-5, status="ended")
    subscribe(firm, plan, ends_in=360, began=-4)
    assert reasons() == []


def test_a_suspended_firm_is_named_once(firm: Organization, plan: Plan, staff: User) -> None:
    subscribe(firm, plan, ends_in=-5)
    suspend_organization(firm, reason="Unpaid", by=staff)
    assert reasons() == [("Alpha Valuers", "Suspended")]


def test_what_cannot_wait_comes_first(firm: Organization, rival: Organization, plan: Plan) -> None:
    subscribe(firm, plan, ends_in=10)
    subscribe(rival, plan, ends_in=-10)
    assert [one.tone for one in dashboard(TODAY).attention] == ["bad", "warn"]


def test_it_measures_a_cluster_s_room(firm: Organization) -> None:
    [state] = dashboard(TODAY).clusters
    assert state.organizations == 1
    assert state.room is not None
    assert state.room.open_files > 0


def test_an_unreachable_cluster_is_shown_and_not_fatal(
    firm: Organization, staff: User, client_for: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        settings.MONGODB_ADDRESSES, "MONGODB_URI_DOWN", "mongodb://127.0.0.1:9/?directConnection=true"
    )
    monkeypatch.setitem(settings.MONGODB_CLIENT_OPTIONS, "serverSelectionTimeoutMS", 200)
    monkeypatch.setitem(settings.MONGODB_CLIENT_OPTIONS, "timeoutMS", 500)
    Cluster.objects.create(name="away", address_setting="MONGODB_URI_DOWN")
    page = client_for(staff).get(reverse("admin:index")).content.decode()
    assert "The cluster does not answer" in page


def test_a_cluster_whose_setting_is_missing_is_shown_and_not_fatal(firm: Organization) -> None:
    Cluster.objects.create(name="nowhere", address_setting="MONGODB_URI_NOWHERE")
    problems = {state.cluster.name: state.problem for state in dashboard(TODAY).clusters}
    assert "MONGODB_URI_NOWHERE" in problems["nowhere"]


def test_it_asks_a_bounded_number_of_queries(
    firm: Organization,
    rival: Organization,
    plan: Plan,
    staff: User,
    client_for: Callable[[User], Client],
    commands: Callable[[], AbstractContextManager[list[Command]]],
) -> None:
    for one in (firm, rival):
        subscribe(one, plan, ends_in=-1)
    stopped(firm)
    Organization.objects.update(created_at=timezone.now() - timedelta(days=9))
    client = client_for(staff)
    with commands() as sent:
        client.get(reverse("admin:index"))
    assert len(sent) <= BUDGET, [str(one) for one in sent]


def test_it_names_an_operation_that_stopped_with_the_problem(firm: Organization) -> None:
    operation = stopped(firm)
    assert (only().name, only().reason, only().detail) == ("Alpha Valuers", "Move stopped", "No room.")
    assert str(operation.pk) in only().url


def test_it_names_an_operation_whose_runner_has_died(firm: Organization) -> None:
    stopped(firm, status="running", lease_until=timezone.now() - timedelta(minutes=1))
    assert only().reason == "Move was left by its runner"


def test_an_operation_that_runs_needs_nobody(firm: Organization) -> None:
    stopped(firm, status="running", lease_until=timezone.now() + timedelta(minutes=5))
    assert reasons() == []


@pytest.mark.parametrize(("minutes", "expected"), [(1, []), (3, [("Alpha Valuers", "Move waits")])])
def test_an_operation_that_waits_for_long_has_no_worker(
    firm: Organization, minutes: int, expected: list[tuple[str, str]]
) -> None:
    stopped(firm, status="waiting", created_at=timezone.now() - timedelta(minutes=minutes))
    assert reasons() == expected


def test_it_names_a_firm_whose_backup_is_overdue(firm: Organization) -> None:
    Organization.objects.filter(pk=firm.pk).update(last_backup_at=timezone.now() - timedelta(days=3))
    assert reasons() == [("Alpha Valuers", "The backup is overdue")]


def test_it_counts_tasks_that_were_tried_in_vain(firm: Organization) -> None:
    TaskRecord.objects.create(key="one", path="tasks.some", state="DEAD")
    assert (only().name, only().reason) == ("1 task", "Tried in vain")


def test_it_shows_the_newest_of_the_audit_log(firm: Organization, staff: User, client_for: Any) -> None:
    suspend_organization(firm, reason="Unpaid", by=staff)
    page = client_for(staff).get(reverse("admin:index")).content.decode()
    assert "organization.suspended" in page
