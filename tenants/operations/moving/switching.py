"""The switch of the placement, and what comes after it."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

from django.db import connections
from django.utils import timezone

from tenants.models import Organization, OrganizationStatus
from tenants.naming import CONTROL_ALIAS
from tenants.operations.engine import Run
from tenants.operations.moving.comparing import counts_of
from tenants.operations.moving.following import Follower, HistoryLost, Key, documents_by_id, query
from tenants.operations.moving.freezing import freeze
from tenants.operations.moving.sides import MARKER, OWNER, MoveRefused, Sides, is_switched, sides_of

# How long the source is watched for what was under way when the freeze began.
LATE_SECONDS = 3.0


def switch(run: Run) -> None:
    """One conditional update moves the organization. Repeatable."""
    if not is_switched(run, run.organization()) and not _switch(run):
        # Somebody let them write meanwhile.
        freeze(run)
        if not _switch(run):
            raise MoveRefused(
                "The organization's placement was changed during the move. Look into the audit log."
            )
    run.say(f"Moved to “{run.state['target']['cluster']}”.")


def _switch(run: Run) -> bool:
    """Whether the update found the organization as it was frozen."""
    state, now = run.state, timezone.now()
    frozen_at = datetime.fromisoformat(state["frozen_at"])
    moving = OrganizationStatus.MOVING.value
    collection: Any = connections[CONTROL_ALIAS].get_collection(Organization._meta.db_table)  # type: ignore[attr-defined]
    found = collection.update_one(
        {
            "org_id": run.operation.org_id,
            "operation": run.operation.pk,
            "placement_version": state["version"],
            "frozen_at": frozen_at,
        },
        [
            {
                "$set": {
                    "cluster": {"$literal": state["target"]["cluster"]},
                    "address_setting": {"$literal": state["target"]["address_setting"]},
                    "placement_version": state["version"] + 1,
                    "frozen_at": None,
                    "updated_at": now,
                    "status": {
                        "$cond": [
                            {"$eq": ["$status", moving]},
                            OrganizationStatus.ACTIVE.value,
                            "$status",
                        ]
                    },
                }
            }
        ],
    )
    if found.modified_count:
        state["freeze_ms"] = round((timezone.now() - frozen_at).total_seconds() * 1000)
    return bool(found.modified_count)


def close(run: Run) -> None:
    """Take over what was late, and say until when the source is kept."""
    sides = sides_of(run)
    _take_late_changes(run, sides)
    # As pairs: a collection's name has dots.
    run.state["counts"] = sorted(counts_of(sides.source).items())
    for database in (sides.source, sides.target):
        for name in (MARKER, OWNER):
            database.drop_collection(name)
    if "drop_after" not in run.state:
        drop_after = timezone.now() + timedelta(hours=float(run.options["read_only_hours"]))
        run.state["drop_after"] = drop_after.isoformat()
    until = timezone.localtime(datetime.fromisoformat(run.state["drop_after"]))
    frozen = f"{run.state['freeze_ms']} ms" if "freeze_ms" in run.state else "a moment"
    run.say(
        f"Nobody could write for {frozen}. The source on "
        f"“{run.state['source']['cluster']}” is read-only and kept until {until:%Y-%m-%d %H:%M}."
    )


def _take_late_changes(run: Run, sides: Sides) -> None:
    """Watch the source on from the mark.

    The fence refuses to insert and to update, so what comes can only be the deletion of a document, asked for
    before the freeze and under way until now: whoever asked was told that it is gone, so it goes. Anything
    else is told, and left for a person to look at.
    """
    try:
        with Follower(sides, run.state["token"], read_only=True) as follower:
            until = time.monotonic() + LATE_SECONDS
            while time.monotonic() < until:
                follower.follow_once()
                run.check()
            late = follower.take_changed()
    except HistoryLost:
        run.say(
            "Whether anything was late is not known any more; the source is counted before it is dropped."
        )
        return
    if not late:
        return
    deleted, written = _sorted_by_fate(sides, late)
    for name, one in deleted:
        sides.target[name].delete_one(query(one))
    shown = [f"{name} {query(one)['_id']}" for name, one in sorted(late)][:50]
    run.audit("late_changes", {"deleted": len(deleted), "written": len(written), "documents": shown})
    run.say(f"{len(deleted)} documents were deleted late, in the source and now here too.")
    if written:
        run.say(
            f"{len(written)} documents were written late, in the source alone: {', '.join(shown)}. "
            "Nothing was done about them."
        )


def _sorted_by_fate(sides: Sides, keys: set[Key]) -> tuple[set[Key], set[Key]]:
    """Those that are gone from the source, and those that are there."""
    there = {(name, one) for name, one in keys if documents_by_id(sides.source[name], [one])}
    return keys - there, there
