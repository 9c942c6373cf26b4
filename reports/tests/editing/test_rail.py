"""The outline and the rail: counts, values, checks with addresses; and how figures are explained."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from banks.formats.shipped import format_files
from reports.calculation.engine import calculate
from reports.editing.presenting import Look, Presenter
from reports.editing.questions import Question, Table
from reports.editing.rail import ReportView
from reports.forms.section import SectionContext, SectionForm
from reports.tests.forms.formats import TODAY
from reports.tests.making import sample_answers, shipped_format

REPORT = "a" * 24


def view(answers: dict[str, Any] | None = None) -> ReportView:
    definition = shipped_format()
    given = sample_answers() if answers is None else answers
    calculation = calculate(definition, given)
    return ReportView(REPORT, definition, given, calculation, today=TODAY, photographs=1)


def test_the_outline_marks_the_section_that_is_open() -> None:
    current = [s.label for part in view().outline("land.market") for s in part.sections if s.current]

    assert current == ["Prevailing market rate"]


def test_the_outline_counts_what_is_filled() -> None:
    (first, *_) = view({}).outline("land.market")[0].sections

    assert (first.filled, first.done) == (0, False)


def test_parts_that_do_not_apply_are_not_in_the_outline() -> None:
    answers = sample_answers()
    answers["general"]["property"]["building_constructed"] = "no"

    assert "B Valuation of building" not in [part.label for part in view(answers).outline("")]


def test_a_cell_has_an_address() -> None:
    assert view().url_of("building.valuation.floors.0.net_value") == (
        f"/reports/{REPORT}/edit/building/valuation/#q-floors__0__net_value"
    )


def test_values_are_grouped_and_the_total_has_its_currency() -> None:
    total = next(line for line in view().value_lines() if line.total)

    assert (total.label, total.currency, total.text) == ("Fair market value", "₹", "1,32,18,125")


@pytest.mark.parametrize("path", format_files(), ids=lambda path: path.stem)
def test_the_lines_above_the_total_add_up_to_it(path: Path) -> None:
    definition, given = shipped_format(path.stem), sample_answers(path.stem)
    report = ReportView(
        REPORT, definition, given, calculate(definition, given), today=TODAY, photographs=1
    ).value_lines()
    at = [line.total for line in report].index(True)
    amounts = [line.text.replace(",", "") for line in report[:at] if not line.label.startswith("of it ")]

    assert sum(map(Decimal, amounts)) == Decimal(report[at].text.replace(",", ""))


def test_of_a_flat_the_parts_are_told_as_parts() -> None:
    definition, given = shipped_format("sbi_flat_v2"), sample_answers("sbi_flat_v2")
    report = ReportView(REPORT, definition, given, calculate(definition, given), today=TODAY, photographs=1)

    assert [line.label for line in report.value_lines()][:4] == [
        "Flat",
        "of it land",
        "of it building",
        "Extra items",
    ]


def test_shares_of_the_value_are_said() -> None:
    notes = {line.label: line.note for line in view().value_lines() if line.note}

    assert notes == {"Realizable": "90 %", "Distress": "80 %"}


def test_the_amount_is_said_in_words() -> None:
    assert view().words() == "Rupees One Crore Thirty-Two Lakh Eighteen Thousand Only"


def test_nothing_is_said_in_words_while_nothing_is_known() -> None:
    assert view({}).words() == ""


def test_missing_answers_are_counted_by_section() -> None:
    texts = [line.text for line in view({}).check_lines()]

    assert "Adopted rate and value: 1 answer missing" in texts


def test_a_failure_leads_to_its_question() -> None:
    line = next(line for line in view({}).check_lines() if line.text.startswith("Adopted rate"))

    assert line.href == f"/reports/{REPORT}/edit/land/valuation/#q-adopted_rate"


# How a figure came about ------------------------------------------------------------------------------------


def explained(path: str) -> str:
    """What the page says of the computed figure at a path of the sample."""
    definition, answers = shipped_format(), sample_answers()
    tab, section_id, *rest = path.split(".")
    section = definition.section(tab, section_id)
    assert section is not None
    form = SectionForm(SectionContext(definition, section, answers, TODAY))
    presenter = Presenter(form, Look(calculate(definition, answers)))
    questions: dict[str, Question] = {}
    for item in presenter.items():
        if isinstance(item, Table):
            questions |= {cell.path: cell for row in item.rows for cell in row.cells}
        elif isinstance(item, Question):
            questions[item.path] = item
    assert rest
    return questions[path].computed_how


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("land.valuation.land_value", "2,400 × ₹4,200"),
        ("building.valuation.floors.0.replacement_cost", "1,275 sq ft × ₹1,650"),
        ("building.valuation.floors.0.net_value", "₹21,03,750 − ₹6,31,125"),
        ("building.valuation.floors.0.depreciation", "30 % of ₹21,03,750"),
        ("building.valuation.floors.0.depreciation_percent", "20 × (100 − 10) ÷ 60"),
        ("abstract.realizable.land_value", "90 % of ₹1,00,80,000"),
        ("abstract.market.say_value", "₹1,32,18,125, rounded"),
    ],
)
def test_a_figure_is_explained_by_its_figures(path: str, said: str) -> None:
    assert explained(path) == said
