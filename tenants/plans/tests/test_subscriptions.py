"""Plans and subscriptions in force: written down with the change, by the day, by the admin."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tenants.models import AuditEntry, Organization, Plan, Subscription, TaskRecord, User
from tenants.mongodb.transaction import run_atomically
from tenants.naming import CONTROL_ALIAS
from tenants.operations.provision import NewOrganization, create_organization
from tenants.permissions import Feature, Role
from tenants.plans.actions import add_subscription, change_plan, change_subscription
from tenants.plans.duties import recount_files, refresh_entitlements
from tenants.plans.entitlements import refresh_all
from tenants.plans.limits import (
    FeatureNotIncluded,
    LimitReached,
    includes,
    require_feature,
    seats_taken,
    take_seat,
)

ClientFor = Callable[[User], Client]
DAY = timedelta(days=1)


@pytest.fixture
def basic(database: None) -> Plan:
    return Plan.objects.create(
        code="basic", name="Basic", seats=3, reports_a_month=30, storage_mb=500, price_a_month="1500.00",
        api_requests_a_minute=60, features=["api"],
    )  # fmt: skip


@pytest.fixture
def premium(database: None) -> Plan:
    return Plan.objects.create(
        code="premium", name="Premium", seats=15, reports_a_month=300, storage_mb=900, price_a_month="6000"
    )


def today() -> date:
    return timezone.localdate()


def subscribed(firm: Organization, plan: Plan, by: User, **fields: Any) -> Subscription:
    values = {"status": "active", "starts_on": today() - 30 * DAY, **fields}
    subscription = Subscription(organization=firm, plan=plan, **values)
    add_subscription(subscription, by=by)
    return subscription


def now(firm: Organization) -> Organization:
    return Organization.objects.get(pk=firm.pk)


def test_a_new_subscription_is_in_force_at_once(firm: Organization, basic: Plan, staff: User) -> None:
    subscribed(firm, basic, staff, ends_on=today() + 10 * DAY)
    found = now(firm)
    assert (found.plan, found.subscription_ends_on) == ("basic", today() + 10 * DAY)
    assert found.read_only_from == today() + 25 * DAY
    assert found.limits == {
        "name": "Basic",
        "price_a_month": "1500.00",
        "seats": 3,
        "reports_a_month": 30,
        "storage_mb": 500,
        "api_requests_a_minute": 60,
        "features": ["api"],
        "past_due": False,
    }


def test_it_is_audited_with_the_plan_before_and_after(firm: Organization, basic: Plan, staff: User) -> None:
    subscribed(firm, basic, staff)
    assert AuditEntry.objects.get(action="subscription.added").actor == staff.email
    entry = AuditEntry.objects.get(action="organization.plan_changed")
    assert entry.details == {"changes": {"plan": {"from": "", "to": "basic"}}}


def test_ending_it_by_hand_begins_the_grace(firm: Organization, basic: Plan, staff: User) -> None:
    subscription = subscribed(firm, basic, staff)
    subscription.status = "ended"
    change_subscription(subscription, before={"status": "active"}, by=staff)
    assert (now(firm).subscription_ends_on, now(firm).read_only_from) == (today() - DAY, today() + 14 * DAY)
    assert AuditEntry.objects.get(action="subscription.changed").details["changes"] == {
        "ends_on": {"from": None, "to": (today() - DAY).isoformat()},
        "status": {"from": "active", "to": "ended"},
    }


def test_a_renewal_opens_a_firm_that_could_only_be_read(firm: Organization, basic: Plan, staff: User) -> None:
    subscribed(firm, basic, staff, starts_on=today() - 90 * DAY, ends_on=today() - 60 * DAY)
    assert now(firm).is_read_only
    subscribed(firm, basic, staff, starts_on=today())
    assert not now(firm).is_read_only


def test_a_changed_plan_reaches_every_firm_that_has_it(
    firm: Organization, rival: Organization, basic: Plan, premium: Plan, staff: User
) -> None:
    subscribed(firm, basic, staff, status="past_due")
    subscribed(rival, premium, staff)
    basic.seats = 9
    change_plan(basic, before={"seats": 3}, by=staff)
    assert [(now(one).limits or {})["seats"] for one in (firm, rival)] == [9, 15]
    assert (now(firm).limits or {})["past_due"] is True


def test_what_cannot_be_written_down_is_not_changed(
    firm: Organization, basic: Plan, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(organization: Organization) -> None:
        raise RuntimeError

    monkeypatch.setattr("tenants.plans.actions.refresh_entitlement", fail)
    with pytest.raises(RuntimeError):
        subscribed(firm, basic, staff)
    assert not Subscription.objects.exists()
    assert not AuditEntry.objects.filter(action="subscription.added").exists()


def test_a_firm_that_is_made_with_a_plan_has_it(basic: Plan) -> None:
    made = create_organization(NewOrganization("gamma_valuers", "Gamma Valuers", "GV", plan="basic"), by=None)
    assert (made.plan, (made.limits or {})["seats"]) == ("basic", 3)


# By the day -------------------------------------------------------------------------------------------


def test_the_duty_begins_what_begins_with_the_day(
    firm: Organization, basic: Plan, premium: Plan, staff: User
) -> None:
    subscribed(firm, basic, staff)
    later = subscribed(firm, premium, staff, starts_on=today() + 5 * DAY)
    # The day has come, and nobody has touched anything.
    Subscription.objects.filter(pk=later.pk).update(starts_on=today())
    assert refresh_entitlements.func() == ["alpha_valuers"]
    assert now(firm).plan == "premium"


def test_the_duty_writes_nothing_where_all_is_as_it_should_be(
    firm: Organization, rival: Organization, basic: Plan, staff: User,
    commands: Callable[[], AbstractContextManager[list[Any]]],
) -> None:  # fmt: skip
    subscribed(firm, basic, staff)
    with commands() as sent:
        assert refresh_all() == []
    assert [one.name for one in sent if one.name != "getMore"] == ["aggregate"] * 3


def test_an_end_that_was_never_written_down_is_pinned(firm: Organization, basic: Plan) -> None:
    Subscription.objects.create(
        organization=firm, plan=basic, status="ended", starts_on=today() - 90 * DAY, ends_on=None
    )
    refresh_all()
    assert Subscription.objects.get().ends_on == today() - DAY


def test_the_grace_is_a_setting(firm: Organization, basic: Plan, staff: User, settings: Any) -> None:
    settings.SUBSCRIPTION_GRACE_DAYS = 3
    subscribed(firm, basic, staff, ends_on=today())
    assert now(firm).read_only_from == today() + 4 * DAY


def test_the_recount_is_done_for_every_firm(firm: Organization, rival: Organization) -> None:
    assert recount_files.func() == []


def test_the_migration_writes_down_what_subscriptions_grant(firm: Organization, basic: Plan) -> None:
    Plan.objects.filter(pk=basic.pk).update(features=[])
    Subscription.objects.create(organization=firm, plan=basic, starts_on=today() - DAY, ends_on=today() + DAY)
    migration = import_module("tenants.migrations.0008_entitlements")
    for body in (migration.give_plans_features, migration.write_down_what_subscriptions_grant):
        with connections[CONTROL_ALIAS].schema_editor() as editor:
            body(apps, editor)
    written = now(firm)
    assert written.limits is not None
    assert written.limits["features"] == ["activity_export", "api", "single_sign_on"]
    assert refresh_all() == []


# The admin --------------------------------------------------------------------------------------------

PLAN = {
    "code": "gold",
    "name": "Gold",
    "seats": "5",
    "reports_a_month": "50",
    "storage_mb": "500",
    "api_requests_a_minute": "90",
    "backup_every_hours": "24",
    "backups_kept_days": "30",
    "price_a_month": "999.00",
}


def test_staff_tick_features(staff: User, client_for: ClientFor) -> None:
    client_for(staff).post(reverse("admin:tenants_plan_add"), {**PLAN, "features": ["single_sign_on", "api"]})
    assert Plan.objects.get().features == ["api", "single_sign_on"]


def test_a_feature_that_does_not_exist_is_refused(staff: User, client_for: ClientFor) -> None:
    client_for(staff).post(reverse("admin:tenants_plan_add"), {**PLAN, "features": ["everything"]})
    assert not Plan.objects.exists()


def test_staff_s_change_of_a_plan_is_in_force(
    firm: Organization, basic: Plan, staff: User, client_for: ClientFor
) -> None:
    subscribed(firm, basic, staff)
    url = reverse("admin:tenants_plan_change", args=[basic.pk])
    client_for(staff).post(url, {**PLAN, "code": "basic", "features": ["activity_export"]})
    assert (now(firm).limits or {})["features"] == ["activity_export"]


def test_staff_s_subscription_is_in_force(
    firm: Organization, basic: Plan, staff: User, client_for: ClientFor
) -> None:
    form = {
        "organization": firm.org_id,
        "plan": "basic",
        "status": "active",
        "starts_on": today().isoformat(),
    }
    client_for(staff).post(reverse("admin:tenants_subscription_add"), form)
    assert now(firm).plan == "basic"
    url = reverse("admin:tenants_subscription_change", args=[Subscription.objects.get().pk])
    client_for(staff).post(url, {**form, "status": "ended"})
    assert now(firm).subscription_ends_on == today() - DAY


# Features and seats -----------------------------------------------------------------------------------


def test_a_firm_without_a_plan_has_every_feature() -> None:
    assert all(includes(Organization(plan=""), feature) for feature in Feature)


def test_a_feature_that_the_plan_lacks_is_refused_by_name() -> None:
    organization = Organization(plan="basic", limits={"features": ["api"]})
    require_feature(organization, Feature.API)
    with pytest.raises(FeatureNotIncluded, match="“Single sign-on”"):
        require_feature(organization, Feature.SINGLE_SIGN_ON)


def _person(firm: Organization, name: str, **fields: Any) -> User:
    user = User(email=f"{name}@alpha.example", name=name, organization=firm, role=Role.VIEWER.value, **fields)
    user.set_unusable_password()
    user.save()
    return user


@pytest.mark.parametrize(
    ("fields", "seats"),
    [
        ({}, 0),
        ({"password": "a-hash"}, 1),
        ({"cognito_id": "a-subject"}, 1),
        ({"invited_at": -6}, 1),
        ({"invited_at": -8}, 0),
        ({"password": "a-hash", "is_active": False}, 0),
        ({"invited_at": -1, "is_active": False}, 0),
    ],
)
def test_who_has_a_seat(firm: Organization, fields: dict[str, Any], seats: int, settings: Any) -> None:
    settings.INVITATION_DAYS = 7
    person = _person(firm, "somebody")
    if "invited_at" in fields:
        fields = {**fields, "invited_at": timezone.now() + fields["invited_at"] * DAY}
    User.objects.filter(pk=person.pk).update(**fields)
    assert seats_taken(firm) == seats


def test_no_seat_is_given_beyond_the_last(firm: Organization) -> None:
    firm.limits = {"seats": 1}
    run_atomically(lambda: take_seat(firm), using=CONTROL_ALIAS)
    _person(firm, "first", cognito_id="a-subject")
    with pytest.raises(LimitReached, match="All 1 seats"):
        run_atomically(lambda: take_seat(firm), using=CONTROL_ALIAS)


def test_the_letter_about_seats_belongs_to_the_transaction(firm: Organization) -> None:
    firm.limits = {"seats": 1}

    def undone() -> None:
        take_seat(firm)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        run_atomically(undone, using=CONTROL_ALIAS)
    assert not TaskRecord.objects.exists()
    run_atomically(lambda: take_seat(firm), using=CONTROL_ALIAS)
    assert TaskRecord.objects.get().arguments["kwargs"]["what"] == "seats"
