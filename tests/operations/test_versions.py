"""Which code serves which database: rules without a database."""

from __future__ import annotations

import pytest

from tenants.versions import Release, Standing, can_serve, missing, serves, standing, to_apply

KNOWN = Release(
    head=("a.1", "a.2_index", "a.3"),
    needed=frozenset({"a.1", "a.3"}),
    destructive=frozenset({"a.3"}),
    known=frozenset({"a.1", "a.2_index", "a.3", "a.0_control"}),
)


@pytest.mark.parametrize(
    ("applied", "expected"),
    [
        (["a.1", "a.2_index", "a.3"], Standing.AT_HEAD),
        (["a.3", "a.2_index", "a.1"], Standing.AT_HEAD),
        (["a.0_control", "a.1", "a.2_index", "a.3"], Standing.AT_HEAD),
        (["a.1", "a.3"], Standing.BEHIND),
        (["a.1", "a.3", "a.4"], Standing.BEHIND),
        (["a.1", "a.2_index", "a.3", "a.4"], Standing.AHEAD),
    ],
)
def test_an_organization_stands_behind_at_or_ahead_of_the_code(
    applied: list[str], expected: Standing
) -> None:
    assert standing(KNOWN, applied) == expected


@pytest.mark.parametrize(
    ("applied", "destructive", "expected"),
    [
        (["a.1", "a.2_index", "a.3"], [], True),
        # Only an index is missing.
        (["a.1", "a.3"], ["a.3"], True),
        (["a.1", "a.2_index"], [], False),
        # Newer code added something.
        (["a.1", "a.2_index", "a.3", "a.4"], ["a.3"], True),
        # Newer code took something away.
        (["a.1", "a.2_index", "a.3", "a.4"], ["a.3", "a.4"], False),
    ],
)
def test_code_serves_what_has_all_it_needs_and_has_lost_nothing_it_does_not_know_of(
    applied: list[str], destructive: list[str], expected: bool
) -> None:
    assert serves(KNOWN, applied, destructive) is expected
    assert can_serve(applied, destructive, KNOWN.known, KNOWN.needed) is expected


def test_a_squashed_migration_counts_when_all_its_parts_are_applied() -> None:
    squashed = Release(
        head=("a.1_squashed",),
        needed=frozenset({"a.1_squashed"}),
        destructive=frozenset(),
        known=frozenset({"a.1_squashed", "a.1", "a.2"}),
        replaces={"a.1_squashed": ("a.1", "a.2")},
    )
    assert missing(squashed, ["a.1", "a.2"]) == []
    assert missing(squashed, ["a.1"]) == ["a.1_squashed"]
    assert serves(squashed, ["a.1", "a.2"], [])


@pytest.mark.parametrize(
    ("pending", "allowed", "now"),
    [
        (["a", "b"], "", ["a", "b"]),
        (["a", "GONE", "b"], "", ["a"]),
        # It builds on what this run adds.
        (["a", "GONE", "b"], "GONE", ["a"]),
        (["GONE", "b"], "", []),
        (["GONE", "b"], "GONE", ["GONE", "b"]),
        (["GONE", "b", "LOST"], "GONE", ["GONE", "b"]),
    ],
)
def test_what_takes_away_waits_for_a_run_of_its_own(pending: list[str], allowed: str, now: list[str]) -> None:
    applied, later = to_apply(pending, {"GONE", "LOST"}, allowed)
    assert applied == now
    assert applied + later == pending
