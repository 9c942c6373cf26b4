"""The application under gunicorn with firms on two clusters; one can be killed, frozen and brought back."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from reports.models import Report
from tenants.context import organization_active
from tenants.models import Cluster, Organization, User
from tenants.operations.provision import NewOrganization, create_organization
from tenants.permissions import Role
from tests.stress.load import Visitor
from tests.stress.serving import databases_at
from tooling import environment, mongod, processes
from tooling.paths import ROOT

EAST = "MONGODB_URI_EAST"
STARTS_WITHIN_SECONDS = 60.0
REPORTS_OF_A_FIRM = 25


class OtherCluster:
    """The second cluster's only server. ``failures`` maps a kind of failure to how it happens."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._server = mongod.start(directory)
        self.failures: dict[str, Callable[[], None]] = {"killed": self.kill, "frozen": self.freeze}

    @property
    def uri(self) -> str:
        return self._server.uri

    def kill(self) -> None:
        """Connections break, and new ones are refused."""
        self._server.process.kill()
        self._server.process.wait()

    def freeze(self) -> None:
        """Connections stay, new ones are taken by the kernel, and nothing ever answers."""
        self._server.process.send_signal(signal.SIGSTOP)

    def bring_back(self) -> None:
        """On the same port with the same data; returns when it takes writes again."""
        if self._server.is_alive():
            self._server.process.send_signal(signal.SIGCONT)
        else:
            self._server = mongod.start(self._directory)

    def stop(self) -> None:
        if self._server.is_alive():
            self._server.process.send_signal(signal.SIGCONT)
        self._server.stop()


def make_firm(number: int, cluster: str, group: str) -> Visitor:
    """A firm with some reports on the cluster, and somebody of it who is signed in."""
    name = f"Stress Valuers {number}"
    firm = create_organization(NewOrganization(f"stress_valuers_{number}", name, "SV", cluster), by=None)
    user = User(email=f"valuer-{number}@stress.example", name="Vera Valuer", organization=firm)
    user.role = Role.VALUER.value
    user.set_unusable_password()
    user.save()
    _make_reports(firm, user)
    client = Client()
    client.force_login(user)
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    return Visitor(group, cookie, f"SV{number}/0001".encode())


def _make_reports(firm: Organization, user: User) -> None:
    now = timezone.now()
    with organization_active(firm.placement):
        Report.objects.bulk_create(
            Report(
                reference=f"SV{firm.org_id.rpartition('_')[2]}/{number:04}",
                bank_code="SBI",
                bank_name="State Bank of India",
                branch_code="0001",
                branch_name="Main branch",
                scheme="home_loan",
                property_type="flat",
                format_version=1,
                format_title="Flat",
                applicant_name=f"Applicant {number}",
                created_by=str(user.pk),
                created_by_name=user.name,
                updated_by_name=user.name,
                # The first one is the latest, and so on the page that is asked for.
                updated_at=now if number == 1 else now - timedelta(days=number),
            )
            for number in range(1, REPORTS_OF_A_FIRM + 1)
        )


@dataclass(frozen=True, slots=True)
class Firms:
    """Who asks: people of firms on the cluster that stays, and on the one that fails."""

    staying: list[Visitor] = field(default_factory=list)
    failing: list[Visitor] = field(default_factory=list)


@contextmanager
def firms_on_two_clusters(uri: str, other: OtherCluster, *, each: int) -> Iterator[Firms]:
    """Set both clusters up, with ``each`` firms on either."""
    settings.MONGODB_ADDRESSES[EAST] = other.uri
    try:
        with databases_at(uri):
            for alias in ("default", "shared"):
                call_command("migrate", database=alias, verbosity=0)
            Cluster.objects.create(name="primary", address_setting="MONGODB_URI")
            Cluster.objects.create(name="east", address_setting=EAST)
            firms = Firms()
            for number in range(each):
                firms.staying.append(make_firm(2 * number + 1, "primary", "staying"))
                firms.failing.append(make_firm(2 * number + 2, "east", "failing"))
            yield firms
    finally:
        del settings.MONGODB_ADDRESSES[EAST]


@contextmanager
def served(uri: str, other_uri: str, directory: Path) -> Iterator[int]:
    """gunicorn as in production, two workers of four threads, on both clusters; gives its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    # The tests' own patience with MongoDB is not the application's.
    not_given = ("MONGODB_", "COV_", "WEB_")
    given = {name: value for name, value in os.environ.items() if not name.startswith(not_given)}
    given |= {
        EAST: other_uri,
        "DJANGO_SECRET_KEY": settings.SECRET_KEY,
        "WEB_CONCURRENCY": "2",
        "WEB_THREADS": "4",
        "GUNICORN_LOG_LEVEL": "warning",
        "ACCESS_LOG": str(directory / "access.log"),
    }
    log = directory / "web.log"
    with log.open("wb") as output:
        web = processes.start(
            [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "valuation.wsgi:application"],
            environment=environment.for_serving(given, mongodb_uri=uri, port=port),
            directory=ROOT,
            output=output,
        )
    try:
        _wait_until_it_answers(port, log)
        yield port
    finally:
        processes.stop(web, seconds=20)


def _wait_until_it_answers(port: int, log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2) as asking:
                asking.sendall(b"GET /readyz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
                if b" 200 " in asking.recv(100):
                    return
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"The application does not answer.\n{log.read_text(errors='replace')[-3000:]}")
