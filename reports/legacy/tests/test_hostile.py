"""Documents that nobody would expect: an import tells of them, keeps what it can and never fails."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from bson import Binary, Code, DBRef, Decimal128, Int64, MaxKey, ObjectId, Regex, Timestamp

from reports.legacy.notebook import Notebook
from reports.legacy.recognising import Kind
from reports.legacy.sources import Read
from reports.legacy.tests.conftest import Bring
from reports.legacy.tests.fixtures import DUMP, documents

STRANGE: list[Any] = [
    None, "", "\0", "\ud800", "x" * 3000, "$where", -1, 10**30, float("nan"), float("-inf"), True, [], {},
    [[]],
    {"$set": 1}, {"a.b": {"$gt": ""}}, {"": ""}, {"\0": "\0"}, Decimal128("NaN"), Decimal128(Decimal("1.5")),
    Int64(2**62), Binary(b"\0\xff", 4), Regex("(", "i"), Code("x"), DBRef("a", 1), MaxKey(), Timestamp(1, 1),
    ObjectId("65a0000000000000000000ff"), datetime(1, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, tzinfo=UTC),
    "<script>", "UPPER@EXAMPLE.COM", "=1+1", ["a", 1, None], {"value": {"value": {}}}, "9" * 200,
]  # fmt: skip


@dataclass(frozen=True)
class Given:
    """Documents as a source gives them."""

    reads: list[Read]

    def documents(self) -> Iterator[Read]:
        yield from self.reads


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield (*at, key)
        yield from places(part, (*at, key))


def spoilt(document: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """The document with one to three of its values replaced, removed or doubled."""
    found = copy.deepcopy(document)
    for _ in range(chance.randint(1, 3)):
        where = chance.choice([*places(found)] or [("_id",)])
        holder: Any = found
        for key in where[:-1]:
            holder = holder[key]
        if chance.random() < 0.2 and isinstance(holder, dict):
            holder.pop(where[-1], None)
        else:
            holder[where[-1]] = copy.deepcopy(chance.choice(STRANGE))
    return found


def reads(seed: int, count: int) -> list[Read]:
    chance = random.Random(seed)  # noqa: S311 - no secret
    files = sorted(path.relative_to(DUMP) for path in DUMP.rglob("*.json"))
    # The others first, so that there is something to refer to.
    given = [Read(path.parts[0], path.stem, one) for path in files for one in documents(str(path))]
    for number in range(count):
        path = files[number % len(files)]
        document = spoilt(chance.choice(documents(str(path))), chance)
        if chance.random() < 0.7:
            document["_id"] = f"spoilt-{number}"
        given.append(Read(path.parts[0], path.stem, document))
    return given


def test_spoilt_documents_are_all_accounted_for(bring: Bring) -> None:
    run, verification = bring(source=Given(reads(7, 150)))
    assert [line for line in verification.lines if not line.accounted] == []
    assert verification.sound
    assert run.book.severities()["refused"] > 25


def test_spoilt_documents_change_nothing_the_second_time(bring: Bring) -> None:
    given = reads(11, 50)
    bring(source=Given(given))
    _, verification = bring(source=Given(given))
    assert sum(line.added + line.updated for line in verification.lines) == 0


@pytest.mark.parametrize(
    "collection", ["reports", "users", "activity_logs", "files_metadata", "banks", "fs.chunks"]
)
def test_the_notebook_takes_whatever_it_is_given(collection: str) -> None:
    with Notebook() as book:
        for value in STRANGE:
            book.take(
                Read(
                    "db", collection, {"_id": value, "report_data": value, "email": value, "files_id": value}
                )
            )
        kept = sum(1 for kind in Kind for _ in book.rows(kind, outcome=None))
        assert kept == book.count()
        assert kept >= 1


def test_a_deep_document_from_anywhere_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(50_000):
        deep = {"a": deep}
    with Notebook() as book:
        book.take(Read("db", "reports", {"_id": 1, "report_data": deep}))
        (fault,) = book.faults()
    assert "too deeply" in fault.problem
