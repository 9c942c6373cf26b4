"""What a browser is told when the session has ended, the form is stale, or the method is another one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import Settings

from tenants.models import User

ClientFor = Callable[[User], Client]
NOWHERE = "/reports/" + "0" * 24


@pytest.mark.usefixtures("database")
def test_a_form_sent_after_the_session_ended_leads_back_to_its_page() -> None:
    page = f"{NOWHERE}/review/"
    response = Client().post(f"{NOWHERE}/approve/", headers={"Referer": f"http://testserver{page}"})
    assert response["Location"] == f"/sign-in/?next={page}"


@pytest.mark.parametrize("referrer", ["", "https://elsewhere.example/reports/"])
@pytest.mark.usefixtures("database")
def test_a_form_sent_after_the_session_ended_from_elsewhere_leads_to_the_work(referrer: str) -> None:
    response = Client().post(f"{NOWHERE}/approve/", headers={"Referer": referrer})
    assert response["Location"] == "/sign-in/?next=/"


@pytest.mark.usefixtures("database")
def test_a_fragment_asked_for_after_the_session_ended_is_no_sign_in_page() -> None:
    url = f"{NOWHERE}/edit/common/details/values/"
    assert Client().post(url, headers={"HX-Request": "true"}).status_code == 401


def test_a_method_that_an_address_does_not_take_is_told_in_words(client_for: ClientFor, valuer: User) -> None:
    response = client_for(valuer).get(f"{NOWHERE}/submit/")
    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert "address of a button" in response.content.decode()


@pytest.mark.usefixtures("database")
def test_a_stale_form_is_refused_on_a_page_of_ours() -> None:
    response = Client(enforce_csrf_checks=True).post("/sign-in/", {"username": "a@b.example"})
    assert response.status_code == 403
    assert 'class="solo"' in response.content.decode()


def test_pages_are_kept_by_no_shared_cache(client_for: ClientFor, valuer: User) -> None:
    assert client_for(valuer).get("/reports/")["Cache-Control"] == "private, no-cache"


def test_signing_out_empties_the_browser_of_what_it_kept(client_for: ClientFor, valuer: User) -> None:
    assert client_for(valuer).post("/sign-out/")["Clear-Site-Data"] == '"cache"'


def test_a_request_larger_than_any_of_ours_is_refused_unread(
    client_for: ClientFor, valuer: User, settings: Settings
) -> None:
    settings.MAX_REQUEST_BYTES = 1_000
    body = b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n" + b"y" * 2_000 + b"\r\n--x--\r\n"
    response = client_for(valuer).generic(
        "POST", "/profile/", body, content_type="multipart/form-data; boundary=x"
    )
    assert response.status_code == 400
