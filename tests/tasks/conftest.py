"""Both backends, and ways to have their tasks run in the test's own process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as configured

from tenants.models import TaskRecord
from tenants.tasks import celery, store
from tenants.tasks.worker import Worker
from tests.tasks import work
from tooling import redis_server

BACKENDS = {
    "mongodb": "tenants.tasks.mongodb.MongoBackend",
    "celery": "tenants.tasks.celery.CeleryBackend",
}


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the run's own Redis, which this process's Celery speaks to."""
    with redis_server.running(tmp_path_factory.mktemp("redis")) as url:
        celery.app.conf.broker_url = url
        yield url
        celery.app.pool.force_close_all()


@pytest.fixture
def marks(database: None) -> Iterator[None]:
    """The collections in which tasks leave their marks, empty."""
    for name in (work.RUNS, work.EFFECTS):
        # A transaction of two at once must not have to make it.
        work.collection(name).insert_one({"_id": "made"})
        work.collection(name).delete_many({})
    yield
    for name in (work.RUNS, work.EFFECTS):
        work.collection(name).drop()


@pytest.fixture(params=list(BACKENDS))
def backend(request: pytest.FixtureRequest, settings: Any, marks: None) -> str:
    """The name of the backend that is in use; the test runs with each."""
    name: str = request.param
    if name == "celery":
        request.getfixturevalue("redis_url")
    settings.TASKS = {"default": {"BACKEND": BACKENDS[name], "QUEUES": configured.TASK_QUEUES}}
    settings.TASKS_BACKEND = name
    settings.TASK_RETRY_SECONDS = 0
    return name


@pytest.fixture
def run_due(backend: str) -> Callable[[], None]:
    """Run everything that is due, the way that the backend's worker does."""

    def run_with_celery() -> None:
        while (due := store.claim_for_announcing(configured.TASK_QUEUES, again_after=-60)) is not None:
            celery.run(due.pk)

    def run_with_worker() -> None:
        Worker(queues=configured.TASK_QUEUES).run(threading.Event(), until_empty=True)

    return run_with_celery if backend == "celery" else run_with_worker


def make_due() -> None:
    """Whatever waits for its time waits no longer."""
    TaskRecord.objects.filter(state="READY").update(run_after=store._LONG_AGO)
