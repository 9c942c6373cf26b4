"""The moment in which nobody writes: announce it, put up the fence, follow to the end, look once more.

``Organization.frozen_at`` is announced so far ahead that every process has read it when it comes. From then
on nobody of ours writes; the fence refuses what was under way. A mark that is written into the source then
comes last in its history: once the stream has brought it, the target has everything.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pymongo
from bson import ObjectId
from django.conf import settings
from django.utils import timezone
from pymongo.database import Database
from pymongo.errors import ExecutionTimeout, PyMongoError

from tenants.context import carry
from tenants.models import Organization
from tenants.operations.data import collections_of
from tenants.operations.engine import EXPECTED, Cancelled, LeaseLost, Run
from tenants.operations.moving.comparing import MOST_COUNTED, counts_of, differing_among, kept_counts_of
from tenants.operations.moving.fence import fence, lift, rules_of
from tenants.operations.moving.following import Follower, Key
from tenants.operations.moving.sides import MARKER, MoveRefused, Sides, sides_of
from tenants.operations.moving.verifying import (
    forgetting_lost_history,
    look_again,
    some_of,
    verify_all,
)

# Between the last moment at which an older state may be worked on and the freeze: for clocks that differ.
MARGIN_SECONDS = 0.25
# Nobody waits longer than this in vain: then the freeze ends, and is tried again.
MOST_FROZEN_SECONDS = 5.0
TRIES = 8
# Between two tries; a transaction that its process has left open ends within a minute.
PAUSES_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
# What a look at what changed takes at least, and what following for once takes about.
_LOOK_SECONDS = 0.05
_FOLLOW_SECONDS = 0.03


class NotNow(MoveRefused):
    """The freeze came to nothing this time; nobody is frozen any more."""


@dataclass(frozen=True, slots=True)
class _Freeze:
    """An announced freeze: what it begins with, and when it is over for good."""

    begins_at: datetime
    # By ``time.monotonic()``.
    begins: float
    ends: float

    @classmethod
    def soon(cls) -> _Freeze:
        seconds = float(settings.WRITES_KNOWN_SECONDS) + MARGIN_SECONDS
        at = timezone.now() + timedelta(seconds=seconds)
        # As precise as the database keeps it.
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)
        begins = time.monotonic() + (at - timezone.now()).total_seconds()
        return cls(at, begins, begins + MOST_FROZEN_SECONDS)


def freeze(run: Run) -> None:
    """Leave the organization frozen, fenced and whole in the target, or raise and leave it at work.

    What somebody leaves open may be in the way: tried 8 times, with pauses of a minute in all.
    """
    sides = sides_of(run)
    thaw(run)
    for number in range(TRIES):
        if not run.state.get("verified_from"):
            verify_all(run, sides)
        try:
            with forgetting_lost_history(run):
                _freeze_once(run, sides)
            return
        except NotNow as error:
            if number + 1 == TRIES:
                raise
            run.say(f"Not frozen: {error} Trying again.")
            _wait(run, PAUSES_SECONDS[number])


def thaw(run: Run) -> None:
    """Let everybody write again, whatever a freeze has come to. Repeatable; part of undoing."""
    sides = sides_of(run)
    try:
        lift(sides.source, run.state.get("rules", "{}"))
        sides.source.drop_collection(MARKER)
    finally:
        # A source that does not answer must not keep the organization frozen besides.
        Organization.objects.filter(org_id=run.operation.org_id, operation=run.operation.pk).update(
            frozen_at=None
        )


def _freeze_once(run: Run, sides: Sides) -> None:
    state = run.state
    with Follower(sides, state["verified_from"]) as follower:
        suspects = _catch_up_closely(run, sides, follower)
        state["rules"] = rules_of(sides.source)
        state["documents"] = int(sides.source.command("dbStats")["objects"])
        if MARKER not in sides.source.list_collection_names():
            # Now, for it takes a moment.
            sides.source.create_collection(MARKER, check_exists=False)
        freeze = _Freeze.soon()
        state["frozen_at"] = freeze.begins_at.isoformat()
        run.save()
        with _thawing_after_failure(run):
            _announce(run, freeze)
            names = collections_of(sides.source)
            suspects = _follow_until(run, sides, follower, freeze, suspects)
            try:
                fence(sides.source, names, str(run.operation.pk))
            except ExecutionTimeout as error:
                raise NotNow("a transaction that is open holds everything up.") from error
            with _in_time(freeze):
                _follow_to_the_end(sides, follower, freeze)
                _last_look(run, sides, follower, suspects, names)
            # What comes after it comes too late.
            state["token"] = follower.token


def _catch_up_closely(run: Run, sides: Sides, follower: Follower) -> set[Key]:
    """Look again until little changes between two looks; keep what the last one began from."""
    suspects: set[Key] = set()
    for _ in range(3):
        suspects, token = look_again(sides, follower, suspects)
        if not suspects:
            # Else whoever resumes would not know what is suspect.
            run.state["verified_from"] = token
            if len(follower.changed) < 100:
                break
        follower.take_over(suspects)
    return suspects


def _announce(run: Run, freeze: _Freeze) -> None:
    """One conditional update. Raises MoveRefused when the placement is not what it was."""
    announced = Organization.objects.filter(
        org_id=run.operation.org_id, operation=run.operation.pk, placement_version=run.state["version"]
    ).update(frozen_at=freeze.begins_at)
    if not announced:
        raise MoveRefused("The organization's placement was changed during the move. Cancel this move.")


def _follow_until(
    run: Run, sides: Sides, follower: Follower, freeze: _Freeze, suspects: set[Key]
) -> set[Key]:
    """Follow until the freeze begins, so that little is left to do then; gives what still seems to differ."""
    taken = _LOOK_SECONDS
    while (left := freeze.begins - time.monotonic()) > 0:
        run.check()
        if left > 2 * taken and follower.changed:
            began = time.monotonic()
            suspects, _ = look_again(sides, follower, suspects)
            taken = max(_LOOK_SECONDS, time.monotonic() - began)
        elif left > _FOLLOW_SECONDS:
            follower.follow_once()
        else:
            time.sleep(left)
    return suspects


def _follow_to_the_end(sides: Sides, follower: Follower, freeze: _Freeze) -> None:
    """Put a mark into the source, and follow the stream until it comes. Raises NotNow."""
    mark = str(ObjectId())
    sides.source[MARKER].insert_one({"_id": mark})
    while mark not in follower.marks:
        follower.follow_once()
        if time.monotonic() > freeze.ends:
            raise NotNow(f"the last changes did not come within {MOST_FROZEN_SECONDS:g} s.")
    if not follower.is_settled:
        follower.take_over(())


def _last_look(run: Run, sides: Sides, follower: Follower, suspects: set[Key], names: Sequence[str]) -> None:
    """Compare what changed since it was compared last, and the numbers of documents.

    Raises NotNow, after which everything is compared anew.
    """
    verified_from = run.state.pop("verified_from")
    with ThreadPoolExecutor(max_workers=4) as pool:
        few = run.state["documents"] <= MOST_COUNTED
        count = counts_of if few else kept_counts_of
        # Carried: with this thread's limit of time.
        counting = [pool.submit(carry(count), one, names) for one in _both(sides)]
        listing = pool.submit(carry(collections_of), sides.source)
        differing = differing_among(sides, suspects | follower.changed, follower.session)
        ours, theirs = (one.result() for one in counting)
        if not few and ours != theirs:
            ours, theirs = (counts_of(one, names) for one in _both(sides))
        if listing.result() != names:
            raise NotNow("a collection was made in the last moment.")
    if differing or not follower.is_settled:
        raise NotNow(f"{some_of(differing)} differ.")
    if ours != theirs:
        raise NotNow(f"the numbers of documents differ: {ours} and {theirs}.")
    run.state["verified_from"] = verified_from


def _both(sides: Sides) -> tuple[Database[Any], Database[Any]]:
    return sides.source, sides.target


@contextmanager
def _in_time(freeze: _Freeze) -> Iterator[None]:
    """Raises NotNow when a server does not answer within the freeze."""
    try:
        with pymongo.timeout(max(0.1, freeze.ends - time.monotonic())):
            yield
    except PyMongoError as error:
        if not error.timeout:
            raise
        raise NotNow(f"a server did not answer in time ({type(error).__name__}).") from error


@contextmanager
def _thawing_after_failure(run: Run) -> Iterator[None]:
    """Thaw when the block fails, unless somebody else runs the operation now: then the freeze is theirs."""
    try:
        yield
    except LeaseLost:
        raise
    except (*EXPECTED, KeyboardInterrupt):
        # Raises LeaseLost; a request to cancel is heard by whoever gets the failure.
        with suppress(Cancelled):
            run.save()
        thaw(run)
        raise


def _wait(run: Run, seconds: float) -> None:
    """Let the firm work for a while."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        run.check()
        time.sleep(min(0.2, left))
