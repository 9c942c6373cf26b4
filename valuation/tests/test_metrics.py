"""The page that Prometheus reads: who may, what it says, and that all of a server's processes are in it."""

from __future__ import annotations

import fcntl
import http.client
import os
import re
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.parser import text_string_to_metric_families
from pymongo.errors import NetworkTimeout
from pytest_django import Settings

from tenants.models import Organization, User
from tenants.mongodb.monitoring import Command
from tenants.operations.backups.measures import backup_figures
from tooling import environment
from tooling.paths import ROOT
from valuation.metrics import MetricsMiddleware, exposition

TOKEN = "for-the-tests-of-the-metrics"

GUNICORN = (sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py")

Values = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def the_next_one(request: HttpRequest) -> HttpResponse:
    return HttpResponse("from further in", status=418)


def ask(
    path: str = "/metrics", *, method: str = "get", authorization: str | None = f"Bearer {TOKEN}"
) -> HttpResponse:
    headers = {"Authorization": authorization} if authorization is not None else {}
    return MetricsMiddleware(the_next_one)(RequestFactory().generic(method.upper(), path, headers=headers))


@pytest.fixture(autouse=True)
def nothing_known_of_backups(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures of backups are asked for anew, and left out where a test has no database to ask."""
    backup_figures.clear()
    if "database" not in request.fixturenames:
        monkeypatch.setattr(backup_figures, "get", lambda: None)


@pytest.fixture
def open_to_the_token(settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN


# Who may read it -------------------------------------------------------------------------------------


@pytest.mark.parametrize("authorization", [None, "Bearer ", f"Bearer {TOKEN}"])
def test_without_a_token_of_its_own_it_is_not_there(settings: Settings, authorization: str | None) -> None:
    settings.METRICS_TOKEN = ""
    assert ask(authorization=authorization).status_code == 404


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer another",
        f"Bearer {TOKEN}x",
        f"Basic {TOKEN}",
        TOKEN,
        "Bearer ü",
    ],
)
@pytest.mark.usefixtures("open_to_the_token")
def test_it_is_refused_without_the_token(authorization: str | None) -> None:
    refused = ask(authorization=authorization)
    assert (refused.status_code, refused["WWW-Authenticate"]) == (401, 'Bearer realm="metrics"')
    assert b"mongodb_" not in refused.content


@pytest.mark.parametrize("authorization", [f"Bearer {TOKEN}", f"bearer {TOKEN}"])
@pytest.mark.usefixtures("open_to_the_token")
def test_it_is_shown_to_who_has_the_token(authorization: str) -> None:
    shown = ask(authorization=authorization)
    assert (shown.status_code, shown["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert b"# TYPE mongodb_clients gauge" in shown.content


@pytest.mark.usefixtures("open_to_the_token")
def test_it_is_only_read() -> None:
    assert ask(method="post").status_code == 405


@pytest.mark.usefixtures("open_to_the_token")
def test_nobody_keeps_a_copy() -> None:
    assert ask()["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/metrics/", "/metricsx"])
@pytest.mark.usefixtures("open_to_the_token")
def test_every_other_address_is_somebody_elses(path: str) -> None:
    assert ask(path).status_code == 418


@pytest.mark.usefixtures("open_to_the_token")
def test_it_asks_the_control_plane_once_in_a_while_and_minds_no_host(
    database: None, commands: Callable[[], AbstractContextManager[list[Command]]]
) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Host": "10.0.0.7:8000"}
    with commands() as sent:
        answers = [Client().get("/metrics", headers=headers).status_code for _ in range(3)]
    assert (answers, [(one.database, one.collection) for one in sent]) == (
        [200, 200, 200],
        [("valuation_admin", "organizations")],
    )


# The backups of the whole fleet ----------------------------------------------------------------------


def backups_shown() -> Values:
    return {key: value for key, value in values(exposition()).items() if "backup" in key[0]}


def test_it_tells_how_old_the_backups_are(firm: Organization, rival: Organization) -> None:
    taken_at = timezone.now() - timedelta(hours=72)
    Organization.objects.filter(pk=firm.pk).update(last_backup_at=taken_at)
    shown = {name: value for (name, _), value in backups_shown().items()}
    age = shown.pop("backup_age_seconds_max")
    assert (round(age / 3600, 1), shown) == (
        72.0,
        {
            "organizations_without_backup": 1,
            "backups_overdue": 1,
            "backup_last_success_timestamp_seconds": pytest.approx(taken_at.timestamp(), abs=0.01),
        },
    )


def test_it_names_no_firm(firm: Organization) -> None:
    Organization.objects.filter(pk=firm.pk).update(last_backup_at=timezone.now())
    assert {labels for _, labels in backups_shown()} == {()}


def test_without_the_control_plane_it_leaves_the_backups_out(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(_now: object) -> None:
        raise NetworkTimeout("nobody there")

    monkeypatch.setattr("tenants.operations.backups.measures.schedules", silent)
    assert (backups_shown(), b"mongodb_clients" in exposition()) == ({}, True)


def test_it_is_closed_unless_somebody_opens_it() -> None:
    assert configured.METRICS_TOKEN == ""


# What it says ----------------------------------------------------------------------------------------


def test_it_says_nothing_of_firms_people_or_addresses(
    client_for: Callable[[User], Client], valuer: User, firm: Organization, mongodb_uri: str
) -> None:
    assert client_for(valuer).get("/reports/").status_code == 200
    shown = exposition().decode()
    port = mongodb_uri.partition("@")[2].partition(":")[2].partition("/")[0]
    assert 'cluster="MONGODB_URI"' in shown
    for private in (
        firm.org_id,
        firm.name,
        valuer.email,
        str(valuer.pk),
        "@",
        "mongodb://",
        "127.0.0.1",
        port,
    ):
        assert not re.search(rf"\b{re.escape(private)}", shown), private


def test_a_page_of_a_firm_is_counted(client_for: Callable[[User], Client], valuer: User) -> None:
    client = client_for(valuer)
    key = ("mongodb_commands_total", (("cluster", "MONGODB_URI"), ("command", "aggregate")))
    before = values(exposition())[key]
    client.get("/reports/")
    assert values(exposition())[key] > before


def values(shown: bytes) -> Values:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(shown.decode())
        for sample in family.samples
    }


# Several processes -----------------------------------------------------------------------------------


@dataclass
class Server:
    """gunicorn and its workers' process ids."""

    port: int
    process: subprocess.Popen[str]
    workers: list[int]

    def get(self, path: str) -> tuple[int, bytes]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request("GET", path, headers={"Authorization": f"Bearer {TOKEN}"})
            response = connection.getresponse()
            return response.status, response.read()

    def metrics(self) -> Values:
        status, shown = self.get("/metrics")
        assert status == 200
        return values(shown)

    def ask_each_worker(self) -> int:
        """Have each worker answer ``/readyz``, with the others held; how many requests that took."""
        for worker in self.workers:
            others = [one for one in self.workers if one != worker]
            for one in others:
                os.kill(one, signal.SIGSTOP)
            try:
                assert self.get("/readyz")[0] == 200
            finally:
                for one in others:
                    os.kill(one, signal.SIGCONT)
        return len(self.workers)

    def wait_for_worker(self) -> int:
        """The process id of the next worker that starts."""
        assert self.process.stdout is not None
        said = ""
        for line in self.process.stdout:
            said += line
            if found := re.search(r"Booting worker with pid: (\d+)", line):
                return int(found[1])
        raise AssertionError(said)


CLIENTS = ("mongodb_clients", ())
HELLOS = ("mongodb_commands_total", (("cluster", "MONGODB_URI"), ("command", "hello")))
CONNECTIONS = ("mongodb_pool_connections", (("cluster", "MONGODB_URI"),))
# ``/readyz`` greets the control plane and the shared resources.
HELLOS_OF_A_REQUEST = 2


@contextmanager
def gunicorn(application: str, *, workers: int, variables: dict[str, str]) -> Iterator[Server]:
    """An application served with gunicorn's settings of this repository, on a port of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen(
        # A worker that is still starting misses the word to stop: do not wait for it long.
        [*GUNICORN, "--graceful-timeout", "1", application],
        env={
            **variables,
            "PORT": str(port),
            "WEB_CONCURRENCY": str(workers),
            "GUNICORN_LOG_LEVEL": "info",
        },
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    server = Server(port, process, [])
    try:
        server.workers = [server.wait_for_worker() for _ in range(workers)]
        yield server
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


@pytest.fixture(scope="module")
def server(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The application itself. Whoever ends a worker of it waits for the next."""
    given = {name: os.environ[name] for name in os.environ if not name.startswith(("MONGODB_", "COV_"))}
    given["METRICS_TOKEN"] = TOKEN
    given["ACCESS_LOG"] = str(tmp_path_factory.mktemp("metrics") / "access.log")
    variables = environment.for_serving(given, mongodb_uri=mongodb_uri, port=0)
    with gunicorn("valuation.wsgi:application", workers=2, variables=variables) as server:
        yield server


def test_the_workers_of_a_server_are_added_up(server: Server) -> None:
    before = server.metrics().get(HELLOS, 0)
    asked = server.ask_each_worker()
    after = server.metrics()
    assert after[HELLOS] - before == HELLOS_OF_A_REQUEST * asked
    assert after[CLIENTS] == len(server.workers)


def test_a_worker_that_was_killed_leaves_what_it_did_and_takes_what_it_had(server: Server) -> None:
    server.ask_each_worker()
    before = server.metrics()
    os.kill(server.workers.pop(), signal.SIGKILL)
    server.workers.append(server.wait_for_worker())
    after = server.metrics()
    assert after[HELLOS] == before[HELLOS]
    assert after[CLIENTS] == 1
    assert 0 < after[CONNECTIONS] < before[CONNECTIONS]


WHERE = """
import os

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [os.environ["PROMETHEUS_MULTIPROC_DIR"].encode()]
"""


def test_the_directory_of_a_server_is_private_and_goes_with_it(tmp_path: Path) -> None:
    (tmp_path / "where.py").write_text(WHERE, encoding="utf-8")
    # An earlier server's directory, if the environment still names one, is none of this one's business.
    variables = {"PYTHONPATH": str(tmp_path), "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    with gunicorn("where:application", workers=1, variables=variables) as server:
        directory = Path(server.get("/")[1].decode())
        mode = directory.stat().st_mode
    assert directory != tmp_path
    assert (mode & 0o077, directory.exists(), tmp_path.exists()) == (0, False, True)


def test_a_directory_that_was_tidied_up_costs_figures_and_no_worker(tmp_path: Path) -> None:
    (tmp_path / "where.py").write_text(WHERE, encoding="utf-8")
    variables = {"PYTHONPATH": str(tmp_path)}
    with gunicorn("where:application", workers=1, variables=variables) as server:
        directory = Path(server.get("/")[1].decode())
        directory.rmdir()
        os.kill(server.workers[0], signal.SIGKILL)
        server.wait_for_worker()
        assert server.get("/")[0] == 200
        assert directory.exists()


# Workers that ended ----------------------------------------------------------------------------------


@pytest.fixture
def put_together() -> Callable[..., None]:
    """The function of gunicorn's settings that puts the files of ended workers together."""
    function: Callable[..., None] = runpy.run_path(str(ROOT / "gunicorn.conf.py"))[
        "put_ended_workers_together"
    ]
    return function


def counter_of(directory: Path, process: int, value: float, name: str = "done") -> Path:
    """A file such as worker ``process`` keeps."""
    path = directory / f"counter_{process}.db"
    kept: Any = MmapedDict(str(path))  # type: ignore[no-untyped-call]
    key = mmap_key(name, f"{name}_total", [], [], "Done.")
    kept.write_value(key, value, 0.0)
    kept.close()
    return path


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Values]:
    """What would be shown of the files in ``tmp_path``."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    return lambda: values(exposition())


def test_ended_workers_count_as_before(
    put_together: Callable[..., None], tmp_path: Path, shown: Callable[[], Values]
) -> None:
    for process in (11, 12, 13):
        counter_of(tmp_path, process, process)
    put_together(tmp_path, living={13})
    counter_of(tmp_path, 14, 14)
    put_together(tmp_path, living={13})
    assert shown() == {("done_total", ()): 11 + 12 + 13 + 14}


def test_however_many_workers_ended_they_have_one_file(
    put_together: Callable[..., None], tmp_path: Path
) -> None:
    living = counter_of(tmp_path, 13, 1)
    for process in (11, 12):
        counter_of(tmp_path, process, 1)
    put_together(tmp_path, living={13})
    assert set(tmp_path.iterdir()) == {living, tmp_path / "counter_ended.db"}


@pytest.mark.parametrize("left", [b"", b"\xff\xff\0\0" + b"\x7f" * 60])
def test_a_file_that_a_killed_worker_left_half_made_stops_nothing(
    put_together: Callable[..., None], tmp_path: Path, shown: Callable[[], Values], left: bytes
) -> None:
    counter_of(tmp_path, 11, 3)
    (tmp_path / "counter_12.db").write_bytes(left)
    put_together(tmp_path, living=set())
    assert shown() == {("done_total", ()): 3}


def test_files_stand_still_while_they_are_added_up(put_together: Callable[..., None], tmp_path: Path) -> None:
    ended = counter_of(tmp_path, 11, 1)
    reading = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(reading, fcntl.LOCK_SH)
    put_together(tmp_path, living=set())
    still_there = ended.exists()
    os.close(reading)
    put_together(tmp_path, living=set())
    assert (still_there, ended.exists()) == (True, False)


def test_adding_up_makes_the_files_stand_still(
    tmp_path: Path, shown: Callable[[], Values], monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[bool] = []

    def while_added_up(_registry: object) -> bytes:
        other = os.open(tmp_path, os.O_RDONLY)
        try:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            refused.append(True)
        finally:
            os.close(other)
        return b""

    monkeypatch.setattr("valuation.metrics.generate_latest", while_added_up)
    shown()
    assert refused == [True]
