"""A format as it will look, before any report stands on it: a section of its form, the pages of its document.

Firm, bank, branch and people are made up; the answers are the version's sample, or generated ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from banks.formats.definition import FormatDefinition, Section
from banks.formats.packing import definition_if_possible
from banks.formats.problems import FormatProblem
from banks.formats.sampling import sample_answers
from banks.models import DocumentType, Format
from reports.calculation.engine import Calculation, calculate
from reports.calculation.numbers import group
from reports.calculation.totals import headline
from reports.documents.content import build_document
from reports.documents.context import DocumentContext, Letterhead, ValuerBlock
from reports.documents.render import RenderingFailed, render_pages
from reports.editing.presenting import Look, Presenter
from reports.editing.questions import Item
from reports.forms.parsing import Choices
from reports.forms.section import SectionContext, SectionForm
from reports.page_cache import PageKey, digest_of, page_cache

PAGE_WIDTH = 1000
# Of no organization: what is kept under it is made of shared data alone.
_NOBODY = ""
_DAY = date(2026, 4, 2)
_BRANCH = "Example branch"
_NO_FIGURES = Calculation({}, {}, frozenset(), {}, frozenset())
_FAULTY = (ArithmeticError, AttributeError, KeyError, LookupError, TypeError, ValueError)


class NoPreview(Exception):
    """It cannot be shown as it is; the text says why."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A version that can be built, with its answers and figures."""

    version: Format
    definition: FormatDefinition
    answers: Mapping[str, Any]
    calculation: Calculation
    # Why there are no figures, where a formula is wrong; the questions are shown all the same.
    no_figures: str = ""

    @property
    def generated(self) -> bool:
        """Whether the answers were made up because the version has no sample."""
        return self.version.sample is None


@dataclass(frozen=True, slots=True)
class Pages:
    """The document's pages as PNG, and what names this state of them."""

    digest: str
    pages: tuple[bytes, ...]


def preview_of(version: Format) -> Preview:
    """No query. Raises NoPreview when the version is not sound enough to be looked at."""
    definition = definition_if_possible(version.content)
    if definition is None:
        raise NoPreview("There is nothing to show yet: mend the faults that are listed first.")
    try:
        answers = version.sample if version.sample is not None else sample_answers(definition)
        try:
            return Preview(version, definition, answers, calculate(definition, answers))
        except FormatProblem as error:
            why = f"The figures cannot be worked out yet. {error.problems[0]}"
            return Preview(version, definition, answers, _NO_FIGURES, why)
    except _FAULTY as error:
        raise NoPreview("The sample answers do not fit the format yet: mend what is listed first.") from error


def section_of(preview: Preview, path: str) -> Section | None:
    """The section at ``path`` or around it; of a tab the first one; without a path that of the format."""
    steps = path.split(".") if path else []
    for section in preview.definition.sections():
        if section.path == ".".join(steps[:2]) or (len(steps) < 2 and steps in ([], [section.tab_id])):
            return section
    return None


def items_of(preview: Preview, section: Section) -> list[Item]:
    """The section as a valuer sees it, to be read. One query for kinds of documents. Raises NoPreview."""
    context = SectionContext(preview.definition, section, preview.answers, _DAY, _choices(preview))
    try:
        return Presenter(SectionForm(context), Look(preview.calculation, editable=False)).items()
    except _FAULTY as error:
        raise NoPreview("The sample answers of this section do not fit it yet.") from error


def figures_of(preview: Preview) -> list[tuple[str, str]]:
    """The headline figures for the sample, as names and text."""
    try:
        found = headline(preview.definition, preview.calculation)
    except _FAULTY:
        return []
    grouping = preview.definition.grouping
    return [(name.replace("_", " ").capitalize(), group(value, grouping)) for name, value in found.items()]


def document_of(preview: Preview) -> dict[str, Any]:
    """The document's data with a made-up firm. Raises NoPreview."""
    context = DocumentContext(
        firm=Letterhead(
            name="Example Valuers",
            tagline="Registered valuers",
            address_lines=("1 Specimen Street", "Example Nagar"),
            phone="000 0000 0000",
            email="office@example.com",
        ),
        reference="EV/0001/02042026",
        valuer=ValuerBlock(
            name="Valuer One",
            qualifications="B.E. (Civil)",
            registrations=(("IBBI", "IBBI/RV/00/0000/00000"),),
            phone="000 0000 0001",
        ),
        report_date=_DAY,
        place="Example Nagar",
        draft=True,
        bank_name=preview.version.bank_code,
        branch_name=_BRANCH,
        branch_address="2 Specimen Street, Example Nagar",
        labels={
            "banks": {preview.version.bank_code: preview.version.bank_code},
            **{source: dict(pairs) for source, pairs in _choices(preview).items()},
        },
    )
    try:
        return build_document(preview.definition, preview.answers, preview.calculation, context)
    except _FAULTY as error:
        raise NoPreview("The document cannot be made yet: mend what is listed first.") from error


def pages_of(preview: Preview) -> Pages:
    """The pages, laid out once for each state of them; seconds the first time. Raises NoPreview."""
    document = document_of(preview)
    digest = digest_of(document, ())
    key = PageKey(_NOBODY, str(preview.version.pk), digest)
    try:
        return Pages(digest, page_cache.get_or_make(key, lambda: render_pages(document, {}, PAGE_WIDTH)))
    except RenderingFailed as failure:
        raise NoPreview(str(failure)) from failure


def kept_page(version_id: str, digest: str, number: int) -> bytes | None:
    """A page that was laid out already, without a query."""
    pages = page_cache.get(PageKey(_NOBODY, version_id, digest)) or ()
    return pages[number - 1] if 1 <= number <= len(pages) else None


def _choices(preview: Preview) -> dict[str, Choices]:
    code = preview.version.bank_code
    answered = {one for _, one in _chosen(preview) if isinstance(one, str)}
    return {
        "banks": [(code, code)],
        "bank_branches": [(one, _BRANCH) for one in answered],
        "document_types": list(DocumentType.objects.order_by("position").values_list("code", "name")),
    }


def _chosen(preview: Preview) -> list[tuple[str, Any]]:
    """The answers to questions about the bank's branch."""
    return [
        (field.path, preview.answers.get(section.tab_id, {}).get(section.id, {}).get(field.id))
        for section in preview.definition.sections()
        for field in section.fields
        if field.options_source == "bank_branches"
    ]
