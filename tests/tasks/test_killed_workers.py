"""400 tasks, three worker processes, one of them killed: nothing is lost, nothing done twice.

The same for both backends. One task hangs in the worker that begins it first, after its effect and before its
end: that worker is killed at a random moment, with whatever else it has in its hands.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tenants.models import TaskRecord, TaskState
from tests.stress.three_members import wait_until
from tests.tasks import work
from tooling import processes
from tooling.paths import ROOT

TASKS = 400
WORKERS = 3
HANGING = 25
SECONDS = 60.0


@dataclass(frozen=True)
class Played:
    """What was there when everything had come to its end."""

    results: list[str]
    states: dict[str, int]
    effects: dict[int, int]
    runs: int
    hanging: TaskRecord
    killed: int
    ended: list[int]


@pytest.fixture
def played(backend: str, mongodb_uri: str, request: pytest.FixtureRequest, tmp_path: Path) -> Played:
    broker = request.getfixturevalue("redis_url") if backend == "celery" else ""
    with ExitStack() as stack:
        workers = [
            stack.enter_context(_worker(backend, mongodb_uri, broker, tmp_path / f"worker-{number}.log"))
            for number in range(WORKERS)
        ]
        results = [
            (work.effect_and_hang if number == HANGING else work.effect).enqueue(number).id
            for number in range(TASKS)
        ]
        hanging = results[HANGING]
        moment = random.randrange(40, TASKS // 2)  # noqa: S311 - no secret
        victim = _wait_for(workers, hanging, moment, tmp_path)
        os.kill(victim.pid, signal.SIGKILL)
        wait_until(
            lambda: not TaskRecord.objects.filter(state__in=["READY", "RUNNING"]).exists(),
            seconds=SECONDS,
            what="the end of the tasks",
        )
        others = [one for one in workers if one is not victim]
        for one in others:
            one.terminate()
        ended = [one.wait(timeout=SECONDS) for one in others]
    records = list(TaskRecord.objects.filter(pk__in=results))
    return Played(
        results=[one.pk for one in records],
        states={state: sum(one.state == state for one in records) for state in TaskState.values},
        effects={one["_id"]: one["times"] for one in work.collection(work.EFFECTS).find()},
        runs=work.collection(work.RUNS).count_documents({}),
        hanging=next(one for one in records if one.pk == hanging),
        killed=victim.pid,
        ended=ended,
    )


def _worker(backend: str, uri: str, broker: str, log: Path) -> _Running:
    return _Running(
        {
            **os.environ,
            "MONGODB_URI": uri,
            "TASKS_BACKEND": backend,
            "CELERY_BROKER_URL": broker,
            "TASK_LEASE_SECONDS": "2",
            "TASK_POLL_SECONDS": "0.2",
            "TASK_RETRY_SECONDS": "0.1",
        },
        log,
    )


class _Running:
    """A worker process, for as long as the block lasts."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._environment = environment
        self._log = log

    def __enter__(self) -> subprocess.Popen[bytes]:
        with self._log.open("wb") as log:
            self._process = processes.start(
                [sys.executable, "manage.py", "runworker", "--threads", "2", "--without-duties"],
                environment=self._environment,
                directory=ROOT,
                output=log.fileno(),
            )
        return self._process

    def __exit__(self, *_: object) -> None:
        processes.stop(self._process, seconds=10)


def _wait_for(
    workers: list[subprocess.Popen[bytes]], hanging: str, moment: int, logs: Path
) -> subprocess.Popen[bytes]:
    """The worker that has the hanging task, when so many effects are there."""

    def come() -> bool:
        assert all(one.poll() is None for one in workers), _said(logs)
        done = {one["_id"] for one in work.collection(work.EFFECTS).find({}, {"_id": 1})}
        return len(done) >= moment and HANGING in done

    wait_until(come, seconds=SECONDS, what=f"{moment} effects")
    pid = int(TaskRecord.objects.get(pk=hanging).worker.split(":")[1])
    return next(one for one in workers if one.pid == pid)


def _said(logs: Path) -> str:
    return "\n".join(path.read_text()[-2000:] for path in sorted(logs.glob("worker-*.log")))


def test_of_400_tasks_none_is_lost_and_none_doubled_when_a_worker_is_killed(played: Played) -> None:
    assert len(played.results) == TASKS
    assert played.states[TaskState.SUCCESSFUL] == TASKS
    assert played.effects == dict.fromkeys(range(TASKS), 1)
    # It was run again, having had its effect: without that, nothing has been shown.
    assert played.hanging.attempts == 2
    assert f":{played.killed}:" in played.hanging.workers[0]
    assert played.runs > TASKS
    # Those who were asked to end did so by themselves.
    assert played.ended == [0, 0]
