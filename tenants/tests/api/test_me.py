"""``GET /api/me``."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from tenants.models import Organization, User

ClientFor = Callable[[User], Client]


def test_it_tells_who_is_signed_in(client_for: ClientFor, valuer: User) -> None:
    told = client_for(valuer).get("/api/me").json()

    assert (told["id"], told["name"], told["role"]) == (str(valuer.pk), "Vikram Valuer", "valuer")


def test_it_tells_the_firm(client_for: ClientFor, valuer: User) -> None:
    told = client_for(valuer).get("/api/me").json()

    assert told["organization"] == {"org_id": "alpha_valuers", "name": "Alpha Valuers"}


def test_it_tells_what_the_role_allows(client_for: ClientFor, assistant: User) -> None:
    assert client_for(assistant).get("/api/me").json()["permissions"] == ["view_reports", "draft_reports"]


def test_its_links_lead_somewhere(client_for: ClientFor, valuer: User, formats: None) -> None:
    browser = client_for(valuer)
    links = browser.get("/api/me").json()["links"]

    assert {name: browser.get(link).status_code for name, link in links.items()} == dict.fromkeys(links, 200)


def test_it_asks_somebody_unknown_to_sign_in(database: None) -> None:
    answer = Client().get("/api/me")

    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")


def test_it_says_how_one_signs_in(database: None) -> None:
    assert Client().get("/api/me")["WWW-Authenticate"].startswith("Session")


def test_it_refuses_staff(client_for: ClientFor, staff: User) -> None:
    answer = client_for(staff).get("/api/me")

    assert (answer.status_code, answer.json()["detail"]) == (403, "Only a member of a firm may use this.")


@pytest.mark.parametrize("status", ["suspended", "provisioning"])
def test_it_refuses_members_of_a_firm_that_may_not_be_used(
    client_for: ClientFor, firm: Organization, valuer: User, status: str
) -> None:
    browser = client_for(valuer)
    Organization.objects.filter(pk=firm.pk).update(status=status)

    answer = browser.get("/api/me")

    assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")


def test_it_costs_two_commands(client_for: ClientFor, valuer: User, commands: Callable[..., object]) -> None:
    browser = client_for(valuer)
    with commands() as sent:  # type: ignore[attr-defined]
        browser.get("/api/me")

    assert len(sent) <= 1, sent


def test_no_shared_cache_keeps_it(client_for: ClientFor, valuer: User) -> None:
    assert client_for(valuer).get("/api/me")["Cache-Control"] == "private, no-cache"
