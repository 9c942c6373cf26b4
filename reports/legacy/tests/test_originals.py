"""Old documents as text: the same for the same document, whole, and without what opens something."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from bson import Binary, Decimal128, Int64, ObjectId, Regex
from hypothesis import given
from hypothesis import strategies as st

from reports.legacy.originals import (
    NOT_KEPT,
    NotReadable,
    as_read,
    canonical,
    from_text,
    hash_of,
    own_id,
    packed,
    unpacked,
    without_secrets,
)

STRANGE: dict[str, Any] = {
    "_id": ObjectId("65a0000000000000000000aa"),
    "at": datetime(2025, 3, 5, 10, 30, 15, 123000, tzinfo=UTC),
    "money": Decimal128(Decimal("12.50")),
    "bytes": Binary(b"\0\1\2", 5),
    "long": Int64(2**60),
    "pattern": Regex("^a", "i"),
    "not a number": float("inf"),
    "$set": {"a.b": 1},
    "nul\0key": "nul\0value",
    "half a pair": "\ud800",
}
plain_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def test_every_type_of_bson_comes_back_from_its_text() -> None:
    text = canonical(STRANGE)
    assert canonical(from_text(text)) == text


def test_the_order_of_keys_does_not_matter() -> None:
    assert canonical({"b": 1, "a": 2}) == canonical({"a": 2, "b": 1})


def test_an_export_as_json_says_the_same_as_the_database() -> None:
    exported = '{"_id": {"$oid": "65a0000000000000000000aa"}, "at": {"$date": "2025-03-05T10:30:15.123Z"}}'
    stored = {"at": STRANGE["at"], "_id": STRANGE["_id"]}
    assert canonical(from_text(exported)) == canonical(stored)


@given(st.dictionaries(st.text(), plain_values, max_size=6))
def test_what_is_kept_gives_the_whole_document_back(document: dict[str, Any]) -> None:
    text = canonical(document)
    assert canonical(as_read({"document": packed(text)})) == text


@pytest.mark.parametrize("kept", ["", "not base64!", "AAAA", None])
def test_what_was_spoilt_is_told(kept: str | None) -> None:
    with pytest.raises(NotReadable):
        as_read({"document": kept} if kept is not None else None)


def test_what_only_looks_like_extended_json_stays_what_it_is() -> None:
    assert from_text('{"$date": "never", "$oid": 5}') == {"$date": "never", "$oid": 5}


def test_of_two_values_under_one_key_both_are_kept() -> None:
    notes: list[str] = []
    assert from_text('{"a": 1, "a": 2, "a": 3}', notes=notes) == {"a#1": 1, "a#2": 2, "a": 3}
    assert len(notes) == 2


@pytest.mark.parametrize("text", ["{", "nothing", '{"a":' * 100_000, "1" * 5000, '{"a": 1}}'])
def test_what_is_no_json_is_told_and_never_raised(text: str) -> None:
    with pytest.raises(NotReadable):
        from_text(text)


def test_a_document_that_is_too_deep_for_text_is_told() -> None:
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    with pytest.raises(NotReadable, match="too deeply"):
        canonical(deep)


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "password_hash",
        "hashedPassword",
        "resetToken",
        "access_token",
        "otp_code",
        "otpauth",
        "apiKey",
        "client_secret",
        "secretKey",
    ],
)
def test_what_opens_something_is_not_kept(key: str) -> None:
    document, found = without_secrets({"settings": [{key: "made-up"}]})
    assert (document, found) == ({"settings": [{key: NOT_KEPT}]}, [f"settings.0.{key}"])


@pytest.mark.parametrize(
    "key", ["passed_on", "tokens_used", "secretary", "society_secretary_name", "SecretariatRoad"]
)
def test_a_word_that_only_begins_alike_is_kept(key: str) -> None:
    assert without_secrets({key: "made-up"}) == ({key: "made-up"}, [])


def test_an_object_id_stays_the_id() -> None:
    known = ObjectId()
    assert own_id("report", known) == own_id("report", str(known)) == known


def test_any_other_id_gives_always_the_same_one_by_kind() -> None:
    assert own_id("report", "rpt_1") == own_id("report", "rpt_1") != own_id("file", "rpt_1")


def test_a_hash_is_that_of_the_text() -> None:
    assert hash_of("{}") == hash_of(unpacked(packed("{}")))
    assert json.loads(canonical({"a": 1})) == {"a": {"$numberInt": "1"}}
