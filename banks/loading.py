"""Loading the data files of the repository into the shared resources. All of it can be repeated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from banks.formats.checksums import checksum_of
from banks.formats.definition import FormatDefinition
from banks.formats.packing import content_of, unpacked
from banks.formats.problems import FormatProblem
from banks.formats.reading import from_content, load_json
from banks.models import (
    Bank,
    Branch,
    CommonFields,
    DocumentType,
    Format,
    FormatStatus,
    PublishedFormatChanged,
)
from tenants.context import shared_resources_writable

DATA = Path(__file__).resolve().parent / "data"
COMMON_FIELDS = DATA / "common_fields.json"


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
    sample: dict[str, Any] | None = None
    effective_from: date | None = None

    @property
    def checksum(self) -> str:
        """SHA-256 of the content in canonical JSON."""
        return checksum_of(self.content)


def read_format_file(path: Path, common_fields: Mapping[str, Any]) -> ReadFormat:
    """A format's file; its sample is in it, or beside it in ``../samples`` under the same name.

    Raises FormatProblem, naming the file, tab, section and field of everything that is wrong.
    """
    read = read_format(load_json(path), common_fields, path.name)
    beside = path.parent.parent / "samples" / path.name
    if read.sample is None and beside.is_file():
        read = replace(read, sample=load_json(beside).get("answers"))
    return read


def read_format(raw: Mapping[str, Any], common_fields: Mapping[str, Any], name: str) -> ReadFormat:
    """What a file of that name holds. Raises FormatProblem as ``read_format_file`` does."""
    try:
        file = unpacked(raw)
        content = content_of(file, common_fields)
    except FormatProblem as error:
        raise error.in_source(name) from None
    return ReadFormat(name, content, from_content(content), file.sample, file.effective_from)


def store_format(read: ReadFormat) -> str:
    """Publish a format. Returns ``added`` or ``unchanged``.

    Raises PublishedFormatChanged when the version is published with other content: reports stand on it.
    """
    key = read.definition.key
    found = Format.objects.filter(
        bank_code=key.bank_code, scheme=key.scheme, property_type=key.property_type, version=key.version
    ).first()
    if found is not None:
        if found.checksum == read.checksum and not found.is_draft:
            return "unchanged"
        if found.is_draft:
            raise FormatProblem(
                [f"{key} is a draft that staff are writing; publish or remove it, or give the next version."],
                read.name,
            )
        raise PublishedFormatChanged([str(key)], read.name)
    now = timezone.now()
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
        sample=read.sample,
        effective_from=read.effective_from,
        loaded_at=now,
        published_at=now,
    )
    with shared_resources_writable():
        try:
            stored.full_clean()
        except ValidationError as error:
            raise FormatProblem(error.messages, read.name) from error
        stored.save(force_insert=True)
    return "added"
