"""What pages offer: every link, form and button of the firm's pages is one that the role may use.

Each role goes through the whole firm by the links alone. What it is offered is looked up in the table of
addresses, so a page that offers too much is found wherever it stands; and for a report's buttons it is
written out which role has which, so a page that offers too little is found too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.urls import Resolver404, resolve, reverse

from tests.isolation.addresses import MANAGERS, VALUERS, WRITERS, Address, Kind, Roles
from tests.isolation.all_addresses import ADDRESSES
from tests.isolation.world import MEMBERS, NORTH, Persona, World, built

_BY_NAME = {one.name: one for one in ADDRESSES}
_NOWHERE = ("/static/", "/media/")
# Laying a document out takes long, and these pages show a picture of it with the buttons of the others.
_NOT_OPENED = frozenset(
    {"reports:preview", "reports:preview-page", "reports:preview-pdf", "reports:document"}
)
_SENDS = {"hx-get": "GET", "hx-post": "POST", "hx-put": "PUT", "hx-patch": "PATCH", "hx-delete": "DELETE"}
_FOLLOWS = {"href": "GET", "src": "GET", "data-order-url": "POST"}
# A report's pages show some hundred of them; the first of a kind stands for all.
_MOST_OF_A_KIND = 4


@dataclass(frozen=True, slots=True)
class Offer:
    """Something a page lets its reader do: a method of an address."""

    page: str
    method: str
    path: str

    @property
    def name(self) -> str:
        """The name of the pattern, or its route when it has none."""
        found = resolve(self.path)
        return found.view_name if found.url_name else found.route

    def __str__(self) -> str:
        return f"{self.page} offers {self.method} {self.path}"


@dataclass
class Reader(HTMLParser):
    """Finds what a page offers."""

    page: str
    found: set[Offer] = field(default_factory=set)
    _form: str = "GET"

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        for name, method in (_SENDS | _FOLLOWS).items():
            if name in given:
                self._note(method, given[name])
        if tag == "form":
            self._form = given.get("method", "get").upper()
            self._note(self._form, given.get("action", ""))
        if "formaction" in given:
            self._note(given.get("formmethod", self._form).upper(), given["formaction"])

    def _note(self, method: str, target: str) -> None:
        url = urlsplit(urljoin(f"http://testserver{self.page}", target))
        if url.netloc == "testserver" and not url.path.startswith(_NOWHERE):
            self.found.add(Offer(urlsplit(self.page).path, method, url.path))


@dataclass(frozen=True, slots=True)
class Tour:
    """What one role was offered, and the pages that refused it though a page led there."""

    offers: frozenset[Offer]
    refused: tuple[str, ...]

    def sent_from(self, path: str) -> set[str]:
        """The names of what the page lets its reader send, beside what every page has."""
        return {
            one.name
            for one in self.offers
            if one.page == path and one.method != "GET" and _BY_NAME[one.name].kind is Kind.PAGE
        }


@pytest.fixture(scope="module")
def world(_migrated: None, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock(), built() as world:
        yield world


@pytest.fixture(scope="module")
def tour(world: World) -> Any:
    """The tour of a role; made once for all tests."""
    return cache(lambda persona: _go_round(world, persona))


def _go_round(world: World, persona: Persona) -> Tour:
    offers: set[Offer] = set()
    refused: list[str] = []
    counted: dict[str, int] = {}
    names = world.names[NORTH]
    reports = [reverse("reports:detail", args=names.fill([f"<{state}>"])) for state in _STATES]
    waiting, seen = deque([reverse("work"), *reports]), set()
    browser = world.browser(persona)
    while waiting:
        path = waiting.popleft()
        if path in seen:
            continue
        seen.add(path)
        response = browser.get(path)
        if response.status_code >= 400:
            refused.append(f"{path}: {response.status_code}")
        if not response.headers.get("Content-Type", "").startswith("text/html") or response.streaming:
            response.close()
            continue
        reader = Reader(path)
        reader.feed(response.content.decode())
        for offer in sorted(reader.found - offers, key=str):
            kind = _kind_of(offer)
            counted[kind] = counted.get(kind, 0) + (offer.method == "GET")
            if offer.method == "GET" and counted[kind] <= _MOST_OF_A_KIND and _is_opened(offer):
                waiting.append(offer.path)
        offers |= reader.found
    return Tour(frozenset(offers), tuple(refused))


def _kind_of(offer: Offer) -> str:
    try:
        return offer.name
    except Resolver404:
        return offer.path


def _is_opened(offer: Offer) -> bool:
    kind = _kind_of(offer)
    return kind not in _NOT_OPENED and kind != "sign-out"


def _roles_of(address: Address, method: str) -> Roles | None:
    """Who gets the right answer to the method; None where the address has no such method."""
    for one in address.tries:
        if one.method == method:
            return address.who if one.who is None else one.who
    return None


_STATES = ("draft", "in_review", "approved", "issued")
everybody = pytest.mark.parametrize("persona", MEMBERS, ids=str)


@everybody
def test_no_link_leads_where_the_role_is_refused(tour: Any, persona: Persona) -> None:
    assert tour(persona).refused == ()


@everybody
def test_everything_offered_is_in_the_table(tour: Any, persona: Persona) -> None:
    assert {str(one) for one in tour(persona).offers if _kind_of(one) not in _BY_NAME} == set()


@everybody
def test_everything_offered_is_for_the_role(tour: Any, persona: Persona) -> None:
    too_much = set()
    for one in tour(persona).offers:
        address = _BY_NAME[one.name]
        if address.kind in (Kind.OPEN, Kind.OWN):
            continue
        who = _roles_of(address, one.method)
        if address.kind is Kind.STAFF or who is None or persona.role not in who:
            too_much.add(str(one))
    assert too_much == set()


@everybody
def test_what_is_offered_for_the_very_thing_of_the_table_takes_effect(
    world: World, tour: Any, persona: Persona
) -> None:
    """Some buttons answer everybody alike; the table says by whose hand they change something."""
    names, useless = world.names[NORTH], set()
    for one in tour(persona).offers:
        address = _BY_NAME[one.name]
        if address.kind is not Kind.PAGE or one.path != reverse(one.name, args=names.fill(address.at)):
            continue
        writing = [each.writes for each in address.tries if each.method == one.method and each.writes]
        if writing and not any(persona.role in writes for writes in writing):
            useless.add(str(one))
    assert useless == set()


# Of each page of a report: what its forms and buttons send, and who has them. A valuer wrote these reports
# and submitted them; the firm lets neither valuers review nor anybody approve the own report.
BUTTONS: tuple[tuple[str, str, dict[str, Roles]], ...] = (
    ("reports:detail", "draft", {"reports:submit": VALUERS, "reports:cancel": VALUERS}),
    ("reports:detail", "in_review", {"reports:cancel": VALUERS}),
    ("reports:detail", "approved", {"reports:issue": MANAGERS, "reports:cancel": VALUERS}),
    ("reports:detail", "issued", {}),
    (
        "reports:review",
        "in_review",
        {"reports:approve": MANAGERS, "reports:return": MANAGERS, "reports:comment": MANAGERS},
    ),
    ("reports:photographs", "draft", {"reports:photographs": WRITERS, "reports:photograph": WRITERS}),
)


@everybody
@pytest.mark.parametrize(
    ("page", "state", "buttons"), BUTTONS, ids=lambda one: one if isinstance(one, str) else ""
)
def test_a_reports_page_has_exactly_the_buttons_of_the_role(
    world: World, tour: Any, persona: Persona, page: str, state: str, buttons: dict[str, Roles]
) -> None:
    path = reverse(page, args=world.names[NORTH].fill([f"<{state}>"]))
    expected = {name for name, who in buttons.items() if persona.role in who}
    assert tour(persona).sent_from(path) == expected


def test_only_managers_are_led_to_the_firm_and_its_people(tour: Any) -> None:
    led = {
        name: {persona.role for persona in MEMBERS for one in tour(persona).offers if one.name == name}
        for name in ("firm", "people", "people-invite", "usage", "activity")
    }
    assert set(map(frozenset, led.values())) == {MANAGERS}


def test_a_viewer_is_offered_nothing_that_changes_a_report(tour: Any) -> None:
    viewer = next(one for one in MEMBERS if one.role == "viewer")
    sent = {
        one.name for one in tour(viewer).offers if one.method != "GET" and one.name.startswith("reports:")
    }
    assert sent == set()
