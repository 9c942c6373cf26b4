"""Putting one set of an organization's collections in the place of another, and back.

What comes in stands ready beside the live collections as ``incoming.<operation>.<name>``; what was live
before is kept as ``aside.<operation>.<name>``. Renaming within a database is atomic and costs milliseconds,
and every function here decides by what it finds, so it may be run again after having been cut short anywhere.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId
from django.conf import settings
from pymongo.collection import Collection
from pymongo.database import Database

from tenants.models import Counter, Organization, OrganizationStatus
from tenants.mongodb.clients import clients
from tenants.operations.engine import Run
from tenants.plans.storage import COUNTER as STORED_BYTES

COUNTERS = Counter._meta.db_table
# Counters that say which state of something a process has read.
_REVISION = "_revision"
REASON = "Being restored from a backup."
# Work that began just before the freeze is done by then.
_STRAGGLERS_SECONDS = 0.5


def incoming_name(operation: ObjectId, collection: str = "") -> str:
    return f"incoming.{operation}.{collection}"


def aside_name(operation: ObjectId, collection: str = "") -> str:
    return f"aside.{operation}.{collection}"


@dataclass(frozen=True, slots=True)
class Rename:
    """A step of a switch: ``source`` gets the name ``target``, whatever had that name is dropped."""

    source: str
    target: str


def switch_in(
    there: Iterable[str], *, operation: ObjectId, live: Sequence[str], incoming: Sequence[str]
) -> list[Rename]:
    """What is left to do so that ``incoming`` is live and what was ``live`` is aside. Pure.

    ``there`` are the collections found now; ``live`` and ``incoming`` those of the beginning. An old
    collection is live only as long as nothing is aside in its name, for the new one comes after that.
    """
    found, steps = set(there), []
    for name in live:
        if aside_name(operation, name) not in found and name in found:
            steps.append(Rename(name, aside_name(operation, name)))
    for name in incoming:
        if incoming_name(operation, name) in found:
            # Something that a straggler began in the gap goes with what it belonged to.
            steps.append(Rename(incoming_name(operation, name), name))
    return steps


def switch_back(
    there: Iterable[str], *, operation: ObjectId, live: Sequence[str], incoming: Sequence[str]
) -> list[Rename]:
    """What is left to do so that what was aside is live again, and the other incoming as before. Pure."""
    found, steps = set(there), []
    for name in incoming:
        if incoming_name(operation, name) not in found and name in found:
            steps.append(Rename(name, incoming_name(operation, name)))
    for name in live:
        if aside_name(operation, name) in found:
            steps.append(Rename(aside_name(operation, name), name))
    return steps


def rename_all(database: Database[Any], steps: Iterable[Rename], run: Run) -> None:
    for step in steps:
        database[step.source].rename(step.target, dropTarget=True)
        run.check()


def close_firm(run: Run, *, reason: str = REASON) -> None:
    """Refuse the organization's people, and have nobody write any more. What was before is in the state."""
    organization = run.organization()
    if "before" not in run.state:
        run.state["before"] = state_of(organization)
        run.save()
    own = Organization.objects.filter(pk=organization.pk, operation=run.operation.pk)
    if organization.status == OrganizationStatus.ACTIVE:
        # Their sessions stay: it is for a moment.
        own.update(status=OrganizationStatus.SUSPENDED.value, status_reason=reason)
    if organization.frozen_at is None:
        frozen_at = datetime.now(UTC) + timedelta(seconds=settings.WRITES_KNOWN_SECONDS)
        own.update(frozen_at=frozen_at)
        run.say("Nobody of the firm is let in from now on; writing ends within a moment.")
    else:
        frozen_at = organization.frozen_at
    left = (frozen_at - datetime.now(UTC)).total_seconds() + _STRAGGLERS_SECONDS
    if left > 0:
        time.sleep(left)


def reopen_firm(run: Run) -> None:
    """Everything about the organization's record as ``close_firm`` found it."""
    before = run.state.get("before")
    if before is not None:
        Organization.objects.filter(org_id=run.operation.org_id, operation=run.operation.pk).update(
            frozen_at=None, status=before["status"], status_reason=before["status_reason"]
        )


def state_of(organization: Organization) -> dict[str, Any]:
    """What a switch changes of an organization's record, as it is now."""
    return {
        "cluster": organization.cluster_id,
        "address_setting": organization.address_setting,
        "placement_version": organization.placement_version,
        "migrations": list(organization.migrations),
        "destructive_migrations": list(organization.destructive_migrations),
        "status": str(organization.status),
        "status_reason": organization.status_reason,
    }


def record_switch(run: Run, **changes: Any) -> None:
    """Write into the organization's record what lies in its database now, and let writing begin again."""
    Organization.objects.filter(org_id=run.operation.org_id, operation=run.operation.pk).update(
        placement_version=run.state["before"]["placement_version"] + 1, frozen_at=None, **changes
    )


def keep_numbers(replaced: Collection[Any], live: Collection[Any]) -> list[str]:
    """Have every counter go on from where it was before the switch; returns the names of those raised.

    A number that was given stands on paper somewhere and is never given again, whatever was put back. What
    processes keep under a revision must not be taken for what is there now: those begin a new one.
    """
    raised = []
    # The bytes of the files that are there now were counted with them.
    for counter in replaced.find({"name": {"$ne": STORED_BYTES}}, {"name": 1, "value": 1}):
        value = int(counter["value"]) + (1 if str(counter["name"]).endswith(_REVISION) else 0)
        done = live.update_one({"name": counter["name"]}, {"$max": {"value": value}}, upsert=True)
        if done.modified_count or done.upserted_id is not None:
            raised.append(str(counter["name"]))
    return raised


def same_server(one: str, other: str) -> bool:
    """Whether two address settings lead to the same server, by the process that answers as primary."""
    if one == other:
        return True
    return bool(_process(one) == _process(other))


def _process(address_setting: str) -> Any:
    return clients.for_operations(address_setting).admin.command("hello")["topologyVersion"]["processId"]
