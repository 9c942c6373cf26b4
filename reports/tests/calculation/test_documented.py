"""Every example of ``docs/formulas.md`` comes to what it says."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from banks.formats.definition import Lookup
from reports.calculation.conditions import OPERATORS
from reports.calculation.exact import plain_decimal
from reports.calculation.formula import DEEPEST, LONGEST_FORMULA, MOST_PARTS, compile_formula
from reports.calculation.functions import CHOICES, FUNCTIONS, LOOKUPS
from reports.calculation.problems import FormulaProblem
from reports.calculation.records import MOST_RECORDS
from reports.calculation.running import MOST_WORK
from reports.calculation.values import Column, Quantity, Value

DOCUMENT = (Path(__file__).resolve().parents[3] / "docs" / "formulas.md").read_text(encoding="utf-8")


def lines_of(kind: str) -> list[str]:
    blocks = re.findall(rf"^```{kind}\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line]


def one_value(text: str) -> Value:
    if text == "empty":
        return None
    if text.startswith('"'):
        return text.strip('"')
    figure, *unit = text.split()
    number = Decimal(figure)
    if not unit:
        return number
    return Quantity(number, unit[-1], sole=True, rate=unit[0] == "per")


def a_value(text: str) -> Value:
    if text.startswith("["):
        return Column(tuple(one_value(part.strip()) for part in text.strip("[]").split(",")))
    if text.startswith("{"):
        pairs = [part.strip().split(": ") for part in text.strip("{}").split(",")]
        if "up to" not in text:
            return Lookup("rates", rows={key.strip('"'): Decimal(value) for key, value in pairs})
        limits = [plain_decimal(key.removeprefix("up to ")) for key, _ in pairs]
        return Lookup(
            "wear", ranges=tuple((at, Decimal(pair[1])) for at, pair in zip(limits, pairs, strict=True))
        )
    return one_value(text)


VALUES = {name: a_value(text) for name, _, text in (line.partition(" = ") for line in lines_of("values"))}
EXAMPLES = [tuple(line.split(" → ", 1)) for line in lines_of("formula")]


@pytest.mark.parametrize(("formula", "result"), EXAMPLES, ids=[one[0] for one in EXAMPLES])
def test_an_example_comes_to_what_it_says(formula: str, result: str) -> None:
    if result.startswith("problem: "):
        with pytest.raises(FormulaProblem, match=re.escape(result.removeprefix("problem: "))):
            compile_formula(formula).evaluate(VALUES.__getitem__)
        return
    assert compile_formula(formula).evaluate(VALUES.__getitem__) == one_value(result)


@pytest.mark.parametrize("name", [*FUNCTIONS, *CHOICES, *LOOKUPS])
def test_every_function_has_a_line_and_an_example(name: str) -> None:
    assert re.search(rf"^\|.*`{name}\(.*\|.*\|$", DOCUMENT, re.MULTILINE)
    assert any(f"{name}(" in formula for formula, _ in EXAMPLES)


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_operator_of_conditions_is_described(operator: str) -> None:
    assert f"`{operator}`" in DOCUMENT.partition("## Conditions")[2]


@pytest.mark.parametrize("bound", [LONGEST_FORMULA, MOST_PARTS, DEEPEST, MOST_RECORDS, MOST_WORK])
def test_every_bound_is_told(bound: int) -> None:
    assert f"{bound:,}" in DOCUMENT
