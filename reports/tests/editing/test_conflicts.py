"""Two people in one section: nothing typed is lost, and what only one changed needs no choosing."""

from __future__ import annotations

from typing import Any

from reports.editing.conflicts import Reconciled, reconcile
from reports.forms.section import SectionForm, base_of
from reports.tests.forms.formats import context, data


def base(**stored: Any) -> str:
    """The mark of a page that was made when ``stored`` was stored."""
    form = SectionForm(context(**stored))
    names = {control.name for control in form.layout.controls()}
    return base_of(form.layout, names | {"floors", "parts", "sides"})


def meet(before: dict[str, Any], theirs: dict[str, Any], **typed: Any) -> Reconciled:
    return reconcile(context(**theirs), data(base=base(**before), **typed), by="Asha Assistant", at=None)


def test_an_answer_that_both_changed_shows_both() -> None:
    both = meet({"note": "Old"}, {"note": "Theirs"}, note="Mine")

    assert both.conflicts["note"].theirs_text == "Theirs"
    assert both.form.typed("note").text == "Mine"


def test_an_answer_that_only_they_changed_is_taken() -> None:
    both = meet({"note": "Old"}, {"note": "Theirs"}, note="Old")

    assert (both.taken, both.conflicts) == (frozenset({"note"}), {})


def test_an_answer_that_only_i_changed_stays_mine() -> None:
    both = meet({"note": "Old"}, {"note": "Old"}, note="Mine")

    assert (both.taken, both.conflicts) == (frozenset(), {})
    assert both.form.values["note"] == "Mine"


def test_the_same_change_by_both_is_no_conflict() -> None:
    assert meet({"note": "Old"}, {"note": "Same"}, note="Same").conflicts == {}


def test_what_cannot_be_read_is_kept_beside_theirs() -> None:
    both = meet({"count": "1"}, {"count": "2"}, count="many")

    assert both.conflicts["count"].theirs_text == "2"
    assert both.form.typed("count").text == "many"


def test_without_the_pages_mark_everything_that_differs_is_a_conflict() -> None:
    both = reconcile(context(note="Theirs"), data(note="Old"), by="Asha", at=None)

    assert list(both.conflicts) == ["note"]


def test_theirs_is_said_as_it_is_printed_and_as_it_is_typed() -> None:
    both = meet({"seen": "2026-11-01"}, {"seen": "2026-11-20"}, seen="2026-11-10")

    conflict = both.conflicts["seen"]
    assert (conflict.theirs_text, conflict.theirs_value) == ("20 Nov 2026", "2026-11-20")


def test_choices_of_theirs_are_joined_for_the_browser() -> None:
    both = meet({"papers": ["deed"]}, {"papers": ["deed", "plan"]}, papers=["plan"])

    assert both.conflicts["papers"].theirs_value == "deed|plan"


# Rows -------------------------------------------------------------------------------------------------------


def floors(both: Reconciled) -> list[str]:
    """The floors as the page shows them, theirs and mine."""
    layout = both.form.layout.tables["floors"]
    shown = []
    for record in layout.records:
        control = layout.controls[record.key, "floor"]
        taken = control.name in both.taken
        shown.append(str(control.stored if taken else both.form.typed(control.name).text))
    return shown


def test_rows_that_both_added_are_all_kept() -> None:
    ground = {"floor": "Ground"}
    both = meet(
        {"floors": [ground]},
        {"floors": [ground, {"floor": "Theirs"}]},
        floors__0__floor="Ground",
        floors__1__floor="Mine",
    )

    assert (floors(both), both.conflicts) == (["Ground", "Theirs", "Mine"], {})


def test_a_row_that_they_removed_goes_when_i_did_not_touch_it() -> None:
    both = meet(
        {"floors": [{"floor": "Ground"}, {"floor": "First"}]},
        {"floors": [{"floor": "Ground"}]},
        floors__0__floor="Ground",
        floors__1__floor="First",
    )

    assert "floors__1__floor" in both.taken


def test_a_row_that_they_removed_and_i_changed_shows_both() -> None:
    both = meet(
        {"floors": [{"floor": "Ground"}, {"floor": "First"}]},
        {"floors": [{"floor": "Ground"}]},
        floors__0__floor="Ground",
        floors__1__floor="Attic",
    )

    assert both.conflicts["floors__1__floor"].theirs_text == ""


def test_a_row_that_i_removed_stays_away_when_they_did_not_touch_it() -> None:
    rows = [{"floor": "Ground"}, {"floor": "First"}]
    both = meet({"floors": rows}, {"floors": rows, "note": "abc"}, floors__0__floor="Ground")

    assert floors(both) == ["Ground"]


def test_a_row_that_i_removed_and_they_changed_comes_back() -> None:
    both = meet(
        {"floors": [{"floor": "Ground"}, {"floor": "First"}]},
        {"floors": [{"floor": "Ground"}, {"floor": "First, rear"}]},
        floors__0__floor="Ground",
    )

    assert floors(both) == ["Ground", "First, rear"]


def test_columns_that_both_added_are_all_kept() -> None:
    one = {"columns": ["Ground floor"], "cells": {"wall": ["Brick"]}}
    two = {"columns": ["Ground floor", "Theirs"], "cells": {"wall": ["Brick", "Stone"]}}
    both = meet(
        {"parts": one},
        {"parts": two},
        parts__columns__0="Ground floor",
        parts__wall__0="Brick",
        parts__columns__1="Mine",
        parts__wall__1="Mud",
    )

    records = both.form.layout.tables["parts"].records
    names = [both.form.column_names.get(f"parts__columns__{record.key}") for record in records]
    assert names == ["Ground floor", "Theirs", "Mine"]


def test_a_file_that_came_with_a_stale_form_is_not_lost() -> None:
    both = reconcile(
        context(note="Theirs"),
        data(base=base(note="Old"), note="Mine"),
        by="Asha",
        at=None,
        attached={"deed_copy": "a" * 24},
    )

    assert both.form.data["deed_copy__kept"] == "a" * 24
