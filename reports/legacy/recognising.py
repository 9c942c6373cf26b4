"""What an old document is: by its shape first, then by the collection it stood in. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from banks.legacy.banks import is_bank
from banks.legacy.common_fields import is_common_fields
from banks.legacy.formats import is_format
from reports.legacy.originals import id_text


class Kind(StrEnum):
    """In the order in which they are brought over."""

    BANK = "bank"
    COMMON_FIELDS = "common_fields"
    FORMAT = "format"
    ORGANIZATION = "organization"
    PERSON = "person"
    REPORT = "report"
    LOG = "log"
    FILE = "file"
    # The bytes of GridFS; they come over with the file they belong to.
    STORE_FILE = "store_file"
    STORE_CHUNK = "store_chunk"
    UNKNOWN = "unknown"


_REPORTS = re.compile(r"(^|_)reports?$")
_USERS = re.compile(r"(^|_)users?$")
_ORGANIZATIONS = re.compile(r"(^|_)(organi[sz]ations?|tenants?|firms?)$")
_LOGS = re.compile(r"(^|_)(logs?|audits?|activit(y|ies)|audit_trail|history)$")
_FILES = re.compile(r"(^|_)(files?(_metadata)?|documents_metadata|attachments?|uploads?|photos?|images)$")
_STORE = re.compile(r"(^|\.)(files|chunks)$")
_SYSTEM = re.compile(r"^(system\.|__)|\.metadata$")

_FILE_NAMES = ("filename", "file_name", "fileName", "original_filename", "original_name", "originalName")
_TIMES = ("timestamp", "created_at", "createdAt", "at", "time", "logged_at")
ORGANIZATION_KEYS = ("organization_id", "organizationId", "org_id", "orgId", "tenant_id", "organization")


def is_system(collection: str) -> bool:
    """Whether a collection is MongoDB's own, or the metadata that mongodump writes beside one."""
    return _SYSTEM.search(collection) is not None


def kind_of(collection: str, document: Mapping[str, Any]) -> Kind:
    """What the document is. Never raises."""
    name = collection.casefold()
    store = _STORE.search(name)
    if store is not None and "files_id" in document:
        return Kind.STORE_CHUNK
    if store is not None and "chunkSize" in document and "length" in document:
        return Kind.STORE_FILE
    if is_format(document):
        return Kind.FORMAT
    if is_common_fields(document):
        return Kind.COMMON_FIELDS
    if is_bank(document):
        return Kind.BANK
    if "report_data" in document or {"report_id", "reference_number"} <= set(document):
        return Kind.REPORT
    return _by_name(name, document)


def _by_name(name: str, document: Mapping[str, Any]) -> Kind:
    has_action = any(key in document for key in ("action", "event", "activity", "operation"))
    if _LOGS.search(name) or (has_action and any(key in document for key in _TIMES)):
        return Kind.LOG
    if _REPORTS.search(name) and any(key in document for key in ("reference_number", "report_id")):
        return Kind.REPORT
    if _USERS.search(name) and any(key in document for key in ("email", "username", "user_id")):
        return Kind.PERSON
    if _ORGANIZATIONS.search(name) and any(
        key in document for key in (*ORGANIZATION_KEYS, "name", "organization_name", "org_name")
    ):
        return Kind.ORGANIZATION
    if _FILES.search(name) and any(
        key in document for key in (*_FILE_NAMES, "file_id", "name", "path", "url")
    ):
        return Kind.FILE
    return Kind.UNKNOWN


def organization_of(kind: Kind, document: Mapping[str, Any]) -> str:
    """The old id of the organization that a document belongs to; empty when it names none."""
    for key in ORGANIZATION_KEYS:
        value = document.get(key)
        if isinstance(value, Mapping):
            value = next((value[one] for one in ("_id", "id", "org_id") if one in value), None)
        if value not in (None, ""):
            return id_text(value)
    if kind is Kind.ORGANIZATION:
        return id_text(document.get("_id", ""))
    metadata = document.get("metadata")
    if kind in (Kind.STORE_FILE, Kind.FILE) and isinstance(metadata, Mapping):
        return organization_of(Kind.UNKNOWN, metadata)
    return ""
