"""A condition or formula that compares with what no answer is, is told with its place and the way out."""

from __future__ import annotations

from typing import Any

import pytest

from banks.formats.checks import definition_warnings
from banks.formats.problems import FormatProblem
from banks.formats.reading import read_format
from banks.tests.formats.small import field_of, first_section, small_common, small_format

Raw = dict[str, Any]
PLACE = "tab land > section value > field"


def raw_with(**changes: Raw) -> Raw:
    """The small format with more kinds of fields, and with these changes of them by id."""
    raw = small_format()
    first_section(raw)["fields"] += [
        {
            "id": "kinds",
            "type": "multiselect",
            "label": "Kinds",
            "options": [{"value": "plot", "label": "Plot"}, {"value": "house", "label": "House"}],
        },
        {"id": "open", "type": "checkbox", "label": "Open"},
        {"id": "day", "type": "date", "label": "Day"},
        {"id": "area", "type": "number_with_unit", "label": "Area", "units": ["sq_ft", "sq_m"]},
        {"id": "note", "type": "text", "label": "Note"},
        {"id": "extra", "type": "calculated", "label": "Extra", "formula": "1"},
    ]
    for field_id, change in changes.items():
        field_of(raw, field_id).update(change)
    return raw


def problems(raw: Raw) -> list[str]:
    try:
        read_format(raw, small_common())
    except FormatProblem as problem:
        return problem.problems
    return []


def formula(text: str) -> Raw:
    return raw_with(extra={"formula": text})


def condition(field: str, operator: str, value: Any) -> Raw:
    return raw_with(note={"condition": {"field": field, "operator": operator, "value": value}})


@pytest.mark.parametrize(
    "text",
    [
        '1 if built == "perhaps" else 0',
        'if(built <> "perhaps", 1, 0)',
        '1 if "perhaps" == land.value.built else 0',
        "1 if extent > 5 and (rate > 1 or not built == 'perhaps') else 0",
    ],
)
def test_a_formula_that_waits_for_a_word_that_a_choice_does_not_offer_is_refused(text: str) -> None:
    assert problems(formula(text)) == [
        f"{PLACE} extra: its formula waits for “perhaps”, which land.value.built never says; use yes, no."
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('1 if kinds == "garden" else 0', "never says; use plot, house."),
        ('1 if open == "maybe" else 0', "never says; use yes, no."),
        ('1 if extent == "large" else 0', "a figure, with the text “large”; write a plain number"),
        ('1 if day > "2026-13-01" else 0', "a date, with the text “2026-13-01”; write a date like"),
        ('1 if note == "" else 0', "an empty text, which no answer is; use count(note) == 0."),
        ('value_where(owners.share, land.value.built, "perhaps", 0)', "never says; use yes, no."),
    ],
)
def test_a_formula_that_compares_with_what_no_answer_is_says_what_would_do(text: str, why: str) -> None:
    (problem,) = problems(formula(text))

    assert problem.startswith(f"{PLACE} extra: its formula ")
    assert why in problem


@pytest.mark.parametrize(
    "text",
    [
        '1 if built == "yes" or built != "no" else 0',
        '1 if kinds == "plot" else 0',
        '1 if open == "Yes" or open == "true" else 0',
        '1 if extent > "5" else 0',
        '1 if day > "2026-11-23" else 0',
        '1 if note == "anything at all" else 0',
        'round_to(extent, 10, "down")',
        '1 if parameter.realizable_percent == "perhaps" else 0',
    ],
)
def test_a_formula_that_compares_with_a_possible_answer_is_not(text: str) -> None:
    assert problems(formula(text)) == []


def test_a_column_of_a_table_is_told_with_its_table() -> None:
    column = {"id": "twice", "type": "calculated", "label": "Twice", "formula": '1 if built == "x" else 0'}
    raw = raw_with()
    field_of(raw, "owners")["table"]["columns"].append(column)

    assert problems(raw) == [
        f"{PLACE} owners > part twice: its formula waits for “x”, which land.value.built never says; "
        "use yes, no."
    ]


@pytest.mark.parametrize(
    ("field", "operator", "value", "why"),
    [
        ("built", "==", "perhaps", "waits for perhaps, which land.value.built never says; use yes, no."),
        (
            "kinds",
            "not_in",
            ["plot", "x"],
            "waits for x, which land.value.kinds never says; use plot, house.",
        ),
        ("extent", ">", "1,000", "a figure, with the text “1,000”; write a plain number"),
        ("extent", "in", ["5", "six"], "a figure, with the text “six”"),
        ("extra", "!=", "none", "a figure, with the text “none”"),
        ("day", ">=", "23-11-2026", "a date, with the text “23-11-2026”; write a date like"),
        ("rate", "==", "", "an empty text, which no answer is; use filled or empty."),
        ("kinds", ">", "plot", "the answers of a multiselect have no order; use == or in."),
        ("open", ">=", "true", "the answers of a checkbox have no order; use == or in."),
        ("owners", "==", "yes", "a dynamic table, with yes; ask whether it is filled or empty."),
        ("area", ">", "100", "the answer may be in sq_ft, sq_m; calculate it in one of them with area_in"),
    ],
)
def test_a_condition_that_no_answer_decides_is_refused(
    field: str, operator: str, value: Any, why: str
) -> None:
    (problem,) = problems(condition(field, operator, value))

    assert problem.startswith(f"{PLACE} note: its condition ")
    assert why in problem


@pytest.mark.parametrize(
    ("field", "operator", "value"),
    [
        ("kinds", "in", ["plot", "house"]),
        ("extent", ">", "1000.5"),
        ("area", ">", "0"),
        ("day", "<", "2026-11-23"),
        ("rate", "!=", "-5"),
    ],
)
def test_a_condition_that_an_answer_decides_is_not(field: str, operator: str, value: Any) -> None:
    assert problems(condition(field, operator, value)) == []


def test_in_an_imported_format_they_are_warnings() -> None:
    raw = formula('1 if built == "perhaps" else 0') | {"origin": "imported"}
    field_of(raw, "note")["condition"] = {"field": "extent", "operator": ">", "value": "much"}

    found = definition_warnings(read_format(raw, small_common()))

    assert [one for one in found if "much" in one or "perhaps" in one] == [
        f"{PLACE} note: its condition compares land.value.extent, a figure, with the text “much”; "
        "write a plain number, such as 1500 or 2.5.",
        f"{PLACE} extra: its formula waits for “perhaps”, which land.value.built never says; use yes, no.",
    ]
