"""Whatever an old document holds, reading it gives a sound result or a refusal in words, no exception."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from banks.formats.building import build_definition
from banks.formats.checks import definition_problems
from banks.formats.shape import shape_problems
from banks.legacy.banks import bank_from
from banks.legacy.common_fields import common_fields_from
from banks.legacy.converted import ConvertedFormat
from banks.legacy.faults import Severity
from banks.legacy.formats import format_from, is_format
from banks.legacy.tests.madeup import (
    converted,
    field,
    old_bank,
    old_common_fields,
    old_format,
    small_common,
    small_format,
)
from reports.calculation.engine import calculate, check_formulas

_WORDS = [
    "",
    "NA",
    "today",
    "a",
    "extent",
    "rate",
    "1e999",
    "yes",
    "calculated",
    "table",
    "group",
    "sqft",
    "common",
    "parameter",
    "class",
    "north",
    "extent * rate",
    "sum(size)",
    "land_worth",
    "\u0000",
    "\ud800",
    "०",
    "$ne",
    "grand_total",
    "number",
    "currency",
    "Per sq.m",
    "==",
    "in",
    True,
    0,
    -1,
    1e400,
    float("nan"),
    10**30,
]
_KEYS = [
    "fieldId",
    "fieldType",
    "subFields",
    "columns",
    "rows",
    "tableConfig",
    "options",
    "units",
    "formula",
    "conditionalLogic",
    "validation",
    "defaultValue",
    "sections",
    "fields",
    "isActive",
    "sortOrder",
    "min",
    "calculatedField",
    "calculationMetadata",
    "isReadonly",
    "value",
    "label",
    "strange",
]
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(_WORDS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4),
    max_leaves=12,
)
_calm = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None)


@st.composite
def _spoilt(draw: st.DrawFn, whole: dict[str, Any]) -> dict[str, Any]:
    """The document with some of its parts deleted, replaced, doubled, or put where they do not belong."""
    document = copy.deepcopy(whole)
    for _ in range(draw(st.integers(1, 6))):
        places = _places(document)
        if not places:
            break
        holder, key = places[draw(st.integers(0, len(places) - 1))]
        other_holder, other_key = places[draw(st.integers(0, len(places) - 1))]
        deed = draw(st.sampled_from(["delete", "replace", "double", "move", "add"]))
        if deed == "delete":
            del holder[key]
        elif deed == "double" and isinstance(holder, list):
            holder.insert(key, copy.deepcopy(holder[key]))
        elif deed == "move":
            holder[key] = copy.deepcopy(other_holder[other_key])
        elif deed == "add" and isinstance(holder, dict):
            holder[draw(st.sampled_from(_KEYS))] = copy.deepcopy(other_holder[other_key])
        else:
            holder[key] = draw(_values)
    return document


def _places(node: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    waiting = [node]
    while waiting:
        here = waiting.pop()
        steps = here.items() if isinstance(here, dict) else enumerate(here)
        for key, part in steps:
            found.append((here, key))
            if isinstance(part, dict | list):
                waiting.append(part)
    return found


def _faults_of(result: ConvertedFormat) -> list[str]:
    """What is unsound in a format that was taken over, or missing in the refusal of one that was not."""
    if not result.content:
        told = any(fault.severity is Severity.REFUSED and fault.problem for fault in result.faults)
        return [] if told else ["Nothing says why it was refused."]
    if shape := shape_problems(result.content):
        return shape
    definition = build_definition(result.content)
    if problems := [*definition_problems(definition), *check_formulas(definition)]:
        return problems
    return list(calculate(definition, {}).problems.values())


@_calm
@given(_spoilt(old_format()))
def test_a_spoilt_format_is_taken_over_soundly_or_refused(document: dict[str, Any]) -> None:
    assert _faults_of(format_from(document, small_common())) == []


@_calm
@given(_values)
def test_any_json_at_all_is_refused_as_a_format(document: Any) -> None:
    result = format_from(document, small_common())

    assert is_format(document) or [one.severity for one in result.faults] == [Severity.REFUSED]


@_calm
@given(_spoilt(old_bank()) | _values)
def test_a_spoilt_bank_is_taken_over_or_refused(document: Any) -> None:
    result = bank_from(document)

    assert bool(result.values) is not result.refused


@_calm
@given(_spoilt(old_common_fields()) | _values)
def test_spoilt_common_fields_are_taken_over_or_refused(document: Any) -> None:
    result = common_fields_from(document)

    assert result.refused or shape_problems(result.values, "common_fields") == []


_NAMES = [
    "a",
    "b",
    "c",
    "n",
    "t",
    "s",
    "y",
    "g",
    "cell",
    "other",
    "result",
    "tab",
    "d",
    "nobody",
    "data.a",
    "${n}",
]
_SHAPES = [
    "{} + {}",
    "{} - {}",
    "{} * {}",
    "{} / {}",
    "{} % {}",
    "{} || {}",
    "{} && {}",
    "{} == {}",
    "{} > {}",
    "{} ** {}",
    "({})",
    "-{}",
    "!{}",
    "{} ? {} : {}",
    "sum({})",
    "Math.max({})",
    "Math.min({}, {})",
    "Math.round({})",
    "parseFloat({})",
    "Math.abs({})",
    "f({})",
    "({}).toFixed(2)",
]


@st.composite
def _expressions(draw: st.DrawFn, deepest: int = 3) -> str:
    """A formula put together of names, figures and everything that may join them."""
    if deepest == 0 or draw(st.booleans()):
        return draw(st.sampled_from([*_NAMES, "0", "1.5", ".5", "10%", "'x'"]))
    shape = draw(st.sampled_from(_SHAPES))
    return shape.format(*(draw(_expressions(deepest - 1)) for _ in range(shape.count("{}"))))


_text = st.text(alphabet="abn+-*/%()?:<>=!&|.,'\" 0159{}$", max_size=25)


def _calculating(formula: str, other: str, condition: Any) -> dict[str, Any]:
    """A format with fields of many kinds, two formulas and a condition."""
    columns = [
        {"columnId": "cell", "columnName": "Cell", "fieldType": "currency"},
        {"columnId": "worked", "columnName": "Worked", "fieldType": "number", "formula": other},
    ]
    return small_format(
        field("a", "currency"),
        field("b", "number", units=["sqft", "sqm"]),
        field("c", "number", units=["acre"]),
        field("n", "number"),
        field("t"),
        field("s", "select", options=["x", "y"]),
        field("y", "checkbox"),
        field("g", "group", subFields=[field("d", "currency"), field("e", "currency")]),
        field("tab", "dynamic_table", tableConfig={"tableType": "row_dynamic", "columns": columns}),
        field("other", "number", formula=other, units=["sqm"], conditionalLogic=condition),
        field("result", "currency", formula=formula, isReadonly=True),
        field("plain", "number", formula=f"other + ({formula})", conditionalLogic=condition),
    )


@_calm
@given(
    _expressions() | _text,
    _expressions(),
    st.builds(
        lambda name, sign, value: {"field": name, "operator": sign, "value": value},
        st.sampled_from(_NAMES),
        st.sampled_from(["==", "!=", "in", "contains", ">", "exists", "strange"]),
        _values,
    ),
)
def test_any_formula_is_written_soundly_or_kept_aside(formula: str, other: str, condition: Any) -> None:
    assert _faults_of(format_from(_calculating(formula, other, condition), small_common())) == []


def test_a_document_nested_beyond_all_measure_is_refused() -> None:
    deep: dict[str, Any] = field("bottom")
    for number in range(3_000):
        deep = field(f"g{number}", "group", subFields=[deep])

    assert converted(small_format(deep)).refused
