"""An organization's collections and indexes: made whole for a new one, migrated for an older one.

Which migrations an organization's database has is kept on the organization in the control plane, so that the
database itself holds nothing but the firm's collections, and knowing that one is at head costs it no query.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pymongo
from django.apps import apps
from django.db import connections, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.migration import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from tenants import versions
from tenants.context import organization_active
from tenants.models import Organization
from tenants.operations.blueprint import blueprint_of, lay_out
from tenants.operations.changes import is_destructive, reaches, reaches_organizations, serves_without
from tenants.planes import Plane, plane_of
from tenants.registry import Placement

APPS_WITH_TENANT_MODELS = ("tenants", "banks", "reports")
# For all collections and indexes of a new organization; they are empty, so it is milliseconds each.
SCHEMA_SECONDS = 60


def tenant_models() -> list[type[models.Model]]:
    """Every model whose collection stands in each organization's database."""
    return [
        model
        for label in APPS_WITH_TENANT_MODELS
        for model in apps.get_app_config(label).get_models()
        if plane_of(model) is Plane.TENANT
    ]


@lru_cache(maxsize=1)
def _loader() -> MigrationLoader:
    return MigrationLoader(None, ignore_no_migrations=True)


def history() -> Iterator[tuple[str, Migration, ProjectState]]:
    """Every migration of every app as ``app.name``, dependencies first, with the state that it finds."""
    graph = _loader().graph
    state = ProjectState(real_apps=_loader().unmigrated_apps)
    walked: set[tuple[str, str]] = set()
    for leaf in graph.leaf_nodes():
        for node in graph.forwards_plan(leaf):
            if node not in walked:
                walked.add(node)
                migration = graph.nodes[node]
                yield f"{node[0]}.{node[1]}", migration, state
                state = migration.mutate_state(state, preserve=True)


@lru_cache(maxsize=1)
def release() -> versions.Release:
    """What this code knows of migrations, and which of them it cannot do without."""
    ours = [
        (name, migration)
        for name, migration, _ in history()
        if migration.app_label in APPS_WITH_TENANT_MODELS
    ]
    reaching = [(name, migration) for name, migration in ours if reaches_organizations(migration)]
    replaces = {
        name: tuple(f"{app}.{older}" for app, older in migration.replaces)
        for name, migration in ours
        if migration.replaces
    }
    return versions.Release(
        head=tuple(name for name, _ in reaching),
        needed=frozenset(name for name, migration in reaching if not serves_without(migration)),
        destructive=frozenset(name for name, migration in reaching if is_destructive(migration)),
        known=frozenset(
            [*(name for name, _ in ours), *(name for parts in replaces.values() for name in parts)]
        ),
        replaces=replaces,
    )


@lru_cache(maxsize=1)
def head() -> tuple[str, ...]:
    """Every migration that changes an organization's database, in order, as ``app.name``."""
    return release().head


def can_be_served(organization: Organization) -> bool:
    """Whether this code may work with the organization's database as it is. Asked by every page; no query."""
    return _serves(tuple(organization.migrations), tuple(organization.destructive_migrations))


@lru_cache(maxsize=256)
def _serves(applied: tuple[str, ...], destructive_applied: tuple[str, ...]) -> bool:
    return versions.serves(release(), applied, destructive_applied)


def create_schema(organization: Organization) -> None:
    """Make every collection and index of an organization; what is there already stays. Repeatable."""
    with organization_active(organization.placement), pymongo.timeout(SCHEMA_SECONDS):
        lay_out(connections[organization.org_id], blueprint_of(tuple(tenant_models())))


def pending_migrations(organization: Organization) -> list[str]:
    """What the organization's database lacks, in order. Costs no query."""
    return versions.missing(release(), organization.migrations)


@dataclass(frozen=True, slots=True)
class PreparedOperation:
    """One operation of a migration, with the models before and after it."""

    app_label: str
    operation: Operation
    before: ProjectState
    after: ProjectState


@dataclass(frozen=True, slots=True)
class PreparedMigration:
    """A migration ready to be applied to any number of organizations, by one thread."""

    name: str
    operations: tuple[PreparedOperation, ...]


class Preparations:
    """Migrations prepared once for all organizations that lack the same ones.

    For one thread: Django's operations put a field's default on the shared model while they run.
    """

    def __init__(self) -> None:
        self._of: dict[tuple[str, ...], list[PreparedMigration]] = {}

    def of(self, names: Iterable[str]) -> list[PreparedMigration]:
        """The migrations of these names, in order. Nothing is asked of any database."""
        key = tuple(names)
        if key not in self._of:
            self._of[key] = list(_prepared(frozenset(key)))
        return self._of[key]


def _prepared(names: Collection[str]) -> Iterator[PreparedMigration]:
    wanted = set(names)
    for name, migration, found in history():
        if not wanted:
            return
        if name not in wanted:
            continue
        wanted.discard(name)
        state = found.clone()
        # Models are made once, and those that an operation changes anew.
        _make_models(state)
        prepared = []
        for operation in migration.operations:
            before = state.clone()
            operation.state_forwards(migration.app_label, state)
            if reaches(operation, migration.app_label):
                prepared.append(PreparedOperation(migration.app_label, operation, before, state.clone()))
        yield PreparedMigration(name, tuple(prepared))


def _make_models(state: ProjectState) -> None:
    """Have the state make its models now: the property keeps them, and clones begin with them."""
    assert state.apps is not None  # noqa: S101 - asking is what makes them


def apply_migrations(
    placement: Placement,
    migrations: Sequence[PreparedMigration],
    *,
    applied: Callable[[str], None] = lambda name: None,
) -> None:
    """Change the organization's database; ``applied`` is told each name as soon as it is done.

    A migration that was cut short is applied again from its begin: the schema editor takes what is there
    already for done.
    """
    # An index over many reports takes as long as it takes.
    with organization_active(placement), pymongo.timeout(None):
        connection: Any = connections[placement.org_id]
        for migration in migrations:
            with connection.schema_editor(atomic=False) as editor:
                for one in migration.operations:
                    one.operation.database_forwards(one.app_label, editor, one.before, one.after)
            applied(migration.name)


def migrate_organization(organization: Organization) -> list[str]:
    """Apply what is pending to one organization that the caller has for itself, each recorded when done.

    For an operation that has just filled its database, e.g. from an older backup, so that nobody's code uses
    what a destructive migration takes away: these are applied too. Returns the names applied.
    """
    done: list[str] = []

    def record(name: str) -> None:
        done.append(name)
        organization.migrations = [*organization.migrations, name]
        if name in release().destructive:
            organization.destructive_migrations = [*organization.destructive_migrations, name]
        Organization.objects.filter(pk=organization.pk).update(
            migrations=organization.migrations,
            destructive_migrations=organization.destructive_migrations,
        )

    pending = pending_migrations(organization)
    if pending:
        apply_migrations(organization.placement, Preparations().of(pending), applied=record)
    return done
