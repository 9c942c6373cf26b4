"""The choices of a new report."""

from __future__ import annotations

from typing import Any

from banks.merging import MergedBank, merge_bank
from banks.queries import FormatSummary
from reports.beginning import BRANCHES_SHOWN, BeginForm, branches_matching

FLAT = FormatSummary("f" * 24, "SBI", "general", "flat", 1, "Flat", "")
LAND = FormatSummary("a" * 24, "SBI", "general", "land_building", 1, "Land", "")
OTHER_BANKS = FormatSummary("b" * 24, "BOB", "general", "land_building", 1, "Land", "")


def bank(count: int = 3) -> MergedBank:
    branches = [
        {
            "code": f"B{n}",
            "name": f"Branch {n:03}",
            "ifsc": f"SBIN0{n:06}",
            "city": "Pune" if n % 2 else "Nagpur",
        }
        for n in range(count)
    ]
    merged = merge_bank({"code": "SBI", "name": "State Bank", "branches": branches})
    assert merged is not None
    return merged


def begin_form(formats: list[FormatSummary] | None = None, **data: Any) -> BeginForm:
    return BeginForm(data, bank=bank(), formats=formats or [FLAT, LAND, OTHER_BANKS])


def test_it_takes_a_branch_and_a_format_of_the_bank() -> None:
    assert begin_form(branch="B1", format=FLAT.id).is_valid()


def test_it_refuses_a_branch_of_another_bank() -> None:
    assert begin_form(branch="X9", format=FLAT.id).errors["branch"] == [
        "State Bank has no such branch; choose one of the list."
    ]


def test_it_refuses_a_format_of_another_bank() -> None:
    assert "format" in begin_form(branch="B1", format=OTHER_BANKS.id).errors


def test_it_asks_for_the_bank_first() -> None:
    form = BeginForm({"branch": "B1", "format": FLAT.id}, bank=None, formats=[FLAT])
    assert "Choose the bank." in form.non_field_errors()


def test_the_only_format_is_chosen_already() -> None:
    assert BeginForm(None, bank=bank(), formats=[FLAT]).chosen_format == FLAT.id


def test_of_several_formats_none_is_chosen_already() -> None:
    assert BeginForm(None, bank=bank(), formats=[FLAT, LAND]).chosen_format == ""


def test_it_finds_branches_that_have_every_word() -> None:
    found, _ = branches_matching(bank(10), "pune 003")
    assert [branch.code for branch in found] == ["B3"]


def test_it_finds_a_branch_by_its_ifsc_in_small_letters() -> None:
    assert branches_matching(bank(10), "sbin0000007")[0][0].code == "B7"


def test_it_shows_so_many_branches_and_says_how_many_more() -> None:
    shown, more = branches_matching(bank(BRANCHES_SHOWN + 5), "")
    assert (len(shown), more) == (BRANCHES_SHOWN, 5)


def test_a_chosen_branch_survives_another_search() -> None:
    shown, _ = branches_matching(bank(10), "nagpur", chosen="B1")
    assert shown[0].code == "B1"


def test_a_search_without_a_bank_finds_nothing() -> None:
    assert branches_matching(None, "pune") == ([], 0)
