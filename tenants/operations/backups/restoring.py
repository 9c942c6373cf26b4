"""Restoring an organization from a backup: into itself or a new one, on its own or another cluster.

The archive is read through before anything is touched, loaded beside the live data, compared with the
manifest as it lies in the database, and only then put in its place. What was live before stays aside until
staff confirm or revert (``settling``).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from pymongo.database import Database

from tenants.models import Backup, BackupStatus, Cluster, Operation, Organization, OrganizationStatus, User
from tenants.mongodb.clients import clients
from tenants.mongodb.transaction import run_atomically
from tenants.naming import CONTROL_ALIAS
from tenants.operations.backups.reading import (
    ArchiveDamaged,
    ArchivedCollection,
    Manifest,
    check_archive,
    documents,
    metadata_of,
    read_manifest,
)
from tenants.operations.backups.replacing import (
    COUNTERS,
    aside_name,
    close_firm,
    incoming_name,
    keep_numbers,
    record_switch,
    rename_all,
    reopen_firm,
    same_server,
    state_of,
    switch_in,
)
from tenants.operations.backups.settling import (
    RESTORE_NAME,
    confirm_restore,
    revert_restore,
    unsettled_restore,
)
from tenants.operations.backups.stores import Store, store_named
from tenants.operations.capacity import Wanted, require_room
from tenants.operations.data import collections_of, indexes_of
from tenants.operations.engine import Kind, OperationRefused, Run, Step, nothing_to_undo, start_operation
from tenants.operations.filling import Target, comparable_indexes, drop_collections, hash_ahead, make_and_fill
from tenants.operations.placement import organizations_of
from tenants.operations.schema import migrate_organization, release

__all__ = ["RESTORE", "confirm_restore", "request_restore", "revert_restore", "unsettled_restore"]

# What a new organization takes over from the manifest: never people, plans or anything secret.
_TAKEN_OVER = (
    *("letterhead", "reference_pattern", "accent"),
    *("valuers_may_review", "own_reports_may_be_approved"),
)
# From so many bytes on a loaded collection is noted at once, so that it is not loaded again.
_WORTH_SAVING = 10_000_000
_RESTORABLE = (OrganizationStatus.ACTIVE, OrganizationStatus.SUSPENDED)


def request_restore(
    backup: Backup, into: str, *, by: User | None, cluster: str = "", name: str = "", initials: str = ""
) -> Operation:
    """Record a restore of ``backup`` into the organization ``into``, which may be a new one; runs nothing.

    ``cluster`` names where its database shall be: by default where it is, for a new organization where the
    backup's is. ``name`` and ``initials`` are a new organization's, by default the manifest's. People are not
    part of a backup: a new organization has none until somebody is invited. Raises OperationRefused,
    OperationUnderWay, ArchiveDamaged, ValidationError.
    """
    if backup.status != BackupStatus.GOOD:
        raise OperationRefused(f"The backup {backup} is {backup.get_status_display().lower()}.")
    target = Organization.objects.filter(org_id=into).first()
    if target is not None:
        _require_restorable(target, backup)
        where = _cluster_named(cluster) if cluster else target.cluster
        if where.name != target.cluster_id:
            _require_can_leave(target, where)
    else:
        where = _cluster_named(cluster) if cluster else _cluster_of(backup)
    manifest = read_manifest(
        store_named(backup.store), backup.org_id, backup.name, sha256=backup.manifest_sha256
    )
    options = {
        "backup": str(backup.pk),
        "store": backup.store,
        "from_org_id": backup.org_id,
        "archive": backup.name,
        "manifest_sha256": manifest.sha256,
        "cluster": where.name,
        "address_setting": where.address_setting,
        "new": target is None,
    }

    def record() -> Operation:
        if target is None:
            _new_organization(manifest, into, where, name=name, initials=initials)
        return start_operation(RESTORE, org_id=into, by=by, options=options)

    return run_atomically(record, using=CONTROL_ALIAS)


def _require_restorable(target: Organization, backup: Backup) -> None:
    if target.org_id != backup.org_id:
        raise OperationRefused(
            f"“{target.org_id}” exists and is another firm than “{backup.org_id}”. Restore into itself or "
            "into an organization id that is not taken."
        )
    if target.status not in _RESTORABLE:
        raise OperationRefused(
            f"“{target.org_id}” is {target.get_status_display().lower()}; only an active or suspended "
            "organization can be restored in place."
        )
    waiting = unsettled_restore(target.org_id)
    if waiting is not None:
        raise OperationRefused(
            f"What the restore of {timezone.localtime(waiting.created_at):%Y-%m-%d %H:%M} replaced is still "
            "kept aside. Confirm or revert that one first."
        )


def _require_can_leave(target: Organization, where: Cluster) -> None:
    if target.own_database_user:
        raise OperationRefused(
            f"“{target.org_id}” has a database user of its own on “{target.cluster_id}”. Take it away first "
            "(own_database_user --remove), and give it one on the other cluster afterwards."
        )
    if same_server(target.address_setting, where.address_setting):
        raise OperationRefused(f"“{target.cluster_id}” and “{where.name}” are the same server.")


def _cluster_named(name: str) -> Cluster:
    cluster = Cluster.objects.filter(name=name).first()
    if cluster is None:
        raise ValidationError({"cluster": f"There is no cluster “{name}”."})
    return cluster


def _cluster_of(backup: Backup) -> Cluster:
    origin = Organization.objects.filter(org_id=backup.org_id).first()
    if origin is None:
        raise ValidationError(
            {"cluster": f"“{backup.org_id}” is not there any more; say on which cluster to restore."}
        )
    return origin.cluster


def _new_organization(
    manifest: Manifest, org_id: str, where: Cluster, *, name: str, initials: str
) -> Organization:
    kept = {key: manifest.organization[key] for key in _TAKEN_OVER if key in manifest.organization}
    shown = name or manifest.name
    organization = Organization(
        org_id=org_id,
        name=shown,
        initials=initials or manifest.initials,
        cluster=where,
        address_setting=where.address_setting,
        status=OrganizationStatus.PROVISIONING,
        **kept,
    )
    if name or not organization.letterhead:
        organization.letterhead = {**(organization.letterhead or {}), "name": shown}
    organization.full_clean()
    organization.save(force_insert=True)
    return organization


# The steps --------------------------------------------------------------------------------------------


def _check(run: Run) -> None:
    """Read the archive through, and look whether the place it shall go to can take it."""
    options = run.options
    problems = check_archive(
        _store(run),
        options["from_org_id"],
        options["archive"],
        sha256=options["manifest_sha256"],
        on_progress=lambda done, total: run.progress(done, total, "B"),
    )
    if problems:
        run.state["damaged"] = problems
        Backup.objects.filter(pk=options["backup"]).update(
            status=BackupStatus.DAMAGED.value, checked_at=timezone.now()
        )
        raise ArchiveDamaged(
            f"The archive is damaged and nothing was touched: {' '.join(problems[:3])} "
            "Cancel this restore and take another backup."
        )
    manifest = _manifest(run)
    unknown = [one for one in manifest.migrations if one not in release().known]
    if unknown:
        raise OperationRefused(
            f"The archive was made by a newer version of this program ({', '.join(unknown[:3])}). Restore it "
            "with that version."
        )
    for name in manifest.collections:
        # Tells now and not in the midst of loading whether there is the key of a sealed archive.
        metadata_of(_store(run), manifest, name)
    _require_room(run)
    if run.options["new"] or _is_elsewhere(run):
        foreign = collections_of(_database(run))
        if foreign:
            raise OperationRefused(
                f"On “{options['cluster']}” there is a database “{run.operation.org_id}” already, with "
                f"{len(foreign)} collections. Make sure whose it is before it goes."
            )
    run.say(f"{len(manifest.collections)} collections, {manifest.bson_bytes:,} bytes: the archive is whole.")


def _require_room(run: Run) -> None:
    """Raises NoRoom when the server has none for the files of one organization more."""
    cluster = Cluster.objects.get(name=run.options["cluster"])
    there = organizations_of([cluster]).get(cluster.name, 0)
    if not _is_elsewhere(run):
        # It is counted already, a new one too: its record says that it is being made there.
        there -= 1
    require_room(
        Wanted(
            cluster.name,
            cluster.address_setting,
            cluster.capacity,
            organizations=there,
            open_file_limit=cluster.open_file_limit,
        )
    )


def _is_elsewhere(run: Run) -> bool:
    """Whether the organization's database is on another cluster than the one that is restored to."""
    before = run.state.get("before")
    now_at = before["address_setting"] if before else run.organization().address_setting
    return bool(now_at != run.options["address_setting"])


def _load(run: Run) -> None:
    """Fill a collection beside each live one; those that an earlier try has finished stay."""
    manifest, store, database = _manifest(run), _store(run), _database(run)
    loaded: dict[str, Any] = run.state.setdefault("loaded", {})
    prefix = incoming_name(run.operation.pk)
    drop_collections(database, prefix, but=[prefix + name for name in loaded])
    done = sum(manifest.collections[name].bson_bytes for name in loaded)

    def tell(size: int) -> None:
        nonlocal done
        done += size
        run.progress(done, manifest.bson_bytes, "B")

    for one in manifest.collections.values():
        if one.name in loaded:
            continue
        metadata = metadata_of(store, manifest, one.name)
        target = Target(
            database,
            prefix + one.name,
            metadata.get("options") or {},
            metadata["indexes"],
            documents=one.documents,
            bytes=one.bson_bytes,
        )
        # Closed here and not by the collector, with the files and threads that it holds.
        with closing(documents(store, manifest, one.name)) as found:
            stored = make_and_fill(target, found, on_batch=tell)
        if stored.hexdigest() != one.content_hash:
            raise ArchiveDamaged(f"{one.file} has other documents than the manifest says.")
        loaded[one.name] = stored.documents
        if one.bson_bytes >= _WORTH_SAVING:
            run.save()
        else:
            run.check()
    run.say(f"{sum(loaded.values()):,} documents loaded.")


def _drop_incoming(run: Run) -> None:
    drop_collections(_database(run), incoming_name(run.operation.pk))


def _verify(run: Run) -> None:
    """Read back what the database holds now, and compare it with the manifest."""
    manifest, store, database = _manifest(run), _store(run), _database(run)
    done = 0

    def tell(size: int) -> None:
        nonlocal done
        done += size
        run.progress(min(done, manifest.bson_bytes), manifest.bson_bytes, "B")

    for one in manifest.collections.values():
        collection = database[incoming_name(run.operation.pk, one.name)]
        found = hash_ahead(collection, average_bytes=one.average_bytes, on_batch=tell)
        if (found.documents, found.hexdigest()) != (one.documents, one.content_hash):
            raise ArchiveDamaged(
                f"“{one.name}” was loaded and is not what the archive holds: {found.documents} documents of "
                f"{one.documents}. Nothing was switched; cancel and restore again."
            )
        _compare_indexes(one, metadata_of(store, manifest, one.name)["indexes"], indexes_of(collection))
    run.say("Every document and index is as in the manifest.")


def _compare_indexes(one: ArchivedCollection, wanted: Any, there: Any) -> None:
    if comparable_indexes(wanted) != comparable_indexes(there):
        raise ArchiveDamaged(f"“{one.name}” has other indexes than the archive. Nothing was switched.")


def _close(run: Run) -> None:
    if run.options["new"]:
        # Nobody works there yet.
        run.state.setdefault("before", state_of(run.organization()))
    else:
        close_firm(run)


def _switch(run: Run) -> None:
    """Put what was loaded in the place of what is live, which stays aside."""
    database, operation = _database(run), run.operation.pk
    if "plan" not in run.state:
        run.state["plan"] = {
            # On another cluster nothing of the firm's is live: the old database itself is what stays aside.
            "live": [] if run.options["new"] or _is_elsewhere(run) else collections_of(database),
            "incoming": sorted(_manifest(run).collections),
        }
        run.save()
    plan = run.state["plan"]
    steps = switch_in(
        database.list_collection_names(), operation=operation, live=plan["live"], incoming=plan["incoming"]
    )
    rename_all(database, steps, run)
    missing = set(plan["incoming"]) - set(collections_of(database))
    if missing:
        raise OperationRefused(
            f"These collections are not where they should be: {', '.join(sorted(missing))}."
        )
    if not run.options["new"]:
        run.state["aside"] = _aside(run)
    manifest = _manifest(run)
    record_switch(
        run,
        cluster=run.options["cluster"],
        address_setting=run.options["address_setting"],
        migrations=list(manifest.migrations),
        destructive_migrations=[one for one in manifest.migrations if one in release().destructive],
    )


def _aside(run: Run) -> dict[str, Any]:
    """Where what was replaced is kept, and which collections it has."""
    before = run.state["before"]
    elsewhere = _is_elsewhere(run)
    if elsewhere:
        old = clients.for_operations(before["address_setting"])[run.operation.org_id]
        collections = collections_of(old)
    else:
        collections = [aside_name(run.operation.pk, name) for name in run.state["plan"]["live"]]
    return {
        "cluster": before["cluster"],
        "address_setting": before["address_setting"],
        "elsewhere": elsewhere,
        "collections": collections,
    }


def _number(run: Run) -> None:
    """The firm goes on numbering where it was, and not where the backup was."""
    aside = run.state.get("aside")
    if aside is None:
        return
    old = clients.for_operations(aside["address_setting"])[run.operation.org_id]
    name = COUNTERS if aside["elsewhere"] else aside_name(run.operation.pk, COUNTERS)
    raised = keep_numbers(old[name], _database(run)[COUNTERS])
    if raised:
        run.say(f"Numbers go on where they were: {', '.join(sorted(raised)[:10])}.")


def _migrate(run: Run) -> None:
    """An older archive gets what the code has learned since, before anybody is let in."""
    for name in migrate_organization(run.organization()):
        run.say(f"Migrated: {name}.")


def _open(run: Run) -> None:
    """Let the firm's people in again, as before; a new organization is active from now on."""
    if run.options["new"]:
        Organization.objects.filter(org_id=run.operation.org_id, operation=run.operation.pk).update(
            status=OrganizationStatus.ACTIVE.value
        )
        run.say("Active. Nobody belongs to it yet: people are not part of a backup.")
        return
    reopen_firm(run)
    run.say("Open again. What was replaced is kept aside until it is confirmed or reverted.")


def _forget_new(run: Run) -> None:
    """The record of an organization that was made for this restore goes with it."""
    if run.options["new"]:
        Organization.objects.filter(
            org_id=run.operation.org_id,
            operation=run.operation.pk,
            status=OrganizationStatus.PROVISIONING.value,
        ).delete()


def _store(run: Run) -> Store:
    return store_named(run.options["store"])


def _manifest(run: Run) -> Manifest:
    options: Mapping[str, Any] = run.options
    return read_manifest(
        _store(run), options["from_org_id"], options["archive"], sha256=options["manifest_sha256"]
    )


def _database(run: Run) -> Database[Any]:
    """The organization's database where it is restored to."""
    return clients.for_operations(run.options["address_setting"])[run.operation.org_id]


RESTORE = Kind(
    RESTORE_NAME,
    "Restore",
    (
        Step("check", "Read the archive through", _check, _forget_new),
        Step("load", "Load beside the live data", _load, _drop_incoming),
        Step("verify", "Compare with the manifest", _verify, nothing_to_undo),
        Step("close", "Refuse people for the switch", _close, reopen_firm),
        Step("switch", "Put it in place", _switch),
        Step("number", "Go on with the numbers given", _number),
        Step("migrate", "Migrate an older archive", _migrate),
        Step("open", "Let people in", _open),
    ),
)


def latest_backup(org_id: str) -> Backup | None:
    """The newest good backup of an organization, by the moment that it shows."""
    return Backup.objects.filter(org_id=org_id, status=BackupStatus.GOOD.value).order_by("-taken_at").first()
