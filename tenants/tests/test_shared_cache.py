"""What is kept of the shared resources is right on the very next request after staff have changed them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from banks.models import Bank
from banks.queries import shared_bank
from tenants import shared_cache as module
from tenants.context import (
    know_shared_revision,
    no_organization,
    organization_active,
    shared_resources_writable,
    shared_revision,
)
from tenants.models import Organization, Revision, User
from tenants.mongodb.clients import clients
from tenants.mongodb.monitoring import Command
from tenants.shared_cache import SharedCache, Stamped

ClientFor = Callable[[User], Client]
Commands = Callable[[], Any]


@pytest.fixture
def cache() -> Iterator[SharedCache]:
    with no_organization():
        yield SharedCache()


def reader(*values: str) -> Callable[[], str]:
    """Gives one value after the other."""
    remaining = iter(values)
    return lambda: next(remaining)


def test_a_value_of_the_same_revision_is_read_once(cache: SharedCache) -> None:
    read = reader("first", "second")
    know_shared_revision(7)
    assert [cache.get("banks", read) for _ in range(2)] == ["first", "first"]


def test_the_next_revision_reads_anew(cache: SharedCache) -> None:
    read = reader("first", "second")
    know_shared_revision(7)
    cache.get("banks", read)
    know_shared_revision(8)
    assert cache.get("banks", read) == "second"


def test_without_a_revision_nothing_kept_is_used(cache: SharedCache) -> None:
    read = reader("first", "second")
    assert [cache.get("banks", read) for _ in range(2)] == ["first", "second"]


def test_a_slow_request_of_the_former_revision_spoils_nothing(cache: SharedCache) -> None:
    know_shared_revision(8)
    cache.get("banks", reader("new"))
    know_shared_revision(7)
    cache.get("banks", reader("old"))
    know_shared_revision(8)
    assert cache.get("banks", reader("read again")) == "new"


def test_a_change_that_never_said_so_is_seen_after_two_seconds(
    cache: SharedCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    read = reader("first", "second")
    know_shared_revision(7)
    cache.get("banks", read)
    now[0] += 2.0
    assert cache.get("banks", read) == "second"


def test_what_was_written_while_it_was_read_is_seen_two_seconds_after_the_reading_began(
    cache: SharedCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    know_shared_revision(7)

    def slow() -> str:
        now[0] += 1.5
        return "first"

    cache.get("banks", slow)
    now[0] += 0.6
    assert cache.get("banks", lambda: "second") == "second"


def test_what_is_dear_is_only_asked_whether_it_is_the_same_still(
    cache: SharedCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    know_shared_revision(7)
    given: list[Any] = []

    def read(known: Stamped[str] | None) -> Stamped[str]:
        given.append(known)
        return known or Stamped("value", "hash")

    assert [cache.get_stamped("bank", read) for _ in range(2)] == ["value", "value"]
    now[0] += 2.0
    assert (cache.get_stamped("bank", read), given) == ("value", [None, Stamped("value", "hash")])


def test_what_was_kept_under_another_revision_is_not_asked_but_read(cache: SharedCache) -> None:
    know_shared_revision(7)
    cache.get_stamped("bank", lambda _: Stamped("old", "hash"))
    know_shared_revision(8)
    given: list[Any] = []

    def read(known: Stamped[str] | None) -> Stamped[str]:
        given.append(known)
        return Stamped("new", "hash")

    assert (cache.get_stamped("bank", read), given) == ("new", [None])


def test_it_holds_a_bounded_number_of_values(cache: SharedCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ENTRIES", 3)
    know_shared_revision(7)
    for number in range(20):
        cache.get(number, lambda: "value")
    assert len(cache._kept) <= 3


def test_a_write_begins_the_next_revision_even_when_it_fails(database: None) -> None:
    def fail() -> None:
        with shared_resources_writable():
            Bank.objects.filter(code="none").update(name="None")
            raise ValueError("midway")

    with shared_resources_writable():
        Bank.objects.filter(code="none").update(name="None")
    before = Revision.objects.get(name="shared").number
    with pytest.raises(ValueError, match="midway"):
        fail()
    assert Revision.objects.get(name="shared").number == before + 1


def test_a_block_that_touches_nothing_begins_no_revision(database: None) -> None:
    with shared_resources_writable():
        pass
    assert not Revision.objects.filter(name="shared").exists()


def test_the_request_that_wrote_reads_what_it_wrote(formats: None) -> None:
    with no_organization():
        know_shared_revision(0)
        before = shared_bank("SBI")
        with shared_resources_writable():
            Bank.objects.filter(code="SBI").update(name="Bank of Tests")
        after = shared_bank("SBI")
    assert before is not None
    assert after is not None
    assert (before.values["name"], after.values["name"]) == ("State Bank of India", "Bank of Tests")


def test_a_write_by_hand_of_a_bank_that_is_kept_is_noticed_by_its_hash(
    formats: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past the router, without a word: of the same length, and nothing says when."""
    now = [0.0]
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    banks = clients.for_address("MONGODB_URI")["shared_resources"]["banks"]
    with no_organization():
        know_shared_revision(0)
        first = shared_bank("SBI")
        now[0] += 2.0
        same = shared_bank("SBI")
        banks.update_one({"code": "SBI"}, {"$set": {"branches.0.city": "Xanadu"}})
        now[0] += 1.9
        kept = shared_bank("SBI")
        now[0] += 0.1
        anew = shared_bank("SBI")
    assert same is first
    assert kept is first
    assert anew is not None
    assert "Xanadu" in {branch["city"] for branch in anew.branches.values()}


def test_whoever_has_no_session_reads_anew_every_time(formats: None, commands: Commands) -> None:
    with no_organization(), commands() as sent:
        shared_bank("SBI")
        shared_bank("SBI")
    assert [one.collection for one in sent] == ["banks", "banks"]


# On pages --------------------------------------------------------------------------------------------


def rename(code: str, name: str) -> None:
    with no_organization(), shared_resources_writable():
        Bank.objects.filter(code=code).update(name=name)


def test_a_bank_that_staff_rename_has_the_new_name_on_the_next_request(
    formats: None, valuer: User, client_for: ClientFor
) -> None:
    browser = client_for(valuer)
    before = b"Bank of Tests" in browser.get(reverse("reports:new")).content
    rename("SBI", "Bank of Tests")
    assert (before, b"Bank of Tests" in browser.get(reverse("reports:new")).content) == (False, True)


def test_a_branch_that_staff_rename_in_the_admin_has_the_new_name_for_staff_and_firm_at_once(
    formats: None, staff: User, valuer: User, client_for: ClientFor
) -> None:
    office, browser = client_for(staff), client_for(valuer)
    address = reverse("reports:new")
    browser.get(address, {"bank": "SBI"})
    bank = Bank.objects.get(code="SBI")
    branch = bank.branches[0]
    change = reverse("admin:banks_bank_branch_change", args=[bank.pk, branch.code])
    office.get(change)
    values = {"code": branch.code, "name": "Renamed Road", "ifsc": branch.ifsc, "is_active": "on"}
    sent = office.post(change, {**values, "city": branch.city, "state": branch.state})

    assert sent.status_code == 302, sent.content.decode()[:2000]
    assert "Renamed Road" in office.get(reverse("admin:banks_bank_change", args=[bank.pk])).content.decode()
    assert "Renamed Road" in browser.get(address, {"bank": "SBI"}).content.decode()


def test_a_page_asks_for_the_shared_banks_once(
    formats: None, valuer: User, client_for: ClientFor, commands: Commands
) -> None:
    browser = client_for(valuer)
    browser.get(reverse("reports:new"))
    with commands() as sent:
        browser.get(reverse("reports:new"))
    assert [one.collection for one in sent if one.database == "shared_resources"] == []


def test_what_a_firm_has_changed_is_never_kept(
    formats: None, firm: Organization, valuer: User, client_for: ClientFor
) -> None:
    from banks.models import BankOverride

    browser = client_for(valuer)
    browser.get(reverse("reports:new"))
    with organization_active(firm.placement):
        BankOverride.objects.create(bank_code="SBI", changes={"name": "Our name for it"})
    assert b"Our name for it" in browser.get(reverse("reports:new")).content


def test_one_firm_s_changes_are_not_laid_over_what_the_rival_reads(
    formats: None, firm: Organization, valuer: User, rival_valuer: User, client_for: ClientFor
) -> None:
    from banks.models import BankOverride

    with organization_active(firm.placement):
        BankOverride.objects.create(bank_code="SBI", changes={"name": "Our name for it"})
    client_for(valuer).get(reverse("reports:new"))
    assert b"Our name for it" not in client_for(rival_valuer).get(reverse("reports:new")).content


def test_the_revision_ends_with_the_request(formats: None, valuer: User, client_for: ClientFor) -> None:
    client_for(valuer).get(reverse("work"))
    assert shared_revision() is None


def test_the_session_brings_the_revision_without_a_command_of_its_own(
    formats: None, valuer: User, client_for: ClientFor, commands: Commands
) -> None:
    browser = client_for(valuer)
    with commands() as sent:
        browser.get(reverse("work"))
    control: list[Command] = [one for one in sent if one.database == "valuation_admin"]
    assert [one.collection for one in control] == ["sessions"]
