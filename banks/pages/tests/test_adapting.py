"""A question of a format as the firm changes it: whose each value is, and what is stored of what is typed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banks.formats.definition import Field, FieldType, FormatDefinition, Table, TableKind
from banks.formats.origins import Origin
from banks.formats.overriding import adapted, combined
from banks.formats.reading import from_content
from banks.pages import adapting
from banks.pages.adapting import Asked, Layers, Scope

CONTENT: dict[str, Any] = {
    "format": {"bank_code": "SBI", "scheme": "general", "property_type": "flat", "version": 1},
    "title": "A flat",
    "parameters": {"realizable_percent": "90", "say_mode": "nearest"},
    "document": {"title": "Report"},
    "tabs": [
        {
            "id": "general",
            "label": "General",
            "sections": [
                {
                    "id": "extent",
                    "label": "Extent",
                    "fields": [
                        {"id": "area", "type": "number", "label": "Area", "validation": {"maximum": "900"}},
                        {"id": "remarks", "type": "textarea", "label": "Remarks", "help": "Say all."},
                        {
                            "id": "owner",
                            "type": "group",
                            "label": "Owner",
                            "fields": [{"id": "phone", "type": "tel", "label": "Phone"}],
                        },
                        {
                            "id": "floors",
                            "type": "dynamic_table",
                            "label": "Floors",
                            "table": {
                                "kind": "row_dynamic",
                                "columns": [{"id": "height", "type": "decimal", "label": "Height"}],
                            },
                        },
                    ],
                }
            ],
        }
    ],
}
AREA = "general.extent.area"
REMARKS = "general.extent.remarks"
ALL, ONE = Scope(), Scope("FORT")
_LABELS = st.text("abc ", min_size=1, max_size=6).filter(str.strip)
_TYPED = st.fixed_dictionaries(
    {
        "label": _LABELS,
        "help": st.sampled_from(["", "Measure it."]),
        "required": st.booleans(),
        "hidden": st.booleans(),
        "minimum": st.none() | st.decimals(0, 9, places=1),
        "maximum": st.none() | st.decimals(10, 99, places=1),
    }
)


def gate(section: str = "general.extent", after: str | None = "area") -> dict[str, Any]:
    field = {"id": "own_gate", "type": "text", "label": "Gate"}
    return {"section": section, "after": after, "field": field}


def definition() -> FormatDefinition:
    return from_content(CONTENT)


def ask(path: str, layers: Layers, scope: Scope = ALL) -> Asked:
    arranged = adapting.arranged(CONTENT, layers)
    section = arranged.section("general", "extent")
    assert section is not None
    asked = adapting.flat(adapting.section_asked(section, layers, scope))
    return next(one for one in asked if one.field.path == path)


def test_what_the_firm_does_not_change_is_from_the_format() -> None:
    one = ask(AREA, Layers())
    assert (one.values["maximum"], set(one.origins.values()), one.changed_by) == (
        Decimal(900),
        {Origin.FORMAT},
        None,
    )


def test_the_common_questions_are_from_the_shared_fields() -> None:
    one = adapting.asked(Field("date", FieldType.DATE, "Date", "common.details.date"), Layers(), ALL)
    assert set(one.origins.values()) == {Origin.SHARED}


def test_the_branch_stands_above_the_firm_and_the_firm_above_the_format() -> None:
    layers = Layers(
        {"fields": {AREA: {"label": "Area, firm", "help": "Firm."}}},
        {"fields": {AREA: {"label": "Area, Fort"}}},
    )
    one = ask(AREA, layers, ONE)
    assert (one.values["label"], one.values["help"], one.values["maximum"]) == (
        "Area, Fort",
        "Firm.",
        Decimal(900),
    )
    assert [one.origins[name] for name in ("label", "help", "maximum")] == [
        Origin.BRANCH,
        Origin.FIRM,
        Origin.FORMAT,
    ]


def test_below_is_what_the_scope_would_have_without_its_own_changes() -> None:
    layers = Layers({"fields": {AREA: {"label": "Firm"}}}, {"fields": {AREA: {"label": "Fort"}}})
    assert ask(AREA, layers, ONE).below["label"] == "Firm"
    assert ask(AREA, Layers(layers.firm), ALL).below["label"] == "Area"


def test_a_branch_may_ask_what_the_firm_hides_elsewhere() -> None:
    layers = Layers({"fields": {AREA: {"hidden": True}}})
    one = ask(AREA, layers, ONE)
    changes = adapting.with_field({}, AREA, one.below, {**one.values, "hidden": False})
    assert changes == {"fields": {AREA: {"hidden": False}}}
    assert adapted(CONTENT, combined(layers.firm, changes)) == CONTENT


def test_a_hidden_question_is_still_shown_to_who_adapts_the_format() -> None:
    assert ask(REMARKS, Layers({"fields": {REMARKS: {"hidden": True}}})).hidden


def test_an_extra_question_stands_where_the_firm_put_it() -> None:
    arranged = adapting.arranged(CONTENT, Layers({"added": [gate()]}))
    section = arranged.section("general", "extent")
    assert section is not None
    assert [one.id for one in section.fields][:2] == ["area", "own_gate"]


def test_an_extra_question_is_the_layers_that_added_it() -> None:
    layers = Layers(branch={"added": [gate()]})
    assert ask("general.extent.own_gate", layers, ONE).added is Origin.BRANCH


@pytest.mark.parametrize("addition", [gate(section="gone.away"), gate(after="gone")])
def test_an_extra_question_without_a_place_leaves_the_rest_as_it_is(addition: dict[str, Any]) -> None:
    assert adapting.arranged(CONTENT, Layers({"added": [addition]})) == definition()


def test_the_same_words_again_are_no_change() -> None:
    one = ask(AREA, Layers())
    assert adapting.with_field({}, AREA, one.below, one.values) == {}


def test_an_emptied_help_is_taken_away() -> None:
    one = ask(REMARKS, Layers())
    changes = adapting.with_field({}, REMARKS, one.below, {**one.values, "help": ""})
    assert changes == {"fields": {REMARKS: {"help": None}}}


def test_changing_one_question_leaves_the_others_changes() -> None:
    remarks = {REMARKS: {"label": "All remarks"}}
    before = {"fields": remarks, "parameters": {"realizable_percent": "80"}}
    one = ask(AREA, Layers(before))
    after = adapting.with_field(before, AREA, one.below, {**one.values, "label": "Floor area"})
    assert after == {**before, "fields": {**remarks, AREA: {"label": "Floor area"}}}


@given(_TYPED)
def test_what_was_typed_is_what_reports_ask(typed: dict[str, Any]) -> None:
    changes = adapting.with_field({}, AREA, ask(AREA, Layers()).below, typed)
    again = ask(AREA, Layers(changes))
    assert {name: again.values[name] for name in typed} == typed
    content = adapted(CONTENT, changes)
    fields = content["tabs"][0]["sections"][0]["fields"]
    asked = [one for one in fields if one["id"] == "area"]
    assert (not asked) == typed["hidden"]
    assert all(one["label"] == typed["label"] for one in asked)


@given(_TYPED, _TYPED)
def test_a_branch_keeps_only_what_differs_from_the_firm(firm: dict[str, Any], branch: dict[str, Any]) -> None:
    of_firm = adapting.with_field({}, AREA, ask(AREA, Layers()).below, firm)
    of_branch = adapting.with_field({}, AREA, ask(AREA, Layers(of_firm), ONE).below, branch)
    kept = of_branch.get("fields", {}).get(AREA, {})
    assert set(kept) == {name for name in branch if branch[name] != firm[name]}


@given(st.lists(_LABELS, max_size=8))
def test_ids_of_extra_questions_never_meet(labels: list[str]) -> None:
    taken: list[str] = []
    for label in labels:
        taken.append(adapting.own_id(label, taken))
    assert len(set(taken)) == len(labels)
    assert all(one.startswith("own_") and len(one) <= 60 for one in taken)


def test_a_label_in_another_script_gets_an_id_too() -> None:
    assert adapting.own_id("गेट का रंग", []) == "own_question"


def test_a_parameter_as_the_bank_has_it_is_no_change() -> None:
    below = {"realizable_percent": Decimal(90), "say_mode": "nearest"}
    typed = {"realizable_percent": Decimal("90.0"), "say_mode": "down"}
    assert adapting.with_parameters({}, below, typed) == {"parameters": {"say_mode": "down"}}


def test_a_branch_lays_its_percentage_over_the_firms() -> None:
    layers = Layers({"parameters": {"realizable_percent": "85"}})
    assert adapting.parameters_under(definition(), layers, ONE)["realizable_percent"] == "85"
    assert adapting.parameters_under(definition(), layers, ALL)["realizable_percent"] == Decimal(90)


def test_taking_an_extra_question_away_takes_what_was_said_of_it() -> None:
    path = "general.extent.own_gate"
    changes = {"added": [gate()], "fields": {path: {"help": "Look."}, AREA: {"label": "Floor area"}}}
    assert adapting.without_added(changes, path) == {"fields": {AREA: {"label": "Floor area"}}}


def test_an_extra_question_changed_keeps_its_place_among_the_others() -> None:
    second = {**gate(), "field": {"id": "own_wall", "type": "text", "label": "Wall"}}
    changes = {"added": [gate(), second]}
    after = adapting.with_added(changes, "general.extent", "area", {**gate()["field"], "label": "The gate"})
    assert [one["field"]["label"] for one in after["added"]] == ["The gate", "Wall"]


def test_columns_of_a_table_are_never_hidden() -> None:
    assert "hidden" not in ask("general.extent.floors.height", Layers()).offered


def test_members_of_a_group_are_asked_one_by_one() -> None:
    assert "hidden" in ask("general.extent.owner.phone", Layers()).offered


@pytest.mark.parametrize(
    ("kind", "offered"),
    [
        (FieldType.NUMBER, {"label", "help", "minimum", "maximum", "required", "hidden"}),
        (FieldType.TEXT, {"label", "help", "min_length", "max_length", "required", "hidden"}),
        (FieldType.SELECT, {"label", "help", "default", "required", "hidden"}),
        (FieldType.CALCULATED, {"label", "help", "hidden"}),
        (FieldType.DATE, {"label", "help", "default", "min_date", "max_date", "required", "hidden"}),
        (FieldType.GROUP, {"label", "help", "hidden"}),
    ],
)
def test_a_question_offers_what_fits_its_type(kind: FieldType, offered: set[str]) -> None:
    assert set(adapting.attributes_offered(Field("x", kind, "X", "general.extent.x"))) == offered


def test_what_the_system_fills_in_is_neither_hidden_nor_freed() -> None:
    one = Field("bank", FieldType.SELECT_DYNAMIC, "Bank", "common.details.bank", options_source="banks")
    assert set(adapting.attributes_offered(one)) == {"label", "help"}


@pytest.mark.parametrize("name", ["inspection_date", "valuation_date", "report_date"])
def test_the_limits_of_the_dates_that_every_document_stands_on_are_not_offered(name: str) -> None:
    one = Field(name, FieldType.DATE, "Date", f"common.details.{name}")
    assert set(adapting.attributes_offered(one)) == {"label", "help"}


@pytest.mark.parametrize(
    ("kind", "offered"),
    [
        (TableKind.ROW_DYNAMIC, {"label", "help", "max_rows", "hidden"}),
        (TableKind.COLUMN_DYNAMIC, {"label", "help", "max_columns", "hidden"}),
        (TableKind.FIXED, {"label", "help", "hidden"}),
    ],
)
def test_a_table_that_grows_offers_how_far(kind: TableKind, offered: set[str]) -> None:
    one = Field("x", FieldType.DYNAMIC_TABLE, "X", "general.extent.x", table=Table(kind))
    assert set(adapting.attributes_offered(one)) == offered
