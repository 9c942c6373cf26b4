"""``python -m bench._provision.rival.create``: creates firms on django-tenants, as many as a line says.

A line is the number of firms to create; the answer is a JSON list of how long each took, in milliseconds. The
first answer, before any line, is how many tables and indexes a firm has.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import django


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench._provision.rival.settings"
    django.setup()
    from django.core.management import call_command
    from django.db import connections

    call_command("migrate_schemas", schema_name="public", verbosity=0, interactive=False)
    clones = bool(os.environ.get("BENCH_CLONE"))
    if clones:
        _base_schema()
    prefix = "cloned" if clones else "firm"
    create(f"{prefix}_first")
    print(json.dumps(_size_of(connections["default"], f"{prefix}_first")), flush=True)
    made = 0
    for line in sys.stdin:
        taken = []
        for _ in range(int(line)):
            made += 1
            began = time.perf_counter()
            create(f"{prefix}_{made:04}")
            taken.append((time.perf_counter() - began) * 1000)
        print(json.dumps(taken), flush=True)


def create(schema_name: str) -> None:
    """A firm with its schema and subdomain, as the documentation creates one."""
    from bench._provision.rival.public.models import Domain, Firm

    firm = Firm(
        schema_name=schema_name, name=f"Firm {schema_name}", initials="F", letterhead={"name": schema_name}
    )
    firm.save(verbosity=0)
    Domain.objects.create(domain=f"{schema_name}.localhost", tenant=firm, is_primary=True)


def _base_schema() -> None:
    """The schema that is cloned: migrated once."""
    from django.core.management import call_command
    from django.db import connections

    connection: Any = connections["default"]
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA base_firm")
    call_command("migrate_schemas", schema_name="base_firm", verbosity=0, interactive=False)
    connection.set_schema_to_public()


def _size_of(connection: Any, schema_name: str) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = %s AND tablename <> 'django_migrations'",
            [schema_name],
        )
        tables = cursor.fetchone()[0]
        cursor.execute("SELECT count(*) FROM pg_indexes WHERE schemaname = %s", [schema_name])
        return {"tables": tables, "indexes": cursor.fetchone()[0]}


if __name__ == "__main__":
    main()
