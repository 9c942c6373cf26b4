"""django-tenants' side: ``python -m bench._fleet.rival SCHEMAS`` makes schemas and adds the index to each.

The last line is ``{"seconds": …}``, what ``migrate_schemas`` took in this process and those it started.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import django
from django.db import connections

TEMPLATE = "template_firm"
APP = "fleet_firm"
INDEX = "fleet_counter_value"


def main(arguments: list[str]) -> None:
    django.setup()
    from django.core.management import call_command

    quiet: dict[str, Any] = {"verbosity": 0, "interactive": False}
    call_command("migrate_schemas", schema_name="public", **quiet)
    names = [f"fleet_{number:04}" for number in range(int(arguments[0]))]
    _make_template(quiet)
    for name in names:
        _copy(name)
    _record(names)
    connections.close_all()
    began = time.perf_counter()
    call_command("migrate_schemas", tenant=True, executor="multiprocessing", **quiet)
    seconds = time.perf_counter() - began
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_indexes WHERE indexname = %s", [INDEX])
        found = cursor.fetchone()
    assert found == (len(names),), f"{found} schemas have the index."
    print(json.dumps({"seconds": seconds}))


def _make_template(quiet: dict[str, Any]) -> None:
    """A schema that was migrated in the ordinary way, all but the index."""
    from django.core.management import call_command

    with connections["default"].cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {TEMPLATE}")
    call_command("migrate_schemas", schema_name=TEMPLATE, **quiet)
    call_command("migrate_schemas", APP, "0001", schema_name=TEMPLATE, **quiet)


def _copy(name: str) -> None:
    """A schema with the template's tables, indexes and record of migrations."""
    connection: Any = connections["default"]
    connection.set_schema_to_public()
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [TEMPLATE])
        tables = [row[0] for row in cursor.fetchall()]
        cursor.execute(f"CREATE SCHEMA {name}")
        for table in tables:
            cursor.execute(f"CREATE TABLE {name}.{table} (LIKE {TEMPLATE}.{table} INCLUDING ALL)")
        # The copy's numbers begin at 1 again.
        cursor.execute(
            f"INSERT INTO {name}.django_migrations (app, name, applied) "  # noqa: S608 - names made here
            f"SELECT app, name, applied FROM {TEMPLATE}.django_migrations ORDER BY id"
        )


def _record(names: list[str]) -> None:
    from bench._requests.rival.public.models import Firm

    connection: Any = connections["default"]
    connection.set_schema_to_public()
    Firm.objects.bulk_create(Firm(schema_name=name, name=name, initials="B") for name in names)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA {TEMPLATE} CASCADE")


if __name__ == "__main__":
    main(sys.argv[1:])
