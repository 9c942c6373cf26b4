"""Every address, asked by everybody: the right answer, from the right databases, and nothing else changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.urls import reverse

from tests.isolation.addresses import (
    FIRM_OBJECTS,
    Address,
    Answer,
    Kind,
    Try,
    expected,
)
from tests.isolation.addresses_beside import ANSWERED_BY_MIDDLEWARE, Beside
from tests.isolation.all_addresses import ADDRESSES, FIRM_ADDRESSES, STAFF_ADDRESSES
from tests.isolation.world import (
    CONTROL,
    MANAGER,
    MEMBERS,
    NO_FIRM,
    NORTH,
    PERSONAS,
    RIVAL_MANAGER,
    RIVALS,
    SHARED,
    SIGNED_OUT,
    SOUTH,
    STAFF,
    STAFF_INSIDE,
    SUSPENDED,
    WRITES,
    Names,
    Outcome,
    Persona,
    World,
    built,
)

OF_OBJECTS = [one for one in FIRM_ADDRESSES if one.names_an_object]
REFUSALS = {401, 403, 404, 405}
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
ONE_OF_EACH = (SIGNED_OUT, MANAGER, RIVAL_MANAGER, SUSPENDED, NO_FIRM, STAFF)
EVERY_ROLE = (*MEMBERS, *ONE_OF_EACH, STAFF_INSIDE)
# Where it is written what staff look at in a firm, and how many of the API's requests an address had refused.
AUDIT, COUNTS = "audit_logs", "cache_entries"


@pytest.fixture(scope="module")
def world(_migrated: None, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock(), built() as world:
        yield world


@dataclass(frozen=True, slots=True)
class Asked:
    """Everybody's outcome at one address, and the first firm's state around the requests of its rivals."""

    outcomes: Sequence[tuple[Try, Outcome]]
    before: Mapping[str, str]
    after: Mapping[str, str]


Ask = Callable[[Address], Asked]


@pytest.fixture(scope="module")
def everybody(world: World) -> Ask:
    """Ask an address as everybody, by every method that it has; once for all tests."""
    known: dict[str, Asked] = {}

    def ask(address: Address) -> Asked:
        if address.name not in known:
            known[address.name] = _ask(world, address)
        return known[address.name]

    return ask


def _ask(world: World, address: Address) -> Asked:
    names = names_of(world, address)
    asked = [
        (one, persona)
        for one in address.tries
        for persona in PERSONAS
        # The admin looks at nothing but whether somebody is staff; for its forms one of each kind is enough.
        if address.kind is not Kind.STAFF or persona in (ONE_OF_EACH if one.method == "POST" else EVERY_ROLE)
    ]
    outcomes = [
        (one, request(world, address, one, persona, names)) for one, persona in asked if persona not in RIVALS
    ]
    before = world.fingerprint(NORTH)
    of_rivals = [
        (one, request(world, address, one, persona, names, leave=address.names_an_object))
        for one, persona in asked
        if persona in RIVALS
    ]
    after = world.fingerprint(NORTH)
    for _, outcome in of_rivals:
        world.put_back(outcome.commands)
    return Asked([*outcomes, *of_rivals], before, after)


def names_of(world: World, address: Address) -> Names:
    return world.staff_names if address.kind is Kind.STAFF else world.names[NORTH]


def url_of(address: Address, names: Names) -> str:
    """The address with the things of ``names`` in it."""
    parts = names.fill(address.at)
    if "<path:" in address.name or "(?P" in address.name:
        route = address.name.replace("(?P<url>.*)$", "nowhere/")
        return "/" + route.replace("<path:object_id>", *parts or [""])
    return reverse(address.name, args=parts)


def request(world: World, address: Address, one: Try, persona: Persona, names: Names, **more: Any) -> Outcome:
    """Send what the table says."""
    url, data = url_of(address, names), names.fill(one.data)
    if one.method == "GET" and data:
        url, data = f"{url}?{urlencode(data)}", None
    return world.ask(persona, one.method, url, data=data, json=one.json, **more)


def is_answer(outcome: Outcome, answer: Answer, names: Names) -> bool:
    """Whether the outcome is the answer, its redirect included."""
    if outcome.status != answer.status:
        return False
    wanted = re.escape(names.fill(answer.to).replace("<url>", quote(outcome.url, safe="/")))
    return re.fullmatch(wanted.replace("<new>", "[0-9a-f]{24}"), outcome.location) is not None


def told(one: Try, outcome: Outcome) -> str:
    return f"{outcome.persona}: {one} {outcome.url}"


# Who gets what -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ADDRESSES, ids=str)
def test_everybody_gets_the_answer_of_the_table(world: World, everybody: Ask, address: Address) -> None:
    names = names_of(world, address)
    wrong = []
    for one, outcome in everybody(address).outcomes:
        answer = expected(address, one, outcome.persona)
        if not is_answer(outcome, answer, names):
            wrong.append(f"{told(one, outcome)} → {outcome.status} {outcome.location}, not {answer}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("address", ADDRESSES, ids=str)
def test_no_request_leaves_the_databases_of_its_person(everybody: Ask, address: Address) -> None:
    strays = []
    for one, outcome in everybody(address).outcomes:
        # Staff inside a firm are so on its own pages, and not in the admin.
        inside = outcome.persona is STAFF_INSIDE and address.kind is not Kind.STAFF
        own = {outcome.persona.org_id} if inside or outcome.persona in (*MEMBERS, *RIVALS) else set()
        # Who signs in asks signed out, and is somebody from then on.
        beyond = one.also if outcome.persona in (STAFF, STAFF_INSIDE, SIGNED_OUT) else {}
        stray = outcome.databases - {CONTROL, SHARED} - own - set(beyond)
        if stray:
            strays.append(f"{told(one, outcome)} → {sorted(stray)}")
    assert not strays, "\n".join(strays)


@pytest.mark.parametrize(
    ("address", "database"),
    [(address, name) for address in ADDRESSES for one in address.tries for name in one.also],
    ids=str,
)
def test_an_exception_is_still_needed(everybody: Ask, address: Address, database: str) -> None:
    outcomes = everybody(address).outcomes
    assert any(
        database in outcome.databases
        for one, outcome in outcomes
        if outcome.persona in (STAFF, STAFF_INSIDE, SIGNED_OUT)
    )


@pytest.mark.parametrize("address", ADDRESSES, ids=str)
def test_nothing_of_a_firm_changes_by_its_rivals_requests(everybody: Ask, address: Address) -> None:
    asked = everybody(address)
    assert asked.after == asked.before


@pytest.mark.parametrize("address", ADDRESSES, ids=str)
def test_a_refused_request_writes_nothing(everybody: Ask, address: Address) -> None:
    writing = [
        f"{told(one, outcome)} → {command}"
        for one, outcome in everybody(address).outcomes
        if outcome.status in REFUSALS or outcome.location.startswith(("/sign-in/?", "/admin/login/"))
        for command in outcome.commands
        if command.name in WRITES
        and not (outcome.persona is STAFF_INSIDE and command.collection == AUDIT)
        and not (outcome.persona is SIGNED_OUT and command.collection == COUNTS)
    ]
    assert not writing, "\n".join(writing)


@pytest.mark.parametrize(
    "address", [one for one in FIRM_ADDRESSES if any(each.method != "GET" for each in one.tries)], ids=str
)
def test_a_change_is_made_by_those_who_may_and_by_nobody_else(everybody: Ask, address: Address) -> None:
    wrong = []
    for one, outcome in everybody(address).outcomes:
        changed = outcome.persona.org_id in outcome.written
        may = outcome.persona.role in one.writes and (
            outcome.persona in MEMBERS or (outcome.persona in RIVALS and not address.names_an_object)
        )
        if changed is not may:
            wrong.append(f"{told(one, outcome)} → {'changed' if changed else 'did not change'} the firm")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "address", [one for one in FIRM_ADDRESSES if one.kind in (Kind.PAGE, Kind.API)], ids=str
)
def test_what_staff_ask_for_inside_a_firm_is_written_down(everybody: Ask, address: Address) -> None:
    silent = [
        told(one, outcome)
        for one, outcome in everybody(address).outcomes
        if outcome.persona is STAFF_INSIDE
        and not any(command.name == "insert" and command.collection == AUDIT for command in outcome.commands)
    ]
    assert not silent, "\n".join(silent)


# What another firm has is as absent as what nobody has -----------------------------------------------


@pytest.mark.parametrize("address", OF_OBJECTS, ids=str)
def test_what_a_rival_has_is_answered_as_what_nobody_has(world: World, address: Address) -> None:
    theirs, nobodys = world.names[NORTH], world.names[NORTH].elsewhere()
    others = [Try(method="HEAD"), Try(method="OPTIONS"), Try(method="DELETE")]
    differences = [
        f"{persona}: {one}"
        for one in (*address.tries, *others)
        for persona in (RIVALS[0], RIVALS[-1])
        if heard(request(world, address, one, persona, theirs))
        != heard(request(world, address, one, persona, nobodys))
    ]
    assert not differences, "\n".join(differences)


def heard(outcome: Outcome) -> tuple[int, dict[str, str], str]:
    """All that the person can tell from the answer, the address itself apart."""
    headers = {
        name: text for name, text in outcome.headers.items() if name not in ("Set-Cookie", "X-Request-ID")
    }
    return outcome.status, headers, outcome.body.decode(errors="replace").replace(outcome.url, "")


@pytest.mark.parametrize(
    "address",
    [one for one in OF_OBJECTS if len(FIRM_OBJECTS & set(one.at)) > 1],
    ids=str,
)
@pytest.mark.parametrize("own_first", [True, False], ids=["own report", "own file"])
def test_a_file_and_a_report_of_two_firms_find_nothing(
    world: World, address: Address, own_first: bool
) -> None:
    mixed = Names(**world.names[NORTH].known)
    own = "draft" if own_first else "photograph"
    mixed.known[own] = world.names[SOUTH].known[own]
    statuses = {request(world, address, one, RIVAL_MANAGER, mixed).status for one in address.tries}
    assert statuses == {404}


# Methods --------------------------------------------------------------------------------------------------


def not_offered(address: Address, method: str, persona: Persona) -> set[int]:
    """The answers to a method that the table does not list for the address."""
    if address.kind is Kind.API:
        if persona is SIGNED_OUT:
            return {401}
        # It says which methods there are; what stands in the address was not looked up.
        foreign = persona in RIVALS and address.names_an_object
        return {404 if foreign else 200} if method == "HEAD" else {200 if method == "OPTIONS" else 405}
    # What may be asked for safely may be asked about.
    about = {expected(address, address.tries[0], persona).status} if method == "HEAD" else set()
    return {405} | about | ({200, 302} if address.kind is Kind.OPEN else set())


@pytest.mark.parametrize("address", FIRM_ADDRESSES, ids=str)
def test_a_method_that_is_not_offered_gets_nothing(world: World, address: Address) -> None:
    names, wrong = world.names[NORTH], []
    for method in sorted(set(METHODS) - {one.method for one in address.tries}):
        for persona in (SIGNED_OUT, RIVAL_MANAGER):
            outcome = request(world, address, Try(method=method), persona, names)
            # Of a request without credentials the API counts that there was one.
            wrote = {one for one in outcome.commands if one.name in WRITES and one.collection != COUNTS}
            if outcome.status not in not_offered(address, method, persona) or wrote:
                wrong.append(f"{persona}: {method} → {outcome.status}, wrote {wrote}")
            if tells_of_the_rival(outcome):
                wrong.append(f"{persona}: {method} tells of the firm")
    assert not wrong, "\n".join(wrong)


def tells_of_the_rival(outcome: Outcome) -> bool:
    return NORTH in outcome.databases or b"North Valuers" in outcome.body


@pytest.mark.parametrize("address", STAFF_ADDRESSES, ids=str)
def test_asking_about_a_page_of_staff_tells_nothing(world: World, address: Address) -> None:
    leaks = []
    for method in ("HEAD", "OPTIONS"):
        outcome = request(world, address, Try(method=method), RIVAL_MANAGER, world.staff_names)
        if tells_of_the_rival(outcome) or (method == "HEAD" and outcome.body):
            leaks.append(f"{method} → {outcome.status} {sorted(outcome.databases)}")
    assert not leaks, "\n".join(leaks)


@pytest.mark.parametrize(
    "address", [one for one in ADDRESSES if any(each.method != "GET" for each in one.tries)], ids=str
)
def test_a_forged_form_is_refused(world: World, address: Address) -> None:
    persona = {Kind.STAFF: STAFF, Kind.OPEN: SIGNED_OUT}.get(address.kind, MANAGER)
    names = names_of(world, address)
    accepted = []
    for one in address.tries:
        if one.method != "GET":
            outcome = request(world, address, one, persona, names, checks_forms=True)
            if outcome.status != 403 or outcome.written:
                accepted.append(f"{one} → {outcome.status}, wrote {sorted(outcome.written)}")
    assert not accepted, "\n".join(accepted)


# Nothing in a request names the organization ------------------------------------------------------------


LIES: Mapping[str, Mapping[str, Any]] = {
    "headers": {
        "headers": {
            "X-Organization": NORTH,
            "X-Org-Id": NORTH,
            "X-Tenant": NORTH,
            "X-Forwarded-Host": f"{NORTH}.example",
            "Cookie-Organization": NORTH,
        }
    },
    "query": {"QUERY_STRING": urlencode({"org_id": NORTH, "organization": NORTH, "tenant": NORTH})},
    "cookie": {"HTTP_X_ORG": NORTH, "REMOTE_USER": "manager@north-valuers.example"},
}
OF_THE_FIRM = [one for one in FIRM_ADDRESSES if one.kind is not Kind.OPEN and not one.names_an_object]


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("address", OF_THE_FIRM, ids=str)
def test_a_request_cannot_name_another_organization(world: World, address: Address, lie: str) -> None:
    names = world.names[SOUTH]
    for one in address.tries:
        honest = request(world, address, one, RIVAL_MANAGER, names)
        lying = request(world, address, one, RIVAL_MANAGER, names, **LIES[lie])
        # Shared resources may be kept by the process; a parameter unknown to the API is refused unread.
        assert (lying.databases - {SHARED} <= honest.databases, tells_of_the_rival(lying)) == (True, False)


@pytest.mark.parametrize(
    "address", [one for one in OF_THE_FIRM if any(each.method == "POST" for each in one.tries)], ids=str
)
def test_a_form_cannot_name_another_organization(world: World, address: Address) -> None:
    names = world.names[SOUTH]
    for one in address.tries:
        if one.method == "POST":
            lying = Try(
                method="POST", data={**one.data, "org_id": NORTH, "organization": NORTH}, json=one.json
            )
            outcome = request(world, address, lying, RIVAL_MANAGER, names)
            assert outcome.databases - {CONTROL, SHARED} <= {SOUTH}


@pytest.mark.parametrize("host", [f"{NORTH}.localhost", f"{NORTH}.testserver", f"testserver@{NORTH}", NORTH])
def test_a_host_cannot_name_another_organization(world: World, host: str) -> None:
    outcome = world.ask(RIVAL_MANAGER, "GET", "/reports/", HTTP_HOST=host)
    assert (outcome.status, NORTH in outcome.databases) == (400, False)


@pytest.mark.parametrize("form", ["comment", "order"])
def test_a_form_cannot_name_what_another_firm_s_report_has(world: World, form: str) -> None:
    theirs, own = world.names[NORTH].known, world.names[SOUTH].known
    address, data = {
        "comment": ("resolve-comment/", {"comment": theirs["comment"]}),
        "order": ("photographs/", {"order": theirs["photograph"]}),
    }[form]
    outcome = world.ask(RIVAL_MANAGER, "POST", f"/reports/{own['draft']}/{address}", data=data)
    assert (bool(outcome.written & {NORTH, SOUTH}), NORTH in outcome.databases) == (False, False)


# Beside the patterns --------------------------------------------------------------------------------------


@pytest.mark.parametrize("beside", ANSWERED_BY_MIDDLEWARE, ids=lambda one: one.path)
def test_what_middleware_answers_touches_no_firm(world: World, beside: Beside) -> None:
    outcomes = [world.ask(persona, "GET", beside.path) for persona in PERSONAS]
    touched = {name for one in outcomes for name in one.databases} - {CONTROL, SHARED, "admin"}
    assert ({one.status for one in outcomes}, touched) == ({beside.status}, set())


def test_an_address_that_is_not_there_touches_no_firm(world: World) -> None:
    outcomes = [world.ask(persona, "GET", "/nowhere/") for persona in PERSONAS if persona is not SUSPENDED]
    assert ({one.status for one in outcomes}, {name for one in outcomes for name in one.databases}) == (
        {404},
        {CONTROL},
    )
