"""Sixty organizations over two clusters, and what the threads of a stress test do with them.

Every organization holds documents under the very same keys as all others, so an operation that reaches the
wrong database finds something there, and what it finds says whose it is.
"""

from __future__ import annotations

import random
import threading
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bson import ObjectId
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connections
from django.utils import timezone

from tenants.context import organization_active
from tenants.models import ActivityEntry, Counter
from tenants.mongodb.transaction import run_atomically
from tenants.registry import Placement, registry

COUNTERS = 10
ENTRIES = 240
# An organization's counters begin at its number times this, so a value tells whose it is.
STRIDE = 1_000_000
PLAN = "plan.bin"
# The same in every organization: a misrouted look-up by primary key finds a document too.
ENTRY_IDS = tuple(ObjectId(f"{number:024x}") for number in range(1, ENTRIES + 1))
SEEDED, WRITTEN = "stress.seeded", "stress.written"


class ForeignDocument(AssertionError):
    """Something of another organization was read, or nothing was where something must be."""


class Abandoned(Exception):
    """Raised on purpose in the middle of a transaction."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """One of the organizations: its placement, and the number that its counters begin with."""

    placement: Placement
    number: int

    @property
    def org_id(self) -> str:
        return self.placement.org_id

    @property
    def plan(self) -> bytes:
        """The content of its file: three chunks in GridFS."""
        return f"{self.org_id};".encode() * (600_000 // (len(self.org_id) + 1))

    def check(self, org_id: object) -> None:
        """Raises ForeignDocument unless ``org_id``, which a document said, is this organization's."""
        if org_id != self.org_id:
            raise ForeignDocument(f"{self.org_id} was shown {org_id!r}.")


def seed(tenant: Tenant) -> None:
    """Fill an organization's empty database. Costs three commands and a file."""
    now = timezone.now()
    with organization_active(tenant.placement):
        Counter.objects.bulk_create(
            Counter(name=f"counter-{one}", value=tenant.number * STRIDE) for one in range(COUNTERS)
        )
        ActivityEntry.objects.bulk_create(
            ActivityEntry(
                pk=pk,
                at=now,
                action=SEEDED,
                actor_id="seed",
                actor_name="Seed",
                report_id=f"report-{number}",
                target=tenant.org_id,
                details={"org_id": tenant.org_id},
            )
            for number, pk in enumerate(ENTRY_IDS)
        )
        default_storage.save(PLAN, ContentFile(tenant.plan))


@dataclass
class Ledger:
    """What the threads know to be written: additions to counters and entries, by org_id."""

    added: Tally[str] = field(default_factory=Tally)
    entries: Tally[str] = field(default_factory=Tally)

    @classmethod
    def total(cls, ledgers: Sequence[Ledger]) -> Ledger:
        """All of them as one."""
        whole = cls()
        for one in ledgers:
            whole.added.update(one.added)
            whole.entries.update(one.entries)
        return whole


@contextmanager
def visiting(tenant: Tenant, *, by_id_alone: bool = False) -> Iterator[None]:
    """The organization is active in the block. By its id alone, the registry has to find the placement."""
    with organization_active(tenant.org_id if by_id_alone else tenant.placement):
        yield


class Worker:
    """One thread's work: random operations on random organizations, each checked on the spot.

    ``done`` is how many operations it has finished, visits to other organizations in the midst of one
    included; ``disturbed`` how often work in flight went on though the registry had forgotten its
    organization.
    """

    def __init__(self, tenants: Sequence[Tenant], *, seed: int, operations: int) -> None:
        self.tenants = tenants
        self.seed = seed
        self.operations = operations
        self.done = 0
        self.disturbed = 0
        self.ledger = Ledger()
        self.kinds: Tally[str] = Tally()
        self._random = random.Random(seed)  # noqa: S311 - a repeatable order, no secret
        # Of a thousand operations.
        self._mix: dict[Callable[[Tenant], None], int] = {
            self.read_by_key: 280,
            self.read_by_index: 140,
            self.read_counter: 140,
            self.read_document: 324,
            self.add_to_counter: 60,
            self.insert: 30,
            self.transaction: 12,
            self.abandoned_transaction: 4,
            self.iterate_rows: 4,
            self.iterate_batches: 4,
            self.read_file: 2,
        }

    def run(self, begin: threading.Barrier, stop: threading.Event) -> None:
        """All operations, or until ``stop`` is set."""
        kinds = self._random.choices(list(self._mix), list(self._mix.values()), k=self.operations)
        begin.wait(timeout=30)
        for kind in kinds:
            if stop.is_set() or self.done >= self.operations:
                return
            tenant = self._random.choice(self.tenants)
            with visiting(tenant, by_id_alone=self._random.random() < 0.02):
                kind(tenant)
            self.kinds[kind.__name__] += 1
            self.done += 1

    # Reads -------------------------------------------------------------------------------------------

    def read_by_key(self, tenant: Tenant) -> None:
        pk = self._random.choice(ENTRY_IDS)
        tenant.check(ActivityEntry.objects.filter(pk=pk).values_list("target", flat=True)[0])

    def read_by_index(self, tenant: Tenant) -> None:
        report_id = f"report-{self._random.randrange(ENTRIES)}"
        (details,) = ActivityEntry.objects.filter(report_id=report_id).values_list("details", flat=True)
        tenant.check(details["org_id"])

    def read_counter(self, tenant: Tenant) -> None:
        self._value_of(tenant, self._counter())

    def read_document(self, tenant: Tenant) -> None:
        """Below the ORM, as file store and reference numbers are read."""
        connection: Any = connections[tenant.org_id]
        found = connection.get_collection("activity_logs").find_one({"_id": self._random.choice(ENTRY_IDS)})
        tenant.check(found and found["target"])

    def read_file(self, tenant: Tenant) -> None:
        with default_storage.open(PLAN) as stored:
            if stored.read() != tenant.plan:
                raise ForeignDocument(f"{tenant.org_id} was given another file.")

    # Writes ------------------------------------------------------------------------------------------

    def add_to_counter(self, tenant: Tenant) -> None:
        """By a conditional update: of several at once one wins, and only that one counts."""
        name = self._counter()
        value = self._value_of(tenant, name)
        self.ledger.added[tenant.org_id] += Counter.objects.filter(name=name, value=value).update(
            value=value + 1
        )

    def insert(self, tenant: Tenant) -> None:
        self._write_entry(tenant)
        self.ledger.entries[tenant.org_id] += 1

    def transaction(self, tenant: Tenant) -> None:
        """Two writes, and visits to other organizations between them."""

        def both() -> None:
            self._write_entry(tenant)
            self._leave_and_return(tenant)
            self._write_entry(tenant)

        run_atomically(both)
        self.ledger.entries[tenant.org_id] += 2

    def abandoned_transaction(self, tenant: Tenant) -> None:
        """The same, then a failure: neither may remain, also what was written after the visits."""

        def both_then_fail() -> None:
            self._write_entry(tenant)
            self._leave_and_return(tenant)
            self._write_entry(tenant)
            raise Abandoned

        try:
            run_atomically(both_then_fail)
        except Abandoned:
            return

    # In flight ---------------------------------------------------------------------------------------

    def iterate_rows(self, tenant: Tenant) -> None:
        """A queryset read step by step: its second batch is asked for after visits elsewhere."""
        seen = set()
        rows = ActivityEntry.objects.filter(action=SEEDED).values_list("pk", "target")
        for number, (pk, target) in enumerate(rows.iterator(chunk_size=40)):
            if number == ENTRIES // 4:
                self._leave_and_return(tenant)
            tenant.check(target)
            seen.add(pk)
        self._check_whole(tenant, seen)

    def iterate_batches(self, tenant: Tenant) -> None:
        """A cursor of many small batches, with visits elsewhere among them."""
        connection: Any = connections[tenant.org_id]
        seen = set()
        found = connection.get_collection("activity_logs").find({"action": SEEDED}, batch_size=40)
        for number, document in enumerate(found):
            if number % 80 == 60:
                self._leave_and_return(tenant)
            tenant.check(document["target"])
            seen.add(document["_id"])
        self._check_whole(tenant, seen)

    def _leave_and_return(self, tenant: Tenant) -> None:
        """Visit one organization more than the registry and this thread's connections have room for."""
        for other in self._random.sample(self.tenants, k=registry.capacity + 2):
            if other is not tenant:
                with visiting(other):
                    self.read_document(other)
                self.done += 1
        self.disturbed += tenant.org_id not in registry.org_ids()

    # Parts -------------------------------------------------------------------------------------------

    def _counter(self) -> str:
        return f"counter-{self._random.randrange(COUNTERS)}"

    def _value_of(self, tenant: Tenant, name: str) -> int:
        (value,) = Counter.objects.filter(name=name).values_list("value", flat=True)
        if value // STRIDE != tenant.number:
            raise ForeignDocument(f"{tenant.org_id} was shown the counter of number {value // STRIDE}.")
        return int(value)

    def _write_entry(self, tenant: Tenant) -> None:
        ActivityEntry.objects.create(
            action=WRITTEN,
            actor_id=f"seed-{self.seed}",
            actor_name="Worker",
            report_id="",
            target=tenant.org_id,
        )

    @staticmethod
    def _check_whole(tenant: Tenant, seen: set[ObjectId]) -> None:
        if seen != set(ENTRY_IDS):
            raise ForeignDocument(f"{tenant.org_id} was shown {len(seen)} of {ENTRIES} entries.")
