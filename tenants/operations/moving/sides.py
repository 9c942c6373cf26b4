"""The two databases of a move, and what the move itself keeps in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bson import json_util
from pymongo.database import Database

from tenants.errors import TenancyError
from tenants.models import Organization
from tenants.mongodb.clients import Client, clients
from tenants.operations.engine import Run

# Both are no part of the firm's data (``data.OF_OPERATIONS``). The first stands in the target and says whose
# half-made copy it is; into the second, in the source, goes what the stream is followed up to.
OWNER = "moving.owner"
MARKER = "moving.marker"


class MoveRefused(TenancyError):
    """The move cannot be done as things are; the sentence says what to do about it."""


@dataclass(frozen=True, slots=True)
class Sides:
    """Where the organization's data is and where it goes: clients of operations, the same database name."""

    source: Database[Any]
    target: Database[Any]


def sides_of(run: Run) -> Sides:
    """As the step ``check`` noted them. Raises UnknownCluster when this process lacks an address."""
    org_id = run.operation.org_id
    return Sides(
        clients.for_operations(run.state["source"]["address_setting"])[org_id],
        clients.for_operations(run.state["target"]["address_setting"])[org_id],
    )


def is_switched(run: Run, organization: Organization) -> bool:
    """Whether the placement points to the target already."""
    state = run.state
    return (
        "target" in state
        and organization.address_setting == state["target"]["address_setting"]
        and organization.placement_version > state["version"]
    )


def identity(client: Client) -> tuple[Any, ...]:
    """What tells one replica set from another: its name, its members and its primary's process."""
    hello = client.admin.command("hello")
    process = hello.get("topologyVersion", {}).get("processId")
    return hello.get("setName"), frozenset(hello.get("hosts", ())), hello.get("primary"), process


def claim_target(run: Run, target: Database[Any]) -> None:
    """Make sure that the target is empty, or this move's own unfinished copy. Raises MoveRefused."""
    names = [name for name in target.list_collection_names() if not name.startswith("system.")]
    if not names:
        return
    owner = target[OWNER].find_one({"_id": "owner"})
    if owner is None or owner.get("operation") != str(run.operation.pk):
        raise MoveRefused(
            f"The cluster “{run.state['target']['cluster']}” has a database {target.name!r} already. If an "
            f"earlier move left it there, remove it with “move_org {target.name} --drop-old”."
        )


def mark_target(run: Run, target: Database[Any]) -> None:
    """Say in the target whose copy it is, before anything else is written there."""
    claim_target(run, target)
    target[OWNER].replace_one({"_id": "owner"}, {"operation": str(run.operation.pk)}, upsert=True)


def is_own_copy(run: Run, target: Database[Any]) -> bool:
    owner = target[OWNER].find_one({"_id": "owner"})
    return owner is not None and owner.get("operation") == str(run.operation.pk)


def token_text(token: Any) -> str:
    """A change stream's resume token as it is kept in the operation's state."""
    return json_util.dumps(dict(token))


def token_from(text: str) -> Any:
    return json_util.loads(text)
