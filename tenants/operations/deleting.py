"""Deletion: what offboarding left of a firm is removed everywhere, and that it is gone is proved.

Every place that could hold something must answer before anything is removed, and is asked again at the end.
What stays for ever is that there was an organization of this org_id, which is never given again, what was
done to it and by whom, and the certificate: an entry ``delete.certificate`` of the audit log.
"""

from __future__ import annotations

from datetime import date, datetime
from datetime import time as day_time
from typing import Any

from django.contrib.admin.models import LogEntry
from django.utils import timezone
from pymongo.errors import OperationFailure

from tenants.audit import record_audit
from tenants.errors import TenancyError
from tenants.models import (
    ApiToken,
    Backup,
    BackupStatus,
    Operation,
    Organization,
    OrganizationStatus,
    Subscription,
    SupportSession,
    TaskRecord,
    User,
)
from tenants.models.control import DEFAULT_REFERENCE_PATTERN
from tenants.mongodb.credentials import USERS_DATABASE, user_name
from tenants.mongodb.transaction import run_atomically
from tenants.naming import CONTROL_ALIAS
from tenants.operations import traces
from tenants.operations.backups.stores import store_named
from tenants.operations.certificates import CERTIFICATE, certificates_of, in_words
from tenants.operations.data import drop_organization_database
from tenants.operations.database_users import APPLICATION
from tenants.operations.engine import (
    Kind,
    Run,
    Step,
    start_operation,
    unfinished_operation,
)
from tenants.operations.exporting import exports_of
from tenants.operations.offboarding import freeze, offboarding_of
from tenants.registry import registry
from tenants.sessions import end_sessions_of

# The organization's record must have some.
_NO_INITIALS = "X"
# What the admin's own log calls an organization that is gone.
_NO_NAME = "a deleted organization"
_KEPT_IN_WORDS = "nothing but the tombstone, audit log and operations, and that there were backups"
_USER_NOT_FOUND = 11
_ROLE_NOT_FOUND = 31


class DeletionRefused(TenancyError):
    """The organization may not be deleted: not offboarded, its grace not over, or another id was typed."""


class SomethingIsLeft(TenancyError):
    """After everything was removed, something was found; the message says what and where."""


def request_deletion(
    organization: Organization,
    *,
    typed_org_id: str,
    by: User | None,
    keep_backups_until: date | None = None,
) -> Operation:
    """Record a deletion, or find the one that is not done. Nothing is run yet.

    ``typed_org_id`` is what a person typed to show that this organization is meant. ``keep_backups_until``
    keeps the backups up to and including that day. Raises DeletionRefused, OperationUnderWay.
    """
    if typed_org_id != organization.org_id:
        raise DeletionRefused(
            f"Type the organization's id exactly as it is: “{typed_org_id}” is not it. Nothing was deleted."
        )
    found = unfinished_operation(DELETE, organization.org_id)
    if found is not None:
        return found
    _require_due(organization)
    return start_operation(
        DELETE,
        org_id=organization.org_id,
        by=by,
        options={"keep_backups_until": keep_backups_until.isoformat() if keep_backups_until else ""},
    )


def _require_due(organization: Organization) -> None:
    org_id, after = organization.org_id, organization.delete_after
    if organization.status != OrganizationStatus.OFFBOARDING or after is None:
        raise DeletionRefused(
            f"“{org_id}” is {organization.get_status_display().lower()}, and only what was offboarded to the "
            "end can be deleted. Offboard it first."
        )
    if after > timezone.now():
        raise DeletionRefused(
            f"“{org_id}” may be deleted from {timezone.localtime(after):%Y-%m-%d %H:%M} on: until then the "
            "firm can come back. To shorten the grace, take it back and offboard it with another one."
        )


# Steps -----------------------------------------------------------------------------------------------


def look_step(run: Run) -> None:
    """Nobody writes any more; every place answers, and says what it has."""
    organization = run.organization()
    _require_due(organization)
    freeze(run, settle_seconds=0)
    org_id = organization.org_id
    on_clusters = {setting: traces.on_cluster(setting, org_id) for setting in traces.address_settings()}
    if organization.own_database_user and on_clusters[organization.address_setting]["user"] is None:
        raise traces.MayNotLook(
            f"“{org_id}” has a database user of its own, and the user of {organization.address_setting} may "
            f"not see it. Withdraw it (own_database_user), or name one who may in "
            f"OPERATIONS_{organization.address_setting}."
        )
    for setting, one in on_clusters.items():
        if one["database"]:
            traces.require_may_drop(setting, org_id)
    backups = Backup.objects.filter(org_id=org_id, status=BackupStatus.GOOD.value)
    offboarding = offboarding_of(org_id)
    export = dict(offboarding.state.get("export", {})) if offboarding is not None else {}
    run.state["found"] = {
        "name": organization.name,
        "clusters": on_clusters,
        "backup_files": {name: len(files) for name, files in traces.backup_files(org_id).items()},
        "backups": backups.count(),
        "backup_bytes": sum(backups.values_list("stored_bytes", flat=True)),
        "exports": [one.name for one in traces.export_files(org_id)],
        "records": traces.records_of(organization),
        "export": {name: export.get(name) for name in ("path", "sha256", "manifest_sha256", "taken_at")},
        "looked_at": timezone.now().isoformat(),
    }
    run.say(f"Found: {in_words(run.state['found'])}.")


def unfreeze(run: Run) -> None:
    """Undo: writing is nobody's but the status' to refuse."""
    Organization.objects.filter(org_id=run.operation.org_id).update(frozen_at=None)


def database_step(run: Run) -> None:
    """Drop the database wherever there is one, when every cluster has answered once more."""
    org_id = run.operation.org_id
    there = [one for one in traces.address_settings() if traces.on_cluster(one, org_id)["database"]]
    for number, setting in enumerate(there, start=1):
        run.check()
        with traces.asking(setting) as client:
            drop_organization_database(client, org_id)
        run.progress(number, len(there), "databases")
        run.say(f"Its database on the cluster of {setting} is dropped.")
    registry.forget(org_id)


def users_step(run: Run) -> None:
    """Remove its own database user and role from every cluster that has them."""
    org_id = run.operation.org_id
    for setting in traces.address_settings():
        with traces.asking(setting) as client:
            if not traces.has_user(client, org_id):
                continue
            _drop_if_there(client[USERS_DATABASE], "dropUser", user_name(org_id), _USER_NOT_FOUND)
            _drop_if_there(client[org_id], "dropRole", APPLICATION, _ROLE_NOT_FOUND)
        run.say(f"Its database user on the cluster of {setting} is removed.")


def _drop_if_there(database: Any, command: str, name: str, absent: int) -> None:
    try:
        database.command(command, name, writeConcern={"w": "majority", "wtimeout": 10_000})
    except OperationFailure as error:
        if error.code != absent:
            raise


def files_step(run: Run) -> None:
    """Remove exports, and backups or have these removed after the day until which they are kept."""
    org_id = run.operation.org_id
    for path in traces.export_files(org_id):
        path.unlink(missing_ok=True)
    if exports_of(org_id).is_dir():
        exports_of(org_id).rmdir()
    rows = Backup.objects.filter(org_id=org_id).exclude(status=BackupStatus.REMOVED.value)
    if run.options["keep_backups_until"]:
        rows.update(expires_at=_end_of(run.options["keep_backups_until"]))
        return
    for name in traces.store_names_of(org_id):
        run.check()
        store_named(name).delete_tree(org_id)
    rows.update(status=BackupStatus.REMOVED.value, expires_at=None)


def _end_of(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), day_time.max, timezone.get_default_timezone())


def people_step(run: Run) -> None:
    """Remove its people with sessions and tokens, its subscriptions and tasks, and who came for support."""
    organization = run.organization()

    def remove() -> None:
        people = list(User.objects.filter(organization=organization).values_list("pk", flat=True))
        end_sessions_of(people)
        # What the admin keeps of its pages names people by name.
        LogEntry.objects.filter(object_id__in=[str(one) for one in people]).delete()
        LogEntry.objects.filter(object_id=str(organization.pk)).update(object_repr=_NO_NAME)
        User.objects.filter(pk__in=people).delete()
        ApiToken.objects.filter(org_id=organization.org_id).delete()
        SupportSession.objects.filter(org_id=organization.org_id).delete()
        Subscription.objects.filter(organization=organization).delete()
        TaskRecord.objects.filter(org_id=organization.org_id).delete()

    run_atomically(remove, using=CONTROL_ALIAS)


def tombstone_step(run: Run) -> None:
    """Leave of the organization's record that it was there: the org_id is never given again."""
    organization = run.organization()
    Organization.objects.filter(pk=organization.pk).update(
        status=OrganizationStatus.DELETED.value,
        status_reason="",
        name=organization.org_id,
        initials=_NO_INITIALS,
        letterhead={},
        reference_pattern=DEFAULT_REFERENCE_PATTERN,
        migrations=[],
        destructive_migrations=[],
        own_database_user=False,
        placement_version=organization.placement_version + 1,
        last_backup_at=None,
        plan="",
        limits=None,
        subscription_ends_on=None,
        read_only_from=None,
        updated_at=timezone.now(),
    )


def prove_step(run: Run) -> None:
    """Ask every place again. Raises SomethingIsLeft, and what cannot be asked is no proof."""
    org_id = run.operation.org_id
    kept_until = run.options["keep_backups_until"]
    on_clusters = {setting: traces.on_cluster(setting, org_id) for setting in traces.address_settings()}
    files = {name: len(found) for name, found in traces.backup_files(org_id).items()}
    exports = len(traces.export_files(org_id))
    central = traces.in_central_databases(org_id)
    left = [f"a database on the cluster of {name}" for name, one in on_clusters.items() if one["database"]]
    left += [f"a database user on the cluster of {name}" for name, one in on_clusters.items() if one["user"]]
    left += [f"{number} documents in {name}" for name, number in central.items()]
    if not kept_until:
        left += [f"{number} files in the store {name}" for name, number in files.items() if number]
    left += [f"{exports} exports"] if exports else []
    if left:
        raise SomethingIsLeft(
            f"Of “{org_id}” there is still: {', '.join(left)}. Find out who made it, remove it, and run this "
            "again: the certificate is written when nothing is left."
        )
    run.state["proof"] = {
        "asked_at": timezone.now().isoformat(),
        "clusters": on_clusters,
        "stores": dict.fromkeys(files, f"kept until {kept_until}" if kept_until else 0),
        "control_plane": _KEPT_IN_WORDS,
    }
    run.say("Every cluster, every store and the control plane were asked: nothing is left.")


def certify_step(run: Run) -> None:
    """Write the certificate, once."""
    operation = run.operation
    if any(one.details["operation"] == str(operation.pk) for one in certificates_of(operation.org_id)):
        return
    found, offboarding = run.state["found"], offboarding_of(operation.org_id)
    record_audit(
        CERTIFICATE,
        by=None,
        actor=operation.requested_by,
        organization=operation.org_id,
        target=operation.org_id,
        details={
            "operation": str(operation.pk),
            "organization": {"org_id": operation.org_id, "name": found["name"]},
            "offboarded_by": offboarding.requested_by if offboarding is not None else "",
            "offboarded_at": _iso(offboarding.finished_at) if offboarding is not None else "",
            "removed": {name: found[name] for name in ("clusters", "backups", "backup_bytes", "backup_files")}
            | {"exports": found["exports"], **found["records"]},
            "kept_until": run.options["keep_backups_until"],
            "export": found["export"],
            "proof": run.state["proof"],
            "deleted_at": timezone.now().isoformat(),
        },
    )


def _iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment is not None else ""


DELETE = Kind(
    "delete",
    "Deletion",
    (
        Step("look", "Every place that may hold something is asked", look_step, unfreeze),
        Step("database", "Its database is dropped", database_step),
        Step("users", "Its database user is removed", users_step),
        Step("files", "Its backups and exports are removed", files_step),
        Step("people", "Its people, sessions, subscriptions and tasks are removed", people_step),
        Step("tombstone", "What is left is that it was there", tombstone_step),
        Step("prove", "Every place is asked again", prove_step),
        Step("certify", "The certificate is written", certify_step),
    ),
)
