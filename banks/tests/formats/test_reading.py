"""What reading a good format gives."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from banks.formats.definition import FieldType, Option, Rounding, TableKind
from banks.formats.paths import index_fields
from banks.formats.problems import FormatProblem
from banks.formats.reading import from_content, read_format, to_content
from banks.tests.formats.small import field_of, small_common, small_format


def test_it_puts_the_common_fields_into_the_first_tab() -> None:
    definition = read_format(small_format(), small_common())

    assert [tab.id for tab in definition.tabs] == ["common", "land"]


def test_it_gives_a_common_field_its_path() -> None:
    assert "common.details.valuation_date" in index_fields(read_format(small_format(), small_common()))


def test_it_numbers_common_fields_as_the_bank_does() -> None:
    raw = {**small_format(), "common": {"numbers": {"valuation_date": "2 b)"}}}

    index = index_fields(read_format(raw, small_common()))

    assert index["common.details.valuation_date"].number == "2 b)"


def test_it_replaces_the_name_of_an_option_set_by_its_options() -> None:
    index = index_fields(read_format(small_format(), small_common()))

    assert index["land.value.built"].options == (Option("yes", "Yes"), Option("no", "No"))


def test_it_reads_a_table_with_the_paths_of_its_columns() -> None:
    owners = index_fields(read_format(small_format(), small_common()))["land.value.owners"]

    assert owners.table is not None
    assert (owners.table.kind, [column.path for column in owners.table.columns]) == (
        TableKind.ROW_DYNAMIC,
        ["land.value.owners.name", "land.value.owners.share"],
    )


def test_it_reads_roundings_exactly() -> None:
    raw = small_format()
    field_of(raw, "total")["rounding"] = {"to": "0.05", "mode": "down"}

    total = index_fields(read_format(raw, small_common()))["land.value.total"]

    assert total.rounding == Rounding(Decimal("0.05"), "down")


def test_it_reads_a_parameter_as_a_figure_when_it_is_one() -> None:
    raw = {**small_format(), "parameters": {"realizable_percent": "92.5", "say_mode": "down"}}

    assert read_format(raw, small_common()).parameters == {
        "realizable_percent": Decimal("92.5"),
        "say_mode": "down",
    }


def test_it_leaves_the_raw_format_as_it_was() -> None:
    raw = small_format()

    to_content(raw, small_common())

    assert raw == small_format()


def test_stored_content_needs_neither_common_fields_nor_option_sets() -> None:
    content = to_content(small_format(), small_common())

    assert from_content(content) == read_format(small_format(), small_common())


def test_stored_content_survives_being_stored_as_json() -> None:
    content = to_content(small_format(), small_common())

    assert json.loads(json.dumps(content)) == content


def test_it_says_that_damaged_content_must_be_loaded_again() -> None:
    content = to_content(small_format(), small_common())
    del content["tabs"][1]["sections"][0]["fields"][0]["type"]

    with pytest.raises(FormatProblem, match="load the format again"):
        from_content(content)


def test_it_refuses_stored_content_with_an_unknown_field_type() -> None:
    content = to_content(small_format(), small_common())
    content["tabs"][1]["sections"][0]["fields"][0]["type"] = FieldType.TEXT.value + "ual"

    with pytest.raises(FormatProblem, match="textual"):
        from_content(content)
