"""Clearing away bytes whose entry was not made."""

from __future__ import annotations

from django.core.files.storage import default_storage

from tenants.models import StoredFile


def remove_unless_named(stored_as: str, *beside: str) -> None:
    """Delete bytes after a failure, unless an entry names them after all.

    After a lost connection the change may have been made, and its entry must not lose its bytes. Where that
    cannot be asked the question itself fails, and the bytes stay.
    """
    if StoredFile.objects.filter(stored_as=stored_as).exists():
        return
    for name in (stored_as, *beside):
        default_storage.delete(name)
