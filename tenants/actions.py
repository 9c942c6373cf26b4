"""Changes to the firm and to a person's own settings; each records itself."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError

from tenants.audit import record_activity, record_audit
from tenants.files import new_name
from tenants.images import CleanImage, clean_images
from tenants.models import FileKind, Organization, StoredFile, User, UserSettings
from tenants.permissions import Permission

# Pixels of a logo's longer side: 60 mm on paper at 300 dots an inch.
LOGO_SIDE = 720


def change_profile(*, by: User, block: Mapping[str, Any]) -> UserSettings:
    """Store the block under which ``by`` signs. An unchanged one is not recorded."""
    user_id = str(by.pk)
    settings: UserSettings | None = UserSettings.objects.filter(user_id=user_id).first()
    before = dict(settings.valuer_block or {}) if settings is not None else {}
    if settings is not None and before == dict(block):
        return settings
    if settings is None:
        try:
            settings = UserSettings.objects.create(user_id=user_id, valuer_block=dict(block))
        except IntegrityError:
            # Another window of the same person was faster; the later one counts.
            settings = UserSettings.objects.get(user_id=user_id)
    settings.valuer_block = dict(block)
    settings.save(update_fields=["valuer_block", "updated_at"])
    changes = {
        name: {"from": before.get(name), "to": block.get(name)}
        for name in sorted({*before, *block})
        if before.get(name) != block.get(name)
    }
    record_activity("profile_changed", by=by, target=by.name, details={"changes": changes})
    return settings


def change_firm(
    *,
    organization: Organization,
    by: User,
    now: datetime,
    letterhead: Mapping[str, Any],
    initials: str,
    reference_pattern: str,
    accent: str,
    valuers_may_review: bool,
    own_reports_may_be_approved: bool = False,
    logo: tuple[str, bytes] | None = None,
    remove_logo: bool = False,
) -> Organization:
    """Change how the firm shows itself and how it works; audited with what changed, before and after.

    ``logo`` is (file name, bytes) of a new one; ``letterhead`` comes without. The new logo's bytes are stored
    before the organization names them, the old one's removed after, so an interruption leaves a whole
    letterhead. Raises FileRefused (nothing is changed) and PermissionDenied.
    """
    if not by.can(Permission.MANAGE_FIRM):
        raise PermissionDenied("Managers change the firm.")
    former = str((organization.letterhead or {}).get("logo") or "")
    current = former
    if logo is not None:
        current = _store_logo(*logo, by=by, now=now)
    elif remove_logo:
        current = ""
    values = {
        "letterhead": {**letterhead, **({"logo": current} if current else {})},
        "initials": initials,
        "reference_pattern": reference_pattern,
        "accent": accent,
        "valuers_may_review": valuers_may_review,
        "own_reports_may_be_approved": own_reports_may_be_approved,
    }
    changes = {
        name: {"from": getattr(organization, name), "to": value}
        for name, value in values.items()
        if getattr(organization, name) != value
    }
    if not changes:
        return organization
    Organization.objects.filter(pk=organization.pk).update(**values, updated_at=now)
    for name, value in values.items():
        setattr(organization, name, value)
    record_audit(
        "firm.changed",
        by=by,
        organization=organization,
        target=organization.org_id,
        details={"changes": changes},
    )
    record_activity("firm_changed", by=by, target=organization.name, details={"fields": sorted(changes)})
    if former and former != current:
        _remove_file(former)
    return organization


def _store_logo(name: str, content: bytes, *, by: User, now: datetime) -> str:
    """Keep the logo as a PNG; its id. Raises FileRefused."""
    image: CleanImage = clean_images(name, content, longest_sides=(LOGO_SIDE,), keep_transparency=True)[0]
    stored_as = default_storage.save(new_name(image.ending), ContentFile(image.content))
    entry = StoredFile.objects.create(
        kind=FileKind.LOGO,
        name=f"logo{image.ending}",
        content_type=image.content_type,
        size=len(image.content),
        sha256=hashlib.sha256(image.content).hexdigest(),
        width=image.width,
        height=image.height,
        stored_as=stored_as,
        added_by=str(by.pk),
        added_by_name=by.name,
        added_at=now,
    )
    return str(entry.pk)


def _remove_file(file_id: str) -> None:
    entry = StoredFile.objects.filter(pk=file_id, kind=FileKind.LOGO).first()
    if entry is not None:
        StoredFile.objects.filter(pk=entry.pk).delete()
        default_storage.delete(entry.stored_as)
