"""``manage.py runworker``, and what Celery is told when it is the one who works."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.core.management import CommandError, call_command
from django.utils import timezone
from kombu.exceptions import OperationalError

from tenants.management.commands import runworker as runworker_command
from tenants.management.commands.runworker import supervise
from tenants.models import TaskRecord, TaskState
from tenants.mongodb.transaction import atomic
from tenants.naming import CONTROL_ALIAS
from tenants.tasks import celery, duties, store
from tenants.tasks.worker import Worker
from tests.stress.three_members import wait_until
from tests.tasks import work

QUEUES = configured.TASK_QUEUES


def runworker(*arguments: str) -> dict[str, int]:
    out = StringIO()
    call_command("runworker", "--until-empty", "--json", *arguments, stdout=out)
    told: dict[str, int] = json.loads(out.getvalue().splitlines()[-1])
    return told


def test_it_does_what_is_due_and_tells_what_became_of_it(marks: None, settings: Any) -> None:
    settings.TASK_ATTEMPTS = 1
    for task in (work.say, work.say, work.fail):
        task.enqueue(1)
    assert runworker("--without-duties") == {"DEAD": 1, "SUCCESSFUL": 2}


def test_it_takes_the_queues_that_it_is_given(marks: None) -> None:
    work.say.enqueue(1)
    work.say.using(queue_name="operations").enqueue(2)
    assert runworker("--queues", "operations", "--without-duties") == {"SUCCESSFUL": 1}
    assert TaskRecord.objects.get(state=TaskState.READY).queue == "default"


def test_it_does_the_duties_as_well(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duties, "DUTIES", duties.DUTIES[:1])
    assert runworker() == {"SUCCESSFUL": 1}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("--queues", "night"), "No queue 'night'"), (("--threads", "0"), "one thread")],
)
def test_it_says_what_it_cannot_do(arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("runworker", *arguments)


def test_asked_to_end_it_lets_what_is_under_way_come_to_its_end(marks: None) -> None:
    work.begun.clear()
    work.gate.clear()
    under_way = work.wait_for_the_gate.using(priority=1).enqueue()
    waiting = work.say.enqueue(1)
    stopping = threading.Event()
    worker = threading.Thread(target=Worker(queues=QUEUES).run, args=(stopping,))
    worker.start()
    assert work.begun.wait(30)
    stopping.set()
    work.gate.set()
    worker.join(30)
    states = {one.pk: one.state for one in TaskRecord.objects.all()}
    assert states == {under_way.id: TaskState.SUCCESSFUL, waiting.id: TaskState.READY}


def test_a_lease_is_kept_for_as_long_as_the_task_takes(marks: None, settings: Any) -> None:
    settings.TASK_LEASE_SECONDS = 1.2
    work.begun.clear()
    work.gate.clear()
    result = work.wait_for_the_gate.enqueue()
    stopping = threading.Event()
    worker = threading.Thread(target=Worker(queues=QUEUES).run, args=(stopping,))
    worker.start()
    try:
        assert work.begun.wait(30)
        first = TaskRecord.objects.get(pk=result.id).lease_until
        wait_until(
            lambda: TaskRecord.objects.get(pk=result.id).lease_until != first, seconds=10, what="a renewal"
        )
        assert store.free_lost() == 0
    finally:
        stopping.set()
        work.gate.set()
        worker.join(30)
    assert TaskRecord.objects.get(pk=result.id).attempts == 1


def noting(directory: Path, then: str) -> list[str]:
    """A program that leaves a file named after its process, and then does something else."""
    return [sys.executable, "-c", f"import os, time; open(f'{directory}/{{os.getpid()}}', 'w'); {then}"]


def process_ids(directory: Path) -> list[int]:
    return [int(one.name) for one in directory.iterdir()]


def test_several_processes_end_together_when_they_have_nothing_to_do(tmp_path: Path) -> None:
    supervise(noting(tmp_path, "pass"), 2, threading.Event(), replacing=False)
    assert len(process_ids(tmp_path)) == 2


def test_a_process_that_died_is_replaced_and_all_end_when_asked_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runworker_command, "REPLACE_SECONDS", 0.05)
    stopping = threading.Event()
    supervisor = threading.Thread(
        target=supervise, args=(noting(tmp_path, "time.sleep(60)"), 2, stopping), kwargs={"replacing": True}
    )
    supervisor.start()
    try:
        wait_until(lambda: len(process_ids(tmp_path)) == 2, seconds=20, what="two processes")
        os.kill(process_ids(tmp_path)[0], signal.SIGKILL)
        wait_until(lambda: len(process_ids(tmp_path)) == 3, seconds=20, what="a replacement")
    finally:
        stopping.set()
        supervisor.join(20)
    assert [one for one in process_ids(tmp_path) if Path(f"/proc/{one}").exists()] == []


# Celery -----------------------------------------------------------------------------------------------


@pytest.fixture
def with_celery(marks: None, settings: Any, redis_url: str) -> None:
    settings.TASKS = {
        "default": {"BACKEND": "tenants.tasks.celery.CeleryBackend", "QUEUES": configured.TASK_QUEUES}
    }
    with celery.app.connection_for_write() as connection:
        for queue in QUEUES:
            connection.default_channel.queue_purge(queue)


def test_celery_is_told_of_a_task_at_once(with_celery: None) -> None:
    work.say.enqueue(1)
    assert celery.waiting_messages("default") == 1


def test_celery_is_told_when_the_transaction_is_there(with_celery: None) -> None:
    with atomic(CONTROL_ALIAS):
        work.say.enqueue(1)
        assert celery.waiting_messages("default") == 0
    assert celery.waiting_messages("default") == 1


def test_celery_is_told_of_a_task_for_later_when_it_is_due(with_celery: None) -> None:
    result = work.say.using(run_after=timezone.now() + timedelta(hours=1)).enqueue(1)
    assert (celery.announce_what_is_due(QUEUES), celery.waiting_messages("default")) == (0, 0)
    TaskRecord.objects.filter(pk=result.id).update(run_after=store._LONG_AGO)
    assert (celery.announce_what_is_due(QUEUES), celery.waiting_messages("default")) == (1, 1)


def test_celery_is_told_again_when_redis_has_lost_the_message(with_celery: None) -> None:
    work.say.enqueue(1)
    with celery.app.connection_for_write() as connection:
        connection.default_channel.queue_purge("default")
    assert celery.announce_what_is_due(QUEUES) == 0
    TaskRecord.objects.update(announced_at=store._LONG_AGO)
    assert (celery.announce_what_is_due(QUEUES), celery.waiting_messages("default")) == (1, 1)


def test_celery_is_told_again_of_a_task_that_failed(with_celery: None, settings: Any) -> None:
    settings.TASK_RETRY_SECONDS = 0
    result = work.fail.enqueue(1)
    assert celery.run(result.id) == TaskState.READY
    assert (celery.announce_what_is_due(QUEUES), celery.waiting_messages("default")) == (1, 2)


def test_a_task_is_enqueued_while_redis_is_away_and_told_of_later(
    with_celery: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("Connection refused.")

    with monkeypatch.context() as outage:
        outage.setattr(celery.run, "apply_async", away)
        work.say.enqueue(1)
    assert (celery.waiting_messages("default"), celery.announce_what_is_due(QUEUES)) == (0, 1)


def test_a_message_that_comes_twice_runs_a_task_once(with_celery: None) -> None:
    result = work.say.enqueue(1)
    assert [celery.run(result.id) for _ in range(2)] == ["SUCCESSFUL", "nothing to take"]
    assert work.collection(work.RUNS).count_documents({}) == 1


@pytest.mark.parametrize(("priority", "step"), [(100, 0), (0, 4), (-100, 9)])
def test_an_urgent_task_is_in_the_first_list(priority: int, step: int) -> None:
    assert celery.step_of(priority) == step
