"""Matching the documents of two servers, without a database."""

from __future__ import annotations

from typing import Any

import bson
from bson import Int64

from tenants.operations.moving.comparing import Matching


def _batch(*documents: dict[str, Any]) -> bytes:
    return b"".join(bson.encode(one) for one in documents)


def _id(value: Any) -> bytes:
    return bson.encode({"_id": value})


def test_equal_batches_leave_nothing_over() -> None:
    matching = Matching()
    matching.add(_batch({"_id": 1, "a": 1}), _batch({"_id": 1, "a": 1}))
    assert matching.left_over() == set()


def test_documents_match_across_shifted_batches() -> None:
    matching = Matching()
    first, second, third = ({"_id": n, "text": str(n)} for n in range(3))
    matching.add(_batch(first, second), _batch(second))
    matching.add(_batch(third), _batch(third))
    assert matching.left_over() == {_id(0)}


def test_a_document_of_another_content_is_left_over() -> None:
    matching = Matching()
    matching.add(_batch({"_id": 1, "a": 1}, {"_id": 2}), _batch({"_id": 1, "a": 2}, {"_id": 2}))
    assert matching.left_over() == {_id(1)}


def test_a_number_of_another_type_is_another_content() -> None:
    matching = Matching()
    matching.add(_batch({"_id": "x", "a": 1}), _batch({"_id": "x", "a": Int64(1)}))
    assert matching.left_over() == {_id("x")}
