"""Where a bearer token may stand in a request."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from tenants.models import User
from tenants.tokens.header import bearer_of
from tenants.tokens.middleware import BearerMiddleware


def request_with(**headers: str) -> HttpRequest:
    return RequestFactory().get("/api/me", headers=headers)


@pytest.mark.parametrize(
    "sent", ["Bearer abc.def-_~+/==", "bearer abc.def-_~+/==", "BEARER  abc.def-_~+/== "]
)
def test_a_token_is_read_however_its_scheme_is_written(sent: str) -> None:
    assert bearer_of(request_with(Authorization=sent)) == "abc.def-_~+/=="


@pytest.mark.parametrize(
    "sent", ["Bearer", "Bearer ", "Bearer a b", "Bearer a,Bearer b", "Bearer ä", "Bearer =a"]
)
def test_what_is_no_token_is_a_wrong_one_and_not_none(sent: str) -> None:
    assert bearer_of(request_with(Authorization=sent)) == ""


def test_a_token_longer_than_any_is_a_wrong_one() -> None:
    assert bearer_of(request_with(Authorization=f"Bearer {'a' * 8193}")) == ""


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic YTpi"}, {"Authorization": "BearerX abc"}])
def test_whoever_sends_no_bearer_token_has_none(headers: dict[str, str]) -> None:
    assert bearer_of(request_with(**headers)) is None


@pytest.mark.parametrize("sent", ["Bearer abc", "Bearer"])
def test_a_bearer_token_takes_the_place_of_the_session(sent: str) -> None:
    request = request_with(Authorization=sent)
    request.user = User(email="somebody@alpha.example")
    BearerMiddleware(lambda request: HttpResponse())(request)

    assert isinstance(request.user, AnonymousUser)


def test_without_one_the_session_stays() -> None:
    request, person = request_with(), User(email="somebody@alpha.example")
    request.user = person
    BearerMiddleware(lambda request: HttpResponse())(request)

    assert request.user is person
