"""What may be chosen where a format leaves the choices to the system."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from django.http import QueryDict

from banks.formats.definition import Field, Section
from banks.formats.paths import own_fields
from banks.merging import MergedBank, MergedBranch
from banks.models import DocumentType
from banks.queries import visible_bank
from reports.answers import section_answers
from reports.beginning import BRANCHES_SHOWN
from reports.forms.names import name_of
from reports.forms.parsing import Choices, SearchedChoices
from reports.models import Report
from tenants.shared_cache import shared_cache

# A select of more is no help to anybody, and half a megabyte of page.
MOST_LISTED = 200
# The label of a branch has punctuation that is no part of what is searched.
_PUNCTUATION = str.maketrans("(),", "   ")
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
        found[BRANCHES] = _branches(section, report)
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


def _branches(section: Section, report: Report) -> Choices:
    """The branches that the firm sees, and the report's own even when it is no longer among them.

    Of a bank with more than MOST_LISTED a person types the name, IFSC or place of one.
    """
    bank = visible_bank(report.bank_code)
    if bank is not None and len(bank.branches) > MOST_LISTED:
        return SearchedChoices(_chosen(section, report, bank).items(), partial(_search, bank))
    pairs = [(branch.code, branch.name) for branch in bank.branches] if bank is not None else []
    if all(code != report.branch_code for code, _ in pairs):
        pairs.insert(0, (report.branch_code, report.branch_name))
    return pairs


def _chosen(section: Section, report: Report, bank: MergedBank) -> dict[str, str]:
    """The report's branch and those that the section's answers name."""
    stored = section_answers(report.answers, section)
    answers = (stored.get(field.id) for field in section.fields if field.options_source == BRANCHES)
    codes = [report.branch_code, *(answer for answer in answers if isinstance(answer, str))]
    branches = {code: bank.branch(code) for code in codes}
    return {code: _label(branch) if branch else report.branch_name for code, branch in branches.items()}


def _search(bank: MergedBank, text: str) -> tuple[list[tuple[str, str]], int]:
    exact = bank.branch(text)
    if exact is not None:
        return [(exact.code, _label(exact))], 1
    found, total = bank.find(text.translate(_PUNCTUATION), 0, BRANCHES_SHOWN)
    named = [branch for branch in found if branch.name.casefold() == text.casefold()]
    if len(named) == 1:
        found, total = named, 1
    return [(branch.code, _label(branch)) for branch in found], total


def _label(branch: MergedBranch) -> str:
    """What tells a branch from ten thousand, and is found again when it is typed."""
    return f"{branch.name} ({branch.ifsc or branch.code})"
