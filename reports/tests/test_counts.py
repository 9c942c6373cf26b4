"""The list's counts are counted again after whatever changes them, and not otherwise."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from reports import counts
from reports.counts import KeptCounts, begin_next_revision
from tenants.context import organization_active
from tenants.models import Counter, Organization
from tenants.mongodb.transaction import atomic

Numbers = dict[tuple[str, str, str], int]
ONE: Numbers = {("draft", "SBI", "State Bank of India"): 1}
TWO: Numbers = {("draft", "SBI", "State Bank of India"): 2}


def counter(*values: Numbers) -> Callable[[], Numbers]:
    """Gives one value after the other."""
    remaining = iter(values)
    return lambda: next(remaining)


def test_it_counts_once_for_a_revision(in_firm: Organization) -> None:
    kept, count = KeptCounts(), counter(ONE, TWO)
    assert [kept.get(count), kept.get(count)] == [ONE, ONE]


def test_it_counts_again_for_the_next_revision(in_firm: Organization) -> None:
    kept, count = KeptCounts(), counter(ONE, TWO)
    kept.get(count)
    begin_next_revision()
    assert kept.get(count) == TWO


def test_each_firm_has_its_own(firm: Organization, rival: Organization) -> None:
    kept = KeptCounts()
    with organization_active(firm.placement):
        kept.get(counter(ONE))
    with organization_active(rival.placement):
        assert kept.get(counter(TWO)) == TWO


def test_a_change_by_hand_is_seen_after_a_minute(
    in_firm: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    kept, count = KeptCounts(), counter(ONE, TWO)
    kept.get(count)
    now[0] += counts.MOST_SECONDS
    assert kept.get(count) == TWO


def test_it_keeps_a_bounded_number_of_firms(
    firm: Organization, rival: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "MOST_FIRMS", 1)
    kept = KeptCounts()
    for organization in (firm, rival):
        with organization_active(organization.placement):
            kept.get(counter(ONE))
    assert list(kept._kept) == [rival.org_id]


def test_a_change_that_is_rolled_back_begins_no_revision(in_firm: Organization) -> None:
    def fail() -> None:
        with atomic():
            begin_next_revision()
            raise ValueError("midway")

    with pytest.raises(ValueError, match="midway"):
        fail()
    assert not Counter.objects.filter(name=counts.REVISION).exists()
