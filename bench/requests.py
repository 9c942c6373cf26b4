"""The list page by requests a second: this application, without a database, and on django-tenants.

100 firms with 1,000 reports each, a signed-in person of each in turn, the first page of 20 reports; gunicorn
with the application's own configuration (2 workers of 4 threads), static files by their hashed names as in
production, every server on this machine. Three sides:

- this application: session, person, organization, routing, the reports' numbers and rows from MongoDB;
- the same view, template and middleware with constants in place of everything that asks a database;
- the same view and template on django-tenants with PostgreSQL, set up as ``_requests/rival/__init__.py``
  says; skipped where no PostgreSQL can be started.

Both sides ask for the numbers and the rows in two queries: django-tenants' by Django's ORM, as its users
write them; this application's by aggregations past the ORM, which on MongoDB sorts too late.
``--sql-by-hand`` shows django-tenants past the ORM too, beside the result.

Before anything is timed the pages are compared: but for keys in links and tokens of forms they must be
equal. Every answer under load must be the right firm's page and hold nothing of another. The sides take
turns in short rounds, in another order each time; what counts is the median of a side's rounds.

Keys: ``rps``, ``rps_nodb``, ``rps_django_tenants`` (answers a second), ``vs_nodb`` and ``vs_django_tenants``
(this application's rps ÷ theirs), ``p99_ms`` (99th percentile of this application's answers, all rounds).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench._requests import seeded
from bench._requests.load import Round, one_page
from bench._requests.servers import NoServerError, ServerError, Web, cpu_seconds, environment, python, serving
from tooling import mongod
from tooling.paths import ROOT

FIRMS = 100
REPORTS = 1_000
CONNECTIONS = 8
ROUNDS = 9
ROUND_SECONDS = 2.5
WARM_UP_SECONDS = 3.0
OURS, NO_DATABASE, RIVAL = "this application", "no database", "django-tenants"
RIVAL_BY_HAND = "the same, own SQL"


@dataclass(slots=True)
class Side:
    """One of those compared: where it listens, whom to ask as, what its rounds measured."""

    name: str
    web: Web
    targets: Path
    # The process of its database server, if it has one.
    database: int | None = None
    rounds: list[Round] = field(default_factory=list)
    # What workers and database have used of the processors in those rounds, in seconds.
    workers_cpu: float = 0.0
    database_cpu: float = 0.0

    @property
    def rps(self) -> float:
        return statistics.median(one.rps for one in self.rounds)

    @property
    def answers(self) -> int:
        return sum(len(one.milliseconds) for one in self.rounds)

    def percentile(self, percent: int) -> float:
        times = [taken for one in self.rounds for taken in one.milliseconds]
        return statistics.quantiles(times, n=100)[percent - 1]


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="make bench NAME=requests", description="See this module.")
    parser.add_argument("--firms", type=int, default=FIRMS, help="fewer, to try it out")
    parser.add_argument("--seconds", type=float, default=ROUND_SECONDS, help="of a round")
    parser.add_argument(
        "--sql-by-hand",
        action="store_true",
        help="a fourth side: django-tenants past the ORM",
    )
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-") as name, ExitStack() as stack:
        sides = _sides(stack, Path(name), options.firms, by_hand=options.sql_by_hand)
        _compare_pages(sides)
        for side in sides:
            _measure(side, WARM_UP_SECONDS)
        for number in range(ROUNDS):
            # Another one begins each time, so that nobody always follows the same neighbour.
            for side in sides[number % len(sides) :] + sides[: number % len(sides)]:
                _one_round(side, options.seconds)
        _tell(sides)
        print(json.dumps(result_of(sides)))


def _sides(stack: ExitStack, directory: Path, firms: int, *, by_hand: bool) -> list[Side]:
    """Servers started, databases filled; ``stack`` ends it all."""
    # Days old, so that no report's hour turns into a date between two answers.
    newest = (datetime.now(UTC) - timedelta(days=3)).replace(microsecond=0).isoformat()
    given = [str(firms), str(REPORTS), newest]
    log, ours, constants = directory / "log", directory / "ours.json", directory / "nodb.json"
    server = mongod.start(directory / "mongo")
    stack.callback(server.stop)
    served = environment(directory, DJANGO_SETTINGS_MODULE="valuation.settings", MONGODB_URI=server.uri)
    python(["manage.py", "collectstatic", "--noinput", "--verbosity", "0"], served, log)
    began = time.monotonic()
    # Filling may wait for the machine; pages may not.
    patient = served | {"MONGODB_OPERATION_TIMEOUT_MS": "60000"}
    python(["-m", "bench._requests.ours", *given, str(ours)], patient, log)
    print(f"{firms} firms with {REPORTS:,} reports each in MongoDB: {time.monotonic() - began:.0f} s")
    sides = [Side(OURS, stack.enter_context(serving(served, log)), ours, server.process.pid)]
    _only_first(ours, constants)
    bare = served | {
        "DJANGO_SETTINGS_MODULE": "bench._requests.nodb_settings",
        "BENCH_NEWEST": newest,
        "BENCH_REPORTS": str(REPORTS),
    }
    sides.append(Side(NO_DATABASE, stack.enter_context(serving(bare, log)), constants))
    return sides + rival_sides(stack, directory, given, by_hand=by_hand)


def _only_first(source: Path, destination: Path) -> None:
    """Constants are one firm's: the load of that side asks for this firm's page alone."""
    seeded.write(destination, seeded.read_targets(source)[:1], [])


def rival_sides(
    stack: ExitStack, directory: Path, given: Sequence[str], *, by_hand: bool = False
) -> list[Side]:
    """django-tenants on a PostgreSQL of its own; none, and a line that says why, where there is none."""
    try:
        from bench._requests.rival import postgres

        server = stack.enter_context(postgres.running())
    except (ImportError, NoServerError) as error:
        print(f"django-tenants is skipped: {error}")
        return []
    log, targets = directory / "rival.log", directory / "rival.json"
    surroundings = environment(
        directory, DJANGO_SETTINGS_MODULE="bench._requests.rival.settings", **server.environment()
    )
    began = time.monotonic()
    python(["-m", "bench._requests.rival.seed", *given, str(targets)], surroundings, log)
    print(f"the same in PostgreSQL {server.version}: {time.monotonic() - began:.0f} s")
    names = {RIVAL: surroundings}
    if by_hand:
        names[RIVAL_BY_HAND] = surroundings | {"BENCH_SQL_BY_HAND": "1"}
    return [
        Side(name, stack.enter_context(serving(those, log)), targets, server.process_id)
        for name, those in names.items()
    ]


def _compare_pages(sides: Sequence[Side]) -> None:
    """The first firm's page of every side, but for keys and tokens. Ends the program where they differ."""
    pages = {}
    for side in sides:
        html = one_page(side.web.port, seeded.read_targets(side.targets)[0]).decode("utf-8")
        pages[side.name] = comparable(html)
    for side in sides[1:]:
        if pages[side.name] != pages[OURS]:
            pairs = zip(pages[OURS].splitlines(), pages[side.name].splitlines(), strict=False)
            first = next(((one, other) for one, other in pairs if one != other), ("", "its length"))
            raise SystemExit(f"The page differs on {side.name}:\n  {first[0]}\n  {first[1]}")
    print(f"all pages are the same HTML, {len(pages[OURS]):,} characters")


def comparable(html: str) -> str:
    """A page without what must differ: the reports' keys in links, the random tokens of forms."""
    html = re.sub(r'href="/reports/(?:[0-9a-f]{24}|\d+)/"', 'href="/reports/KEY/"', html)
    return re.sub(r'(csrfmiddlewaretoken" value="|X-CSRFToken": ")[A-Za-z0-9]{64}', r"\1TOKEN", html)


def _one_round(side: Side, seconds: float) -> None:
    """One round that counts, and the processors' time that it took."""
    workers, database = cpu_seconds(side.web.process_id), cpu_seconds(side.database)
    side.rounds.append(_measure(side, seconds))
    side.workers_cpu += cpu_seconds(side.web.process_id) - workers
    side.database_cpu += cpu_seconds(side.database) - database


def _measure(side: Side, seconds: float) -> Round:
    """One round of load, from a process of its own. Ends the program when an answer was not as it must be."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "bench._requests.drive"),
            *(str(side.web.port), str(seconds), str(CONNECTIONS), str(side.targets)),
        ],
        cwd=ROOT,
        env=dict(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    measured = Round(**json.loads(done.stdout.splitlines()[-1]))
    if measured.complaints:
        raise SystemExit(f"{side.name}: {len(measured.complaints)} wrong answers; {measured.complaints[0]}")
    return measured


def _tell(sides: Sequence[Side]) -> None:
    """For people: each side's rounds, what a page costs, and what it sends to its database."""
    for side in sides:
        rates = " ".join(f"{one.rps:6.0f}" for one in side.rounds)
        print(f"{side.name:<17} {side.rps:6.0f} rps (rounds {rates}), p99 {side.percentile(99):.1f} ms")
        workers, database = side.workers_cpu * 1000 / side.answers, side.database_cpu * 1000 / side.answers
        print(f"{'':<17} processors' time a page: workers {workers:.2f} ms, database {database:.2f} ms")
        commands = seeded.read_commands(side.targets)
        if commands:
            print(f"{'':<17} {len(commands)} commands a page: {'; '.join(commands)}")


def versus(one: Side, other: Side) -> float:
    """The median of one's rate divided by the other's in the same round: a slow moment falls on both."""
    pairs = zip(one.rounds, other.rounds, strict=True)
    return round(statistics.median(first.rps / second.rps for first, second in pairs), 3)


def result_of(sides: Sequence[Side]) -> dict[str, float | None]:
    """The line that is read by programs; None for what was skipped."""
    by_name = {side.name: side for side in sides}
    ours, bare, rival = by_name[OURS], by_name[NO_DATABASE], by_name.get(RIVAL)
    return {
        "rps": round(ours.rps, 1),
        "rps_nodb": round(bare.rps, 1),
        "rps_django_tenants": round(rival.rps, 1) if rival else None,
        "vs_django_tenants": versus(ours, rival) if rival else None,
        "vs_nodb": versus(ours, bare),
        "p99_ms": round(ours.percentile(99), 1),
    }


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (ServerError, mongod.MongodError) as problem:
        sys.exit(f"bench: {problem}")
