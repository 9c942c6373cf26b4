"""Canaries: no page, export, error, log line or cache entry of one firm holds anything of another.

Three firms are planted full of markers once; then the people of each, the staff and somebody signed out visit
everything there is, and every answer is searched.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import pytest
from django.apps import apps
from django.db import connections, models
from django.urls import reverse

import conftest
from reports.page_cache import page_cache
from tenants.context import no_organization, organization_active
from tenants.models import Cluster
from tenants.mongodb.base import DatabaseWrapper
from tenants.mongodb.clients import clients
from tenants.mongodb.monitoring import command_listener
from tenants.operations.schema import tenant_models
from tenants.planes import Plane, plane_of
from tenants.registry import registry
from tenants.shared_cache import shared_cache
from tests.isolation.canaries import BREEDS, Firm, find_ids, ids_in, plant, texts_of
from tests.isolation.canary_caches import BY_IDENTITY, INSTRUMENT, KEPT, SHARED, entries, kept_things, where
from tests.isolation.canary_crawl import (
    BRIEF,
    Visitor,
    addresses,
    admin_addresses,
    routes,
    whole,
)
from tests.isolation.canary_tries import (
    ask_by_name,
    ask_for_what_is_a_rivals,
    mixed,
    name_the_rivals_things,
    provoke,
    save_at_once,
    send_forms,
)
from tests.isolation.canary_watch import HEX, Diary, LogWatch, Markers, Sighting, words_shown

# Text fields in which a firm can say nothing of its own, by ``collection.field``.
NOTHING_OF_ITS_OWN = {
    "reports.legacy": "what the import alone fills",
    "files_metadata.legacy": "what the import alone fills",
    "reports.status": "one of the six states",
    "reports.bank_code": "the code of a shared bank",
    "reports.scheme": "of a shared format",
    "reports.property_type": "of a shared format",
    "reports.computed": "figures by the paths of a shared format",
    "reports.section_versions": "numbers by the paths of a shared format",
    "custom_templates.bank_code": "the code of a shared bank",
    "custom_templates.scheme": "of a shared format",
    "custom_templates.property_type": "of a shared format",
    "bank_overrides.bank_code": "the code of a shared bank",
    "users_settings.theme": "one of the program's themes",
    "users_settings.density": "one of the program's densities",
    "users_settings.muted": "words of the program",
    "users_settings.favourite_formats": "keys of shared formats",
    "users_settings.signature": "the id of a stored file, where a person has one",
    "activity_logs.ip": "an address, which everybody may have",
    "activity_logs.request_id": "of the request; empty in what no request did",
    "files_metadata.kind": "one of the program's kinds",
    "files_metadata.content_type": "one of the accepted kinds",
    "activity_logs.action": "a word of the program",
}
# Models of the control plane without a firm's words: the reason.
NOT_OF_A_FIRM = {
    "clusters": "servers; the staff's",
    "sessions": "keys and ids; every visitor's key is a marker of its own",
    "revisions": "numbers",
    "cache_entries": "counts under hashed names",
}
STATUSES = {200, 302, 304, 400, 401, 403, 404, 405, 406, 409, 415, 422, 500, 503}


@dataclass(slots=True)
class World:
    """The planted firms, and what became of everybody's visits."""

    firms: list[Firm]
    diary: Diary
    visitors: dict[str, Visitor] = field(default_factory=dict)
    # Answers to requests for a rival's objects that were not "there is no such thing".
    not_absent: list[str] = field(default_factory=list)
    found_by_name: list[str] = field(default_factory=list)
    own_found_by_name: list[str] = field(default_factory=list)
    changed_rivals: list[str] = field(default_factory=list)
    forms_sent: int = 0


@pytest.fixture(scope="module")
def planted(_migrated: None, django_db_blocker: Any) -> Iterator[list[Firm]]:
    """Three firms full of markers."""
    with django_db_blocker.unblock(), no_organization(), command_listener.recording() as commands:
        _load_shared_resources()
        del commands[:]
        Cluster.objects.get_or_create(name="primary", defaults={"address_setting": "MONGODB_URI"})
        firms = [plant(breed) for breed in BREEDS]
        client = clients.for_address("MONGODB_URI")
        control, shared = client["valuation_admin"], client["shared_resources"]
        find_ids(
            firms,
            control={one for name in control.list_collection_names() for one in ids_in(control[name].find())},
            shared={one for name in shared.list_collection_names() for one in ids_in(shared[name].find())},
        )
        yield firms
        for name in {one.collection for one in commands if one.database == "valuation_admin"}:
            if name and name not in conftest._KEPT_COLLECTIONS:
                control[name].delete_many({})
        for firm in firms:
            client.drop_database(firm.org_id)
        registry.clear()
        page_cache.clear()
        shared_cache.clear()


def _load_shared_resources() -> None:
    if not conftest._shared["loaded"]:
        conftest._load_shared_resources()
        conftest._shared["loaded"] = True


@pytest.fixture(scope="module")
def world(planted: list[Firm]) -> World:
    """Everybody has visited everything."""
    world = World(planted, Diary())
    watch = LogWatch(world.diary)
    with logged_to(watch):
        _meet(world, watch)
        alpha, beta, gamma = planted
        # The rivals first: what they leave behind in caches is what the first firm's people could meet.
        visits_of(world, beta, "manager").crawl(_addresses(beta), BRIEF)
        visits_of(world, gamma, "viewer").crawl(_addresses(gamma), BRIEF)
        before = _hashes(beta, gamma)
        _visit_everything(world, alpha, (beta, gamma))
        world.changed_rivals = [name for name, one in _hashes(beta, gamma).items() if before[name] != one]
        # And once more, after the first firm has been everywhere.
        visits_of(world, beta, "valuer").crawl(_addresses(beta), BRIEF)
        world.visitors["staff"].crawl(admin_addresses(), BRIEF)
        world.visitors["nobody"].crawl(_addresses(alpha), BRIEF)
    return world


@contextmanager
def logged_to(watch: LogWatch, *more: str) -> Iterator[None]:
    """What any logger says goes to ``watch`` and nowhere else, with every request and database command.

    ``more`` loggers say everything too: that of the templates has fifteen lines for each page.
    """
    root = logging.getLogger()
    talkative = [logging.getLogger(name) for name in ("", "django.request", "django.db.backends", *more)]
    levels, handlers = [one.level for one in talkative], root.handlers
    root.handlers = [watch]
    for one in talkative:
        one.setLevel(logging.DEBUG)
    try:
        # As with DEBUG on: each command is logged with what it asks for.
        with patch.object(DatabaseWrapper, "queries_logged", True):
            yield
    finally:
        root.handlers = handlers
        for one, level in zip(talkative, levels, strict=True):
            one.setLevel(level)


def _meet(world: World, watch: LogWatch) -> None:
    """A browser for each person of each firm, for one of the staff, and for nobody."""
    allowed: dict[str, Markers] = {}
    for firm in world.firms:
        markers = Markers(one for one in world.firms if one is not firm)
        allowed[firm.org_id] = markers
        for role, person in firm.people.items():
            name = f"the {role} of {firm.org_id}"
            world.visitors[name] = Visitor(name, person, markers, watch, firm)
    for firm in world.firms:
        sessions = {
            visitor.session_key: name for name, visitor in world.visitors.items() if visitor.firm is not firm
        }
        allowed[firm.org_id].sessions = sessions
    staff = conftest.person(None, "Sunita Staff", None)
    of_tenants = Markers(world.firms, tenant_plane_only=True)
    world.visitors["staff"] = Visitor("somebody of the staff", staff, of_tenants, watch)
    world.visitors["nobody"] = Visitor("somebody signed out", None, Markers(world.firms), watch)


def visits_of(world: World, firm: Firm, role: str) -> Visitor:
    return world.visitors[f"the {role} of {firm.org_id}"]


def _addresses(firm: Firm) -> list[str]:
    with organization_active(firm.organization.placement):
        return list(addresses(firm))


def _hashes(*firms: Firm) -> dict[str, str]:
    client = clients.for_address("MONGODB_URI")
    return {firm.org_id: client[firm.org_id].command("dbHash")["md5"] for firm in firms}


def _visit_everything(world: World, firm: Firm, rivals: tuple[Firm, Firm]) -> None:
    """Each role opens everything of its own; then everything of the rivals, by id, by address and by name."""
    own = _addresses(firm)
    manager, valuer = visits_of(world, firm, "manager"), visits_of(world, firm, "valuer")
    for role in firm.people:
        visitor = visits_of(world, firm, role)
        with logged_to(manager.watch, *(["django"] if role == "assistant" else [])):
            visitor.crawl(own, whole(firm) if visitor is manager else BRIEF)
    for rival, role in zip(rivals, ("manager", "viewer"), strict=True):
        # Of the editor's addresses a few: they are the most, and differ in nothing that is looked up.
        with organization_active(rival.organization.placement):
            known = [*addresses(rival, sections_each=1), *mixed(firm, rival)]
        guest = visits_of(world, rival, role)
        # With what names one state of a document, by which a page that is kept is found.
        known += [*guest.opened, *(to for to in guest.found if "?v=" in to)]
        # The first rival's things are asked for by every role, and by the manager without leaving out any.
        few = [to for to in known if _is_brief(to, rival)]
        for one in firm.people if rival is rivals[0] else ("manager",):
            asked = known if one == "manager" and rival is rivals[0] else few
            world.not_absent += ask_for_what_is_a_rivals(visits_of(world, firm, one), rival, asked)
        world.found_by_name += ask_by_name(manager, rival)
        name_the_rivals_things(manager, firm, rival)
    world.own_found_by_name = ask_by_name(valuer, firm)
    save_at_once(manager, valuer, firm)
    provoke(manager, firm)
    views = ("reports:detail", "reports:review", "reports:photographs")
    states = ("draft", "in_review", "approved", "twin")
    pages = [reverse(view, args=[firm.reports[state].pk]) for view in views for state in states]
    pages += [reverse(name) for name in ("work", "profile", "firm", "reports:new")]
    world.forms_sent = send_forms(manager, firm, pages)


def _is_brief(address: str, rival: Firm) -> bool:
    """Whether it is about the one or two reports that stand for all of them."""
    return any(str(rival.reports[name].pk) in address for name in ("issued", "twin"))


def told(sightings: Iterable[Sighting], most: int = 12) -> str:
    """The first sightings, one for each address, and how many there are."""
    found = list(sightings)
    first = {one.address: str(one) for one in reversed(found)}
    return "\n".join([*list(first.values())[-most:], f"{len(found)} in all"]) if found else ""


# The planting ----------------------------------------------------------------------------------------


def text_fields() -> list[tuple[str, str]]:
    """(collection, column) of every field of a firm's own models that can hold text."""
    return [
        (model._meta.db_table, str(one.column))
        for model in tenant_models()
        for one in model._meta.concrete_fields
        if isinstance(one, models.CharField | models.TextField | models.JSONField)
    ]


@pytest.mark.parametrize("breed", BREEDS, ids=lambda breed: breed.org_id)
def test_every_text_field_of_a_firm_s_collections_holds_something_of_its_own(
    planted: list[Firm], breed: Any
) -> None:
    firm = next(one for one in planted if one.breed is breed)
    stored = firm.stored()
    bare = [
        f"{collection}.{column}"
        for collection, column in text_fields()
        if not any(_is_marked(firm, document.get(column)) for document in stored.get(collection, []))
    ]
    assert sorted(bare) == sorted(NOTHING_OF_ITS_OWN)


def _is_marked(firm: Firm, value: Any) -> bool:
    return any(
        words_shown(text, firm) or firm.ids.keys() & set(HEX.findall(text)) for text in texts_of(value)
    )


def test_every_collection_of_a_firm_s_database_holds_something_of_its_own(planted: list[Firm]) -> None:
    bare = [
        f"{firm.org_id}.{name}"
        for firm in planted
        for name, documents in firm.stored().items()
        if name != "fs.chunks" and not any(_is_marked(firm, document) for document in documents)
    ]
    assert bare == []


def test_the_bytes_in_a_firm_s_file_store_hold_its_words_and_colours(planted: list[Firm]) -> None:
    for firm in planted:
        markers = Markers([firm])
        kinds: Counter[str] = Counter()
        for chunk in firm.stored()["fs.chunks"]:
            data = bytes(chunk["data"])
            kind = "application/pdf" if data.startswith(b"%PDF") else "image/jpeg"
            kinds.update({place for _, place, _ in markers.in_content(data, kind)})
        assert {"pixels", "the text of a PDF", "reports.answers general.area.local_body_name (issued)"} <= {
            *kinds
        }


@pytest.mark.parametrize(
    "model",
    [one for one in apps.get_app_config("tenants").get_models() if plane_of(one) is Plane.CONTROL],
    ids=lambda model: model._meta.db_table,
)
def test_the_control_plane_knows_each_firm_by_its_markers(
    planted: list[Firm], model: type[models.Model]
) -> None:
    name = model._meta.db_table
    if name in NOT_OF_A_FIRM:
        return
    documents = list(connections["default"].get_collection(name).find())  # type: ignore[attr-defined]
    for firm in planted:
        assert any(_is_marked(firm, document) for document in documents), (
            f"{name} has nothing of {firm.org_id}"
        )


# The watch itself ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def as_a_stranger(world: World) -> Diary:
    """The first firm's manager, watched as if nothing of the firm's might be seen."""
    firm, diary = world.firms[0], Diary()
    watch = LogWatch(diary)
    with logged_to(watch):
        visitor = Visitor("a stranger", firm.people["manager"], Markers([firm]), watch, firm)
        issued = firm.reports["issued"].pk
        for view in ("reports:detail", "reports:document", "api:report"):
            visitor.get(reverse(view, args=[issued]))
        visitor.get(reverse("firm-logo"))
        visitor.get(f"{reverse('reports:preview-page', args=[firm.reports['draft'].pk, 1])}")
        visitor.post(reverse("reports:submit", args=[issued]))
        visitor.post(reverse("reports:comment", args=[firm.reports["draft"].pk]), {"text": "Seen"})
    return diary


@pytest.mark.parametrize(
    ("view", "part", "marker"),
    [
        ("/reports/", "the body", "quizdramt"),
        ("document.pdf", "the body", "quizdramt"),
        ("document.pdf", "the body", "the colour of the photograph"),
        ("document.pdf", "the headers", "xqvza1"),
        ("/preview/", "the body", "the colour of the logo"),
        ("/firm/logo/", "the body", "the colour of the logo"),
        ("/api/reports/", "the body", "quizdramt"),
    ],
)
def test_a_marker_is_seen_in_every_kind_of_answer(
    as_a_stranger: Diary, view: str, part: str, marker: str
) -> None:
    assert [
        one
        for one in as_a_stranger.sightings
        if view in one.address and one.address.endswith(part) and one.marker.lower().startswith(marker)
    ]


def test_a_marker_is_seen_in_a_log_line(as_a_stranger: Diary) -> None:
    assert {"django.db.backends"} <= set(as_a_stranger.log_lines)
    assert [one for one in as_a_stranger.in_logs if "django.db.backends" in one.address]


# The visits ------------------------------------------------------------------------------------------


def test_nobody_is_given_anything_of_another_firm(world: World) -> None:
    assert told(one for one in world.diary.sightings if not _is_for_staff(world, one)) == ""


def _is_for_staff(world: World, one: Sighting) -> bool:
    """Staff look at a bank as a firm sees it, which is recorded: what the firm changes of it, no report."""
    page = "/as-firm/" in one.address and f"organization={_owner(world, one)}" in one.address
    return one.visitor == world.visitors["staff"].name and page and one.place.startswith("bank_overrides")


def _owner(world: World, one: Sighting) -> str:
    return next(firm.org_id for firm in world.firms if one.marker.lower() in firm.places)


def test_no_log_line_of_a_firm_s_request_tells_of_another(world: World) -> None:
    assert told(world.diary.in_logs) == ""
    assert {"django.request", "django.db.backends"} <= set(world.diary.log_lines)


def test_what_is_a_rival_s_is_answered_as_if_it_were_not_there(world: World) -> None:
    assert world.not_absent[:20] == []


def test_a_rival_s_words_find_nothing(world: World) -> None:
    assert world.found_by_name == []


def test_the_same_search_finds_the_own_things(world: World) -> None:
    assert {one.partition(" ")[0] for one in world.own_found_by_name} == {"reports", "banks", "branches"}


def test_nothing_in_a_rival_s_database_changed(world: World) -> None:
    assert world.changed_rivals == []


def test_every_address_was_visited(world: World) -> None:
    manager = f"the manager of {world.firms[0].org_id}"
    visited = {visit.view for visit in world.diary.visits if visit.visitor == manager}
    assert {route.view for route in routes()} - visited - {"sign-out"} == set()


def test_every_role_saw_the_own_firm(world: World) -> None:
    firm = world.firms[0]
    wanted = {"reports", "files_metadata", "users_settings", "bank_overrides", "organizations", "users"}
    for role in firm.people:
        words = world.diary.own[f"the {role} of {firm.org_id}"]
        places = {firm.places[word].partition(".")[0].partition(" ")[0] for word in words}
        assert places >= wanted - ({"users_settings"} if role == "viewer" else set())


def test_every_kind_of_refusal_was_among_the_answers(world: World) -> None:
    assert {visit.status for visit in world.diary.visits} >= STATUSES


def test_the_forms_of_the_pages_were_sent(world: World) -> None:
    assert world.forms_sent > 15


def test_the_staff_saw_the_firms_and_nothing_of_their_databases(world: World) -> None:
    staff = world.visitors["staff"]
    seen = [one for one in world.diary.sightings if one.visitor == staff.name]
    assert [one for one in seen if not _is_for_staff(world, one)] == []
    shown = {
        visit.view for visit in world.diary.visits if visit.visitor == staff.name and visit.status == 200
    }
    assert "admin:tenants_organization_change" in shown


# What is kept ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kept(world: World) -> dict[str, Any]:
    """What the process keeps after all visits."""
    return kept_things()


def test_whatever_a_process_keeps_is_listed_with_its_reason(kept: dict[str, Any]) -> None:
    unlisted = [f"{name} in {where(name)}" for name in kept if name not in KEPT]
    assert unlisted == [], "list it in KEPT, with for whom it is kept and why"
    assert [name for name in KEPT if name not in kept] == []


@pytest.mark.parametrize("name", KEPT)
def test_what_is_kept_is_kept_for_one_firm_or_for_all(world: World, kept: dict[str, Any], name: str) -> None:
    scope, _ = KEPT[name]
    if scope == INSTRUMENT:
        return
    wrong, markers = [], Markers(world.firms)
    for key, content in entries(kept[name]):
        owners = sorted({owner for one in (*key, *content) for owner in _owners(markers, one)})
        if scope == SHARED and owners:
            wrong.append(f"{name} is for every firm and holds something of {owners}: {key}")
        elif len(owners) > 1:
            wrong.append(f"{name}: {key} holds something of {owners}")
        elif owners and owners[0] not in key and scope != BY_IDENTITY:
            wrong.append(f"{name}: {key} holds something of {owners[0]}, which it does not name")
    assert wrong == []


def _owners(markers: Markers, content: str | bytes) -> set[str]:
    if isinstance(content, str):
        return {markers.owner_of(marker).org_id for marker, _, _ in markers.in_text(content)}
    kind = "image/png" if content.startswith((b"\x89PNG", b"\xff\xd8\xff")) else "text/plain"
    return {markers.owner_of(marker).org_id for marker, _, _ in markers.in_content(content, kind)}


def test_pages_of_every_firm_are_kept(world: World) -> None:
    named = {text for key, _ in entries(page_cache) for text in key}
    assert {firm.org_id for firm in world.firms} <= named


def test_nothing_stays_active(kept: dict[str, Any]) -> None:
    assert kept["tenants.context:_active"].get() is None
