"""Staff follow operations, resume and cancel them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tenants.admin import operations
from tenants.models import Operation, OperationStatus, Organization, TaskRecord, User
from tenants.operations.engine import Kind, Run, Step, nothing_to_undo, start_operation

ClientFor = Callable[[User], Client]
LIST = reverse("admin:tenants_operation_changelist")


@pytest.fixture
def office(staff: User, client_for: ClientFor) -> Client:
    """A browser in which staff are signed in."""
    return client_for(staff)


def _step(run: Run) -> None:
    run.say("A step was done.")


# A kind with a point of no return: once it is at “switch”, it cannot be cancelled.
KIND = Kind(
    "move",
    "Move",
    (
        Step("copy", "Copy the data", _step, nothing_to_undo),
        Step("switch", "Switch over", _step),
        Step("close", "Close the source", _step),
    ),
)


@pytest.fixture
def operation(firm: Organization, staff: User, monkeypatch: pytest.MonkeyPatch) -> Operation:
    """An operation that waits for a worker."""
    monkeypatch.setattr(operations, "kind_named", lambda name: KIND)
    return start_operation(KIND, org_id=firm.org_id, by=staff, options={"to": "east"})


def page(operation: Operation, name: str = "change") -> str:
    return reverse(f"admin:tenants_operation_{name}", args=[operation.pk])


def put(operation: Operation, **fields: Any) -> None:
    Operation.objects.filter(pk=operation.pk).update(**fields)


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def tools(response: Any) -> list[str]:
    return [tool.label for tool in response.context_data["tools"]]


def shown(operation: Operation) -> list[tuple[str, str]]:
    operation.refresh_from_db()
    found = operations.progress_of(operation, timezone.now())
    return [(step.label, step.word) for step in found.steps]


# The page -----------------------------------------------------------------------------------------------


def test_it_shows_the_steps_and_where_it_stands(operation: Operation) -> None:
    put(operation, status=OperationStatus.RUNNING, step="switch")
    assert shown(operation) == [
        ("Copy the data", "Done"),
        ("Switch over", "Now"),
        ("Close the source", "To come"),
    ]


def test_it_marks_the_point_of_no_return(office: Client, operation: Operation) -> None:
    assert text(office.get(page(operation))).count("from here on it cannot be cancelled") == 1


def test_a_cancelled_one_shows_what_was_undone(operation: Operation) -> None:
    put(operation, status=OperationStatus.CANCELLED, step="copy")
    assert [word for _, word in shown(operation)] == ["Undone", "Not begun", "Not begun"]


def test_it_shows_how_far_the_step_is(office: Client, operation: Operation) -> None:
    put(operation, status=OperationStatus.RUNNING, done=12_000, total=40_000, unit="documents")
    assert "12,000 of 40,000 documents" in text(office.get(page(operation)))


def test_it_shows_why_it_stopped(office: Client, operation: Operation) -> None:
    put(operation, status=OperationStatus.STOPPED, problem="The target has no room.")
    assert "The target has no room." in text(office.get(page(operation)))


def test_it_says_that_a_worker_has_to_run(office: Client, operation: Operation) -> None:
    assert "no worker is running" in text(office.get(page(operation)))


def test_it_says_when_its_runner_has_died(office: Client, operation: Operation) -> None:
    put(operation, status=OperationStatus.RUNNING, lease_until=timezone.now() - timedelta(minutes=1))
    assert "Left by its runner" in text(office.get(page(operation)))


def test_it_asks_again_while_it_goes_on(office: Client, operation: Operation) -> None:
    assert 'hx-trigger="every 2s"' in text(office.get(page(operation)))


def test_it_asks_no_more_when_it_is_done(office: Client, operation: Operation) -> None:
    put(operation, status=OperationStatus.DONE, step="")
    assert "hx-trigger" not in text(office.get(page(operation)))


def test_the_part_that_is_asked_again_shows_the_log(office: Client, operation: Operation) -> None:
    Run(operation, KIND).say("Copied 3 collections.")
    assert "Copied 3 collections." in text(office.get(page(operation, "progress")))


def test_a_change_of_state_has_the_whole_page_asked_anew(office: Client, operation: Operation) -> None:
    put(operation, status=OperationStatus.DONE, step="")
    answers = [office.get(page(operation, "progress"), {"seen": seen}) for seen in ("waiting", "done")]
    assert [one.headers.get("HX-Refresh") for one in answers] == ["true", None]


def test_a_kind_that_this_version_does_not_know_is_shown(office: Client, operation: Operation) -> None:
    put(operation, kind="of_the_future")
    assert "does not know" in text(office.get(page(operation)))


def test_nobody_changes_one_by_hand(office: Client, operation: Operation) -> None:
    assert office.post(page(operation), {"status": "done"}).status_code == 403


# Resuming and cancelling --------------------------------------------------------------------------------


def test_one_that_stopped_is_resumed_in_the_background(office: Client, operation: Operation) -> None:
    put(operation, status=OperationStatus.STOPPED)
    office.post(page(operation, "resume"))
    assert TaskRecord.objects.get().operation == operation.pk


def test_one_that_is_being_run_is_not_resumed(office: Client, operation: Operation) -> None:
    put(operation, status=OperationStatus.RUNNING, lease_until=timezone.now() + timedelta(minutes=1))
    office.post(page(operation, "resume"))
    assert not TaskRecord.objects.exists()


def test_cancelling_lets_the_firm_go(office: Client, operation: Operation, firm: Organization) -> None:
    office.post(page(operation, "cancel"))
    operation.refresh_from_db()
    firm.refresh_from_db()
    assert (operation.status, firm.operation) == (OperationStatus.CANCELLED, None)


def test_opening_the_question_cancels_nothing(office: Client, operation: Operation) -> None:
    office.get(page(operation, "cancel"))
    operation.refresh_from_db()
    assert operation.status == OperationStatus.WAITING


def test_one_that_runs_elsewhere_is_asked_to_stop(office: Client, operation: Operation) -> None:
    put(operation, status=OperationStatus.RUNNING, lease_until=timezone.now() + timedelta(minutes=1))
    office.post(page(operation, "cancel"))
    operation.refresh_from_db()
    assert (operation.cancel_requested, operation.status) == (True, OperationStatus.RUNNING)


@pytest.mark.parametrize(
    ("status", "step", "offered"),
    [
        ("waiting", "copy", ["Resume", "Cancel", "Reload"]),
        ("stopped", "switch", ["Resume", "Reload"]),
        ("done", "", []),
        ("cancelled", "copy", []),
    ],
)
def test_it_offers_what_its_state_allows(
    office: Client, operation: Operation, status: str, step: str, offered: list[str]
) -> None:
    put(operation, status=status, step=step)
    assert tools(office.get(page(operation))) == offered


def test_past_the_point_of_no_return_cancelling_leads_back(office: Client, operation: Operation) -> None:
    put(operation, status=OperationStatus.STOPPED, step="switch")
    assert "in no state for this" in text(office.post(page(operation, "cancel"), follow=True))


# The list -----------------------------------------------------------------------------------------------


def test_the_list_shows_those_that_are_not_finished(office: Client, operation: Operation) -> None:
    done = Operation.objects.create(kind="backup", org_id="gone", status="done", requested_by="system")
    rows: Any = office.get(LIST, {"state": "unfinished"})
    found = [one.pk for one in rows.context_data["cl"].result_list]
    assert (operation.pk in found, done.pk in found) == (True, False)


def test_the_list_does_not_fetch_logs(office: Client, operation: Operation) -> None:
    Run(operation, KIND).say("A long log.")
    rows: Any = office.get(LIST)
    assert all(one.log == [] for one in rows.context_data["cl"].result_list)


def test_who_is_not_staff_sees_no_operation(
    operation: Operation, manager: User, client_for: ClientFor
) -> None:
    assert client_for(manager).get(page(operation, "progress"), follow=True).status_code == 403


def test_who_is_signed_out_is_led_to_the_sign_in(operation: Operation) -> None:
    assert "/sign-in/" in Client().get(page(operation), follow=True).redirect_chain[-1][0]
