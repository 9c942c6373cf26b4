"""Saving one section of a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson import ObjectId

from banks.formats.definition import FieldType, FormatDefinition, Section
from banks.formats.paths import own_fields
from banks.merging import MergedBank
from banks.queries import visible_bank
from reports.actions.changing import Changed, change_report
from reports.actions.failures import (
    BranchUnknown,
    FileRefused,
    NotAllowed,
    ReportFrozen,
    SectionUnknown,
    StaleSection,
)
from reports.answers import (
    Change,
    changes_between,
    is_not_applicable,
    leaves,
    merged,
    section_answers,
    with_section,
)
from reports.formats import definition_by_key, definition_of, fitting_changes, format_name_of, key_of
from reports.models import Report
from reports.workflow import is_frozen
from reports.working import WorkedOut, stored_figures
from tenants.models import ActivityEntry, FileKind, StoredFile, User
from tenants.permissions import Permission

SAVED = "section_saved"
BRANCHES = "bank_branches"
# An entry of the record stays readable; a table of hundreds of cells is named by its first ones.
_MOST_CHANGES = 200


@dataclass(frozen=True, slots=True)
class SavedSection:
    """The report after saving. ``version`` is the one to save the section upon next.

    ``worked_out`` is what another save of the report need not work out again; None where nothing changed.
    """

    report: Report
    version: int
    changes: tuple[Change, ...]
    worked_out: WorkedOut | None = None


def section_version(report: Report, section_path: str) -> int:
    """The version at which the section was last saved; 0 when it never was."""
    return int(report.section_versions.get(section_path, 0))


def save_section(
    *,
    report_id: object,
    tab_id: str,
    section_id: str,
    values: Mapping[str, Any],
    base_version: int,
    by: User,
    now: datetime,
    known: WorkedOut | None = None,
) -> SavedSection:
    """Store the answers of one section, work the report out again, record what changed.

    ``values`` maps field ids to checked answers (``None`` empties one); a field it does not name keeps its
    answer. ``base_version`` is the ``section_version`` that the form was made from: when somebody saved
    *this* section since, nothing is stored and StaleSection tells what they wrote. A save of another section
    in between does no harm. Saving what is stored already changes nothing. What is ``known`` of the figures
    (the form has worked them out to judge what was typed) is not worked out a second time.
    Raises NotAllowed, ReportFrozen, SectionUnknown, BranchUnknown, StaleSection, FileRefused (an answer
    names a file that is not the report's), Report.DoesNotExist.
    """
    if not by.can(Permission.DRAFT_REPORTS):
        raise NotAllowed("Your role reads reports; assistants, valuers and managers write them.")
    changes: tuple[Change, ...] = ()
    worked_out: WorkedOut | None = None

    def decide(report: Report) -> Changed | None:
        nonlocal changes, worked_out
        definition = definition_of(report)
        section = _section_to_write(report, definition, tab_id, section_id)
        stored = section_answers(report.answers, section)
        new = merged(section, stored, values)
        changes = changes_between(section, stored, new)
        if not changes:
            return None
        if section_version(report, section.path) != base_version:
            raise _stale(report, section, stored)
        _check_files(report, section, stored, new)
        branch = _branch(report, section, new)
        calculation, derived = stored_figures(
            definition_by_key(key_of(report), branch["format_changes"]) if branch else definition,
            with_section(report.answers, section, new),
            reference=report.reference,
            bank=report.bank_name,
            branch=branch.get("branch_name", report.branch_name),
            known=known,
        )
        worked_out = WorkedOut(derived["answers"], calculation)
        versions = {**report.section_versions, section.path: report.version + 1}
        return Changed(
            SAVED,
            {**derived, **branch, "section_versions": versions},
            target=section.path,
            details=_told(section, changes),
        )

    report = change_report(report_id, decide, by=by, now=now)
    version = section_version(report, f"{tab_id}.{section_id}")
    return SavedSection(report, version, changes, worked_out)


def _section_to_write(report: Report, definition: FormatDefinition, tab_id: str, section_id: str) -> Section:
    """Raises SectionUnknown, ReportFrozen."""
    section = definition.section(tab_id, section_id)
    if section is None:
        raise SectionUnknown
    if is_frozen(report.status):
        raise ReportFrozen(report.get_status_display())
    return section


def _told(section: Section, changes: tuple[Change, ...]) -> dict[str, Any]:
    """What the activity says of a save: the first changes, and how many there are."""
    told = [change.as_json() for change in changes[:_MOST_CHANGES]]
    return {"label": section.label, "changes": told, "count": len(changes)}


def _branch(report: Report, section: Section, new: Mapping[str, Any]) -> dict[str, Any]:
    """The report's own branch when this section asks for it and the answer is another one.

    What the firm changes of the format for that branch comes along: two branches may be asked different
    questions. Answers to questions that only the former one has are kept, and shown again should it return.
    """
    for field in section.fields:
        code = new.get(field.id)
        if field.options_source == BRANCHES and isinstance(code, str) and code != report.branch_code:
            bank = visible_bank(report.bank_code)
            branch = bank.branch(code) if bank is not None else None
            if bank is None or branch is None:
                raise BranchUnknown(report.bank_name)
            return {
                "branch_code": code,
                "branch_name": branch.name,
                "format_changes": _changes(report, bank, code),
            }
    return {}


def _changes(report: Report, bank: MergedBank, branch_code: str) -> Mapping[str, Any] | None:
    """The firm's changes for another branch; what held for the report stays where both have the same."""
    name = format_name_of(report)
    now = bank.format_changes(name, branch_code)
    if now == bank.format_changes(name, report.branch_code):
        changes: Mapping[str, Any] | None = report.format_changes
        return changes
    return fitting_changes(key_of(report), now)


def _check_files(report: Report, section: Section, stored: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """A file is named by its id, which comes back from the browser: only the report's own will do."""
    files = {field.path for field in own_fields(section) if field.type is FieldType.FILE}
    before = {path: answer for path, _, answer in leaves(section, stored)}
    for path, label, answer in leaves(section, new):
        if path not in files or is_not_applicable(answer) or answer == before.get(path):
            continue
        own = StoredFile.objects.filter(report_id=str(report.pk), kind=FileKind.ATTACHMENT)
        if not ObjectId.is_valid(answer) or not own.filter(pk=answer).exists():
            raise FileRefused(label, "the report has no such file; attach it again.")


def _stale(report: Report, section: Section, stored: Mapping[str, Any]) -> StaleSection:
    last = (
        ActivityEntry.objects.filter(report_id=str(report.pk), action=SAVED, target=section.path)
        .order_by("-at")
        .values("actor_name", "at")
        .first()
    )
    return StaleSection(
        theirs=stored,
        version=section_version(report, section.path),
        by_name=last["actor_name"] if last else report.updated_by_name,
        at=last["at"] if last else report.updated_at,
    )
