"""Which subscription counts, and from when a firm can only be read: rules without a database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.plans.entitlements import Entitlement, entitlement_of

TODAY = date(2026, 11, 23)
DAY = timedelta(days=1)
PLANS = {"basic": {"seats": 3}, "premium": {"seats": 15}}


@dataclass(frozen=True)
class Sub:
    plan_id: str
    status: str
    starts_on: date
    ends_on: date | None = None


def sub(starts: int, ends: int | None = None, *, plan: str = "basic", status: str = "active") -> Sub:
    """From so many days after today until so many days after."""
    return Sub(plan, status, TODAY + starts * DAY, None if ends is None else TODAY + ends * DAY)


def of(*subscriptions: Sub, today: date = TODAY, grace: int = 14) -> Entitlement:
    return entitlement_of(subscriptions, PLANS, today=today, grace_days=grace)


def test_a_firm_that_never_had_a_subscription_has_no_limits() -> None:
    assert of() == Entitlement(plan="", limits=None, ends_on=None, read_only_from=None)


def test_it_grants_what_the_plan_says() -> None:
    assert of(sub(-10, plan="premium")).limits == {"seats": 15, "past_due": False}


def test_of_two_that_cover_the_day_the_later_begun_counts() -> None:
    assert of(sub(-300, 60, plan="basic"), sub(-5, plan="premium")).plan == "premium"


def test_one_that_has_not_begun_does_not_count_beside_one_that_has() -> None:
    assert of(sub(-300, 60), sub(5, plan="premium")).plan == "basic"


def test_a_first_subscription_to_come_limits_already_and_is_not_read_only() -> None:
    found = of(sub(5, 30, plan="premium"))
    assert (found.plan, found.ends_on) == ("premium", TODAY + 30 * DAY)
    assert found.read_only_from == TODAY + 45 * DAY


def test_the_last_day_is_paid_for() -> None:
    assert of(sub(-30, 0)).ends_on == TODAY


def test_after_the_end_the_last_plan_goes_on_through_the_grace() -> None:
    found = of(sub(-300, -100, plan="premium"), sub(-99, -1))
    assert (found.plan, found.read_only_from) == ("basic", TODAY + 14 * DAY)


def test_without_grace_the_day_after_the_end_is_read_only() -> None:
    assert of(sub(-30, -1), grace=0).read_only_from == TODAY


def test_a_subscription_without_end_is_never_read_only() -> None:
    assert of(sub(-30)).read_only_from is None


def test_a_renewal_that_follows_at_once_moves_the_end() -> None:
    assert of(sub(-30, 3), sub(4, 100)).ends_on == TODAY + 100 * DAY


def test_a_renewal_without_an_end_leaves_none() -> None:
    assert of(sub(-30, 3), sub(4)).ends_on is None


def test_a_renewal_within_the_grace_keeps_the_firm_from_reading_only() -> None:
    found = of(sub(-30, 3), sub(10, 100))
    assert (found.ends_on, found.read_only_from) == (TODAY + 3 * DAY, TODAY + 115 * DAY)


def test_a_renewal_after_the_grace_does_not() -> None:
    assert of(sub(-30, 3), sub(40, 100)).read_only_from == TODAY + 18 * DAY


def test_past_due_grants_the_same_and_says_so() -> None:
    found = of(sub(-30, 30, status="past_due"))
    assert (found.plan, found.limits and found.limits["past_due"]) == ("basic", True)


@pytest.mark.parametrize("ends", [None, 30])
def test_what_was_ended_by_hand_ended_yesterday(ends: int | None) -> None:
    assert of(sub(-30, ends, status="ended")).ends_on == TODAY - DAY


def test_what_was_ended_before_it_began_gives_no_free_firm() -> None:
    found = of(sub(-20, -30, status="ended"))
    assert (found.plan, found.read_only_from) == ("basic", TODAY - 6 * DAY)


def test_what_was_cancelled_before_it_began_prolongs_nothing() -> None:
    assert of(sub(-60, -20), sub(-10, -15, status="ended")).read_only_from == TODAY - 5 * DAY


subscriptions = st.lists(
    st.builds(
        lambda start, length, status: sub(start, None if length is None else start + length, status=status),
        st.integers(-60, 60),
        st.none() | st.integers(0, 60),
        st.sampled_from(["trial", "active", "past_due", "ended"]),
    ),
    max_size=5,
)


def _covers(one: Sub, day: date) -> bool:
    return one.status != "ended" and one.starts_on <= day and (one.ends_on is None or day <= one.ends_on)


@given(subscriptions, st.integers(0, 30))
def test_never_read_only_while_a_subscription_covers_the_day(subs: list[Sub], grace: int) -> None:
    found = of(*subs, grace=grace)
    if any(_covers(one, TODAY) for one in subs):
        assert found.read_only_from is None or found.read_only_from > TODAY


@given(subscriptions, st.integers(0, 30), st.integers(0, 30))
def test_a_longer_grace_never_makes_it_read_only_sooner(subs: list[Sub], grace: int, more: int) -> None:
    short, long = of(*subs, grace=grace).read_only_from, of(*subs, grace=grace + more).read_only_from
    assert long is None or (short is not None and short <= long)


@given(subscriptions, st.integers(0, 30))
def test_the_grace_is_never_cut_short(subs: list[Sub], grace: int) -> None:
    found = of(*subs, grace=grace)
    if found.read_only_from is not None and found.ends_on is not None:
        assert found.read_only_from >= found.ends_on + (grace + 1) * DAY


@given(subscriptions)
def test_whoever_ever_had_a_subscription_has_a_plan(subs: list[Sub]) -> None:
    assert (of(*subs).plan != "") is bool(subs)


@given(subscriptions, st.randoms(use_true_random=False))
def test_the_order_of_subscriptions_does_not_matter_for_the_days(subs: list[Sub], random: Any) -> None:
    shuffled = list(subs)
    random.shuffle(shuffled)
    one, other = of(*subs), of(*shuffled)
    if len({(sub.starts_on) for sub in subs}) == len(subs):
        assert one == other
