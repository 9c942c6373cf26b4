"""What the editor draws of a section."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from banks.formats.definition import Condition, Field
from reports.calculation.engine import calculate
from reports.comments import Comment
from reports.editing.presenting import Look, Presenter
from reports.editing.questions import Conflict, Group, Item, Question, Table
from reports.forms.section import SectionForm
from reports.tests.forms.formats import context, data, field, form_of, group, rows

K = TypeVar("K", bound=Item)


def draw(*fields: Field, stored: Mapping[str, Any] | None = None, **look: Any) -> dict[str, Item]:
    form = SectionForm(context(*fields, **dict(stored or {})))
    calculation = calculate(form.context.definition, form.context.answers)
    return named(Presenter(form, Look(calculation, **look)).items())


def redraw(form: SectionForm, **look: Any) -> dict[str, Item]:
    return named(Presenter(form, Look(form.calculation, **look)).items())


def named(items: list[Item]) -> dict[str, Item]:
    return {item.id.removeprefix("q-"): item for item in items}


def question(items: dict[str, Item], name: str) -> Question:
    return cast(Question, items[name])


def table(items: dict[str, Item], name: str) -> Table:
    return cast(Table, items[name])


def test_figures_are_shown_grouped() -> None:
    assert question(draw(stored={"rate": "1472625.5"}), "rate").value == "14,72,625.5"


def test_a_year_is_not_grouped() -> None:
    item = field("construction_year", "number")

    assert question(draw(item, stored={"construction_year": "2006"}), "construction_year").value == "2006"


def test_money_has_the_sign_of_its_currency() -> None:
    assert question(draw(), "rate").prefix == "₹"


def test_after_an_error_the_typed_text_is_shown_with_the_reason() -> None:
    drawn = question(redraw(form_of(stored={"count": "5"}, count="many")), "count")

    assert drawn.value == "many"
    assert "not a number" in drawn.error


def test_the_chosen_option_is_marked() -> None:
    drawn = question(draw(stored={"use": "shop"}), "use")

    assert [value for value, _, selected in drawn.choices if selected] == ["shop"]


def test_a_choice_that_is_no_longer_offered_stays_chosen() -> None:
    drawn = question(draw(stored={"branch": "OLD"}), "branch")

    assert ("OLD", "OLD", True) in drawn.choices


def test_a_measure_offers_its_units() -> None:
    drawn = question(draw(stored={"extent": {"value": "240", "unit": "sq_yd"}}), "extent")

    assert drawn.value == "240"
    assert ("sq_yd", "sq yd", True) in drawn.unit_choices


def test_a_date_box_knows_that_today_is_the_last_day() -> None:
    assert question(draw(), "seen").max == "2026-11-23"


def test_not_applicable_is_shown_as_chosen() -> None:
    assert question(draw(stored={"rate": {"not_applicable": True}}), "rate").is_not_applicable


def test_a_hidden_question_is_drawn_hidden_where_the_browser_can_show_it() -> None:
    drawn = question(draw(stored={"built": "no"}), "storeys")

    assert drawn.hidden
    assert (drawn.condition_field, drawn.condition_operator, drawn.condition_value) == ("built", "==", "yes")


def test_a_question_that_another_section_hides_is_not_drawn() -> None:
    elsewhere = field("depth", "decimal", condition=Condition("sea.floor.wet", "==", "yes"))
    form = SectionForm(context(field("note", "text"), field("depth", "decimal")))
    calculation = calculate(form.context.definition, {})
    hidden = calculation.__class__({}, {}, frozenset(), {}, frozenset({elsewhere.path}))

    assert list(named(Presenter(form, Look(hidden)).items())) == ["note"]


def test_a_list_of_values_decides_with_bars_between() -> None:
    either = field("extra", "text", condition=Condition("use", "in", ("home", "shop")))
    drawn = draw(field("use", "text"), either)

    assert question(drawn, "extra").condition_value == "home|shop"


# Computed ------------------------------------------------------------------------------------------------


def test_a_computed_figure_says_how_it_came_about() -> None:
    drawn = question(draw(stored={"rate": "4600"}), "value")

    assert (drawn.computed_text, drawn.computed_how) == ("9,200", "₹4,600 × 2")


def test_a_figure_typed_over_is_marked_and_keeps_the_computed_one() -> None:
    drawn = question(draw(stored={"rate": "10", "value": "25"}), "value")

    assert (drawn.is_overridden, drawn.value, drawn.computed_text) == (True, "25", "20")


def test_a_figure_that_cannot_be_computed_says_why() -> None:
    drawn = question(
        draw(field("d", "calculated", formula="1 / n"), field("n", "decimal"), stored={"n": "0"}), "d"
    )

    assert drawn.computed_text == ""
    assert drawn.computed_how


# Read only -----------------------------------------------------------------------------------------------


def test_nothing_can_be_typed_into_a_frozen_report() -> None:
    items = draw(stored={"note": "Corner", "floors": [{"floor": "Ground"}]}, editable=False)

    assert question(items, "note").read_only
    assert table(items, "floors").rows[0].cells[0].read_only


def test_a_frozen_report_shows_answers_as_they_are_printed() -> None:
    items = draw(
        stored={"seen": "2026-11-20", "rate": "4600", "extent": {"value": "240", "unit": "sq_yd"}},
        editable=False,
    )

    shown = [question(items, name).shown for name in ("seen", "rate", "extent")]
    assert shown == ["20 Nov 2026", "₹4,600", "240 sq yd"]


def test_a_read_only_field_is_no_control() -> None:
    form = SectionForm(context(number="AV/0001"))
    presenter = Presenter(form, Look(calculate(form.context.definition, form.context.answers)))
    presenter.items()

    assert "number" not in presenter.names


# Groups, tables --------------------------------------------------------------------------------------------


def test_a_group_that_may_not_apply_begins_with_that_choice() -> None:
    owner = cast(Group, draw(stored={"owner": {"not_applicable": True}})["owner"])

    assert (owner.fields[0].name, owner.fields[0].value) == ("owner__na", True)


def test_a_row_has_a_cell_a_column_and_a_button_to_remove_it() -> None:
    drawn = table(draw(stored={"floors": [{"floor": "Ground", "area": "900"}]}), "floors")

    (row,) = drawn.rows
    assert [cell.name for cell in row.cells] == ["floors__0__floor", "floors__0__area", "floors__0__cost"]
    assert row.remove_value == "floors:0"


def test_the_foot_shows_totals_under_their_columns() -> None:
    stored = {"floors": [{"area": "900"}, {"area": "600"}]}
    drawn = table(draw(stored=stored), "floors")

    assert [cell.text for cell in drawn.foot] == ["Total", "", "1,500", "15,000"]


def test_a_blank_row_stands_ready_for_the_browser() -> None:
    drawn = table(draw(stored={"floors": [{"floor": "Ground"}]}), "floors")

    assert drawn.blank is not None
    assert drawn.blank.cells[0].name == "floors____row____floor"
    assert drawn.next_row == 1


def test_a_full_table_takes_no_more_rows() -> None:
    drawn = table(draw(stored={"floors": [{"floor": "x"}] * 3}), "floors")

    assert not drawn.can_add


def test_heads_of_columns_say_the_unit() -> None:
    drawn = table(draw(), "floors")

    assert [(column.label, column.unit) for column in drawn.columns][1:] == [("Area", "sq ft"), ("Cost", "₹")]


def test_a_given_cell_is_read_only() -> None:
    south = table(draw(), "sides").rows[1]

    assert (south.cells[0].read_only, south.cells[0].shown) == (True, "As surveyed")


def test_added_columns_can_be_named_and_removed() -> None:
    drawn = table(draw(stored={"parts": {"columns": ["Ground floor", "Terrace"], "cells": {}}}), "parts")

    assert [(c.name, c.label, c.remove_value) for c in drawn.columns] == [
        ("parts__columns__0", "Ground floor", "parts:0"),
        ("parts__columns__1", "Terrace", "parts:1"),
    ]


def test_figures_of_a_row_with_a_high_number_are_found() -> None:
    form = SectionForm(context(), data(floors__7__area="30"))
    form.is_valid()

    cell = table(redraw(form), "floors").rows[0].cells[2]
    assert (cell.id, cell.computed_text) == ("q-floors__7__cost", "300")


# Comments and conflicts ------------------------------------------------------------------------------------


def test_a_comment_stands_at_its_question() -> None:
    comment = Comment("1", "land.size.note", "Why?", "Meera", "m", datetime(2026, 11, 23, tzinfo=UTC), False)

    assert question(draw(comments={"land.size.note": [comment]}), "note").comments == [comment]


def test_a_conflict_stands_at_its_question() -> None:
    conflict = Conflict("Theirs", "Theirs", "Asha", None)

    assert question(draw(conflicts={"note": conflict}), "note").conflict is conflict


def test_a_taken_answer_shows_what_is_stored() -> None:
    form = form_of(stored={"note": "Theirs"}, note="Old", note__choose="theirs")

    assert question(redraw(form), "note").value == "Theirs"


def test_a_small_format_draws_nothing_but_its_fields() -> None:
    assert list(draw(field("note", "text"), rows("floors"), group("g", ("a", "text")))) == [
        "note",
        "floors",
        "g",
    ]
