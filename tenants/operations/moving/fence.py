"""The fence around a source: the server itself refuses every insert and update, whoever sends it.

It stands from the freeze on, and for good when the organization has moved. A validator that no document can
satisfy refuses with error 121, which the application tells as 503. Deleting is not refused by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bson import json_util
from pymongo.database import Database
from pymongo.errors import OperationFailure

# A transaction that is open on a collection holds the fence up, and the fence everybody behind it.
FENCE_MS = 150
LIFT_MS = 10_000
_AT_ONCE = 4
_RULES = ("validator", "validationLevel", "validationAction")
# What names the operation; no document has this field.
_BY = "moving.by"
# The mark that is written afterwards waits for the majority, and so for all before it.
_QUICKLY = {"w": 1}
_NAMESPACE_NOT_FOUND = 26


def rules_of(database: Database[Any]) -> str:
    """The firm's own validators as text, for ``lift`` to put back; those of a fence left out."""
    found = {
        one["name"]: {rule: one["options"][rule] for rule in _RULES if rule in one["options"]}
        for one in database.list_collections()
        if one["options"].get("validator") and _BY not in one["options"]["validator"]
    }
    return json_util.dumps(found)


def fence(database: Database[Any], names: Sequence[str], operation: str) -> None:
    """Put it up around these collections. Raises ExecutionTimeout when an open transaction is in the way."""

    def put_up(name: str) -> None:
        database.command(
            "collMod",
            name,
            validator={"_id": {"$exists": False}, _BY: operation},
            validationLevel="strict",
            validationAction="error",
            maxTimeMS=FENCE_MS,
            writeConcern=_QUICKLY,
        )

    # Nobody can write meanwhile.
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        list(pool.map(put_up, names))


def lift(database: Database[Any], rules: str) -> None:
    """Take it away where it stands, and put the firm's own validators back."""
    own = json_util.loads(rules)
    for name in fenced(database):
        back = {"validator": {}, "validationLevel": "strict", "validationAction": "error"} | own.get(name, {})
        try:
            database.command("collMod", name, maxTimeMS=LIFT_MS, **back)
        except OperationFailure as error:
            if error.code != _NAMESPACE_NOT_FOUND:
                raise


def fenced(database: Database[Any], operation: str = "") -> list[str]:
    """The collections around which a fence stands: anybody's, or that operation's."""
    return sorted(
        one["name"]
        for one in database.list_collections()
        if (by := one.get("options", {}).get("validator", {}).get(_BY)) is not None and operation in ("", by)
    )
