"""Beginning a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connections
from django.utils import timezone
from pymongo import ReturnDocument

from banks.formats.definition import Field, FieldType, FormatDefinition
from banks.merging import MergedBank
from banks.models import Format, FormatStatus
from banks.queries import in_force, visible_bank
from reports.actions.failures import (
    BranchUnknown,
    FormatUnavailable,
    NotAllowed,
    ReferenceTaken,
    ReportLimitReached,
)
from reports.answers import is_empty, is_not_applicable
from reports.counts import begin_next_revision
from reports.formats import changes_for, definition_from, format_name_of
from reports.models import Report
from reports.working import stored_figures
from tenants.audit import record_activity
from tenants.context import require_org_id
from tenants.models import Counter, Organization, User
from tenants.mongodb.transaction import run_atomically
from tenants.permissions import Permission
from tenants.plans.limits import LimitReached
from tenants.plans.months import Month, one_after_another, take_report, warn_when_few_are_left
from tenants.reference import read_pattern

# Read-only questions with these ids say the report's reference; the second is the former system's.
_REFERENCE_IDS = ("reference_number", "report_reference_number")
# A pattern that was changed may meet numbers given before; a few are passed over.
_ATTEMPTS = 20


def begin_report(
    *,
    organization: Organization,
    by: User,
    now: datetime,
    format_id: object,
    branch_code: str,
    answers: Mapping[str, Any] | None = None,
    warn: Callable[[str], object] = str,
) -> Report:
    """A new draft for one branch in one published format, with the next reference number of the firm.

    ``answers`` (of a custom template, say) come first; bank, branch and reference are filled in over them.
    It takes one of the month's reports that the plan allows, in the same transaction; ``warn`` is called with
    a sentence when few are left from this one on. A number that is drawn is spent, even when the report
    cannot be made; where the plan allows no more, none is drawn. Raises NotAllowed, FormatUnavailable,
    BranchUnknown, ReportLimitReached, ReferenceTaken.
    """
    if not by.can(Permission.DRAFT_REPORTS):
        raise NotAllowed("Assistants, valuers and managers begin reports.")
    stored_format = _published(format_id, timezone.localdate(now))
    bank, branch_name = _branch(stored_format.bank_code, branch_code)
    changes = changes_for(stored_format, bank.format_changes(format_name_of(stored_format), branch_code))
    day = timezone.localdate(now)
    draft = _Draft(
        organization=organization,
        by=by,
        now=now,
        stored_format=stored_format,
        definition=definition_from(stored_format, changes),
        format_changes=changes,
        bank_name=bank.name,
        branch_code=branch_code,
        branch_name=branch_name,
        answers=answers or {},
    )
    for _ in range(_ATTEMPTS):
        draft.report = None
        try:
            with one_after_another():
                report, month = run_atomically(lambda: _stored(draft, day))
        except LimitReached as refusal:
            raise ReportLimitReached(str(refusal)) from None
        except IntegrityError:
            continue
        warning = warn_when_few_are_left(organization, month)
        if warning:
            warn(warning)
        return report
    raise ReferenceTaken(draft.reference)


@dataclass(slots=True, kw_only=True)
class _Draft:
    """What a report is begun from. The report itself is made with the number drawn for it, once."""

    organization: Organization
    by: User
    now: datetime
    stored_format: Format
    definition: FormatDefinition
    format_changes: dict[str, Any] | None
    bank_name: str
    branch_code: str
    branch_name: str
    answers: Mapping[str, Any]
    report: Report | None = None
    reference: str = ""

    def numbered(self) -> Report:
        """The report; what is tried again with another transaction keeps its number."""
        if self.report is None:
            self.report = self._made()
        self.report.pk = None
        return self.report

    def _made(self) -> Report:
        stored_format, day = self.stored_format, timezone.localdate(self.now)
        pattern = read_pattern(self.organization.reference_pattern)
        self.reference = pattern.fill(
            number=next_number(pattern.counter(day)),
            day=day,
            initials=self.organization.initials,
            bank_code=stored_format.bank_code,
        )
        own = {
            **dict.fromkeys(_REFERENCE_IDS, self.reference),
            "banks": stored_format.bank_code,
            "bank_branches": self.branch_code,
        }
        _, derived = stored_figures(
            self.definition,
            _prefilled(self.definition, self.answers, own, day),
            reference=self.reference,
            bank=self.bank_name,
            branch=self.branch_name,
        )
        return Report(
            reference=self.reference,
            bank_code=stored_format.bank_code,
            bank_name=self.bank_name,
            branch_code=self.branch_code,
            branch_name=self.branch_name,
            scheme=stored_format.scheme,
            property_type=stored_format.property_type,
            format_version=stored_format.version,
            format_title=stored_format.title,
            format_changes=self.format_changes,
            created_by=str(self.by.pk),
            created_by_name=self.by.acting_name,
            created_at=self.now,
            updated_by_name=self.by.acting_name,
            updated_at=self.now,
            **derived,
        )


def _stored(draft: _Draft, day: date) -> tuple[Report, Month]:
    """Take one of the month's, then draw the number: others who begin a report wait before they draw one."""
    month = take_report(draft.organization, day)
    begin_next_revision()
    report = draft.numbered()
    report.save(force_insert=True)
    record_activity("report_begun", by=draft.by, report_id=str(report.pk), target=report.reference)
    return report, month


def _published(format_id: object, day: date) -> Format:
    """The published version, which must be in force by then."""
    try:
        return Format.objects.get(in_force(day), pk=format_id, status=FormatStatus.PUBLISHED)
    except (Format.DoesNotExist, ValidationError, ValueError):
        raise FormatUnavailable from None


def _branch(bank_code: str, branch_code: str) -> tuple[MergedBank, str]:
    """The bank as the firm sees it, and the branch's name."""
    bank = visible_bank(bank_code)
    if bank is None:
        raise FormatUnavailable
    branch = bank.branch(branch_code)
    if branch is None:
        raise BranchUnknown(bank.name)
    return bank, branch.name


def _prefilled(
    definition: FormatDefinition, answers: Mapping[str, Any], own: Mapping[str, str], day: date
) -> dict[str, Any]:
    """The first answers: defaults of the format, what was given over them, and what the system knows."""
    result: dict[str, Any] = {}
    for section in definition.sections():
        stored = answers.get(section.tab_id, {}).get(section.id, {})
        filled = {}
        for field in section.fields:
            answer = stored.get(field.id)
            if is_empty(answer) or field.type is FieldType.GROUP:
                answer = _with_defaults(field, answer, day)
            if field.type is FieldType.SELECT_DYNAMIC and (field.options_source or "") in own:
                answer = own[field.options_source or ""]
            elif field.id in own and field.read_only:
                answer = own[field.id]
            if not is_empty(answer):
                filled[field.id] = answer
        if filled:
            result.setdefault(section.tab_id, {})[section.id] = filled
    return result


def _with_defaults(field: Field, answer: Any, day: date) -> Any:
    """The answer that a question begins with; of a group, its members' where they have none."""
    if field.type is not FieldType.GROUP:
        return day.isoformat() if (field.type, field.default) == (FieldType.DATE, "today") else field.default
    if is_not_applicable(answer):
        return answer
    given = answer if isinstance(answer, Mapping) else {}
    members = {part.id: _with_defaults(part, None, day) for part in field.fields}
    filled = {name: default for name, default in members.items() if not is_empty(default)}
    return {**filled, **{name: one for name, one in given.items() if not is_empty(one)}}


def next_number(counter: str) -> int:
    """The next number of a counter of the active organization: drawn by the server in one step."""
    connection: Any = connections[require_org_id("A counter")]
    collection = connection.get_collection(Counter._meta.db_table)
    document = collection.find_one_and_update(
        {"name": counter}, {"$inc": {"value": 1}}, upsert=True, return_document=ReturnDocument.AFTER
    )
    return int(document["value"])
