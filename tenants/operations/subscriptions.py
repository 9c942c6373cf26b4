"""Which firms' subscriptions have run out, or soon will."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connections

from tenants.models import Organization, OrganizationStatus, Subscription, SubscriptionStatus
from tenants.naming import CONTROL_ALIAS

# Stands for "no end" in a comparison of dates.
_NEVER = datetime(9999, 12, 31)  # noqa: DTZ001 - the driver takes naive times for UTC


@dataclass(frozen=True, slots=True)
class Ending:
    """An active firm whose last subscription ends on ``ends_on`` (None: no end), or is past due."""

    organization_pk: str
    organization: str
    plan: str
    ends_on: date | None
    past_due: bool


def ending_subscriptions(today: date, *, within: timedelta, most: int) -> list[Ending]:
    """Active firms whose last subscription has ended, is past due or ends within the time; soonest first.

    A renewal counts: only a firm's latest end matters. One query, at most ``most`` firms.
    """
    # DateFields are stored as midnight UTC.
    limit = datetime.combine(today + within, time())
    yesterday = datetime.combine(today - timedelta(days=1), time())
    ended = {"$eq": ["$status", SubscriptionStatus.ENDED.value]}
    until = {
        "$cond": [
            ended,
            {"$min": [{"$ifNull": ["$ends_on", yesterday]}, yesterday]},
            {"$ifNull": ["$ends_on", _NEVER]},
        ]
    }
    pipeline: list[dict[str, Any]] = [
        {"$set": {"until": until, "late": {"$eq": ["$status", SubscriptionStatus.PAST_DUE.value]}}},
        {"$sort": {"until": 1}},
        {
            "$group": {
                "_id": "$org_id",
                "until": {"$last": "$until"},
                "late": {"$last": "$late"},
                "plan": {"$last": "$plan"},
            }
        },
        {"$match": {"$or": [{"until": {"$lte": limit}}, {"late": True}]}},
        {
            "$lookup": {
                "from": Organization._meta.db_table,
                "localField": "_id",
                "foreignField": "org_id",
                "as": "firm",
            }
        },
        {"$unwind": "$firm"},
        {"$match": {"firm.status": OrganizationStatus.ACTIVE.value}},
        {"$sort": {"until": 1, "_id": 1}},
        {"$limit": most},
        {"$project": {"until": 1, "late": 1, "plan": 1, "firm._id": 1, "firm.name": 1}},
    ]
    connection: Any = connections[CONTROL_ALIAS]
    rows = connection.get_collection(Subscription._meta.db_table).aggregate(pipeline)
    return [
        Ending(
            organization_pk=str(row["firm"]["_id"]),
            organization=row["firm"]["name"],
            plan=row["plan"],
            ends_on=None if row["until"].year == _NEVER.year else row["until"].date(),
            past_due=row["late"],
        )
        for row in rows
    ]
