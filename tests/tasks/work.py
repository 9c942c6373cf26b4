"""Tasks for tests, and where they leave their marks: two collections of the control plane."""

from __future__ import annotations

import threading
from typing import Any

from django.db import connections
from django_tasks import TaskContext, task

from tenants.context import active_org_id
from tenants.errors import WritesFrozen
from tenants.models import Counter
from tenants.naming import CONTROL_ALIAS
from tenants.tasks.attempts import once

RUNS, EFFECTS = "test_runs", "test_effects"
# Long enough to be killed in, and never waited for to the end.
LONG_SECONDS = 120.0


def collection(name: str) -> Any:
    connection: Any = connections[CONTROL_ALIAS]
    return connection.get_collection(name)


def note_run(number: int) -> None:
    collection(RUNS).insert_one({"number": number})


def add_effect(number: int) -> None:
    """Not safe to repeat by itself: that is what ``once`` is for."""
    connection: Any = connections[CONTROL_ALIAS]
    collection(EFFECTS).update_one(
        {"_id": number}, {"$inc": {"times": 1}}, upsert=True, session=connection.session
    )


@task
def effect(number: int) -> int:
    note_run(number)
    once("effect", lambda: add_effect(number))
    return number


@task(takes_context=True)
def effect_and_hang(context: TaskContext, number: int) -> int:
    """Whoever begins it first never gets further than its effect."""
    note_run(number)
    once("effect", lambda: add_effect(number))
    if context.attempt == 1:
        threading.Event().wait(LONG_SECONDS)
    return number


@task
def say(number: int) -> int:
    note_run(number)
    return number


begun, gate = threading.Event(), threading.Event()


@task
def wait_for_the_gate() -> bool:
    begun.set()
    return gate.wait(LONG_SECONDS)


@task
def fail(number: int) -> None:
    note_run(number)
    raise ValueError(f"number {number}")


@task
def organization() -> str | None:
    return active_org_id()


@task
def address() -> str:
    """The setting that the active organization's connection gets its address from."""
    return str(connections[active_org_id() or ""].settings_dict["ADDRESS_SETTING"])


@task
def count_in_the_firm() -> int:
    Counter.objects.create(name="of the task")
    return Counter.objects.count()


@task(takes_context=True)
def frozen_at_first(context: TaskContext) -> str:
    if context.attempt == 1:
        raise WritesFrozen("alpha_valuers")
    return "written"


@task
def leave_a_mark_twice(number: int) -> list[bool]:
    return [once("mark", lambda: add_effect(number)) for _ in range(2)]


@task
async def asynchronous(number: int) -> int:
    return number * 2
