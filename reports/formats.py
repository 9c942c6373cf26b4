"""Formats as reports use them: read once in a process, then kept.

A published version never changes, so what was read for a key stays right for as long as the process lives.
Drafts do change and are therefore read again every time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from threading import Lock
from typing import Any

from banks.formats.definition import FormatDefinition, FormatKey
from banks.formats.fitting import fitting
from banks.formats.overriding import adapted
from banks.formats.reading import from_content
from banks.models import Format, FormatStatus
from banks.queries import bank_of_reports
from reports.models import Report
from tenants.context import require_org_id

# The bank formats of a whole country are a few hundred; a process that meets more begins again.
MOST_KEPT = 500

# By key and, where a firm changed something of it, the firm and the hash of its changes.
_Kept = tuple[FormatKey, str, str]
_kept: dict[_Kept, FormatDefinition] = {}
_lock = Lock()


class FormatMissing(LookupError):
    """A report's format is not among the shared resources (it was never loaded, or the data is damaged)."""

    def __init__(self, key: FormatKey) -> None:
        super().__init__(f"The format {key} is not loaded; ask the staff to load the formats again.")
        self.key = key


def key_of(report: Report) -> FormatKey:
    """The format that the report was begun with."""
    return FormatKey(report.bank_code, report.scheme, report.property_type, report.format_version)


def definition_of(report: Report) -> FormatDefinition:
    """The definition of the report's own format version, with what its firm changed of it for this report.

    Raises FormatMissing, FormatProblem.
    """
    return definition_by_key(key_of(report), report.format_changes)


def definition_by_key(key: FormatKey, changes: Mapping[str, Any] | None = None) -> FormatDefinition:
    """The definition of one version: no query when this process has read it, else one.

    ``changes`` are a firm's (a FormatChanges). Raises FormatMissing, or FormatProblem when the stored content
    is damaged or the changes do not fit it.
    """
    known = _kept.get(_kept_as(key, changes))
    if known is not None:
        return known
    return definition_from(_stored(key), changes)


def _stored(key: FormatKey) -> Format:
    found: Format | None = Format.objects.filter(
        bank_code=key.bank_code,
        scheme=key.scheme,
        property_type=key.property_type,
        version=key.version,
    ).first()
    if found is None:
        raise FormatMissing(key)
    return found


def definition_from(stored: Format, changes: Mapping[str, Any] | None = None) -> FormatDefinition:
    """The definition of a format fetched already, with a firm's changes. Raises FormatProblem."""
    version = FormatKey(stored.bank_code, stored.scheme, stored.property_type, stored.version)
    key = _kept_as(version, changes)
    known = _kept.get(key)
    if known is not None:
        return known
    content = stored.sound_content()
    definition = from_content(adapted(content, changes) if changes else content)
    if stored.status != FormatStatus.DRAFT:
        with _lock:
            if len(_kept) >= MOST_KEPT:
                _kept.clear()
            # The first one read stays: the calculation keeps what it worked out by identity.
            definition = _kept.setdefault(key, definition)
    return definition


def format_name_of(named: Report | Format | FormatKey) -> str:
    """What overrides call the format, whatever its version: ``general/flat``."""
    return f"{named.scheme}/{named.property_type}"


def changes_in_force(key: FormatKey, branch_code: str) -> dict[str, Any] | None:
    """What the firm changes of a format for a branch now, as far as it fits the version; None for nothing.

    One command, and one more where something is changed. Raises FormatMissing.
    """
    # A report keeps what the firm changes of its format, whether new ones are offered the bank or not.
    bank = bank_of_reports(key.bank_code)
    return fitting_changes(key, bank.format_changes(format_name_of(key), branch_code)) if bank else None


def fitting_changes(key: FormatKey, changes: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What of a firm's changes (a FormatChanges) fits a version, for the report to keep; None for nothing.

    No command where nothing is changed, else one. Raises FormatMissing.
    """
    if not changes:
        return None
    stored = _stored(key)
    return changes_for(stored, changes)


def changes_for(stored: Format, changes: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The same for a format that is fetched already."""
    return (fitting(stored.content, changes)[0] or None) if changes else None


def _kept_as(key: FormatKey, changes: Mapping[str, Any] | None) -> _Kept:
    if not changes:
        return key, "", ""
    return key, require_org_id("A firm's changes of a format"), _hash_of(changes)


def _hash_of(changes: Mapping[str, Any]) -> str:
    text = json.dumps(changes, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def forget_formats() -> None:
    """Read every format again. For tests, and for the command that loads formats."""
    with _lock:
        _kept.clear()
