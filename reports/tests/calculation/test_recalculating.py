"""Working out only what changed comes to what working out everything comes to."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banks.formats.definition import FormatDefinition
from banks.formats.shipped import format_files, sample, shipped_format
from reports.calculation.engine import Calculation, calculate
from reports.calculation.recalculating import recalculate
from reports.calculation.running import Run
from reports.tests.calculation.building import a_format, calculated, number, rows, text, when
from reports.tests.calculation.generating import FIGURES, answers, formats

D = Decimal
SAMPLED = ["sbi_land_building_v1", "sbi_flat_v1", "bob_land_building_v1"]


def same(one: Calculation, other: Calculation) -> bool:
    """Equal, down to the digits that are shown."""
    return one == other and {k: str(v) for k, v in one.values.items()} == {
        k: str(v) for k, v in other.values.items()
    }


def steps_taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The nodes of the steps taken from now on."""
    taken: list[str] = []
    do = Run.do

    def noted(run: Run, node: str, step: Any) -> None:
        taken.append(node)
        do(run, node, step)

    monkeypatch.setattr(Run, "do", noted)
    return taken


@settings(max_examples=80)
@given(formats(), answers(), st.lists(answers(), min_size=1, max_size=3))
def test_it_comes_to_the_same_for_any_format_and_any_answers(
    definition: FormatDefinition, first: dict[str, Any], later: list[dict[str, Any]]
) -> None:
    before, stood = calculate(definition, first), first
    for after in later:
        before = recalculate(definition, before, stood, after)
        stood = after
        assert same(before, calculate(definition, after))


def leaf_places(node: Any) -> list[tuple[Any, Any]]:
    """(container, key) of every answer that is not made of others."""
    keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    found: list[tuple[Any, Any]] = []
    for key in keys:
        below = leaf_places(node[key])
        found += below or [(node, key)]
    return found


@settings(max_examples=20)
@given(st.sampled_from(SAMPLED), st.data())
def test_it_comes_to_the_same_for_the_shipped_formats(name: str, data: st.DataObject) -> None:
    definition, stood = shipped_format(name), sample(name)["answers"]
    before = calculate(definition, stood)
    for _ in range(3):
        after = copy.deepcopy(stood)
        container, key = data.draw(st.sampled_from(leaf_places(after)))
        container[key] = data.draw(st.one_of(FIGURES, st.sampled_from(["no", "yes", "sq_yd", "2026-01-01"])))
        before = recalculate(definition, before, stood, after)
        stood = after
        assert same(before, calculate(definition, after))


def chain() -> FormatDefinition:
    return a_format(
        number("a"),
        number("b"),
        calculated("twice", "a * 2"),
        calculated("sign", "1 if a > 0 else 0"),
        calculated("after", "sign + 10"),
        calculated("other", "b + 1"),
    )


def answered(**land: Any) -> dict[str, Any]:
    return {"main": {"land": land}}


def test_only_what_depends_on_the_change_is_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    definition = chain()
    before = calculate(definition, answered(a="1", b="1"))
    taken = steps_taken(monkeypatch)

    after = recalculate(definition, before, answered(a="1", b="1"), answered(a="1", b="5"))

    assert (taken, after.values["main.land.other"]) == (["main.land.other"], D(6))


def test_a_figure_that_stays_stops_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    definition = chain()
    before = calculate(definition, answered(a="1"))
    taken = steps_taken(monkeypatch)

    recalculate(definition, before, answered(a="1"), answered(a="7"))

    assert sorted(taken) == ["main.land.sign", "main.land.twice"]


def test_nothing_is_worked_out_when_nothing_changed() -> None:
    definition = chain()
    before = calculate(definition, answered(a="1"))

    assert recalculate(definition, before, answered(a="1"), answered(a="1")) is before


def test_the_caller_may_say_what_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    definition = chain()
    before = calculate(definition, answered(a="1", b="1"))
    taken = steps_taken(monkeypatch)

    after = recalculate(
        definition, before, answered(a="1", b="1"), answered(a="1", b="5"), changed=["main.land.b"]
    )

    assert (taken, after.values["main.land.other"]) == (["main.land.other"], D(6))


def test_the_calculation_before_stays_as_it_was() -> None:
    definition = chain()
    before = calculate(definition, answered(a="1", b="1"))

    recalculate(definition, before, answered(a="1", b="1"), answered(b="5"))

    assert before == calculate(definition, answered(a="1", b="1"))


def test_one_cell_leaves_the_columns_beside_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    table = rows(
        "t", number("x"), number("y"), calculated("u", "x * 2"), calculated("v", "y * 2", total=True)
    )
    definition = a_format(table)
    stood = answered(t=[{"x": "1", "y": "2"}, {"x": "3", "y": "4"}])
    before = calculate(definition, stood)
    taken = steps_taken(monkeypatch)

    after = recalculate(definition, before, stood, answered(t=[{"x": "1", "y": "2"}, {"x": "3", "y": "9"}]))

    assert (taken, after.values["main.land.t.v"]) == (["main.land.t.v"], D(22))


def test_what_appears_is_worked_out() -> None:
    definition = a_format(
        text("built"), number("a", condition=when("built")), calculated("b", "coalesce(a, 0) + 1")
    )
    stood = answered(built="no", a="5")
    before = calculate(definition, stood)

    after = recalculate(definition, before, stood, answered(built="yes", a="5"))

    assert (before.values["main.land.b"], after.values["main.land.b"]) == (D(1), D(6))


def test_a_problem_in_a_branch_no_longer_taken_is_gone() -> None:
    definition = a_format(number("a"), text("kind"), calculated("b", "if(kind == 'yes', a, 0)"))
    stood = answered(a="soon", kind="yes")
    before = calculate(definition, stood)

    after = recalculate(definition, before, stood, answered(a="soon", kind="no"))

    assert (sorted(before.problems), sorted(after.problems)) == (["main.land.a", "main.land.b"], [])


def test_another_format_is_worked_out_afresh() -> None:
    before = calculate(chain(), answered(a="1"))
    definition = a_format(number("a"), calculated("twice", "a * 3"))

    assert recalculate(definition, before, answered(a="1"), answered(a="1")).values == {
        "main.land.twice": D(3)
    }


def test_every_shipped_format_with_a_sample_takes_a_change() -> None:
    for path in format_files():
        definition = shipped_format(path.stem)
        before = calculate(definition, {})

        assert recalculate(definition, before, {}, {"common": {"details": {}}}) == before
