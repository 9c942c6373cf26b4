"""An organization's collections and indexes: made whole for a new one, migrated for an older one.

Which migrations an organization's database has is kept on the organization in the control plane, so that the
database itself holds nothing but the firm's collections, and knowing that one is at head costs it no query.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pymongo
from django.apps import apps
from django.db import connections, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from pymongo import ASCENDING

from tenants.context import organization_active
from tenants.files import BUCKET
from tenants.models import Organization
from tenants.planes import Plane, plane_of

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


@lru_cache(maxsize=1)
def head() -> tuple[str, ...]:
    """Every migration that may touch an organization's database, in order, as ``app.name``."""
    return tuple(f"{app}.{name}" for app, name in _plan())


def _plan() -> list[tuple[str, str]]:
    graph = _loader().graph
    ordered: list[tuple[str, str]] = []
    for leaf in graph.leaf_nodes():
        for node in graph.forwards_plan(leaf):
            if node[0] in APPS_WITH_TENANT_MODELS and node not in ordered:
                ordered.append(node)
    return ordered


def create_schema(organization: Organization) -> None:
    """Make every collection and index of an organization; what is there already stays. Repeatable."""
    with organization_active(organization.placement), pymongo.timeout(SCHEMA_SECONDS):
        connection: Any = connections[organization.org_id]
        with connection.schema_editor(atomic=False) as editor:
            for model in tenant_models():
                editor.create_model(model)
        _create_file_store(connection)


def _create_file_store(connection: Any) -> None:
    """GridFS's two collections with the indexes that drivers expect; else the first upload makes them."""
    database = connection.database
    existing = set(database.list_collection_names(filter={"name": {"$regex": f"^{BUCKET}\\."}}))
    for name in (f"{BUCKET}.files", f"{BUCKET}.chunks"):
        if name not in existing:
            database.create_collection(name, check_exists=False)
    database[f"{BUCKET}.files"].create_index([("filename", ASCENDING), ("uploadDate", ASCENDING)])
    database[f"{BUCKET}.chunks"].create_index([("files_id", ASCENDING), ("n", ASCENDING)], unique=True)


def pending_migrations(organization: Organization) -> list[str]:
    """What the organization's database lacks, in order. Costs no query."""
    applied = set(organization.migrations)
    return [name for name in head() if name not in applied]


def migrate_organization(organization: Organization) -> list[str]:
    """Apply what is pending, one migration at a time, each recorded as soon as it is done.

    Returns the names applied. A run that was cut short is continued by the next: the schema editor takes
    what is there already for done.
    """
    pending = pending_migrations(organization)
    if not pending:
        return []
    loader = _loader()
    state: ProjectState = loader.project_state(None)
    applied = set(organization.migrations)
    done: list[str] = []
    # An index over many reports takes as long as it takes.
    with organization_active(organization.placement), pymongo.timeout(None):
        connection: Any = connections[organization.org_id]
        for app, name in _full_plan():
            migration = loader.graph.nodes[app, name]
            full_name = f"{app}.{name}"
            if app not in APPS_WITH_TENANT_MODELS or full_name in applied:
                state = migration.mutate_state(state, preserve=False)
                continue
            with connection.schema_editor(atomic=False) as editor:
                state = migration.apply(state, editor)
            organization.migrations = [*organization.migrations, full_name]
            Organization.objects.filter(pk=organization.pk).update(migrations=organization.migrations)
            done.append(full_name)
    return done


def _full_plan() -> list[tuple[str, str]]:
    """Every migration of every app, dependencies first: the state of the models needs them all."""
    graph = _loader().graph
    ordered: list[tuple[str, str]] = []
    for leaf in graph.leaf_nodes():
        for node in graph.forwards_plan(leaf):
            if node not in ordered:
                ordered.append(node)
    return ordered
