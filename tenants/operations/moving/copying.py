"""The first copy of every collection, made while the firm works."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from bson.raw_bson import RawBSONDocument
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, OperationFailure
from pymongo.write_concern import WriteConcern

from tenants.operations.data import (
    RAW,
    collections_of,
    create_indexes,
    documents_in,
    indexes_of,
    raw_batches,
)
from tenants.operations.engine import Run
from tenants.operations.filling import fill_collection, make_collection
from tenants.operations.moving.following import (
    DUPLICATE_KEY,
    majority,
    reading_session,
    refused_in,
    start_token,
)
from tenants.operations.moving.sides import Sides, mark_target

_AT_ONCE = 500


def copy_all(run: Run, sides: Sides) -> None:
    """Copy what is not copied yet. What changes meanwhile comes after the token that is kept here first.

    A collection that was cut short is dropped and copied anew.
    """
    state = run.state
    mark_target(run, sides.target)
    if not state.get("token"):
        state["copied"] = []
        state["token"] = start_token(sides.source)
        state.pop("verified_from", None)
        run.save()
    total = int(sides.source.command("dbStats")["dataSize"])
    done = 0

    def tell(size: int) -> None:
        nonlocal done
        done += size
        run.progress(min(done, total), total, "B")

    with reading_session(sides.source) as session:
        for name in collections_of(sides.source):
            if name not in state["copied"]:
                copy_collection(sides, name, session, tell)
                state["copied"].append(name)
                run.save()
    if done:
        run.say(f"Copied {done / 1e6:.1f} MB.")


def copy_collection(
    sides: Sides, name: str, session: ClientSession, tell: Callable[[int], None] = lambda size: None
) -> None:
    """One collection with its options and indexes; ``tell`` is told the bytes of each batch.

    It is read over some time, not at one moment. So it may have two documents of one unique value, of which
    one had it before and the other has it since. Then the indexes are made first, and what they refuse is
    left to the stream, which names both documents.
    """
    source = majority(sides.source[name])
    options = next(iter(sides.source.list_collections(filter={"name": name})))["options"]
    indexes = indexes_of(source)
    average = int(sides.source.command("collStats", name).get("avgObjSize", 0))
    try:
        fill_collection(
            make_collection(sides.target, name, options),
            _documents(source, session),
            indexes=indexes,
            average_bytes=average,
            on_batch=tell,
        )
    except (BulkWriteError, OperationFailure) as error:
        if isinstance(error, BulkWriteError):
            refused_in(error)
        elif error.code != DUPLICATE_KEY:
            raise
        target = make_collection(sides.target, name, options)
        create_indexes(target, indexes)
        _insert_what_fits(target, _documents(source, session))


def _documents(collection: Collection[Any], session: ClientSession) -> Iterator[bytes]:
    for batch in raw_batches(collection, session=session):
        yield from documents_in(batch)


def _insert_what_fits(collection: Collection[Any], documents: Iterable[bytes]) -> None:
    """Store the documents but those that a unique index refuses."""
    into = collection.with_options(codec_options=RAW, write_concern=WriteConcern(w=1))
    left = iter(documents)
    while some := [RawBSONDocument(one) for one in islice(left, _AT_ONCE)]:
        try:
            into.insert_many(some, ordered=False)
        except BulkWriteError as error:
            refused_in(error)
