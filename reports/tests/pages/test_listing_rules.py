"""Filters, numbers and the division of work, without a database."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.http import QueryDict

from reports.listing import MAX_WORDS, Filters, Row, Tally, divide

ME, OTHER = "1" * 24, "2" * 24
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def row(status: str, *, created_by: str = ME, submitted_by: str = "") -> Row:
    return Row(
        pk="a" * 24,
        reference="AV/0001/23112026",
        status=status,
        applicant_name="",
        property_address="",
        bank_name="",
        branch_name="",
        format_title="",
        fair_market_value=None,
        created_by=created_by,
        created_by_name="Creator",
        submitted_by=submitted_by,
        submitted_by_name="Submitter" if submitted_by else "",
        created_at=NOW,
        updated_at=NOW,
        updated_by_name="",
        submitted_at=None,
        approved_at=None,
        approved_by_name="",
        issued_at=None,
    )


def test_it_reads_words_without_regard_to_case() -> None:
    assert Filters.read({"q": "  Kompally  PLOT "}).words == ("kompally", "plot")


def test_it_reads_only_so_many_words() -> None:
    assert len(Filters.read({"q": "a " * 100}).words) == MAX_WORDS


def test_it_takes_an_unknown_status_as_none() -> None:
    assert Filters.read({"status": "lost"}).status == ""


def test_it_writes_an_address_that_reads_back_the_same() -> None:
    filters = Filters(words=("plot", "14&15"), mine=True, status="draft", bank="SBI")
    assert Filters.read(QueryDict(filters.href().removeprefix("?")).dict()) == filters


def test_a_chip_changes_one_filter_and_keeps_the_others() -> None:
    assert Filters(mine=True, bank="SBI").href(status="issued") == "?mine=1&status=issued&bank=SBI"


TALLY = Tally(
    {("draft", "SBI", "State Bank"): 3, ("issued", "SBI", "State Bank"): 2, ("draft", "BOB", "Baroda"): 1}
)


@pytest.mark.parametrize(
    ("status", "bank", "number"),
    [("", "", 6), ("draft", "", 4), ("", "SBI", 5), ("draft", "BOB", 1), ("x", "", 0)],
)
def test_it_counts_for_every_chip_from_one_tally(status: str, bank: str, number: int) -> None:
    assert TALLY.total(status=status, bank=bank) == number


def test_it_lists_the_banks_that_occur_by_name() -> None:
    assert TALLY.banks() == [("BOB", "Baroda"), ("SBI", "State Bank")]


def test_the_valuer_of_a_report_is_who_submitted_it() -> None:
    assert row("in_review", submitted_by=OTHER).valuer == "Submitter"


@pytest.mark.parametrize(
    ("what", "group"),
    [
        (row("changes_requested"), "returned"),
        (row("draft"), "drafts"),
        (row("in_review", created_by=OTHER, submitted_by=OTHER), "to_review"),
        (row("approved", created_by=OTHER, submitted_by=OTHER), "to_issue"),
        (row("in_review", submitted_by=ME), "in_review"),
    ],
)
def test_it_puts_work_where_it_belongs(what: Row, group: str) -> None:
    work = divide([what], ME, reviews=True, issues=True)
    assert getattr(work, group) == [what]


def test_nobody_is_asked_to_review_the_own_submission() -> None:
    assert divide([row("in_review", submitted_by=ME)], ME, reviews=True, issues=True).to_review == []


def test_somebody_elses_draft_is_nobody_elses_work() -> None:
    work = divide([row("draft", created_by=OTHER)], ME, reviews=True, issues=True)
    assert list(work.rows()) == []


def test_what_others_review_does_not_wait_for_me() -> None:
    assert divide([row("in_review", submitted_by=ME)], ME, reviews=False, issues=False).waiting == 0
