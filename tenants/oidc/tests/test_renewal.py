"""What is led to the service to be confirmed, what goes on meanwhile, and what is refused in the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client, RequestFactory

from conftest import person
from tenants.models import Organization, User
from tenants.oidc import keys, provider
from tenants.oidc.http import ProviderSilent
from tenants.oidc.renewal import _page_of, opens_a_page
from tenants.oidc.tests.conftest import EMAIL, FakeProvider
from tenants.oidc.tests.forging import ISSUER
from tenants.permissions import Role

DUE, TOO_OLD = 1000, 2000
PAGE = {"Accept": "text/html,*/*;q=0.8"}
HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/reports/?q=flat"}


@pytest.fixture
def site(fake: FakeProvider, firm: Organization, formats: None) -> Client:
    """A browser in which somebody is signed in by the service, a moment ago."""
    one = person(firm, "Vikram Connected", Role.VALUER)
    User.objects.filter(pk=one.pk).update(email=EMAIL, oidc_issuer=ISSUER, cognito_id="subject-1")
    site = Client()
    assert fake.come_back(site).status_code == 302
    return site


def age(site: Client, seconds: int) -> None:
    store = site.session
    store["openid_proved_at"] = int(time.time()) - seconds
    store.save()


@pytest.mark.parametrize(
    ("method", "path", "headers", "opens"),
    [
        ("get", "/reports/", PAGE, True),
        ("get", "/reports/", {"Sec-Fetch-Mode": "navigate"}, True),
        ("get", "/reports/", {}, False),
        ("get", "/firm/logo/", {**PAGE, "Sec-Fetch-Mode": "no-cors"}, False),
        ("get", "/reports/", {**PAGE, **HTMX}, False),
        ("get", "/api/reports/", PAGE, False),
        ("post", "/profile/", PAGE, False),
        ("head", "/reports/", PAGE, False),
    ],
)
def test_what_opens_a_page(method: str, path: str, headers: dict[str, str], opens: bool) -> None:
    assert opens_a_page(RequestFactory().generic(method.upper(), path, headers=headers)) is opens


def test_a_fresh_session_is_left_alone(site: Client) -> None:
    assert site.get("/profile/", headers=PAGE).status_code == 200


def test_the_next_page_is_led_to_the_service_without_a_question(site: Client) -> None:
    age(site, DUE)
    response = site.get("/profile/", headers=PAGE)
    assert response.status_code == 302
    assert response["Location"].startswith(f"{ISSUER}/authorization?")
    assert "prompt=none" in response["Location"]


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [("get", "/reports/", HTMX), ("post", "/profile/", PAGE), ("get", "/api/me", {})],
    ids=["htmx", "form", "API"],
)
def test_what_opens_no_page_goes_on_for_as_long_again(
    site: Client, method: str, path: str, headers: dict[str, str]
) -> None:
    age(site, DUE)
    response = getattr(site, method)(path, headers=headers)
    assert response.status_code in (200, 422)


def test_htmx_that_reads_opens_its_page_anew_when_it_is_too_late(site: Client) -> None:
    age(site, TOO_OLD)
    response = site.get("/reports/?page=2", headers=HTMX)
    assert (response.status_code, response["HX-Redirect"]) == (401, "/reports/?q=flat")


def test_htmx_is_never_sent_to_another_site(site: Client) -> None:
    age(site, TOO_OLD)
    response = site.get("/reports/", headers={**HTMX, "HX-Current-URL": "https://rival.example/reports/"})
    assert response["HX-Redirect"] == "/"


def test_htmx_that_saves_keeps_what_was_typed_when_it_is_too_late(site: Client) -> None:
    age(site, TOO_OLD)
    response = site.post("/profile/", {"name": "X"}, headers=HTMX)
    assert response.status_code == 401
    assert "HX-Redirect" not in response.headers


def test_a_form_that_is_too_late_is_told_how_to_be_sent_again(site: Client) -> None:
    age(site, TOO_OLD)
    response = site.post("/profile/", {"name": "X"}, headers=PAGE)
    assert response.status_code == 401
    assert "What you just sent was not saved" in response.content.decode()
    assert User.objects.get(cognito_id="subject-1").name == "Vikram Connected"


def test_the_api_is_told_as_a_problem_when_it_is_too_late(site: Client) -> None:
    age(site, TOO_OLD)
    response = site.get("/api/me")
    assert (response.status_code, response["Content-Type"]) == (401, "application/problem+json")


def test_signing_out_is_possible_however_late_it_is(site: Client) -> None:
    age(site, TOO_OLD)
    assert site.post("/sign-out/").status_code == 302
    assert "_auth_user_id" not in site.session


def test_a_proof_from_the_future_proves_nothing(site: Client) -> None:
    age(site, -3600)
    assert site.get("/profile/", headers=PAGE).status_code == 302


def test_an_authorization_header_of_any_kind_gets_nobody_past_it(site: Client) -> None:
    age(site, TOO_OLD)
    assert site.post("/profile/", headers={"Authorization": "Basic eDp5"}).status_code == 401


def test_who_came_with_a_password_is_never_led_there(
    fake: FakeProvider, valuer: User, client_for: Callable[[User], Client]
) -> None:
    assert client_for(valuer).get("/profile/", headers=PAGE).status_code == 200


def test_a_silent_service_is_asked_by_few_pages_and_lets_them_go_on(
    site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def silent(url: str, *, timeout: float) -> dict[str, Any]:
        asked.append(url)
        raise ProviderSilent("gone")

    monkeypatch.setattr(keys, "get_json", silent)
    provider.provider().keys.forget()
    age(site, DUE)
    for _ in range(3):
        assert site.get("/profile/", headers=PAGE).status_code == 200
    assert len(asked) == 1
    age(site, TOO_OLD)
    response = site.get("/profile/", headers=PAGE)
    assert response.status_code == 503
    assert "Sign out and use a password" in response.content.decode()


def test_a_renewal_that_breaks_midway_does_not_go_in_circles(fake: FakeProvider, site: Client) -> None:
    fake.token_answer = 401, {"error": "invalid_client"}
    age(site, DUE)
    there = site.get("/profile/", headers=PAGE)["Location"]
    back = {"state": there.partition("state=")[2].partition("&")[0], "code": "code"}
    assert site.get("/openid/callback/", back)["Location"] == "/profile/"
    assert site.get("/profile/", headers=PAGE).status_code == 200
    age(site, TOO_OLD)
    there = site.get("/profile/", headers=PAGE)["Location"]
    back = {"state": there.partition("state=")[2].partition("&")[0], "code": "code"}
    assert site.get("/openid/callback/", back).status_code == 503


def test_a_page_whose_path_would_name_another_site_is_not_gone_back_to() -> None:
    request = RequestFactory().get("/", headers={"HX-Current-URL": "http://testserver//rival.example/x"})
    assert _page_of(request) == "/"
