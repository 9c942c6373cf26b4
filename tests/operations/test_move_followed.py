"""Every thread follows an organization's changed placement, whatever it was about when that changed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from django.db import connections

from tenants.context import organization_active
from tenants.errors import WritesFrozen
from tenants.mongodb.transaction import atomic
from tenants.registry import Placement, registry

WEST = "MONGODB_URI_WEST"
ORG_ID = "moving_valuers"


def _cluster_in_use() -> str:
    """Where the thread's connection to the firm's database leads."""
    connection: Any = connections[ORG_ID]
    return str(connection.settings_dict["ADDRESS_SETTING"])


@pytest.fixture
def placements(database: None) -> tuple[Placement, Placement]:
    """The firm's placement before and after a move."""
    return Placement(ORG_ID, "MONGODB_URI", 1), Placement(ORG_ID, WEST, 2)


def test_a_thread_follows_its_own_request_whatever_others_remember(
    placements: tuple[Placement, Placement],
) -> None:
    old, new = placements
    with organization_active(new):
        # Another thread's request, which began before the switch and asks the registry only now.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(registry.remember, old).result()
        assert _cluster_in_use() == WEST


def test_a_transaction_that_outlives_the_switch_leaves_no_connection_to_the_source(
    placements: tuple[Placement, Placement],
) -> None:
    old, new = placements
    with organization_active(old), suppress(WritesFrozen), atomic():
        # As a write does that looks at the control plane again.
        registry.remember(new)
        raise WritesFrozen(ORG_ID)
    with organization_active(new):
        assert _cluster_in_use() == WEST
