"""The primary of a replica set is killed under load, twice: what was acknowledged stays, and work resumes.

The drama is played once for all tests of this file: several threads write in every way in which the
application writes, in this process and through gunicorn, while the primary is killed, comes back as a
secondary, its successor is killed too, and the third hands over in an orderly way. Each thread keeps a
journal of what it was told; the tests compare the journals with what the databases hold.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter as Tally
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError
from django.db.models import F
from pymongo.errors import PyMongoError

from reports.actions.begin import next_number
from tenants.context import organization_active
from tenants.errors import TenancyError
from tenants.middleware import is_unreachable
from tenants.models import ActivityEntry, Counter, Organization
from tenants.mongodb.transaction import run_atomically
from tests.stress import serving
from tests.stress.serving import Browser, Journal, Repeater, Saver, Site
from tests.stress.three_members import ThreeMembers, three_members, wait_until

pytestmark = [pytest.mark.stress, pytest.mark.mongod]

logger = logging.getLogger(__name__)

# The first primary dies with writes that nobody else has, and comes back. The second stays dead, so that from
# then on both others make the majority.
CHANGES = ("killed ahead of the others", "killed", "stepped down")
AHEAD_SECONDS = 0.5
# From the moment in which a member says that it is the new primary. On a quiet machine it is half a second.
RESUMES_WITHIN_SECONDS = 10.0
# Nobody waits longer than this for an answer, good or bad.
ANSWERS_WITHIN_SECONDS = 30.0
CALM_SECONDS = 1.0


# The load ---------------------------------------------------------------------------------------------


class Writer(Repeater):
    """Writes in one way; ``write`` takes the write's own id and returns what it was told."""

    def __init__(self, kind: str, number: int, firm: Organization, write: Callable[[str], str]) -> None:
        super().__init__(f"{kind} {number}", kind)
        self._firm = firm
        self._write = write

    def once(self, write_id: str) -> None:
        began = time.monotonic()
        try:
            with organization_active(self._firm.placement):
                told = self._write(write_id)
        except (PyMongoError, DatabaseError, TenancyError) as error:
            self.journal.took(began, success=False)
            self.journal.unknown.append(write_id)
            if not is_unreachable(error):
                self.journal.wrong.append(f"{write_id}: {error!r} from {error.__cause__!r}")
        else:
            self.journal.took(began, success=True)
            self.journal.acknowledged.append(told)


def create(write_id: str) -> str:
    """One document by the ORM; its collection does not mind a second one of the same id."""
    ActivityEntry.objects.create(action="created", actor_id="load", actor_name="Load", target=write_id)
    return write_id


def draw(write_id: str) -> str:
    """One number of a counter, which the server increases; the driver may ask it a second time."""
    return str(next_number("drawn"))


def step(write_id: str) -> str:
    """A conditional update by version, as reports are changed: from the version that was read to the next."""
    value = Counter.objects.get(name="stepped").value
    changed = Counter.objects.filter(name="stepped", value=value).update(value=value + 1)
    return str(value) if changed else "overtaken"


def book(write_id: str) -> str:
    """Two collections in one transaction."""

    def both() -> None:
        Counter.objects.filter(name="booked").update(value=F("value") + 1)
        ActivityEntry.objects.create(action="booked", actor_id="load", actor_name="Load", target=write_id)

    run_atomically(both)
    return write_id


class Reader(Repeater):
    """Opens pages, one after another."""

    def __init__(self, browser: Browser, report_id: str) -> None:
        super().__init__("reader", "read")
        self.statuses: Tally[int] = Tally()
        self._browser = browser
        self._pages = cycle(("/reports/", f"/reports/{report_id}/edit/common/details/", "/"))

    def once(self, write_id: str) -> None:
        answer = self._browser.get(next(self._pages))
        self.statuses[answer.status] += 1
        if answer.status != 200 and not answer.is_fit_for_people:
            self.journal.wrong.append(f"{answer.status} {answer.body[:300]}")

    def finish(self) -> None:
        self._browser.close()


# The drama --------------------------------------------------------------------------------------------


@dataclass(repr=False)
class Outcome:
    """What was written, what was told, and what is there."""

    firm: Organization
    writers: list[Writer]
    savers: list[Saver]
    reader: Reader
    # When each change of the primary began, and how long there was none.
    changes: list[float]
    elections: list[float]
    log: str
    counters: dict[str, int]
    targets: dict[str, Tally[str]]
    reports: dict[str, serving.StoredReport]

    def journals(self, kind: str | None = None) -> list[Journal]:
        everyone = [one.journal for one in (*self.writers, *self.savers)]
        return [one for one in everyone if kind in (None, one.kind)]

    def acknowledged(self, kind: str) -> list[str]:
        return [told for journal in self.journals(kind) for told in journal.acknowledged]

    def unknown(self, kind: str) -> list[str]:
        return [write_id for journal in self.journals(kind) for write_id in journal.unknown]

    def saved_texts(self) -> Tally[str]:
        return Tally(text for stored in self.reports.values() for _, text in stored.saved)

    def resumed_after(self, kind: str) -> list[float]:
        """For each change, how long it took until anybody's write of this kind, begun after it, succeeded."""
        return [
            min(one for one in (j.first_success_after(began) for j in self.journals(kind)) if one is not None)
            for began in self.changes
        ]


KINDS = ("create", "draw", "step", "book", "save")


def _change_primary(members: ThreeMembers, change: str, outcome: Outcome) -> None:
    """Take the primary away and wait until everybody writes again."""
    primary = members.wait_for_primary()
    if change == "killed ahead of the others":
        with members.behind(primary):
            threading.Event().wait(AHEAD_SECONDS)
            began = time.monotonic()
            members.kill(primary)
    elif change == "killed":
        began = time.monotonic()
        members.kill(primary)
    else:
        members.step_down(primary)
        began = time.monotonic()
    outcome.changes.append(began)
    members.wait_for_primary()
    outcome.elections.append(time.monotonic() - began)
    for kind in KINDS:
        wait_until(
            lambda kind=kind: any(one.first_success_after(began) for one in outcome.journals(kind)),  # type: ignore[misc]
            seconds=30,
            what=f"the first {kind} after the primary was {change}",
        )
    _calm()
    if change == "killed ahead of the others":
        members.restart(primary)
        _calm()


def _calm() -> None:
    """Let the load run with nothing happening to it."""
    threading.Event().wait(CALM_SECONDS)


def _play(members: ThreeMembers, site: Site, firm: Organization) -> Outcome:
    with organization_active(firm.placement):
        for name in ("stepped", "booked"):
            Counter.objects.create(name=name)
    ways = {"create": create, "draw": draw, "step": step, "book": book}
    writers = [Writer(kind, number, firm, write) for kind, write in ways.items() for number in range(2)]
    with closing(Browser(site.port).sign_in()) as browser:
        savers = serving.savers(browser, reports=1)
        reader = Reader(browser.twin(), savers[0].report_id)
    outcome = Outcome(firm, writers, savers, reader, [], [], "", {}, {}, {})
    with serving.repeating([*writers, *savers, reader]):
        _calm()
        for change in CHANGES:
            _change_primary(members, change, outcome)
    outcome.log = site.log.read_text(encoding="utf-8", errors="replace")
    return outcome


def _look(outcome: Outcome) -> None:
    """Read what is there now."""
    with organization_active(outcome.firm.placement):
        outcome.counters = dict(Counter.objects.values_list("name", "value"))
        for action in ("created", "booked"):
            targets = ActivityEntry.objects.filter(action=action).values_list("target", flat=True)
            outcome.targets[action] = Tally(targets)
    for report_id in {saver.report_id for saver in outcome.savers}:
        outcome.reports[report_id] = serving.stored_report(outcome.firm, report_id)


def _tell(outcome: Outcome) -> None:
    """The figures, for who asks with ``--log-cli-level INFO``."""
    logger.info("a new primary after %s s", [round(one, 1) for one in outcome.elections])
    for kind in KINDS:
        logger.info(
            "%s: acknowledged %d, unknown %d, first success after %s s, longest %.1f s",
            kind,
            len(outcome.acknowledged(kind)),
            len(outcome.unknown(kind)),
            [round(one, 1) for one in outcome.resumed_after(kind)],
            max(journal.longest for journal in outcome.journals(kind)),
        )
    logger.info("pages: %s", dict(outcome.reader.statuses))


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any) -> Iterator[Outcome]:
    directory: Path = tmp_path_factory.mktemp("failover")
    with (
        django_db_blocker.unblock(),
        three_members(directory) as members,
        serving.databases_at(members.uri),
    ):
        firm = serving.install()
        with serving.serving(members.uri, directory) as site:
            played = _play(members, site, firm)
        _look(played)
        _tell(played)
        yield played


# What the tests say of it -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_write_goes_on_after_each_change(outcome: Outcome, kind: str) -> None:
    """Otherwise the other tests would prove nothing."""
    assert len(outcome.resumed_after(kind)) == len(CHANGES)
    assert len(outcome.acknowledged(kind)) > 20


@pytest.mark.parametrize("kind", KINDS)
def test_requests_resume_within_the_election(outcome: Outcome, kind: str) -> None:
    resumed = zip(outcome.resumed_after(kind), outcome.elections, strict=True)
    waited = [after_change - election for after_change, election in resumed]
    assert max(waited) < RESUMES_WITHIN_SECONDS


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_fails_but_as_unreachable(outcome: Outcome, kind: str) -> None:
    assert [wrong for journal in outcome.journals(kind) for wrong in journal.wrong] == []


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_waits_long_for_an_answer(outcome: Outcome, kind: str) -> None:
    longest = [journal.longest for journal in outcome.journals(kind)]
    assert max(longest) < ANSWERS_WITHIN_SECONDS


@pytest.mark.parametrize(("kind", "action"), [("create", "created"), ("book", "booked")])
def test_every_acknowledged_document_is_there_once(outcome: Outcome, kind: str, action: str) -> None:
    there = outcome.targets[action]
    assert {told: there[told] for told in outcome.acknowledged(kind) if there[told] != 1} == {}


@pytest.mark.parametrize(("kind", "action"), [("create", "created"), ("book", "booked")])
def test_a_document_that_was_not_acknowledged_is_there_once_at_most(
    outcome: Outcome, kind: str, action: str
) -> None:
    there = outcome.targets[action]
    known = {*outcome.acknowledged(kind), *outcome.unknown(kind)}
    assert {target: times for target, times in there.items() if times > 1 or target not in known} == {}


def test_no_number_is_drawn_twice(outcome: Outcome) -> None:
    assert [one for one, times in Tally(outcome.acknowledged("draw")).items() if times > 1] == []


def test_a_repeated_draw_increases_the_counter_once(outcome: Outcome) -> None:
    told, unknown = len(outcome.acknowledged("draw")), len(outcome.unknown("draw"))
    assert told <= outcome.counters["drawn"] <= told + unknown


def test_no_acknowledged_number_is_above_the_counter(outcome: Outcome) -> None:
    assert max(map(int, outcome.acknowledged("draw"))) <= outcome.counters["drawn"]


def test_no_two_people_change_the_same_version(outcome: Outcome) -> None:
    steps = [told for told in outcome.acknowledged("step") if told != "overtaken"]
    assert [one for one, times in Tally(steps).items() if times > 1] == []


def test_the_version_counts_the_changes(outcome: Outcome) -> None:
    steps = {int(told) for told in outcome.acknowledged("step") if told != "overtaken"}
    there = set(range(outcome.counters["stepped"]))
    assert steps <= there
    assert len(there - steps) <= len(outcome.unknown("step"))


def test_a_transaction_is_stored_whole_or_not_at_all(outcome: Outcome) -> None:
    assert outcome.counters["booked"] == outcome.targets["booked"].total()


def test_every_acknowledged_save_of_a_section_is_recorded_once(outcome: Outcome) -> None:
    there = outcome.saved_texts()
    assert {told: there[told] for told in outcome.acknowledged("save") if there[told] != 1} == {}


def test_a_save_that_was_not_acknowledged_is_recorded_once_at_most(outcome: Outcome) -> None:
    there = outcome.saved_texts()
    known = {*outcome.acknowledged("save"), *outcome.unknown("save")}
    assert {text: times for text, times in there.items() if times > 1 or text not in known} == {}


def test_no_report_is_half_written(outcome: Outcome) -> None:
    assert [fault for stored in outcome.reports.values() for fault in serving.faults_of(stored)] == []


def test_people_see_the_page_or_are_told_when_to_come_back(outcome: Outcome) -> None:
    assert outcome.reader.journal.wrong == []
    assert set(outcome.reader.statuses) == {200, 503}


def test_the_server_logs_no_traceback(outcome: Outcome) -> None:
    assert "Traceback" not in outcome.log
