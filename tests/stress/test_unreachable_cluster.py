"""Of two clusters one is unreachable: its firms are told so soon, the others do not feel it, and it passes.

One run of the application as it is served, under a steady load of both clusters' firms. Windows in which all
is well and windows in which the second cluster is killed or frozen take turns, so that a slow moment of the
machine falls on both. A window of failure begins with the failure: its discovery is included.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.stress.load import Answer, Load, percentile
from tests.stress.outages import OtherCluster, firms_on_two_clusters, served
from tooling import mongod

pytestmark = [pytest.mark.stress, pytest.mark.alone, pytest.mark.mongod]

FAILURES = ("killed", "frozen")
# Well, failure, well, failure, …; the second half in the other order.
ORDER = ("killed", "frozen", "frozen", "killed")
WINDOW_SECONDS = 6.5
WARM_UP_SECONDS = 3.0
SETTLE_SECONDS = 1.0
# What is on its way when the cluster fails was not asked while all was well.
ON_THE_WAY_SECONDS = 0.5
# Requests a second, together far below what two workers can do.
OF_STAYING_FIRMS, OF_FAILING_FIRMS = 45.0, 15.0
FIRMS_OF_EACH_CLUSTER = 3
ANSWERED_WITHIN_SECONDS = 3.0
RECOVERED_WITHIN_SECONDS = 15.0
P99_MAY_GROW = 1.2
# The 99th percentile of some hundred requests is six of them: a moment in which the machine is busy otherwise
# moves it by more than that. What is wrong in ours shows in every run.
RUNS = 3


@dataclass(frozen=True, slots=True)
class Window:
    """A time in which all was well, or in which the second cluster was ``killed`` or ``frozen``.

    ``back`` is when the cluster took requests again after it (monotonic clock), ``settled`` when the load saw
    nothing but right answers since.
    """

    name: str
    begin: float
    end: float
    back: float = 0.0
    settled: float | None = 0.0

    def of(self, answers: Sequence[Answer]) -> list[Answer]:
        """Those that were due in it, whenever they were answered."""
        return [one for one in answers if self.begin <= one.due < self.end]


@dataclass(frozen=True, slots=True)
class Run:
    """All windows of a run, and every answer of it."""

    windows: list[Window]
    staying: list[Answer]
    failing: list[Answer]
    log: str

    def of_staying(self, name: str) -> list[Answer]:
        return [one for window in self.windows if window.name == name for one in window.of(self.staying)]

    def of_failing(self, name: str) -> list[Answer]:
        return [one for window in self.windows if window.name == name for one in window.of(self.failing)]

    def was_back(self, answer: Answer) -> bool:
        """Whether the cluster came back while the request was on its way."""
        return any(answer.due < window.end <= answer.ended for window in self.windows)

    def p99(self, name: str) -> float:
        """Milliseconds, over all windows of that name, of the firms on the cluster that stays."""
        return 1000 * percentile((one.latency for one in self.of_staying(name)), 0.99)

    @property
    def keeps_p99(self) -> bool:
        return all(self.p99(kind) <= P99_MAY_GROW * self.p99("well") for kind in FAILURES)

    def recoveries(self, name: str) -> list[float | None]:
        """Seconds from the cluster's return to the last wrong answer; None when they went on."""
        return [
            None if window.settled is None else window.settled - window.back
            for window in self.windows
            if window.name == name
        ]


def observe(load: Load, other: OtherCluster) -> list[Window]:
    """Let the windows take their turns."""
    windows = []
    time.sleep(WARM_UP_SECONDS)
    for kind in ORDER:
        begin = time.monotonic()
        time.sleep(WINDOW_SECONDS)
        windows.append(Window("well", begin, time.monotonic() - ON_THE_WAY_SECONDS))
        other.failures[kind]()
        begin = time.monotonic()
        time.sleep(WINDOW_SECONDS)
        end = time.monotonic()
        other.bring_back()
        back = time.monotonic()
        settled = load.wait_until_right("failing", since=back, seconds=RECOVERED_WITHIN_SECONDS)
        windows.append(Window(kind, begin, end, back, settled))
        time.sleep(SETTLE_SECONDS)
    return windows


@pytest.fixture(scope="module")
def runs(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any) -> list[Run]:
    """One run, or more as long as the 99th percentile grew in it."""
    made: list[Run] = []
    with django_db_blocker.unblock():
        while len(made) < RUNS and not any(one.keeps_p99 for one in made):
            made.append(one_run(tmp_path_factory.mktemp("outages")))
    return made


@pytest.fixture(scope="module", params=range(RUNS))
def run(request: pytest.FixtureRequest, runs: list[Run]) -> Run:
    """Each run that was made: what is not about time must hold in all of them."""
    number: int = request.param
    return runs[min(number, len(runs) - 1)]


def one_run(directory: Path) -> Run:
    with ExitStack() as stack:
        uri = stack.enter_context(mongod.running(directory / "first"))
        other = OtherCluster(directory / "second")
        stack.callback(other.stop)
        firms = stack.enter_context(firms_on_two_clusters(uri, other, each=FIRMS_OF_EACH_CLUSTER))
        port = stack.enter_context(served(uri, other.uri, directory))
        load = Load(port)
        load.add(firms.staying, connections=16, a_second=OF_STAYING_FIRMS)
        load.add(firms.failing, connections=16, a_second=OF_FAILING_FIRMS)
        with load:
            windows = observe(load, other)
        log = (directory / "web.log").read_text(errors="replace")
        return Run(windows, load.answers("staying"), load.answers("failing"), log)


def test_all_is_well_before_anything_fails(run: Run) -> None:
    answers = run.of_staying("well") + run.of_failing("well")
    assert Counter((one.status, one.is_right) for one in answers) == {(200, True): len(answers)}


@pytest.mark.parametrize("kind", FAILURES)
def test_its_firms_are_told_to_come_back_later(run: Run, kind: str) -> None:
    answers = [one for one in run.of_failing(kind) if not run.was_back(one)]
    assert len(answers) > 150
    assert Counter((one.status, one.retry_after.isdigit()) for one in answers) == {(503, True): len(answers)}


@pytest.mark.parametrize("kind", FAILURES)
def test_its_firms_are_told_within_three_seconds(run: Run, kind: str) -> None:
    assert max(one.service for one in run.of_failing(kind)) < ANSWERED_WITHIN_SECONDS


@pytest.mark.parametrize("kind", FAILURES)
def test_the_other_firms_go_on(run: Run, kind: str) -> None:
    answers = run.of_staying(kind)
    assert Counter((one.status, one.is_right) for one in answers) == {(200, True): len(answers)}


@pytest.mark.parametrize("kind", FAILURES)
def test_the_other_firms_keep_their_p99(runs: list[Run], kind: str) -> None:
    run = runs[-1]
    assert len(run.of_staying(kind)) > 500
    assert run.p99(kind) <= P99_MAY_GROW * run.p99("well")


@pytest.mark.parametrize("kind", FAILURES)
def test_it_recovers_by_itself(run: Run, kind: str) -> None:
    assert None not in run.recoveries(kind), "Its firms were still refused."


def test_nothing_of_it_is_a_fault_in_the_log(run: Run) -> None:
    assert "Traceback" not in run.log
