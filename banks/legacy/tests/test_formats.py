"""A format of the former system becomes one of this: every kind of field, told where it could not be kept."""

from __future__ import annotations

import json
import re

import pytest

from banks.formats.building import build_definition
from banks.legacy.faults import Severity
from banks.legacy.formats import format_from, is_format
from banks.legacy.tests.madeup import (
    DEED,
    converted,
    field,
    group,
    node,
    old_format,
    section,
    small_common,
    small_format,
    told,
)
from reports.calculation.engine import calculate, check_formulas


def test_the_made_up_format_is_taken_over_and_its_formulas_are_sound() -> None:
    result = converted(old_format())

    assert not result.refused
    assert str(result.key) == "MILL/imported/water_mill/3"
    assert result.content["origin"] == "imported"
    assert result.format_id == "MILL_FORMAT_1"
    assert check_formulas(build_definition(result.content)) == []


def test_it_is_sound_also_where_nobody_checks_the_formulas() -> None:
    assert format_from(old_format(), small_common()).content == converted(old_format()).content


def test_reading_a_format_changes_nothing_in_it() -> None:
    document = old_format()

    converted(document)

    assert document == old_format()


def test_the_same_format_gives_the_same_content_and_hash_twice() -> None:
    first, second = converted(old_format()), converted(old_format())

    assert (first.content, first.legacy) == (second.content, second.legacy)


def test_a_format_is_known_by_its_shape_alone() -> None:
    assert is_format(old_format())
    assert not is_format({"bankCode": "MILL", "bankName": "Mill Bank"})
    assert not is_format(["templateMetadata"])


def test_tabs_stand_in_their_order_after_the_common_one() -> None:
    tabs = converted(old_format()).content["tabs"]

    assert [tab["id"] for tab in tabs] == ["common", "deeds", "site", "worth", "summary", "unnamed_1"]


def test_fields_stand_in_their_order_and_ties_as_they_were_read() -> None:
    fields = node(converted(old_format()).content, "deeds.papers")["fields"]

    assert [one["id"] for one in fields][:5] == [
        "owner_name",
        "papers_seen",
        "owner_mail",
        "owner_phone",
        "scan",
    ]


def test_a_document_that_no_tab_names_has_a_tab_of_its_own_and_is_told() -> None:
    result = converted(old_format())

    assert node(result.content, "unnamed_1.details.stray")["type"] == "text"
    assert "No tab names this document" in told(result.faults, "UNNAMED_1")


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("lost.documentSource", "There is no document"),
        ("deeds.missing", "its document does not have it"),
        ("old_survey", "inactive"),
        ("MILL_DEEDS_1.edges", "The tab does not name this section"),
        ("site.hasSections", "hasSections is false"),
        ("papers", "Several have the sortOrder 3"),
        ("version", 'The version was "3.1"'),
        ("wheel_speed.fieldType", "is not known here"),
        ("kind_of_paper.dataSource", "weather_station"),
        ("owner_phone.gridSize", "A width of 4"),
        ("place.inside", "A group within a group"),
        ("north.fieldId", "is used twice"),
        ("ownerName.fieldId", "It is owner_name here"),
        ("visited.validation.minDate", "cannot be a limit"),
        ("edges_table.rows.2.by_deed", "was filled in by itself"),
        ("addColumnConfig.maxColumns", "14 columns"),
        ("columnNamePattern", "Storey {number}"),
        ("colour", "is not known here; it stands in UNNAMED_1.stray"),
        ("floor_table", "numbered by themselves"),
    ],
)
def test_it_tells_what_it_changed_by_field(place: str, sentence: str) -> None:
    assert sentence in told(converted(old_format()).faults, place)


def test_every_fault_has_a_problem_and_says_what_was_done() -> None:
    faults = converted(old_format()).faults

    assert all(one.problem.endswith((".", "…")) and one.done and one.document for one in faults)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("deeds.papers.owner_name", "text"),
        ("deeds.papers.owner_mail", "email"),
        ("deeds.papers.owner_phone", "tel"),
        ("deeds.papers.scan", "file"),
        ("deeds.papers.papers_seen", "multiselect"),
        ("deeds.papers.branch_asked", "select_dynamic"),
        ("site.ground.on_slope", "checkbox"),
        ("site.ground.soil", "radio"),
        ("site.ground.visited", "date"),
        ("site.ground.remarks", "textarea"),
        ("worth.land_part.size.extent", "number_with_unit"),
        ("worth.land_part.price.rate", "currency"),
        ("worth.land_part.price.land_worth", "calculated"),
        ("worth.house_part.has_house", "select"),
        ("worth.house_part.house", "group"),
        ("deeds.edges.edges_table", "table"),
        ("worth.house_part.floor_table", "dynamic_table"),
    ],
)
def test_each_type_is_taken_over(path: str, kind: str) -> None:
    assert node(converted(old_format()).content, path)["type"] == kind


def test_the_same_id_in_two_documents_is_no_collision() -> None:
    result = converted(small_format(group("one", field("width")), group("two", field("width"))))

    assert not told(result.faults, "width")


def test_a_table_in_a_group_stands_after_it_under_the_same_condition() -> None:
    table = field(
        "rows", "table", columns=[{"columnId": "a", "fieldType": "text"}], rows=[{"a": "x"}, {"a": "y"}]
    )
    condition = {"field": "asked", "operator": "==", "value": "yes"}
    document = small_format(
        field("asked", "select", options=["yes", "no"]),
        group("box", field("a"), table, conditionalLogic=condition),
    )

    moved = node(converted(document).content, "one.part.rows")

    assert moved["label"] == "Box: Rows"
    assert moved["condition"] == {"field": "one.part.asked", "operator": "==", "value": "yes"}


def test_a_column_dynamic_table_has_its_rows_as_fields_and_its_first_columns() -> None:
    result = converted(old_format())

    table = node(result.content, "deeds.edges.finish_table")["table"]
    assert [(row["number"], row["label"], row["type"]) for row in table["row_fields"]] == [
        ("1.", "Walls", "select"),
        ("2.", "Roof", "select"),
    ]
    assert (table["first_columns"], table["max_columns"]) == (["Lowest storey"], 10)
    answers = result.tables["deeds.edges.finish_table"]
    assert (answers.rows, dict(answers.first)) == (("walls", "roof"), {"lowest": 0})


def test_a_fixed_table_names_its_rows_by_their_given_texts() -> None:
    result = converted(old_format())

    table = node(result.content, "deeds.edges.edges_table")["table"]
    assert [row["label"] for row in table["rows"]] == ["Front", "Back"]
    assert [column["id"] for column in table["columns"]] == ["by_deed", "measured"]
    assert result.tables["deeds.edges.edges_table"].columns == {
        "side": None,
        "by_deed": "by_deed",
        "measured": "measured",
    }


def test_a_dynamic_table_may_have_its_columns_in_the_field_itself() -> None:
    table = field(
        "deals", "dynamic_table", columns=[{"columnId": "price", "fieldType": "currency"}], maxRows=3
    )

    content = converted(small_format(table)).content

    assert node(content, "one.part.deals")["table"]["max_rows"] == 3
    assert node(content, "one.part.deals.price")["type"] == "currency"


def test_a_table_of_too_many_columns_keeps_those_that_do_not_fit() -> None:
    columns = [
        {"columnId": f"c{number}", "columnName": f"C{number}", "fieldType": "text"} for number in range(45)
    ]

    result = converted(small_format(field("wide", "dynamic_table", tableConfig={"columns": columns})))

    assert len(node(result.content, "one.part.wide")["table"]["columns"]) == 40
    assert any(one.severity is Severity.KEPT_ASIDE and "45 columns" in one.problem for one in result.faults)
    assert sum("wide.tableConfig.c4" in place for place, _ in result.legacy["kept"]) >= 5


@pytest.mark.parametrize(
    ("short", "paths"),
    [
        ("worth.land_part.size.extent", ("worth.land_part.size.extent",)),
        (f"{DEED}.papers.ownerName", ("deeds.papers.owner_name",)),
        ("ownerName", ("deeds.papers.owner_name",)),
        ("owner_name", ("deeds.papers.owner_name",)),
        ("papers.ownerName", ("deeds.papers.owner_name",)),
        ("deeds.ownerName", ("deeds.papers.owner_name",)),
        ("summary.grand_total", ("summary.details.grand_total",)),
        ("place.inside.north", ("site.ground.place.north_2",)),
        ("north", ("site.ground.place.north", "site.ground.place.north_2")),
        ("floor_table", ("worth.house_part.floor_table",)),
        ("floor_table.net_value", ("worth.house_part.floor_table.net_value",)),
    ],
)
def test_old_places_lead_to_ours_and_ambiguous_ones_to_all(short: str, paths: tuple[str, ...]) -> None:
    assert converted(old_format()).answer_paths[short] == paths


def test_changed_option_values_are_listed_for_the_answers() -> None:
    changed = converted(old_format()).option_values

    assert changed == {
        "deeds.papers.papers_seen": {"tax receipt": "tax_receipt"},
        "site.ground.soil": {"Sandy soil": "sandy_soil"},
    }


def test_no_figure_is_a_default_and_a_text_becomes_help() -> None:
    fields = (
        field("sample", "currency", defaultValue=250000),
        field("said", defaultValue="As usual"),
        field("rooms", "number", defaultValue="NA"),
    )

    result = converted(small_format(*fields))

    assert "default" not in node(result.content, "one.part.sample")
    assert "250000 was filled in by itself" in told(result.faults, "sample.defaultValue")
    assert node(result.content, "one.part.said")["help"] == "Earlier reports began with: As usual"
    assert node(result.content, "one.part.rooms")["not_applicable"] is True


@pytest.mark.parametrize(
    ("given", "unit"),
    [("sqyd", "sq_yd"), ("Sq. Mtr.", "sq_m"), ("acres", "acre"), ("SQ.FT", "sq_ft"), ("Guntas", "guntha")],
)
def test_units_of_area_are_known_in_any_spelling(given: str, unit: str) -> None:
    result = converted(small_format(field("size", "number", units=[given])))

    assert node(result.content, "one.part.size")["units"] == [unit]


@pytest.mark.parametrize(
    ("old", "answer", "fits"),
    [
        ("^[A-Z]{3}$", "ABC", True),
        ("^[A-Z]{3}$", "ABCD", False),
        ("[0-9]", "plot 7", True),
        ("/^mill$/i", "MILL", True),
        ("^a|b$", "xb", True),
    ],
)
def test_a_pattern_asks_for_what_it_asked_for_before(old: str, answer: str, fits: bool) -> None:
    result = converted(small_format(field("code", validation={"pattern": old})))
    pattern = node(result.content, "one.part.code")["validation"]["pattern"]

    assert bool(re.fullmatch(pattern, answer)) is fits


@pytest.mark.parametrize("pattern", ["(a+)+$", "[", "\\p{L}+", "x" * 300, 7])
def test_a_pattern_that_is_unsafe_or_unreadable_is_kept_and_told(pattern: object) -> None:
    result = converted(small_format(field("code", validation={"pattern": pattern})))

    assert "validation" not in node(result.content, "one.part.code")
    assert "kept and not asked for" in told(result.faults, "code.validation.pattern")


def test_the_headline_is_named_only_where_an_id_says_it_plainly() -> None:
    result = converted(old_format())

    assert result.content["headline"] == {
        "fair_market_value": "summary.details.grand_total",
        "distress_value": "summary.details.distress_value",
        "land_value": "summary.details.land_total",
        "building_value": "summary.details.building_total",
    }
    assert result.content["document"]["words"]["path"] == "summary.details.grand_total"


def test_the_abstract_lists_the_totals_beside_the_grand_one_and_then_it() -> None:
    lines = converted(old_format()).content["document"]["abstract"]["lines"]

    assert [(line["label"], line["paths"]["value"].rpartition(".")[2]) for line in lines] == [
        ("Land total", "land_total"),
        ("Building total", "building_total"),
        ("Additions total", "additions_total"),
        ("Fair market value", "grand_total"),
        ("Distress value", "distress_value"),
    ]


def test_a_format_without_a_plain_total_has_no_headline_and_is_told() -> None:
    document = small_format(field("width", "number"))
    del document["documents"][0]["sections"][0]["fields"][-1]

    result = converted(document)

    assert result.content["headline"] == {}
    assert "name the field in the format's headline" in told(result.faults, "")


def test_everything_without_a_place_here_is_kept_by_its_old_place() -> None:
    kept = dict(converted(old_format()).legacy["kept"])

    assert json.loads(kept["UNNAMED_1.stray.colour"]) == "blue"
    assert json.loads(kept[f"{DEED}.papers.ownerName.includeInCustomTemplate"]) is True
    assert json.loads(kept["MILL_SITE_1.ground.old_survey"])["fieldId"] == "old_survey"
    assert json.loads(kept["MILL_SITE_1.ground.gone_remarks.conditionalLogic"])["field"] == "no_such_field"


def test_no_value_of_the_old_format_is_lost() -> None:
    """Every text and figure read stands in the content, the faults or what is kept."""
    document = old_format()
    result = converted(document)
    everything = json.dumps([result.content, result.legacy], ensure_ascii=False)

    missing = [
        value
        for value in _leaves(document)
        if str(value) not in everything and not isinstance(value, bool) and value not in _UNDERSTOOD
    ]

    assert missing == []


def _leaves(part: object) -> list[object]:
    if isinstance(part, dict):
        return [leaf for value in part.values() for leaf in _leaves(value)]
    if isinstance(part, list):
        return [leaf for value in part for leaf in _leaves(value)]
    return [] if part in ("", None) else [part]


# Words whose meaning is taken over under another word.
_UNDERSTOOD = ("sqyd", "sqm", "sqft", "acres", "===", "row_dynamic", "column_dynamic")


def test_the_common_fields_are_its_first_tab() -> None:
    assert node(converted(old_format()).content, "common.details.applicant_name")["type"] == "text"


def test_an_old_tab_called_common_makes_room_for_them() -> None:
    document = small_format(field("width"))
    document["templateMetadata"]["tabs"][0]["tabId"] = "common"

    result = converted(document)

    assert [tab["id"] for tab in result.content["tabs"]] == ["common", "common_2"]
    assert result.answer_paths["common.width"] == ("common_2.part.width",)


def test_an_inactive_format_is_taken_over_as_such() -> None:
    assert not converted({**old_format(), "isActive": False}).is_active


def test_a_format_without_any_field_is_refused_with_a_sentence() -> None:
    result = converted(small_format())

    assert result.refused
    assert result.content == {}
    assert "no field" in told(result.faults, "")


def test_six_hundred_fields_too_many_are_refused_with_a_sentence() -> None:
    document = small_format()
    document["documents"][0]["sections"] = [
        section(f"s{number}", *(field(f"f{number}_{at}") for at in range(50))) for number in range(13)
    ]

    result = converted(document)

    assert result.refused
    assert "at most 600" in told(result.faults, "")


def test_a_report_on_it_is_calculated() -> None:
    definition = build_definition(converted(old_format()).content)

    values = calculate(definition, _ANSWERS).values

    assert values["worth.land_part.price.land_worth"] == 240 * 1500
    assert values["worth.house_part.floor_table.0.cost"] == 1500000
    assert values["worth.house_part.floor_table.0.net_value"] == 1400000


def test_with_its_suggestions_as_completions_the_grand_total_is_worked_out() -> None:
    suggested = {path: one.as_json() for path, one in converted(old_format()).suggestions.items()}

    result = converted(old_format(), completions=suggested)

    values = calculate(build_definition(result.content), _ANSWERS).values
    assert values["summary.details.building_total"] == 1400000
    assert values["summary.details.additions_total"] == 30000
    assert values["summary.details.grand_total"] == 360000 + 1400000 + 30000
    assert node(result.content, "summary.details.grand_total")["overridable"] is True
    assert result.suggestions == {}


def test_an_area_in_another_unit_is_turned_into_that_of_the_rate() -> None:
    answers = {
        "worth": {
            "land_part": {"size": {"extent": {"value": "2160", "unit": "sq_ft"}}, "price": {"rate": "1500"}}
        }
    }

    values = calculate(build_definition(converted(old_format()).content), answers).values

    assert values["worth.land_part.price.land_worth"] == 360000


_ANSWERS = {
    "worth": {
        "land_part": {"size": {"extent": {"value": "240", "unit": "sq_yd"}}, "price": {"rate": "1500"}},
        "house_part": {
            "floor_table": [
                {"plinth": {"value": "1000", "unit": "sq_ft"}, "cost_rate": "1500", "wear": "100000"}
            ],
            "additions": {"porch": "20000", "gate": "10000"},
        },
    }
}


def test_a_total_that_leaves_a_part_out_is_told_and_taken_over_as_it_was() -> None:
    suggested = {path: one.formula for path, one in converted(old_format()).suggestions.items()}
    left_out = {"summary.details.grand_total": "sum(land_total, building_total)"}

    result = converted(old_format(), completions={**suggested, **left_out})

    notes = [fault.problem for fault in result.faults if "taken over as it was" in fault.done]
    assert any("grand_total" in note and "additions_total" in note for note in notes)
