"""Old answers of tables: every cell lands in its own row and column, or is set aside with the reason."""

from __future__ import annotations

from typing import Any

import pytest

from banks.formats.reading import from_content
from banks.legacy.tests.madeup import converted, field, small_format
from reports.legacy.placing import Placed, place
from reports.legacy.values import Around


def column(name: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    return {"columnId": name, "columnName": name.capitalize(), "fieldType": kind, **more}


def answered(table: dict[str, Any], value: Any) -> Placed:
    made = converted(small_format(table))
    return place({"table": value}, from_content(made.content), made, Around(), {})


def answer_of(found: Placed) -> Any:
    return found.answers["one"]["part"]["table"]


NUMBERED = field(
    "table", "table", columns=[column("no", isReadonly=True), column("length")],
    rows=[{"no": "1."}, {"no": "2."}, {"no": "3."}],
)  # fmt: skip
SIDES = field(
    "table", "table",
    columns=[column("side", isReadonly=True), column("kind", isReadonly=True), column("length")],
    rows=[{"side": "North", "kind": "Road"}, {"side": "South", "kind": "Field"}],
)  # fmt: skip
ADDED = field(
    "table", "dynamic_table",
    tableConfig={"tableType": "row_dynamic", "fixedColumns": [column("key"), column("id"), column("area")]},
)  # fmt: skip
MOVING = field(
    "table", "dynamic_table",
    tableConfig={
        "tableType": "column_dynamic", "fixedColumns": [column("part", isReadonly=True)],
        "rows": [{"part": "Walls"}, {"part": "Roof"}],
        "dynamicColumns": {"defaultColumns": [column("floor_1")], "addColumnConfig": {"maxColumns": 12}},
    },
)  # fmt: skip


@pytest.mark.parametrize(
    "rows",
    [
        [{"length": "10"}, {"length": "20"}, {"length": "30"}],
        [{"no": "1.", "length": "10"}, {"no": "2.", "length": "20"}, {"no": "3.", "length": "30"}],
        [{"no": 2, "length": "20"}, {"no": 3, "length": "30"}, {"no": 1, "length": "10"}],
        {"1": {"length": "10"}, "2": {"length": "20"}, "3": {"length": "30"}},
        {"0": {"length": "10"}, "1": {"length": "20"}, "2": {"length": "30"}},
    ],
)
def test_rows_without_names_stay_in_their_places(rows: Any) -> None:
    found = answered(NUMBERED, rows)
    assert [cells["length"] for _, cells in sorted(answer_of(found).items())] == ["10", "20", "30"]
    assert found.set_aside == {}


def test_the_tenth_row_comes_after_the_ninth_whatever_the_order_of_their_names() -> None:
    rows = {str(number): {"area": f"row {number}"} for number in sorted(range(12), key=str)}
    found = answered(ADDED, rows)
    assert [row["area"] for row in answer_of(found)] == [f"row {number}" for number in range(12)]


def test_a_row_that_stands_twice_is_said_to() -> None:
    found = answered(SIDES, [{"side": "North", "length": "1"}, {"side": "North", "length": "2"}])
    (aside,) = found.set_aside.values()
    assert aside["reason"] == "The row stands there a second time."


def test_columns_whose_ids_also_name_rows_are_answers() -> None:
    found = answered(ADDED, [{"key": "Ground", "id": "A-1", "area": "10", "_id": "65a0"}])
    assert answer_of(found) == [{"key": "Ground", "id": "A-1", "area": "10"}]


def test_what_the_format_says_is_no_answer() -> None:
    found = answered(SIDES, [{"side": "North", "kind": " road ", "length": "1"}])
    assert (answer_of(found), found.set_aside) == ({"north": {"length": "1"}}, {})


def test_what_somebody_wrote_over_the_format_is_set_aside() -> None:
    found = answered(SIDES, [{"side": "North", "kind": "River", "length": "1"}])
    (aside,) = found.set_aside.values()
    assert (aside["answer"], aside["reason"]) == ("River", "The format itself says “Road” here.")


def test_columns_that_were_added_stand_by_their_numbers() -> None:
    names = [f"floor_{number}" for number in range(1, 11)]
    row = {name: name for name in sorted(names)}
    found = answered(MOVING, [{"part": "Walls", **row}])
    assert answer_of(found)["columns"][1:] == [f"Floor {number}" for number in range(2, 11)]
    assert answer_of(found)["cells"]["walls"] == names


def test_a_name_of_a_row_that_is_another_one_is_set_aside() -> None:
    found = answered(MOVING, [{"rowId": "walls", "part": "Wall of mud", "floor_1": "x"}])
    assert [one["answer"] for one in found.set_aside.values()] == ["Wall of mud"]
