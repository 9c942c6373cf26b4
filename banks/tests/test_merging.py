"""A shared bank under a firm's changes."""

from __future__ import annotations

from typing import Any

from banks.merging import Origin, merge_bank

BRANCH_A = {"code": "A", "name": "Andheri", "ifsc": "SBIN0000001", "city": "Mumbai", "is_active": True}
BRANCH_B = {"code": "B", "name": "Baner", "ifsc": "SBIN0000002", "city": "Pune", "is_active": True}
BANK: dict[str, Any] = {
    "code": "SBI",
    "name": "State Bank of India",
    "short_name": "SBI",
    "bank_type": "public",
    "city": "Mumbai",
    "state": "Maharashtra",
    "is_active": True,
    "branches": [BRANCH_B, BRANCH_A],
}


def merged(**override: Any) -> Any:
    bank = merge_bank(BANK, override)
    assert bank is not None
    return bank


def test_it_shows_the_shared_bank_when_the_firm_changed_nothing() -> None:
    bank = merge_bank(BANK)
    assert bank is not None
    assert dict(bank.values) == {
        name: BANK[name] for name in ("name", "short_name", "bank_type", "city", "state")
    }


def test_it_orders_branches_by_name() -> None:
    assert [branch.name for branch in merged().branches] == ["Andheri", "Baner"]


def test_it_puts_the_firms_value_above_the_shared_one() -> None:
    assert merged(changes={"name": "SBI, our way"}).name == "SBI, our way"


def test_it_remembers_that_a_value_is_the_firms() -> None:
    assert merged(changes={"name": "SBI, our way"}).origins["name"] is Origin.FIRM


def test_it_remembers_that_a_value_is_shared() -> None:
    assert merged(changes={"name": "SBI, our way"}).origins["city"] is Origin.SHARED


def test_it_leaves_out_a_bank_that_the_firm_hides() -> None:
    assert merge_bank(BANK, {"hidden": True}) is None


def test_it_leaves_out_a_bank_that_staff_switched_off_whatever_the_firm_says() -> None:
    assert merge_bank({**BANK, "is_active": False}, {"changes": {"name": "Still here"}}) is None


def test_it_leaves_out_a_branch_that_the_firm_hides() -> None:
    assert [branch.code for branch in merged(branches={"A": {"hidden": True}}).branches] == ["B"]


def test_it_leaves_out_an_inactive_branch() -> None:
    bank = merge_bank({**BANK, "branches": [{**BRANCH_A, "is_active": False}]})
    assert bank is not None
    assert list(bank.branches) == []


def test_it_adds_a_branch_of_the_firms_own() -> None:
    branch = merged(branches={"X": {"name": "Extension counter", "city": "Pune"}}).branch("X")
    assert branch.own


def test_it_changes_one_value_of_a_branch_and_keeps_the_others() -> None:
    branch = merged(branches={"A": {"phone": "022 0000 0000"}}).branch("A")
    assert (branch.values["phone"], branch.ifsc) == ("022 0000 0000", "SBIN0000001")


def test_a_changed_branch_is_not_the_firms_own() -> None:
    assert not merged(branches={"A": {"phone": "022 0000 0000"}}).branch("A").own


def test_it_never_changes_a_code() -> None:
    assert merged(changes={"code": "QQQ"}).code == "SBI"


def test_it_leaves_what_it_was_given_unchanged() -> None:
    before = repr(BANK)
    merged(changes={"name": "Other"}, branches={"A": {"name": "Other"}})
    assert repr(BANK) == before


def test_it_writes_an_address_in_one_line_without_repeating_a_city_that_is_its_district() -> None:
    branch = {
        **BRANCH_B,
        "street": "1 Sample Road",
        "district": "Pune",
        "state": "Maharashtra",
        "pin_code": "411045",
    }
    bank = merge_bank({**BANK, "branches": [branch]})
    assert bank is not None
    assert bank.branches[0].address == "1 Sample Road, Pune, Maharashtra 411045"


def test_an_own_branch_has_nothing_of_a_shared_one_that_came_by_the_same_code() -> None:
    branch = merged(branches={"A": {"own": True, "name": "Ours"}}).branch("A")
    assert (branch.own, dict(branch.values)) == (True, {"name": "Ours"})


def test_a_change_of_a_shared_branch_that_is_gone_shows_no_branch() -> None:
    bank = merged(branches={"GONE": {"own": False, "name": "Gone"}, "ALSO": {"phone": "000 0000 0004"}})
    assert (bank.branch("GONE"), bank.branch("ALSO"), len(bank.branches)) == (None, None, 2)
