"""One worker thread serves everybody in turn: nothing of one request is there for the next."""

from __future__ import annotations

import http.client
import os
import random
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from bson import ObjectId
from django.http import HttpRequest, HttpResponse
from django.test import Client
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from tenants.context import active_org_id, no_organization, organization_active
from tenants.errors import NoActiveOrganization, WrongOrganization
from tenants.models import Counter, Organization, User
from tenants.operations.provision import NewOrganization, create_organization
from tenants.planes import TenantModel
from tenants.registry import Placement
from tests.isolation.asking import OURS, THEIRS, answer, member_of
from tooling import processes
from tooling.paths import ROOT

ClientFor = Callable[[User], Client]
REQUESTS = 300
PAGES = ("/", "/reports/", "/profile/", "/firm/", "/api/me", "/api/reports", "/no-such-page/")
FIRM_NAMES = {"Alpha Valuers", "Beta Surveyors"}


def names_in(content: bytes) -> set[str]:
    """The firms that an answer names."""
    return {name for name in FIRM_NAMES if name.encode() in content}


# In this process -------------------------------------------------------------------------------------


def test_requests_in_any_order_see_their_own_firm_and_nothing_is_active_between(
    manager: User, rival_manager: User, staff: User, client_for: ClientFor
) -> None:
    people: dict[str, tuple[Client, str | None, set[str]]] = {
        "ours": (client_for(manager), OURS, {"Alpha Valuers"}),
        "signed out": (Client(), None, set()),
        "theirs": (client_for(rival_manager), THEIRS, {"Beta Surveyors"}),
        "staff": (client_for(staff), None, set()),
    }
    order = random.Random(20261123)  # noqa: S311 - the same order each time
    for number in range(REQUESTS):
        who, page = order.choice(list(people)), order.choice(PAGES)
        client, org_id, names = people[who]
        response = client.get(page)
        organization = response.wsgi_request.organization  # type: ignore[attr-defined]
        seen = (organization.org_id if organization else None, active_org_id())
        assert (number, who, page, *seen) == (number, who, page, org_id, None)
        # A refusal names no firm; every page and answer of a member does not name another's.
        assert names_in(response.content) <= names
        if page in ("/", "/firm/", "/api/me"):
            assert names_in(response.content) == names


def test_what_one_request_left_open_changes_nothing_when_another_closes_it() -> None:
    left: list[Any] = []

    def leaves_open(request: HttpRequest) -> HttpResponse:
        opened = organization_active(THEIRS)
        opened.__enter__()
        left.append(opened)
        return HttpResponse()

    def closes(request: HttpRequest) -> HttpResponse:
        try:
            left.pop().__exit__(None, None, None)
        except ValueError:
            # It was opened in the context of another request.
            pass
        return HttpResponse(str(active_org_id()))

    answer(leaves_open, member_of(OURS))
    assert active_org_id() is None
    second = answer(closes, member_of(THEIRS))
    assert isinstance(second, HttpResponse)
    assert second.content.decode() == THEIRS


def test_a_request_within_a_firms_code_sees_nothing_of_it_and_leaves_it_in_place(
    valuer: User, client_for: ClientFor
) -> None:
    client = client_for(valuer)
    with organization_active(THEIRS):
        assert client.get("/api/me").json()["organization"]["org_id"] == OURS
        assert Client().get("/api/me").status_code == 401
        assert active_org_id() == THEIRS


# A real server with one worker of one thread ---------------------------------------------------------


@pytest.fixture
def address(database: None, mongodb_uri: str) -> Iterator[tuple[str, int]]:
    """Where gunicorn answers, on the databases of this test."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        environment = {
            **os.environ,
            "MONGODB_URI": mongodb_uri,
            "WEB_CONCURRENCY": "1",
            "WEB_THREADS": "1",
            "GUNICORN_LOG_LEVEL": "error",
            "ACCESS_LOG": os.devnull,
        }
        # It takes over a socket that listens already: whoever comes early waits until it is ready.
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py"),
                *("--bind", f"fd://{listening.fileno()}", "valuation.wsgi:application"),
            ],
            cwd=ROOT,
            env=environment,
            pass_fds=[listening.fileno()],
        )
        try:
            yield listening.getsockname()[:2]
        finally:
            processes.stop(server, seconds=20)


def test_a_server_of_one_thread_never_mixes_the_firms_up(
    manager: User, rival_manager: User, client_for: ClientFor, address: tuple[str, int]
) -> None:
    session = {
        name: f"sessionid={client_for(person).cookies['sessionid'].value}"
        for name, person in (("Alpha Valuers", manager), ("Beta Surveyors", rival_manager))
    }
    people = [*session, ""]
    order = random.Random(20261123)  # noqa: S311 - the same order each time

    def ask(connection: http.client.HTTPConnection, who: str, page: str) -> set[str]:
        connection.request("GET", page, headers={"Cookie": session[who]} if who else {})
        return names_in(connection.getresponse().read())

    with ExitStack() as stack:
        # One kept connection for each person, and one that everybody uses in turn.
        connections = {
            name: stack.enter_context(closing(http.client.HTTPConnection(*address, timeout=30)))
            for name in (*people, "everybody")
        }
        found = []
        for who in ["Alpha Valuers", "", "Beta Surveyors"] * 10 + order.choices(people, k=30):
            page = order.choice(["/", "/firm/", "/api/me", "/reports/"])
            through = order.choice([who, "everybody"])
            found.append((who, page, ask(connections[through], who, page)))
    assert [names for _, _, names in found] == [{who} if who else set() for who, _, _ in found]


# Any order of anything -------------------------------------------------------------------------------

FIRMS = (OURS, THEIRS, "gamma_assessors")
SAME = [ObjectId(f"{place:024x}") for place in range(2)]


class Interleaving(RuleBasedStateMachine):
    """Firms are entered and left, querysets and objects taken along, and used wherever that may be.

    Each firm holds documents of the same ids, named after it. What is used for its own firm works; for
    another, or none, it is refused; and no step ever shows another firm's name.
    """

    def __init__(self) -> None:
        super().__init__()
        self.inside: list[tuple[str | None, ExitStack]] = []
        # What was taken along, with the firm that it came from.
        self.kept: list[tuple[str, Any]] = []

    @property
    def active(self) -> str | None:
        return self.inside[-1][0] if self.inside else None

    def _enter(self, org_id: str | None) -> None:
        stack = ExitStack()
        stack.enter_context(
            organization_active(Placement(org_id, "MONGODB_URI")) if org_id else no_organization()
        )
        self.inside.append((org_id, stack))

    def _check(self, use: Callable[[], object], owner: str | None) -> None:
        """``use`` shows documents of ``owner`` alone, and those only while that is the active firm."""
        assert active_org_id() == self.active
        if self.active is None or self.active != owner:
            with pytest.raises(WrongOrganization if self.active else NoActiveOrganization):
                use()
            return
        shown = use()
        documents = list(shown) if isinstance(shown, list) else [shown]
        assert all(one.name.startswith(owner) for one in documents if isinstance(one, Counter))

    @rule(org_id=st.sampled_from([*FIRMS, None]))
    def enter(self, org_id: str | None) -> None:
        self._enter(org_id)

    @precondition(lambda self: self.inside)
    @rule()
    def leave(self) -> None:
        self.inside.pop()[1].close()

    @precondition(lambda self: self.inside)
    @rule(levels=st.integers(1, 3))
    def fail(self, levels: int) -> None:
        """An exception passes through some of the blocks."""
        error = ValueError("midway")
        for _ in range(min(levels, len(self.inside))):
            assert not self.inside.pop()[1].__exit__(ValueError, error, None)

    @precondition(lambda self: self.active)
    @rule(place=st.integers(0, 1))
    def take(self, place: int) -> None:
        owner = str(self.active)
        self.kept.append((owner, Counter.objects.filter(pk__in=SAME).order_by("pk")))
        self.kept.append((owner, Counter.objects.get(pk=SAME[place])))
        begun = Counter.objects.order_by("pk").iterator(chunk_size=1)
        assert next(begun).name.startswith(owner)
        self.kept.append((owner, begun))

    @rule()
    def ask(self) -> None:
        self._check(lambda: list(Counter.objects.all()), self.active)

    @precondition(lambda self: self.kept)
    @rule(data=st.data(), anew=st.booleans())
    def use(self, data: st.DataObject, anew: bool) -> None:
        owner, kept = data.draw(st.sampled_from(self.kept))
        if isinstance(kept, TenantModel):
            self._check(lambda: _used(kept, anew=anew), owner)
        elif hasattr(kept, "filter"):
            # Always a new question: what was read whole may be looked at anywhere.
            self._check(lambda: list(kept.filter(value__gte=0) if anew else kept.all()), owner)
        else:
            self._check(lambda: next(kept, None), owner)
            # A refusal or the end has used it up.
            self.kept.remove((owner, kept))

    def teardown(self) -> None:
        while self.inside:
            self.leave()
        assert active_org_id() is None


def _used(one: Any, *, anew: bool) -> Any:
    if anew:
        one.refresh_from_db()
    else:
        one.save()
    return one


def test_no_order_of_steps_shows_one_firm_anothers_documents(firm: Organization, rival: Organization) -> None:
    third = create_organization(NewOrganization(FIRMS[2], "Gamma Assessors", "GA"), by=None)
    for one in (firm, rival, third):
        with organization_active(one.placement):
            for place, pk in enumerate(SAME):
                Counter.objects.create(pk=pk, name=f"{one.org_id} {place}", value=place)
    run_state_machine_as_test(
        Interleaving,
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
