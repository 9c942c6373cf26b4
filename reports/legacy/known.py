"""Which format an old report stands on, by any of the names that the former system had for it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reports.legacy.converting import KnownFormat


class FormatUnknown(LookupError):
    """No format for a report; the message says which name was looked for."""


@dataclass(slots=True)
class Formats:
    """``aliases``: another name of a template → names under which its format may stand."""

    aliases: Mapping[str, frozenset[str]] = field(default_factory=dict)
    _named: dict[str, list[KnownFormat]] = field(default_factory=dict)
    _for: dict[tuple[str, str], list[KnownFormat]] = field(default_factory=dict)

    def add(self, known: KnownFormat, names: Iterable[str]) -> None:
        """A later version takes the place of an earlier one of the same format."""
        for name in names:
            _put(self._named.setdefault(name.casefold(), []), known)
        place = known.key.bank_code.casefold(), _property(known.key.property_type)
        _put(self._for.setdefault(place, []), known)

    def of(self, document: Mapping[str, Any]) -> KnownFormat:
        """The format of a report: by its template, else the only one of its bank and property type.

        Raises FormatUnknown.
        """
        template = document.get("template_id")
        name = str(template).strip().casefold() if isinstance(template, str | int) else ""
        for one in (name, *sorted(self.aliases.get(name, ()))):
            found = self._named.get(one, [])
            if len(found) == 1:
                return found[0]
        bank, kind = document.get("bank_code"), document.get("property_type")
        found = self._for.get((str(bank).strip().casefold(), _property(str(kind))), [])
        if len(found) == 1:
            return found[0]
        said = f"template “{template}”" if name else "no template"
        several = "several formats are" if found else "no format is"
        named = " and ".join(
            f"{what} “{one}”" for what, one in (("bank", bank), ("property type", kind)) if one
        )
        named = f"for {named}" if named else "for no bank and no property type"
        raise FormatUnknown(f"It names {said}, and {several} there {named}.")


def _put(known: list[KnownFormat], new: KnownFormat) -> None:
    """In the place of another version of the same format, or beside the others."""
    mine = new.key.bank_code, new.key.scheme, new.key.property_type
    for at, one in enumerate(known):
        if (one.key.bank_code, one.key.scheme, one.key.property_type) == mine:
            known[at] = new if new.key.version >= one.key.version else one
            return
    known.append(new)


def _property(text: str) -> str:
    return "_".join(text.casefold().replace("-", " ").replace("_", " ").split())


def names_of_format(document: Mapping[str, Any], collection: str) -> set[str]:
    """Its template id, those of its documents, its collection."""
    found = {collection} if collection else set()
    metadata = document.get("templateMetadata")
    if isinstance(metadata, Mapping):
        found.update(_texts(metadata, "templateId"))
    about = document.get("metadata")
    if isinstance(about, Mapping):
        found.update(_texts(about, "collection_name", "collectionName"))
    found.update(_texts(document, "templateId"))
    documents = document.get("documents")
    for one in documents if isinstance(documents, list) else ():
        if isinstance(one, Mapping):
            found.update(_texts(one, "templateId"))
    return found


def names_in_banks(banks: Iterable[Mapping[str, Any]]) -> dict[str, frozenset[str]]:
    """Templates that banks list: their id → the collection that holds the format, all in lower case."""
    found: dict[str, frozenset[str]] = {}
    for bank in banks:
        listed = bank.get("templates")
        for template in listed if isinstance(listed, list) else ():
            if isinstance(template, Mapping):
                names = frozenset(name.casefold() for name in _collections(template))
                for own in _texts(template, "templateId", "_id"):
                    found[own.casefold()] = found.get(own.casefold(), frozenset()) | names
    return found


def _collections(template: Mapping[str, Any]) -> Iterator[str]:
    fields = template.get("fields")
    specific = fields.get("bankSpecificFields") if isinstance(fields, Mapping) else None
    if isinstance(specific, Mapping):
        yield from _texts(specific, "collectionRef")
    yield from _texts(template, "collectionRef", "collectionName")


def _texts(document: Mapping[str, Any], *keys: str) -> Iterator[str]:
    for key in keys:
        value = document.get(key)
        if isinstance(value, str) and value.strip():
            yield value.strip()
