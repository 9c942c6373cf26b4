"""What a firm's subscriptions grant it today: which of several counts, and from when nothing can be changed.

The rules are a pure function; what it says is repeated on the organization, so that a request needs no
look-up. Everything that depends on the day alone (in grace, reading only) is told by dates stored in advance
and holds without anybody doing anything; which plan applies is written anew by a duty when the day comes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Protocol

from django.conf import settings
from django.utils import timezone

from tenants.audit import record_audit
from tenants.models import Organization, Plan, Subscription, SubscriptionStatus
from tenants.mongodb.transaction import run_atomically
from tenants.naming import CONTROL_ALIAS

_DAY = timedelta(days=1)


class Period(Protocol):
    """A subscription as the rules see it. ``ends_on`` is its last day; None: it does not end."""

    @property
    def plan_id(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def starts_on(self) -> date: ...
    @property
    def ends_on(self) -> date | None: ...


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What a firm has today.

    ``plan`` is empty when it never had a subscription: nothing is limited then, as for a firm that runs the
    system for itself. ``limits`` are the plan's, with ``past_due`` added. ``ends_on`` is the last day that is
    paid for without a gap; ``read_only_from`` the first on which nothing can be changed any more.
    """

    plan: str = ""
    limits: dict[str, Any] | None = field(default=None)
    ends_on: date | None = None
    read_only_from: date | None = None


def entitlement_of(
    subscriptions: Iterable[Period],
    plans: Mapping[str, Mapping[str, Any]],
    *,
    today: date,
    grace_days: int,
) -> Entitlement:
    """What these subscriptions of one firm grant on ``today``.

    Of those that cover the day, the one that began last counts. Without one, the one that ended last, and
    when none has begun yet, the first to come. What was ended by hand ended yesterday at the latest. A
    renewal that follows within the grace keeps the firm from reading only.
    """
    spans = [_span(one, today) for one in subscriptions]
    if not spans:
        return Entitlement()
    # What was ended before it began counts only where nothing else ever did.
    periods = [one for one in spans if one.starts_on <= one.last] or spans
    covering = [one for one in periods if one.starts_on <= today <= one.last]
    over = [one for one in periods if one.last < today]
    if covering:
        counts = max(covering, key=lambda one: one.starts_on)
    elif over:
        counts = max(over, key=lambda one: (one.last, one.starts_on))
    else:
        counts = min(periods, key=lambda one: one.starts_on)
    grace = timedelta(days=max(grace_days, 0))
    paid = _reach(counts.last, periods, gap=timedelta())
    usable = _reach(counts.last, periods, gap=grace)
    past_due = counts.status == SubscriptionStatus.PAST_DUE.value
    return Entitlement(
        plan=counts.plan,
        limits={**plans.get(counts.plan, {}), "past_due": past_due},
        ends_on=None if paid == date.max else paid,
        read_only_from=None if usable == date.max else usable + grace + _DAY,
    )


@dataclass(frozen=True, slots=True)
class _Span:
    plan: str
    status: str
    starts_on: date
    # The last day; ``date.max`` when it does not end.
    last: date


def _span(one: Period, today: date) -> _Span:
    """The days that it covers. What was ended before it began covers none, and ended the day before."""
    last = one.ends_on or date.max
    if one.status == SubscriptionStatus.ENDED.value:
        last = min(last, today - _DAY)
    return _Span(one.plan_id, one.status, one.starts_on, max(last, min(one.starts_on, today) - _DAY))


def _reach(last: date, periods: Sequence[_Span], *, gap: timedelta) -> date:
    """The last day that is covered when gaps of so many days between two periods do not count."""
    for one in sorted(periods, key=lambda span: span.starts_on):
        if last == date.max:
            break
        if one.starts_on <= one.last and last < one.last and one.starts_on <= last + gap + _DAY:
            last = one.last
    return last


# Writing it down ----------------------------------------------------------------------------------------


def limits_of_plan(plan: Plan) -> dict[str, Any]:
    """What of a plan is repeated on the organizations that have it."""
    return {
        "name": plan.name,
        "price_a_month": f"{Decimal(plan.price_a_month):.2f}",
        "seats": plan.seats,
        "reports_a_month": plan.reports_a_month,
        "storage_mb": plan.storage_mb,
        "api_requests_a_minute": plan.api_requests_a_minute,
        "features": list(plan.features or []),
    }


def refresh_entitlement(organization: Organization) -> Entitlement:
    """Write down what the organization has today, within the transaction of what changed it.

    Whatever was written at the same time about the same organization makes the transaction begin anew. Three
    commands, four when the plan changes.
    """
    found = entitlement_of(
        _pinned(Subscription.objects.filter(organization=organization.org_id)),
        {plan.code: limits_of_plan(plan) for plan in Plan.objects.all()},
        today=timezone.localdate(),
        grace_days=settings.SUBSCRIPTION_GRACE_DAYS,
    )
    Organization.objects.filter(pk=organization.pk).update(
        plan=found.plan,
        limits=found.limits,
        subscription_ends_on=found.ends_on,
        read_only_from=found.read_only_from,
        # Always another value: two who write the same would not notice each other.
        updated_at=timezone.now(),
    )
    if organization.plan != found.plan:
        record_audit(
            "organization.plan_changed",
            by=None,
            organization=organization,
            target=organization.org_id,
            details={"changes": {"plan": {"from": organization.plan, "to": found.plan}}},
        )
    return found


def refresh_all() -> list[str]:
    """Write down anew what has changed with the day, or was never written; the organizations concerned.

    Three commands for all that is as it should be, however many organizations there are.
    """
    subscriptions: dict[str, list[Subscription]] = defaultdict(list)
    for one in Subscription.objects.all():
        subscriptions[one.organization_id].append(one)
    plans = {plan.code: limits_of_plan(plan) for plan in Plan.objects.all()}
    today, grace_days = timezone.localdate(), settings.SUBSCRIPTION_GRACE_DAYS
    changed = []
    for stored in Organization.objects.values(*_STORED):
        own = subscriptions.get(stored["org_id"], [])
        wanted = entitlement_of(own, plans, today=today, grace_days=grace_days)
        is_so = Entitlement(
            stored["plan"], stored["limits"], stored["subscription_ends_on"], stored["read_only_from"]
        )
        if wanted != is_so or any(map(_is_open_although_ended, own)):
            changed.append(stored["org_id"])
    for org_id in changed:
        run_atomically(lambda org_id=org_id: _refresh(org_id), using=CONTROL_ALIAS)  # type: ignore[misc]
    return changed


_STORED = ("org_id", "plan", "limits", "subscription_ends_on", "read_only_from")


def _refresh(org_id: str) -> None:
    organization = Organization.objects.filter(org_id=org_id).first()
    if organization is not None:
        refresh_entitlement(organization)


def pin_end(subscription: Subscription) -> None:
    """What is ended by hand ended yesterday at the latest: or its grace would begin anew every day."""
    if not _is_open_although_ended(subscription):
        return
    # What had not begun never begins.
    subscription.ends_on = max(timezone.localdate() - _DAY, subscription.starts_on)


def _is_open_although_ended(one: Subscription) -> bool:
    if one.status != SubscriptionStatus.ENDED.value:
        return False
    today = timezone.localdate()
    return one.ends_on is None or (one.ends_on >= today and one.starts_on < today)


def _pinned(subscriptions: Iterable[Subscription]) -> list[Subscription]:
    """The same, with the last day of those that were ended without one written down."""
    found = list(subscriptions)
    for one in filter(_is_open_although_ended, found):
        pin_end(one)
        Subscription.objects.filter(pk=one.pk).update(ends_on=one.ends_on)
    return found
