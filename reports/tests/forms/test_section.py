"""The form of a section: values for saving, what is refused, what stays untouched."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.datastructures import MultiValueDict

from banks.formats.definition import Condition, FieldType
from reports.answers import Change, changes_between, merged
from reports.calculation.engine import calculate
from reports.editing.presenting import Look, Presenter
from reports.forms.layout import TableChange
from reports.forms.section import SectionContext, SectionForm, base_of, digest, table_change
from reports.tests.editing.browsing import sent_of
from reports.tests.forms.formats import (
    TODAY,
    context,
    data,
    errors_of,
    every_kind,
    field,
    form_of,
    group,
)
from reports.tests.making import SHIPPED, sample_answers, shipped_format


def test_it_gives_the_typed_answers_for_saving() -> None:
    form = form_of(note="Corner plot", rate="4,200", built="no")

    assert form.values["note"] == "Corner plot"
    assert form.values["rate"] == "4200"


def test_what_was_not_on_the_page_is_left_out() -> None:
    form = form_of(note="Corner plot")

    assert "rate" not in form.values


def test_an_emptied_answer_is_none() -> None:
    form = form_of(stored={"note": "Corner plot"}, note="")

    assert form.values["note"] is None


def test_a_read_only_answer_never_comes_from_the_form() -> None:
    form = form_of(number="FORGED/1")

    assert "number" not in form.values


def test_a_computed_answer_that_may_not_be_typed_over_never_comes_from_the_form() -> None:
    form = form_of(field("sum", "calculated", formula="1 + 1"), field("note", "text"), sum="9", note="abc")

    assert "sum" not in form.values


def test_a_figure_may_be_typed_over_a_computed_one() -> None:
    form = form_of(rate="10", value="25")

    assert form.values["value"] == "25"
    assert str(form.calculation.values["land.size.value"]) == "25"


def test_an_error_names_the_control_and_the_rule() -> None:
    form = form_of(count="500")

    assert errors_of(form) == {"count": "At most 200."}


def test_what_was_typed_stays_readable_after_an_error() -> None:
    form = form_of(count="many", note="Corner plot")

    assert (form.typed("count").text, form.typed("note").text) == ("many", "Corner plot")


def test_a_draft_may_have_gaps() -> None:
    form = form_of(field("owner_name", "text", required=True), owner_name="")

    assert form.is_valid()


# Dates --------------------------------------------------------------------------------------------------


def test_a_date_after_today_is_refused_with_the_day() -> None:
    form = form_of(seen="2026-11-24")

    assert errors_of(form)["seen"] == "The visit cannot lie ahead. At most today, 23-11-2026."


def test_a_date_is_compared_with_another_one_on_the_form() -> None:
    form = form_of(seen="2026-11-20", sold="2026-11-19")

    assert errors_of(form) == {"sold": "At least 20-11-2026."}


def test_a_date_is_compared_with_a_stored_one() -> None:
    form = form_of(stored={"seen": "2026-11-20"}, sold="2026-11-19")

    assert "sold" in form.errors


def test_a_limit_that_nobody_answered_is_no_limit() -> None:
    assert form_of(sold="1999-01-01").is_valid()


# Conditions ---------------------------------------------------------------------------------------------


def test_a_hidden_answer_stays_as_it_is_stored() -> None:
    form = form_of(stored={"storeys": "2"}, built="no", storeys="7")

    assert "storeys" not in form.values


def test_a_hidden_answer_comes_in_once_it_is_shown() -> None:
    form = form_of(built="yes", storeys="7")

    assert form.values["storeys"] == "7"


def test_what_is_wrong_in_a_hidden_question_is_no_matter() -> None:
    assert form_of(built="no", storeys="lots").is_valid()


def test_a_hidden_member_of_a_group_stays_as_it_is_stored() -> None:
    member = group("lease", ("kind", "text"), ("years", "number"))
    hidden = replace(member.fields[1], condition=Condition("land.size.built", "==", "yes"))
    lease = field("lease", "group", fields=(member.fields[0], hidden))
    form = form_of(field("built", "text"), lease, built="no", lease__kind="long", lease__years="9")

    assert form.values["lease"] == {"kind": "long"}


# Choices, boxes, groups, units --------------------------------------------------------------------------


def test_an_unticked_box_on_the_page_is_a_no() -> None:
    form = form_of(base='{"mapped":"x"}')

    assert form.values["mapped"] is False


def test_unticking_every_choice_empties_the_answer() -> None:
    form = form_of(stored={"papers": ["deed"]}, base='{"papers":"x"}')

    assert form.values["papers"] is None


def test_the_same_choices_in_another_order_are_no_change() -> None:
    form = form_of(stored={"papers": ["plan", "deed"]}, papers=["deed", "plan"])

    assert form.values["papers"] == ["plan", "deed"]


def test_a_choice_of_the_system_is_checked() -> None:
    assert errors_of(form_of(branch="B9"))["branch"].startswith("This is not one of the choices")


def test_a_groups_answers_come_together() -> None:
    form = form_of(owner__name="Applicant One", owner__born="1970")

    assert form.values["owner"] == {"name": "Applicant One", "born": "1970"}


def test_a_group_may_not_apply() -> None:
    form = form_of(owner__na="true", owner__name="")

    assert form.values["owner"] == {"not_applicable": True}


def test_a_measure_has_its_unit_beside_it() -> None:
    form = form_of(extent="240", extent__unit="sq_yd")

    assert form.values["extent"] == {"value": "240", "unit": "sq_yd"}


# Tables -------------------------------------------------------------------------------------------------


def test_rows_come_in_order_with_gaps_closed() -> None:
    form = form_of(floors__0__floor="Ground", floors__0__area="900", floors__4__floor="Attic")

    assert form.values["floors"] == [{"floor": "Ground", "area": "900"}, {"floor": "Attic"}]


def test_an_empty_row_is_no_row() -> None:
    form = form_of(floors__0__floor="", floors__0__area="", floors__1__floor="First")

    assert form.values["floors"] == [{"floor": "First"}]


def test_a_table_that_was_emptied_has_no_answer() -> None:
    form = form_of(stored={"floors": [{"floor": "Ground"}]}, base='{"floors":""}')

    assert form.values["floors"] is None


def test_a_table_that_was_not_on_the_page_is_left_alone() -> None:
    form = form_of(stored={"floors": [{"floor": "Ground"}]}, note="Corner plot")

    assert "floors" not in form.values


def test_too_many_rows_are_refused() -> None:
    four: dict[str, Any] = {f"floors__{number}__floor": f"Floor {number}" for number in range(4)}
    form = form_of(**four)

    assert form.table_errors == {"floors": "At most 3 are allowed; these are 4."}


def test_a_wrong_cell_is_named_by_its_row() -> None:
    form = form_of(floors__1__area="wide")

    assert list(form.errors) == ["floors__1__area"]


def test_figures_of_a_row_follow_its_place_on_the_page() -> None:
    form = form_of(floors__0__floor="", floors__5__area="30")

    assert str(form.calculation.values["land.size.floors.1.cost"]) == "300"


def test_a_given_cell_of_a_fixed_table_never_comes_from_the_form() -> None:
    form = form_of(sides__north__deed="Road", sides__south__deed="Forged")

    assert form.values["sides"] == {"north": {"deed": "Road"}}


def test_a_cell_that_the_page_did_not_show_is_kept() -> None:
    stored = {"sides": {"north": {"deed": "Road", "seen": True}}}
    form = form_of(stored=stored, base='{"sides":"","sides__north__deed":"x"}', sides__north__deed="Lane")

    assert form.values["sides"] == {"north": {"deed": "Lane", "seen": True}}


def test_added_columns_have_names_and_cells() -> None:
    form = form_of(
        parts__columns__0="Ground floor",
        parts__columns__2="Terrace",
        parts__wall__0="Brick",
        parts__height__2="9",
    )

    assert form.values["parts"] == {
        "columns": ["Ground floor", "Terrace"],
        "cells": {"wall": ["Brick", None], "height": [None, "9"]},
    }


def test_columns_as_the_format_begins_them_are_no_answer() -> None:
    form = form_of(parts__columns__0="Ground floor", parts__wall__0="")

    assert form.values["parts"] is None


@pytest.mark.parametrize(
    ("pressed", "change"),
    [
        ({"add_row": "floors"}, TableChange("add_row", "floors")),
        ({"remove_row": "floors:2"}, TableChange("remove_row", "floors", 2)),
        ({"add_column": "parts"}, TableChange("add_column", "parts")),
        ({"remove_column": "parts:x"}, TableChange("remove_column", "parts", None)),
        ({"note": "floors"}, None),
    ],
)
def test_it_knows_which_button_of_a_table_was_pressed(pressed: dict[str, str], change: Any) -> None:
    assert table_change(pressed) == change


def test_a_row_is_added_after_those_on_the_page() -> None:
    form = SectionForm(context(), data(floors__3__floor="Attic"), change=TableChange("add_row", "floors"))

    assert [record.key for record in form.layout.tables["floors"].records] == ["3", "4"]


def test_a_row_is_removed_and_the_others_keep_what_was_typed() -> None:
    sent = data(floors__0__floor="Ground", floors__1__floor="First")
    form = SectionForm(context(), sent, change=TableChange("remove_row", "floors", 0))
    form.is_valid()

    assert form.values["floors"] == [{"floor": "First"}]


def test_no_row_is_added_beyond_the_most() -> None:
    sent = data(**{f"floors__{number}__floor": "x" for number in range(3)})
    form = SectionForm(context(), sent, change=TableChange("add_row", "floors"))

    assert len(form.layout.tables["floors"].records) == 3


def test_a_column_is_added_with_the_next_name() -> None:
    form = SectionForm(
        context(), data(parts__columns__0="Ground floor"), change=TableChange("add_column", "parts")
    )

    assert [record.label for record in form.layout.tables["parts"].records] == ["Ground floor", "Floor 2"]


def test_an_empty_table_begins_with_one_row_to_fill() -> None:
    form = SectionForm(context())

    assert len(form.layout.tables["floors"].records) == 1


@pytest.mark.parametrize("name", ["floors__99999__area", "floors__-1__area", "floors__x__area"])
def test_a_row_number_that_no_browser_sends_is_not_read(name: str) -> None:
    sent: dict[str, Any] = {name: "5"}
    form = form_of(**sent)

    assert form.layout.tables["floors"].records == ()


# Files --------------------------------------------------------------------------------------------------


def test_a_file_that_came_is_offered_for_storing() -> None:
    upload = SimpleUploadedFile("deed.pdf", b"%PDF-1.4")
    form = SectionForm(context(), data(note="abc"), MultiValueDict({"deed_copy": [upload]}))
    form.is_valid()

    assert [(control.name, file.name) for control, file in form.uploads()] == [("deed_copy", "deed.pdf")]


def test_a_stored_file_becomes_the_answer() -> None:
    upload = SimpleUploadedFile("deed.pdf", b"%PDF-1.4")
    form = SectionForm(context(), data(note="abc"), MultiValueDict({"deed_copy": [upload]}))
    form.is_valid()
    ((control, _),) = list(form.uploads())
    form.attached(control, "a" * 24)

    assert form.values["deed_copy"] == "a" * 24


def test_an_attached_file_stays_when_no_other_comes() -> None:
    form = form_of(stored={"deed_copy": "a" * 24}, base='{"deed_copy":"x"}')

    assert form.values["deed_copy"] == "a" * 24


def test_an_attached_file_can_be_removed() -> None:
    form = form_of(stored={"deed_copy": "a" * 24}, base='{"deed_copy":"x"}', deed_copy__remove="true")

    assert form.values["deed_copy"] is None


# The page's own mark -------------------------------------------------------------------------------------


def test_the_base_marks_what_each_control_of_the_page_held() -> None:
    form = SectionForm(context(note="Corner plot"))

    assert base_of(form.layout, {"note", "rate"}) == f'{{"note":"{digest("Corner plot")}","rate":""}}'


def test_a_broken_base_is_taken_as_none() -> None:
    assert form_of(base="{", note="abc").base is None


def test_choosing_theirs_takes_the_stored_answer() -> None:
    form = form_of(stored={"note": "Theirs"}, note="Mine", note__choose="theirs")

    assert form.values["note"] == "Theirs"


# The shipped formats --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHIPPED)
def test_every_answer_of_a_shipped_sample_passes_its_form_unchanged(name: str) -> None:
    definition, answers = shipped_format(name), sample_answers(name)
    changed: list[Change] = []
    for section in definition.sections():
        details = answers["common"]["details"]
        choices = {"banks": [(details["bank"], "Bank")], "bank_branches": [(details["branch"], "Branch")]}
        base = SectionContext(definition, section, answers, TODAY, choices)
        form = SectionForm(base, typed_from(SectionForm(base)))
        assert form.is_valid(), (section.path, form.errors)
        after = merged(section, base.stored, form.values)
        # A box that was never ticked becomes a plain "no"; nothing else may differ.
        differ = changes_between(section, base.stored, after)
        changed += [one for one in differ if (one.before, one.after) != (None, False)]
    assert changed == []


def typed_from(form: SectionForm) -> Any:
    """What a browser would send of a page on which nothing was touched."""
    presenter = Presenter(form, Look(calculate(form.context.definition, form.context.answers)))
    return sent_of(presenter.items(), base_of(form.layout, presenter.names))


def test_the_test_format_has_every_kind_of_field() -> None:
    assert {item.type for item in every_kind()} >= set(FieldType) - {FieldType.CALCULATED}
