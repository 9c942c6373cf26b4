"""Faults of a format that are found before any report is begun."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest

from banks.formats.definition import FieldType, FormatDefinition, Rounding
from banks.formats.problems import FormatProblem
from reports.calculation.compiling import MOST_COMPILED
from reports.calculation.engine import check_formulas, compile_definition
from reports.tests.calculation.building import (
    a_format,
    calculated,
    fixed,
    group,
    measure,
    number,
    of_type,
    rows,
    section,
    text,
    when,
)

ITEMS = rows("items", number("cost"), number("area", total=True))


def only_fault(definition: FormatDefinition) -> str:
    faults = check_formulas(definition)
    assert len(faults) == 1, faults
    return faults[0]


def test_a_sound_format_has_no_fault() -> None:
    assert check_formulas(a_format(number("a"), calculated("b", "a + 1"))) == []


def test_an_unknown_name_is_named_with_its_path() -> None:
    fault = only_fault(a_format(number("a"), calculated("b", "a + nowhere")))
    assert fault.startswith("main.land.b: the formula “a + nowhere” names “nowhere”")


def test_a_group_is_no_figure_but_its_fields_are_named() -> None:
    found = check_formulas(
        a_format(
            group("g", number("m")),
            calculated("b", "g + 1"),
            text("c", condition=when("g", "filled", None)),
        )
    )
    assert sorted(found) == [
        "main.land.b: the formula “g + 1” names “g”, a group; name one of its fields: main.land.g.m.",
        "main.land.c: the condition names “g”, a group; name one of its fields: main.land.g.m.",
    ]


def test_formulas_in_a_circle_hide_no_mixed_units() -> None:
    faults = check_formulas(
        a_format(
            calculated("a", "b"),
            calculated("b", "a"),
            number("feet", unit="sq_ft"),
            number("metres", unit="sq_m"),
            calculated("c", "feet + metres"),
        )
    )
    assert len(faults) == 2
    assert "go round in a circle" in faults[0]
    assert faults[1].startswith("main.land.c: the formula “feet + metres” mixes units")


def test_a_near_miss_is_suggested() -> None:
    fault = only_fault(a_format(number("land_value"), calculated("b", "land_valu + 1")))
    assert "Did you mean “land_value”?" in fault


def test_an_unknown_parameter_is_named() -> None:
    assert "“parameter.rate”" in only_fault(a_format(calculated("b", "parameter.rate")))


def test_say_without_its_parameters_is_a_fault() -> None:
    assert "“parameter.say_mode”" in only_fault(
        a_format(number("a"), calculated("b", "say(a)"), parameters={"say_to": Decimal(1000)})
    )


def test_an_unknown_function_is_named_with_its_path() -> None:
    fault = only_fault(a_format(number("a"), calculated("b", "total(a)")))
    assert fault.startswith("main.land.b: “total” is no function")


def test_a_circle_is_named_from_end_to_end() -> None:
    fault = only_fault(a_format(calculated("a", "b + 1"), calculated("b", "a + 1")))
    assert "main.land.a → main.land.b → main.land.a" in fault or (
        "main.land.b → main.land.a → main.land.b" in fault
    )


def test_a_field_that_names_itself_is_a_circle() -> None:
    assert "circle" in only_fault(a_format(calculated("a", "a + 1")))


def test_a_condition_on_what_it_hides_is_a_circle() -> None:
    inside = section("extra", text("a"), condition=when("main.extra.a"))
    assert "circle" in only_fault(a_format(sections=(inside,)))


def test_a_column_that_needs_its_own_sum_is_a_circle() -> None:
    assert "circle" in only_fault(a_format(rows("t", calculated("a", "sum(t.a)"))))


def test_a_condition_that_names_nothing_is_a_fault() -> None:
    assert "main.land.a: the condition names “nowhere”" in only_fault(
        a_format(text("a", condition=when("nowhere")))
    )


def test_an_unknown_operator_is_a_fault() -> None:
    assert "“~”" in only_fault(a_format(text("a"), text("b", condition=when("a", "~"))))


def test_a_calculated_field_needs_a_formula() -> None:
    assert "has no formula" in only_fault(a_format(of_type("a", FieldType.CALCULATED)))


def test_a_whole_column_is_no_number() -> None:
    assert "write sum(items.cost)" in only_fault(a_format(ITEMS, calculated("b", "items.cost * 2")))


def test_a_column_with_a_total_is_its_total() -> None:
    assert check_formulas(a_format(ITEMS, calculated("b", "items.area * 2"))) == []


def test_a_whole_column_can_be_counted() -> None:
    assert check_formulas(a_format(ITEMS, calculated("b", "count(items.cost)"))) == []


def test_a_whole_table_can_only_be_counted() -> None:
    assert "is a whole table" in only_fault(a_format(ITEMS, calculated("b", "sum(items)")))


def test_a_measure_with_several_units_is_no_bare_number() -> None:
    fault = only_fault(a_format(measure("a", "sq_ft", "sq_m"), calculated("b", "a * 2")))
    assert "turn it into one with area_in(a, …)" in fault


def test_measures_with_several_units_cannot_be_added() -> None:
    assert "area_in" in only_fault(
        a_format(rows("t", measure("a", "sq_ft", "sq_m")), calculated("b", "sum(t.a)"))
    )


def test_a_number_without_unit_has_no_area() -> None:
    assert "no unit of area" in only_fault(a_format(number("a"), calculated("b", "area_in(a, 'sq_ft')")))


def test_a_row_of_a_given_table_must_exist() -> None:
    table = fixed("sides", ("north",), number("a"))
    assert "“sides.west.a”" in only_fault(a_format(table, calculated("b", "sides.west.a")))


@pytest.mark.parametrize("asked", [Rounding(Decimal(0)), Rounding(Decimal(1), "sideways")])
def test_a_rounding_must_make_sense(asked: Rounding) -> None:
    assert "the rounding needs" in only_fault(a_format(calculated("a", "1", rounding=asked)))


def test_a_headline_figure_must_be_a_figure() -> None:
    fault = only_fault(a_format(text("a"), headline={"land_value": "main.land.a"}))
    assert "headline figure land_value" in fault


def test_a_headline_figure_may_be_typed() -> None:
    assert check_formulas(a_format(number("a"), headline={"land_value": "main.land.a"})) == []


def test_a_table_to_look_up_in_must_be_there() -> None:
    fault = only_fault(a_format(number("a"), calculated("b", "lookup('rates', a)")))
    assert "looks up in “rates”, which is no table of this format" in fault


@pytest.mark.parametrize(
    "formula", ["value_where(items.cost, a, 1)", "value_where(items.cost, others.cost, 1)"]
)
def test_the_columns_of_value_where_are_of_one_table(formula: str) -> None:
    others = rows("others", number("cost"))
    fault = only_fault(a_format(ITEMS, others, number("a"), calculated("b", formula)))
    assert "needs two columns of one table" in fault


def test_a_rate_is_per_a_unit_or_a_field_that_chooses_one() -> None:
    fault = only_fault(a_format(text("kind"), number("rate", per="kind")))
    assert "the rate is per “kind”, which is neither a unit" in fault


def test_every_fault_is_told_at_once() -> None:
    assert len(check_formulas(a_format(calculated("a", "nowhere"), calculated("b", "1 +")))) == 2


def test_a_faulty_format_is_refused_with_its_key() -> None:
    with pytest.raises(FormatProblem, match=r"DEMO/general/land/1: main\.land\.a"):
        compile_definition(a_format(calculated("a", "nowhere")))


def test_a_format_is_compiled_once() -> None:
    definition = a_format(calculated("a", "1"))
    assert compile_definition(definition) is compile_definition(definition)


def test_an_equal_format_is_compiled_on_its_own() -> None:
    assert compile_definition(a_format(calculated("a", "1"))) is not compile_definition(
        a_format(calculated("a", "1"))
    )


def test_the_least_recently_used_format_is_forgotten() -> None:
    first = a_format(calculated("a", "1"))
    before = compile_definition(first)
    for _ in range(MOST_COMPILED):
        compile_definition(a_format(calculated("a", "1")))
    assert compile_definition(first) is not before


def test_a_format_in_use_is_not_forgotten() -> None:
    first = a_format(calculated("a", "1"))
    before = compile_definition(first)
    for _ in range(MOST_COMPILED):
        compile_definition(a_format(calculated("a", "1")))
        compile_definition(first)
    assert compile_definition(first) is before


def test_many_threads_get_the_same_figures() -> None:
    definition = a_format(*(calculated(f"f{n}", f"{n} + 1") for n in range(50)))
    seen: list[int] = []
    threads = [
        threading.Thread(target=lambda: seen.append(len(compile_definition(definition).steps)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [50] * 8
