"""Drafts of formats: begun from a version or a file, changed, removed. Nobody but staff calls these.

A draft may be imperfect; only publishing needs it sound. Of two people who change a draft at once the second
is refused and told (``DraftChanged``), whatever part of it each of them changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.utils import timezone

from banks.formats.checksums import checksum_of
from banks.formats.comparing import Difference, differences
from banks.formats.definition import FormatKey
from banks.formats.editing import unreadable
from banks.formats.problems import FormatProblem
from banks.models import Format, FormatStatus
from tenants.audit import record_audit
from tenants.context import shared_resources_writable
from tenants.errors import TenancyError
from tenants.models import User

# Of a change more is told by comparing the versions; the audit trail says what kind of change it was.
MOST_TOLD = 40
LONGEST_TOLD = 200
_ATTEMPTS = 5


class DraftProblem(TenancyError):
    """The draft was not changed; the message says why and what to do."""


class DraftChanged(DraftProblem):
    """Somebody else changed the draft since the page was opened. ``now`` is what is stored."""

    def __init__(self, now: Format) -> None:
        who = now.updated_by_name or "Somebody"
        super().__init__(
            f"{who} changed this draft since you opened it. What you typed is below; look at the draft as it "
            "is now, and save again to put yours over it."
        )
        self.now = now


class DraftGone(DraftProblem):
    """There is no such draft: it was published or removed."""


def token_of(draft: Format) -> str:
    """What names the state of a draft that a page was made from; changes with every save."""
    return f"{draft.checksum}-{draft.loaded_at.timestamp():.3f}"


def new_version(version: Format, *, by: User) -> Format:
    """A draft that begins as a copy of ``version``, with the next number of its key.

    Raises DraftProblem when the version was changed by hand, or others take the numbers as fast as they are
    drawn.
    """
    try:
        return _added(dict(version.sound_content()), version.sample, by, {"from_version": version.version})
    except FormatProblem as error:
        raise DraftProblem(str(error)) from error


def draft_of_file(
    content: Mapping[str, Any], sample: Any, name: str, *, by: User, effective_from: date | None = None
) -> Format:
    """A draft with the content of a file that was read and found sound, as the next version of its key.

    ``effective_from`` is the file's; publishing proposes it. Raises FormatProblem, DraftProblem.
    """
    return _added(dict(content), sample, by, {"file": name}, effective_from)


def save_draft(draft: Format, content: Any, sample: Any, *, base: str, by: User) -> list[Difference]:
    """Store a draft's content and sample answers, and return what is different.

    ``base`` is ``token_of`` the state that the change was made from. The key stays as it is. Raises
    FormatProblem when the content cannot be kept at all, DraftChanged, DraftGone.
    """
    problems = unreadable(content) + _sample_problems(sample)
    if problems:
        raise FormatProblem(problems)
    key = _key_json(draft)
    if content.get("format") != key:
        raise FormatProblem([f"format: a draft keeps its key {draft.key}; upload the file to begin another."])
    if base == token_of(draft) and content == draft.content and sample == draft.sample:
        return []
    now = max(_now(), draft.loaded_at + timedelta(milliseconds=1))
    values = _values(content, sample, by) | {"loaded_at": now}
    if base == token_of(draft):
        same = {"status": FormatStatus.DRAFT, "checksum": draft.checksum, "loaded_at": draft.loaded_at}
        with shared_resources_writable():
            written = Format.objects.filter(pk=draft.pk, **same).update(**values)
    else:
        written = 0
    if not written:
        stored = Format.objects.filter(pk=draft.pk, status=FormatStatus.DRAFT).first()
        if stored is None:
            raise DraftGone(f"{draft.key} is no draft any more: it was published or removed meanwhile.")
        raise DraftChanged(stored)
    found = differences(draft.content, content)
    told = _told(found)
    if sample != draft.sample:
        told["sample"] = {"from": _size(draft.sample), "to": _size(sample)}
    for name, value in values.items():
        setattr(draft, name, value)
    record_audit("format.draft_changed", by=by, target=draft.key, details={"changes": told})
    return found


def remove_draft(draft: Format, *, by: User) -> None:
    """Delete a draft; no report can stand on one. Raises DraftGone."""
    with shared_resources_writable():
        deleted, _ = Format.objects.filter(pk=draft.pk, status=FormatStatus.DRAFT).delete()
    if not deleted:
        raise DraftGone(f"{draft.key} is no draft any more: it was published or removed meanwhile.")
    record_audit("format.draft_removed", by=by, target=draft.key, details={"checksum": draft.checksum})


def _added(
    content: dict[str, Any],
    sample: Any,
    by: User,
    details: Mapping[str, Any],
    effective_from: date | None = None,
) -> Format:
    key = content["format"]
    versions = Format.objects.filter(
        bank_code=key["bank_code"], scheme=key["scheme"], property_type=key["property_type"]
    )
    for _ in range(_ATTEMPTS):
        last = versions.order_by("-version").values_list("version", flat=True).first() or 0
        numbered = {**content, "format": {**key, "version": last + 1}}
        draft = Format(
            bank_code=key["bank_code"],
            scheme=key["scheme"],
            property_type=key["property_type"],
            version=last + 1,
            status=FormatStatus.DRAFT,
            loaded_at=_now(),
            effective_from=effective_from,
            **_values(numbered, sample, by),
        )
        with shared_resources_writable():
            try:
                draft.full_clean(validate_unique=False, validate_constraints=False)
            except ValidationError as error:
                raise FormatProblem(error.messages) from error
            if not _inserted(draft):
                continue
        record_audit("format.draft_added", by=by, target=draft.key, details=dict(details))
        return draft
    raise DraftProblem("Others are adding versions of this format. Try again.")


def _now() -> datetime:
    """In whole milliseconds, as MongoDB keeps it, so that memory and store name the same state."""
    now = timezone.now()
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _inserted(draft: Format) -> bool:
    try:
        draft.save(force_insert=True)
    except IntegrityError:
        return False
    return True


def _values(content: dict[str, Any], sample: Any, by: User) -> dict[str, Any]:
    return {
        "title": content["title"],
        "description": str(content.get("description") or "")[:400],
        "content": content,
        "checksum": checksum_of(content),
        "sample": sample,
        "updated_by_name": by.name,
    }


def _key_json(draft: Format) -> dict[str, Any]:
    key = FormatKey(draft.bank_code, draft.scheme, draft.property_type, draft.version)
    return {
        "bank_code": key.bank_code,
        "scheme": key.scheme,
        "property_type": key.property_type,
        "version": key.version,
    }


def _sample_problems(sample: Any) -> list[str]:
    if sample is None:
        return []
    if not isinstance(sample, dict):
        return ["The sample holds no JSON object; begin with { and end with }, or leave it empty."]
    # The same bounds hold for what is stored beside the content.
    return [f"Sample: {one}" for one in unreadable({"tabs": [], "title": "sample", "sample": sample})]


def _told(found: list[Difference]) -> dict[str, Any]:
    """Differences as the audit trail keeps them, by place and attribute."""
    told: dict[str, Any] = {}
    for one in found[:MOST_TOLD]:
        name = f"{one.path or 'format'}: {one.what} {one.kind}"
        told[name] = {"from": _short(one.before), "to": _short(one.after)}
    if len(found) > MOST_TOLD:
        told["further differences"] = {"from": None, "to": len(found) - MOST_TOLD}
    return told


def _short(value: Any) -> Any:
    if isinstance(value, Mapping) and "id" in value:
        value = value.get("label") or value["id"]
    if value is None or isinstance(value, bool | int):
        return value
    text = str(value)
    return text if len(text) <= LONGEST_TOLD else f"{text[: LONGEST_TOLD - 1]}…"


def _size(sample: Any) -> int | None:
    return None if sample is None else sum(len(sections) for sections in sample.values() if sections)
