"""Migrations that are in no file: added to those of the code for a test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation

from tenants.operations import schema

APP = "tenants"
# An index on a collection of every organization.
INDEX_NAME = "synthetic_value"


def add_index(name: str = INDEX_NAME) -> Operation:
    return migrations.AddIndex("counter", models.Index(fields=["value"], name=name))


def add_field(name: str = "note") -> Operation:
    return migrations.AddField("counter", name, models.CharField(max_length=20, default="new"))


def remove_field(name: str = "note") -> Operation:
    return migrations.RemoveField("counter", name)


def migration(name: str, operations: Sequence[Operation], **marks: Any) -> migrations.Migration:
    """``tenants.<name>``; ``marks`` are what its class says of itself."""
    made = type("Migration", (migrations.Migration,), {"operations": list(operations), **marks})(name, APP)
    assert isinstance(made, migrations.Migration)
    return made


@contextmanager
def code_with(*added: migrations.Migration) -> Iterator[list[str]]:
    """Within the block the code has these migrations too, after its own; gives their names."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    last = loader.graph.leaf_nodes(APP)[0]
    for one in added:
        key = (APP, one.name)
        # Of the object: those of its class are shared by all of that class.
        vars(one)["dependencies"] = [last]
        loader.graph.add_node(key, one)
        loader.graph.add_dependency(one, key, last)
        last = key
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "_loader", lambda: loader)
        forget()
        yield [f"{APP}.{one.name}" for one in added]
    forget()


def forget() -> None:
    """What is kept of the code's migrations."""
    for kept in (schema.head, schema.release, schema._serves):
        kept.cache_clear()
