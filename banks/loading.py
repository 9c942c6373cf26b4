"""Loading the data files of the repository into the shared resources. All of it can be repeated."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from banks.formats.definition import FormatDefinition
from banks.formats.problems import FormatProblem
from banks.formats.reading import from_content, load_json, to_content
from banks.models import Bank, Branch, CommonFields, DocumentType, Format, FormatStatus
from tenants.context import shared_resources_writable

DATA = Path(__file__).resolve().parent / "data"
COMMON_FIELDS = DATA / "common_fields.json"


class PublishedFormatChanged(FormatProblem):
    """A file differs from the published format of the same key; a published format never changes."""


@dataclass(slots=True)
class Loaded:
    """What a load did, as names to print."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)


def load_banks(path: Path = DATA / "banks.json") -> Loaded:
    """Banks with branches, by code. A bank that is there already is left as staff have it."""
    loaded = Loaded()
    known = set(Bank.objects.values_list("code", flat=True))
    with shared_resources_writable():
        for entry in load_json(path)["banks"]:
            code = entry["code"]
            if code in known:
                loaded.unchanged.append(code)
                continue
            bank = _bank(entry)
            bank.full_clean()
            bank.save(force_insert=True)
            loaded.added.append(code)
    return loaded


def _bank(entry: Mapping[str, Any]) -> Bank:
    branches = [Branch(**branch) for branch in entry["branches"]]
    return Bank(**{**entry, "branches": branches})


def load_document_types(path: Path = DATA / "document_types.json") -> Loaded:
    """Kinds of documents, by code; names and order follow the file."""
    loaded = Loaded()
    with shared_resources_writable():
        for position, entry in enumerate(load_json(path)["document_types"]):
            _, added = DocumentType.objects.update_or_create(
                code=entry["code"],
                defaults={
                    "name": entry["name"],
                    "category": entry.get("category", ""),
                    "position": position,
                },
            )
            (loaded.added if added else loaded.unchanged).append(entry["code"])
    return loaded


def store_common_fields(content: Mapping[str, Any]) -> None:
    """Keep the common fields as the version that they say they are."""
    with shared_resources_writable():
        CommonFields.objects.update_or_create(
            version=int(content.get("version", 1)), defaults={"content": dict(content)}
        )


@dataclass(frozen=True, slots=True)
class ReadFormat:
    """A format file, read and checked, ready to be stored."""

    name: str
    content: dict[str, Any]
    definition: FormatDefinition

    @property
    def checksum(self) -> str:
        """SHA-256 of the content in canonical JSON."""
        text = json.dumps(self.content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def read_format_file(path: Path, common_fields: Mapping[str, Any]) -> ReadFormat:
    """Raises FormatProblem, naming the file, tab, section and field of everything that is wrong."""
    raw = load_json(path)
    try:
        content = to_content(raw, common_fields)
    except FormatProblem as error:
        raise error.in_source(path.name) from None
    return ReadFormat(path.name, content, from_content(content))


def store_format(read: ReadFormat) -> str:
    """Publish a format. Returns ``added`` or ``unchanged``.

    Raises PublishedFormatChanged when the version is published with other content: reports stand on it.
    """
    key = read.definition.key
    found = Format.objects.filter(
        bank_code=key.bank_code, scheme=key.scheme, property_type=key.property_type, version=key.version
    ).first()
    if found is not None:
        if found.checksum == read.checksum:
            return "unchanged"
        raise PublishedFormatChanged(
            [
                f"{key} is published and reports may stand on it, but the file says something else. "
                "Give the file the next version."
            ],
            read.name,
        )
    stored = Format(
        bank_code=key.bank_code,
        scheme=key.scheme,
        property_type=key.property_type,
        version=key.version,
        title=read.definition.title,
        description=read.definition.description,
        status=FormatStatus.PUBLISHED,
        content=read.content,
        checksum=read.checksum,
        loaded_at=timezone.now(),
    )
    with shared_resources_writable():
        try:
            stored.full_clean()
        except ValidationError as error:
            raise FormatProblem(error.messages, read.name) from error
        stored.save(force_insert=True)
    return "added"
