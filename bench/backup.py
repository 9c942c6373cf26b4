"""Backing a firm up and restoring it: speed, memory, and whether everything comes back.

A firm of ``--reports`` reports with history and ``--files-mb`` of photographs in GridFS on a server of its
own. In one process its documents are merely read by PyMongo (``find``, decoded) and backed up to a directory,
in turns; in another the backup is restored as a new firm; at last both firms' collections are compared.

Keys: ``mb_per_s`` of BSON into the backup and ``vs_raw_read``, the time of merely reading divided by that of
the whole backup operation (medians of ``--rounds``); ``restore_mb_per_s`` of the whole restore operation,
with checking the archive before and comparing afterwards; ``restore_vs_raw_insert``, the time of merely
inserting the same documents, read raw, divided by that; ``peak_rss_mb`` and ``restore_peak_rss_mb`` of the
processes; ``round_trip_equal``, whether the documents of every collection are the same, by number and hash.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bson import ObjectId

from bench._timing import prepare_django
from tooling import mongod

FIRM, RESTORED = "bench_firm", "bench_restored"
CHUNK = 255 * 1024
PHOTOGRAPH = 2 * 1024 * 1024
WORDS = (
    "plot boundary carpet area ground floor east facing vitrified tiles sanctioned plan municipal road width "
    "metres residential ownership deed registered distance station market rate adopted condition good"
).split()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("part", nargs="?", default="all", choices=["all", "fill", "backup", "restore"])
    parser.add_argument("--reports", type=int, default=20_000)
    parser.add_argument("--files-mb", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if options.part != "all":
        print(json.dumps({"fill": fill, "backup": backup, "restore": restore}[options.part](options)))
        return
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as directory,
        mongod.running(Path(directory) / "mongo", mongod.Options(cache_gb=1)) as uri,
    ):
        os.environ["MONGODB_URI"] = uri
        os.environ["BACKUP_STORES"] = f"local=file://{directory}/backups"
        os.environ["DJANGO_STATIC_ROOT"] = directory
        found: dict[str, Any] = {}
        for part in ("fill", "backup", "restore"):
            found |= in_a_process(part)
            print(f"{part}: {found}", file=sys.stderr)
    print(json.dumps(found))


def in_a_process(part: str) -> dict[str, Any]:
    """What a part finds, in a process of its own, so that its memory is its own."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.backup", part, *sys.argv[1:]],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


# The firm ---------------------------------------------------------------------------------------------


def fill(options: argparse.Namespace) -> dict[str, Any]:
    prepare_django()
    from django.core.management import call_command

    from tenants.mongodb.clients import clients
    from tenants.operations.provision import NewOrganization, create_organization

    call_command("setup")
    create_organization(NewOrganization(FIRM, "Bench Firm", "BF"), by=None)
    database = clients.for_operations("MONGODB_URI")[FIRM]
    source = random.Random(4)
    for number in range(0, options.reports, 500):
        reports = [report(source, one) for one in range(number, min(number + 500, options.reports))]
        database["reports"].insert_many(reports)
        database["activity_logs"].insert_many(entry for one in reports for entry in activity(one))
    for number in range(options.files_mb * 1024 * 1024 // PHOTOGRAPH):
        store_photograph(database, f"photo-{number}.jpg", os.urandom(PHOTOGRAPH))
    return {"reports": options.reports, "files_mb": options.files_mb}


def text(source: random.Random, words: int) -> str:
    return " ".join(source.choices(WORDS, k=words))


def report(source: random.Random, number: int) -> dict[str, Any]:
    """A report of about 9 kB: answers by section, some tables, its history of states."""
    now = datetime.now(UTC) - timedelta(minutes=number)
    return {
        "_id": ObjectId(),
        "reference": f"BF/{number:05}/23112026",
        "status": source.choice(["draft", "in_review", "approved", "issued"]),
        "bank_code": source.choice(["sbi", "bob", "uco", "pnb"]),
        "applicant": text(source, 3).title(),
        "answers": {
            f"section_{section}": {
                f"field_{field}": text(source, 6) if field % 3 else round(source.uniform(1, 1e6), 2)
                for field in range(18)
            }
            for section in range(9)
        },
        "rates": [
            {"item": text(source, 2), "area": source.uniform(100, 9000), "rate": 4200} for _ in range(12)
        ],
        "history": [{"at": now, "by": ObjectId(), "status": "draft"} for _ in range(6)],
        "created_at": now,
        "updated_at": now,
        "files": [ObjectId() for _ in range(8)],
    }


def activity(one: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for action in ("report.created", "report.saved", "report.submitted"):
        yield {"at": one["created_at"], "action": action, "actor_name": "Bench", "report_id": str(one["_id"])}


def store_photograph(database: Any, name: str, content: bytes) -> None:
    """A file as GridFS keeps it: in pieces of 255 kB."""
    key = ObjectId()
    database["fs.chunks"].insert_many(
        {"files_id": key, "n": n, "data": content[start : start + CHUNK]}
        for n, start in enumerate(range(0, len(content), CHUNK))
    )
    database["fs.files"].insert_one(
        {
            "_id": key,
            "filename": name,
            "length": len(content),
            "chunkSize": CHUNK,
            "uploadDate": datetime.now(UTC),
        }
    )


# The parts --------------------------------------------------------------------------------------------


def backup(options: argparse.Namespace) -> dict[str, Any]:
    prepare_django()
    from tenants.models import Backup, Organization
    from tenants.mongodb.clients import clients
    from tenants.operations.backups.backing_up import BACKUP, request_backup
    from tenants.operations.data import collections_of
    from tenants.operations.engine import run_operation
    from valuation.memory import settle

    settle()
    database = clients.for_operations("MONGODB_URI")[FIRM]

    def merely_read() -> None:
        for name in collections_of(database):
            for _ in database[name].find():
                pass

    def back_up() -> None:
        run_operation(request_backup(Organization.objects.get(org_id=FIRM), by=None), BACKUP)

    taken: dict[str, list[float]] = {"read": [], "backup": []}
    for _ in range(options.rounds):
        taken["backup"].append(seconds(back_up))
        taken["read"].append(seconds(merely_read))
        print(taken, file=sys.stderr)
    read, backed_up = (statistics.median(times) for times in taken.values())
    made = Backup.objects.first()
    assert made is not None
    return {
        "mb_per_s": round(made.bson_bytes / backed_up / 1e6, 1),
        "vs_raw_read": round(read / backed_up, 3),
        "bson_mb": round(made.bson_bytes / 1e6),
        "stored_mb": round(made.stored_bytes / 1e6),
        "peak_rss_mb": peak_rss_mb(),
    }


def restore(options: argparse.Namespace) -> dict[str, Any]:
    prepare_django()
    from tenants.models import Backup
    from tenants.mongodb.clients import clients
    from tenants.operations.backups.restoring import RESTORE, request_restore
    from tenants.operations.data import collections_of, content_hash
    from tenants.operations.engine import run_operation
    from valuation.memory import settle

    settle()
    made = Backup.objects.first()
    assert made is not None
    operation = request_restore(made, RESTORED, by=None, name="Bench Restored", initials="BR")
    taken = seconds(lambda: run_operation(operation, RESTORE))
    peak = peak_rss_mb()
    client = clients.for_operations("MONGODB_URI")

    def hashes(org_id: str) -> dict[str, tuple[int, str]]:
        database = client[org_id]
        found = {name: content_hash(database[name]) for name in collections_of(database)}
        return {name: (one.documents, one.hexdigest()) for name, one in found.items()}

    inserting = seconds(lambda: insert_the_same(client))
    return {
        "restore_mb_per_s": round(made.bson_bytes / taken / 1e6, 1),
        "restore_vs_raw_insert": round(inserting / taken, 3),
        "restore_peak_rss_mb": peak,
        "round_trip_equal": hashes(FIRM) == hashes(RESTORED),
    }


def insert_the_same(client: Any) -> None:
    """Merely the documents, read raw and inserted, into collections with the same indexes."""
    from tenants.operations import data

    for name in data.collections_of(client[FIRM]):
        collection, into = client[FIRM][name], client["bench_inserted"][name]
        data.create_indexes(into, data.indexes_of(collection))
        for batch in data.raw_batches(collection):
            data.insert_raw(into, data.documents_in(batch))


def seconds(function: Callable[[], object]) -> float:
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def peak_rss_mb() -> int:
    """The most memory that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
