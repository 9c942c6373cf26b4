"""What lists and searches need to know of a report, taken from its answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from banks.formats.definition import FieldType, FormatDefinition

APPLICANT_IDS = ("applicant_name", "name_of_applicant", "borrower_name")
ADDRESS_IDS = ("property_address", "postal_address", "address_of_property", "address")
LONGEST_APPLICANT = 120
LONGEST_ADDRESS = 400


@dataclass(frozen=True, slots=True)
class Facts:
    """Whom and what a report is about; empty texts while that is not answered."""

    applicant_name: str
    property_address: str


def facts_of(definition: FormatDefinition, answers: Mapping[str, Any]) -> Facts:
    """The applicant and the address as far as they are answered, each on one line."""
    return Facts(
        applicant_name=first_text(definition, answers, APPLICANT_IDS)[:LONGEST_APPLICANT],
        property_address=first_text(definition, answers, ADDRESS_IDS)[:LONGEST_ADDRESS],
    )


def first_text(definition: FormatDefinition, answers: Mapping[str, Any], ids: Iterable[str]) -> str:
    """The first answered text among the fields with one of these ids; a group's texts are joined."""
    for wanted in ids:
        for section in definition.sections():
            stored = answers.get(section.tab_id, {}).get(section.id, {})
            for field in section.leaves():
                if field.id == wanted:
                    text = _text(_raw(stored, field.path, section.path))
                    if text:
                        return text
            group = next((f for f in section.fields if f.id == wanted and f.type is FieldType.GROUP), None)
            if group is not None:
                inner = stored.get(wanted) or {}
                text = ", ".join(filter(None, (_text(inner.get(part.id)) for part in group.fields)))
                if text:
                    return text
    return ""


def find_date(definition: FormatDefinition, answers: Mapping[str, Any], field_id: str) -> date | None:
    """The first answered date among the fields with this id."""
    text = first_text(definition, answers, (field_id,))
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _raw(stored: Mapping[str, Any], path: str, section_path: str) -> Any:
    found: Any = stored
    for key in path.removeprefix(f"{section_path}.").split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _text(answer: Any) -> str:
    return " ".join(answer.split()) if isinstance(answer, str) else ""


def search_text(*parts: str) -> str:
    """Lower-case words of the parts, each once and in order, for the search of the list."""
    words = " ".join(parts).casefold().split()
    return " ".join(dict.fromkeys(words))
