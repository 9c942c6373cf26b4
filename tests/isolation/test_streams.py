"""A response that is produced while it is sent: for the firm of its request, long after the request's end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from asgiref.sync import async_to_sync
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connections
from django.http import FileResponse, HttpRequest, HttpResponseBase, StreamingHttpResponse
from gridfs import GridFSBucket

from tenants.context import active_org_id, carry_iterator, no_organization, organization_active
from tenants.models import Counter, Organization, User
from tests.isolation.asking import OURS, THEIRS, answer, member_of


@pytest.fixture(autouse=True)
def _clean_afterwards() -> Iterator[None]:
    """Every test here begins, and has to end, with no firm active on its thread."""
    with no_organization():
        yield
        assert active_org_id() is None


def stream(produce: Callable[[], Any], org_id: str = OURS) -> StreamingHttpResponse:
    """A streaming response that has left the middleware."""
    response = answer(lambda request: StreamingHttpResponse(produce()), member_of(org_id))
    assert isinstance(response, StreamingHttpResponse)
    assert active_org_id() is None
    return response


def firm_thrice() -> Iterator[str]:
    for _ in range(3):
        yield f"{active_org_id()} "


async def firm_thrice_asynchronously() -> AsyncIterator[str]:
    for _ in range(3):
        await asyncio.sleep(0)
        yield f"{active_org_id()} "


def test_two_interleaved_streams_on_one_thread_keep_to_their_firms() -> None:
    ours, theirs = iter(stream(firm_thrice)), iter(stream(firm_thrice, THEIRS))
    taken = [bytes(next(one)).decode().strip() for one in (ours, theirs, theirs, ours, ours, theirs)]
    assert taken == [OURS, THEIRS, THEIRS, OURS, OURS, THEIRS]


def test_nothing_is_active_between_the_steps_of_a_stream() -> None:
    between = [active_org_id() for _ in stream(firm_thrice)]
    assert between == [None, None, None]


def test_a_stream_that_activates_its_firm_itself_leaks_nothing_between_its_steps() -> None:
    def produce() -> Iterator[str]:
        with organization_active(THEIRS):
            yield from firm_thrice()

    between = [active_org_id() for _ in stream(produce)]
    assert between == [None, None, None]


def test_a_stream_is_produced_for_its_firm_on_any_thread() -> None:
    response = stream(firm_thrice)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(b"".join, response).result() == f"{OURS} ".encode() * 3
        assert pool.submit(active_org_id).result() is None


def test_a_stream_of_staff_has_no_firm_wherever_it_is_consumed() -> None:
    staff = User(email="staff@example.com", is_staff=True)
    response = answer(lambda request: StreamingHttpResponse(firm_thrice()), staff)
    assert isinstance(response, StreamingHttpResponse)
    with organization_active(THEIRS):
        assert b"".join(response) == b"None " * 3


def test_a_stream_given_up_midway_is_closed_for_its_firm(database: None) -> None:
    closed: list[str | None] = []

    def produce() -> Iterator[str]:
        try:
            yield from firm_thrice()
        finally:
            closed.append(active_org_id())

    response = stream(produce)
    next(iter(response))
    response.close()
    assert closed == [OURS]


def test_a_stream_given_up_midway_ends_what_it_had_opened_for_another_firm(database: None) -> None:
    ended: list[str] = []

    def produce() -> Iterator[str]:
        with organization_active(THEIRS):
            yield from firm_thrice()
        ended.append("by its end")

    def closing() -> Iterator[str]:
        source = produce()
        try:
            yield from source
        finally:
            # A context manager entered in one context and left in another would raise here.
            source.close()  # type: ignore[attr-defined]
            ended.append(str(active_org_id()))

    response = stream(closing)
    next(iter(response))
    response.close()
    assert ended == [OURS]


def test_a_stream_that_fails_midway_leaves_nothing_active() -> None:
    def produce() -> Iterator[str]:
        yield "begun"
        raise ValueError(active_org_id())

    response = stream(produce)
    with pytest.raises(ValueError, match=OURS):
        b"".join(response)
    assert active_org_id() is None


@pytest.mark.parametrize("end", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_a_stream_that_ends_the_process_leaves_nothing_active(end: type[BaseException]) -> None:
    def produce() -> Iterator[str]:
        yield "begun"
        raise end

    response = stream(produce)
    with pytest.raises(end):
        b"".join(response)
    assert active_org_id() is None


def test_a_file_response_reads_its_own_firms_file_store(firm: Organization, rival: Organization) -> None:
    for one in (firm, rival):
        with organization_active(one.placement):
            default_storage.save("letter.txt", ContentFile(one.org_id[:5].encode() * 9000))

    def view(request: HttpRequest) -> HttpResponseBase:
        database = connections[active_org_id() or ""].database  # type: ignore[attr-defined]
        return FileResponse(GridFSBucket(database).open_download_stream_by_name("letter.txt"))

    ours, theirs = (cast(FileResponse, answer(view, member_of(one.org_id))) for one in (firm, rival))
    parts = list(zip(ours, theirs, strict=True))
    assert b"".join(part for part, _ in parts) == b"alpha" * 9000
    assert b"".join(part for _, part in parts) == b"beta_" * 9000


# Asynchronous streams --------------------------------------------------------------------------------


def test_an_asynchronous_stream_is_produced_for_its_firm() -> None:
    async def consume() -> list[bytes]:
        response = stream(firm_thrice_asynchronously)
        return [part async for part in response]

    assert b"".join(async_to_sync(consume)()) == f"{OURS} ".encode() * 3


def test_two_asynchronous_streams_in_one_task_keep_to_their_firms() -> None:
    async def consume() -> list[tuple[bytes, bytes, str | None]]:
        ours = aiter(stream(firm_thrice_asynchronously))
        theirs = aiter(stream(firm_thrice_asynchronously, THEIRS))
        return [(await anext(ours), await anext(theirs), active_org_id()) for _ in range(3)]

    expected = (f"{OURS} ".encode(), f"{THEIRS} ".encode(), None)
    assert async_to_sync(consume)() == [expected] * 3


def test_an_asynchronous_stream_keeps_its_firm_in_a_server_without_coroutines() -> None:
    response = stream(firm_thrice_asynchronously)
    with pytest.warns(Warning, match="must consume asynchronous iterators"):
        assert b"".join(response) == f"{OURS} ".encode() * 3


def test_an_asynchronous_stream_asks_its_own_firms_database(firm: Organization, rival: Organization) -> None:
    for one in (firm, rival):
        with organization_active(one.placement):
            Counter.objects.create(name=one.org_id)

    async def names() -> AsyncIterator[str]:
        async for one in Counter.objects.all():
            yield one.name

    async def consume() -> list[bytes]:
        ours, theirs = stream(names), stream(names, THEIRS)
        return [part for response in (theirs, ours) async for part in response]

    assert async_to_sync(consume)() == [b"beta_surveyors", b"alpha_valuers"]


def test_an_iterator_carried_to_another_firms_code_works_for_its_own() -> None:
    with organization_active(OURS):
        carried = carry_iterator(active_org_id() for _ in range(2))
    with organization_active(THEIRS):
        assert [(one, active_org_id()) for one in carried] == [(OURS, THEIRS)] * 2
