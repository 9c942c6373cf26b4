"""Adding and changing plans and subscriptions: audited, and in force for the firms at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connections

from tenants.models import Organization, Plan, Subscription, User
from tenants.mongodb.transaction import run_atomically
from tenants.naming import CONTROL_ALIAS
from tenants.operations.records import add_record, change_record
from tenants.plans.entitlements import limits_of_plan, pin_end, refresh_entitlement


def add_subscription(subscription: Subscription, *, by: User) -> None:
    """Store a new, validated subscription; its firm has what it grants from now on."""
    pin_end(subscription)

    def store() -> None:
        subscription.pk = None
        add_record(subscription, by=by)
        _refresh(subscription)

    run_atomically(store, using=CONTROL_ALIAS)


def change_subscription(subscription: Subscription, *, before: Mapping[str, Any], by: User) -> dict[str, Any]:
    """Store the fields that ``before`` names (field name → old value) as they are now.

    Returns what was recorded. Whoever ends a subscription without a last day ends it yesterday.
    """
    last = subscription.ends_on
    pin_end(subscription)
    if subscription.ends_on != last:
        before = {"ends_on": last, **before}

    def store() -> dict[str, Any]:
        changes = change_record(subscription, before=before, by=by)
        if changes:
            _refresh(subscription)
        return changes

    return run_atomically(store, using=CONTROL_ALIAS)


def change_plan(plan: Plan, *, before: Mapping[str, Any], by: User) -> dict[str, Any]:
    """Store the changed fields, and repeat them on every firm that has the plan: one command for all."""

    def store() -> dict[str, Any]:
        changes = change_record(plan, before=before, by=by)
        if changes:
            _repeat_limits(plan)
        return changes

    return run_atomically(store, using=CONTROL_ALIAS)


def _refresh(subscription: Subscription) -> None:
    refresh_entitlement(Organization.objects.get(org_id=subscription.organization_id))


def _repeat_limits(plan: Plan) -> None:
    control: Any = connections[CONTROL_ALIAS]
    control.get_collection(Organization._meta.db_table).update_many(
        {"plan": plan.code},
        # Literally: what stands in a plan is no expression. Whether it is past due stays as it is.
        [{"$set": {"limits": {"$mergeObjects": ["$limits", {"$literal": limits_of_plan(plan)}]}}}],
        session=control.session,
    )
