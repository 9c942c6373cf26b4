"""``GET /api/reports``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from reports.tests.api.asking import ClientFor, begun, set_fields
from tenants.models import Organization, User

pytestmark = pytest.mark.usefixtures("formats")


def references(answer: Any) -> list[str]:
    return [row["reference"] for row in answer.json()["results"]]


def test_it_lists_the_firms_reports(client_for: ClientFor, firm: Organization, valuer: User) -> None:
    report = begun(firm, valuer)

    assert references(client_for(valuer).get("/api/reports")) == [report.reference]


def test_it_names_a_report_by_its_id(client_for: ClientFor, firm: Organization, valuer: User) -> None:
    report = begun(firm, valuer)

    assert client_for(valuer).get("/api/reports").json()["results"][0]["id"] == str(report.pk)


def test_it_sends_no_answers(client_for: ClientFor, firm: Organization, valuer: User) -> None:
    begun(firm, valuer)

    assert "answers" not in client_for(valuer).get("/api/reports").json()["results"][0]


def test_a_viewer_may_read_it(client_for: ClientFor, firm: Organization, valuer: User, viewer: User) -> None:
    begun(firm, valuer)

    assert client_for(viewer).get("/api/reports").json()["count"] == 1


def test_it_hides_a_rival_firms_reports(
    client_for: ClientFor, firm: Organization, valuer: User, rival_valuer: User
) -> None:
    begun(firm, valuer)

    assert client_for(rival_valuer).get("/api/reports").json()["count"] == 0


@pytest.mark.parametrize(
    "query",
    [
        {"status": "issued"},
        {"bank": "BOB"},
        {"q": "nobody"},
        {"mine": "true"},
        {"q": ".*"},
    ],
)
def test_it_leaves_out_what_does_not_match(
    client_for: ClientFor, firm: Organization, valuer: User, manager: User, query: dict[str, str]
) -> None:
    begun(firm, valuer)
    told = client_for(manager).get("/api/reports", query).json()

    assert (told["count"], told["results"]) == (0, [])


@pytest.mark.parametrize(
    "query",
    [{"status": "draft"}, {"bank": "SBI"}, {"q": "ROAD mg"}, {"mine": "true"}, {"mine": "false"}, {"q": ""}],
)
def test_it_keeps_what_matches(
    client_for: ClientFor, firm: Organization, valuer: User, query: dict[str, str]
) -> None:
    begun(firm, valuer)

    assert client_for(valuer).get("/api/reports", query).json()["count"] == 1


def test_its_pages_follow_each_other(client_for: ClientFor, firm: Organization, valuer: User) -> None:
    begun_ones = [begun(firm, valuer).reference for _ in range(3)]
    browser = client_for(valuer)

    first = browser.get("/api/reports", {"page_size": "2", "status": "draft"})
    second = browser.get(str(first.json()["next"]))

    assert sorted(references(first) + references(second)) == sorted(begun_ones)


def test_its_last_page_has_no_next_one(client_for: ClientFor, firm: Organization, valuer: User) -> None:
    begun(firm, valuer)
    told = client_for(valuer).get("/api/reports").json()

    assert (told["next"], told["previous"], told["pages"]) == (None, None, 1)


def test_a_page_beyond_the_last_is_empty(client_for: ClientFor, firm: Organization, valuer: User) -> None:
    begun(firm, valuer)
    told = client_for(valuer).get("/api/reports", {"page": 9}).json()

    assert (told["results"], told["previous"].endswith("page=1&page_size=25")) == ([], True)


def test_it_tells_money_exactly(client_for: ClientFor, firm: Organization, valuer: User) -> None:
    set_fields(firm, begun(firm, valuer), fair_market_value="12345678901234.10")

    told = client_for(valuer).get("/api/reports").json()["results"][0]

    assert told["fair_market_value"] == "12345678901234.10"


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"status": "lost"}, "status"),
        ({"page_size": "101"}, "page_size"),
        ({"page": "0"}, "page"),
        ({"page": "one"}, "page"),
        ({"mine": "perhaps"}, "mine"),
        ({"q": "a\0b"}, "q"),
        ({"organization": "beta_surveyors"}, "organization"),
    ],
)
def test_it_names_a_wrong_parameter(
    client_for: ClientFor, valuer: User, query: dict[str, str], parameter: str
) -> None:
    answer = client_for(valuer).get("/api/reports", query)

    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, parameter)


def test_it_asks_somebody_unknown_to_sign_in(database: None) -> None:
    assert Client().get("/api/reports").status_code == 401


def test_it_refuses_staff(client_for: ClientFor, staff: User) -> None:
    assert client_for(staff).get("/api/reports").status_code == 403


def test_it_costs_four_commands(
    client_for: ClientFor, firm: Organization, valuer: User, commands: Callable[[], Any]
) -> None:
    for _ in range(3):
        begun(firm, valuer)
    browser = client_for(valuer)
    with commands() as sent:
        browser.get("/api/reports", {"q": "road", "mine": "true", "status": "draft", "bank": "SBI"})

    assert len(sent) <= 3, sent
