"""Bringing a draft to the version of its format that is in force, and to what the firm changes of it now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from banks.formats.definition import FormatKey
from banks.queries import FormatSummary, published_formats
from reports.actions.changing import Changed, change_report
from reports.actions.failures import NotAllowed, ReportFrozen, UpgradeRefused
from reports.calculation.engine import calculate
from reports.calculation.totals import headline
from reports.formats import changes_in_force, definition_by_key, definition_of
from reports.models import Report
from reports.upgrading import Upgrade, places, plan_upgrade
from reports.workflow import is_frozen
from reports.working import stored_figures
from tenants.models import User
from tenants.permissions import Permission

UPGRADED = "report_upgraded"
# An entry of the record stays readable; the report itself keeps every answer.
_MOST_LINES = 200


@dataclass(frozen=True, slots=True)
class Prospect:
    """What bringing a report up to date would do: to which version, with which changes of the firm."""

    version: int
    title: str
    changes: Mapping[str, Any] | None
    plan: Upgrade
    is_newer: bool
    firm_changed: bool


def version_in_force(report: Report) -> FormatSummary | None:
    """The version that a report begun today would have, or None. No command while formats are kept."""
    key = (report.scheme, report.property_type)
    offered = published_formats(report.bank_code)
    return next((one for one in offered if (one.scheme, one.property_type) == key), None)


def has_newer_version(report: Report) -> bool:
    """Whether a newer version of the report's format is in force. No command while formats are kept."""
    found = None if is_frozen(report.status) else version_in_force(report)
    return found is not None and found.version > report.format_version


def prospect_of(report: Report) -> Prospect | None:
    """What bringing the report up to date would do; None when it is. One command, and one for each format
    that is not kept. Raises FormatMissing, FormatProblem.
    """
    offered = version_in_force(report)
    version = max(offered.version, report.format_version) if offered else report.format_version
    title = offered.title if offered and offered.version == version else report.format_title
    key = FormatKey(report.bank_code, report.scheme, report.property_type, version)
    changes = changes_in_force(key, report.branch_code)
    is_newer, firm_changed = version > report.format_version, changes != (report.format_changes or None)
    if not (is_newer or firm_changed):
        return None
    plan = plan_upgrade(
        definition_of(report), definition_by_key(key, changes), report.answers, report.set_aside
    )
    return Prospect(version, title, changes, plan, is_newer, firm_changed)


def values_after(report: Report, prospect: Prospect) -> list[tuple[str, Decimal | None, Decimal | None]]:
    """(name, before, after) of each figure that the report is known by and that would be another one.

    The same answers give other figures where a percentage or a formula has changed. No command after
    ``prospect_of``; two calculations.
    """
    key = FormatKey(report.bank_code, report.scheme, report.property_type, prospect.version)
    old, new = definition_of(report), definition_by_key(key, prospect.changes)
    before = headline(old, calculate(old, report.answers))
    after = headline(new, calculate(new, prospect.plan.answers))
    names = dict.fromkeys((*new.headline, *old.headline))
    both = [(name, before.get(name), after.get(name)) for name in names]
    return [one for one in both if one[1] != one[2]]


def upgrade_report(
    *, report_id: object, version: int, base_version: int, by: User, now: datetime
) -> tuple[Report, Upgrade]:
    """Bring a draft up to date as ``prospect_of`` says; answers without a place are set aside, never lost.

    ``version`` is the format's version that the person was shown, ``base_version`` the report's. Every
    section counts as saved anew, so that a form of the version before is refused. Comments follow their
    questions. Raises NotAllowed, ReportFrozen, UpgradeRefused, FormatMissing, FormatProblem,
    Report.DoesNotExist.
    """
    if not by.can(Permission.DRAFT_REPORTS):
        raise NotAllowed("Your role reads reports; assistants, valuers and managers write them.")
    done = Upgrade()

    def decide(report: Report) -> Changed:
        nonlocal done
        if is_frozen(report.status):
            raise ReportFrozen(report.get_status_display())
        prospect = prospect_of(report)
        if prospect is None:
            raise UpgradeRefused("The report is up to date already; nothing was changed.")
        if report.version != base_version or prospect.version != version:
            raise UpgradeRefused(
                "The report or its format was changed meanwhile; look at what follows again."
            )
        done = prospect.plan
        return _changed(report, prospect)

    report = change_report(report_id, decide, by=by, now=now)
    return report, done


def _changed(report: Report, prospect: Prospect) -> Changed:
    plan = prospect.plan
    key = FormatKey(report.bank_code, report.scheme, report.property_type, prospect.version)
    definition = definition_by_key(key, prospect.changes)
    _, derived = stored_figures(
        definition,
        plan.answers,
        reference=report.reference,
        bank=report.bank_name,
        branch=report.branch_name,
    )
    there = {place.path for place in places(definition)}
    comments = [_following(comment, plan.paths, there) for comment in report.comments]
    versions = {section.path: report.version + 1 for section in definition.sections()}
    return Changed(
        UPGRADED,
        {
            **derived,
            "comments": comments,
            "format_version": prospect.version,
            "format_title": prospect.title,
            "format_changes": prospect.changes,
            "set_aside": plan.set_aside or None,
            "section_versions": versions,
        },
        target=f"version {prospect.version}",
        details={
            "changes": {"format_version": {"from": report.format_version, "to": prospect.version}},
            "moved": [{"from": old, "to": new} for old, new in list(plan.paths.items())[:_MOST_LINES]],
            "set_aside": [line.path for line in plan.aside[:_MOST_LINES]],
        },
    )


def _following(comment: dict[str, Any], paths: Mapping[str, str], there: set[str]) -> dict[str, Any]:
    """A comment goes with its question; one whose question is gone is about the whole report."""
    path = comment.get("path", "")
    question = next((one for one in (*paths, *there) if path == one or path.startswith(f"{one}.")), None)
    if not path or (question in there and question not in paths):
        return comment
    if question is None:
        return comment if path.count(".") < 2 else {**comment, "path": ""}
    return {**comment, "path": paths[question] + path.removeprefix(question)}
