"""The tables of a format, laid out for a sheet of A4."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banks.formats.definition import FieldType, FixedRow, TableKind
from reports.documents.tables import LINE
from reports.tests.documents.making import Worked, a_column, a_field, a_table, built, tables_of, texts

AREA = a_column("area", FieldType.NUMBER, "Plinth area", unit="sq_ft", total=True)
NET = a_column("net", FieldType.CALCULATED, "Net value", display="currency", total=True)
FLOOR = a_column("floor", label="Floor")
FLOORS = a_table(TableKind.ROW_DYNAMIC, (FLOOR, AREA, NET), label="Floors", row_label="Floor")
TWO_FLOORS = [{"floor": "Ground", "area": "1275"}, {"floor": "First", "area": "1100"}]
FIGURES = Worked(
    {
        "land.plot.floors.0.net": Decimal(1472625),
        "land.plot.floors.1.net": Decimal(1270500),
        "land.plot.floors.net": Decimal(2743125),
        "land.plot.floors.area": Decimal(2375),
    }
)


def floors(worked: Worked = FIGURES) -> dict[str, Any]:
    return tables_of(built(FLOORS, plot={"floors": TWO_FLOORS}, worked=worked))[0]


def test_it_prints_a_row_for_every_floor() -> None:
    assert [texts(row) for row in floors()["rows"]] == [
        ["1", "Ground", "1,275", "14,72,625"],
        ["2", "First", "1,100", "12,70,500"],
    ]


def test_it_names_units_in_the_headings() -> None:
    assert texts(floors()["head"]) == ["No.", "Floor", "Plinth area, sq ft", "Net value, ₹"]


def test_it_sums_the_columns_that_have_a_total() -> None:
    assert texts(floors()["foot"]) == ["", "Total", "2,375", "27,43,125"]


def test_it_puts_figures_at_the_right() -> None:
    assert [cell["number"] for cell in floors()["head"]] == [True, False, True, True]


def test_it_has_no_foot_when_nothing_is_summed() -> None:
    assert floors(Worked())["foot"] == []


def test_it_prints_a_dash_in_place_of_a_table_without_rows() -> None:
    document = built(FLOORS, plot={"floors": []})
    assert document["parts"][0]["sections"][0]["blocks"][0]["rows"][0]["value"] == "—"


def test_it_marks_a_figure_that_was_typed_over_a_computed_one() -> None:
    path = "land.plot.floors.0.net"
    worked = Worked({**FIGURES.values, path: Decimal(1500000)}, {path: Decimal(1472625)}, frozenset({path}))
    assert floors(worked)["rows"][0][3]["marked"]


def test_it_says_below_the_table_what_was_computed() -> None:
    path = "land.plot.floors.0.net"
    worked = Worked({**FIGURES.values, path: Decimal(1500000)}, {path: Decimal(1472625)}, frozenset({path}))
    assert floors(worked)["notes"] == [
        "† Net value, row 1: entered by the valuer; the computed figure is ₹14,72,625."
    ]


def test_it_leaves_a_hidden_column_out() -> None:
    worked = Worked(FIGURES.values, hidden=frozenset({"land.plot.floors.area"}))
    assert texts(floors(worked)["head"]) == ["No.", "Floor", "Net value, ₹"]


def test_it_prints_the_given_rows_of_a_fixed_table() -> None:
    sides = a_table(
        TableKind.FIXED,
        (a_column("deed", label="As per deed"), a_column("actual", label="Actual")),
        rows=(FixedRow("north", "North"), FixedRow("south", "South", {"deed": "Road"})),
    )
    table = tables_of(built(sides, plot={"floors": {"north": {"deed": "Plot 11", "actual": "Plot 12"}}}))[0]
    assert [texts(row) for row in table["rows"]] == [["North", "Plot 11", "Plot 12"], ["South", "Road", "—"]]


def by_floor(columns: int) -> list[dict[str, Any]]:
    names = [f"Floor number {index}" for index in range(columns)]
    rows = (a_field("roof", path="land.plot.floors.roof", label="Roof"),)
    table = a_table(TableKind.COLUMN_DYNAMIC, row_fields=rows, label="Specification")
    cells = {"roof": [f"Concrete {index}" for index in range(columns)]}
    return tables_of(built(table, plot={"floors": {"columns": names, "cells": cells}}))


def test_it_prints_a_column_for_every_floor_of_a_specification() -> None:
    assert texts(by_floor(2)[0]["rows"][0]) == ["Roof", "Concrete 0", "Concrete 1"]


def test_it_continues_a_table_that_is_too_wide_below() -> None:
    assert [table["label"] for table in by_floor(10)] == ["Specification", "Specification, continued"]


def test_it_continues_a_table_in_even_pieces() -> None:
    assert [len(table["head"]) - 1 for table in by_floor(9)] == [5, 4]


def test_it_repeats_the_first_column_of_a_continued_table() -> None:
    assert {texts(table["rows"][0])[0] for table in by_floor(10)} == {"Roof"}


def wide(first: str = "2026-01-01") -> dict[str, Any]:
    kind = FieldType.DATE if first.startswith("2") else FieldType.TEXT
    columns = (
        a_column("first", kind, "First"),
        *(a_column(f"c{index}", FieldType.CURRENCY, f"Adjustment number {index}") for index in range(9)),
    )
    table = a_table(TableKind.ROW_DYNAMIC, columns, row_label="Deal")
    rows = [{"first": first, "c0": "4200"}, {"first": first + " and more" if first[0] != "2" else first}]
    return tables_of(built(table, plot={"floors": rows}))[0]


def test_it_turns_a_table_of_records_that_is_too_wide_on_its_side() -> None:
    assert texts(wide()["head"]) == ["Particulars", "Deal 1", "Deal 2"]


def test_it_heads_the_columns_of_a_turned_table_with_their_names() -> None:
    assert texts(wide("Ground floor")["head"]) == ["Particulars", "Ground floor", "Ground floor and more"]


def test_it_keeps_every_question_of_a_turned_table() -> None:
    assert len(wide()["rows"]) == 10


def test_it_does_not_divide_a_date_over_two_lines() -> None:
    assert wide()["rows"][0][1]["whole"]


@pytest.mark.parametrize("columns", [1, 5, 10])
def test_it_fits_the_sheet(columns: int) -> None:
    assert all(sum(table["weights"]) <= LINE for table in by_floor(columns))


@given(st.lists(st.lists(st.text(max_size=60), min_size=7, max_size=7), min_size=1, max_size=12))
def test_no_answer_is_lost_on_the_way_to_the_sheet(answers: list[list[str]]) -> None:
    columns = tuple(a_column(f"c{index}", label=f"Column {index}") for index in range(7))
    rows = [{f"c{index}": text or None for index, text in enumerate(row)} for row in answers]
    tables = tables_of(built(a_table(TableKind.ROW_DYNAMIC, columns), plot={"floors": rows}))
    printed = {cell["text"] for table in tables for line in (table["head"], *table["rows"]) for cell in line}
    assert {text for row in answers for text in row if text} <= printed
