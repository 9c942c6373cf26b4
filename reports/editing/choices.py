"""What may be chosen where a format leaves the choices to the system."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.http import QueryDict

from banks.formats.definition import Field, Section
from banks.formats.paths import own_fields
from banks.models import DocumentType
from banks.queries import visible_bank
from reports.forms.names import name_of
from reports.forms.parsing import Choices
from reports.models import Report
from tenants.shared_cache import shared_cache

BANKS, BRANCHES, DOCUMENT_TYPES = "banks", "bank_branches", "document_types"


def choices_for(section: Section, report: Report) -> Mapping[str, Choices]:
    """Source of options → (value, label) pairs, for the sources that the section's questions name.

    No command when it names none; two for branches, one for kinds of documents, less what is kept.
    """
    wanted = _sources(own_fields(section))
    found: dict[str, Choices] = {}
    if BANKS in wanted:
        found[BANKS] = [(report.bank_code, report.bank_name)]
    if BRANCHES in wanted:
        found[BRANCHES] = _branches(report)
    if DOCUMENT_TYPES in wanted:
        found[DOCUMENT_TYPES] = shared_cache.get("document_types", _document_types)
    return found


def _document_types() -> Choices:
    stored = DocumentType.objects.order_by("position", "name").values_list("code", "name")
    return [(code, name) for code, name in stored]


def choices_typed(section: Section, data: QueryDict) -> Mapping[str, Choices]:
    """What was chosen, taken as a choice: for working out figures, where nothing is stored. No command."""
    found: dict[str, Choices] = {}
    for field in own_fields(section):
        if field.options_source:
            typed = data.getlist(name_of(field.path, section.path))
            found[field.options_source] = [
                *found.get(field.options_source, ()),
                *((one, one) for one in typed),
            ]
    return found


def _sources(fields: Iterable[Field]) -> set[str]:
    return {field.options_source for field in fields if field.options_source}


def _branches(report: Report) -> Choices:
    """The branches that the firm sees, and the report's own even when it is no longer among them."""
    bank = visible_bank(report.bank_code)
    pairs = [(branch.code, branch.name) for branch in bank.branches] if bank is not None else []
    if all(code != report.branch_code for code, _ in pairs):
        pairs.insert(0, (report.branch_code, report.branch_name))
    return pairs
