"""Sources of past moves: kept read-only for a time, then dropped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils import timezone

from tenants.audit import record_audit
from tenants.models import Operation, OperationStatus, Organization
from tenants.mongodb.clients import clients
from tenants.operations.data import collections_of, drop_organization_database
from tenants.operations.moving.comparing import counts_of
from tenants.operations.moving.fence import fenced
from tenants.operations.moving.sides import MoveRefused, identity

_KIND = "move"


def drop_old_sources(now: datetime, *, org_id: str = "") -> list[str]:
    """Drop the sources whose time is over; that organization's at once, if one is named.

    Gives a line for each that was dropped, or that could not be and why. Nothing is dropped that a placement
    points to, that an operation works on, or that is not exactly what the move left there.
    """
    lines = []
    for operation in _moves(org_id):
        state = operation.state
        if not org_id and datetime.fromisoformat(state["drop_after"]) > now:
            continue
        where = f"{operation.org_id} on “{state['source']['cluster']}”"
        try:
            _drop(operation)
            lines.append(f"{where}: dropped.")
        except MoveRefused as error:
            lines.append(f"{where}: kept. {error}")
    return lines


def old_sources(org_id: str = "") -> list[dict[str, Any]]:
    """What is kept: org_id, cluster, drop_after."""
    return [
        {
            "org_id": one.org_id,
            "cluster": one.state["source"]["cluster"],
            "drop_after": one.state["drop_after"],
        }
        for one in _moves(org_id)
    ]


def _moves(org_id: str) -> Iterator[Operation]:
    """Moves whose source is still kept, oldest first."""
    found = Operation.objects.filter(kind=_KIND, status=OperationStatus.DONE.value).order_by("created_at")
    for operation in found.filter(org_id=org_id) if org_id else found:
        if "drop_after" in operation.state and "dropped_at" not in operation.state:
            yield operation


def _drop(operation: Operation) -> None:
    """Raises MoveRefused with what speaks against it."""
    source, org_id = operation.state["source"], operation.org_id
    client = clients.for_operations(source["address_setting"])
    organization = Organization.objects.filter(org_id=org_id).first()
    if organization is not None:
        if organization.operation is not None:
            raise MoveRefused("An operation works on the organization; later.")
        present = clients.for_operations(organization.address_setting)
        if organization.address_setting == source["address_setting"] or identity(present) == identity(client):
            raise MoveRefused("The organization is there now.")
    names = collections_of(client[org_id])
    if names:
        if names != fenced(client[org_id], str(operation.pk)):
            raise MoveRefused("It is no longer as the move left it: the fence is gone. Look at it first.")
        counts = sorted(counts_of(client[org_id]).items())
        if counts != [tuple(one) for one in operation.state["counts"]]:
            raise MoveRefused(f"Documents were deleted from it after the move: {dict(counts)}. Look first.")
        drop_organization_database(client, org_id)
    operation.state["dropped_at"] = timezone.now().isoformat()
    Operation.objects.filter(pk=operation.pk).update(state=operation.state)
    record_audit(
        "move.source_dropped",
        by=None,
        organization=org_id,
        target=org_id,
        details={"operation": str(operation.pk), "cluster": source["cluster"]},
    )
