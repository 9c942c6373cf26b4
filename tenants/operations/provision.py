"""Creating an organization: its record, room for it, its collections and indexes, its first manager.

Two databases are never one transaction, so it is an operation in steps, each of which can be repeated: what
was cut short anywhere goes on when it is asked for again with the same org_id.

The room that is promised to an organization counts as taken until its collections are open, and two promises
on one cluster never overlap: both write its document in their transactions, so one of them waits and counts
the other.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import DatabaseError, IntegrityError, connections
from django.utils import timezone
from pymongo.errors import PyMongoError

from tenants.audit import SYSTEM, record_audit
from tenants.errors import ClusterUnreachable, TenancyError, UnknownCluster
from tenants.models import (
    Cluster,
    Operation,
    OperationStatus,
    Organization,
    OrganizationStatus,
    Plan,
    Subscription,
    User,
)
from tenants.models.users import normalise_email
from tenants.mongodb.transaction import run_atomically
from tenants.naming import CONTROL_ALIAS
from tenants.operations.capacity import NoRoom, Wanted, require_room, wait_for_room
from tenants.operations.data import collections_of, database_of, drop_organization_database
from tenants.operations.engine import (
    Kind,
    OperationStopped,
    Run,
    Step,
    cancel_operation,
    run_operation,
    start_operation,
    unfinished_operation,
)
from tenants.operations.invitations import InvitationNotSent, InvitationRefused, invite_manager
from tenants.operations.placement import WITHOUT_DATABASE, Wish, candidates_among, choose
from tenants.operations.schema import create_schema, head, release
from tenants.plans.entitlements import refresh_entitlement

UNMADE = (OrganizationStatus.REQUESTED, OrganizationStatus.PROVISIONING)
# How long what runs in the background waits for idle files to be closed.
BACKGROUND_WAIT_SECONDS = 300.0
WAITING_TOLD_SECONDS = 30.0
# One thread of a process promises at a time; those of other processes meet in the transaction.
_promising = threading.Lock()


class OrganizationExists(TenancyError):
    """The org_id belongs to an organization with other particulars, or to one that was deleted."""


@dataclass(frozen=True, slots=True)
class NewOrganization:
    """What is asked for.

    ``plan`` is a plan's code; none means no subscription. ``cluster`` names where it shall stand; else it
    goes to the least loaded cluster of ``region`` and ``tier``, where empty means any. ``manager_email`` is
    invited as its first manager.
    """

    org_id: str
    name: str
    initials: str
    cluster: str = ""
    plan: str = ""
    letterhead: dict[str, Any] | None = None
    region: str = ""
    tier: str = ""
    manager_email: str = ""
    manager_name: str = ""

    @property
    def wish(self) -> Wish:
        return Wish(self.cluster, self.region, self.tier)

    @property
    def options(self) -> dict[str, Any]:
        """What the operation is told; name, initials and letterhead stand on the organization at once."""
        return {
            **asdict(self.wish),
            "plan": self.plan,
            "manager_email": normalise_email(self.manager_email),
            "manager_name": self.manager_name,
        }


# The doors ----------------------------------------------------------------------------------------------


def request_organization(wanted: NewOrganization, *, by: User | None) -> Operation:
    """Record what is asked for; whoever runs the operation makes it. The unfinished one when asked again.

    Raises ValidationError for a bad value, OrganizationExists, NoRoom when no cluster takes new ones.
    """
    found = _found(wanted)
    if found is None:
        return _record(wanted, by)
    if found.status not in UNMADE:
        raise OrganizationExists(f"There is an organization “{wanted.org_id}” already.")
    return _operation_of(found, wanted, by)


def create_organization(
    wanted: NewOrganization,
    *,
    by: User | None,
    wait_seconds: float = 0.0,
    on_progress: Callable[[Operation], None] | None = None,
) -> Organization:
    """Create the organization, or finish one that an earlier call left half-made; waits so long for room.

    Raises ValidationError for a bad value, OrganizationExists, NoRoom, and what a step failed with; the
    operation stays then, and the next call goes on with it. For an organization that is there and has the
    same name it checks collections and indexes, invites the manager if nobody did, and changes nothing else.
    """
    found = _found(wanted)
    if found is not None and found.status not in UNMADE:
        create_schema(found)
        if wanted.manager_email:
            invite_manager(found, email=wanted.manager_email, name=wanted.manager_name, by=by)
        return found
    operation = _record(wanted, by, at_once=True) if found is None else _operation_of(found, wanted, by)
    return _run(operation, wait_seconds, on_progress)


def finish_provisioning(
    organization: Organization, *, by: User | None, plan: str = "", wait_seconds: float = 0.0
) -> Organization:
    """Make the database of a recorded organization, and activate it. Repeatable after any failure."""
    if organization.status not in UNMADE:
        create_schema(organization)
        return organization
    operation = unfinished_operation(PROVISION, organization.org_id) or _start(organization, by, plan=plan)
    return _run(operation, wait_seconds)


def _run(
    operation: Operation, wait_seconds: float, on_progress: Callable[[Operation], None] | None = None
) -> Organization:
    """Run it to its end; a failed step is raised as what it failed with."""
    try:
        run_operation(operation, kind_waiting(wait_seconds), on_progress=on_progress)
    except OperationStopped as stopped:
        if isinstance(stopped.__cause__, (TenancyError, ValidationError, PyMongoError, DatabaseError)):
            raise stopped.__cause__ from None
        raise
    return Organization.objects.get(org_id=operation.org_id)


# Recording ----------------------------------------------------------------------------------------------


def _found(wanted: NewOrganization) -> Organization | None:
    found = Organization.objects.filter(org_id=wanted.org_id).first()
    if found is None:
        return None
    if found.name != wanted.name:
        raise OrganizationExists(
            f"The organization id {wanted.org_id!r} belongs to “{found.name}”. Choose another id."
        )
    if found.status == OrganizationStatus.DELETED:
        raise OrganizationExists(f"“{wanted.org_id}” was deleted; its id is not given again. Choose another.")
    return found


def _record(wanted: NewOrganization, by: User | None, *, at_once: bool = False) -> Operation:
    """The organization's record and its operation, both or neither."""
    organization = checked(wanted)

    def store() -> Operation:
        organization.save(force_insert=True)
        return start_operation(
            PROVISION, org_id=organization.org_id, by=by, options=wanted.options, at_once=at_once
        )

    try:
        return run_atomically(store, using=CONTROL_ALIAS)
    except IntegrityError:
        # Somebody recorded it in the same moment; theirs counts when it is the same firm.
        return request_organization(wanted, by=by)


def checked(wanted: NewOrganization) -> Organization:
    """The organization as it would be recorded; nothing is. Raises ValidationError, NoRoom."""
    clusters = list(Cluster.objects.all())
    named = next((one for one in clusters if one.name == wanted.cluster), None)
    if wanted.cluster and named is None:
        raise ValidationError({"cluster": f"There is no cluster “{wanted.cluster}”."})
    if wanted.plan and not Plan.objects.filter(code=wanted.plan).exists():
        raise ValidationError({"plan": f"There is no plan “{wanted.plan}”."})
    if wanted.manager_email:
        _check_manager(wanted)
    organization = Organization(
        org_id=wanted.org_id,
        name=wanted.name,
        initials=wanted.initials,
        letterhead=wanted.letterhead or {"name": wanted.name},
        status=OrganizationStatus.REQUESTED,
    )
    organization.full_clean(exclude=["cluster"], validate_unique=False)
    choice = choose(candidates_among(clusters), wanted.wish)
    if named is None and not choice.names:
        raise _no_cluster(wanted.wish, choice.refused)
    # Where it will stand is decided when it is made; until then, where it would stand now.
    cluster = named or next(one for one in clusters if one.name == choice.names[0])
    organization.cluster, organization.address_setting = cluster, cluster.address_setting
    return organization


def _check_manager(wanted: NewOrganization) -> None:
    address = normalise_email(wanted.manager_email)
    try:
        validate_email(address)
    except ValidationError as error:
        raise ValidationError({"manager_email": f"“{address}” is no e-mail address."}) from error
    if User.objects.filter(email=address).exclude(organization=wanted.org_id).exists():
        raise ValidationError({"manager_email": f"“{address}” belongs to somebody elsewhere already."})


def _operation_of(organization: Organization, wanted: NewOrganization, by: User | None) -> Operation:
    """The operation with which the half-made organization goes on, as it is wanted now."""
    operation = unfinished_operation(PROVISION, organization.org_id)
    if operation is None:
        return _start(organization, by, **wanted.options)
    untouched = operation.step == PROVISION.steps[0].name and operation.status == OperationStatus.STOPPED
    if untouched and operation.options != wanted.options:
        # Asked for anew, on another cluster for one; nothing of it was made yet.
        cancel_operation(operation, PROVISION)
        return _record(wanted, by)
    return operation


def _start(organization: Organization, by: User | None, **options: Any) -> Operation:
    """An operation for an organization that was recorded without one, or half-made before there were any."""
    if organization.status == OrganizationStatus.PROVISIONING:
        # Collections of it may be there already.
        options["cluster"] = organization.cluster_id
    return start_operation(PROVISION, org_id=organization.org_id, by=by, options=options)


def _no_cluster(wish: Wish, refused: Mapping[str, str], *, may_pass: bool = False) -> NoRoom:
    looked_at = "; ".join(f"{name}: {why}" for name, why in sorted(refused.items())) or "there is none"
    return NoRoom(f"No cluster can take another organization ({wish}). {looked_at}", may_pass=may_pass)


# The steps ----------------------------------------------------------------------------------------------


def _place(run: Run, patience: float) -> None:
    """Have room promised on the best cluster that has it; status provisioning."""
    wait_for_room(lambda: _claim_best(run), seconds=patience, tell=_teller(run))


def _claim_best(run: Run) -> None:
    options = run.options
    wish = Wish(options.get("cluster", ""), options.get("region", ""), options.get("tier", ""))
    wanted = Cluster.objects.filter(name=wish.cluster) if wish.cluster else Cluster.objects.all()
    clusters = {one.name: one for one in wanted}
    if wish.cluster in clusters:
        _claim(run, clusters[wish.cluster])
        return
    choice = choose(candidates_among(list(clusters.values())), wish)
    refused, may_pass = dict(choice.refused), False
    for name in choice.names:
        try:
            _claim(run, clusters[name])
        except (NoRoom, UnknownCluster, ClusterUnreachable) as error:
            refused[name] = str(error)
            may_pass = may_pass or (isinstance(error, NoRoom) and error.may_pass)
        else:
            return
    raise _no_cluster(wish, refused, may_pass=may_pass)


def _claim(run: Run, cluster: Cluster) -> None:
    """Promise the organization room on the cluster, in one transaction of the control plane.

    What is measured is measured after the transaction began to see: who is not counted as promised any more
    has its files open by then. Raises NoRoom, UnknownCluster, ClusterUnreachable; nothing is promised then.
    """
    organization = run.operation.org_id
    run.state.update(room=cluster.name, room_of=run.operation.owner)

    def promise() -> None:
        control: Any = connections[CONTROL_ALIAS]
        # Two who write the same document in their transactions go one after the other.
        control.get_collection(Cluster._meta.db_table).update_one(
            {"name": cluster.name}, {"$inc": {"promises": 1}}, session=control.session
        )
        _require_room_beside_others(run, cluster)
        run.save()
        Organization.objects.filter(org_id=organization, status__in=UNMADE).update(
            status=OrganizationStatus.PROVISIONING, cluster=cluster, address_setting=cluster.address_setting
        )

    try:
        with _promising:
            run_atomically(promise, using=CONTROL_ALIAS)
    except BaseException:
        run.state.pop("room", None)
        raise


def _require_room_beside_others(run: Run, cluster: Cluster) -> None:
    others = Organization.objects.filter(cluster=cluster.name).exclude(org_id=run.operation.org_id)
    being_made = (
        Operation.objects.filter(
            kind=PROVISION.name, status=OperationStatus.RUNNING, lease_until__gt=timezone.now()
        )
        .exclude(pk=run.operation.pk)
        .values_list("state", flat=True)
    )
    wanted = Wanted(
        cluster=cluster.name,
        address_setting=cluster.address_setting,
        capacity=cluster.capacity,
        organizations=others.exclude(status__in=WITHOUT_DATABASE).count(),
        promised=sum(1 for state in being_made if state.get("room") == cluster.name),
        open_file_limit=cluster.open_file_limit,
    )
    try:
        require_room(wanted)
    except PyMongoError as error:
        raise ClusterUnreachable(cluster.address_setting) from error


def _forget(run: Run) -> None:
    """Take the record back: nothing was made for it."""
    Organization.objects.filter(org_id=run.operation.org_id, status__in=UNMADE).delete()


def _make(run: Run, patience: float) -> None:
    """Make its collections and indexes, with the room promised to this very runner."""
    organization = run.organization()
    if run.state.get("room_of") != run.operation.owner or "room" not in run.state:
        cluster = Cluster.objects.get(name=organization.cluster_id)
        wait_for_room(lambda: _claim(run, cluster), seconds=patience, tell=_teller(run))
    create_schema(organization)
    # Its files are open now, and measured by whoever is next.
    run.state.pop("room")


def _unmake(run: Run) -> None:
    """Remove its empty collections. Raises NotEmpty."""
    organization = Organization.objects.filter(org_id=run.operation.org_id, status__in=UNMADE).first()
    if organization is None:
        return
    database = database_of(organization.placement)
    kept = [name for name in collections_of(database) if database[name].find_one({}, {"_id": 1})]
    if kept:
        raise NotEmpty(
            f"The database of “{organization.org_id}” holds documents ({', '.join(kept)}); it is not dropped."
        )
    drop_organization_database(database.client, organization.org_id)


class NotEmpty(TenancyError):
    """There is something in the database of an organization that was never made."""


def _activate(run: Run) -> None:
    """Begin its subscription and let its people in."""
    organization = run.organization()
    if organization.status not in UNMADE:
        return
    plan = run.options.get("plan", "")

    def store() -> None:
        if plan:
            _subscribe(organization, plan)
        Organization.objects.filter(pk=organization.pk).update(
            status=OrganizationStatus.ACTIVE,
            migrations=list(head()),
            destructive_migrations=[name for name in head() if name in release().destructive],
            updated_at=timezone.now(),
        )
        record_audit(
            "organization.created",
            by=None,
            actor=run.operation.requested_by,
            organization=organization,
            target=organization.org_id,
        )

    run_atomically(store, using=CONTROL_ALIAS)


def _invite(run: Run) -> None:
    """Invite the first manager. A letter that cannot be sent does not hold the organization up."""
    email = run.options.get("manager_email", "")
    if not email:
        return
    requested_by = run.operation.requested_by
    by = None if requested_by == SYSTEM else User.objects.filter(email=requested_by).first()
    try:
        invite_manager(run.organization(), email=email, name=run.options.get("manager_name", ""), by=by)
    except (InvitationNotSent, InvitationRefused) as error:
        run.state["not_invited"] = str(error)
        run.say(f"{email} was not invited: {error} Create the organization again to try it again.")
    else:
        run.say(f"{email} is invited as its first manager.")


def _teller(run: Run) -> Callable[[str], None]:
    told_at = -WAITING_TOLD_SECONDS

    def tell(text: str) -> None:
        nonlocal told_at
        run.check()
        if time.monotonic() - told_at >= WAITING_TOLD_SECONDS:
            told_at = time.monotonic()
            run.say(f"Waits for room. {text}")

    return tell


def kind_waiting(seconds: float) -> Kind:
    """The kind, waiting so long for idle files to be closed where there is no room."""
    return Kind(
        "provision",
        "Provisioning",
        (
            Step("place", "Finding room on a cluster", partial(_place, patience=seconds), _forget),
            Step("schema", "Making collections and indexes", partial(_make, patience=seconds), _unmake),
            Step("activate", "Opening it to its people", _activate, light=True),
            Step("invite", "Inviting its first manager", _invite),
        ),
    )


PROVISION = kind_waiting(BACKGROUND_WAIT_SECONDS)


def _subscribe(organization: Organization, plan_code: str) -> None:
    plan = Plan.objects.filter(code=plan_code).first()
    if plan is None:
        raise ValidationError({"plan": f"There is no plan “{plan_code}”."})
    if not Subscription.objects.filter(organization=organization).exists():
        Subscription.objects.create(
            organization=organization, plan=plan, status="active", starts_on=timezone.localdate()
        )
    refresh_entitlement(organization)
