"""What looking for tasks costs the control plane."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import connections
from django.utils import timezone

from tenants.models import TaskRecord
from tenants.mongodb.monitoring import Command
from tenants.tasks import store
from tenants.tasks.worker import Worker
from tests.tasks import work

Commands = Callable[[], AbstractContextManager[list[Command]]]


class AfterSomeLooks(threading.Event):
    """Set by itself when somebody has waited so often."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self._left = looks

    def wait(self, timeout: float | None = None) -> bool:
        self._left -= 1
        if self._left <= 0:
            self.set()
        return self.is_set()


def test_an_idle_worker_sends_one_command_for_each_look(database: None, commands: Commands) -> None:
    worker = Worker(queues=configured.TASK_QUEUES)
    worker.run(AfterSomeLooks(1))
    with commands() as sent:
        worker = Worker(queues=configured.TASK_QUEUES)
        worker._swept_at = float("inf")
        worker.run(AfterSomeLooks(5))
    assert [one.name for one in sent] == ["findAndModify"] * 5


def examined(command: dict[str, Any]) -> tuple[int, int]:
    """Keys and documents that the server looks at for a command."""
    database = connections["default"].database  # type: ignore[attr-defined]
    stats = database.command({"explain": command, "verbosity": "executionStats"})["executionStats"]
    return stats["totalKeysExamined"], stats["totalDocsExamined"]


@pytest.fixture
def many_for_later(database: None) -> None:
    """300 tasks wait for tomorrow, 300 have ended, one is due."""
    work.say.enqueue(0)
    later = work.say.using(run_after=timezone.now() + timedelta(days=1)).enqueue(1)
    sample = store._collection().find_one({"_id": later.id})
    copies = [{**sample, "_id": f"later {number}"} for number in range(300)]
    copies += [{**sample, "_id": f"ended {number}", "state": "SUCCESSFUL"} for number in range(300)]
    store._collection().insert_many(copies)


def test_a_look_reads_what_is_due_and_not_what_waits(many_for_later: None) -> None:
    keys, documents = examined(
        {
            "findAndModify": "tasks",
            "query": store._due(configured.TASK_QUEUES),
            "sort": dict(store._ORDER),
            "update": [{"$set": {"state": "RUNNING"}}],
        }
    )
    assert (keys <= 10, documents <= 2) == (True, True), (keys, documents)


def test_freeing_what_the_dead_had_reads_what_runs_alone(many_for_later: None) -> None:
    assert store.take("a worker", configured.TASK_QUEUES) is not None
    running = {"state": "RUNNING", "$expr": {"$lte": ["$lease_until", "$$NOW"]}}
    assert examined({"find": "tasks", "filter": running})[1] == 1


def test_the_server_removes_what_has_ended(database: None) -> None:
    indexes = store._collection().index_information()
    assert indexes["task_expiry"] == {
        "v": 2,
        "key": [("expires_at", 1)],
        "expireAfterSeconds": 0,
    }


def test_times_are_the_servers_and_not_the_workers(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = timezone.now() + timedelta(days=1)
    with monkeypatch.context() as wrong_clock:
        wrong_clock.setattr(timezone, "now", lambda: ahead)
        result = work.say.enqueue(1)
    taken = store.take("a worker", configured.TASK_QUEUES)
    assert taken is not None
    record = TaskRecord.objects.get(pk=result.id)
    assert record.lease_until is not None
    assert record.lease_until < timezone.now() + timedelta(seconds=configured.TASK_LEASE_SECONDS + 5)
