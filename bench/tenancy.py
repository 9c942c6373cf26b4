"""What an organization more costs a process: clients, threads, sockets, and the time to switch to it.

1,000 organizations on one server, far more than the registry keeps (50). Beside it the stock backend with an
alias for each organization, in a process of its own and for fewer of them: it makes a client for each.

Keys: ``clients`` after all organizations were touched; ``threads_at_1``, ``threads_at_1000``,
``sockets_at_1``, ``sockets_at_1000`` of the process; ``switch_overhead``, the time of an indexed read when
every read is on another organization than the last (all 1,000 in turn) as a multiple of the same read on one
organization; ``driver_overhead``, the same for PyMongo's ``find_one`` alone, which is the server's part;
``switch_overhead_unkept``, the first again with a thread that keeps the wrappers of only 50 organizations;
``stock_…`` for the stock backend.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

from bench._timing import prepare_django
from tooling import mongod

ORGANIZATIONS = 1000
STOCK_ORGANIZATIONS = 200
# Short blocks that take turns, many of them: a slow moment of the machine falls on both sides.
READS = 50
ROUNDS = 400
WARM_UP = 40
COLLECTION = "counters"
DOCUMENT = {"name": "reports", "value": 1}


def main() -> None:
    org_ids = [f"bench_{number:04}" for number in range(ORGANIZATIONS)]
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as directory,
        mongod.running(Path(directory) / "mongo") as uri,
    ):
        fill(uri, org_ids)
        ours = in_a_process("ours", uri)
        stock = in_a_process("stock", uri)
    print(json.dumps({**ours, **stock}))


def fill(uri: str, org_ids: list[str]) -> None:
    """One small collection with its unique index in each organization's database."""
    from pymongo import MongoClient

    with MongoClient[dict[str, Any]](uri) as client:
        for org_id in org_ids:
            client[org_id][COLLECTION].create_index("name", unique=True)
            client[org_id][COLLECTION].insert_one(dict(DOCUMENT))


def in_a_process(side: str, uri: str) -> dict[str, Any]:
    """What ``python -m bench.tenancy SIDE`` measures, in a process that has nothing else to do."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.tenancy", side],
        env={**os.environ, "MONGODB_URI": uri},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


# This application -------------------------------------------------------------------------------------


def ours() -> dict[str, Any]:
    prepare_django()
    from django.conf import settings

    from tenants.context import organization_active
    from tenants.models import Counter
    from tenants.mongodb.clients import clients
    from tenants.registry import Placement
    from valuation.memory import settle

    # As a serving process does.
    settle()
    placements = [Placement(f"bench_{number:04}", "MONGODB_URI") for number in range(ORGANIZATIONS)]

    def read() -> None:
        # An exact look-up by the unique index, through manager, router, wrapper and all guards.
        assert Counter.objects.filter(name="reports").values_list("value", flat=True)[0] == 1

    def on(placement: Placement) -> None:
        with organization_active(placement):
            read()

    on(placements[0])
    figures: dict[str, Any] = {"threads_at_1": threads(), "sockets_at_1": sockets()}
    for placement in placements:
        on(placement)
    figures |= {"clients": clients.count(), "threads_at_1000": threads(), "sockets_at_1000": sockets()}

    def fixed() -> float:
        with organization_active(placements[0]):
            return timed(lambda _: read(), cycle([None]))

    everyone = cycle(placements)
    collection = clients.for_address("MONGODB_URI")
    names = cycle([placement.org_id for placement in placements])

    def find_one(org_id: str) -> None:
        collection[org_id][COLLECTION].find_one({"name": "reports"})

    switching = lambda: timed(on, everyone)  # noqa: E731 - named for the reader
    found = {
        "switch_overhead": ratio("switch_overhead", switching, fixed),
        "driver_overhead": ratio(
            "driver_overhead",
            lambda: timed(find_one, names),
            lambda: timed(find_one, cycle(["bench_0000"])),
        ),
    }
    settings.ORGANIZATION_CONNECTIONS = settings.ORGANIZATION_DATABASES
    found["switch_overhead_unkept"] = ratio("switch_overhead_unkept", switching, fixed)
    return figures | found


def timed(function: Callable[[Any], None], arguments: Iterator[Any]) -> float:
    """Seconds for READS calls, each with the next argument."""
    began = time.perf_counter()
    for _ in range(READS):
        function(next(arguments))
    return time.perf_counter() - began


def ratio(name: str, one: Callable[[], float], other: Callable[[], float]) -> float:
    """The median time of the first divided by that of the second, over ROUNDS in which they take turns.

    Which of the two goes first changes from round to round, so that neither always has the warmer machine.
    """
    taken: tuple[list[float], list[float]] = ([], [])
    for number in range(-WARM_UP, ROUNDS):
        if number % 2:
            first, second = one(), other()
        else:
            second, first = other(), one()
        if number >= 0:
            taken[0].append(first)
            taken[1].append(second)
    medians = [statistics.median(times) / READS * 1e6 for times in taken]
    print(f"{name}: {medians[0]:.0f} µs against {medians[1]:.0f} µs a read", file=sys.stderr)
    return round(medians[0] / medians[1], 3)


# The stock backend ------------------------------------------------------------------------------------


def stock() -> dict[str, Any]:
    """The backend as it comes, one alias for each organization: what it holds after touching them."""
    import django
    from django.conf import settings
    from django.db import connections

    aliases = [f"bench_{number:04}" for number in range(STOCK_ORGANIZATIONS)]
    base = {"ENGINE": "django_mongodb_backend", "HOST": os.environ["MONGODB_URI"]}
    settings.configure(DATABASES={name: {**base, "NAME": name} for name in ("default", *aliases)})
    django.setup()

    def read(alias: str) -> None:
        connections[alias].get_collection(COLLECTION).find_one({"name": "reports"})  # type: ignore[attr-defined]

    read(aliases[0])
    figures = {"stock_threads_at_1": threads(), "stock_sockets_at_1": sockets()}
    for alias in aliases:
        read(alias)
    return figures | {
        "stock_organizations": STOCK_ORGANIZATIONS,
        f"stock_threads_at_{STOCK_ORGANIZATIONS}": threads(),
        f"stock_sockets_at_{STOCK_ORGANIZATIONS}": sockets(),
    }


# What the kernel says ---------------------------------------------------------------------------------


def threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


def sockets() -> int:
    """Sockets that this process has open."""
    found = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            found += descriptor.readlink().name.startswith("socket:")
        except FileNotFoundError:
            continue  # The one that lists the directory.
    return found


if __name__ == "__main__":
    if sys.argv[1:] == ["ours"]:
        print(json.dumps(ours()))
    elif sys.argv[1:] == ["stock"]:
        print(json.dumps(stock()))
    else:
        main()
