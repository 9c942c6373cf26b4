"""A report as its reviewer reads it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from banks.formats.definition import (
    DocumentLayout,
    Field,
    FieldType,
    FormatDefinition,
    FormatKey,
    Section,
    Tab,
    Table,
    TableKind,
)
from reports.comments import Comment
from reports.documents.values import Formatter
from reports.reviewing import ChangedAnswer, changes_since_return, comments_of, read_parts

RATE = Field("rate", FieldType.CURRENCY, "Adopted rate", "a.land.rate")
FLOORS = Field(
    "floors",
    FieldType.DYNAMIC_TABLE,
    "Floors",
    "a.land.floors",
    table=Table(
        TableKind.ROW_DYNAMIC, columns=(Field("area", FieldType.DECIMAL, "Area", "a.land.floors.area"),)
    ),
)
DEFINITION = FormatDefinition(
    FormatKey("SBI", "general", "land", 1),
    "Land",
    (Tab("a", "Valuation of land", (Section("land", "a", "Market rate", (RATE, FLOORS)),), "A"),),
    DocumentLayout("Land"),
    {"x": Decimal(1)},
)
FORMATTER = Formatter(DEFINITION, {})


def row(path: str, value: str = "", **more: Any) -> dict[str, Any]:
    return {
        "path": path,
        "number": "1",
        "label": path,
        "value": value,
        "kind": "text",
        "note": "",
        "rows": [],
        **more,
    }


SAID: dict[str, Any] = {
    "parts": [
        {
            "numeral": "A",
            "label": "Valuation of land",
            "sections": [
                {
                    "number": "",
                    "label": "Market rate",
                    "blocks": [
                        {
                            "kind": "rows",
                            "rows": [
                                row("a.land.rate", "₹4,600"),
                                row("a.land.owner", kind="group", rows=[row("a.land.owner.name", "Name")]),
                            ],
                        },
                        {
                            "kind": "table",
                            "path": "a.land.floors",
                            "number": "2",
                            "label": "Floors",
                            "head": [],
                            "rows": [],
                        },
                    ],
                }
            ],
        }
    ]
}


def comment(path: str) -> Comment:
    return Comment("1", path, "Why?", "Meera", "2", datetime(2026, 11, 23, tzinfo=UTC), False)


def rows_with(
    comments: list[Comment] | None = None, changes: list[ChangedAnswer] | None = None
) -> dict[str, Any]:
    section = read_parts(SAID, comments or [], changes or [])[0].sections[0]
    return {item.path: item for item in section.rows}


def test_it_shows_answers_groups_and_tables_in_order() -> None:
    assert list(rows_with()) == ["a.land.rate", "a.land.owner", "a.land.owner.name", "a.land.floors"]


def test_it_marks_the_answers_inside_a_group() -> None:
    rows = rows_with()
    assert (rows["a.land.owner"].inner, rows["a.land.owner.name"].inner) == (False, True)


def test_it_knows_the_path_of_a_section() -> None:
    assert read_parts(SAID, [], [])[0].sections[0].path == "a.land"


def test_a_comment_stands_at_its_answer() -> None:
    assert len(rows_with([comment("a.land.rate")])["a.land.rate"].comments) == 1


def test_a_comment_on_a_cell_stands_at_its_table() -> None:
    assert len(rows_with([comment("a.land.floors.0.area")])["a.land.floors"].comments) == 1


def test_a_comment_on_a_section_stands_at_its_head() -> None:
    assert len(read_parts(SAID, [comment("a.land")], [])[0].sections[0].comments) == 1


def test_a_changed_answer_shows_what_it_was() -> None:
    change = ChangedAnswer("a.land.rate", "Adopted rate", "₹4,500", "₹4,600", "Vikram")
    assert rows_with(changes=[change])["a.land.rate"].before == "₹4,500"


def saved(*changes: tuple[str, Any, Any]) -> dict[str, Any]:
    listed = [
        {"path": path, "label": "", "before": before, "after": after} for path, before, after in changes
    ]
    return {"action": "section_saved", "actor_name": "Vikram", "details": {"changes": listed}}


RETURNED: dict[str, Any] = {"action": "report_returned", "actor_name": "Meera", "details": {}}


def changes(*entries: dict[str, Any]) -> list[ChangedAnswer] | None:
    return changes_since_return(entries, DEFINITION, FORMATTER)


def test_a_report_that_was_never_returned_has_no_list_of_changes() -> None:
    assert changes(saved(("a.land.rate", None, "4600"))) is None


def test_it_lists_what_was_changed_after_the_return_only() -> None:
    found = changes(
        saved(("a.land.rate", "4500", "4600")), RETURNED, saved(("a.land.floors.0.area", "1", "2"))
    )
    assert [item.path for item in found or []] == ["a.land.rate"]


def test_it_writes_a_change_as_the_document_would() -> None:
    found = changes(saved(("a.land.rate", "4500", "4600")), RETURNED) or []
    assert (found[0].label, found[0].before, found[0].after) == ("Adopted rate", "₹4,500", "₹4,600")


def test_it_writes_a_changed_cell_as_its_column() -> None:
    found = changes(saved(("a.land.floors.0.area", "1275", "123456")), RETURNED) or []
    assert (found[0].before, found[0].after) == ("1,275", "1,23,456")


def test_several_changes_of_one_answer_show_the_first_and_the_last_state() -> None:
    found = changes(saved(("a.land.rate", "2", "3")), saved(("a.land.rate", "1", "2")), RETURNED) or []
    assert [(item.before, item.after) for item in found] == [("₹1", "₹3")]


def test_an_answer_that_came_back_to_what_it_was_is_no_change() -> None:
    assert changes(saved(("a.land.rate", "2", "1")), saved(("a.land.rate", "1", "2")), RETURNED) == []


def test_a_comment_in_the_list_names_its_question() -> None:
    stored = {
        "id": "1",
        "path": "a.land.floors.0.area",
        "text": "Why?",
        "by": "2",
        "by_name": "Meera",
        "at": "2026-11-23T10:00:00+00:00",
        "resolved": False,
    }
    assert comments_of([stored], DEFINITION)[0].field_label == "Floors"
