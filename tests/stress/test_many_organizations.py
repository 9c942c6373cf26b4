"""Many organizations, few places in the registry, many threads: nothing crosses, grows or breaks."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter as Tally
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from tenants.context import organization_active
from tenants.models import ActivityEntry, Cluster, Counter
from tenants.mongodb.clients import clients
from tenants.operations.provision import NewOrganization, create_organization
from tenants.registry import registry
from tests.stress.fleet import COUNTERS, STRIDE, WRITTEN, Ledger, Tenant, Worker, seed
from tests.stress.serving import connections_to
from tooling import mongod

pytestmark = [pytest.mark.stress, pytest.mark.alone, pytest.mark.mongod]

ORGANIZATIONS = 60
CLUSTERS = ("MONGODB_URI", "MONGODB_URI_EAST")
REGISTRY_SIZE = 8
THREADS = 16
OPERATIONS = 100_000
SEED = 20_261_123
# Fewer than the threads, so that the bound is felt.
POOL_SIZE = 10
# A client's monitor of a server: one socket waits for changes, one measures the round trip.
MONITORING_SOCKETS = 2
MUST_END_WITHIN_SECONDS = 300
SAMPLED_EVERY_SECONDS = 0.2


@pytest.fixture
def two_clusters(database: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, int]]:
    """A second cluster beside the primary one, small pools, a small registry; gives the port of each."""
    with mongod.running(tmp_path / "mongo") as uri:
        clients.close_all()
        monkeypatch.setitem(settings.MONGODB_ADDRESSES, "MONGODB_URI_EAST", uri)
        monkeypatch.setitem(settings.MONGODB_CLIENT_OPTIONS, "maxPoolSize", POOL_SIZE)
        monkeypatch.setattr(settings, "ORGANIZATION_DATABASES", REGISTRY_SIZE)
        # Wrappers are made and dropped all the time too.
        monkeypatch.setattr(settings, "ORGANIZATION_CONNECTIONS", REGISTRY_SIZE)
        Cluster.objects.create(name="east", address_setting="MONGODB_URI_EAST")
        yield {name: urlsplit(settings.MONGODB_ADDRESSES[name]).port or 0 for name in CLUSTERS}
        clients.close_all()


@pytest.fixture
def tenants(two_clusters: dict[str, int]) -> list[Tenant]:
    """The organizations, every other one on the second cluster, filled."""
    made = []
    for number in range(1, ORGANIZATIONS + 1):
        asked = NewOrganization(
            f"stress_firm_{number:02}",
            f"Firm {number}",
            f"F{number}",
            cluster=("primary", "east")[number % 2],
        )
        tenant = Tenant(create_organization(asked, by=None).placement, number)
        seed(tenant)
        made.append(tenant)
    return made


@dataclass
class Watched:
    """What was seen while the threads worked; ``sockets`` is the most to each port."""

    seconds: float = 0.0
    samples: int = 0
    threads: set[tuple[int, int]] = field(default_factory=set)
    clients: set[int] = field(default_factory=set)
    sockets: dict[int, int] = field(default_factory=dict)

    def sample(self, ports: Sequence[int]) -> None:
        self.samples += 1
        # Python's own count, and the kernel's: a library's threads are only in the second.
        self.threads.add((threading.active_count(), len(os.listdir("/proc/self/task"))))
        self.clients.add(clients.count())
        open_now = Tally(one.other_port for one in connections_to(os.getpid(), ports) if one.is_established)
        for port, number in open_now.items():
            self.sockets[port] = max(number, self.sockets.get(port, 0))


def work(workers: Sequence[Worker], ports: Sequence[int]) -> Watched:
    """Let every worker run in a thread of its own and watch meanwhile; the first failure ends all."""
    watched = Watched()
    begin, stop = threading.Barrier(len(workers)), threading.Event()
    started = time.monotonic()
    with ThreadPoolExecutor(len(workers)) as pool:
        futures = {pool.submit(worker.run, begin, stop): worker for worker in workers}
        # From when every thread has met both clusters, until the first has no work left.
        while not wait(futures, SAMPLED_EVERY_SECONDS, FIRST_COMPLETED).done:
            if min(worker.done for worker in workers) >= 50:
                watched.sample(ports)
            if time.monotonic() - started > MUST_END_WITHIN_SECONDS:
                stop.set()
        wait(futures, MUST_END_WITHIN_SECONDS, FIRST_EXCEPTION)
        stop.set()
    watched.seconds = time.monotonic() - started
    _raise_first_failure(futures)
    return watched


def _raise_first_failure(futures: dict[Future[None], Worker]) -> None:
    for future, worker in futures.items():
        error = future.exception()
        if error is not None:
            raise AssertionError(f"Seed {worker.seed}, operation {worker.done + 1}: {error!r}") from error


def in_databases(tenants: Sequence[Tenant]) -> tuple[Ledger, dict[str, set[str]]]:
    """What the databases say was written, and whose names stand in each organization's written entries."""
    ledger, names = Ledger(), {}
    for tenant in tenants:
        with organization_active(tenant.placement):
            values = sum(Counter.objects.exclude(name="storage_bytes").values_list("value", flat=True))
            written = list(ActivityEntry.objects.filter(action=WRITTEN).values_list("target", flat=True))
        ledger.added[tenant.org_id] = values - COUNTERS * tenant.number * STRIDE
        ledger.entries[tenant.org_id] = len(written)
        names[tenant.org_id] = set(written)
    return ledger, names


def test_sixty_organizations_share_eight_places_among_sixteen_threads(
    tenants: list[Tenant], two_clusters: dict[str, int], record_property: Any
) -> None:
    each = OPERATIONS // THREADS
    workers = [Worker(tenants, seed=SEED + number, operations=each) for number in range(THREADS)]
    watched = work(workers, list(two_clusters.values()))

    assert sum(worker.done for worker in workers) >= OPERATIONS
    known, (found, names) = Ledger.total([worker.ledger for worker in workers]), in_databases(tenants)
    assert found.added == known.added
    assert found.entries == known.entries
    assert names == {tenant.org_id: {tenant.org_id} for tenant in tenants}
    assert watched.samples > 20
    assert watched.clients == {len(CLUSTERS)}
    assert len(watched.threads) == 1, f"The threads grew or shrank: {sorted(watched.threads)}"
    assert max(watched.sockets.values()) <= POOL_SIZE + MONITORING_SOCKETS
    assert len(registry.org_ids()) <= REGISTRY_SIZE
    assert registry.counts.evictions > OPERATIONS // 2
    assert sum(worker.disturbed for worker in workers) > 500
    _report(record_property, workers, watched)


def _report(record_property: Any, workers: Sequence[Worker], watched: Watched) -> None:
    """Figures for people: in the JUnit file, and printed by ``pytest -s``."""
    figures = {
        "seconds": round(watched.seconds, 1),
        "operations_a_second": round(OPERATIONS / watched.seconds),
        "threads": sorted(watched.threads),
        "sockets": sorted(watched.sockets.values()),
        "evictions": registry.counts.evictions,
        "in_flight_and_evicted": sum(worker.disturbed for worker in workers),
    }
    for name, value in figures.items():
        record_property(name, value)
    print(figures)  # noqa: T201
