"""Switching collections, without a database: cut short after any rename, it ends as if it had not been."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from bson import ObjectId

from tenants.operations.backups.replacing import Rename, aside_name, incoming_name, switch_back, switch_in

OPERATION = ObjectId()
LIVE, INCOMING = ["reports", "counters", "older"], ["reports", "counters", "newer"]
Names = dict[str, str]
Plan = Callable[[Iterable[str]], list[Rename]]

BEFORE: Names = {
    **{name: f"old {name}" for name in LIVE},
    **{incoming_name(OPERATION, name): f"new {name}" for name in INCOMING},
}
AFTER: Names = {
    **{aside_name(OPERATION, name): f"old {name}" for name in LIVE},
    **{name: f"new {name}" for name in INCOMING},
}


def there(names: Iterable[str]) -> list[Rename]:
    return switch_in(names, operation=OPERATION, live=LIVE, incoming=INCOMING)


def back(names: Iterable[str]) -> list[Rename]:
    return switch_back(names, operation=OPERATION, live=LIVE, incoming=INCOMING)


def renamed(names: Names, steps: Iterable[Rename]) -> Names:
    """Name → what it holds, after the renames; one that is in the way is dropped, as the server does."""
    names = dict(names)
    for step in steps:
        names[step.target] = names.pop(step.source)
    return names


@pytest.mark.parametrize(("begin", "plan", "end"), [(BEFORE, there, AFTER), (AFTER, back, BEFORE)])
@pytest.mark.parametrize("first", range(7))
@pytest.mark.parametrize("second", range(7))
def test_a_switch_cut_short_twice_ends_like_one_that_was_not(
    begin: Names, plan: Plan, end: Names, first: int, second: int
) -> None:
    names = renamed(begin, plan(begin)[:first])
    names = renamed(names, plan(names)[:second])
    assert renamed(names, plan(names)) == end


@pytest.mark.parametrize(("end", "plan"), [(AFTER, there), (BEFORE, back)])
def test_a_switch_that_is_done_has_nothing_left_to_do(end: Names, plan: Plan) -> None:
    assert plan(end) == []


def test_what_a_straggler_makes_in_the_gap_does_not_stop_the_switch() -> None:
    names = renamed(BEFORE, there(BEFORE)[:3])
    names["reports"] = "a straggler's"
    assert renamed(names, there(names)) == AFTER
