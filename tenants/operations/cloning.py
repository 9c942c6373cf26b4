"""Cloning a firm for demos and trials: one moment of it straight into a new organization, masked on request.

The source works on; it is held only so that nobody moves, restores or deletes it while it is being copied.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from typing import Any

import bson
from bson import ObjectId
from django.conf import settings
from django.core.exceptions import ValidationError
from pymongo.database import Database
from pymongo.errors import OperationFailure

from tenants.auditing.chain import rechain
from tenants.auditing.hashing import ACTIVITY
from tenants.errors import TenancyError
from tenants.files import BUCKET
from tenants.models import Cluster, Operation, Organization, OrganizationStatus, User
from tenants.mongodb.clients import clients
from tenants.mongodb.transaction import run_atomically
from tenants.naming import CONTROL_ALIAS
from tenants.operations.backups.moment import (
    SNAPSHOT_TOO_OLD,
    CollectionThen,
    Moment,
    history_too_short,
    history_window,
    one_moment,
)
from tenants.operations.capacity import Wanted, require_room
from tenants.operations.data import collections_of, database_of, documents_in
from tenants.operations.engine import Kind, OperationRefused, Run, Step, nothing_to_undo, start_operation
from tenants.operations.filling import Target, drop_collections, hash_ahead, make_and_fill
from tenants.operations.masking import Masker, mask_document, require_rule
from tenants.operations.placeholders import placeholder_of
from tenants.operations.placement import organizations_of
from tenants.operations.schema import migrate_organization

CLONE_NAME = "clone"
_CLONABLE = (OrganizationStatus.ACTIVE, OrganizationStatus.SUSPENDED)
_FILES, _CHUNKS = f"{BUCKET}.files", f"{BUCKET}.chunks"


class CopyDiffers(TenancyError):
    """What lies in the copy's database is not what was put there."""


def request_clone(
    source: Organization,
    into: str,
    name: str,
    initials: str,
    mask: bool,
    *,
    by: User | None,
    cluster: str = "",
) -> Operation:
    """Record a clone of ``source`` as the new organization ``into``; runs nothing.

    ``cluster`` names where it shall be, by default where the source is. People are not copied. Raises
    OperationRefused, OperationUnderWay (of the source), ValidationError (the org_id is taken, a bad value).
    """
    if source.status not in _CLONABLE:
        raise OperationRefused(
            f"“{source.org_id}” is {source.get_status_display().lower()}; only an active or suspended "
            "organization can be cloned."
        )
    where = source.cluster
    if cluster:
        found = Cluster.objects.filter(name=cluster).first()
        if found is None:
            raise ValidationError({"cluster": f"There is no cluster “{cluster}”."})
        where = found
    options = {
        "source": source.org_id,
        "mask": mask,
        "cluster": where.name,
        "address_setting": where.address_setting,
    }

    def record() -> Operation:
        organization = _new_organization(source, into, where, name=name, initials=initials, mask=mask)
        organization.full_clean()
        organization.save(force_insert=True)
        return start_operation(CLONE, org_id=into, by=by, options=options, holds=[source.org_id, into])

    return run_atomically(record, using=CONTROL_ALIAS)


def _new_organization(
    source: Organization, into: str, where: Cluster, *, name: str, initials: str, mask: bool
) -> Organization:
    # The letterhead has the firm's address, registration and signet.
    letterhead = {} if mask else dict(source.letterhead or {})
    return Organization(
        org_id=into,
        name=name,
        initials=initials,
        cluster=where,
        address_setting=where.address_setting,
        status=OrganizationStatus.PROVISIONING,
        letterhead={**letterhead, "name": name},
        reference_pattern=source.reference_pattern,
        accent=source.accent,
        valuers_may_review=source.valuers_may_review,
        own_reports_may_be_approved=source.own_reports_may_be_approved,
    )


# The steps --------------------------------------------------------------------------------------------


def _check(run: Run) -> None:
    cluster = Cluster.objects.get(name=run.options["cluster"])
    require_room(
        Wanted(
            cluster.name,
            cluster.address_setting,
            cluster.capacity,
            # The new organization's own record is among them.
            organizations=organizations_of([cluster]).get(cluster.name, 1) - 1,
            open_file_limit=cluster.open_file_limit,
        )
    )
    foreign = collections_of(_target(run))
    if foreign:
        raise OperationRefused(
            f"On “{cluster.name}” there is a database “{run.operation.org_id}” already, with {len(foreign)} "
            "collections. Make sure whose it is before it goes."
        )
    if run.options["mask"]:
        for name in collections_of(database_of(_source(run).placement)):
            if name not in (_FILES, _CHUNKS):
                require_rule(name)


def _copy(run: Run) -> None:
    """Copy every collection as it is at one moment. Cut short, it begins anew, at a new moment."""
    source, target = _source(run), _target(run)
    drop_collections(target, "")
    masker = Masker(_masking_key(run)) if run.options["mask"] else None
    copied: dict[str, Any] = {}
    try:
        with one_moment(database_of(source.placement)) as moment:
            done, total = 0, moment.size

            def tell(size: int) -> None:
                nonlocal done
                done += size
                run.progress(min(done, total), total, "B")

            for one in moment.collections:
                into = Target(
                    target,
                    one.name,
                    one.options,
                    one.indexes,
                    documents=one.size // max(one.average_bytes, 1),
                    bytes=one.size,
                )
                stored = make_and_fill(into, _documents(moment, one, masker), on_batch=tell)
                copied[one.name] = {
                    "documents": stored.documents,
                    "bytes": stored.bytes,
                    "content_hash": stored.hexdigest(),
                }
                run.check()
    except OperationFailure as error:
        if error.code == SNAPSHOT_TOO_OLD:
            window = history_window(clients.for_operations(source.address_setting))
            raise history_too_short(window) from error
        raise
    run.state["copied"] = copied
    run.state["migrations"] = list(source.migrations)
    run.state["destructive_migrations"] = list(source.destructive_migrations)
    number = sum(one["documents"] for one in copied.values())
    run.say(
        f"{number:,} documents{' masked' if masker else ''} as of {moment.taken_at:%Y-%m-%d %H:%M:%S} UTC."
    )


def _documents(moment: Moment, one: CollectionThen, masker: Masker | None) -> Iterator[bytes]:
    if masker is not None and one.name == _CHUNKS:
        files = next((other for other in moment.collections if other.name == _FILES), None)
        if files is not None:
            yield from _placeholder_chunks(moment, files)
        return
    for batch in moment.batches(one):
        for document in documents_in(batch):
            yield document if masker is None else _masked(one.name, document, masker)


def _masked(collection: str, document: bytes, masker: Masker) -> bytes:
    decoded = bson.decode(document)
    if collection == _FILES:
        return bson.encode(_placeholder_file(decoded))
    return bson.encode(mask_document(collection, decoded, masker))


def _placeholder_file(file: dict[str, Any]) -> dict[str, Any]:
    """GridFS's record of a file, of a placeholder's length; its name is random and says nothing."""
    kept: dict[str, Any] = {
        key: file[key] for key in ("_id", "filename", "chunkSize", "uploadDate") if key in file
    }
    return {**kept, "length": len(placeholder_of(str(file.get("filename", ""))).content)}


def _placeholder_chunks(moment: Moment, files: CollectionThen) -> Iterator[bytes]:
    """One chunk for each file: a placeholder is shorter than a chunk."""
    for batch in moment.batches(files):
        for document in documents_in(batch):
            file = bson.decode(document)
            content = placeholder_of(str(file.get("filename", ""))).content
            yield bson.encode({"_id": ObjectId(), "files_id": file["_id"], "n": 0, "data": content})


def _masking_key(run: Run) -> bytes:
    """The copy's own secret: the same whenever the operation is resumed, and nowhere stored."""
    return hmac.new(
        settings.SECRET_KEY.encode(), f"masking {run.operation.pk}".encode(), hashlib.sha256
    ).digest()


def _drop_copy(run: Run) -> None:
    """Whatever was copied; never anything of an organization that is at work."""
    organization = Organization.objects.filter(
        org_id=run.operation.org_id, operation=run.operation.pk
    ).first()
    if organization is not None and organization.status == OrganizationStatus.PROVISIONING:
        drop_collections(_target(run), "")


def _release(run: Run) -> None:
    """The source is free again for whatever shall be done to it."""
    Organization.objects.filter(org_id=run.options["source"], operation=run.operation.pk).update(
        operation=None
    )


def _verify(run: Run) -> None:
    target, copied = _target(run), run.state["copied"]
    for number, (name, expected) in enumerate(copied.items(), start=1):
        average = expected["bytes"] // max(expected["documents"], 1)
        found = hash_ahead(target[name], average_bytes=average)
        if (found.documents, found.hexdigest()) != (expected["documents"], expected["content_hash"]):
            raise CopyDiffers(f"“{name}” is not what was copied: cancel the clone and begin it anew.")
        run.progress(number, len(copied), "collections")


def _activate(run: Run) -> None:
    mine = Organization.objects.filter(org_id=run.operation.org_id, operation=run.operation.pk)
    organization = run.organization()
    if organization.status == OrganizationStatus.PROVISIONING and not organization.migrations:
        mine.update(
            migrations=run.state["migrations"], destructive_migrations=run.state["destructive_migrations"]
        )
    for name in migrate_organization(run.organization()):
        run.say(f"Migrated: {name}.")
    if run.options["mask"]:
        # Its entries say something else than those they are copies of.
        rechain(_target(run)[ACTIVITY.collection], ACTIVITY)
    mine.update(status=OrganizationStatus.ACTIVE.value)
    run.say("Active. Nobody belongs to it yet: people are not copied.")


def _forget_new(run: Run) -> None:
    Organization.objects.filter(
        org_id=run.operation.org_id,
        operation=run.operation.pk,
        status=OrganizationStatus.PROVISIONING.value,
    ).delete()


def _source(run: Run) -> Organization:
    return run.organization(run.options["source"])


def _target(run: Run) -> Database[Any]:
    return clients.for_operations(run.options["address_setting"])[run.operation.org_id]


CLONE = Kind(
    CLONE_NAME,
    "Clone",
    (
        Step("check", "Look whether there is room", _check, _forget_new),
        Step("copy", "Copy one moment", _copy, _drop_copy),
        Step("release", "Let the source go", _release, nothing_to_undo),
        Step("verify", "Compare the copy", _verify, nothing_to_undo),
        Step("activate", "Migrate and activate", _activate),
    ),
)
