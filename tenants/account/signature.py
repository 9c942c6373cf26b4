"""The picture of a person's signature, which the documents print that the person submitted."""

from __future__ import annotations

import hashlib
from datetime import datetime

from bson import ObjectId
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError

from tenants.audit import record_activity
from tenants.files import new_name
from tenants.images import FileRefused, clean_images
from tenants.models import FileKind, StoredFile, User, UserSettings

# Pixels of the longer side: 80 mm on paper at 380 dots an inch.
LONGEST_SIDE = 1200
MAX_BYTES = 2 * 1024 * 1024


def signature_of(user_id: str) -> StoredFile | None:
    """The person's signature in the active firm. 1 command without one, else 2."""
    found = UserSettings.objects.filter(user_id=user_id).values_list("signature", flat=True).first()
    return signature_file(found or "", user_id)


def signature_file(file_id: str, user_id: str) -> StoredFile | None:
    """The stored file of that id if it is a signature that this very person added."""
    if not ObjectId.is_valid(file_id):
        return None
    found: StoredFile | None = StoredFile.objects.filter(
        pk=file_id, kind=FileKind.SIGNATURE, added_by=user_id
    ).first()
    return found


def change_signature(*, by: User, name: str, content: bytes, now: datetime) -> StoredFile:
    """Keep the image as the signature of ``by``; the former one is removed. Recorded.

    Stored before it is named, and the former one removed after, so that an interruption leaves a whole one.
    Raises FileRefused (nothing is changed).
    """
    if len(content) > MAX_BYTES:
        most = MAX_BYTES // (1024 * 1024)
        raise FileRefused(name, f"the file is larger than {most} MB; a signature needs far less.")
    image = clean_images(name, content, longest_sides=(LONGEST_SIDE,), keep_transparency=True)[0]
    former = signature_of(str(by.pk))
    entry = StoredFile(
        kind=FileKind.SIGNATURE,
        name=f"Signature of {by.name}{image.ending}"[:200],
        content_type=image.content_type,
        size=len(image.content),
        sha256=hashlib.sha256(image.content).hexdigest(),
        width=image.width,
        height=image.height,
        stored_as=new_name(image.ending),
        added_by=str(by.pk),
        added_by_name=by.name,
        added_at=now,
    )
    entry.save(force_insert=True)
    try:
        default_storage.save(entry.stored_as, ContentFile(image.content))
        _name(by, str(entry.pk))
    except BaseException:
        # After a lost connection the settings may name it, and then it is the person's signature.
        if not UserSettings.objects.filter(signature=str(entry.pk)).exists():
            _remove(entry)
        raise
    _record("signature_changed", by, former, entry)
    if former is not None:
        _remove(former)
    return entry


def remove_signature(*, by: User) -> None:
    """Print none from now on. Nothing happens, and nothing is recorded, without one."""
    former = signature_of(str(by.pk))
    if former is None:
        return
    _name(by, "")
    _record("signature_removed", by, former, None)
    _remove(former)


def _name(by: User, file_id: str) -> None:
    user_id = str(by.pk)
    if UserSettings.objects.filter(user_id=user_id).update(signature=file_id):
        return
    try:
        UserSettings.objects.create(user_id=user_id, signature=file_id)
    except IntegrityError:
        # Another window of the same person has made the settings in this moment.
        UserSettings.objects.filter(user_id=user_id).update(signature=file_id)


def _record(action: str, by: User, former: StoredFile | None, new: StoredFile | None) -> None:
    change = {"from": former.sha256 if former else "", "to": new.sha256 if new else ""}
    record_activity(action, by=by, target=by.name, details={"changes": {"signature": change}})


def _remove(entry: StoredFile) -> None:
    StoredFile.objects.filter(pk=entry.pk).delete()
    default_storage.delete(entry.stored_as)
