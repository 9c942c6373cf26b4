"""The order of the tests under stress: the one that takes longest begins first, the others beside it."""

from __future__ import annotations

import pytest

LONGEST = "test_many_organizations.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name != LONGEST)
