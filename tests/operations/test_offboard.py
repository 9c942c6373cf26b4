"""Offboarding: people are let out, a backup and an export are made, a grace begins; all can be undone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from tenants.context import organization_active
from tenants.errors import WritesFrozen
from tenants.models import AuditEntry, Backup, Counter, Operation, Organization, Session, User
from tenants.operations.engine import (
    OperationUnderWay,
    Run,
    cancel_operation,
    run_operation,
    start_operation,
)
from tenants.operations.exporting import EXPORT
from tenants.operations.offboarding import (
    OFFBOARD,
    OffboardingRefused,
    cancel_offboarding,
    freeze,
    request_offboarding,
)
from tenants.registry import registry
from tests.operations.killing import killed_after, killed_before, killed_within, run_until_killed
from tests.operations.leaving import make_leaving_firm, own_directories

STEPS = [step.name for step in OFFBOARD.steps]
KILLS = [
    pytest.param(killed_before, id="before"),
    pytest.param(lambda kind, step: killed_within(kind, step, at=1), id="within"),
    pytest.param(killed_after, id="after"),
]


@pytest.fixture(autouse=True)
def _directories(settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    with own_directories(settings, tmp_path):
        yield


@pytest.fixture
def leaving(database: None) -> Organization:
    return make_leaving_firm()


def offboard(firm: Organization, **options: Any) -> Operation:
    operation = run_operation(request_offboarding(firm, by=None, **options), OFFBOARD)
    firm.refresh_from_db()
    return operation


def outcome(firm: Organization) -> dict[str, Any]:
    """What an offboarding leaves, whenever it was done."""
    firm.refresh_from_db()
    operation = Operation.objects.filter(kind="offboard").latest("created_at")
    (backup,) = Backup.objects.filter(org_id=firm.org_id)
    return {
        "status": firm.status,
        "frozen": firm.frozen_at,
        "has_grace": firm.delete_after is not None,
        "operation": (operation.status, operation.step),
        "backup": (backup.status, backup.documents),
        "export": (operation.state["export"]["collections"], operation.state["export"]["file_count"]),
        "files": len(list(Path(operation.state["export"]["path"]).parent.iterdir())),
    }


def test_its_people_are_signed_out(leaving: Organization, client_for: Callable[[User], Client]) -> None:
    browser = client_for(User.objects.get(organization=leaving))
    offboard(leaving)
    assert browser.get("/").status_code == 302
    assert Session.objects.count() == 0


def test_its_people_do_not_get_in_again(leaving: Organization, client_for: Callable[[User], Client]) -> None:
    offboard(leaving)
    browser = client_for(User.objects.get(organization=leaving))
    assert browser.get("/").status_code == 403


def test_it_leaves_a_good_backup_and_an_export(leaving: Organization) -> None:
    offboard(leaving)
    found = outcome(leaving)
    assert (found["backup"][0], found["export"][1], found["files"]) == ("good", 4, 1)


def test_the_grace_is_as_long_as_asked_for(leaving: Organization) -> None:
    offboard(leaving, grace_days=7)
    assert leaving.delete_after is not None
    left = leaving.delete_after - timezone.now()
    assert timedelta(days=6, hours=23) < left <= timedelta(days=7)


def test_nobody_writes_once_the_freeze_has_begun(leaving: Organization) -> None:
    operation = start_operation(OFFBOARD, org_id=leaving.org_id, by=None)
    freeze(Run(operation, OFFBOARD), settle_seconds=0)
    with organization_active(registry.look_up(leaving.org_id)), pytest.raises(WritesFrozen):
        Counter.objects.create(name="late", value=1)


@pytest.mark.parametrize("killed", KILLS)
def test_killed_at_every_step_and_resumed_it_is_the_same(leaving: Organization, killed: Any) -> None:
    operation = request_offboarding(leaving, by=None)
    for step in STEPS:
        run_until_killed(operation, killed(OFFBOARD, step))
        assert Operation.objects.get(pk=operation.pk).step == step
    run_operation(operation, OFFBOARD)
    found = outcome(leaving)
    collections, files = found.pop("export")
    assert (collections["reports"], files) == (2, 4)
    assert found.pop("backup")[0] == "good"
    assert found == {
        "status": "offboarding",
        "frozen": None,
        "has_grace": True,
        "operation": ("done", ""),
        "files": 1,
    }


def test_cancelled_after_any_step_it_was_never_there(leaving: Organization, tmp_path: Path) -> None:
    for step in STEPS:
        operation = request_offboarding(leaving, by=None)
        run_until_killed(operation, killed_after(OFFBOARD, step))
        cancel_operation(Operation.objects.get(pk=operation.pk), OFFBOARD)
        leaving.refresh_from_db()
        left = [one for one in tmp_path.rglob("*") if one.is_file()]
        state = (leaving.status, leaving.frozen_at, leaving.delete_after, leaving.operation)
        assert (step, state, left) == (step, ("active", None, None, None), [])
        assert not Backup.objects.exists()


def test_taken_back_it_is_what_it_was(leaving: Organization) -> None:
    offboard(leaving)
    cancel_offboarding(leaving, by=None)
    assert (leaving.status, leaving.delete_after) == ("active", None)


def test_a_suspended_firm_is_suspended_again_when_taken_back(leaving: Organization) -> None:
    Organization.objects.filter(pk=leaving.pk).update(status="suspended")
    leaving.refresh_from_db()
    offboard(leaving)
    cancel_offboarding(leaving, by=None)
    assert leaving.status == "suspended"


def test_taking_it_back_is_recorded(leaving: Organization, staff: User) -> None:
    offboard(leaving)
    cancel_offboarding(leaving, by=staff)
    entry = AuditEntry.objects.get(action="offboard.taken_back")
    assert (entry.actor, entry.org_id) == (staff.email, leaving.org_id)


def test_what_is_not_offboarded_cannot_be_taken_back(firm: Organization) -> None:
    with pytest.raises(OffboardingRefused, match="cannot be taken back"):
        cancel_offboarding(firm, by=None)


@pytest.mark.parametrize("status", ["requested", "provisioning", "moving", "offboarding", "deleted"])
def test_only_a_working_or_suspended_firm_is_offboarded(firm: Organization, status: str) -> None:
    firm.status = status
    with pytest.raises(OffboardingRefused):
        request_offboarding(firm, by=None)


def test_a_grace_below_nothing_is_refused(firm: Organization) -> None:
    with pytest.raises(OffboardingRefused, match="The grace is 0 to"):
        request_offboarding(firm, by=None, grace_days=-1)


def test_a_firm_that_is_worked_on_is_not_offboarded(firm: Organization) -> None:
    start_operation(EXPORT, org_id=firm.org_id, by=None)
    with pytest.raises(OperationUnderWay, match="export"):
        request_offboarding(firm, by=None)


def test_the_command_tells_machines_the_outcome(leaving: Organization) -> None:
    out = StringIO()
    call_command("offboard_org", leaving.org_id, "--json", stdout=out)
    said = json.loads(out.getvalue().splitlines()[-1])
    assert (said["status"], "delete_after" in said["state"]) == ("done", True)


def test_the_command_takes_a_firm_back(leaving: Organization) -> None:
    offboard(leaving)
    out = StringIO()
    call_command("offboard_org", leaving.org_id, "--cancel", stdout=out)
    assert out.getvalue() == "gone_valuers is active again.\n"


def test_the_command_says_why_not(firm: Organization) -> None:
    with pytest.raises(CommandError, match="cannot be taken back"):
        call_command("offboard_org", firm.org_id, "--cancel")
