from collections import defaultdict
from datetime import date, datetime, time
from types import SimpleNamespace
from typing import Any

from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.utils import timezone

from tenants.planes import Plane
from tenants.plans.entitlements import entitlement_of

# What everybody had before plans named features.
FEATURES = ["activity_export", "api", "single_sign_on"]


def give_plans_features(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Nobody loses what they use: staff narrow the plans afterwards. Done once: ``features`` is filled then."""
    plans = editor.connection.get_collection("plans")  # type: ignore[attr-defined]
    plans.update_many({"features": []}, {"$set": {"features": FEATURES}})


def write_down_what_subscriptions_grant(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """The plan's limits and the days that count, on every organization. Doing it again writes the same."""
    collection: Any = editor.connection.get_collection  # type: ignore[attr-defined]
    plans = {plan["code"]: _limits(plan) for plan in collection("plans").find()}
    subscriptions: dict[str, list[Any]] = defaultdict(list)
    for one in collection("subscriptions").find():
        subscriptions[one["org_id"]].append(
            SimpleNamespace(
                plan_id=one["plan"],
                status=one["status"],
                starts_on=_day(one["starts_on"]),
                ends_on=_day(one.get("ends_on")),
            )
        )
    for org_id, own in subscriptions.items():
        found = entitlement_of(
            own, plans, today=timezone.localdate(), grace_days=settings.SUBSCRIPTION_GRACE_DAYS
        )
        collection("organizations").update_one(
            {"org_id": org_id},
            {
                "$set": {
                    "plan": found.plan,
                    "limits": found.limits,
                    "subscription_ends_on": _midnight(found.ends_on),
                    "read_only_from": _midnight(found.read_only_from),
                }
            },
        )


def _limits(plan: dict[str, Any]) -> dict[str, Any]:
    same = ("name", "seats", "reports_a_month", "storage_mb", "api_requests_a_minute", "features")
    return {**{name: plan.get(name) for name in same}, "price_a_month": f"{plan['price_a_month']}"}


def _day(stored: datetime | None) -> date | None:
    return stored.date() if stored else None


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time()) if day else None


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0007_identity"),
    ]

    operations = [
        migrations.RunPython(give_plans_features, migrations.RunPython.noop, hints={"plane": Plane.CONTROL}),
        migrations.RunPython(
            write_down_what_subscriptions_grant, migrations.RunPython.noop, hints={"plane": Plane.CONTROL}
        ),
    ]
