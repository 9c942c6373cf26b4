"""This application's side: ``python -m bench._fleet.ours ORGANIZATIONS PARALLEL`` in a process of its own.

Provisions the organizations, runs ``migrate_orgs`` with nothing to do, then with one new index for all. The
last line has ``noop_seconds`` (median of five), ``index_seconds`` and ``provision_seconds``.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

from bench._timing import prepare_django

INDEX = "bench_value"
NOOPS = 5
# The server closes what nobody used for half a minute; until then the next organizations wait.
MOST_FILES = 12_000


def main(arguments: list[str]) -> None:
    prepare_django()
    from django.core.management import call_command

    from tenants.models import Cluster

    count, parallel = int(arguments[0]), int(arguments[1])
    call_command("migrate", database="default", verbosity=0)
    call_command("migrate", database="shared", verbosity=0)
    Cluster.objects.get_or_create(
        name="primary", defaults={"address_setting": "MONGODB_URI", "capacity": count + 1}
    )
    org_ids = [f"fleet_{number:04}" for number in range(count)]
    provision_seconds = timed(lambda: provision(org_ids))
    noops = [timed(lambda: migrate(parallel)) for _ in range(NOOPS)]
    with one_more_index():
        index_seconds = timed(lambda: migrate(parallel))
        check(org_ids)
    print(
        json.dumps(
            {
                "provision_seconds": provision_seconds,
                "noop_seconds": statistics.median(noops),
                "index_seconds": index_seconds,
            }
        )
    )
    from tenants.mongodb.clients import clients

    clients.close_all()


def timed(work: Any) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def migrate(parallel: int) -> None:
    from django.core.management import call_command

    call_command("migrate_orgs", parallel=parallel, stdout=StringIO(), stderr=StringIO())


def provision(org_ids: list[str]) -> None:
    """Records and databases, without what provisioning does besides: it has a benchmark of its own."""
    from tenants.models import Cluster, Organization, OrganizationStatus
    from tenants.operations.capacity import measure
    from tenants.operations.schema import create_schema, head

    cluster = Cluster.objects.get(name="primary")
    made = [
        Organization(
            org_id=org_id,
            name=org_id.replace("_", " ").title(),
            initials="B",
            cluster=cluster,
            status=OrganizationStatus.ACTIVE,
            migrations=list(head()),
        )
        for org_id in org_ids
    ]
    Organization.objects.bulk_create(made)
    for number, organization in enumerate(made, 1):
        create_schema(organization)
        if number % 100 == 0:
            print(f"{number} organizations provisioned", flush=True)
            while measure("MONGODB_URI").open_files > MOST_FILES:
                time.sleep(1)


@contextmanager
def one_more_index() -> Iterator[None]:
    """Within it the code has one migration more, which is in no file."""
    from django.db import migrations, models
    from django.db.migrations.loader import MigrationLoader

    from tenants.operations import schema

    index = models.Index(fields=["value"], name=INDEX)
    loader = MigrationLoader(None, ignore_no_migrations=True)
    last = loader.graph.leaf_nodes("tenants")[0]
    kind = type(
        "Migration",
        (migrations.Migration,),
        {"dependencies": [last], "operations": [migrations.AddIndex("counter", index)]},
    )
    key = ("tenants", "9999_bench")
    added = kind(key[1], key[0])
    loader.graph.add_node(key, added)
    loader.graph.add_dependency(added, key, last)
    usual, schema._loader = schema._loader, lambda: loader  # type: ignore[assignment]
    kept = (schema.head, schema.release, schema._serves)
    for one in kept:
        one.cache_clear()
    try:
        yield
    finally:
        schema._loader = usual
        for one in kept:
            one.cache_clear()


def check(org_ids: list[str]) -> None:
    """Every one has the index and stands at head."""
    from tenants.models import Organization
    from tenants.mongodb.clients import clients
    from tenants.operations.schema import head

    client = clients.for_address("MONGODB_URI")
    for org_id in org_ids:
        assert INDEX in client[org_id]["counters"].index_information(), org_id
    at_head = [list(head()) == one for one in Organization.objects.values_list("migrations", flat=True)]
    assert at_head == [True] * len(org_ids)


if __name__ == "__main__":
    main(sys.argv[1:])
