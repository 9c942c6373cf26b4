"""`make test` runs everything, whichever of its rounds it belongs to, and fails when anything fails."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tooling import run_tests


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The exit statuses that the rounds will have; the test fills it."""
    statuses: list[int] = []
    monkeypatch.setattr(run_tests, "_run", lambda arguments: statuses.pop(0))
    return statuses


@pytest.mark.parametrize(
    ("ends", "whole"),
    [
        ((0, 0, 0), 0),
        ((1, 0, 0), 1),
        ((0, 0, 1), 1),
        ((0, 5, 5), 0),
        ((5, 5, 0), 0),
        ((5, 5, 5), 5),
        ((2, 5, 5), 2),
    ],
)
def test_it_fails_when_a_round_fails_or_nothing_ran(
    rounds: list[int], ends: tuple[int, int, int], whole: int
) -> None:
    rounds.extend(ends)
    assert run_tests.main([]) == whole


def test_every_test_belongs_to_exactly_one_round() -> None:
    chosen = [options[1] for options in run_tests.ROUNDS]
    assert chosen == ["not stress", "stress and not alone", "stress and alone"]


def test_what_is_asked_for_reaches_every_round(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Sequence[str]] = []

    def run(arguments: Sequence[str]) -> int:
        asked.append(arguments[-2:])
        return 0

    monkeypatch.setattr(run_tests, "_run", run)
    run_tests.main(["-k", "hazards"])
    assert asked == [["-k", "hazards"]] * len(run_tests.ROUNDS)
