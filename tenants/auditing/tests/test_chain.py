"""Chaining on the real database: at commit, by many at once, and after a process died in between."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import pytest
from bson import ObjectId
from django.db import IntegrityError, connections
from django.utils import timezone
from pymongo.errors import AutoReconnect

from tenants.audit import audit_entry, record_activity, record_audit, record_audits
from tenants.auditing import chain as chaining
from tenants.auditing.append_only import RecordIsFinal
from tenants.auditing.chain import chain_pending, head_of, rechain
from tenants.auditing.hashing import ACTIVITY, AUDIT, hash_of
from tenants.auditing.verifying import verify
from tenants.context import carry, organization_active
from tenants.models import ActivityEntry, Organization, User
from tenants.mongodb.monitoring import Command
from tenants.mongodb.transaction import atomic, run_atomically

Commands = Callable[[], AbstractContextManager[list[Command]]]


def stored(alias: str, name: str) -> Any:
    return connections[alias].database[name]  # type: ignore[attr-defined]


def problems(organization: Organization) -> list[str]:
    return [one.kind for one in verify(ACTIVITY, organization.org_id).problems]


def test_an_entry_is_chained_as_it_is_stored(in_firm: Organization, manager: User) -> None:
    entry = record_activity(
        "firm_changed",
        by=manager,
        target="Änderung \ud800 \0",
        details={"n": 1, "list": [1.5, None, True], "m": {"deep": "ž"}},
    )
    document = stored(in_firm.org_id, "activity_logs").find_one({"_id": entry.pk})
    assert (document["number"], document["hash"]) == (1, hash_of(ACTIVITY, "", 1, document))


def test_an_entry_is_chained_when_its_transaction_is_committed(in_firm: Organization, manager: User) -> None:
    with atomic():
        record_activity("comment_added", by=manager)
        within = head_of(ACTIVITY, in_firm.org_id)[0]
    assert (within, head_of(ACTIVITY, in_firm.org_id)[0]) == (0, 1)


def test_what_is_rolled_back_is_not_chained_by_the_next_transaction(
    in_firm: Organization, manager: User
) -> None:
    def fail() -> None:
        record_activity("comment_added", by=manager, target="never")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        run_atomically(fail)
    run_atomically(lambda: record_activity("comment_added", by=manager, target="stays"))
    entries = ActivityEntry.objects.values_list("target", "number")
    assert list(entries) == [("stays", 1)]


def test_the_entries_of_one_transaction_are_chained_in_their_order(
    in_firm: Organization, manager: User, commands: Commands
) -> None:
    with commands() as sent, atomic():
        for word in ("one", "two", "three"):
            record_activity("comment_added", by=manager, target=word)
    assert list(ActivityEntry.objects.order_by("number").values_list("target", flat=True)) == [
        "one",
        "two",
        "three",
    ]
    assert [one.name for one in sent][4:] == ["find", "update", "commitTransaction"]
    assert problems(in_firm) == []


def test_one_entry_costs_two_commands_after_the_commit(
    in_firm: Organization, manager: User, commands: Commands
) -> None:
    with commands() as sent, atomic():
        record_activity("comment_added", by=manager)
    assert [one.name for one in sent] == ["insert", "commitTransaction", "find", "update"]


def test_the_last_entry_is_found_by_the_index(in_firm: Organization, manager: User) -> None:
    record_activity("comment_added", by=manager)
    found = stored(in_firm.org_id, "activity_logs").find(chaining.CHAINED).sort("number", -1).limit(1)
    assert "IXSCAN" in str(found.explain()["queryPlanner"]["winningPlan"])


def test_an_organizations_entry_is_chained_although_it_is_no_longer_active(
    firm: Organization, manager: User
) -> None:
    transaction = atomic(firm.org_id)
    with organization_active(firm.placement):
        transaction.__enter__()
        record_activity("comment_added", by=manager)
        transaction.__exit__(None, None, None)
    with organization_active(firm.placement):
        assert head_of(ACTIVITY, firm.org_id)[0] == 1


def test_twenty_who_write_at_once_leave_no_gap(in_firm: Organization, manager: User) -> None:
    def write(number: int) -> None:
        run_atomically(lambda: record_activity("comment_added", by=manager, target=str(number)))

    with ThreadPoolExecutor(20) as pool:
        for future in [pool.submit(carry(write), number) for number in range(60)]:
            future.result()
    numbers = list(ActivityEntry.objects.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, 61))
    assert problems(in_firm) == []


def test_a_process_that_dies_before_chaining_leaves_it_to_the_next(
    in_firm: Organization, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(chaining, "_chain_or_leave", lambda *_: None)
        for word in ("one", "two"):
            record_activity("comment_added", by=manager, target=word)
    assert chain_pending(ACTIVITY, in_firm.org_id) == 2
    assert list(ActivityEntry.objects.order_by("number").values_list("target", flat=True)) == ["one", "two"]


def test_nobodys_change_fails_because_its_entry_cannot_be_chained(
    in_firm: Organization, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> None:
        raise AutoReconnect("no answer")

    monkeypatch.setattr(chaining, "head_of", down)
    record_activity("comment_added", by=manager)
    assert ActivityEntry.objects.get().number is None


def test_an_entry_that_somebody_else_has_chained_leaves_no_gap(in_firm: Organization, manager: User) -> None:
    entries = [{"_id": ObjectId(), "at": timezone.now(), "action": "a", "details": {}} for _ in range(3)]
    stored(in_firm.org_id, "activity_logs").insert_many([{**one, "number": None} for one in entries])
    chaining.chain(ACTIVITY, in_firm.org_id, entries[1:2])
    assert chaining.chain(ACTIVITY, in_firm.org_id, entries) == 2
    assert problems(in_firm) == []


def test_many_entries_of_the_audit_log_are_added_at_once(firm: Organization) -> None:
    before = head_of(AUDIT, "default")[0]
    record_audits([audit_entry("organization.migrated", by=None, organization=firm) for _ in range(3)])
    assert head_of(AUDIT, "default")[0] == before + 3
    assert verify(AUDIT, "default").problems == []


def test_a_rewritten_copy_is_chained_anew(in_firm: Organization, manager: User) -> None:
    for word in ("one", "two", "three"):
        record_activity("comment_added", by=manager, target=word)
    entries = stored(in_firm.org_id, "activity_logs")
    entries.update_many({}, {"$set": {"actor_name": "Masked"}})
    assert rechain(entries, ACTIVITY) == 3
    assert (rechain(entries, ACTIVITY), problems(in_firm)) == (0, [])


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one.save(),
        lambda one: one.delete(),
        lambda one: type(one)(pk=one.pk, action="x").save(),
        lambda one: type(one).objects.update(action="x"),
        lambda one: type(one).objects.all().delete(),
        lambda one: type(one).objects.filter(pk=one.pk)._raw_delete("default"),
        lambda one: type(one).objects.bulk_update([one], ["action"]),
        lambda one: type(one).objects.update_or_create(pk=one.pk, defaults={"action": "x"}),
    ],
)
def test_an_entry_can_be_neither_changed_nor_removed(
    in_firm: Organization, manager: User, change: Callable[[Any], Any]
) -> None:
    for entry in (record_audit("firm.changed", by=manager), record_activity("firm_changed", by=manager)):
        with pytest.raises((RecordIsFinal, IntegrityError)):
            change(type(entry).objects.get(pk=entry.pk))
        assert type(entry).objects.get(pk=entry.pk).action != "x"


def test_an_entry_that_is_stored_is_not_saved_again(in_firm: Organization, manager: User) -> None:
    for entry in (record_audit("firm.changed", by=manager), record_activity("firm_changed", by=manager)):
        with pytest.raises(RecordIsFinal):
            entry.save()
