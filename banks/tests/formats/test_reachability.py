"""Conditions that can never hold are refused; those that can are not."""

from __future__ import annotations

from typing import Any

import pytest

from banks.formats.checks import definition_warnings
from banks.formats.problems import FormatProblem
from banks.formats.reading import read_format
from banks.tests.formats.small import first_section, small_common, small_format

Raw = dict[str, Any]
CHOICES = [{"value": value, "label": value.title()} for value in ("yes", "no", "perhaps")]


def asks(field: str, operator: str, value: Any = None) -> Raw:
    return {"field": field, "operator": operator, **({} if value is None else {"value": value})}


def raw_with(condition: Raw, *around: Raw, **more: Any) -> Raw:
    """The small format with a field ``last`` under this condition, its section and tab under others."""
    raw = small_format()
    first_section(raw)["fields"] += [
        {"id": "kinds", "type": "multiselect", "label": "Kinds", "options": CHOICES},
        {"id": "open", "type": "checkbox", "label": "Open"},
        {
            "id": "storeys",
            "type": "number",
            "label": "Storeys",
            "validation": {"minimum": "0", "maximum": "60"},
        },
        {"id": "note", "type": "text", "label": "Note", "condition": asks("built", "==", "no")},
    ]
    last = {"id": "last", "type": "text", "label": "Last", "condition": condition, **more}
    extra: Raw = {
        "id": "more",
        "label": "More",
        "sections": [{"id": "end", "label": "End", "fields": [last]}],
    }
    for node, own in zip((extra["sections"][0], extra), around, strict=False):
        node["condition"] = own
    raw["tabs"].append(extra)
    return raw


def problems(raw: Raw) -> list[str]:
    try:
        read_format(raw, small_common())
    except FormatProblem as problem:
        return problem.problems
    return []


@pytest.mark.parametrize(
    ("condition", "around"),
    [
        (asks("land.value.built", "==", "yes"), asks("land.value.built", "==", "no")),
        (asks("land.value.built", "==", "yes"), asks("land.value.built", "!=", "yes")),
        (asks("land.value.built", "in", ["yes"]), asks("land.value.built", "in", ["no"])),
        (asks("land.value.built", "filled"), asks("land.value.built", "empty")),
        (asks("land.value.built", "not_in", ["no"]), asks("land.value.built", "==", "no")),
        (asks("land.value.storeys", ">", "3"), asks("land.value.storeys", "<=", "3")),
        (asks("land.value.storeys", "==", "3"), asks("land.value.storeys", "!=", "3.0")),
        (asks("land.value.rate", "<", "3"), asks("land.value.rate", "empty")),
        (asks("land.value.open", "==", "true"), asks("land.value.open", "==", "false")),
        (asks("land.value.kinds", "==", "yes"), asks("land.value.kinds", "!=", "yes")),
        (asks("land.value.owners.name", "filled"), None),
        (asks("land.value.extent", "==", "many"), asks("land.value.extent", "filled")),
        (asks("land.value.storeys", ">", "60"), None),
        (asks("land.value.note", "filled"), asks("land.value.built", "==", "yes")),
    ],
)
def test_what_can_never_be_shown_is_a_problem(condition: Raw, around: Raw | None) -> None:
    found = problems(raw_with(condition, *([around] if around else [])))

    assert len(found) == 1
    assert found[0].startswith("tab more > section end")


@pytest.mark.parametrize(
    ("condition", "around"),
    [
        (asks("land.value.built", "==", "yes"), asks("land.value.built", "filled")),
        (asks("land.value.built", "!=", "yes"), asks("land.value.built", "!=", "no")),
        (asks("land.value.storeys", ">", "3"), asks("land.value.storeys", "<", "4")),
        (asks("land.value.kinds", "==", "yes"), asks("land.value.kinds", "==", "no")),
        (asks("land.value.note", "empty"), asks("land.value.built", "==", "yes")),
        (asks("land.value.note", "!=", "x"), asks("land.value.built", "==", "yes")),
        (asks("land.value.extent", ">", "0"), asks("land.value.built", "==", "yes")),
        (asks("common.details.valuation_date", ">", "2026-01-01"), asks("land.value.built", "==", "no")),
        (asks("common.details.applicant_name", "==", "A"), asks("common.details.applicant_name", "!=", "B")),
    ],
)
def test_what_can_be_shown_is_no_problem(condition: Raw, around: Raw) -> None:
    assert problems(raw_with(condition, around)) == []


def test_the_sentence_names_the_place_and_both_conditions() -> None:
    raw = raw_with(
        asks("land.value.built", "==", "yes"),
        asks("land.value.extent", "filled"),
        asks("land.value.built", "==", "no"),
        required=True,
    )

    assert problems(raw) == [
        "tab more > section end > field last: it can never be shown, though it is required: "
        "tab more asks for land.value.built == no and "
        "tab more > section end > field last asks for land.value.built == yes, "
        "which cannot both hold; change or remove a condition."
    ]


def test_a_place_is_told_once_and_not_again_for_everything_in_it() -> None:
    raw = raw_with(
        asks("built", "filled"), asks("land.value.built", "==", "yes"), asks("land.value.built", "==", "no")
    )
    raw["tabs"][1]["sections"][0]["fields"][0]["condition"] = asks("land.value.built", "==", "yes")

    assert [found.partition(":")[0] for found in problems(raw)] == ["tab more > section end"]


def test_a_condition_on_a_later_tab_is_fine() -> None:
    raw = raw_with(asks("land.value.built", "filled"))
    first_section(raw)["condition"] = asks("more.end.last", "empty")
    raw["tabs"][1]["sections"][0]["fields"][0].pop("condition")

    assert problems(raw) == []


def test_of_an_imported_format_it_is_a_warning() -> None:
    raw = raw_with(asks("land.value.built", "==", "yes"), asks("land.value.built", "==", "no"))
    raw["origin"] = "imported"

    (warning,) = definition_warnings(read_format(raw, small_common()))

    assert "it can never be shown" in warning
