"""What takes something away from organizations stands alone in a migration that says so."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import migrations, models
from django.db.migrations.operations.base import Operation

from tenants.operations.changes import mistakes, reaches_organizations, serves_without
from tenants.operations.schema import APPS_WITH_TENANT_MODELS, history
from tenants.planes import Plane
from tests.operations.synthetic import add_field, add_index, migration, remove_field

KEPT = {"destructive": True, "serves_without": True}
CONTROL = [migrations.RunPython(migrations.RunPython.noop, hints={"plane": Plane.CONTROL})]
TENANT = [migrations.RunPython(migrations.RunPython.noop, hints={"plane": Plane.TENANT})]
GONE = migrations.RemoveField("counter", "value")
SHORTER = migrations.AlterField("counter", "name", models.CharField(max_length=10, unique=True))
LONGER = migrations.AlterField("counter", "name", models.CharField(max_length=100, unique=True))


def found(operations: list[Operation], **marks: Any) -> list[str]:
    """The mistakes in a migration that follows all of ours."""
    *_, (_, last, state) = history()
    state = last.mutate_state(state)
    return mistakes(migration("9999_synthetic", operations, **marks), state)


def test_no_migration_of_ours_takes_anything_away_unmarked() -> None:
    walked, wrong = 0, []
    for _, one, state in history():
        if one.app_label in APPS_WITH_TENANT_MODELS:
            walked += 1
            wrong += mistakes(one, state)
    assert walked >= 8
    assert wrong == []


@pytest.mark.parametrize(
    "operation",
    [
        GONE,
        migrations.DeleteModel("Counter"),
        migrations.RenameField("counter", "value", "number"),
        migrations.AlterModelTable("counter", "numbers"),
        SHORTER,
        migrations.AlterField("counter", "value", models.CharField(max_length=20)),
        migrations.SeparateDatabaseAndState(database_operations=[GONE], state_operations=[GONE]),
    ],
)
def test_what_takes_away_must_be_marked(operation: Operation) -> None:
    assert len(found([operation])) == 1
    assert found([operation], **KEPT) == []


@pytest.mark.parametrize("operation", [add_index(), add_field(), LONGER, *TENANT])
def test_what_adds_needs_no_mark(operation: Operation) -> None:
    assert found([operation]) == []


def test_what_takes_away_stands_alone() -> None:
    assert ["does something else besides" in one for one in found([GONE, add_field()], **KEPT)] == [True]


def test_a_mark_without_anything_taken_away_is_a_mistake() -> None:
    told = found([migrations.AlterModelOptions("counter", {})], **KEPT)
    assert any("takes nothing away" in one for one in told)


def test_what_takes_away_says_whether_the_code_serves_without_it() -> None:
    assert any("says not whether" in one for one in found([GONE], destructive=True))


def test_models_of_other_planes_are_none_of_its_business() -> None:
    assert found([migrations.RemoveField("organization", "initials")]) == []


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ([add_field()], True),
        (TENANT, True),
        (CONTROL, False),
        ([migrations.AlterModelOptions("user", {})], False),
    ],
)
def test_a_migration_reaches_organizations_when_the_router_would_let_it(
    operations: list[Operation], expected: bool
) -> None:
    assert reaches_organizations(migration("9999", operations)) is expected


@pytest.mark.parametrize(
    ("operations", "marks", "expected"),
    [
        ([add_index()], {}, True),
        ([add_index(), migrations.RemoveIndex("counter", "other")], {}, True),
        ([add_index(), add_field()], {}, False),
        ([add_field()], {"serves_without": True}, True),
        ([add_index()], {"serves_without": False}, False),
        (TENANT, {}, False),
        ([remove_field()], KEPT, True),
    ],
)
def test_only_indexes_can_come_later_unless_the_migration_says_so(
    operations: list[Operation], marks: dict[str, Any], expected: bool
) -> None:
    assert serves_without(migration("9999", operations, **marks)) is expected
