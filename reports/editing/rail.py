"""The outline of a report, and what stands beside a section: values, checks, comments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.urls import reverse

from banks.formats.definition import FormatDefinition, Section
from banks.formats.paths import index_fields
from reports.calculation.engine import Calculation
from reports.calculation.problems import CalculationProblem
from reports.calculation.totals import headline
from reports.calculation.words import amount_in_words
from reports.checks import Check, Level, check_report
from reports.comments import Comment
from reports.documents.values import Formatter
from reports.progress import SectionProgress, progress_of

_VALUES = (
    ("flat_value", "Flat"),
    ("land_value", "Land"),
    ("building_value", "Building"),
    ("extra_value", "Extra items"),
    ("amenities_value", "Amenities"),
    ("miscellaneous_value", "Miscellaneous"),
    ("services_value", "Services"),
    ("works_value", "Extra items and works"),
    ("fair_market_value", "Fair market value"),
    ("say_value", "Say"),
    ("realizable_value", "Realizable"),
    ("distress_value", "Distress"),
    ("guideline_value", "Guideline"),
    ("insurable_value", "Insurable"),
)
_TOTAL = "fair_market_value"
_FLAT = "flat_value"
# Of a flat these are not added to it: its value is of both.
_PARTS_OF_A_FLAT = {"land_value": "of it land", "building_value": "of it building"}


@dataclass(frozen=True, slots=True)
class ValueLine:
    """One figure of the rail; see ``components/values.html``."""

    label: str
    text: str
    currency: str = ""
    total: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One check of the rail; see ``components/checks.html``."""

    result: str
    text: str
    detail: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class OutlineSection:
    """A section in the outline; see ``components/outline.html``."""

    label: str
    href: str
    filled: int
    total: int
    done: bool
    current: bool = False
    errors: int = 0
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class OutlinePart:
    label: str
    sections: list[OutlineSection]


class ReportView:
    """One report as worked out for a page: progress of every section, checks, values. No database."""

    def __init__(
        self,
        report_id: object,
        definition: FormatDefinition,
        answers: Mapping[str, Any],
        calculation: Calculation,
        *,
        today: date,
        photographs: int,
    ) -> None:
        self.report_id = report_id
        self.definition = definition
        self.calculation = calculation
        self.progress: dict[str, SectionProgress] = {
            section.path: progress_of(section, answers, calculation) for section in definition.sections()
        }
        self.checks: list[Check] = check_report(
            definition, answers, calculation, today=today, photographs=photographs
        )
        self.formatter = Formatter(definition, {})

    # Addresses ------------------------------------------------------------------------------------

    def section_url(self, section: Section) -> str:
        return reverse("reports:section", args=[self.report_id, section.tab_id, section.id])

    def url_of(self, path: str) -> str:
        """The address of a field (or cell) in its section's form; empty for no path."""
        parts = path.split(".")
        section = self.definition.section(parts[0], parts[1]) if len(parts) > 1 else None
        if section is None:
            return ""
        anchor = f"#q-{'__'.join(parts[2:])}" if len(parts) > 2 else ""
        return self.section_url(section) + anchor

    # Parts ----------------------------------------------------------------------------------------

    def outline(self, current: str, errors: int = 0) -> list[OutlinePart]:
        """Parts and sections with their counts; hidden ones are marked."""
        return [
            OutlinePart(
                " ".join(filter(None, (tab.numeral, tab.label))),
                [self._outlined(section, current, errors) for section in tab.sections],
            )
            for tab in self.definition.tabs
            if not self.calculation.is_hidden(tab.id)
        ]

    def _outlined(self, section: Section, current: str, errors: int) -> OutlineSection:
        progress = self.progress[section.path]
        here = section.path == current
        return OutlineSection(
            label=section.label,
            href=self.section_url(section),
            filled=progress.filled,
            total=progress.total,
            done=progress.is_done,
            current=here,
            errors=errors if here else 0,
            hidden=self.calculation.is_hidden(section.path),
        )

    def value_lines(self) -> list[ValueLine]:
        """The headline figures that the format has, as far as they are known."""
        figures = headline(self.definition, self.calculation)
        told = [(name, label) for name, label in _VALUES if self._is_told(name)]
        parts = _PARTS_OF_A_FLAT if _FLAT in dict(told) else {}
        lines = []
        for name, label in told:
            value = figures.get(name)
            lines.append(
                ValueLine(
                    label=parts.get(name, label),
                    text="" if value is None else self.formatter.figure(value, "currency"),
                    currency=self.formatter.symbol if name == _TOTAL else "",
                    total=name == _TOTAL,
                    note=self._share(name, value, figures.get(_TOTAL)),
                )
            )
        return lines

    def _is_told(self, name: str) -> bool:
        path = self.definition.headline.get(name)
        return path is not None and not self.calculation.is_hidden(path)

    def _share(self, name: str, value: Decimal | None, total: Decimal | None) -> str:
        if name not in ("realizable_value", "distress_value") or not value or not total:
            return ""
        share = (value * 100 / total).quantize(Decimal("0.1"))
        return f"{share.normalize():f} %"

    def words(self) -> str:
        """The amount that the document says in words; empty while it is not known."""
        path = self.definition.document.words_path or self.definition.headline.get(_TOTAL, "")
        value = self.calculation.values.get(path)
        if not value:
            # A sum of nothing is nought; saying so would look like a result.
            return ""
        try:
            return amount_in_words(value, self.definition.currency)
        except CalculationProblem:
            return ""

    def check_lines(self) -> list[CheckLine]:
        """The checks for the rail: missing answers are counted by section, everything else stands alone."""
        lines = [
            CheckLine(check.level.value, check.text, check.detail, self.url_of(check.path))
            for check in self.checks
            if not (check.name == "required" and check.level is Level.FAIL)
        ]
        missing = [
            CheckLine(
                Level.FAIL.value,
                f"{progress.section.label}: {_count(len(progress.missing), 'answer')} missing",
                href=self.url_of(progress.missing[0].path),
            )
            for progress in self.progress.values()
            if progress.missing
        ]
        order = [level.value for level in Level]
        return sorted([*missing, *lines], key=lambda line: order.index(line.result))

    @property
    def failures(self) -> int:
        """How many things stop the submission."""
        return sum(check.level is Level.FAIL for check in self.checks)

    @property
    def warnings(self) -> int:
        return sum(check.level is Level.WARNING for check in self.checks)

    def placed(self, comments: Iterable[Comment]) -> list[Comment]:
        """The comments with the address and label of the question that each is about."""
        index = index_fields(self.definition)
        labels = {section.path: section.label for section in self.definition.sections()}
        labels |= {path: item.label for path, item in index.items()}
        return [
            Comment(
                id=comment.id,
                path=comment.path,
                text=comment.text,
                by=comment.by,
                by_id=comment.by_id,
                at=comment.at,
                resolved=comment.resolved,
                field_url=self.url_of(comment.path),
                field_label=labels.get(comment.path, "The question") if comment.path else "",
            )
            for comment in comments
        ]


def by_path(comments: Sequence[Comment]) -> dict[str, list[Comment]]:
    """The comments under the path that each is about."""
    found: dict[str, list[Comment]] = {}
    for comment in comments:
        found.setdefault(comment.path, []).append(comment)
    return found


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
