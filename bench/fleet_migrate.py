"""Migrating 1,000 organizations: with nothing to do, and with one new index for each, beside django-tenants.

Keys: ``noop_seconds``, the command ``migrate_orgs`` when every organization is at head (median of five, in
a process that is running); ``noop_process_seconds``, the same as a process of its own, with the start of
Python and Django; ``index_seconds``, the command with one new index in every organization's database;
``django_tenants_seconds``, its parallel executor doing the same on a smaller number of schemas with as many
tables; ``django_tenants_seconds_scaled``, that for as many schemas as organizations; ``ratio`` of the two.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench._requests.servers import NoServerError, environment
from tooling import mongod
from tooling.paths import ROOT

ORGANIZATIONS = 1000
SCHEMAS = 200
PARALLEL = 4


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="make bench NAME=fleet_migrate", description="See this module.")
    parser.add_argument("--organizations", type=int, default=ORGANIZATIONS, help="fewer, to try it out")
    parser.add_argument("--schemas", type=int, default=SCHEMAS, help="of django-tenants; 0: without it")
    parser.add_argument("--parallel", type=int, default=PARALLEL, help="of migrate_orgs")
    options = parser.parse_args(arguments)
    result = {"organizations": options.organizations, "schemas": options.schemas}
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        result |= ours(Path(name), options.organizations, options.parallel)
        seconds = rival(Path(name), options.schemas) if options.schemas else None
    if seconds is not None:
        scaled = seconds * options.organizations / options.schemas
        result |= {
            "django_tenants_seconds": round(seconds, 2),
            "django_tenants_seconds_scaled": round(scaled, 2),
            "ratio": round(result["index_seconds"] / scaled, 3),
        }
    print(json.dumps(result))


def ours(directory: Path, organizations: int, parallel: int) -> dict[str, Any]:
    """What ``bench._fleet.ours`` measures on a MongoDB of its own, and a whole process with nothing to do."""
    with mongod.running(directory / "mongo") as uri:
        surroundings = environment(
            directory,
            DJANGO_SETTINGS_MODULE="valuation.settings",
            MONGODB_URI=uri,
            # A slow moment of the machine belongs into the figures; it must not end them.
            MONGODB_OPERATION_TIMEOUT_MS="0",
        )
        found = last_line(["-m", "bench._fleet.ours", str(organizations), str(parallel)], surroundings)
        # The index that was added there is in no file, so every organization is ahead now, and not behind.
        began = time.perf_counter()
        told = last_line(["manage.py", "migrate_orgs", "--json"], surroundings)
        found["noop_process_seconds"] = time.perf_counter() - began
    assert told["status"] == "nothing to do", told
    return {name: round(seconds, 3) for name, seconds in found.items()}


def rival(directory: Path, schemas: int) -> float | None:
    """Seconds of django-tenants on a PostgreSQL of its own; None, and a line why, where there is none."""
    try:
        from bench._requests.rival import postgres

        with postgres.running() as server:
            surroundings = environment(
                directory,
                DJANGO_SETTINGS_MODULE="bench._fleet.settings",
                # Its settings begin with the application's, which want one; nothing is asked of it.
                MONGODB_URI="mongodb://127.0.0.1:1/?replicaSet=none",
                **server.environment(),
            )
            return float(last_line(["-m", "bench._fleet.rival", str(schemas)], surroundings)["seconds"])
    except (ImportError, NoServerError) as error:
        print(f"django-tenants is skipped: {error}")
        return None


def last_line(arguments: list[str], surroundings: dict[str, str]) -> dict[str, Any]:
    """Run a module or script of this project, show its lines; the JSON object that it ends with."""
    last = ""
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**surroundings, "PYTHONWARNINGS": os.environ.get("PYTHONWARNINGS", "ignore")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        for line in process.stdout or ():
            if last:
                print(last, flush=True)
            last = line.strip()
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(arguments)} failed with exit status {process.returncode}.\n{last}")
    found: dict[str, Any] = json.loads(last)
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
