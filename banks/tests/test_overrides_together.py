"""Two who change a bank's values at once, whose the values are, and what a change costs."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

import pytest

from banks.models import BankOverride
from banks.overrides import StaleOverride, change_bank
from banks.tests.test_overrides import managed, the_format
from tenants.context import activate, no_organization, organization_active
from tenants.errors import ReadOnly
from tenants.models import ActivityEntry, Organization, User
from tenants.mongodb.monitoring import Command

pytestmark = pytest.mark.usefixtures("formats", "in_firm")
Commands = Callable[[], AbstractContextManager[list[Command]]]


def test_a_form_of_an_older_version_is_refused_with_what_is_stored(manager: User) -> None:
    change_bank(bank_code="SBI", values={"city": "Pune"}, by=manager, base_version=0)
    with pytest.raises(StaleOverride, match="Meera Manager changed") as refused:
        change_bank(bank_code="SBI", values={"city": "Nashik"}, by=manager, base_version=0)
    assert (refused.value.theirs.version, refused.value.theirs.changes) == (1, {"city": "Pune"})


@pytest.mark.parametrize("base", [0, 1])
def test_of_two_who_save_at_once_one_is_told_and_nothing_is_lost(
    base: int, firm: Organization, manager: User
) -> None:
    if base:
        change_bank(bank_code="SBI", values={"state": "Goa"}, by=manager, base_version=0)

    def save(name: str) -> str:
        with organization_active(firm.placement):
            try:
                change_bank(bank_code="SBI", values={name: "Both"}, by=manager, base_version=base)
            except StaleOverride:
                return "stale"
        return name

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(save, ["name", "city"]))

    (winner,) = [one for one in outcomes if one != "stale"]
    stored = BankOverride.objects.get(bank_code="SBI")
    assert (stored.version, stored.changes.get(winner)) == (base + 1, "Both")
    assert ActivityEntry.objects.filter(action="override_changed").count() == base + 1


# Whose it is, and what it costs ------------------------------------------------------------------------


def test_a_rival_sees_nothing_of_it(rival: Organization, manager: User) -> None:
    change_bank(bank_code="SBI", values={"short_name": "Ours"}, by=manager, base_version=0)
    with organization_active(rival.placement):
        assert managed().values["short_name"] == "State Bank of India"


def test_who_only_reads_writes_nothing(firm: Organization, manager: User) -> None:
    with no_organization():
        activate(firm.placement, read_only="support")
        with pytest.raises(ReadOnly):
            change_bank(bank_code="SBI", values={"city": "Pune"}, by=manager, base_version=0)
        assert managed().version == 0


def test_a_change_costs_what_it_says(manager: User, commands: Commands) -> None:
    change_bank(bank_code="SBI", values={"city": "Pune"}, by=manager, base_version=0)
    with commands() as sent:
        change_bank(bank_code="SBI", values={"city": "Goa"}, by=manager, base_version=1)
    # Bank, override; its update and the entry; the commit, and the entry's place in the chain.
    assert len(sent) <= 8, [(one.name, one.collection) for one in sent]


def test_managing_costs_what_it_says(manager: User, commands: Commands) -> None:
    with commands() as sent:
        managed()
    assert len(sent) == 3
    with commands() as sent:
        the_format()
    assert len(sent) == 3
