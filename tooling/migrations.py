"""Fail when a model has changed and no migration says so: `makemigrations --check` without a database.

The command itself first asks every database for its applied migrations; what is compared here is only the
code with the code.
"""

from __future__ import annotations

import sys

import django
from django.apps import apps
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState


def missing() -> list[str]:
    """One line for each operation that a migration lacks: ``reports: + Field note on report``."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    conflicts = loader.detect_conflicts()
    if conflicts:
        return [f"{label}: two leaves, {', '.join(names)}" for label, names in conflicts.items()]
    detector = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps))
    return [
        f"{label}: {operation.formatted_description()}"
        for label, migrations in detector.changes(graph=loader.graph).items()
        for migration in migrations
        for operation in migration.operations
    ]


def main() -> int:
    django.setup()
    lines = missing()
    for line in lines:
        print(line)
    if lines:
        print("Write the migrations: manage.py makemigrations")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
