"""The application as it is served, on a MongoDB of the test's own: gunicorn, people, their saves.

Everything here goes the way that a person's request goes; only the preparation and the look at what became of
it are done in the test's own process, on the same databases.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.management import call_command

from reports.formats import definition_of
from reports.models import Report
from reports.working import stored_figures
from tenants.context import no_organization, organization_active
from tenants.models import ActivityEntry, Organization
from tenants.mongodb.clients import clients
from tenants.operations.people import add_member
from tenants.operations.provision import NewOrganization, create_organization
from tenants.permissions import Role
from tenants.registry import registry
from tests.stress.three_members import wait_until
from tooling import environment, processes
from tooling.paths import ROOT

PASSWORD = "a-password-for-this-test-alone"
EMAIL = "valuer@gamma-surveyors.example"
STARTS_WITHIN_SECONDS = 60.0
NO_ANSWER = 0
# The server ends a connection on which nothing is asked for 5 s, perhaps in the moment in which we ask.
IDLE_SECONDS = 2.0
# Between one write of a person and the next: two cores serve them all.
PAUSE_SECONDS = 0.01
# Tab, section and a field of words; nothing else is asked of them.
SECTIONS = (
    ("common", "details", "applicant_name"),
    ("general", "property", "brief_description"),
    ("remarks", "opinion", "marketability"),
)


# The application's databases, in this process ---------------------------------------------------------


@contextmanager
def databases_at(uri: str) -> Iterator[None]:
    """This process works on the MongoDB at ``uri`` inside the block, with clients made for it."""
    before = settings.MONGODB_ADDRESSES.get("MONGODB_URI")
    settings.MONGODB_ADDRESSES["MONGODB_URI"] = uri
    clients.close_all()
    registry.clear()
    try:
        with no_organization():
            yield
    finally:
        clients.close_all()
        registry.clear()
        if before is None:
            del settings.MONGODB_ADDRESSES["MONGODB_URI"]
        else:
            settings.MONGODB_ADDRESSES["MONGODB_URI"] = before


def install() -> Organization:
    """Set the empty databases up, with one firm and one valuer who can sign in."""
    call_command("setup", verbosity=0, stdout=StringIO())
    firm = create_organization(NewOrganization("gamma_surveyors", "Gamma Surveyors", "GS"), by=None)
    add_member(
        organization=firm, email=EMAIL, name="Gita Gamma", role=Role.VALUER, password=PASSWORD, by=None
    )
    return firm


# gunicorn ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Site:
    """A running gunicorn: its port, its arbiter, and what it wrote."""

    port: int
    arbiter: subprocess.Popen[bytes]
    log: Path

    def workers(self) -> set[int]:
        """The process ids of the workers."""
        return children_of(self.arbiter.pid)

    def answers(self) -> bool:
        with closing(Browser(self.port)) as browser:
            return browser.get("/readyz").status == 200


@contextmanager
def serving(uri: str, directory: Path, *, workers: int = 2) -> Iterator[Site]:
    """The application under gunicorn with its databases at ``uri``, from ready to ended."""
    port = _free_port()
    log = directory / "web.log"
    given = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DJANGO_", "MONGODB_", "COV_", "WEB_"))
    }
    given |= {
        "DJANGO_SECRET_KEY": settings.SECRET_KEY,
        "DJANGO_PASSWORD_HASHERS": ",".join(settings.PASSWORD_HASHERS),
        "DJANGO_STATIC_MANIFEST": "0",
        "DJANGO_STATIC_ROOT": str(directory / "static"),
        "WEB_CONCURRENCY": str(workers),
        "GUNICORN_LOG_LEVEL": "info",
        "ACCESS_LOG": str(directory / "access.log"),
        "LOG_LEVEL": "ERROR",
    }
    (directory / "static").mkdir(exist_ok=True)
    with log.open("wb") as output:
        arbiter = processes.start(
            [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "valuation.wsgi:application"],
            environment=environment.for_serving(given, mongodb_uri=uri, port=port),
            directory=ROOT,
            output=output,
        )
    site = Site(port, arbiter, log)
    try:
        wait_until(site.answers, seconds=STARTS_WITHIN_SECONDS, what=f"the application, see {log}")
        yield site
    finally:
        processes.stop(arbiter, seconds=30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# What the kernel knows of processes -------------------------------------------------------------------


def children_of(process_id: int) -> set[int]:
    """The process ids of the children that run."""
    found: set[int] = set()
    for task in Path(f"/proc/{process_id}/task").glob("*/children"):
        found |= {int(child) for child in task.read_text(encoding="ascii").split()}
    return found


@dataclass(frozen=True, slots=True)
class Connection:
    """A TCP connection as one end of it has it. ``inode`` is the socket's, whoever shares it."""

    inode: str
    own_port: int
    other_port: int
    is_established: bool


def connections_of(process_id: int) -> list[Connection]:
    """The TCP connections of a process over IPv4, those that it listens for left out."""
    held = set()
    for descriptor in Path(f"/proc/{process_id}/fd").iterdir():
        try:
            target = os.readlink(descriptor)
        except FileNotFoundError:
            continue  # Closed while we looked.
        if found := re.fullmatch(r"socket:\[(\d+)\]", target):
            held.add(found[1])
    connections = []
    for line in Path(f"/proc/{process_id}/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        _, own, other, state, *_, inode = line.split()[:10]
        own_port, other_port = (int(address.split(":")[1], 16) for address in (own, other))
        if inode in held and other_port:
            connections.append(Connection(inode, own_port, other_port, state == "01"))
    return connections


def connections_to(process_id: int, ports: Collection[int]) -> list[Connection]:
    """Those that a process has to servers on these ports."""
    return [one for one in connections_of(process_id) if one.other_port in ports]


# A person with a browser ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; ``status`` is NO_ANSWER when the connection ended before anything did."""

    status: int
    headers: Mapping[str, str]
    body: str

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def is_fit_for_people(self) -> bool:
        """Whether a refusal is a 503 that says when to come back and shows nothing of the inside."""
        return (
            self.status == 503
            and self.headers.get("retry-after", "").isdigit()
            and "Traceback" not in self.body
            and "pymongo" not in self.body
        )


class Browser:
    """Keeps cookies and one connection, as a browser does. One thread uses it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._cookies: SimpleCookie = SimpleCookie()
        self._connection: http.client.HTTPConnection | None = None
        self._used = 0.0

    def sign_in(self, email: str = EMAIL, password: str = PASSWORD) -> Browser:
        page = self.get("/sign-in/").body
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert found is not None, page[:500]
        form = {"csrfmiddlewaretoken": found[1], "username": email, "password": password}
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self._ask("POST", "/sign-in/", urlencode(form), kind)
        assert answer.status == 302, answer
        return self

    def twin(self) -> Browser:
        """Another tab of the same person, for another thread."""
        other = Browser(self._port)
        other._cookies.load(self._cookies.output(attrs=[], header="", sep=";"))
        return other

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def get(self, path: str) -> Answer:
        return self._ask("GET", path)

    def send(self, method: str, path: str, body: Any) -> Answer:
        """Send JSON to the API."""
        token = self._cookies["csrftoken"].value
        return self._ask(
            method, path, json.dumps(body), {"Content-Type": "application/json", "X-CSRFToken": token}
        )

    def _ask(
        self, method: str, path: str, body: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        cookies = "; ".join(f"{name}={one.value}" for name, one in self._cookies.items())
        if time.monotonic() - self._used > IDLE_SECONDS:
            self.close()
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            self._connection.request(method, path, body, {**(headers or {}), "Cookie": cookies})
            response = self._connection.getresponse()
            text = response.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException):
            self.close()
            return Answer(NO_ANSWER, {}, "")
        self._used = time.monotonic()
        for name, value in response.getheaders():
            if name.lower() == "set-cookie":
                self._cookies.load(value)
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, text)


# People who save --------------------------------------------------------------------------------------


@dataclass
class Journal:
    """What one of the load's threads was told about what it wrote; each write has an id of its own."""

    kind: str
    acknowledged: list[str] = field(default_factory=list)
    # Refused as unreachable, or not answered at all: such a write may be there or not.
    unknown: list[str] = field(default_factory=list)
    # Of these, not answered at all.
    unanswered: int = 0
    # What nobody should ever see.
    wrong: list[str] = field(default_factory=list)
    # When each successful attempt began and ended, by the monotonic clock.
    successes: list[tuple[float, float]] = field(default_factory=list)
    longest: float = 0.0

    def first_success_after(self, moment: float) -> float | None:
        """Seconds from ``moment`` to the end of the first success that also began after it."""
        return next((ended - moment for began, ended in self.successes if began >= moment), None)

    def took(self, began: float, *, success: bool) -> None:
        ended = time.monotonic()
        self.longest = max(self.longest, ended - began)
        if success:
            self.successes.append((began, ended))


class Repeater(threading.Thread, ABC):
    """Does one thing again and again until told to stop, and keeps a journal of what it was told."""

    def __init__(self, name: str, kind: str) -> None:
        super().__init__(name=name, daemon=True)
        self.journal = Journal(kind)
        self._stopping = threading.Event()

    @abstractmethod
    def once(self, write_id: str) -> None:
        """The thing to be done; ``write_id`` is its own."""

    def finish(self) -> None:
        """What is to be done at the end, in the thread."""

    def ask_to_stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        number = 0
        while not self._stopping.wait(PAUSE_SECONDS):
            number += 1
            self.once(f"{self.name} number {number}")
        self.finish()


@contextmanager
def repeating(repeaters: Sequence[Repeater]) -> Iterator[None]:
    """All of them at work inside the block, and none of them after it, however it ends."""
    for one in repeaters:
        one.start()
    try:
        yield
    finally:
        for one in repeaters:
            one.ask_to_stop()
        for one in repeaters:
            one.join(timeout=60)
    assert [one.name for one in repeaters if one.is_alive()] == []


class Saver(Repeater):
    """Saves one section of one report, through the API; what was not acknowledged is sent again as it was."""

    def __init__(self, browser: Browser, report_id: str, section: tuple[str, str, str], name: str) -> None:
        super().__init__(name, "save")
        self.report_id = report_id
        self.path, self.field = ".".join(section[:2]), section[2]
        self._browser = browser
        self._base = 0
        self._again = ""

    def once(self, write_id: str) -> None:
        text = self._again or write_id
        began = time.monotonic()
        answer = save(self._browser, self.report_id, self.path, {self.field: text}, self._base)
        self.journal.took(began, success=answer.status == 200)
        if answer.status == 200:
            self.journal.acknowledged.append(text)
            self._base = answer.json()["section_versions"][self.path]
            self._again = ""
            return
        self._again = text
        self.journal.unknown.append(text)
        self.journal.unanswered += answer.status == NO_ANSWER
        if answer.status != NO_ANSWER and not answer.is_fit_for_people:
            self.journal.wrong.append(f"{answer.status} {answer.body[:300]}")

    def finish(self) -> None:
        self._browser.close()


def save(
    browser: Browser, report_id: str, path: str, answers: Mapping[str, str], base_version: int = 0
) -> Answer:
    """Save answers of one section."""
    body = {"sections": {path: {"base_version": base_version, "answers": answers}}}
    return browser.send("PATCH", f"/api/reports/{report_id}", body)


def begin_report(browser: Browser) -> str:
    """Begin a report; its id."""
    body = {
        "bank": "SBI",
        "branch": "SBI_BLR_MGR",
        "scheme": "general",
        "property_type": "land_building",
    }
    answer = browser.send("POST", "/api/reports", body)
    assert answer.status == 201, answer
    return str(answer.json()["id"])


def savers(browser: Browser, *, reports: int = 2) -> list[Saver]:
    """For each of so many new reports, one tab for each section of SECTIONS; not started yet."""
    made = []
    for number in range(reports):
        report_id = begin_report(browser)
        for section in SECTIONS:
            made.append(Saver(browser.twin(), report_id, section, f"Report {number} {section[2]}"))
    return made


# What became of it ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StoredReport:
    """A report as it is afterwards, and every text that its activity says was saved, in order of saving."""

    report: Report
    saved: list[tuple[str, str]]

    def texts(self, path: str) -> list[str]:
        return [text for section, text in self.saved if section == path]


def stored_report(firm: Organization, report_id: str) -> StoredReport:
    with organization_active(firm.placement):
        report = Report.objects.get(pk=report_id)
        entries = ActivityEntry.objects.filter(report_id=report_id, action="section_saved").order_by("pk")
        saved = [
            (entry.target, str(change["after"])) for entry in entries for change in entry.details["changes"]
        ]
    return StoredReport(report, saved)


def faults_of(stored: StoredReport) -> list[str]:
    """Where the parts of a report, written together, do not agree: signs of a half-written one."""
    report = stored.report
    faults = []
    if report.version != 1 + len(stored.saved):
        faults.append(f"version {report.version} after {len(stored.saved)} recorded saves")
    for tab, section, field_id in SECTIONS:
        path = f"{tab}.{section}"
        texts = stored.texts(path)
        answer = report.answers.get(tab, {}).get(section, {}).get(field_id)
        if texts and answer not in texts:
            faults.append(f"{path} holds {answer!r}, which nobody is recorded to have saved")
        if report.section_versions.get(path, 0) > report.version:
            faults.append(f"{path} is newer than the report")
    last = max(report.section_versions.values(), default=1)
    if last != report.version:
        faults.append(f"the last save is {last}, the report {report.version}")
    _, derived = stored_figures(
        definition_of(report),
        report.answers,
        reference=report.reference,
        bank=report.bank_name,
        branch=report.branch_name,
    )
    faults += [
        f"{name} does not follow from the answers"
        for name, value in derived.items()
        if getattr(report, name) != value
    ]
    return faults
