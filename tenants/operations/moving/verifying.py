"""Comparing everything once while the firm works, and then again whatever changed meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from tenants.operations.data import collections_of, create_indexes, indexes_of
from tenants.operations.engine import Run
from tenants.operations.moving.comparing import (
    Differs,
    Matching,
    compare_collection,
    differing_among,
    structure_of,
)
from tenants.operations.moving.copying import copy_all
from tenants.operations.moving.following import Follower, HistoryLost, Key
from tenants.operations.moving.sides import Sides

LOOKS = 10
_LITTLE_SECONDS = 1.0
# So much of the source is compared before the stream is looked at again.
_BYTES_BETWEEN = 8_000_000


def follow_up(run: Run, sides: Sides) -> None:
    """Take over what changed since the copy began, until next to nothing is left."""
    if not run.state.get("token"):
        copy_all(run, sides)
    with forgetting_lost_history(run), Follower(sides, run.state["token"]) as follower:

        def tell() -> None:
            run.state["token"] = follower.token
            run.save()
            run.progress(follower.events, 0, "changes")

        # Each time there is less to take over, for it has taken less time.
        taken = _LITTLE_SECONDS
        while taken >= _LITTLE_SECONDS:
            began = time.monotonic()
            follower.catch_up(tell)
            taken = time.monotonic() - began
    run.say(f"Took over {follower.events} changes.")


def verify_all(run: Run, sides: Sides) -> None:
    """Compare every document. Leaves ``verified_from``: whatever the stream does not name after it is equal.

    Raises Differs when something goes on being different.
    """
    if not run.state.get("token"):
        copy_all(run, sides)
    with forgetting_lost_history(run), Follower(sides, run.state["token"]) as follower:
        _complete_structure(run, sides)
        follower.catch_up()
        follower.take_changed()
        suspects = _compare_all(run, sides, follower)
        taken_again = 0
        for _ in range(LOOKS):
            suspects, token = look_again(sides, follower, suspects)
            if not suspects:
                break
            taken_again += len(suspects)
            follower.take_over(suspects)
        else:
            raise Differs(f"These go on being different: {some_of(suspects)}. Cancel this move.")
        run.state["token"] = run.state["verified_from"] = token
        run.save()
    run.say("Every document is the same on both clusters.")
    if taken_again:
        run.say(f"{taken_again} documents differed although nobody had changed them, and were copied again.")


def look_again(sides: Sides, follower: Follower, suspects: set[Key]) -> tuple[set[Key], str]:
    """Compare the suspects and what changed since the last look.

    Gives those that differ without having changed meanwhile, and the token before the look: but for those,
    whatever is not named after it is equal.
    """
    follower.catch_up()
    token = follower.token
    differing = differing_among(sides, suspects | follower.take_changed(), follower.session)
    if differing:
        follower.catch_up()
    return differing - follower.changed, token


def some_of(keys: set[Key]) -> str:
    """A few of the documents by collection, for a sentence."""
    names = sorted({name for name, _ in keys})
    return f"{len(keys)} documents of {', '.join(names[:5])}"


def _compare_all(run: Run, sides: Sides, follower: Follower) -> set[Key]:
    suspects: set[Key] = set()
    total = int(sides.source.command("dbStats")["dataSize"])
    done = since = 0
    for name in collections_of(sides.source):
        matching = Matching()
        both = compare_collection(
            sides.source[name], sides.target[name], session=follower.session, matching=matching
        )
        for read in both:
            done += read
            since += read
            run.progress(min(done, total), total, "B")
            if since >= _BYTES_BETWEEN:
                since = 0
                follower.follow_once()
        suspects |= {(name, one) for one in matching.left_over()}
    return suspects


def _complete_structure(run: Run, sides: Sides) -> None:
    """Make what the firm's database has got since the copy. Raises Differs when there is more or other."""
    source, target = structure_of(sides.source), structure_of(sides.target)
    for name in source:
        if source[name] != target.get(name):
            create_indexes(sides.target[name], indexes_of(sides.source[name]))
    target = structure_of(sides.target)
    # A collection without documents and indexes comes with its first document.
    if {name: one for name, one in target.items() if name not in source or one != source[name]}:
        raise Differs(
            "Collections or indexes are others than in the source. Cancel this move and begin a new one."
        )


@contextmanager
def forgetting_lost_history(run: Run) -> Iterator[None]:
    """When the source's history is lost, have the operation copy anew once it is resumed."""
    try:
        yield
    except HistoryLost:
        for name in ("token", "verified_from"):
            run.state.pop(name, None)
        run.save()
        raise
