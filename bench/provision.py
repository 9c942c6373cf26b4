"""What creating an organization takes, beside django-tenants; and how many one server holds.

Both sides make a firm with as many tables and the same indexes, ready for its people: this application by
``create_organization`` with all that belongs to it (the operation's steps, room measured and promised, the
audit log), django-tenants as its documentation says (``_provision/rival/__init__.py``), on PostgreSQL as it
comes. They take turns in blocks, each in a process of its own; what counts is the median of all firms.

The fleet then is created on a server that may open ``--open-files`` files, through the same function: it
waits for idle files to be closed whenever there is no room. Afterwards some firms are written and read.

Keys: ``ms_per_org``, ``django_tenants_ms``, ``ratio`` (the first ÷ the second), ``django_tenants_clone_ms``
(django-tenants' quicker way: a base schema is cloned by a function in PostgreSQL); ``tables``, ``indexes`` of
a firm on either side; ``files_per_org``; ``orgs_on_one_server``, ``fleet_seconds``, ``most_files`` open at
any time, ``open_file_limit``, ``server_alive``. A side that cannot be had here is null.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from bench._requests.rival import postgres
from bench._requests.servers import NoServerError
from bench._timing import prepare_django
from tooling import mongod
from tooling.paths import ROOT

ORGANIZATIONS = 200
FLEET = 3_000
OPEN_FILES = 20_000
BLOCK = 10
WARM_UP = 5
AT_ONCE = 4
WAIT_SECONDS = 300.0
VISITED = 50
FLEET_SETTING = "MONGODB_URI_FLEET"


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="make bench NAME=provision", description="See this module.")
    parser.add_argument("--organizations", type=int, default=ORGANIZATIONS, help="timed, on each side")
    parser.add_argument("--fleet", type=int, default=FLEET, help="on one server; 0 leaves it out")
    parser.add_argument("--open-files", type=int, default=OPEN_FILES, help="that server's limit")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-") as name, ExitStack() as stack:
        directory = Path(name)
        _prepare(stack.enter_context(mongod.running(directory / "mongo")), directory)
        found = _speed(stack, options.organizations)
        if options.fleet:
            found |= _fleet(directory, options.fleet, options.open_files)
        from tenants.mongodb.clients import clients

        clients.close_all()
    print(json.dumps(found))


def _prepare(uri: str, directory: Path) -> None:
    os.environ["MONGODB_URI"] = uri
    os.environ["DJANGO_STATIC_ROOT"] = str(directory)
    prepare_django()
    from django.core.management import call_command

    from tenants.models import Cluster

    call_command("migrate", database="default", verbosity=0)
    Cluster.objects.create(name="primary", address_setting="MONGODB_URI", capacity=100_000)


# How long one takes -------------------------------------------------------------------------------------


class Rival:
    """django-tenants in a process of its own; ``size`` is how many tables and indexes a firm has there."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.size: dict[str, int] = self._answer()

    def create(self, number: int) -> list[float]:
        """So many firms; the milliseconds of each."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{number}\n")
        self._process.stdin.flush()
        taken: list[float] = self._answer()
        return taken

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"django-tenants' side ended with exit status {self._process.wait()}.")
        return json.loads(line)


@contextmanager
def _rival(server: postgres.Postgres, **more: str) -> Iterator[Rival]:
    with subprocess.Popen(
        [sys.executable, "-m", "bench._provision.rival.create"],
        cwd=ROOT,
        env={**os.environ, **server.environment(), **more},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Rival(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()


def _speed(stack: ExitStack, organizations: int) -> dict[str, Any]:
    rivals: dict[str, Rival] = {}
    try:
        server = stack.enter_context(postgres.running())
        rivals["django_tenants_ms"] = stack.enter_context(_rival(server))
        rivals["django_tenants_clone_ms"] = stack.enter_context(_rival(server, BENCH_CLONE="1"))
    except NoServerError as error:
        print(f"No PostgreSQL here: {error}", file=sys.stderr)
    _create_ours(WARM_UP)
    for rival in rivals.values():
        rival.create(WARM_UP)
    files = _files_per_organization()
    ours: list[float] = []
    theirs: dict[str, list[float]] = {name: [] for name in rivals}
    while len(ours) < organizations:
        block = min(BLOCK, organizations - len(ours))
        ours += _create_ours(block)
        for name, rival in rivals.items():
            theirs[name] += rival.create(block)
    found: dict[str, Any] = {"ms_per_org": _median(ours), "django_tenants_ms": None, "ratio": None}
    found |= {name: _median(taken) for name, taken in theirs.items()}
    if found["django_tenants_ms"]:
        found["ratio"] = round(found["ms_per_org"] / found["django_tenants_ms"], 3)
    return found | _sizes(rivals) | {"files_per_org": files}


def _median(taken: list[float]) -> float:
    return round(statistics.median(taken), 1)


_made = 0


def _create_ours(number: int, prefix: str = "bench") -> list[float]:
    from tenants.operations.provision import NewOrganization, create_organization

    global _made
    taken = []
    for _ in range(number):
        _made += 1
        wanted = NewOrganization(f"{prefix}_{_made:04}", f"Bench Valuers {_made}", "BV", "primary")
        began = time.perf_counter()
        create_organization(wanted, by=None)
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def _files_per_organization() -> float:
    """What the server has more open after ten organizations more."""
    from tenants.operations.capacity import measure

    before = measure("MONGODB_URI").open_files
    _create_ours(10)
    return round((measure("MONGODB_URI").open_files - before) / 10, 1)


def _sizes(rivals: dict[str, Rival]) -> dict[str, Any]:
    """Tables and indexes of a firm: ours, theirs."""
    from tenants.mongodb.clients import clients

    database = clients.for_address("MONGODB_URI")["bench_0001"]
    names = database.list_collection_names()
    indexes = sum(len(database[name].index_information()) for name in names)
    sizes = [{"tables": len(names), "indexes": indexes}, *(one.size for one in rivals.values())]
    return {key: [one[key] for one in sizes] for key in ("tables", "indexes")}


# How many fit -------------------------------------------------------------------------------------------


def _fleet(directory: Path, wanted: int, open_files: int) -> dict[str, Any]:
    """As many organizations as are wanted, or fit, on a server of their own."""
    from django.conf import settings

    from tenants.models import Cluster
    from tenants.operations.capacity import measure

    server = mongod.start(directory / "fleet", mongod.Options(open_files=open_files))
    try:
        settings.MONGODB_ADDRESSES[FLEET_SETTING] = server.uri
        Cluster.objects.create(name="fleet", address_setting=FLEET_SETTING, capacity=wanted)
        stop, most = threading.Event(), [0]

        def watch() -> None:
            while not stop.wait(0.5):
                most[0] = max(most[0], measure(FLEET_SETTING).open_files)

        watcher = threading.Thread(target=watch, name="watch")
        watcher.start()
        began = time.monotonic()
        try:
            made = _create_fleet(wanted)
        finally:
            stop.set()
            watcher.join()
        seconds = time.monotonic() - began
        return {
            "orgs_on_one_server": len(made),
            "fleet_seconds": round(seconds),
            "most_files": most[0],
            "open_file_limit": measure(FLEET_SETTING).limit,
            "server_alive": server.is_alive() and _all_work(made),
        }
    finally:
        server.stop()


def _create_fleet(wanted: int) -> list[str]:
    """The org_ids of those that were made; tells how far it is."""
    from tenants.operations.provision import NewOrganization
    from tenants.operations.signups import Row, create_all

    rows = [
        Row(number, NewOrganization(f"fleet_{number:04}", f"Fleet Valuers {number}", "FV", "fleet"))
        for number in range(1, wanted + 1)
    ]
    made: list[str] = []
    began = time.monotonic()
    for outcome in create_all(rows, by=None, parallel=AT_ONCE, wait_seconds=WAIT_SECONDS):
        if outcome.problem:
            print(f"{outcome.org_id}: {outcome.problem}", file=sys.stderr)
        else:
            made.append(outcome.org_id)
        if len(made) % 250 == 0:
            print(f"{len(made)} organizations in {time.monotonic() - began:.0f} s", file=sys.stderr)
    return made


def _all_work(made: Sequence[str]) -> bool:
    """Whether some of the firms, by chance, can be written and read."""
    from tenants.context import organization_active
    from tenants.models import Counter
    from tenants.operations.placement import find_placement

    chosen = random.Random(1).sample(list(made), min(VISITED, len(made)))

    def works(org_id: str) -> bool:
        with organization_active(find_placement(org_id)):
            Counter.objects.create(name="works", value=1)
            return Counter.objects.get(name="works").value == 1

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return all(pool.map(works, chosen))


if __name__ == "__main__":
    main(sys.argv[1:])
