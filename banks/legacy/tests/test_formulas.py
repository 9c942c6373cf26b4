"""Old formulas, fillings and totals, as the language here says them, or told why it cannot."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from banks.formats.building import build_definition
from banks.legacy.completing import FUNCTIONS
from banks.legacy.converted import ConvertedFormat
from banks.legacy.tests.madeup import converted, field, group, node, small_format, told
from banks.legacy.units import find_unit, unit_named_in
from reports.calculation import functions, units
from reports.calculation.engine import calculate


def _with(formula: str, *more: dict[str, Any], **keys: Any) -> ConvertedFormat:
    """A format with amounts a, b, c, a number n, an area, a choice s, and a field whose formula this is."""
    return converted(
        small_format(
            field("a", "currency"),
            field("b", "currency"),
            field("c", "currency"),
            field("n", "number"),
            field("s", "select", options=["x", "y"]),
            field("y", "checkbox"),
            field("said"),
            group("parts", field("d", "currency"), field("e", "currency")),
            *more,
            field("result", "currency", formula=formula, **keys),
        )
    )


def _formula(result: ConvertedFormat, path: str = "one.part.result") -> str:
    return str(node(result.content, path).get("formula", ""))


@pytest.mark.parametrize(
    ("old", "ours"),
    [
        ("a * n", "a * n"),
        ("a × n ÷ 2", "a * n / 2"),
        ("a - (b - c)", "a - (b - c)"),
        ("(a - b) - c", "a - b - c"),
        ("a * (b + n)", "a * (b + n)"),
        ("a / (n * 2)", "a / (n * 2)"),
        ("-a * 2", "(-a) * 2"),
        ("a + b", "sum(a, b)"),
        ("a + b + parts.d", "sum(a, b, parts.d)"),
        ("sum(parts)", "sum(parts.d, parts.e)"),
        ("SUM(a, b, 5)", "sum(a, b, 5)"),
        ("a || 0", "coalesce(a, 0)"),
        ("(a || 0) + (b || 0)", "coalesce(a, 0) + coalesce(b, 0)"),
        ("n > 2 ? a : b", "(a if n > 2 else b)"),
        ("n > 2 && a >= 1 ? a : 0", "(a if (n > 2 and a >= 1) else 0)"),
        ("!(n == 2) ? a : 0", "(a if (not n == 2) else 0)"),
        ("s === 'x' ? a : 0", "(a if s == 'x' else 0)"),
        ("n ? a : 0", "(a if coalesce(n, 0) != 0 else 0)"),
        ("IF(n > 2, a, b)", "(a if n > 2 else b)"),
        ("Math.round(a * n)", "round_to(a * n, 1, 'nearest')"),
        ("Math.round(a * 100) / 100", "round_to(a * 100, 1, 'nearest') / 100"),
        ("ROUND(a, 2)", "round_to(a, 0.01, 'nearest')"),
        ("(a * n).toFixed(2)", "round_to(a * n, 0.01, 'nearest')"),
        ("Math.min(a, b)", "min(a, b)"),
        ("Math.max(a, b - c)", "max(a, b - c)"),
        ("Math.abs(a)", "(a if a >= 0 else -a)"),
        ("Math.pow(n, 2)", "(n * n)"),
        ("parseFloat(a) * Number(n)", "a * n"),
        ("a * 10%", "a * 10 / 100"),
        ("a * .5", "a * 0.5"),
        ("= a * n;", "a * n"),
        ("return a * n", "a * n"),
        ("data.a * ${n}", "a * n"),
        ("{a} * [n]", "a * n"),
    ],
)
def test_a_formula_is_written_in_the_language_here(old: str, ours: str) -> None:
    assert _formula(_with(old)) == ours


@pytest.mark.parametrize(
    ("old", "reason"),
    [
        ("a % n", "gives no number"),
        ("a || 1", "would also replace a 0"),
        ("a ** n", "a power is not known"),
        ("a.map(x => x * 2)", "it is a program"),
        ("nobody * 2", "there is no field nobody"),
        ("Math.sqrt(a)", "Math.sqrt is not known here"),
        ("'x' * 2", "where a number is needed"),
        ("y ? a : 0", "is a checkbox"),
        ("a *", "it ends too early"),
        ("(a", "“)” is missing"),
        ("a b", "stands where the formula should end"),
        ("a @ b", "cannot be read"),
        ("result * 2", "there is no field result"),
        ("(" * 40 + "a" + ")" * 40, "nested too deeply"),
        ("sum(" + ", ".join(["a"] * 900) + ")", "characters"),
    ],
)
def test_what_has_no_exact_meaning_here_is_typed_and_told(old: str, reason: str) -> None:
    result = _with(old, isReadonly=True)

    assert node(result.content, "one.part.result")["type"] == "currency"
    assert "read_only" not in node(result.content, "one.part.result")
    assert reason in told(result.faults, "result.formula")
    assert any(place.endswith("result.formula") for place, _ in result.legacy["kept"])


def test_a_plus_between_amounts_meant_their_sum_and_is_told_as_changed() -> None:
    result = _with("a + b")

    answers = {"one": {"part": {"a": "5"}}}
    assert calculate(build_definition(result.content), answers).values["one.part.result"] == 5
    assert "it is a sum here" in told(result.faults, "result.formula")


@pytest.mark.parametrize(
    ("recipe", "ours"),
    [
        ({"type": "sum", "sourceFields": ["a", "b"]}, "sum(a, b)"),
        ({"type": "sum", "sourceFields": ["parts"]}, "sum(parts.d, parts.e)"),
        ({"type": "product", "sourceFields": ["a", "n"]}, "a * n"),
        ({"type": "difference", "sourceFields": ["a", "b", "c"]}, "a - b - c"),
        ({"type": "division", "sourceFields": ["a", "n"]}, "a / n"),
        ({"type": "max", "sourceFields": [{"fieldId": "a"}, {"fieldId": "b"}]}, "max(a, b)"),
        ({"type": "percentage", "sourceFields": ["a", "fee_percent"]}, "a * fee_percent / 100"),
        ({"type": "custom", "customFormula": "a * n", "dependencies": ["a", "n"]}, "a * n"),
    ],
)
def test_a_calculated_field_described_by_its_kind_is_written_out(recipe: dict[str, Any], ours: str) -> None:
    result = _with("", field("fee_percent", "number"), calculatedField=recipe)

    assert _formula(result) == ours


def test_an_ambiguous_name_is_told_with_its_candidates_and_the_field_typed() -> None:
    document = small_format(
        group("one", field("width", "number")),
        group("two", field("width", "number")),
        field("result", "number", formula="width * 2"),
    )

    result = converted(document)

    assert not _formula(result)
    said = told(result.faults, "result.formula")
    assert "one.part.one.width" in said
    assert "one.part.two.width" in said


def test_the_nearest_of_several_fields_is_meant() -> None:
    document = small_format(
        field("width", "number"),
        group("box", field("width", "number"), field("twice", "number", formula="width * 2")),
        field("other", "number", formula="width * 3"),
    )

    content = converted(document).content
    values = calculate(
        build_definition(content), {"one": {"part": {"width": "1", "box": {"width": "5"}}}}
    ).values

    assert values == {"one.part.box.twice": 10, "one.part.other": 3}


@pytest.mark.parametrize("name", ["size_Sqm", "SIZE_SQM", "sizeSqm"])
def test_a_name_that_was_no_id_here_is_found_by_its_old_spelling(name: str) -> None:
    result = converted(small_format(field(name, "number"), field("result", "number", formula=f"{name} * 2")))

    assert _formula(result).endswith(" * 2")


@pytest.mark.parametrize(
    ("label", "ours"),
    [
        ("Rate per sq. ft. (Rs.)", "area_in(extent, 'sq_ft') * rate"),
        ("Rate (Rs/sqm)", "area_in(extent, 'sq_m') * rate"),
        ("Rate", "area_in(extent, 'sq_yd') * rate"),
    ],
)
def test_the_unit_of_a_rate_is_that_of_its_label_else_the_first_of_the_area(label: str, ours: str) -> None:
    result = converted(
        small_format(
            field("extent", "number", units=["sqyd", "sqm", "sqft"]),
            field("rate", "currency", uiDisplayName=label),
            field("result", "currency", formula="extent * rate", isReadonly=True),
        )
    )

    assert _formula(result) == ours
    told_of_it = "nothing says for which of them the rate is" in told(result.faults, "result.formula")
    assert told_of_it is (label == "Rate")
    # Where the unit is a reading of ours, the figure may be overridden and the form says which it is.
    assert node(result.content, "one.part.result").get("overridable", False) is told_of_it
    assert node(result.content, "one.part.rate").get("suffix", "") == ("per sq yd" if told_of_it else "")


def test_an_area_that_is_worked_out_is_in_its_own_unit() -> None:
    result = converted(
        small_format(
            field("whole", "number", units=["sqyd", "sqm"]),
            field("half", "number", units=["sqm"], formula="whole / 2"),
        )
    )

    half = node(result.content, "one.part.half")
    assert (half["formula"], half["unit"]) == ("area_in(whole, 'sq_m') / 2", "sq_m")


def test_areas_in_different_units_are_added_in_one() -> None:
    result = converted(
        small_format(
            field("a", "number", units=["sqft"]),
            field("b", "number", units=["sqyd"]),
            field("both", "number", formula="a + b"),
            field("more", "number", formula="both + b"),
        )
    )

    answers = {"one": {"part": {"a": {"value": "9", "unit": "sq_ft"}, "b": {"value": "1", "unit": "sq_yd"}}}}
    values = calculate(build_definition(result.content), answers).values
    assert values == {"one.part.both": 18, "one.part.more": 27}


@pytest.mark.parametrize(
    ("formula", "other"), [("other + 1", "result + 1"), ("other", "b - result"), ("other", "other * 2")]
)
def test_formulas_that_go_in_a_circle_are_broken_up_and_told(formula: str, other: str) -> None:
    result = _with(formula, field("other", "currency", formula=other))

    assert sum(bool(_formula(result, f"one.part.{name}")) for name in ("result", "other")) == 1
    assert "typed here" in told(result.faults, "formula")


def test_a_field_that_another_fills_is_calculated_and_overridable_as_it_was() -> None:
    filled = {"autoPopulateSource": {"sourceFieldId": "a", "allowManualOverride": False}}
    result = _with(
        "a * 2",
        field("copy", "currency", calculationMetadata=filled),
        field("free", "currency", calculationMetadata={"autoPopulateSource": {"sourceFieldId": "b"}}),
    )

    assert _formula(result, "one.part.copy") == "a"
    assert "overridable" not in node(result.content, "one.part.copy")
    assert node(result.content, "one.part.free")["overridable"] is True


@pytest.mark.parametrize(
    ("filling", "reason"),
    [
        ({"autoPopulateSource": {"sourceFieldId": "nobody"}}, "there is no field nobody"),
        ({"autoPopulateSource": {"sourceFieldId": "said"}}, "only figures are filled in"),
        ({"autoPopulateSource": {}}, "it names no field"),
        ({"autoPopulateSource": {"sourceFieldId": "copy"}}, "it is the field itself"),
    ],
)
def test_a_filling_that_is_not_possible_here_is_told(filling: dict[str, Any], reason: str) -> None:
    result = _with("a * 2", field("copy", "currency", calculationMetadata=filling))

    assert reason in told(result.faults, "copy")
    assert node(result.content, "one.part.copy")["type"] == "currency"


def test_a_target_filled_by_two_fields_is_typed_and_told() -> None:
    fills = {"autoPopulate": {"targetFields": [{"fieldId": "aim", "condition": "always"}]}}
    result = converted(
        small_format(
            field("a", "currency", calculationMetadata=fills),
            field("b", "currency", calculationMetadata=fills),
            field("aim", "currency"),
        )
    )

    assert not _formula(result, "one.part.aim")
    assert "filled from several fields" in told(result.faults, "aim")


def test_a_calculated_field_is_not_required_of_anybody() -> None:
    result = _with("a * n", isRequired=True)

    assert "required" not in node(result.content, "one.part.result")


def test_a_plus_between_plain_numbers_stays_as_it_is() -> None:
    assert _formula(_with("n + floors", field("floors", "number"))) == "n + floors"


@pytest.mark.parametrize("name", ["class", "in", "parameter"])
def test_a_name_that_no_formula_could_say_is_another_here(name: str) -> None:
    result = converted(small_format(field(name, "number"), field("result", "number", formula=f"{name} * 2")))

    assert _formula(result) == f"{name}_field * 2"


def test_a_read_only_field_without_a_formula_can_be_typed() -> None:
    result = _with("", isReadonly=True)

    assert "read_only" not in node(result.content, "one.part.result")
    assert "nothing filled it" in told(result.faults, "result")


# Completions ------------------------------------------------------------------------------------------


def test_staffs_formula_makes_a_total_calculated_and_overridable() -> None:
    plain = _with("", isReadonly=True)
    assert not _formula(plain)

    document = small_format(field("a", "currency"), field("result", "currency", isReadonly=True))
    result = converted(document, completions={"one.part.result": "a * 2"})

    assert node(result.content, "one.part.result")["formula"] == "a * 2"
    assert node(result.content, "one.part.result")["overridable"] is True


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("nobody * 2", "there is no field nobody"),
        ("__import__('os')", "it may call"),
        ("a +", "cannot be used"),
        ("result", "its own result"),
        ({"reason": "no formula"}, "is none"),
        (7, "is none"),
        ("a.__class__", "there is no field a.__class__"),
    ],
)
def test_a_completion_that_cannot_be_used_is_told_and_the_field_typed(given: Any, reason: str) -> None:
    document = small_format(field("a", "currency"), field("result", "currency", isReadonly=True))

    result = converted(document, completions={"one.part.result": given})

    assert node(result.content, "one.part.result")["type"] == "currency"
    assert reason in told(result.faults, "one.part.result")


def test_a_completion_for_a_field_that_does_not_exist_is_told() -> None:
    assert "no such field" in told(
        converted(small_format(field("a")), completions={"one.gone": "1"}).faults, "one.gone"
    )


def test_completions_may_call_only_what_the_calculation_knows() -> None:
    assert not FUNCTIONS - set(functions.FUNCTIONS)


# Units ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", [one for one in units.UNITS.values() if one.dimension == "area"])
def test_every_spelling_that_the_calculation_knows_is_known_here(unit: units.Unit) -> None:
    assert {find_unit(spelling) for spelling in (unit.id, unit.label, *unit.spellings)} == {unit.id}


@pytest.mark.parametrize(
    ("label", "unit"),
    [
        ("Plinth/Covered Area (in Sq.ft.)", "sq_ft"),
        ("Replacement Rate per Sq.ft. (in Rs.)", "sq_ft"),
        ("Rate (Rs./Sq. Mtr.)", "sq_m"),
        ("Rate per square yard", "sq_yd"),
        ("Rate per m²", "sq_m"),
        ("Rate in Rs.", None),
        ("Rate per sq ft or per sq m", None),
    ],
)
def test_the_unit_is_read_from_a_label_only_where_it_names_one(label: str, unit: str | None) -> None:
    assert unit_named_in(label) == unit


def test_figures_are_worked_out_exactly() -> None:
    result = _with("a * 0.1")

    values = calculate(build_definition(result.content), {"one": {"part": {"a": "0.3"}}}).values

    assert values["one.part.result"] == Decimal("0.03")


# What would be a wrong figure that nobody notices ---------------------------------------------------------


def test_a_percentage_that_is_divided_by_stays_with_its_figure() -> None:
    assert _formula(_with("a / 90%")) == "a / (90 / 100)"


def test_a_worked_out_area_in_a_choice_of_units_that_nothing_decides_is_typed() -> None:
    result = converted(
        small_format(
            field("depth", "number"),
            field("breadth", "number"),
            field("extent", "number", units=["sqyd", "sqft"], formula="depth * breadth"),
        )
    )

    assert node(result.content, "one.part.extent")["type"] == "number_with_unit"
    assert "nothing says which the formula gives" in told(result.faults, "extent.formula")


@pytest.mark.parametrize(("units", "ours"), [(["sqft"], "sq_ft"), (["sqm"], None)])
def test_an_area_filled_from_another_is_in_the_unit_of_that(units: list[str], ours: str | None) -> None:
    filled = {"autoPopulateSource": {"sourceFieldId": "a"}}
    result = converted(
        small_format(
            field("a", "number", units=units),
            field("copy", "number", units=["sqyd", "sqft"], calculationMetadata=filled),
        )
    )

    assert node(result.content, "one.part.copy").get("unit") == ours


@pytest.mark.parametrize("name", ["land_rate", "separate", "corporate_cost"])
def test_a_rate_in_money_is_no_percentage(name: str) -> None:
    recipe = {"type": "percentage", "sourceFields": ["a", name]}
    result = _with("", field(name, "currency"), calculatedField=recipe)

    assert not _formula(result)
    assert "which of the two is the percentage" in told(result.faults, "result")


def test_the_unit_of_a_rate_holds_when_the_rate_was_a_plain_number() -> None:
    result = converted(
        small_format(
            field("extent", "number", units=["sqft"]),
            field("price", "number", uiDisplayName="Rate per acre (Rs)"),
            field("result", "currency", formula="extent * price"),
        )
    )

    assert _formula(result) == "area_in(extent, 'acre') * price"


def _table(*columns: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    return field("floors", "table", columns=list(columns), rows=rows)


def _column(name: str, kind: str = "currency", **more: Any) -> dict[str, Any]:
    return {"columnId": name, "columnName": name.title(), "fieldType": kind, **more}


def test_a_sum_over_the_rows_asked_within_a_row_is_typed() -> None:
    share = _column("share", "calculated", formula="cost / sum(cost) * 100")
    floors = _table(_column("name", "text", isReadonly=True), _column("cost"), share,
                    rows=[{"name": "Ground"}, {"name": "First"}])  # fmt: skip
    result = converted(small_format(floors))

    assert "formula" not in node(result.content, "one.part.floors.share")
    assert "over all rows" in told(result.faults, "share.formula")


def test_a_column_with_a_row_of_totals_is_not_added_up() -> None:
    floors = _table(_column("name", "text", isReadonly=True), _column("net_value"),
                    rows=[{"name": "Ground"}, {"name": "Total", "formula": "sum(net_value)"}])  # fmt: skip
    total = field("building_total", "currency", isReadonly=True)
    result = converted(small_format(floors, total, field("result", "currency", formula="sum(net_value)")))

    assert not _formula(result)
    assert "would count twice" in told(result.faults, "result.formula")
    assert "one.part.building_total" not in result.suggestions
    assert "A row with a formula of its own" in told(result.faults, "floors")


def test_a_total_is_not_suggested_as_the_sum_of_rates() -> None:
    land = group("land", field("area", "number"), field("rate", "currency"), field("rate_max", "currency"))
    works = group("works", field("gate", "currency"), field("well", "currency"))
    result = converted(
        small_format(
            land, works, field("land_total", "currency", isReadonly=True),
            field("works_total", "currency", isReadonly=True),
            field("guideline_total", "currency", isReadonly=True),
            field("total_area", "number", isReadonly=True),
            field("overall_total", "currency", isReadonly=True),
        )
    )  # fmt: skip

    found = {path.rpartition(".")[2]: one.formula for path, one in result.suggestions.items()}
    assert found == {
        "works_total": "sum(works.gate, works.well)",
        "overall_total": "sum(land_total, works_total)",
    }
