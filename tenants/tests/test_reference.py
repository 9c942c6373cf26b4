"""Reference numbers by a firm's pattern."""

from __future__ import annotations

from datetime import date

import pytest

from tenants.reference import PatternProblem, financial_year, read_pattern

DAY = date(2026, 11, 23)


def filled(pattern: str, number: int = 42) -> str:
    return read_pattern(pattern).fill(number=number, day=DAY, initials="DO", bank_code="SBI")


@pytest.mark.parametrize(
    ("pattern", "reference"),
    [
        ("{initials}/{seq:04}/{DDMMYYYY}", "DO/0042/23112026"),
        ("{bank}-{seq}-{YY}", "SBI-42-26"),
        ("{FY}/{seq:06:fy}", "2026-27/000042"),
        ("VAL {seq:04:year}.{YYYY}", "VAL 0042.2026"),
    ],
)
def test_a_pattern_is_filled(pattern: str, reference: str) -> None:
    assert filled(pattern) == reference


def test_a_number_longer_than_its_digits_is_not_cut() -> None:
    assert filled("{seq:04}", 123456) == "123456"


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "{initials}",
        "{seq}{seq}",
        "{seq}/{name}",
        "{seq.__class__}",
        "{seq!r}",
        "{seq:04:year}",
        "{seq:04:fy}/{YYYY}",
        "<b>{seq}</b>",
        "{seq}" + "x" * 60,
    ],
)
def test_a_pattern_that_cannot_be_used_is_refused(pattern: str) -> None:
    with pytest.raises(PatternProblem):
        read_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "counter"),
    [
        ("{seq}", "report"),
        ("{seq:04:year}/{YYYY}", "report-2026"),
        ("{seq:04:fy}/{FY}", "report-fy-2026-27"),
    ],
)
def test_a_number_that_begins_anew_has_a_counter_of_its_own(pattern: str, counter: str) -> None:
    assert read_pattern(pattern).counter(DAY) == counter


@pytest.mark.parametrize(
    ("day", "year"),
    [(date(2026, 3, 31), "2025-26"), (date(2026, 4, 1), "2026-27"), (date(2099, 12, 1), "2099-00")],
)
def test_the_financial_year_begins_in_april(day: date, year: str) -> None:
    assert financial_year(day) == year
