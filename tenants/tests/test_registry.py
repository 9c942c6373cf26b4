"""The registry and the connections it bounds: least recently used out first, never under somebody's feet."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connections

from tenants.context import organization_active
from tenants.models import Counter, Organization
from tenants.mongodb.transaction import atomic
from tenants.registry import Placement, registry


def count(name: str) -> Counter:
    return Counter.objects.create(name=name)


def test_the_registry_drops_the_least_recently_used(settings: Any) -> None:
    settings.ORGANIZATION_DATABASES = 2
    registry.clear()
    for org_id in ("one_firm", "two_firm", "one_firm", "three_firm"):
        registry.remember(Placement(org_id, "MONGODB_URI"))
    assert registry.org_ids() == ["one_firm", "three_firm"]
    registry.clear()


def test_an_eviction_does_not_disturb_work_in_flight(
    firm: Organization, rival: Organization, settings: Any
) -> None:
    settings.ORGANIZATION_DATABASES = settings.ORGANIZATION_CONNECTIONS = 1
    with organization_active(firm.placement):
        with atomic():
            count("begun")
            with organization_active(rival.placement):
                Counter.objects.count()
            count("finished")
        assert Counter.objects.count() == 2


def test_an_eviction_leaves_the_transaction_whole(
    firm: Organization, rival: Organization, settings: Any
) -> None:
    settings.ORGANIZATION_DATABASES = settings.ORGANIZATION_CONNECTIONS = 1

    def half_done() -> None:
        with atomic():
            with organization_active(rival.placement):
                Counter.objects.count()
            count("after the eviction")
            raise ValueError("no")

    with organization_active(firm.placement):
        with pytest.raises(ValueError, match="no"):
            half_done()
        assert not Counter.objects.exists()


def test_a_thread_keeps_a_bounded_number_of_connections(
    firm: Organization, rival: Organization, settings: Any
) -> None:
    settings.ORGANIZATION_CONNECTIONS = 1
    with organization_active(firm.placement):
        first = connections[firm.org_id]
    with organization_active(rival.placement):
        Counter.objects.count()
    with organization_active(firm.placement):
        assert connections[firm.org_id] is not first


def test_a_newer_placement_replaces_the_connection(firm: Organization) -> None:
    with organization_active(firm.placement):
        old = connections[firm.org_id]
    newer = Placement(firm.org_id, "MONGODB_URI", version=2)
    with organization_active(newer):
        assert connections[firm.org_id] is not old
