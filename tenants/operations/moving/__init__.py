"""Moving an organization to another cluster while its people work.

Copy everything, take over what changes meanwhile, compare, freeze writing for a moment, take over the rest,
compare that, switch the placement. Until the switch the source is what counts and the move can be cancelled
at any step; afterwards the source stays behind a fence, read-only, for as long as was asked.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils import timezone

from tenants.models import Cluster, Operation, Organization, OrganizationStatus, User
from tenants.mongodb.clients import clients
from tenants.operations.capacity import Wanted, require_room
from tenants.operations.data import drop_organization_database
from tenants.operations.engine import Kind, Run, Step, nothing_to_undo, start_operation
from tenants.operations.moving.copying import copy_all
from tenants.operations.moving.freezing import freeze, thaw
from tenants.operations.moving.sides import (
    MoveRefused,
    claim_target,
    identity,
    is_own_copy,
    is_switched,
    sides_of,
)
from tenants.operations.moving.sources import drop_old_sources, old_sources
from tenants.operations.moving.switching import close, switch
from tenants.operations.moving.verifying import follow_up, verify_all
from tenants.operations.placement import organizations_of

__all__ = ["MOVE", "MoveRefused", "drop_old_sources", "old_sources", "request_move"]

READ_ONLY_HOURS = 24


def request_move(
    organization: Organization, to: Cluster, *, by: User | None, read_only_hours: float = READ_ONLY_HOURS
) -> Operation:
    """Record the move; nothing is run yet. Raises MoveRefused, ValidationError, OperationUnderWay."""
    if read_only_hours < 0:
        raise ValidationError({"read_only_hours": "How long the source is kept cannot be negative."})
    _require_movable(organization, to)
    return start_operation(
        MOVE,
        org_id=organization.org_id,
        by=by,
        options={"to": to.name, "read_only_hours": read_only_hours},
    )


def _require_movable(organization: Organization, to: Cluster) -> None:
    """What the control plane alone can say against it."""
    org_id = organization.org_id
    if organization.status not in (
        OrganizationStatus.ACTIVE,
        OrganizationStatus.SUSPENDED,
        OrganizationStatus.MOVING,
    ):
        raise MoveRefused(
            f"“{organization.name}” is {organization.get_status_display().lower()}; only an active or a "
            "suspended organization can be moved."
        )
    if organization.cluster_id == to.name or organization.address_setting == to.address_setting:
        raise MoveRefused(f"“{organization.name}” is on the cluster “{to.name}” already.")
    if organization.own_database_user:
        raise MoveRefused(
            f"“{organization.name}” has a database user of its own, who is not moved. Withdraw it first "
            f"(own_database_user {org_id} --administrator … --remove), move, then give it again."
        )


def _check(run: Run) -> None:
    """Note where from and where to, and refuse what cannot work before anything is touched."""
    organization = run.organization()
    to = Cluster.objects.filter(name=run.options["to"]).first()
    if to is None:
        raise MoveRefused(f"There is no cluster “{run.options['to']}” any more.")
    _require_movable(organization, to)
    run.state.update(
        source={"cluster": organization.cluster_id, "address_setting": organization.address_setting},
        target={"cluster": to.name, "address_setting": to.address_setting},
        version=organization.placement_version,
    )
    sides = sides_of(run)
    if identity(sides.source.client) == identity(sides.target.client):
        raise MoveRefused(
            f"{organization.address_setting} and {to.address_setting} lead to the same server: "
            "there is nothing to move."
        )
    claim_target(run, sides.target)
    require_room(
        Wanted(
            cluster=to.name,
            address_setting=to.address_setting,
            capacity=to.capacity,
            organizations=organizations_of([to]).get(to.name, 0),
            open_file_limit=to.open_file_limit,
        )
    )


def _copy(run: Run) -> None:
    Organization.objects.filter(
        org_id=run.operation.org_id, operation=run.operation.pk, status=OrganizationStatus.ACTIVE.value
    ).update(status=OrganizationStatus.MOVING.value, updated_at=timezone.now())
    copy_all(run, sides_of(run))


def _undo_copy(run: Run) -> None:
    """Drop the copy, if it is one, and say that the organization no longer moves."""
    organization = run.organization()
    if "target" not in run.state or is_switched(run, organization):
        return
    sides = sides_of(run)
    if organization.address_setting != run.state["source"]["address_setting"]:
        raise MoveRefused(
            "The organization's placement was changed during the move. Look into the audit log."
        )
    if is_own_copy(run, sides.target):
        drop_organization_database(
            clients.for_operations(run.state["target"]["address_setting"]), organization.org_id
        )
    Organization.objects.filter(
        org_id=organization.org_id, operation=run.operation.pk, status=OrganizationStatus.MOVING.value
    ).update(status=OrganizationStatus.ACTIVE.value, updated_at=timezone.now())


def _follow(run: Run) -> None:
    follow_up(run, sides_of(run))


def _verify(run: Run) -> None:
    verify_all(run, sides_of(run))


MOVE = Kind(
    name="move",
    label="Move",
    steps=(
        Step("check", "Look at both clusters", _check, nothing_to_undo),
        Step("copy", "Copy everything", _copy, _undo_copy),
        Step("follow", "Take over what changed", _follow, nothing_to_undo),
        Step("verify", "Compare every document", _verify, nothing_to_undo),
        Step("freeze", "Freeze writing and take over the rest", freeze, thaw),
        # From here on the source no longer counts.
        Step("switch", "Switch the placement", switch),
        Step("close", "Watch for what was late", close),
    ),
)
