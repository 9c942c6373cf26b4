"""A runner that is killed by the system, in a process of its own: its operation is gone on with."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from tenants.models import Operation, Organization, OrganizationStatus

ROOT = Path(__file__).resolve().parents[2]
# Long enough for a process to start on a busy machine.
PATIENCE_SECONDS = 60.0


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "It did not come to be."
        time.sleep(0.05)


def under_way() -> Operation:
    return Operation.objects.get(kind="offboard")


@pytest.fixture
def killed(firm: Organization) -> Organization:
    """The firm, whose offboarding was killed after it had shut everybody out."""
    environment = {
        **os.environ,
        "MONGODB_URI": settings.MONGODB_ADDRESSES["MONGODB_URI"],
        "OPERATION_LEASE_SECONDS": "1",
    }
    process = subprocess.Popen(
        [sys.executable, "manage.py", "offboard_org", firm.org_id],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: Organization.objects.get(pk=firm.pk).frozen_at is not None)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    wait_until(lambda: under_way().seems_dead(timezone.now()))
    return firm


def test_it_keeps_the_firm_for_whoever_goes_on(killed: Organization) -> None:
    assert Organization.objects.get(pk=killed.pk).operation == under_way().pk


def test_the_same_command_takes_it_back(killed: Organization) -> None:
    call_command("offboard_org", killed.org_id, cancel=True, stdout=StringIO())
    firm = Organization.objects.get(pk=killed.pk)
    assert (firm.status, firm.frozen_at, firm.operation) == (OrganizationStatus.ACTIVE, None, None)
