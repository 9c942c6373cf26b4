"""What becomes of a task, with either backend."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as configured
from django.utils import timezone
from django_tasks import TaskResultStatus, default_task_backend
from django_tasks.base import TaskResult
from django_tasks.exceptions import TaskResultDoesNotExist

from tenants.context import organization_active
from tenants.models import AuditEntry, Organization, TaskRecord, TaskState, User
from tenants.mongodb.transaction import atomic
from tenants.naming import CONTROL_ALIAS
from tenants.tasks import store
from tenants.tasks.attempts import once
from tenants.tasks.errors import NotInATask, TaskCannotBeRetried
from tests.tasks import work
from tests.tasks.conftest import make_due

RunDue = Callable[[], None]


def again(result: TaskResult[Any]) -> TaskResult[Any]:
    result.refresh()
    return result


def record_of(result: TaskResult[Any]) -> TaskRecord:
    return TaskRecord.objects.get(pk=result.id)


def run_by(worker: str) -> TaskRecord:
    taken = store.take(worker, configured.TASK_QUEUES)
    assert taken is not None
    return taken


def test_a_task_waits_then_runs_and_gives_its_result(run_due: RunDue) -> None:
    result = work.say.enqueue(7)
    assert result.status == TaskResultStatus.READY
    run_due()
    assert (again(result).status, result.return_value, result.attempts) == (TaskResultStatus.SUCCESSFUL, 7, 1)


def test_an_asynchronous_task_gives_its_result(run_due: RunDue) -> None:
    result = work.asynchronous.enqueue(21)
    run_due()
    assert again(result).return_value == 42


def test_a_result_of_no_task_is_told_as_such(backend: str) -> None:
    with pytest.raises(TaskResultDoesNotExist):
        default_task_backend.get_result("none")


def test_a_task_of_a_transaction_that_fails_is_not_there(backend: str) -> None:

    def enqueue_and_fail() -> None:
        with atomic(CONTROL_ALIAS):
            work.say.enqueue(1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        enqueue_and_fail()
    assert not TaskRecord.objects.exists()


def test_a_task_for_later_waits_for_its_time(run_due: RunDue) -> None:
    result = work.say.using(run_after=timezone.now() + timedelta(hours=1)).enqueue(1)
    run_due()
    assert again(result).status == TaskResultStatus.READY
    make_due()
    run_due()
    assert again(result).status == TaskResultStatus.SUCCESSFUL


def test_the_more_urgent_task_is_taken_first(backend: str) -> None:
    for priority in (-5, 60, 0):
        work.say.using(priority=priority).enqueue(1)
    assert [run_by("a worker").priority for _ in range(3)] == [60, 0, -5]


# Failures ---------------------------------------------------------------------------------------------


def test_a_task_that_fails_is_tried_again_until_it_is_a_dead_letter(run_due: RunDue, settings: Any) -> None:
    settings.TASK_ATTEMPTS = 3
    result = work.fail.enqueue(5)
    run_due()
    assert record_of(result).state == TaskState.DEAD
    assert work.collection(work.RUNS).count_documents({"number": 5}) == 3
    assert [one.exception_class for one in again(result).errors] == [ValueError] * 3


def test_a_dead_letter_is_kept_and_what_has_ended_well_is_not(run_due: RunDue, settings: Any) -> None:
    settings.TASK_ATTEMPTS = 1
    dead, done = work.fail.enqueue(1), work.say.enqueue(2)
    run_due()
    assert (record_of(dead).expires_at, record_of(done).expires_at is None) == (None, False)


def test_after_a_failure_a_task_waits_longer_each_time(backend: str, settings: Any) -> None:
    settings.TASK_RETRY_SECONDS = 100
    result = work.fail.enqueue(1)
    waits = []
    for attempt in range(3):
        store.fail(run_by(f"worker {attempt}"), {"class": "X", "traceback": ""}, retry=True)
        waits.append((record_of(result).run_after - timezone.now()).total_seconds())
        make_due()
    assert [50 * 2**one - 5 < wait < 100 * 2**one + 5 for one, wait in enumerate(waits)] == [True] * 3


def test_staff_have_a_dead_letter_tried_anew(run_due: RunDue, settings: Any, staff: User) -> None:
    settings.TASK_ATTEMPTS = 2
    result = work.fail.enqueue(5)
    run_due()
    store.retry_dead(record_of(result), by=staff)
    assert record_of(result).state == TaskState.READY
    assert AuditEntry.objects.filter(action="task.retried", actor=staff.email).exists()
    run_due()
    assert (record_of(result).state, work.collection(work.RUNS).count_documents({})) == (TaskState.DEAD, 4)


def test_a_task_that_has_not_failed_cannot_be_retried(run_due: RunDue, staff: User) -> None:
    result = work.say.enqueue(1)
    run_due()
    with pytest.raises(TaskCannotBeRetried):
        store.retry_dead(record_of(result), by=staff)


def test_a_task_that_this_code_does_not_know_is_tried_again(run_due: RunDue) -> None:
    result = work.say.enqueue(1)
    TaskRecord.objects.update(path="tests.tasks.work.of_a_later_version")
    run_due()
    assert record_of(result).errors[0]["class"].endswith("ImportError")


# Organizations ----------------------------------------------------------------------------------------


def test_a_task_runs_for_the_firm_that_was_active(run_due: RunDue, firm: Organization) -> None:
    with organization_active(firm.placement):
        result = work.organization.enqueue()
    run_due()
    assert again(result).return_value == "alpha_valuers"


def test_nothing_of_a_task_is_active_for_the_next_one(run_due: RunDue, firm: Organization) -> None:
    with organization_active(firm.placement):
        work.organization.using(priority=1).enqueue()
    result = work.organization.enqueue()
    run_due()
    assert again(result).return_value is None


def test_a_task_writes_to_its_firms_database(run_due: RunDue, in_firm: Organization) -> None:
    result = work.count_in_the_firm.enqueue()
    run_due()
    assert again(result).return_value == 1


def test_a_task_without_a_firm_touches_none(run_due: RunDue, firm: Organization, settings: Any) -> None:
    settings.TASK_ATTEMPTS = 1
    result = work.count_in_the_firm.enqueue()
    run_due()
    assert record_of(result).errors[0]["class"] == "tenants.errors.NoActiveOrganization"


def test_a_task_does_not_run_for_the_firm_that_is_active_beside_it(
    run_due: RunDue, firm: Organization
) -> None:
    result = work.organization.enqueue()
    with organization_active(firm.placement):
        run_due()
    assert again(result).return_value is None


def test_a_task_follows_its_firm_to_another_placement(run_due: RunDue, firm: Organization) -> None:
    with organization_active(firm.placement):
        result = work.address.enqueue()
    Organization.objects.update(address_setting="MONGODB_URI_NEW", placement_version=2)
    run_due()
    assert again(result).return_value == "MONGODB_URI_NEW"


@pytest.mark.parametrize("status", ["suspended", "deleted", "provisioning"])
def test_a_task_of_a_firm_that_may_not_be_used_fails_and_is_not_run(
    run_due: RunDue, firm: Organization, status: str
) -> None:
    with organization_active(firm.placement):
        result = work.say.enqueue(1)
    Organization.objects.update(status=status)
    run_due()
    assert record_of(result).state == TaskState.FAILED
    assert record_of(result).errors[0]["class"] == "tenants.errors.OrganizationRefused"
    assert work.collection(work.RUNS).count_documents({}) == 0


def test_a_task_that_meets_a_freeze_comes_back_soon_and_has_not_failed(
    run_due: RunDue, settings: Any
) -> None:
    settings.TASK_ATTEMPTS = 1
    result = work.frozen_at_first.enqueue()
    run_due()
    assert (record_of(result).state, record_of(result).errors) == (TaskState.READY, [])
    make_due()
    run_due()
    assert again(result).return_value == "written"


def test_what_was_postponed_leaves_a_task_all_its_attempts(backend: str, settings: Any) -> None:
    settings.TASK_ATTEMPTS = 2
    work.say.enqueue(1)
    store.postpone(run_by("first"), 0)
    make_due()
    assert store.fail(run_by("second"), {"class": "X", "traceback": ""}, retry=True) == TaskState.READY


# Leases and effects -----------------------------------------------------------------------------------


def let_leases_run_out() -> None:
    TaskRecord.objects.filter(state=TaskState.RUNNING.value).update(lease_until=store._LONG_AGO)
    assert store.free_lost() == 1


def test_what_a_dead_worker_had_is_run_again(run_due: RunDue) -> None:
    result = work.say.enqueue(1)
    run_by("dead")
    let_leases_run_out()
    run_due()
    assert again(result).status == TaskResultStatus.SUCCESSFUL
    assert result.worker_ids[0] == "dead"


def test_a_task_that_kills_its_workers_ends_as_a_dead_letter(backend: str, settings: Any) -> None:
    settings.TASK_ATTEMPTS = 2
    result = work.say.enqueue(1)
    for worker in ("first", "second"):
        run_by(worker)
        let_leases_run_out()
    assert (record_of(result).state, len(record_of(result).errors)) == (TaskState.DEAD, 2)


def test_a_lease_that_runs_is_nobody_elses(backend: str) -> None:
    work.say.enqueue(1)
    run_by("alive")
    assert (store.free_lost(), store.take("other", configured.TASK_QUEUES)) == (0, None)


OUTCOMES: dict[str, Callable[[TaskRecord], object]] = {
    "succeed": lambda late: store.succeed(late, "late"),
    "fail": lambda late: store.fail(late, {"class": "X", "traceback": ""}, retry=True),
    "postpone": lambda late: store.postpone(late, 1),
    "renew": store.renew,
    "mark an effect": lambda late: store.mark_effect(late, "effect"),
}


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_worker_that_lost_its_lease_is_not_heard(backend: str, outcome: str) -> None:
    result = work.say.enqueue(1)
    late = run_by("the same")
    let_leases_run_out()
    run_by("the same")
    told = OUTCOMES[outcome](late)
    assert (bool(told), record_of(result).state) == (False, TaskState.RUNNING)


def test_an_effect_happens_once_in_a_task(run_due: RunDue) -> None:
    result = work.leave_a_mark_twice.enqueue(3)
    run_due()
    assert again(result).return_value == [True, False]
    assert work.collection(work.EFFECTS).find_one({"_id": 3}) == {"_id": 3, "times": 1}


def test_effects_are_for_tasks_alone(database: None) -> None:
    with pytest.raises(NotInATask):
        once("mark", lambda: None)
