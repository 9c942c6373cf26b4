"""The bytes that a firm's files take, counted where they are stored.

The counter stands beside the files, in the firm's own database. It is taken from before a file is stored and
given back when the file is not stored, or deleted; a process that dies in between leaves it wrong by one
file, which the daily recount mends.
"""

from __future__ import annotations

from typing import Any

from django.db import connections
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from tenants.context import organization_active, require_org_id
from tenants.images import FileRefused
from tenants.models import Counter, Organization
from tenants.plans.limits import LimitReached, crosses
from tenants.plans.names import Limit
from tenants.plans.warning import warn_managers

MEGABYTE = 1024 * 1024
COUNTER = "storage_bytes"
# The files of GridFS, each with its length.
FILES = "fs.files"


class StorageFull(LimitReached, FileRefused):
    """The file does not fit into the storage that the plan grants. Nothing was stored.

    Told wherever a refused file is told of; who knows the file's name says it with ``reason``.
    """

    def __init__(self, limit_mb: int) -> None:
        FileRefused.__init__(
            self,
            "The file was not stored",
            f"there is no room left for it in the {limit_mb:,} MB that the firm's plan grants. Remove "
            "photographs that are not needed, or have a manager ask for a larger plan.",
        )


def take_bytes(size: int, *, limited: bool = True) -> None:
    """Count ``size`` bytes of the active firm's storage as used. Raises StorageFull where they do not fit.

    With ``limited`` off they are counted and never refused. Two commands: the limit, and the count; the mark
    of 80 % costs the managers' letter.
    """
    limit_mb = _limit_mb() if limited else None
    room = {} if limit_mb is None else {"value": {"$lte": limit_mb * MEGABYTE - size}}
    used = _add(size, room)
    if used is None:
        begin_counting()
        used = _add(size, room)
    if used is None:
        assert limit_mb is not None  # noqa: S101 - without one, the counter that is there matches
        raise StorageFull(limit_mb)
    if limit_mb is not None and crosses(used - size, used, limit_mb * MEGABYTE):
        used_mb = -(-used // MEGABYTE)
        warn_managers(require_org_id("A file"), Limit.STORAGE, used=used_mb, limit=limit_mb)


def give_bytes_back(size: int) -> None:
    """``size`` bytes are free again. One command."""
    _add(-size, {})


def begin_counting() -> None:
    """Have the counter there; a firm that has files already begins with theirs.

    Nobody stores before it is there, so of two who make it at once both come to the same number.
    """
    collection = _counters()
    if collection.find_one({"name": COUNTER}, {"_id": 1}) is not None:
        return
    try:
        collection.update_one({"name": COUNTER}, {"$setOnInsert": {"value": _stored()}}, upsert=True)
    except DuplicateKeyError:
        # Somebody else made it in this moment.
        return


def used_bytes() -> int:
    """What the active firm's files take, as it is counted. One command."""
    found = Counter.objects.filter(name=COUNTER).values_list("value", flat=True).first()
    return _stored() if found is None else max(int(found), 0)


def recount_storage(organization: Organization) -> int:
    """Compare the counter with the files; returns the difference in bytes that was mended, mostly 0.

    A file that is being stored in this moment is counted and not there yet. So a difference is noted the
    first time, and taken off only when the next recount finds the very same.
    """
    with organization_active(organization.placement):
        begin_counting()
        collection = _counters()
        counter = collection.find_one({"name": COUNTER}) or {}
        drift = int(counter.get("value", 0)) - _stored()
        seen = counter.get("drift")
        if drift and drift == seen:
            mended = collection.update_one(
                {"name": COUNTER, "drift": drift}, {"$inc": {"value": -drift}, "$unset": {"drift": ""}}
            )
            return drift if mended.modified_count else 0
        if drift:
            collection.update_one({"name": COUNTER}, {"$set": {"drift": drift}})
        elif seen is not None:
            collection.update_one({"name": COUNTER}, {"$unset": {"drift": ""}})
    return 0


def _add(size: int, room: dict[str, Any]) -> int | None:
    """What is used afterwards; None where there is no room, or no counter."""
    changed = _counters().find_one_and_update(
        {"name": COUNTER, **room}, {"$inc": {"value": size}}, return_document=ReturnDocument.AFTER
    )
    return None if changed is None else int(changed["value"])


def _counters() -> Any:
    connection: Any = connections[require_org_id("A file")]
    return connection.get_collection(Counter._meta.db_table)


def _stored() -> int:
    """The lengths of all files together. Reads one small document for each file."""
    connection: Any = connections[require_org_id("A file")]
    found = connection.get_collection(FILES).aggregate(
        [{"$group": {"_id": None, "bytes": {"$sum": "$length"}}}]
    )
    total = next(iter(found), None)
    return int(total["bytes"]) if total else 0


def _limit_mb() -> int | None:
    """As the control plane says now: whoever stores megabytes can ask for it."""
    org_id = require_org_id("A file")
    limits = Organization.objects.filter(org_id=org_id).values_list("limits", flat=True).first()
    found = (limits or {}).get(Limit.STORAGE.value)
    return None if found is None else int(found)
