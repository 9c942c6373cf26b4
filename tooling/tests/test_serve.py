"""`make run` around a stand-in for the application: what it starts, and that it leaves nothing behind."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tooling import data_lock, serve
from tooling.paths import ROOT

MANAGE = """
import os, pathlib, sys, time
if sys.argv[1] == "runworker":
    pathlib.Path("var/worker").write_text(str(os.getpid()))
    time.sleep(60)
if sys.argv[1] == "setup":
    print("URI", os.environ["MONGODB_URI"], flush=True)
    if os.environ.get("SETUP") == "hang":
        time.sleep(60)
    sys.exit(3 if os.environ.get("SETUP") == "fail" else 0)
pathlib.Path("var/static").mkdir(exist_ok=True)
"""
WSGI = """
def application(environ, start_response):
    start_response("200 OK", [])
    return [b"served"]
"""


@dataclass(frozen=True)
class Project:
    """A checkout with this tooling and a stand-in for the application."""

    root: Path
    port: int

    def run(self, **variables: str) -> subprocess.Popen[str]:
        given = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return subprocess.Popen(
            [sys.executable, "-m", "tooling.serve"],
            cwd=self.root,
            env={**given, "PORT": str(self.port), **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def worker(self) -> int | None:
        """The process id of the worker, if it runs."""
        noted = self.root / "var" / "worker"
        process_id = int(noted.read_text() or 0) if noted.exists() else 0
        return process_id if process_id and Path(f"/proc/{process_id}").exists() else None

    def wait_for_worker(self) -> int:
        """It starts when everything else answers."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if process_id := self.worker():
                return process_id
            time.sleep(0.05)
        raise AssertionError("No worker came.")

    def mongod(self) -> int | None:
        """The process id of the embedded MongoDB, if it runs."""
        return data_lock.holder(self.root / "var" / "mongo" / "data")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    shutil.copytree(ROOT / "tooling", tmp_path / "tooling", ignore=shutil.ignore_patterns("tests"))
    shutil.copy(ROOT / "gunicorn.conf.py", tmp_path)
    (tmp_path / "manage.py").write_text(MANAGE)
    (tmp_path / "valuation").mkdir()
    (tmp_path / "valuation" / "__init__.py").touch()
    (tmp_path / "valuation" / "wsgi.py").write_text(WSGI)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return Project(tmp_path, probe.getsockname()[1])


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """What it prints up to the line with ``words``, or everything when it ends before."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if words in line:
            break
    return said


def end(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> tuple[int, str]:
    """Signal it; its exit status and what it said since."""
    process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    return process.returncode, said


@pytest.fixture
def served(project: Project) -> Iterator[subprocess.Popen[str]]:
    """The stand-in, served."""
    process = project.run()
    said = read_until(process, "Serving")
    assert "Serving" in said, said
    yield process
    if process.poll() is None:
        end(process)
    else:
        process.communicate()


def answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@pytest.mark.mongod
def test_it_serves(project: Project, served: subprocess.Popen[str]) -> None:
    assert answers(project.port)


@pytest.mark.mongod
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_of_it_and_is_no_failure(
    project: Project, served: subprocess.Popen[str], number: int
) -> None:
    project.wait_for_worker()
    status, _said = end(served, number)
    assert (status, project.mongod(), project.worker(), answers(project.port)) == (0, None, None, False)


@pytest.mark.mongod
def test_a_worker_that_ends_ends_the_rest(project: Project, served: subprocess.Popen[str]) -> None:
    os.kill(project.wait_for_worker(), signal.SIGKILL)
    said, _ = served.communicate(timeout=60)
    assert (served.returncode, "tasks ended by itself (killed by SIGKILL)" in said) == (1, True)


@pytest.mark.mongod
def test_being_killed_leaves_no_mongodb_behind(project: Project, served: subprocess.Popen[str]) -> None:
    end(served, signal.SIGKILL)
    assert data_lock.wait_until_free(project.root / "var" / "mongo" / "data", seconds=20) is None


@pytest.mark.mongod
def test_a_mongodb_that_ends_ends_the_rest(project: Project, served: subprocess.Popen[str]) -> None:
    process_id = project.mongod()
    assert process_id
    os.kill(process_id, signal.SIGKILL)
    said, _ = served.communicate(timeout=60)
    assert (served.returncode, "MongoDB ended by itself (killed by SIGKILL)" in said) == (1, True)


@pytest.mark.mongod
def test_a_second_run_in_the_same_checkout_is_refused(
    project: Project, served: subprocess.Popen[str]
) -> None:
    second = project.run(PORT="1")
    said, _ = second.communicate(timeout=60)
    assert (second.returncode, f"(process {served.pid})" in said) == (1, True)


@pytest.mark.mongod
def test_a_setup_that_fails_stops_mongodb_and_says_so(project: Project) -> None:
    process = project.run(SETUP="fail")
    said, _ = process.communicate(timeout=60)
    assert (process.returncode, project.mongod()) == (1, None)
    assert "manage.py setup --demo failed (exit status 3)" in said


@pytest.mark.mongod
def test_ctrl_c_during_setup_stops_both(project: Project) -> None:
    process = project.run(SETUP="hang")
    read_until(process, "URI")
    status, _said = end(process, signal.SIGINT)
    assert (status, project.mongod()) == (0, None)


def test_with_an_address_given_nothing_is_embedded(project: Project) -> None:
    process = project.run(MONGODB_URI="mongodb://elsewhere.example/")
    said = read_until(process, "Serving")
    end(process)
    assert re.search(r"^URI mongodb://elsewhere.example/$", said, re.MULTILINE)
    assert not (project.root / "var" / "mongo").exists()


def test_a_port_that_is_taken_is_named_before_anything_starts(project: Project) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", project.port))
        other.listen()
        process = project.run()
        said, _ = process.communicate(timeout=60)
    assert (process.returncode, f"port {project.port} is taken" in said) == (1, True)
    assert not (project.root / "var" / "mongo").exists()


@pytest.mark.parametrize("text", ["0", "65536", "-1", "http", "80 80", "٨٠"])
def test_a_port_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(serve.ServeError, match="from 1 to 65535"):
        serve.parse_port(text)


def test_no_port_means_8000() -> None:
    assert serve.parse_port("") == 8000
