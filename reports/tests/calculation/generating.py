"""Formats and answers made up at random, for the properties of the calculation."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from banks.formats.definition import (
    Condition,
    Field,
    FieldType,
    FormatDefinition,
    Lookup,
    Option,
    Section,
    Tab,
)
from reports.tests.calculation.building import (
    a_format,
    across,
    calculated,
    fixed,
    group,
    measure,
    number,
    of_type,
    rows,
    text,
)

FIGURES = st.sampled_from(["0", "1", "2.5", "-3", "12", "1000000", "x", None])
_UNITS = tuple(Option(unit, unit) for unit in ("sq_ft", "sq_m"))
# Names that every generated section has, so that formulas and conditions lead somewhere.
_TYPED = ("main.one.a", "main.one.b", "main.two.a", "main.two.b")
_TEXTS = ("main.one.kind", "main.two.kind")
_COLUMNS = ("main.one.t.x", "main.two.t.x", "main.one.t.y", "main.one.w.p")


@st.composite
def formulas(draw: st.DrawFn, names: tuple[str, ...], depth: int = 2) -> str:
    """A formula over ``names``, columns of the generated tables, parameters and a table to look up in."""
    if depth == 0 or draw(st.booleans()):
        return draw(st.sampled_from([*names, "2", "0.5", "parameter.share"]))
    one, other = (draw(formulas(names, depth - 1)) for _ in range(2))
    shape = draw(
        st.sampled_from(
            [
                "{one} + {other}",
                "{one} - {other}",
                "{one} * {other}",
                "{one} / {other}",
                "-{one}",
                "if({one} > {other}, {one}, {other})",
                "{one} if {kind} == 'yes' else {other}",
                "sum({one}, {column})",
                "max({one}, {column})",
                "mean({column}, {one})",
                "count({column}, main.one.t)",
                "coalesce({one}, {other})",
                "round({one}, 1)",
                "percent({one}, 10)",
                "lookup('grades', {kind}, {one})",
                "value_where(main.one.t.x, main.one.t.y, {one}, {other})",
                "area_in(main.one.m, 'sq_ft') + {one}",
                "area_in(main.one.m, main.one.unit) * main.one.rate",
                "main.one.s.north.x + {one}",
            ]
        )
    )
    return shape.format(
        one=f"({one})",
        other=f"({other})",
        kind=draw(st.sampled_from(_TEXTS)),
        column=draw(st.sampled_from(_COLUMNS)),
    )


@st.composite
def conditions(draw: st.DrawFn, names: tuple[str, ...]) -> Condition | None:
    if draw(st.integers(0, 2)):
        return None
    name = draw(st.sampled_from((*names, *_TEXTS, "main.one.t.x")))
    operator = draw(st.sampled_from(["==", "!=", ">", "<=", "filled", "empty", "in"]))
    if operator in ("filled", "empty"):
        return Condition(name, operator)
    return Condition(
        name, operator, ("yes", "2.5") if operator == "in" else draw(st.sampled_from(["yes", "2.5"]))
    )


@st.composite
def formats(draw: st.DrawFn) -> FormatDefinition:
    """Two sections of typed fields and tables, then one of formulas that build upon each other."""
    calculated_fields: list[Field] = []
    names: tuple[str, ...] = _TYPED
    for at in range(draw(st.integers(1, 8))):
        own = f"main.sums.c{at}"
        calculated_fields.append(
            calculated(
                f"c{at}",
                draw(formulas(names)),
                path=own,
                overridable=draw(st.booleans()),
                condition=draw(conditions(names)),
            )
        )
        names = (*names, own)
    column = draw(formulas(("x", "y"), 1)) if draw(st.booleans()) else "x + y"
    sections = tuple(
        Section(
            section, "main", section.title(), _fields(section, column, draw(conditions(("main.three.a",))))
        )
        for section in ("one", "two")
    )
    third = Section("three", "main", "Three", (number("a"), text("kind")), condition=None)
    sums = Section("sums", "main", "Sums", tuple(calculated_fields), condition=draw(conditions(_TYPED)))
    return a_format(
        tabs=(Tab("main", "Main", (third, *sections, sums)),),
        parameters={"share": "3"},
        lookups={"grades": Lookup("grades", rows={"yes": Decimal(7)})},
        headline={"fair_market_value": draw(st.sampled_from((*_TYPED, *names[4:])))},
    )


def _fields(section: str, column: str, condition: Condition | None) -> tuple[Field, ...]:
    return (
        number("a", overridable=False),
        number("b", condition=condition),
        text("kind"),
        of_type("unit", FieldType.SELECT, options=_UNITS),
        number("rate", per="unit"),
        measure("m", "sq_ft", "sq_m", condition=condition),
        group("g", number("k"), text("z")),
        rows(
            "t",
            number("x", total=True),
            number("y", condition=Condition("x", ">", "1")),
            calculated("z", column, overridable=True),
        ),
        fixed("s", ("north", "south"), number("x")),
        across("w", number("p", total=True), calculated("q", "p * 2", total=True)),
    )


def answers() -> st.SearchStrategy[dict[str, Any]]:
    """Answers of every generated format, some of them nonsense."""
    kinds = st.sampled_from(["yes", "no", None, "2.5"])
    row = st.fixed_dictionaries({}, optional={"x": FIGURES, "y": FIGURES, "z": FIGURES})
    across_cells = st.lists(FIGURES, max_size=3)
    section = st.fixed_dictionaries(
        {},
        optional={
            "a": FIGURES,
            "b": FIGURES,
            "kind": kinds,
            "unit": st.sampled_from(["sq_ft", "sq_m", None]),
            "rate": FIGURES,
            "m": st.fixed_dictionaries({"value": FIGURES, "unit": st.sampled_from(["sq_ft", "sq_m", "?"])}),
            "t": st.lists(row, max_size=3),
            "s": st.fixed_dictionaries({"north": row, "south": row}),
            "w": st.fixed_dictionaries(
                {"columns": st.just(["A", "B"]), "cells": st.fixed_dictionaries({"p": across_cells})}
            ),
        },
    )  # fmt: skip
    sums = st.dictionaries(st.sampled_from([f"c{n}" for n in range(4)]), FIGURES, max_size=2)
    return st.fixed_dictionaries(
        {
            "main": st.fixed_dictionaries(
                {}, optional={"one": section, "two": section, "three": section, "sums": sums}
            )
        }
    )
