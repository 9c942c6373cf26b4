"""Whatever goes wrong under ``/api/``, the answer is a problem (RFC 9457)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pymongo.errors import ServerSelectionTimeoutError
from rest_framework.exceptions import Throttled

from tenants.api.views import Me
from tenants.models import User

ClientFor = Callable[[User], Client]
PROBLEM = "application/problem+json"


def told(answer: Any) -> tuple[int, str, int]:
    return answer.status_code, answer["Content-Type"], answer.json()["status"]


def test_an_unknown_address_is_a_problem(client_for: ClientFor, valuer: User) -> None:
    assert told(client_for(valuer).get("/api/nothing")) == (404, PROBLEM, 404)


def test_a_method_that_is_not_offered_is_a_problem(client_for: ClientFor, valuer: User) -> None:
    answer = client_for(valuer).delete("/api/me")

    assert (*told(answer), "GET" in answer["Allow"]) == (405, PROBLEM, 405, True)


def test_a_body_of_another_kind_is_a_problem(client_for: ClientFor, valuer: User) -> None:
    assert told(client_for(valuer).post("/api/reports", {"bank": "SBI"})) == (415, PROBLEM, 415)


def test_a_body_that_is_not_json_is_a_problem(client_for: ClientFor, valuer: User) -> None:
    answer = client_for(valuer).post("/api/reports", b"{", content_type="application/json")

    assert told(answer) == (400, PROBLEM, 400)


@pytest.mark.parametrize("body", ["[]", "3", "null", '"text"'])
def test_a_body_that_is_no_object_is_a_problem(client_for: ClientFor, valuer: User, body: str) -> None:
    answer = client_for(valuer).post("/api/reports", body, content_type="application/json")

    assert told(answer) == (422, PROBLEM, 422)


def test_a_kind_of_answer_that_is_not_offered_is_a_problem(client_for: ClientFor, valuer: User) -> None:
    answer = client_for(valuer).get("/api/me", headers={"Accept": "text/csv"})

    assert told(answer) == (406, PROBLEM, 406)


def test_too_many_requests_are_told_when_to_come_back(
    client_for: ClientFor, valuer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttled(*args: Any) -> None:
        raise Throttled(wait=7)

    monkeypatch.setattr(Me, "get", throttled)
    answer = client_for(valuer).get("/api/me")

    assert (*told(answer), answer["Retry-After"]) == (429, PROBLEM, 429, "7")


def test_a_database_that_does_not_answer_is_told_as_such(
    client_for: ClientFor, valuer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*args: Any, **kwargs: Any) -> None:
        raise ServerSelectionTimeoutError("10.0.0.1:27017 does not answer")

    monkeypatch.setattr("reports.api.views.tally", unreachable)
    answer = client_for(valuer).get("/api/reports")

    assert (*told(answer), "10.0.0.1" in answer.content.decode()) == (503, PROBLEM, 503, False)


def test_a_failure_of_the_program_shows_no_traceback(
    client_for: ClientFor, valuer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(Me, "get", broken)
    browser = client_for(valuer)
    browser.raise_request_exception = False
    answer = browser.get("/api/me")

    assert (*told(answer), "secret" in answer.content.decode()) == (500, PROBLEM, 500, False)


def test_a_change_without_the_token_against_forgery_is_refused(valuer: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(valuer)
    answer = browser.post("/api/reports", "{}", content_type="application/json")

    assert (*told(answer), "CSRF" in answer.json()["detail"]) == (403, PROBLEM, 403, True)
