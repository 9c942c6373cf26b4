"""What verifying finds: of any change, gap, insertion and removal, in memory and on the database."""

from __future__ import annotations

import hashlib
import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from bson import Int64, ObjectId
from django.core.management import CommandError, call_command
from django.db import connections
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from tenants.audit import record_activity, record_audit
from tenants.auditing.anchors import ANCHORED, anchors_of, keep_chains
from tenants.auditing.chain import rechain
from tenants.auditing.checking import check_activity, head_given
from tenants.auditing.hashing import ACTIVITY, hash_of
from tenants.auditing.plain import plain
from tenants.auditing.verifying import Anchor, ChainReader
from tenants.context import organization_active
from tenants.models import AuditEntry, Backup, Operation, OperationStatus, Organization, User

AT = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
words = st.text(max_size=12)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


def chain_of(number: int) -> list[dict[str, Any]]:
    entries, previous = [], ""
    for place in range(1, number + 1):
        entry = {
            "_id": ObjectId(f"{place:024x}"),
            "at": AT + timedelta(seconds=place),
            "action": "section_saved",
            "actor_id": "a" * 24,
            "actor_name": "Vikram Valuer",
            "report_id": "b" * 24,
            "target": f"land.{place}",
            "details": {"changes": [{"path": "a", "before": "1", "after": "2"}], "count": 1},
            "ip": "192.0.2.1",
            "request_id": "c" * 32,
        }
        previous = hash_of(ACTIVITY, previous, place, entry)
        entries.append({**entry, "number": Int64(place), "hash": previous})
    return entries


def read(entries: list[dict[str, Any]], *anchors: Anchor) -> list[str]:
    reader = ChainReader(ACTIVITY, anchors)
    for entry in entries:
        reader.take(entry)
    return [one.kind.value for one in reader.finish().problems]


CHAIN = chain_of(6)


def test_a_chain_as_it_was_written_is_sound() -> None:
    assert read(CHAIN) == []


@given(st.integers(0, 5), st.sampled_from(ACTIVITY.fields), json_values)
def test_any_change_of_any_field_is_found(place: int, name: str, value: Any) -> None:
    entries = deepcopy(CHAIN)
    if entries[place][name] == value and type(entries[place][name]) is type(value):
        return
    entries[place][name] = value
    assert read(entries) == ["changed"]


@given(st.integers(0, 4), st.integers(1, 5))
def test_a_removal_in_the_middle_is_found(first: int, many: int) -> None:
    last = min(first + many, 5)
    assert read(CHAIN[:first] + CHAIN[last:]) == ["gap"]


@given(st.integers(0, 4))
def test_two_that_changed_places_are_found(place: int) -> None:
    entries = deepcopy(CHAIN)
    one, other = entries[place], entries[place + 1]
    entries[place], entries[place + 1] = (
        {**other, "number": one["number"]},
        {**one, "number": other["number"]},
    )
    assert "changed" in read(entries)


@given(st.integers(1, 5))
def test_an_insertion_is_found_even_if_all_after_it_are_numbered_anew(place: int) -> None:
    inserted = {**CHAIN[place - 1], "_id": ObjectId(), "target": "forged"}
    later = [{**one, "number": one["number"] + 1} for one in CHAIN[place:]]
    inserted["number"] = Int64(place + 1)
    inserted["hash"] = hash_of(ACTIVITY, CHAIN[place - 1]["hash"], place + 1, inserted)
    assert "changed" in read([*CHAIN[:place], inserted, *later])


def test_a_field_that_the_application_does_not_know_is_found() -> None:
    assert read([{**CHAIN[0], "note": "x"}, *CHAIN[1:]]) == ["changed"]


def test_a_number_that_is_there_twice_is_found() -> None:
    assert read([*CHAIN[:3], CHAIN[2], *CHAIN[3:]]) == ["duplicate"]


def test_a_removed_end_is_found_by_its_anchor() -> None:
    assert read(CHAIN[:4], Anchor(6, CHAIN[5]["hash"], AT)) == ["cut"]


def test_a_record_that_was_made_anew_is_found_by_its_anchor() -> None:
    assert read(CHAIN, Anchor(4, "0" * 64, AT)) == ["rewritten"]


def test_the_hash_is_that_of_the_published_form() -> None:
    entry = {"_id": ObjectId("0" * 24), "at": AT, "details": {"b": 1, "a": "ž"}}
    said = '["",1,"000000000000000000000000","2026-11-23T10:15:00.000Z","","","","","",{"a":"ž","b":1},"",""]'
    assert hash_of(ACTIVITY, "", 1, entry) == hashlib.sha256(said.encode()).hexdigest()


@given(st.one_of(json_values, st.sets(words), st.decimals(), st.datetimes(), st.integers()))
def test_what_an_entry_says_is_plain_json(value: Any) -> None:
    said = plain({"value": value})
    assert json.loads(json.dumps(said)) == said
    json.dumps(said, ensure_ascii=False).encode()


# On the database ---------------------------------------------------------------------------------------


@pytest.fixture
def record(firm: Organization, manager: User) -> Any:
    """The firm's collection with five chained entries, as somebody with a shell sees it."""
    with organization_active(firm.placement):
        for number in range(5):
            record_activity("comment_added", by=manager, target=str(number))
        collection = connections[firm.org_id].database["activity_logs"]  # type: ignore[attr-defined]
    return collection


def found(firm: Organization) -> list[str]:
    return [one.kind.value for one in check_activity(firm).findings.problems]


@pytest.mark.parametrize(
    ("tamper", "kinds"),
    [
        (lambda one: None, []),
        (lambda one: one.update_one({"number": 3}, {"$set": {"details.text": "x"}}), ["changed"]),
        (lambda one: one.update_one({"number": 3}, {"$set": {"actor_name": "Somebody Else"}}), ["changed"]),
        (lambda one: one.delete_one({"number": 3}), ["gap"]),
        (lambda one: one.delete_one({"number": 1}), ["gap"]),
        (lambda one: one.delete_many({"number": {"$gt": 3}}), ["cut"]),
        (lambda one: one.delete_many({}), ["cut"]),
        # Of a type that the chain's index does not hold: it would be seen on no page and in no chain.
        (lambda one: one.insert_one({"number": 4, "at": AT}), ["astray"]),
        # Once more as if it had never been chained.
        (lambda one: one.update_one({"number": 3}, {"$set": {"number": None, "hash": ""}}), ["gap"]),
    ],
)
def test_what_somebody_did_past_the_application_is_found(
    firm: Organization, record: Any, tamper: Any, kinds: list[str]
) -> None:
    keep_chains()
    tamper(record)
    assert found(firm) == kinds


def test_a_chain_that_was_made_anew_past_the_application_is_found(firm: Organization, record: Any) -> None:
    keep_chains()
    record.update_one({"number": 2}, {"$set": {"target": "forged"}})
    rechain(record, ACTIVITY)
    assert found(firm) == ["rewritten"]


def test_an_entry_that_waits_for_long_is_found_by_whoever_only_looks(firm: Organization, record: Any) -> None:
    record.insert_one({"at": timezone.now() - timedelta(minutes=2), "number": None})
    assert [one.kind.value for one in check_activity(firm, only_look=True).findings.problems] == ["pending"]
    assert check_activity(firm).chained == 1


def test_the_daily_duty_notes_each_end_once(firm: Organization, record: Any) -> None:
    assert [keep_chains(), keep_chains()] == [[firm.org_id], []]
    (anchor,) = anchors_of(firm.org_id)
    assert anchor.number == 5


def test_the_daily_duty_chains_what_is_pending(firm: Organization, record: Any) -> None:
    record.insert_one({"at": timezone.now(), "number": None, "action": "old", "details": {}})
    keep_chains()
    assert [one.number for one in anchors_of(firm.org_id)] == [6]


def test_the_end_of_the_audit_log_is_said_in_the_process_log(
    firm: Organization, caplog: pytest.LogCaptureFixture
) -> None:
    entry = record_audit("firm.changed", by=None)
    with caplog.at_level("INFO", logger="tenants.auditing.anchors"):
        keep_chains()
    stored = AuditEntry.objects.get(pk=entry.pk)
    assert f"ends with {stored.number}:{stored.hash}" in caplog.text


def test_what_a_restore_replaced_is_explained_by_it(firm: Organization, record: Any) -> None:
    taken_at = timezone.now()
    backup = Backup.objects.create(org_id=firm.org_id, name="b", store="local", taken_at=taken_at)
    keep_chains()
    record.delete_many({"number": {"$gt": 2}})
    Operation.objects.create(
        kind="restore",
        org_id=firm.org_id,
        status=OperationStatus.DONE,
        options={"backup": str(backup.pk)},
        requested_by="system",
        finished_at=timezone.now(),
    )
    assert found(firm) == []


def test_a_restore_from_later_explains_nothing(firm: Organization, record: Any) -> None:
    keep_chains()
    backup = Backup.objects.create(org_id=firm.org_id, name="b", store="local", taken_at=timezone.now())
    record.delete_many({"number": {"$gt": 2}})
    Operation.objects.create(
        kind="restore",
        org_id=firm.org_id,
        status=OperationStatus.DONE,
        options={"backup": str(backup.pk)},
        requested_by="system",
        finished_at=timezone.now(),
    )
    assert found(firm) == ["cut"]


# The command --------------------------------------------------------------------------------------------


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("verify_audit", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_the_command_says_where_each_record_ends(firm: Organization, record: Any) -> None:
    record_audit("firm.changed", by=None)
    last = json.loads(run("--all", "--json"))
    assert [(one["record"], one["count"]) for one in last["records"]] == [
        ("audit_logs", 0),
        (firm.org_id, 0),
    ]
    head = last["records"][0]["head"]
    assert "sound" in run("--head", head)


def test_the_command_fails_when_anything_is_wrong(firm: Organization, record: Any) -> None:
    record.delete_one({"number": 2})
    with pytest.raises(CommandError, match=f"Not as it was written: {firm.org_id}"):
        run("--organization", firm.org_id)


def test_the_command_compares_the_audit_log_with_a_copy_of_its_end(firm: Organization) -> None:
    entry = AuditEntry.objects.get(pk=record_audit("firm.changed", by=None).pk)
    with pytest.raises(CommandError, match="audit_logs"):
        run("--head", f"{(entry.number or 0) + 1}:{entry.hash}")


@pytest.mark.parametrize("arguments", [("--head", "x"), ("--organization", "nobody")])
def test_the_command_says_what_it_cannot_use(database: None, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        run(*arguments)


def test_a_head_is_a_number_and_a_hash() -> None:
    assert head_given(f"3:{'a' * 64}").number == 3
    assert ANCHORED == "activity.anchored"
