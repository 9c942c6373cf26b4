"""The hazards of MongoDB behind Django, each with the remedy that this test would miss."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, IntegrityError, connections, models
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import RequestFactory
from django.utils.connection import ConnectionDoesNotExist
from pymongo.errors import OperationFailure

from banks.models import Bank
from tenants.context import (
    activate,
    active_org_id,
    carry,
    no_organization,
    organization_active,
    shared_resources_writable,
)
from tenants.errors import NoActiveOrganization, SharedResourcesAreReadOnly, UnknownCluster, WrongOrganization
from tenants.middleware import OrganizationMiddleware
from tenants.models import Counter, Organization, User
from tenants.mongodb.clients import clients
from tenants.mongodb.monitoring import Command
from tenants.mongodb.transaction import atomic, run_atomically
from tenants.operations.schema import create_schema
from tenants.registry import Placement, registry
from tenants.router import PlaneRouter

Recorder = Callable[[], AbstractContextManager[list[Command]]]


def count(name: str, value: int = 0) -> Counter:
    return Counter.objects.create(name=name, value=value)


# 1. One client for a cluster, whatever the alias, whatever the thread --------------------------------


def test_every_organization_of_a_cluster_shares_one_client(firm: Organization, rival: Organization) -> None:
    clients.close_all()
    for organization in (firm, rival):
        with organization_active(organization.placement):
            Counter.objects.count()
    assert clients.count() == 1


def test_racing_threads_make_one_client(firm: Organization) -> None:
    clients.close_all()
    start = threading.Barrier(8)

    def touch(_: int) -> int:
        start.wait()
        return id(clients.for_address("MONGODB_URI"))

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(touch, range(8)))) == 1


def test_closing_a_pool_in_one_thread_leaves_the_others_working(in_firm: Organization) -> None:
    count("one")

    def close() -> None:
        connections[in_firm.org_id].close_pool()  # type: ignore[attr-defined]

    with ThreadPoolExecutor(1) as pool:
        pool.submit(carry(close)).result()
    assert Counter.objects.filter(name="one").exists()


# 2. The mapping of databases never changes size ------------------------------------------------------


def test_iterating_all_databases_meets_no_organization(in_firm: Organization) -> None:
    Counter.objects.count()
    assert list(connections) == ["default", "shared"]


def test_an_organization_can_be_resolved_while_another_thread_iterates(firm: Organization) -> None:
    iterator = iter(settings.DATABASES)
    next(iterator)
    with organization_active(firm.placement):
        Counter.objects.count()
    assert list(iterator) == ["shared"]


def test_resolving_an_organization_by_its_id_alone_adds_no_database(firm: Organization) -> None:
    registry.clear()
    with organization_active(firm.org_id):
        Counter.objects.count()
    assert list(connections) == ["default", "shared"]
    assert dict.keys(settings.DATABASES) == {"default", "shared"}


def test_an_organizations_entry_has_every_default_key(firm: Organization) -> None:
    with organization_active(firm.placement):
        entry = connections[firm.org_id].settings_dict
    assert set(connections["default"].settings_dict) <= set(entry)
    assert entry["NAME"] == firm.org_id


# 3. Routing follows the context, so the context is checked at evaluation -----------------------------


def test_a_queryset_evaluated_under_another_firm_raises(firm: Organization, rival: Organization) -> None:
    with organization_active(firm.placement):
        lazy = Counter.objects.all()
    with organization_active(rival.placement), pytest.raises(WrongOrganization):
        list(lazy)


def test_a_queryset_evaluated_without_a_firm_raises(firm: Organization) -> None:
    with organization_active(firm.placement):
        lazy = Counter.objects.all()
    with pytest.raises(NoActiveOrganization):
        list(lazy)


def test_an_instance_saved_under_another_firm_raises(firm: Organization, rival: Organization) -> None:
    with organization_active(firm.placement):
        counter = count("one")
    with organization_active(rival.placement), pytest.raises(WrongOrganization):
        counter.save()


def test_an_explicit_alias_does_not_get_past_the_active_firm(firm: Organization, rival: Organization) -> None:
    with organization_active(rival.placement), pytest.raises(WrongOrganization):
        connections[firm.org_id].get_collection("counters")  # type: ignore[attr-defined]


def test_no_query_is_made_without_a_firm(database: None) -> None:
    with pytest.raises(NoActiveOrganization):
        Counter.objects.create(name="one")


@pytest.mark.parametrize("ask", [PlaneRouter().db_for_read, PlaneRouter().db_for_write])
def test_the_router_falls_back_to_nothing(ask: Callable[..., str]) -> None:
    with pytest.raises(NoActiveOrganization):
        ask(Counter)


def test_the_router_refuses_an_instance_of_another_firm(firm: Organization, rival: Organization) -> None:
    with organization_active(firm.placement):
        counter = count("one")
    with organization_active(rival.placement), pytest.raises(WrongOrganization):
        PlaneRouter().db_for_write(Counter, instance=counter)


def test_a_streaming_response_is_consumed_under_its_own_firm(
    firm: Organization, rf: RequestFactory, valuer: User
) -> None:
    def names() -> Iterator[str]:
        yield active_org_id() or "none"
        yield str(Counter.objects.count())

    def view(request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(names())

    request = rf.get("/")
    request.user = valuer
    response = OrganizationMiddleware(view)(request)
    assert active_org_id() is None
    assert isinstance(response, StreamingHttpResponse)
    assert b"".join(response) == b"alpha_valuers0"


def test_a_pool_thread_works_for_the_firm_that_it_was_bound_to(in_firm: Organization) -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(active_org_id).result() is None
        assert pool.submit(carry(active_org_id)).result() == in_firm.org_id


def test_nothing_is_active_after_a_view_that_raised(rf: RequestFactory, valuer: User) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        assert active_org_id() == "alpha_valuers"
        raise ValueError("midway")

    request = rf.get("/")
    request.user = valuer
    with pytest.raises(ValueError, match="midway"):
        OrganizationMiddleware(view)(request)
    assert active_org_id() is None


def test_a_request_does_not_go_on_to_a_second_firm(firm: Organization, rival: Organization) -> None:
    with no_organization():
        activate(firm.placement)
        with pytest.raises(WrongOrganization):
            activate(rival.placement)


def test_nothing_is_active_for_staff_even_if_their_record_names_a_firm(
    rf: RequestFactory, valuer: User
) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(active_org_id() or "none")

    valuer.is_staff = True
    request = rf.get("/")
    request.user = valuer
    response = OrganizationMiddleware(view)(request)
    assert isinstance(response, HttpResponse)
    assert response.content == b"none"


# 5. iexact is no regular expression ------------------------------------------------------------------


def test_iexact_takes_its_value_as_text(in_firm: Organization) -> None:
    count("report.2026")
    assert Counter.objects.filter(name__iexact="REPORT.2026").exists()
    assert not Counter.objects.filter(name__iexact=".*").exists()


def test_iexact_between_two_fields_takes_the_other_as_text(database: None, staff: User) -> None:
    staff.name = ".*"
    staff.save()
    assert not User.objects.filter(email__iexact=models.F("name")).exists()


# 6. A failed commit leaves nothing behind ------------------------------------------------------------


class CommitRefused(OperationFailure):
    """What the server says, for a test."""


def refuse_commit(monkeypatch: pytest.MonkeyPatch, *, label: str | None = None, times: int = 99) -> list[int]:
    """Make the next commits fail, with an error label; returns the list of calls."""
    from pymongo.client_session import ClientSession

    original = ClientSession.commit_transaction
    calls: list[int] = []

    def commit(session: ClientSession) -> None:
        calls.append(1)
        if len(calls) <= times:
            error = CommitRefused("refused")
            if label:
                error._add_error_label(label)
            raise error
        original(session)

    monkeypatch.setattr(ClientSession, "commit_transaction", commit)
    return calls


def test_a_failed_commit_leaves_no_session_and_no_hooks(
    in_firm: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    connection: Any = connections[in_firm.org_id]
    with monkeypatch.context() as patch:
        refuse_commit(patch)

        def failing() -> None:
            with atomic():
                count("lost")
                connection.on_commit(lambda: ran.append("of the failed block"))

        with pytest.raises(OperationFailure):
            failing()
    with atomic():
        count("kept")
        connection.on_commit(lambda: ran.append("of the next block"))
    assert ran == ["of the next block"]
    assert list(Counter.objects.values_list("name", flat=True)) == ["kept"]


def test_a_transient_failure_runs_the_block_again(
    in_firm: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_commit(monkeypatch, label="TransientTransactionError", times=2)
    run_atomically(lambda: count("once"))
    assert Counter.objects.filter(name="once").count() == 1


def test_a_transient_failure_within_another_transaction_is_left_to_the_outermost(
    in_firm: Organization,
) -> None:
    attempts: list[str] = []

    def inner() -> None:
        attempts.append("inner")
        if len(attempts) < 4:
            error = CommitRefused("refused")
            error._add_error_label("TransientTransactionError")
            raise error

    def outer() -> None:
        attempts.append("outer")
        run_atomically(inner)

    run_atomically(outer)
    assert attempts == ["outer", "inner", "outer", "inner"]


def test_an_unknown_commit_is_asked_again_without_running_the_block(
    in_firm: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = refuse_commit(monkeypatch, label="UnknownTransactionCommitResult", times=1)
    with atomic():
        count("once")
    assert len(calls) == 2
    assert Counter.objects.filter(name="once").count() == 1


# 7. atomic means it, and never without saying where --------------------------------------------------


def test_a_block_that_raises_writes_nothing(in_firm: Organization) -> None:
    def half_done() -> None:
        with atomic():
            count("half")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        half_done()
    assert not Counter.objects.exists()


def test_a_transaction_without_a_firm_does_not_fall_back_to_the_control_plane(database: None) -> None:
    with pytest.raises(NoActiveOrganization), atomic():
        pass


# 8. A hot unique field is looked up by index ---------------------------------------------------------


def plan_of(organization: Organization, collection: str, query: dict[str, Any]) -> str:
    database = connections[organization.org_id].database  # type: ignore[attr-defined]
    return str(database[collection].find(query).explain()["queryPlanner"]["winningPlan"])


@pytest.mark.parametrize(
    ("collection", "field"), [("reports", "reference"), ("users_settings", "user_id"), ("counters", "name")]
)
def test_a_unique_field_is_found_by_its_index(in_firm: Organization, collection: str, field: str) -> None:
    plan = plan_of(in_firm, collection, {field: "x"})
    assert "IXSCAN" in plan
    assert "COLLSCAN" not in plan


def test_a_unique_field_is_still_unique(in_firm: Organization) -> None:
    count("one")
    with pytest.raises(IntegrityError):
        count("one")


# 10. Concurrency by a version and a conditional update -----------------------------------------------


def test_of_two_conditional_updates_one_wins(in_firm: Organization) -> None:
    counter = count("one", 1)

    def change(value: int) -> int:
        return Counter.objects.filter(pk=counter.pk, value=1).update(value=value)

    with ThreadPoolExecutor(2) as pool:
        changed = [future.result() for future in [pool.submit(carry(change), value) for value in (2, 3)]]
    assert sorted(changed) == [0, 1]


# 12. Making a schema can be repeated -----------------------------------------------------------------


def test_a_schema_cut_short_is_completed_by_the_next_run(in_firm: Organization) -> None:
    database = connections[in_firm.org_id].database  # type: ignore[attr-defined]
    database["files_metadata"].drop_indexes()
    create_schema(in_firm)
    assert "file_report_kind" in database["files_metadata"].index_information()


# 13. A fork gets clients of its own ------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_makes_its_own_client(in_firm: Organization) -> None:
    count("one")
    parents = clients.for_address("MONGODB_URI")
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        own = clients.for_address("MONGODB_URI") is not parents
        os.write(writer, b"own" if own and clients.count() == 1 else b"parent's")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 20) == b"own"


def test_the_router_refuses_to_write_shared_resources() -> None:
    with pytest.raises(SharedResourcesAreReadOnly):
        PlaneRouter().db_for_write(Bank)


# Shared resources ------------------------------------------------------------------------------------


def test_an_organization_cannot_write_shared_resources_through_the_orm(in_firm: Organization) -> None:
    from banks.models import DocumentType

    with pytest.raises(SharedResourcesAreReadOnly):
        DocumentType.objects.create(code="deed", name="Deed")
    with pytest.raises(SharedResourcesAreReadOnly):
        DocumentType.objects.using("shared").update(name="Deed")
    with pytest.raises(SharedResourcesAreReadOnly):
        DocumentType.objects.using("shared").filter(code="deed").delete()


@pytest.mark.parametrize(
    "write",
    [
        lambda one: one.insert_one({}),
        lambda one: one.update_many({}, {"$set": {"a": 1}}),
        lambda one: one.find_one_and_delete({}),
        lambda one: one.bulk_write([]),
        lambda one: one.drop(),
        lambda one: one.aggregate([{"$out": "banks"}]),
    ],
)
def test_an_organization_cannot_write_shared_resources_below_the_orm(
    in_firm: Organization, write: Callable[[Any], Any]
) -> None:
    collection = connections["shared"].get_collection("banks")  # type: ignore[attr-defined]
    with pytest.raises(SharedResourcesAreReadOnly):
        write(collection)


def test_writing_shared_resources_is_refused_while_a_firm_is_active(in_firm: Organization) -> None:
    with pytest.raises(WrongOrganization), shared_resources_writable():
        pass


# Names and settings -----------------------------------------------------------------------------------


def test_an_unknown_address_setting_is_refused(firm: Organization) -> None:
    elsewhere = Placement(firm.org_id, "MONGODB_URI_NOWHERE", version=2)
    with organization_active(elsewhere), pytest.raises(UnknownCluster):
        Counter.objects.count()


def test_a_name_that_is_no_org_id_is_no_database() -> None:
    for name in ("admin", "Alpha", "test_alpha", "x", "../alpha"):
        with pytest.raises(ConnectionDoesNotExist):
            connections[name]


def test_a_missing_secret_key_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib

    from valuation import settings as module

    monkeypatch.setenv("DJANGO_SECRET_KEY", "")
    with pytest.raises(ImproperlyConfigured, match="DJANGO_SECRET_KEY"):
        importlib.reload(module)


def test_errors_of_the_server_are_database_errors(in_firm: Organization) -> None:
    count("one")
    with pytest.raises(DatabaseError):
        Counter.objects.filter(name="one").update(value=models.F("name") + 1)
