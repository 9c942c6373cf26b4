"""The editor's page as a context for its template: one section, the outline, the rail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.urls import reverse

from banks.formats.definition import FieldType, FormatDefinition, Section
from reports.actions.review import standing_of
from reports.actions.save import section_version
from reports.calculation.engine import calculate
from reports.comments import open_comments, read_comments
from reports.editing.presenting import Look, Presenter
from reports.editing.questions import Conflict, Group, Item, Question, Table
from reports.editing.rail import ReportView, by_path
from reports.forms.names import join
from reports.forms.section import BASE, SectionContext, SectionForm, base_of
from reports.models import Report, ReportStatus
from reports.progress import next_section
from reports.workflow import Actor, Step, may_comment, may_draft, possible_steps
from tenants.models import FileKind, StoredFile

VERSION = "version"
PHOTOGRAPHS = "photograph_count"


@dataclass(frozen=True, slots=True)
class SectionPage:
    """What a page of the editor is about."""

    report: Report
    definition: FormatDefinition
    section: Section
    actor: Actor
    today: date
    photographs: int

    @property
    def may_write(self) -> bool:
        return may_draft(standing_of(self.report), self.actor)


@dataclass(frozen=True, slots=True)
class Banner:
    """Something the person must know first; see ``components/banner.html``."""

    tone: str
    text: str = ""
    title: str = ""
    items: Sequence[Mapping[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """How the section is shown beyond what is stored: a banner, both values of a conflict, errors or none."""

    banner: Banner | None = None
    conflicts: Mapping[str, Conflict] = field(default_factory=dict)
    show_errors: bool = True
    # Whether the next save stands on what is stored now, or still on what the page was made from.
    fresh: bool = True
    # What was typed may be read though it can no longer be saved.
    keep_typed: bool = False


def page_context(page: SectionPage, form: SectionForm, shown: Shown) -> dict[str, Any]:
    """Everything that ``reports/editor.html`` needs. One command more when files are attached here."""
    report, section = page.report, page.section
    answers = getattr(form, "answers", page.report.answers)
    calculation = getattr(form, "calculation", None) or calculate(page.definition, answers)
    comments = read_comments(report.comments)
    editable = page.may_write or shown.keep_typed
    look = Look(
        calculation=calculation,
        editable=editable,
        comments=by_path(open_comments(comments)),
        conflicts=shown.conflicts,
        files=_files(page, form),
        show_errors=shown.show_errors,
    )
    presenter = Presenter(form, look)
    items = presenter.items()
    view = ReportView(
        report.pk, page.definition, answers, calculation, today=page.today, photographs=page.photographs
    )
    errors = len(form.errors) + len(form.table_errors) if form.is_bound and shown.show_errors else 0
    following = next_section(page.definition, calculation, section.path)
    placed = view.placed(comments)
    steps = possible_steps(standing_of(report), page.actor)
    return {
        "report": report,
        "section": section,
        "items": items,
        "progress": view.progress[section.path],
        "section_hidden": calculation.is_hidden(section.path),
        "section_comments": look.comments.get(section.path, ()),
        "editable": editable,
        "may_write": page.may_write,
        "may_submit": Step.SUBMIT in steps,
        "may_comment": may_comment(standing_of(report), page.actor),
        "may_review": report.status == ReportStatus.IN_REVIEW and bool(steps & {Step.APPROVE, Step.RETURN}),
        "banner": shown.banner,
        "grouping": page.definition.grouping,
        "has_required": any(question.required for question in _questions(items)),
        "has_files": any(item.type is FieldType.FILE for item in section.leaves()),
        "version": _version(page, form, shown),
        "base": _base(form, presenter, shown),
        "photographs": page.photographs,
        "parts": view.outline(section.path, errors),
        "values": view.value_lines(),
        "words": view.words(),
        "checks": view.check_lines(),
        "failures": view.failures,
        "warnings": view.warnings,
        "open_comments": open_comments(placed),
        "resolved_count": sum(comment.resolved for comment in comments),
        "next_section": following,
        "next_url": view.section_url(following) if following is not None else "",
        "save_state": "unsaved" if form.is_bound else "saved",
        "crumbs": _crumbs(report),
    }


def live_context(page: SectionPage, form: SectionForm) -> dict[str, Any]:
    """What follows from what is typed now, for the parts of the page that change with it. No command."""
    presenter = Presenter(form, Look(calculation=form.calculation))
    items = presenter.items()
    view = ReportView(
        page.report.pk,
        page.definition,
        form.answers,
        form.calculation,
        today=page.today,
        photographs=page.photographs,
    )
    return {
        "computed": _computed(items),
        "feet": [item for item in items if isinstance(item, Table) and item.foot],
        "parts": view.outline(page.section.path),
        "progress": view.progress[page.section.path],
        "values": view.value_lines(),
        "words": view.words(),
        "checks": view.check_lines(),
        "failures": view.failures,
        "warnings": view.warnings,
    }


def _computed(items: Sequence[Item]) -> list[Question]:
    """The computed questions that nobody has typed over, cells of tables included."""
    calculated = FieldType.CALCULATED.value
    return [one for one in _questions(items) if one.type == calculated and not one.is_overridden]


def _questions(items: Sequence[Item]) -> Iterator[Question]:
    """Every question of the section: single ones, those of groups, cells of tables."""
    for item in items:
        if isinstance(item, Table):
            yield from (cell for row in item.rows for cell in row.cells)
        elif isinstance(item, Group):
            yield from item.fields
        else:
            yield item


def context_of(page: SectionPage, choices: Mapping[str, Any]) -> SectionContext:
    """What the section's form stands on."""
    return SectionContext(page.definition, page.section, page.report.answers, page.today, choices)


def _version(page: SectionPage, form: SectionForm, shown: Shown) -> str:
    if form.is_bound and not shown.fresh:
        return str(form.data.get(VERSION, ""))
    return str(section_version(page.report, page.section.path))


def _base(form: SectionForm, presenter: Presenter, shown: Shown) -> str:
    if form.is_bound and not shown.fresh and form.data.get(BASE):
        return str(form.data.get(BASE))
    return base_of(form.layout, presenter.names)


def _files(page: SectionPage, form: SectionForm) -> dict[str, str]:
    """Names of the files that the section's answers attach, by id."""
    wanted = set()
    for control in form.layout.controls():
        if control.field.type is FieldType.FILE:
            wanted.add(str(control.stored or ""))
            wanted.add(str(form.data.get(join(control.name, "kept")) or "") if form.is_bound else "")
    wanted = {one for one in wanted if len(one) == 24}
    if not wanted:
        return {}
    files = StoredFile.objects.filter(
        pk__in=wanted, report_id=str(page.report.pk), kind=FileKind.ATTACHMENT
    ).values("pk", "name")
    return {str(file["pk"]): file["name"] for file in files}


def _crumbs(report: Report) -> list[tuple[str, str]]:
    return [
        ("Reports", reverse("reports:list")),
        (report.reference, reverse("reports:detail", args=[report.pk])),
    ]
