"""What a migration means for organizations' databases: whether it reaches them, takes away, can wait.

A migration class may say of itself:

destructive     True: it takes something away, e.g. a field. Nothing that adds stands in it, and it is applied
                only on demand, in a later run than everything before it.
serves_without  True: code that has the migration serves a database that has not. Said by every destructive
                one; derived where all it does is add or remove indexes.

A ``RunPython`` for organizations' databases has ``hints={"plane": Plane.TENANT}`` and can be repeated, for a
migration that was cut short is applied again from its begin.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db.migrations import operations as django_operations
from django.db.migrations.migration import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import Field

from tenants.planes import Plane, plane_of

_INDEXES = (
    django_operations.AddIndex,
    django_operations.RemoveIndex,
    django_operations.RenameIndex,
)
_WORDS = (django_operations.AlterModelOptions, django_operations.AlterModelManagers)
# May stand beside what takes away: they go with it.
_GOES_ALONG = (
    *_WORDS,
    django_operations.RemoveIndex,
    django_operations.RemoveConstraint,
    django_operations.RunPython,
)


def parts_of(operation: Operation) -> Iterator[Operation]:
    """What an operation does to a database: itself, or what ``SeparateDatabaseAndState`` holds."""
    if isinstance(operation, django_operations.SeparateDatabaseAndState):
        for one in operation.database_operations:
            yield from parts_of(one)
    else:
        yield operation


def plane_of_operation(operation: Operation, app_label: str) -> Plane | None:
    """The plane of the database that it is for; None when its model is no longer in the code.

    Without a model, the hint says it, as it does to the router.
    """
    name = _model_named(operation)
    if not name:
        plane: Plane = getattr(operation, "hints", {}).get("plane", Plane.CONTROL)
        return plane
    try:
        return plane_of(apps.get_model(app_label, name))
    except LookupError:
        return None


def _model_named(operation: Operation) -> str:
    if isinstance(operation, django_operations.RenameModel):
        return str(operation.new_name)
    if isinstance(operation, django_operations.CreateModel | django_operations.DeleteModel):
        return str(operation.name)
    return str(getattr(operation, "model_name", "") or _model_option_of(operation))


def _model_option_of(operation: Operation) -> str:
    """Operations on a model's options have the model in ``name``."""
    of_model = (
        django_operations.AlterModelTable,
        django_operations.AlterModelTableComment,
        django_operations.AlterUniqueTogether,
        django_operations.AlterIndexTogether,
        django_operations.AlterOrderWithRespectTo,
        *_WORDS,
    )
    return str(operation.name) if isinstance(operation, of_model) else ""


def reaches(operation: Operation, app_label: str) -> bool:
    """Whether an operation does anything in an organization's database."""
    return any(plane_of_operation(one, app_label) is Plane.TENANT for one in parts_of(operation))


def reaches_organizations(migration: Migration) -> bool:
    """Whether a migration does anything in an organization's database."""
    return any(reaches(one, migration.app_label) for one in migration.operations)


def is_destructive(migration: Migration) -> bool:
    """Whether it says that it takes something away."""
    return bool(getattr(migration, "destructive", False))


def serves_without(migration: Migration) -> bool:
    """Whether code that has this migration serves a database that has not."""
    said = getattr(migration, "serves_without", None)
    if said is not None:
        return bool(said)
    return not is_destructive(migration) and all(
        isinstance(part, _INDEXES + _WORDS)
        for one in migration.operations
        for part in parts_of(one)
        if plane_of_operation(part, migration.app_label) is Plane.TENANT
    )


def mistakes(migration: Migration, before: ProjectState) -> list[str]:
    """What is wrong with a migration that takes something away from organizations; ``before`` is as it found.

    Empty when nothing is. Applies to models of organizations, and to those that are no longer in the code.
    """
    state = before.clone()
    taken, added = [], []
    for one in migration.operations:
        for part in parts_of(one):
            if plane_of_operation(part, migration.app_label) in (Plane.TENANT, None):
                if what := takes_away(part, migration.app_label, state):
                    taken.append(what)
                elif not isinstance(part, _GOES_ALONG):
                    added.append(part.describe())
        one.state_forwards(migration.app_label, state)
    name = f"{migration.app_label}.{migration.name}"
    if not is_destructive(migration):
        return [f"{name} is not marked destructive, and {what}." for what in taken]
    found = [f"{name} is destructive and does something else besides: {what}." for what in added]
    if not taken and not any(isinstance(one, django_operations.RunPython) for one in migration.operations):
        found.append(f"{name} is marked destructive and takes nothing away.")
    if getattr(migration, "serves_without", None) is None:
        found.append(f"{name} is destructive and says not whether the code serves without it.")
    return found


def takes_away(operation: Operation, app_label: str, state: ProjectState) -> str:
    """What the operation takes from a database in the given state, in words; "" when nothing."""
    if isinstance(operation, django_operations.RemoveField):
        return f"removes {operation.model_name}.{operation.name}"
    if isinstance(operation, django_operations.DeleteModel):
        return f"deletes {operation.name}"
    if isinstance(operation, django_operations.RenameField):
        return f"renames {operation.model_name}.{operation.old_name}"
    if isinstance(operation, django_operations.RenameModel):
        return f"renames {operation.old_name}"
    if isinstance(operation, django_operations.AlterModelTable):
        return f"renames the collection of {operation.name}"
    if isinstance(operation, django_operations.AlterField):
        old = state.models[app_label, operation.model_name.lower()].fields[operation.name]
        if narrowing := _narrowing(old, operation.field):
            return f"narrows {operation.model_name}.{operation.name} ({narrowing})"
    return ""


def _narrowing(old: Field[Any, Any], new: Field[Any, Any]) -> str:
    """Why not every value of the old field is one of the new; "" when each is."""
    if old.get_internal_type() != new.get_internal_type():
        return "another type"
    if old.null and not new.null:
        return "null no longer"
    if (old.db_column or "") != (new.db_column or ""):
        return "another column"
    longest, shortest = old.max_length, new.max_length
    if shortest is not None and (longest is None or longest > shortest):
        return "shorter"
    return ""
