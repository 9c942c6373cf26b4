"""Backing an organization up: one consistent moment of its database, into a store, while the firm works.

``request_backup`` for an operation of its own; ``take_backup`` for a step of another one. A copy that was cut
short cannot go on at its moment, so the next try begins anew, at a new moment and in a folder of its own.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId
from django.conf import settings
from django.utils import timezone
from pymongo.errors import OperationFailure, PyMongoError

from tenants.errors import TenancyError
from tenants.models import Backup, BackupStatus, Operation, OperationStatus, Organization, User
from tenants.mongodb.clients import clients
from tenants.mongodb.transaction import run_atomically
from tenants.naming import CONTROL_ALIAS
from tenants.operations.backups import moment as moments
from tenants.operations.backups import retention, sealing
from tenants.operations.backups.archive import FORMAT, manifest_bytes, metadata_of, write_collection
from tenants.operations.backups.moment import Moment, one_moment
from tenants.operations.backups.stores import MANIFEST, Store, StoreFailed, default_store, store_named
from tenants.operations.data import database_of
from tenants.operations.engine import Kind, OperationRefused, Run, Step, nothing_to_undo, start_or_resume

MANUAL, SCHEDULED = "manual", "scheduled"
# What a copy is expected to manage at least, by which the server is asked to keep the past for long enough.
_SLOW_BYTES_A_SECOND = 10_000_000
_TRIES = 3
# The part of an operation's state that is the backup's.
_STATE = "backup"


def request_backup(
    organization: Organization, *, by: User | None, reason: str = MANUAL, store: str = ""
) -> Operation:
    """An operation that backs the organization up; the unfinished one, if there is one. Runs nothing yet.

    Raises OperationUnderWay, OperationRefused in a state without a whole database, UnknownStore.
    """
    store = store or default_store()
    store_named(store)
    _require_whole(organization)
    return start_or_resume(
        BACKUP, org_id=organization.org_id, by=by, options={"reason": reason, "store": store}
    )


def take_backup(run: Run, organization: Organization, *, reason: str, store: str = "") -> Backup:
    """A backup as (part of) a step of another operation, which has the organization. Safe to run again.

    Taken once for an operation: called again after it is good, it returns the same one.
    """
    begin(run, organization, reason=reason, store=store)
    copy(run, organization)
    return record(run, organization)


def undo_backup(run: Run) -> None:
    """Remove what ``take_backup`` made in this operation, files and record. Safe to run again."""
    known = run.state.get(_STATE)
    if known is None:
        return
    _put_window_back(run)
    store_named(known["store"]).delete_tree(_folder(known))
    if Backup.objects.filter(pk=ObjectId(known["id"])).delete()[0]:
        retention.refresh_last_backup(known["org_id"])
    del run.state[_STATE]


# The steps ---------------------------------------------------------------------------------------------


def begin(run: Run, organization: Organization, *, reason: str, store: str = "") -> None:
    """Record that a backup is being written; the state must allow it, its store and keys be usable."""
    _require_whole(organization)
    known = run.state.get(_STATE)
    if known is None:
        known = run.state[_STATE] = {
            "id": str(ObjectId()),
            "org_id": organization.org_id,
            "name": _new_name(),
            "store": store or default_store(),
            "reason": reason,
        }
        run.save()
    store_named(known["store"])
    Backup.objects.get_or_create(
        pk=ObjectId(known["id"]),
        defaults={
            "org_id": known["org_id"],
            "name": known["name"],
            "store": known["store"],
            "reason": known["reason"],
            "encrypted": bool(sealing.recipients()),
        },
    )


def copy(run: Run, organization: Organization) -> None:
    """Write every collection as it is at one moment. Memory: some batches, whatever the size."""
    known = run.state[_STATE]
    if "manifest" in known:
        return
    store = store_named(known["store"])
    for attempt in range(1, _TRIES + 1):
        _begin_folder(run, store)
        try:
            with one_moment(database_of(organization.placement)) as moment:
                _lengthen_window(run, organization, moment.size // _SLOW_BYTES_A_SECOND)
                known["manifest"] = _copy_moment(run, organization, moment, store)
            break
        except OperationFailure as error:
            _remove_quietly(store, known)
            if attempt == _TRIES:
                raise moments.lost_again(attempt, error) from error
            _prepare_next_try(run, organization, error)
        except (TenancyError, PyMongoError, OSError):
            # Nobody can go on with these files, and a full disk needs their room. Whoever lost the lease
            # besides removes what may have come after its successor had removed it.
            _remove_quietly(store, known)
            raise
    _put_window_back(run)


def record(run: Run, organization: Organization) -> Backup:
    """Write the manifest, by which the backup is one, and record that it is good."""
    known = run.state[_STATE]
    manifest: dict[str, Any] = known["manifest"]
    collections: list[dict[str, Any]] = manifest["collections"]
    content = manifest_bytes(manifest)
    store_named(known["store"]).write_bytes(f"{_folder(known)}/{MANIFEST}", content)
    taken_at = datetime.fromisoformat(manifest["taken_at"])
    expires_at = None
    if known["reason"] == SCHEDULED:
        expires_at = taken_at + timedelta(days=retention.terms_of(organization.org_id).kept_days)

    def store_record() -> None:
        Backup.objects.filter(pk=ObjectId(known["id"])).update(
            status=BackupStatus.GOOD,
            taken_at=taken_at,
            documents=sum(one["documents"] for one in collections),
            bson_bytes=sum(one["bson_bytes"] for one in collections),
            stored_bytes=sum(one["file_bytes"] + one["metadata_bytes"] for one in collections) + len(content),
            encrypted=manifest["encryption"] is not None,
            manifest_sha256=hashlib.sha256(content).hexdigest(),
            migrations=manifest["migrations"],
            finished_at=timezone.now(),
            expires_at=expires_at,
        )
        Organization.objects.filter(org_id=organization.org_id).update(last_backup_at=taken_at)

    run_atomically(store_record, using=CONTROL_ALIAS)
    return Backup.objects.get(pk=ObjectId(known["id"]))


# Copying -----------------------------------------------------------------------------------------------


def _begin_folder(run: Run, store: Store) -> None:
    """A new folder for every try: two runners, one of them believed dead, never write to the same."""
    known = run.state[_STATE]
    store.delete_tree(_folder(known))
    known["name"] = _new_name()
    run.save()
    Backup.objects.filter(pk=ObjectId(known["id"])).update(name=known["name"])


def _copy_moment(run: Run, organization: Organization, moment: Moment, store: Store) -> dict[str, Any]:
    """All files but the manifest; returns what the manifest has to say."""
    known = run.state[_STATE]
    keys = sealing.recipients()
    total = moment.size
    done = 0

    def on_bytes(number: int) -> None:
        nonlocal done
        done += number
        # What is counted is exact, what was announced an estimate of the server's.
        run.progress(min(done, total), total, "B")

    collections = []
    for one in moment.collections:
        metadata = metadata_of(one.name, uuid=one.uuid, options=one.options, indexes=one.indexes)
        stored = write_collection(
            store, _folder(known), one.name, moment.batches(one), metadata, keys, on_bytes=on_bytes
        )
        collections.append(asdict(stored))
        run.check()
    documents = sum(one["documents"] for one in collections)
    run.say(f"{documents} documents as of {moment.taken_at:%Y-%m-%d %H:%M:%S} UTC.")
    return {
        "format": FORMAT,
        "org_id": organization.org_id,
        "name": organization.name,
        "initials": organization.initials,
        "taken_at": moment.taken_at.isoformat(),
        "cluster_time": {"t": moment.time.time, "i": moment.time.inc},
        "server_version": moment.database.client.server_info()["version"],
        "application": str(settings.SPECTACULAR_SETTINGS["VERSION"]),
        "migrations": list(organization.migrations),
        "encryption": sealing.METHOD if keys else None,
        "collections": collections,
        "organization": _beside_the_database(organization),
    }


def _beside_the_database(organization: Organization) -> dict[str, Any]:
    """What the control plane knows of a firm that a restore as a new one needs."""
    return {
        "cluster": organization.cluster_id,
        "ring": organization.ring,
        "destructive_migrations": list(organization.destructive_migrations),
        "letterhead": organization.letterhead,
        "reference_pattern": organization.reference_pattern,
        "accent": organization.accent,
        "valuers_may_review": organization.valuers_may_review,
        "own_reports_may_be_approved": organization.own_reports_may_be_approved,
        "plan": retention.terms_of(organization.org_id).plan,
    }


def _remove_quietly(store: Store, known: Mapping[str, Any]) -> None:
    try:
        store.delete_tree(_folder(known))
    except StoreFailed:
        # Why the copy failed is what counts; the next try removes it.
        return


def _new_name() -> str:
    """``20261123T101500Z-<8 hex digits>``: sorted by time, and never the same again."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


def _folder(known: Mapping[str, Any]) -> str:
    return f"{known['org_id']}/{known['name']}"


def _require_whole(organization: Organization) -> None:
    if organization.status not in retention.BACKED_UP:
        raise OperationRefused(
            f"“{organization.org_id}” is {organization.get_status_display().lower()}: "
            "there is no whole database to back up."
        )


# How long the server keeps the past ------------------------------------------------------------------


def _prepare_next_try(run: Run, organization: Organization, error: OperationFailure) -> None:
    """Say why the moment was lost, and see that the next try has a chance. Raises when it has none."""
    if error.code == moments.SNAPSHOT_UNAVAILABLE:
        run.say("A collection was changed while it was being copied; beginning anew.")
    elif error.code == moments.SNAPSHOT_TOO_OLD:
        client = clients.for_operations(organization.address_setting)
        window = moments.history_window(client)
        if not _set_window(run, organization, window * 4):
            raise moments.history_too_short(window) from error
    else:
        raise error


def _lengthen_window(run: Run, organization: Organization, seconds: int) -> None:
    """Ask the server to keep the past for as long as copying may take, where that is longer than usual."""
    if seconds * 2 <= moments.DEFAULT_WINDOW:
        return
    window = moments.history_window(clients.for_operations(organization.address_setting))
    if seconds * 2 > window:
        # Not allowed: it may be quick enough all the same.
        _set_window(run, organization, seconds * 2)


def _set_window(run: Run, organization: Organization, seconds: int) -> bool:
    client = clients.for_operations(organization.address_setting)
    known = run.state[_STATE]
    before = moments.history_window(client)
    known.setdefault("window", {"address_setting": organization.address_setting, "was": before})
    run.save()
    seconds = min(seconds, moments.LONGEST_WINDOW)
    if not moments.set_history_window(client, seconds):
        del known["window"]
        return False
    run.say(f"The server keeps the past for {seconds} s while this runs; it was {before} s.")
    return True


def _put_window_back(run: Run) -> None:
    """As it was before, unless another backup counts on it."""
    changed = run.state[_STATE].pop("window", None)
    if changed is None:
        return
    others = Operation.objects.filter(kind=BACKUP.name, status=OperationStatus.RUNNING.value)
    if others.exclude(pk=run.operation.pk).exists():
        run.say(f"Another backup runs: the server goes on keeping more than {changed['was']} s of the past.")
        return
    moments.set_history_window(clients.for_operations(changed["address_setting"]), changed["was"])


def _begin(run: Run) -> None:
    begin(run, run.organization(), reason=run.options["reason"], store=run.options["store"])


def _copy(run: Run) -> None:
    copy(run, run.organization())


def _record(run: Run) -> None:
    record(run, run.organization())


BACKUP = Kind(
    "backup",
    "Backup",
    (
        # Undone from the last step to the first: what the first undoes is everything.
        Step("begin", "Prepare", _begin, undo_backup),
        Step("copy", "Copy one moment", _copy, nothing_to_undo),
        Step("record", "Record", _record, nothing_to_undo),
    ),
)
