"""A process in the middle of its work that forks, and children that work on the same databases."""

from __future__ import annotations

import json
import multiprocessing
import os
import select
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connections

from tenants.context import carry, require_org_id
from tenants.models import Counter
from tenants.mongodb.clients import clients
from tenants.mongodb.transaction import atomic, run_atomically
from tests.stress import serving

CHILD_SECONDS = 30.0
# A look-up of several batches, so that the server keeps a cursor open between them.
MANY = 300
NAMES = [f"many-{number:04}" for number in range(MANY)]


@dataclass(frozen=True)
class AtWork:
    """What the parent is in the middle of when it forks."""

    rest: Iterator[str]
    connections: list[serving.Connection]


@contextmanager
def at_work(port: int) -> Iterator[AtWork]:
    """A pool with several connections, a cursor with batches to come, a transaction in another thread.

    The transaction goes on when the block ends, and has been committed after it.
    """
    Counter.objects.bulk_create([Counter(name=name) for name in NAMES])
    together = threading.Barrier(4)

    def touch(_: int) -> None:
        together.wait()
        Counter.objects.count()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(carry(touch), range(4)))
    rest = Counter.objects.order_by("name").values_list("name", flat=True).iterator(chunk_size=50)
    assert next(rest) == NAMES[0]
    written, go_on = threading.Event(), threading.Event()

    def transaction() -> None:
        with atomic():
            Counter.objects.create(name="of another thread")
            written.set()
            assert go_on.wait(CHILD_SECONDS)
            Counter.objects.create(name="of another thread, after")

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(carry(transaction))
        try:
            assert written.wait(CHILD_SECONDS)
            yield AtWork(rest, serving.connections_to(os.getpid(), {port}))
        finally:
            go_on.set()
        waiting.result()


def work_of_the_child(port: int, inherited: list[str]) -> dict[str, Any]:
    """What the child does as any process would, and what it saw."""
    connection: Any = connections[require_org_id()]
    names = set(Counter.objects.values_list("name", flat=True))
    run_atomically(lambda: Counter.objects.create(name="of the child"))
    made = [one.inode for one in serving.connections_to(os.getpid(), {port})]
    return {
        "many": len(names & set(NAMES)),
        "uncommitted": sorted(names - set(NAMES)),
        "in_transaction": connection.in_atomic_block_mongo,
        "clients": clients.count(),
        "new_connections": len(set(made) - set(inherited)),
    }


def by_fork(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Do ``work`` in a forked child, and nothing else of the parent's."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            told = json.dumps(work())
        except BaseException:  # noqa: BLE001 - whatever it is, the parent must hear of it
            told = json.dumps({"failed": traceback.format_exc()})
        os.write(writer, told.encode())
        os._exit(0)
    os.close(writer)
    try:
        ready, _, _ = select.select([reader], [], [], CHILD_SECONDS)
        told = os.read(reader, 65536).decode() if ready else '{"failed": "no answer"}'
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(reader)
    answer: dict[str, Any] = json.loads(told)
    return answer


def by_multiprocessing(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    context = multiprocessing.get_context("fork")
    reader, writer = context.Pipe(duplex=False)

    def run() -> None:
        writer.send(work())

    child = context.Process(target=run)
    child.start()
    try:
        answer: dict[str, Any] = reader.recv() if reader.poll(CHILD_SECONDS) else {"failed": "no answer"}
    finally:
        child.kill()
        child.join()
        child.close()
        reader.close()
        writer.close()
    return answer
