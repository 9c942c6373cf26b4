"""People of a firm who go on working in threads while something is done to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connections

from tenants.context import no_organization, organization_active, require_org_id
from tenants.middleware import is_unreachable
from tenants.models import ActivityEntry, Counter
from tenants.mongodb.transaction import run_atomically
from tenants.operations.placement import find_placement


@dataclass
class Person:
    """Somebody who reads or writes again and again; ``once`` gets a number."""

    org_id: str
    once: Callable[[int], None]
    done: list[int] = field(default_factory=list)
    refused: int = 0
    wrong: list[str] = field(default_factory=list)

    def work(self, stop: threading.Event) -> None:
        number = 0
        with no_organization():
            while not stop.wait(0.002):
                try:
                    with organization_active(find_placement(self.org_id)):
                        self.once(number)
                except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
                    self.refused += 1
                    if not is_unreachable(error):
                        self.wrong.append(repr(error))
                    continue
                self.done.append(number)
                number += 1


@contextmanager
def at_work(people: list[Person]) -> Iterator[None]:
    stop = threading.Event()
    threads = [threading.Thread(target=one.work, args=(stop,)) for one in people]
    for thread in threads:
        thread.start()
    try:
        time.sleep(0.1)
        yield
        time.sleep(0.1)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def create(number: int) -> None:
    ActivityEntry.objects.create(action="made", actor_id="w", actor_name="W", target=str(number))


def count_up(number: int) -> None:
    def both() -> None:
        value = Counter.objects.get(name="counter-1").value
        Counter.objects.filter(name="counter-1").update(value=value + 1)
        ActivityEntry.objects.create(action="counted", actor_id="w", actor_name="W", target=str(value))

    run_atomically(both)


def delete_seed(number: int) -> None:
    # The ORM refuses to remove an entry of what was done; a move takes over whatever happens.
    connection: Any = connections[require_org_id()]
    entries = connection.get_collection(ActivityEntry._meta.db_table)
    entries.delete_many({"action": "seeded", "target": f"seed {number}"})


def read(number: int) -> None:
    assert Counter.objects.count() == 4
    assert len(list(ActivityEntry.objects.filter(action="made").values_list("pk", flat=True))) >= 0
