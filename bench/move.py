"""Moving a firm to another cluster under constant writes: lost, doubled, how long nobody could write.

A firm of ``--reports`` reports with history and ``--files-mb`` of photographs on one server, an empty second
one, ``--writers`` processes that write through the ORM without a pause to speak of, each as a request does:
activity is added, a counter is drawn from by conditional update, reports are changed. Every write that was
acknowledged is remembered, and looked for in the end.

Keys: ``lost``, acknowledged writes that are not there; ``duplicated``, writes that are there twice;
``freeze_ms``, from the moment that was announced for the freeze until the placement was switched;
``longest_write_gap_ms``, the longest time in the whole run in which one of the writers had nothing
acknowledged; ``writes``, all acknowledged; ``refused``, writes that were told to come back; ``seconds`` and
``mb_per_s`` of the whole operation, comparing everything included.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections import Counter as Tally
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench._timing import prepare_django
from bench.backup import FIRM, fill
from tooling import mongod

EAST = "MONGODB_URI_EAST"
CALM_SECONDS = 2.0
PAUSE_SECONDS = 0.002
# Each writer changes so many reports of its own.
REPORTS_OF_A_WRITER = 20


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("part", nargs="?", default="all", choices=["all", *PARTS])
    parser.add_argument("--reports", type=int, default=20_000)
    parser.add_argument("--files-mb", type=int, default=1000)
    parser.add_argument("--writers", type=int, default=2)
    parser.add_argument("--number", type=int, default=0, help="of this writer")
    parser.add_argument("--directory", default="", help="where writers leave what they were told")
    options = parser.parse_args()
    if options.part != "all":
        print(json.dumps(PARTS[options.part](options)))
        return
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as directory,
        mongod.running(Path(directory) / "primary", mongod.Options(cache_gb=1)) as uri,
        mongod.running(Path(directory) / "east", mongod.Options(cache_gb=1)) as east,
    ):
        os.environ |= {"MONGODB_URI": uri, EAST: east, "DJANGO_STATIC_ROOT": directory}
        print(f"fill: {finish(start('fill'))}", file=sys.stderr)
        print(json.dumps(move_under_load(options.writers, directory)))


def move_under_load(writers: int, directory: str) -> dict[str, Any]:
    """All writers at work from before the move until after it, then a look at what is there."""
    given = ["--directory", directory]
    processes = [start("write", "--number", str(number), *given) for number in range(writers)]
    stop = Path(directory) / "stop"
    try:
        while len(list(Path(directory).glob("begun-*"))) < writers:
            time.sleep(0.1)
        time.sleep(CALM_SECONDS)
        moved = finish(start("move"))
        time.sleep(CALM_SECONDS)
    finally:
        stop.touch()
        told = [finish(one) for one in processes]
    print(f"writers: {told}", file=sys.stderr)
    return finish(start("look", *given)) | {
        **moved,
        "longest_write_gap_ms": max(one["longest_gap_ms"] for one in told),
        "writes": sum(one["acknowledged"] for one in told),
        "refused": sum(one["refused"] for one in told),
    }


def start(part: str, *more: str) -> subprocess.Popen[str]:
    """A part in a process of its own, with this one's sizes."""
    command = [sys.executable, "-m", "bench.move", part, *sys.argv[1:], *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> dict[str, Any]:
    """What the part has found, when it has ended."""
    output, _ = process.communicate()
    if process.returncode != 0:
        raise SystemExit(f"{process.args!r} ended with {process.returncode}")
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    return found


# A writer ---------------------------------------------------------------------------------------------


def write(options: Namespace) -> dict[str, Any]:
    prepare_django()
    from tenants.middleware import is_unreachable

    writer = Writer(options)
    stop = Path(options.directory) / "stop"
    number = refused = 0
    longest = 0.0
    last = time.monotonic()
    while not stop.exists():
        number += 1
        try:
            writer.write(number)
        except Exception as error:
            if not is_unreachable(error):
                raise
            refused += 1
            continue
        now = time.monotonic()
        longest, last = max(longest, now - last), now
        if number == 10:
            (Path(options.directory) / f"begun-{options.number}").touch()
        time.sleep(PAUSE_SECONDS)
    (Path(options.directory) / f"told-{options.number}.json").write_text(json.dumps(writer.told), "utf-8")
    return {
        "acknowledged": sum(len(one) for one in writer.told.values()),
        "refused": refused,
        "longest_gap_ms": round(longest * 1000),
    }


class Writer:
    """Writes in three ways, in turns; ``told`` is what was acknowledged."""

    def __init__(self, options: Namespace) -> None:
        from reports.models import Report
        from tenants.context import organization_active
        from tenants.models import Counter
        from tenants.operations.placement import find_placement

        self.name = f"writer-{options.number}"
        self.told: dict[str, list[Any]] = {"added": [], "drawn": [], "changed": []}
        with organization_active(find_placement(FIRM)):
            Counter.objects.create(name=self.name)
            first = options.number * REPORTS_OF_A_WRITER
            keys = Report.objects.order_by("pk").values_list("pk", flat=True)
            self._reports = list(keys[first : first + REPORTS_OF_A_WRITER])

    def write(self, number: int) -> None:
        """One write, in the firm as a request would find it now."""
        from tenants.context import organization_active
        from tenants.operations.placement import find_placement

        ways: list[Callable[[int], None]] = [self.add, self.draw, self.change]
        with organization_active(find_placement(FIRM)):
            ways[number % len(ways)](number)

    def add(self, number: int) -> None:
        from tenants.models import ActivityEntry

        target = f"{self.name} {number}"
        ActivityEntry.objects.create(action="bench", actor_id="bench", actor_name="Bench", target=target)
        self.told["added"].append(target)

    def draw(self, number: int) -> None:
        from tenants.models import Counter

        value = Counter.objects.get(name=self.name).value
        if Counter.objects.filter(name=self.name, value=value).update(value=value + 1):
            self.told["drawn"].append(value)

    def change(self, number: int) -> None:
        from reports.models import Report

        key = self._reports[number // 3 % len(self._reports)]
        if Report.objects.filter(pk=key).update(property_address=f"{self.name} {number}"):
            self.told["changed"].append((str(key), number))


# The move, and a look at what came of it --------------------------------------------------------------


def move(options: Namespace) -> dict[str, Any]:
    prepare_django()
    from tenants.models import Cluster, Organization
    from tenants.mongodb.clients import clients
    from tenants.operations.engine import run_operation
    from tenants.operations.moving import MOVE, request_move

    cluster = Cluster.objects.create(name="east", address_setting=EAST)
    operation = request_move(Organization.objects.get(org_id=FIRM), cluster, by=None)
    began = time.perf_counter()
    done = run_operation(operation, MOVE)
    taken = time.perf_counter() - began
    for line in done.log:
        print(line, file=sys.stderr)
    size = clients.for_operations(EAST)[FIRM].command("dbStats")["dataSize"]
    return {
        "freeze_ms": done.state["freeze_ms"],
        "seconds": round(taken, 1),
        "mb": round(size / 1e6),
        "mb_per_s": round(size / taken / 1e6, 1),
    }


def look(options: Namespace) -> dict[str, Any]:
    """Compare what the writers were told with what the firm has now."""
    prepare_django()
    from reports.models import Report
    from tenants.context import organization_active
    from tenants.models import ActivityEntry, Counter, Organization
    from tenants.operations.placement import find_placement

    if Organization.objects.get(org_id=FIRM).cluster_id != "east":
        raise SystemExit("The firm has not moved.")
    lost = duplicated = 0
    with organization_active(find_placement(FIRM)):
        added = ActivityEntry.objects.filter(action="bench").values_list("target", flat=True)
        there = Tally(added)
        duplicated += sum(times - 1 for times in there.values())
        for path in sorted(Path(options.directory).glob("told-*.json")):
            told = json.loads(path.read_text("utf-8"))
            name = path.stem.replace("told", "writer")
            lost += sum(target not in there for target in told["added"])
            drawn = Counter.objects.get(name=name).value
            lost += max(0, len(told["drawn"]) - drawn)
            duplicated += max(0, drawn - len(told["drawn"]))
            for key, number in dict(told["changed"]).items():
                address = str(Report.objects.filter(pk=key).values_list("property_address", flat=True)[0])
                # Later is what was not acknowledged and yet done.
                lost += int(address.rpartition(" ")[2]) < number
    return {"lost": lost, "duplicated": duplicated}


PARTS: dict[str, Callable[[Namespace], dict[str, Any]]] = {
    "fill": fill,
    "write": write,
    "move": move,
    "look": look,
}

if __name__ == "__main__":
    main()
