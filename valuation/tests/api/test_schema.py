"""The OpenAPI schema and the page that shows it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from tenants.api.schema import KINDS
from tenants.models import User
from valuation.api_reference import schema

ClientFor = Callable[[User], Client]
ROOT = Path(__file__).resolve().parents[3]


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in schema()["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


NAMES = [name for name, _ in operations()]


def test_it_is_sound_openapi_without_a_warning(tmp_path: Path) -> None:
    written = tmp_path / "schema.yml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(written))
    assert written.read_text(encoding="utf-8").startswith("openapi: 3.")


def test_it_has_the_operations_of_the_first_api() -> None:
    assert sorted(NAMES) == [
        "GET /api/banks",
        "GET /api/banks/{code}",
        "GET /api/banks/{code}/formats/{scheme}/{property_type}",
        "GET /api/me",
        "GET /api/reports",
        "GET /api/reports/{report_id}",
        "PATCH /api/reports/{report_id}",
        "POST /api/reports",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_tells_its_refusals_as_problems(name: str) -> None:
    responses = dict(operations())[name]["responses"]

    assert all("$ref" in responses[status] for status in responses if status >= "4")
    assert {"401", "403", "429", "503"} <= set(responses)


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_says_what_it_does(name: str) -> None:
    assert dict(operations())[name]["summary"]


def test_every_refusal_has_an_example() -> None:
    for response in schema()["components"]["responses"].values():
        example = response["content"]["application/problem+json"]["example"]
        assert {"type", "title", "status", "detail"} <= set(example)


@pytest.mark.parametrize(("component", "field"), [("Me", "id"), ("Report", "id"), ("Format", "id")])
def test_ids_are_24_hexadecimal_digits(component: str, field: str) -> None:
    described = schema()["components"]["schemas"][component]["properties"][field]

    assert (described["type"], described["pattern"]) == ("string", "^[0-9a-f]{24}$")


def test_no_id_is_called_an_integer() -> None:
    assert not re.search(r"'(?:\w+_)?id': \{'type': 'integer'", str(schema()))


def test_every_kind_of_problem_that_is_answered_is_described() -> None:
    used = {
        kind
        for file in (
            *ROOT.glob("*/api/*.py"),
            ROOT / "valuation" / "api.py",
            ROOT / "tenants" / "plans" / "throttling.py",
        )
        for kind in re.findall(r'kind="(\w+)"', file.read_text(encoding="utf-8"))
    }

    assert used == {name for name, _, _ in KINDS}


def test_a_member_reads_the_schema(client_for: ClientFor, viewer: User) -> None:
    answer = client_for(viewer).get("/api/schema/")

    assert (answer.status_code, answer.json()["openapi"][:2]) == (200, "3.")


def test_somebody_unknown_signs_in_before_the_schema(database: None) -> None:
    assert Client().get("/api/schema/").status_code == 401


def test_a_member_sees_the_page(client_for: ClientFor, viewer: User) -> None:
    assert "/api/reports/{report_id}" in client_for(viewer).get("/api/docs/").content.decode()


def test_somebody_unknown_is_led_to_the_sign_in(database: None) -> None:
    answer = Client().get("/api/docs/")

    assert (answer.status_code, answer["Location"].startswith("/sign-in/")) == (302, True)


def test_staff_do_not_see_the_page(client_for: ClientFor, staff: User) -> None:
    assert client_for(staff).get("/api/docs/").status_code == 403


@pytest.mark.parametrize("name", [name for name, _, _ in KINDS])
def test_the_type_of_a_problem_leads_to_its_words(client_for: ClientFor, viewer: User, name: str) -> None:
    assert f'id="problem-{name}"' in client_for(viewer).get("/api/docs/").content.decode()


def test_the_page_has_nothing_inline(client_for: ClientFor, viewer: User) -> None:
    page = client_for(viewer).get("/api/docs/").content.decode()

    assert not re.search(r"<style|<script(?![^>]*\ssrc=)|\son\w+=|\sstyle=", page)
