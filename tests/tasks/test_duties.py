"""What workers do by themselves: duties, and the operations that are handed to them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings as configured
from django.utils import timezone
from django.utils.module_loading import import_string

from tenants.models import Operation, OperationStatus, Organization, TaskRecord, TaskState
from tenants.operations import kinds
from tenants.operations.engine import Kind, OperationUnderWay, Run, Step, start_operation
from tenants.tasks import duties, store
from tenants.tasks.operations import enqueue_operation
from tenants.tasks.worker import Worker
from tests.operations.killing import killed_before, run_until_killed
from tests.tasks.conftest import make_due


def _work(run: Run) -> None:
    run.say("done")


def _fail(run: Run) -> None:
    raise OSError("The disk is full.")


WELL = Kind("well", "Goes well", (Step("only", "The only step", _work),))
BADLY = Kind("badly", "Goes badly", (Step("only", "The only step", _fail),))


@pytest.fixture(autouse=True)
def kinds_of_this_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(kinds._WHERE, "well", f"{__name__}:WELL")
    monkeypatch.setitem(kinds._WHERE, "badly", f"{__name__}:BADLY")


def run_due(*queues: str) -> None:
    Worker(queues=queues or configured.TASK_QUEUES).run(threading.Event(), until_empty=True)


@pytest.fixture
def operation(firm: Organization) -> Operation:
    return start_operation(WELL, org_id=firm.org_id, by=None)


# Operations -------------------------------------------------------------------------------------------


def test_an_operation_is_run_in_the_background(operation: Operation) -> None:
    enqueue_operation(operation)
    run_due()
    operation.refresh_from_db()
    assert operation.status == OperationStatus.DONE


def test_its_task_says_which_operation_it_runs_and_no_firm(
    operation: Operation, in_firm: Organization
) -> None:
    enqueue_operation(operation)
    record = TaskRecord.objects.get()
    assert (record.operation, record.org_id, record.queue) == (operation.pk, "", "operations")


def test_an_operation_that_waits_is_not_enqueued_twice(operation: Operation) -> None:
    assert [enqueue_operation(operation) for _ in range(2)] == [True, False]
    assert TaskRecord.objects.count() == 1


def test_an_operation_that_stopped_is_a_task_that_is_done(firm: Organization) -> None:
    enqueue_operation(start_operation(BADLY, org_id=firm.org_id, by=None))
    run_due()
    record = TaskRecord.objects.get()
    assert (record.state, record.result) == (TaskState.SUCCESSFUL, "stopped")


def test_an_operation_that_runs_elsewhere_is_left_alone(operation: Operation) -> None:
    enqueue_operation(operation)
    Operation.objects.update(status="running", lease_until=timezone.now() + timedelta(hours=1))
    run_due()
    assert TaskRecord.objects.get().state == TaskState.SUCCESSFUL
    operation.refresh_from_db()
    assert operation.status == OperationStatus.RUNNING


# Duties -----------------------------------------------------------------------------------------------


@pytest.fixture
def only_resuming(database: None, monkeypatch: pytest.MonkeyPatch) -> str:
    """The duty of resuming operations, alone."""
    (duty,) = (one for one in duties.DUTIES if one.path.endswith("resume_operations"))
    monkeypatch.setattr(duties, "DUTIES", (duty,))
    duties.record_duties()
    return duty.key


def test_an_operation_whose_runner_died_is_gone_on_with(operation: Operation, only_resuming: str) -> None:
    run_until_killed(operation, killed_before(WELL, "only"))
    Operation.objects.update(lease_until=store._LONG_AGO)
    run_due()
    operation.refresh_from_db()
    assert operation.status == OperationStatus.DONE


def test_a_duty_comes_back_after_its_time(only_resuming: str) -> None:
    run_due()
    record = TaskRecord.objects.get(pk=only_resuming)
    assert record.finished_at is not None
    wait = (record.run_after - record.finished_at).total_seconds()
    assert (record.state, round(wait)) == (TaskState.READY, 10)


def test_a_duty_that_fails_comes_back_as_well(only_resuming: str, settings: Any) -> None:
    settings.TASK_ATTEMPTS = 1
    TaskRecord.objects.update(path="tests.tasks.work.of_a_later_version")
    for _ in range(3):
        make_due()
        run_due()
    record = TaskRecord.objects.get(pk=only_resuming)
    assert (record.state, record.attempts, len(record.errors)) == (TaskState.READY, 3, 3)


def test_of_two_workers_one_does_a_duty(only_resuming: str) -> None:
    assert [bool(store.take(name, configured.TASK_QUEUES)) for name in ("one", "two")] == [True, False]


def test_a_worker_that_begins_does_not_hurry_a_duty(only_resuming: str) -> None:
    run_due()
    duties.record_duties()
    assert store.take("another", configured.TASK_QUEUES) is None


def test_every_duty_is_a_task_of_its_own_name(database: None) -> None:
    assert len({one.key for one in duties.DUTIES}) == len(duties.DUTIES)
    assert [import_string(one.path).module_path for one in duties.DUTIES] == [
        one.path for one in duties.DUTIES
    ]


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("backups.retention", "due_organizations"),
        ("backups.retention", "remove_expired"),
        ("backups.backing_up", "request_backup"),
        ("moving", "drop_old_sources"),
    ],
)
def test_what_a_duty_looks_up_late_is_there(module: str, name: str) -> None:
    assert callable(getattr(import_module(f"tenants.operations.{module}"), name))


def test_due_backups_are_requested_and_a_busy_firm_waits(
    firm: Organization, rival: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    def request(organization: Organization, *, by: None, reason: str) -> Operation:
        assert (by, reason) == (None, "schedule")
        return start_operation(WELL, org_id=organization.org_id, by=None)

    replaced: dict[str, Callable[..., Any]] = {
        "due_organizations": lambda now: [firm, rival],
        "request_backup": request,
    }
    monkeypatch.setattr(duties, "_of_operations", lambda module, name: replaced[name])
    start_operation(WELL, org_id=firm.org_id, by=None)
    assert duties.back_up_what_is_due.call() == [rival.org_id]
    assert TaskRecord.objects.filter(queue="operations").count() == 1
    with pytest.raises(OperationUnderWay):
        start_operation(WELL, org_id=rival.org_id, by=None)
