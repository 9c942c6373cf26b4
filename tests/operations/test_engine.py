"""Operations: one at a time for an organization, and after a death at any moment the next run goes on."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.utils import timezone

from tenants.errors import TenancyError
from tenants.models import AuditEntry, Operation, OperationStatus, Organization
from tenants.operations import engine
from tenants.operations.engine import (
    Kind,
    LeaseLost,
    OperationRefused,
    OperationStopped,
    OperationUnderWay,
    Run,
    Step,
    cancel_operation,
    due_for_resuming,
    nothing_to_undo,
    run_operation,
    start_operation,
    start_or_resume,
)
from tests.operations.killing import killed_after, killed_before, killed_within, run_until_killed

STEPS = ("first", "second", "last")


class Diary:
    """What the steps of an operation did, in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def kind(self) -> Kind:
        """Three steps that write down what they do; the last cannot be undone."""
        return Kind("try", "Trying", tuple(self._step(name) for name in STEPS))

    def _step(self, name: str) -> Step:
        def run(run: Run) -> None:
            run.say(f"at {name}")
            run.progress(1, 1, "things")
            run.state[name] = len(run.state)
            self.lines.append(name)

        def undo(run: Run) -> None:
            self.lines.append(f"not {name}")

        return Step(name, name.title(), run, undo if name != "last" else None)


@pytest.fixture
def diary() -> Diary:
    return Diary()


@pytest.fixture
def kind(diary: Diary) -> Kind:
    return diary.kind()


def started(kind: Kind, firm: Organization) -> Operation:
    return start_operation(kind, org_id=firm.org_id, by=None)


def holder(firm: Organization) -> object:
    return Organization.objects.get(pk=firm.pk).operation


def test_it_does_its_steps_in_order_and_lets_the_firm_go(
    firm: Organization, kind: Kind, diary: Diary
) -> None:
    done = run_operation(started(kind, firm), kind)
    assert (diary.lines, done.status, holder(firm)) == ([*STEPS], OperationStatus.DONE, None)


def test_what_a_step_leaves_is_there_for_the_next(firm: Organization, kind: Kind) -> None:
    operation = run_operation(started(kind, firm), kind)
    assert Operation.objects.get(pk=operation.pk).state == {"first": 0, "second": 1, "last": 2}


def test_every_step_is_in_the_audit_log(firm: Organization, kind: Kind) -> None:
    run_operation(started(kind, firm), kind)
    actions = AuditEntry.objects.filter(action__startswith="try.").order_by("at", "pk")
    assert [one.action for one in actions] == ["try.requested", "try.first", "try.second", "try.done"]


def test_a_second_one_on_the_same_firm_is_refused_and_told_what_is_under_way(
    firm: Organization, kind: Kind
) -> None:
    started(kind, firm)
    with pytest.raises(OperationUnderWay, match=r"“alpha_valuers” is being worked on: try .*waiting.*first"):
        started(kind, firm)


def test_a_refused_one_leaves_no_record(firm: Organization, kind: Kind) -> None:
    started(kind, firm)
    with pytest.raises(OperationUnderWay):
        started(kind, firm)
    assert Operation.objects.filter(kind="try").count() == 1


def test_of_many_started_at_once_one_is(firm: Organization, kind: Kind, django_db_blocker: object) -> None:
    begin = threading.Barrier(6)

    def start() -> bool:
        begin.wait()
        try:
            started(kind, firm)
        except OperationUnderWay:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        outcomes = [future.result() for future in [pool.submit(start) for _ in range(6)]]
    assert (outcomes.count(True), Operation.objects.filter(kind="try").count()) == (1, 1)


def test_it_holds_every_firm_it_names(firm: Organization, rival: Organization, kind: Kind) -> None:
    start_operation(kind, org_id=firm.org_id, by=None, holds=[firm.org_id, rival.org_id])
    with pytest.raises(OperationUnderWay, match="beta_surveyors"):
        started(kind, rival)


def test_one_that_names_a_firm_in_use_takes_none(firm: Organization, rival: Organization, kind: Kind) -> None:
    started(kind, rival)
    with pytest.raises(OperationUnderWay):
        start_operation(kind, org_id=firm.org_id, by=None, holds=[firm.org_id, rival.org_id])
    assert holder(firm) is None


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    "killed", [killed_before, killed_after, lambda kind, step: killed_within(kind, step, at=2)]
)
def test_killed_anywhere_it_goes_on(firm: Organization, diary: Diary, killed: object, step: str) -> None:
    kind = diary.kind()
    operation = started(kind, firm)
    run_until_killed(operation, killed(kind, step))  # type: ignore[operator]
    done = run_operation(operation, kind)
    twice = list(dict.fromkeys(diary.lines))
    assert (twice, done.status, sorted(done.state)) == ([*STEPS], OperationStatus.DONE, sorted(STEPS))


def test_steps_that_are_done_are_not_done_again(firm: Organization, kind: Kind, diary: Diary) -> None:
    operation = started(kind, firm)
    run_until_killed(operation, killed_before(kind, "last"))
    run_operation(operation, kind)
    assert diary.lines == [*STEPS]


def test_while_one_runs_it_nobody_else_does(firm: Organization, kind: Kind) -> None:
    operation = started(kind, firm)
    Operation.objects.filter(pk=operation.pk).update(
        status="running", owner="another:1", lease_until=timezone.now() + timedelta(seconds=30)
    )
    with pytest.raises(OperationRefused, match="being run by another:1"):
        run_operation(operation, kind)


def test_a_runner_that_lost_its_lease_stops_and_records_nothing(firm: Organization, diary: Diary) -> None:
    def lose(run: Run) -> None:
        Operation.objects.filter(pk=run.operation.pk).update(owner="another:1")

    kind = Kind("try", "Trying", (Step("lose", "Lose", lose), *diary.kind().steps))
    operation = started(kind, firm)
    with pytest.raises(LeaseLost):
        run_operation(operation, kind)
    assert (Operation.objects.get(pk=operation.pk).step, diary.lines) == ("lose", [])


def failing(diary: Diary, *, times: int, error: BaseException) -> Kind:
    left = [error] * times

    def fail(run: Run) -> None:
        if left:
            raise left.pop()

    return Kind("try", "Trying", (Step("fragile", "Fragile", fail, nothing_to_undo), *diary.kind().steps))


def test_a_failure_is_kept_with_its_reason(firm: Organization, diary: Diary) -> None:
    kind = failing(diary, times=1, error=TenancyError("There is no room on the server."))
    operation = started(kind, firm)
    with pytest.raises(OperationStopped, match="no room on the server"):
        run_operation(operation, kind)
    kept = Operation.objects.get(pk=operation.pk)
    assert (kept.status, kept.problem, kept.step) == (
        OperationStatus.STOPPED,
        "There is no room on the server.",
        "fragile",
    )


def test_a_stopped_one_keeps_the_firm_until_it_is_resumed(firm: Organization, diary: Diary) -> None:
    kind = failing(diary, times=1, error=TenancyError("No."))
    operation = started(kind, firm)
    with pytest.raises(OperationStopped):
        run_operation(operation, kind)
    assert holder(firm) == operation.pk
    again = start_or_resume(kind, org_id=firm.org_id, by=None)
    assert (run_operation(again, kind).pk, holder(firm)) == (operation.pk, None)


def test_a_fault_of_the_program_stops_it_and_is_raised(firm: Organization, diary: Diary) -> None:
    kind = failing(diary, times=1, error=ZeroDivisionError())
    operation = started(kind, firm)
    with pytest.raises(ZeroDivisionError):
        run_operation(operation, kind)
    assert "ZeroDivisionError" in Operation.objects.get(pk=operation.pk).problem


def test_cancelled_it_undoes_its_steps_last_first(firm: Organization, kind: Kind, diary: Diary) -> None:
    operation = started(kind, firm)
    run_until_killed(operation, killed_within(kind, "second", at=1))
    cancelled = cancel_operation(operation, kind)
    assert (diary.lines, cancelled.status) == (
        ["first", "not second", "not first"],
        OperationStatus.CANCELLED,
    )
    assert holder(firm) is None


def test_past_the_point_of_no_return_it_is_not_cancelled(firm: Organization, kind: Kind) -> None:
    operation = started(kind, firm)
    run_until_killed(operation, killed_before(kind, "last"))
    with pytest.raises(OperationRefused, match="past the point"):
        cancel_operation(operation, kind)


def test_whoever_runs_it_hears_that_it_is_cancelled(
    firm: Organization, diary: Diary, settings: object
) -> None:
    settings.OPERATION_LEASE_SECONDS = 0.3  # type: ignore[attr-defined]
    running = threading.Event()

    def wait(run: Run) -> None:
        running.set()
        while True:
            run._cancelled.wait(5)
            run.check()

    kind = Kind("try", "Trying", (Step("wait", "Wait", wait, nothing_to_undo), *diary.kind().steps))
    operation = started(kind, firm)
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(run_operation, operation, kind)
        running.wait(10)
        cancel_operation(operation, kind)
        assert future.result(20).status == OperationStatus.CANCELLED
    assert diary.lines == []


def test_a_finished_one_is_not_run_again(firm: Organization, kind: Kind) -> None:
    operation = run_operation(started(kind, firm), kind)
    with pytest.raises(OperationRefused, match="done already"):
        run_operation(operation, kind)


def test_one_whose_runner_died_is_due_for_resuming(firm: Organization, kind: Kind) -> None:
    operation = started(kind, firm)
    now = timezone.now()
    Operation.objects.filter(pk=operation.pk).update(status="running", lease_until=now - timedelta(seconds=1))
    assert [one.pk for one in due_for_resuming(now)] == [operation.pk]


def test_one_whose_runner_never_came_is_due_after_a_while(firm: Organization, kind: Kind) -> None:
    operation = started(kind, firm)
    now = timezone.now()
    later = now + engine.LONGEST_WAIT
    assert [[one.pk for one in due_for_resuming(at)] for at in (now, later)] == [[], [operation.pk]]


def test_one_whose_runners_keep_dying_is_left_for_somebody_to_look_at(firm: Organization, kind: Kind) -> None:
    operation = started(kind, firm)
    now = timezone.now()
    Operation.objects.filter(pk=operation.pk).update(
        status="running", lease_until=now - timedelta(seconds=1), attempts=engine.MOST_DEATHS
    )
    assert due_for_resuming(now) == []


def test_its_log_keeps_the_last_lines(firm: Organization) -> None:
    def talk(run: Run) -> None:
        for number in range(engine.LOG_LINES + 5):
            run.say(str(number))

    kind = Kind("try", "Trying", (Step("talk", "Talk", talk),))
    operation = run_operation(started(kind, firm), kind)
    log = Operation.objects.get(pk=operation.pk).log
    assert (len(log), log[0]["text"], log[-1]["text"]) == (200, "5", "204")
