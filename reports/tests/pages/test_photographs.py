"""Photographs by their page, and the files behind it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from reports import actions
from reports.models import Report
from reports.queries import photographs_of
from reports.tests.pages.conftest import Within, jpeg
from reports.views.photographs import MOST_AT_ONCE, moves
from tenants.models import StoredFile, User
from tenants.mongodb.monitoring import Command

ClientFor = Callable[[User], Client]
Commands = Callable[[], AbstractContextManager[list[Command]]]


def url(report: Report) -> str:
    return reverse("reports:photographs", args=[report.pk])


def one(report: Report, file: StoredFile) -> str:
    return reverse("reports:photograph", args=[report.pk, file.pk])


def send(client: Client, report: Report, *files: SimpleUploadedFile) -> str:
    """Upload and follow to the page."""
    return client.post(url(report), {"photos": list(files)}, follow=True).content.decode()


def names(report: Report, within: Within) -> list[str]:
    return [file.name for file in within(lambda: photographs_of(report.pk))]


@pytest.fixture
def three(begun: Report, valuer: User, within: Within) -> list[StoredFile]:
    def add(name: str) -> StoredFile:
        return actions.add_photograph(report_id=begun.pk, upload=jpeg(name), by=valuer, now=timezone.now())

    return list(within(lambda: [add(name) for name in ("a.jpg", "b.jpg", "c.jpg")]))


def test_a_report_without_photographs_says_which_are_wanted(
    begun: Report, valuer: User, client_for: ClientFor
) -> None:
    assert "No photographs yet" in client_for(valuer).get(url(begun)).content.decode()


def test_it_takes_in_several_at_once(
    begun: Report, assistant: User, client_for: ClientFor, within: Within
) -> None:
    text = send(client_for(assistant), begun, jpeg("a.jpg"), jpeg("b.jpg"))
    assert ("2 photographs added." in text, names(begun, within)) == (True, ["a.jpg", "b.jpg"])


def test_of_several_it_keeps_the_good_ones(
    begun: Report, valuer: User, client_for: ClientFor, within: Within
) -> None:
    send(client_for(valuer), begun, jpeg("good.jpg"), SimpleUploadedFile("bad.jpg", b"MZ" + bytes(50)))
    assert names(begun, within) == ["good.jpg"]


def test_of_several_it_names_the_bad_ones_with_the_reason(
    begun: Report, valuer: User, client_for: ClientFor
) -> None:
    text = send(client_for(valuer), begun, jpeg(), SimpleUploadedFile("bad.jpg", b"MZ" + bytes(50)))
    assert "bad.jpg: this is no JPEG, PNG or WebP image; others are not accepted." in text


def test_it_refuses_a_file_that_is_too_large_with_its_name_and_the_limit(
    begun: Report, valuer: User, client_for: ClientFor, settings: Settings
) -> None:
    settings.MAX_UPLOAD_BYTES = 1024**2
    text = send(client_for(valuer), begun, SimpleUploadedFile("big.jpg", bytes(2 * 1024**2)))
    assert ("big.jpg" in text, "1 MB" in text) == (True, True)


def test_it_refuses_an_image_of_too_many_pixels(
    begun: Report, valuer: User, client_for: ClientFor, settings: Settings, within: Within
) -> None:
    settings.MAX_IMAGE_PIXELS = 10_000
    text = send(client_for(valuer), begun, jpeg("wide.jpg"))
    assert ("wide.jpg: the image has" in text, names(begun, within)) == (True, [])


def test_what_a_script_sends_leaves_the_messages_to_the_page_that_it_loads_next(
    begun: Report, valuer: User, client_for: ClientFor
) -> None:
    client = client_for(valuer)
    response = client.post(url(begun), {"photos": jpeg()}, headers={"Sec-Fetch-Dest": "empty"})
    assert (response.status_code, "1 photograph added." in client.get(url(begun)).content.decode()) == (
        204,
        True,
    )


def test_it_says_so_when_no_file_came_along(begun: Report, valuer: User, client_for: ClientFor) -> None:
    assert "No file came along" in client_for(valuer).post(url(begun), follow=True).content.decode()


def test_it_takes_no_more_at_once_than_it_says(
    begun: Report, valuer: User, client_for: ClientFor, within: Within
) -> None:
    send(client_for(valuer), begun, *(jpeg(f"{n}.jpg") for n in range(MOST_AT_ONCE + 1)))
    assert names(begun, within) == []


def test_it_saves_a_caption(
    begun: Report, photograph: StoredFile, valuer: User, client_for: ClientFor, within: Within
) -> None:
    client_for(valuer).post(one(begun, photograph), {"save": "1", "caption": "  North   side "})
    assert within(lambda: photographs_of(begun.pk)[0].caption) == "North side"


@pytest.mark.parametrize(
    ("place", "move", "order"),
    [
        (1, "up", ["b.jpg", "a.jpg", "c.jpg"]),
        (0, "down", ["b.jpg", "a.jpg", "c.jpg"]),
        (0, "up", ["a.jpg", "b.jpg", "c.jpg"]),
    ],
)
def test_arrows_move_a_photograph(
    place: int,
    move: str,
    order: list[str],
    begun: Report,
    three: list[StoredFile],
    valuer: User,
    client_for: ClientFor,
    within: Within,
) -> None:
    client_for(valuer).post(one(begun, three[place]), {"move": move})
    assert names(begun, within) == order


def test_an_arrow_keeps_the_caption_that_was_typed(
    begun: Report, three: list[StoredFile], valuer: User, client_for: ClientFor, within: Within
) -> None:
    client_for(valuer).post(one(begun, three[0]), {"move": "down", "caption": "Typed"})
    assert within(lambda: photographs_of(begun.pk)[1].caption) == "Typed"


def test_dragging_stores_the_new_order(
    begun: Report, three: list[StoredFile], valuer: User, client_for: ClientFor, within: Within
) -> None:
    order = ",".join(str(three[place].pk) for place in (2, 0, 1))
    response = client_for(valuer).post(url(begun), {"order": order})
    assert (response.status_code, names(begun, within)) == (204, ["c.jpg", "a.jpg", "b.jpg"])


def test_an_order_of_other_photographs_is_a_conflict(
    begun: Report, three: list[StoredFile], valuer: User, client_for: ClientFor
) -> None:
    response = client_for(valuer).post(url(begun), {"order": str(three[0].pk)})
    assert response.status_code == 409


@pytest.mark.parametrize("wanted", ["abc", "cab", "bca", "acb", "cba", "bac"])
def test_moves_lead_from_one_order_to_the_other(wanted: str) -> None:
    order = list("abc")
    for item, place in moves(list("abc"), list(wanted)):
        order.remove(item)
        order.insert(place, item)
    assert "".join(order) == wanted


def test_a_single_drag_is_a_single_move() -> None:
    assert moves(list("abcdef"), list("bcdefa")) == [("a", 5)]


def test_removing_asks_first(
    begun: Report, photograph: StoredFile, valuer: User, client_for: ClientFor, within: Within
) -> None:
    response = client_for(valuer).post(one(begun, photograph), {"remove": "1"}, follow=True)
    assert ("Remove photograph 1, “Front”?" in response.content.decode(), names(begun, within)) == (
        True,
        ["front.jpg"],
    )


def test_removing_removes_once_it_is_confirmed(
    begun: Report, photograph: StoredFile, valuer: User, client_for: ClientFor, within: Within
) -> None:
    client_for(valuer).post(one(begun, photograph), {"remove": "1", "confirm": "1"})
    assert names(begun, within) == []


def test_a_photograph_of_another_report_is_a_404(
    filled: Report, photograph: StoredFile, valuer: User, client_for: ClientFor
) -> None:
    assert client_for(valuer).post(one(filled, photograph), {"save": "1", "caption": "x"}).status_code == 404


@pytest.mark.parametrize("name", ["photographs", "photograph"])
def test_a_viewer_changes_nothing(
    name: str, begun: Report, photograph: StoredFile, viewer: User, client_for: ClientFor
) -> None:
    address = url(begun) if name == "photographs" else one(begun, photograph)
    assert client_for(viewer).post(address, {"save": "1", "caption": "x"}).status_code == 403


def test_a_viewer_sees_no_way_to_add(begun: Report, viewer: User, client_for: ClientFor) -> None:
    assert "data-file-drop" not in client_for(viewer).get(url(begun)).content.decode()


def test_a_report_in_review_takes_no_photograph(
    in_review: Report, valuer: User, client_for: ClientFor, within: Within
) -> None:
    text = send(client_for(valuer), in_review, jpeg())
    assert ("the report is in review" in text, names(in_review, within)) == (True, [])


def test_a_rival_finds_no_page_of_photographs(
    begun: Report, rival_manager: User, client_for: ClientFor
) -> None:
    assert client_for(rival_manager).get(url(begun)).status_code == 404


def files_of(report: Report, file: StoredFile) -> list[str]:
    return [reverse(f"reports:{name}", args=[report.pk, file.pk]) for name in ("file", "thumbnail")]


def test_a_file_is_served_to_the_firms_people(
    begun: Report, photograph: StoredFile, viewer: User, client_for: ClientFor
) -> None:
    response = client_for(viewer).get(files_of(begun, photograph)[0])
    assert (response["Content-Type"], response.content[:3]) == ("image/jpeg", b"\xff\xd8\xff")


@pytest.mark.parametrize("which", [0, 1])
def test_a_rival_gets_no_file(
    which: int, begun: Report, photograph: StoredFile, rival_manager: User, client_for: ClientFor
) -> None:
    assert client_for(rival_manager).get(files_of(begun, photograph)[which]).status_code == 404


def test_a_file_is_found_under_its_own_report_only(
    filled: Report, photograph: StoredFile, valuer: User, client_for: ClientFor
) -> None:
    assert client_for(valuer).get(files_of(filled, photograph)[0]).status_code == 404


def test_signed_out_there_is_no_file(begun: Report, photograph: StoredFile) -> None:
    assert Client().get(files_of(begun, photograph)[0]).status_code == 302


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Cache-Control", "private, max-age=604800"),
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Disposition", "inline; filename=\"front.jpg\"; filename*=UTF-8''front.jpg"),
    ],
)
def test_a_file_stays_with_the_persons_browser(
    header: str, value: str, begun: Report, photograph: StoredFile, valuer: User, client_for: ClientFor
) -> None:
    assert client_for(valuer).get(files_of(begun, photograph)[0])[header] == value


def test_a_file_that_the_browser_has_is_not_sent_again(
    begun: Report, photograph: StoredFile, valuer: User, client_for: ClientFor
) -> None:
    client, address = client_for(valuer), files_of(begun, photograph)[1]
    tag = client.get(address)["ETag"]
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 304


def test_a_thumbnail_and_its_photograph_have_different_tags(
    begun: Report, photograph: StoredFile, valuer: User, client_for: ClientFor
) -> None:
    client = client_for(valuer)
    assert len({client.get(address)["ETag"] for address in files_of(begun, photograph)}) == 2


def test_the_page_costs_two_commands_of_its_own(
    begun: Report, three: list[StoredFile], valuer: User, client_for: ClientFor, commands: Commands
) -> None:
    client = client_for(valuer)
    with commands() as sent:
        client.get(url(begun))
    assert len(sent) == 1 + 2


def test_no_bytes_are_read_for_what_the_browser_has(
    begun: Report,
    photograph: StoredFile,
    valuer: User,
    client_for: ClientFor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client, address = client_for(valuer), files_of(begun, photograph)[0]
    tag = client.get(address)["ETag"]

    def refuse(*_: Any) -> None:
        pytest.fail("the bytes were read")

    monkeypatch.setattr("tenants.files.OrganizationStorage._open", refuse)
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 304
