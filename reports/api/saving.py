"""Beginning and changing reports by the API: check everything, then let the actions store it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from rest_framework import status

from banks.formats.definition import FormatDefinition, FormatKey, Section
from banks.models import Format, FormatStatus
from banks.queries import in_force, published_formats
from reports.actions import ReportFrozen, StaleSection, begin_report, save_section
from reports.actions.save import section_version
from reports.answers import changes_between, merged
from reports.api.answers import SentSection, check_sections
from reports.editing.choices import choices_for
from reports.formats import changes_in_force, definition_by_key, definition_of
from reports.forms.parsing import Choices
from reports.models import Report
from reports.workflow import is_frozen
from reports.working import WorkedOut
from tenants.api.problems import InvalidValues, Problem, ValueProblem, pointer_to
from tenants.models import Organization, User
from tenants.mongodb.transaction import run_atomically


@dataclass(frozen=True, slots=True)
class _SectionChange:
    """Checked values of one section, and the version that they were made from."""

    section: Section
    values: Mapping[str, Any]
    base_version: int


def begin(body: Mapping[str, Any], *, organization: Organization, by: User, now: datetime) -> Report:
    """Begin a report from the checked body of a request. Raises InvalidValues, ActionRefused."""
    key, format_id = _published_format(body)
    answers = body.get("answers") or {}
    values: dict[str, dict[str, Any]] = {}
    if answers:
        definition = definition_by_key(key, changes_in_force(key, body["branch"]))
        named = [(tab, section) for tab, sections in answers.items() for section in sections]
        sent, problems = _sections_of(
            definition,
            {f"{tab}.{section}": answers[tab][section] for tab, section in named},
            {f"{tab}.{section}": ("answers", tab, section) for tab, section in named},
        )
        checked = check_sections(
            definition,
            _known(definition, {"banks": key.bank_code, "bank_branches": body["branch"]}),
            sent,
            today=timezone.localdate(now),
            choices=_choices(Report(bank_code=key.bank_code, branch_code=body["branch"]), sent),
        )
        if problems or checked.problems:
            raise InvalidValues([*problems, *checked.problems])
        for one in sent:
            own = values.setdefault(one.section.tab_id, {})
            own[one.section.id] = merged(one.section, {}, checked.values[one.section.path])
    return begin_report(
        organization=organization,
        by=by,
        now=now,
        format_id=format_id,
        branch_code=body["branch"],
        answers=values,
    )


def _known(definition: FormatDefinition, own: Mapping[str, str]) -> dict[str, Any]:
    """The answers that the system fills in from the rest of the body; sending them as well does no harm."""
    known: dict[str, Any] = {}
    for section in definition.sections():
        for item in section.fields:
            answer = own.get(item.options_source or "")
            if answer is not None:
                known.setdefault(section.tab_id, {}).setdefault(section.id, {})[item.id] = answer
    return known


def change(report: Report, body: Mapping[str, Any], *, matched: bool, by: User, now: datetime) -> Report:
    """Save the sections of the checked body of a request: all of them or none.

    ``matched``: the caller has shown the report's present version already (If-Match). Raises InvalidValues,
    Problem 409 with both sets of answers, ActionRefused.
    """
    if is_frozen(report.status):
        raise ReportFrozen(report.get_status_display())
    definition = definition_of(report)
    sections = body["sections"]
    sent, problems = _sections_of(
        definition,
        {path: one["answers"] for path, one in sections.items()},
        {path: ("sections", path, "answers") for path in sections},
        unknown_at=lambda path: ("sections", path),
    )
    bases = {path: _base(report, path, one, body, matched) for path, one in sections.items()}
    problems += [
        ValueProblem(
            "Name the version that the answers were made from: here, in “version” or in If-Match.",
            pointer=pointer_to("sections", path, "base_version"),
        )
        for path, base in bases.items()
        if base is None
    ]
    checked = check_sections(
        definition,
        report.answers,
        sent,
        today=timezone.localdate(now),
        choices=_choices(report, sent),
    )
    if problems or checked.problems:
        raise InvalidValues([*problems, *checked.problems])
    changes = [
        _SectionChange(one.section, checked.values[one.section.path], bases[one.section.path] or 0)
        for one in sent
    ]
    return run_atomically(lambda: _save(report, changes, by=by, now=now))


def _save(report: Report, changes: Sequence[_SectionChange], *, by: User, now: datetime) -> Report:
    saved = report
    known: WorkedOut | None = None
    for one in changes:
        try:
            done = save_section(
                report_id=report.pk,
                tab_id=one.section.tab_id,
                section_id=one.section.id,
                values=one.values,
                base_version=one.base_version,
                by=by,
                now=now,
                known=known,
            )
        except StaleSection as stale:
            raise _conflict(one, stale) from stale
        saved, known = done.report, done.worked_out or known
    return saved


def _conflict(mine: _SectionChange, stale: StaleSection) -> Problem:
    yours = merged(mine.section, stale.theirs, mine.values)
    differences = changes_between(mine.section, stale.theirs, yours)
    return Problem(
        status.HTTP_409_CONFLICT,
        "Somebody else changed the section",
        str(stale),
        kind="stale",
        more={
            "conflict": {
                "section": mine.section.path,
                "pointer": pointer_to("sections", mine.section.path),
                "base_version": mine.base_version,
                "version": stale.version,
                "by": stale.by_name,
                "at": timezone.localtime(stale.at).isoformat() if stale.at else None,
                "differences": [difference.path for difference in differences],
                "yours": dict(mine.values),
                "theirs": dict(stale.theirs),
            }
        },
    )


def _base(
    report: Report, path: str, one: Mapping[str, Any], body: Mapping[str, Any], matched: bool
) -> int | None:
    """The version that the section's answers were made from; None when the request does not tell."""
    if "base_version" in one:
        return int(one["base_version"])
    present = section_version(report, path)
    if matched:
        return present
    if "version" in body:
        # A save of this section after the version that was read makes the answers stale; of another, not.
        return min(present, int(body["version"]))
    return None


def _sections_of(
    definition: FormatDefinition,
    answers: Mapping[str, Mapping[str, Any]],
    places: Mapping[str, tuple[object, ...]],
    unknown_at: Any = None,
) -> tuple[list[SentSection], list[ValueProblem]]:
    """The named sections in the order of the format, and a problem for each that the format has not."""
    known = {section.path: section for section in definition.sections()}
    problems = [
        ValueProblem(
            "The format of this report has no such section.",
            pointer=pointer_to(*(unknown_at(path) if unknown_at else places[path])),
            path=path,
        )
        for path in answers
        if path not in known
    ]
    sent = [
        SentSection(section, answers[path], places[path])
        for path, section in known.items()
        if path in answers
    ]
    return sent, problems


def _choices(report: Report, sent: Sequence[SentSection]) -> dict[str, Choices]:
    """What may be chosen where the choices are not the format's own."""
    return {source: pairs for one in sent for source, pairs in choices_for(one.section, report).items()}


def _published_format(body: Mapping[str, Any]) -> tuple[FormatKey, object]:
    """The key and id of the format that the body names. Raises InvalidValues, saying what is offered."""
    wanted = {
        "bank_code": body["bank"],
        "scheme": body["scheme"],
        "property_type": body["property_type"],
        **({"version": body["version"]} if "version" in body else {}),
    }
    found = (
        Format.objects.filter(in_force(timezone.localdate()), status=FormatStatus.PUBLISHED, **wanted)
        .order_by("-version")
        .values_list("pk", "version")
        .first()
    )
    if found is not None:
        return FormatKey(body["bank"], body["scheme"], body["property_type"], found[1]), found[0]
    offered = published_formats(body["bank"])
    if not offered:
        raise InvalidValues([ValueProblem("No format is offered for this bank.", pointer="#/bank")])
    if any((one.scheme, one.property_type) == (body["scheme"], body["property_type"]) for one in offered):
        raise InvalidValues([ValueProblem("This version is not offered.", pointer="#/version")])
    listed = ", ".join(f"{one.scheme} with {one.property_type}" for one in offered)
    raise InvalidValues([ValueProblem(f"The bank offers: {listed}.", pointer="#/scheme")])
