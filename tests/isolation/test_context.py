"""The firm that is active is right while the work lasts and gone afterwards, however the work is done.

Coroutines, threads, hooks of a commit, and every way in which a view can come to a bad end.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.core.exceptions import PermissionDenied, SynchronousOnlyOperation
from django.db import connections
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.test import AsyncClient, Client
from django.urls import path
from pymongo.errors import OperationFailure

from tenants.context import activate, active_org_id, carry, no_organization, organization_active
from tenants.errors import NoActiveOrganization, WrongOrganization
from tenants.models import Counter, Organization, User
from tenants.mongodb.transaction import atomic, run_atomically
from tenants.registry import Placement, registry
from tests.isolation.asking import OURS, THEIRS

ClientFor = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _clean_afterwards() -> Iterator[None]:
    """Every test here begins, and has to end, with no firm active on its thread."""
    with no_organization():
        yield
        assert active_org_id() is None


# Coroutines ------------------------------------------------------------------------------------------


async def _ask(org_id: str, turns: Callable[[], Awaitable[None]]) -> dict[str, object]:
    """Everything that a coroutine may ask, with others running in between."""
    with organization_active(org_id):
        await turns()
        found: dict[str, object] = {
            "here": active_org_id(),
            "on Django's thread": await sync_to_async(active_org_id)(),
            "on a pool's thread": await sync_to_async(active_org_id, thread_sensitive=False)(),
            "on asyncio's thread": await asyncio.to_thread(active_org_id),
        }
        await turns()
        found["read"] = [one.name async for one in Counter.objects.all()]
        await turns()
        found["iterated"] = [one.name async for one in Counter.objects.aiterator(chunk_size=1)]
        found["counted"] = (await Counter.objects.aget(name=org_id)).name
        found["in a task"] = await asyncio.create_task(_here(turns))
        await turns()
        found["here again"] = active_org_id()
    found["afterwards"] = active_org_id()
    return found


async def _here(turns: Callable[[], Awaitable[None]]) -> str | None:
    await turns()
    return active_org_id()


def test_the_coroutines_of_two_firms_never_meet(firm: Organization, rival: Organization) -> None:
    for one in (firm, rival):
        with organization_active(one.placement):
            Counter.objects.create(name=one.org_id)

    async def turns() -> None:
        await asyncio.sleep(0)

    async def both() -> list[dict[str, object]]:
        return await asyncio.gather(*[_ask(org_id, turns) for org_id in (OURS, THEIRS, OURS, THEIRS)])

    for org_id, found in zip((OURS, THEIRS, OURS, THEIRS), async_to_sync(both)(), strict=True):
        assert found.pop("afterwards") is None
        assert found.pop("read") == found.pop("iterated") == [org_id]
        assert set(found.values()) == {org_id}


def test_a_firm_activated_in_a_task_is_not_its_parents() -> None:
    async def child() -> str | None:
        activate(Placement(OURS, "MONGODB_URI"))
        return active_org_id()

    async def parent() -> tuple[str | None, str | None]:
        return await asyncio.create_task(child()), active_org_id()

    assert async_to_sync(parent)() == (OURS, None)


def test_a_task_that_outlives_its_block_keeps_its_firm() -> None:
    async def parent() -> tuple[str | None, str | None]:
        async def later() -> str | None:
            await asyncio.sleep(0)
            return active_org_id()

        with organization_active(OURS):
            task = asyncio.create_task(later())
        with organization_active(THEIRS):
            return await task, active_org_id()

    assert async_to_sync(parent)() == (OURS, THEIRS)


@pytest.mark.parametrize("thread_sensitive", [True, False])
def test_a_firm_activated_in_a_thread_for_a_coroutine_ends_with_its_block(thread_sensitive: bool) -> None:
    def work() -> str | None:
        with organization_active(THEIRS):
            return active_org_id()

    async def parent() -> list[str | None]:
        with organization_active(OURS):
            there = await sync_to_async(work, thread_sensitive=thread_sensitive)()
            return [there, active_org_id()]

    assert async_to_sync(parent)() == [THEIRS, OURS]


def test_a_coroutine_called_from_a_firms_code_works_for_that_firm() -> None:
    async def inner() -> str | None:
        await asyncio.sleep(0)
        return active_org_id()

    with organization_active(OURS):
        assert async_to_sync(inner)() == OURS


def test_a_coroutine_that_is_cancelled_leaves_nothing_active() -> None:
    async def inner() -> None:
        with organization_active(OURS):
            await asyncio.sleep(60)

    async def outer() -> str | None:
        task = asyncio.create_task(inner())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return active_org_id()

    assert async_to_sync(outer)() is None


def test_a_coroutine_does_not_ask_a_database_on_the_loops_own_thread(firm: Organization) -> None:
    async def ask() -> int:
        with organization_active(firm.placement):
            return int(Counter.objects.count())

    with pytest.raises(SynchronousOnlyOperation):
        async_to_sync(ask)()


def test_two_firms_people_are_served_by_coroutines_at_once(
    manager: User, rival_manager: User, client_for: ClientFor
) -> None:
    async def ask(client: AsyncClient) -> str:
        response = await client.get("/firm/")
        return str(response.content.decode())

    async def everybody(clients: list[AsyncClient]) -> list[str]:
        return await asyncio.gather(*[ask(client) for client in clients])

    clients = []
    for person in (manager, rival_manager) * 3:
        client = AsyncClient()
        client.cookies = client_for(person).cookies
        clients.append(client)
    pages = async_to_sync(everybody)(clients)
    assert ["Alpha Valuers" in page for page in pages] == [True, False] * 3
    assert ["Beta Surveyors" in page for page in pages] == [False, True] * 3


# Threads ---------------------------------------------------------------------------------------------


def test_a_pools_thread_serves_two_firms_one_after_the_other() -> None:
    def work(_: int) -> str | None:
        return active_org_id()

    with ThreadPoolExecutor(1) as pool:
        seen = []
        for org_id in (OURS, THEIRS, OURS):
            with organization_active(org_id):
                seen.append(pool.submit(carry(work), 1).result())
            seen.append(pool.submit(work, 1).result())
    assert seen == [OURS, None, THEIRS, None, OURS, None]


def test_a_carried_job_leaves_nothing_on_its_thread_whatever_it_activates() -> None:
    def work() -> None:
        activate(Placement(THEIRS, "MONGODB_URI"))

    with ThreadPoolExecutor(1) as pool:
        pool.submit(carry(work)).result()
        assert pool.submit(active_org_id).result() is None


def test_a_new_thread_has_no_firm_and_asks_nothing(in_firm: Organization) -> None:
    refused: list[BaseException] = []

    def ask() -> None:
        try:
            Counter.objects.count()
        except NoActiveOrganization as refusal:
            refused.append(refusal)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert len(refused) == 1


def test_many_threads_with_their_own_firms_never_see_anothers() -> None:
    start = threading.Barrier(8)

    def work(org_id: str) -> set[str | None]:
        seen: set[str | None] = {active_org_id()}
        for _ in range(200):
            with organization_active(org_id):
                start.wait()
                seen.add(active_org_id())
        return seen

    names = [f"firm_number_{place}" for place in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, names)) == [{None, name} for name in names]


# Hooks of a commit -----------------------------------------------------------------------------------


def hook_on(alias: str, seen: list[object]) -> None:
    """Note, when the block on ``alias`` has been committed, for whom that is told."""
    connection: Any = connections[alias]
    connection.on_commit(lambda: seen.append(active_org_id()))


def test_a_hook_runs_for_its_blocks_firm_though_another_was_served_meanwhile(
    firm: Organization, rival: Organization
) -> None:
    seen: list[object] = []
    with organization_active(firm.placement), atomic():
        hook_on(firm.org_id, seen)
        with organization_active(rival.placement), atomic():
            hook_on(rival.org_id, seen)
        assert seen == [THEIRS]
    assert seen == [THEIRS, OURS]


def test_a_hook_on_the_control_plane_runs_for_the_firm_that_handed_it_over(firm: Organization) -> None:
    seen: list[object] = []
    with atomic("default"):
        hook_on("default", seen)
        with organization_active(firm.placement):
            hook_on("default", seen)
    assert seen == [None, OURS]


def test_a_hook_handed_over_outside_a_block_runs_at_once_for_its_firm(firm: Organization) -> None:
    seen: list[object] = []
    with organization_active(firm.placement):
        hook_on(firm.org_id, seen)
    assert seen == [OURS]


def test_a_hook_leaves_nothing_active_for_the_next(firm: Organization) -> None:
    seen: list[object] = []
    connection: Any = connections["default"]
    with atomic("default"):
        connection.on_commit(lambda: activate(firm.placement))
        hook_on("default", seen)
    assert seen == [None]


def test_the_hooks_of_a_block_that_was_rolled_back_never_run(firm: Organization) -> None:
    seen: list[object] = []

    def fail() -> None:
        with atomic():
            hook_on(firm.org_id, seen)
            raise ValueError("no")

    with organization_active(firm.placement):
        with pytest.raises(ValueError, match="no"):
            fail()
        with atomic():
            Counter.objects.create(name="next")
    assert seen == []


def test_the_hooks_of_a_block_that_was_run_again_run_once(firm: Organization) -> None:
    seen: list[object] = []

    def twice() -> None:
        hook_on(firm.org_id, seen)
        hook_on(firm.org_id, attempts)
        if connections[firm.org_id].run_on_commit and not failed:
            failed.append(True)
            error = OperationFailure("again")
            error._add_error_label("TransientTransactionError")
            raise error

    attempts: list[object] = []
    failed: list[bool] = []
    with organization_active(firm.placement):
        run_atomically(twice)
    assert (failed, seen) == ([True], [OURS])


def test_a_block_continued_under_another_firm_writes_nothing(firm: Organization, rival: Organization) -> None:
    seen: list[object] = []

    def work() -> Iterator[None]:
        with atomic():
            Counter.objects.create(name="half")
            hook_on(OURS, seen)
            yield

    with organization_active(firm.placement):
        begun = work()
        next(begun)
    with organization_active(rival.placement), pytest.raises(WrongOrganization):
        next(begun)
    with organization_active(firm.placement):
        assert not Counter.objects.exists()
        assert connections[OURS].session is None  # type: ignore[attr-defined]
    assert seen == []


@pytest.mark.parametrize("active", [THEIRS, None])
def test_a_block_on_another_firms_database_is_refused(active: str | None) -> None:
    registry.remember(Placement(OURS, "MONGODB_URI"))

    def begin() -> None:
        with atomic(OURS):
            pass

    def begin_for_theirs() -> None:
        with organization_active(THEIRS):
            begin()

    with pytest.raises(WrongOrganization if active else NoActiveOrganization):
        (begin_for_theirs if active else begin)()


# Bad ends --------------------------------------------------------------------------------------------


class ToTheEnd(BaseException):
    """Caught by nobody on the way."""


met: list[str | None] = []


def _bad_end(error: type[BaseException]) -> Callable[..., HttpResponse]:
    def view(request: HttpRequest) -> HttpResponse:
        met.append(active_org_id())
        raise error

    return view


def _fails_in_a_template(request: HttpRequest) -> HttpResponseBase:
    def fail() -> str:
        met.append(active_org_id())
        raise ValueError("in a template")

    return TemplateResponse(request, engines["django"].from_string("{{ fail }}"), {"fail": fail})


def _fails_in_a_stream(request: HttpRequest) -> HttpResponseBase:
    def produce() -> Iterator[str]:
        met.append(active_org_id())
        yield "begun"
        raise ValueError("in a stream")

    return StreamingHttpResponse(produce())


def _fails_in_a_transaction(request: HttpRequest) -> HttpResponseBase:
    with atomic():
        Counter.objects.create(name="half")
        met.append(active_org_id())
        raise ValueError("in a transaction")


async def _fails_in_a_coroutine(request: HttpRequest) -> HttpResponseBase:
    await asyncio.sleep(0)
    met.append(active_org_id())
    raise ValueError("in a coroutine")


def _who(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(active_org_id()))


def fails_on_the_way_in(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Any:
    """A middleware within the organization's."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path == "/middleware-in/":
            met.append(active_org_id())
            raise ValueError("on the way in")
        response = get_response(request)
        if request.path == "/middleware-out/":
            met.append(active_org_id())
            raise ValueError("on the way out")
        return response

    return middleware


BAD_ENDS: dict[str, Callable[..., Any]] = {
    "exception": _bad_end(ValueError),
    "not-found": _bad_end(Http404),
    "forbidden": _bad_end(PermissionDenied),
    "exit": _bad_end(SystemExit),
    "interrupt": _bad_end(KeyboardInterrupt),
    "generator-exit": _bad_end(GeneratorExit),
    "to-the-end": _bad_end(ToTheEnd),
    "template": _fails_in_a_template,
    "stream": _fails_in_a_stream,
    "transaction": _fails_in_a_transaction,
    "coroutine": _fails_in_a_coroutine,
    "middleware-in": _who,
    "middleware-out": _who,
}
urlpatterns = [path("who/", _who), *[path(f"{name}/", view) for name, view in BAD_ENDS.items()]]
handler403 = "valuation.errors.forbidden"
handler404 = "valuation.errors.not_found"
handler500 = "valuation.errors.failed"


@pytest.mark.urls(__name__)
def test_a_view_that_ends_badly_had_its_firm_and_leaves_none(
    valuer: User, rival_valuer: User, client_for: ClientFor, settings: Any
) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.fails_on_the_way_in"]
    clients = {OURS: client_for(valuer), THEIRS: client_for(rival_valuer), None: Client()}
    for client in clients.values():
        client.raise_request_exception = False
    for name in BAD_ENDS:
        for org_id, client in clients.items():
            if name == "transaction" and org_id is None:
                continue
            met.clear()
            try:
                response = client.get(f"/{name}/")
                b"".join(getattr(response, "streaming_content", ()))
            except (ValueError, SystemExit, KeyboardInterrupt, GeneratorExit, ToTheEnd):
                pass
            assert (name, met, active_org_id()) == (name, [org_id], None)
            assert Client().get("/who/").content == b"None"


BLOCKS: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "another firm": lambda: organization_active(THEIRS),
    "no firm": no_organization,
}


@pytest.mark.parametrize("end", [ValueError, SystemExit, KeyboardInterrupt, GeneratorExit, ToTheEnd])
@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_that_is_left_by_an_exception_gives_back_what_was_active(
    block: str, end: type[BaseException]
) -> None:
    def fail() -> None:
        with BLOCKS[block]():
            activate(Placement(THEIRS, "MONGODB_URI"))
            raise end

    with organization_active(OURS):
        with pytest.raises(end):
            fail()
        assert active_org_id() == OURS
    assert active_org_id() is None
