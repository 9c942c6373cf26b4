"""``GET /api/reports/{id}``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from reports.tests.api.asking import ClientFor, begun, set_fields
from tenants.models import Organization, User

pytestmark = pytest.mark.usefixtures("formats")


def test_it_tells_the_answers(client_for: ClientFor, firm: Organization, valuer: User) -> None:
    report = begun(firm, valuer)

    assert client_for(valuer).get(f"/api/reports/{report.pk}").json()["answers"] == report.answers


def test_it_tells_the_figures(client_for: ClientFor, firm: Organization, valuer: User) -> None:
    report = begun(firm, valuer)
    set_fields(firm, report, computed={"land.value": "1275.5"})

    told = client_for(valuer).get(f"/api/reports/{report.pk}").json()

    assert told["computed"] == {"land.value": "1275.5"}


def test_it_tells_the_versions_to_save_upon(client_for: ClientFor, firm: Organization, valuer: User) -> None:
    report = begun(firm, valuer)
    set_fields(firm, report, version=7, section_versions={"common.details": 7})
    answer = client_for(valuer).get(f"/api/reports/{report.pk}")
    told = answer.json()

    assert (told["version"], told["section_versions"], answer["ETag"]) == (7, {"common.details": 7}, '"7"')


def test_a_draft_has_no_document(client_for: ClientFor, firm: Organization, valuer: User) -> None:
    report = begun(firm, valuer)

    assert client_for(valuer).get(f"/api/reports/{report.pk}").json()["document"] is None


def test_an_issued_report_tells_the_hash_of_its_document(
    client_for: ClientFor, firm: Organization, viewer: User, valuer: User
) -> None:
    report = begun(firm, valuer)
    set_fields(
        firm, report, status="issued", document_id="a" * 24, document_sha256="b" * 64, document_pages=12
    )
    told = client_for(viewer).get(f"/api/reports/{report.pk}").json()

    assert told["document"] == {
        "sha256": "b" * 64,
        "pages": 12,
        "url": f"/reports/{report.pk}/document.pdf",
    }


def test_it_is_not_sent_again_while_nothing_has_changed(
    client_for: ClientFor, firm: Organization, valuer: User
) -> None:
    report = begun(firm, valuer)
    browser = client_for(valuer)
    tag = browser.get(f"/api/reports/{report.pk}")["ETag"]
    answer = browser.get(f"/api/reports/{report.pk}", headers={"If-None-Match": tag})

    assert (answer.status_code, answer.content) == (304, b"")


def test_it_hides_a_report_from_a_rival_firm(
    client_for: ClientFor, firm: Organization, valuer: User, rival_valuer: User
) -> None:
    report = begun(firm, valuer)
    answer = client_for(rival_valuer).get(f"/api/reports/{report.pk}")

    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("report_id", ["0" * 24, "1", "abc", "z" * 24])
def test_it_has_no_report_of_another_id(client_for: ClientFor, valuer: User, report_id: str) -> None:
    assert client_for(valuer).get(f"/api/reports/{report_id}").status_code == 404


def test_it_asks_somebody_unknown_to_sign_in(firm: Organization, valuer: User) -> None:
    assert Client().get(f"/api/reports/{begun(firm, valuer).pk}").status_code == 401


def test_it_refuses_staff(client_for: ClientFor, firm: Organization, valuer: User, staff: User) -> None:
    assert client_for(staff).get(f"/api/reports/{begun(firm, valuer).pk}").status_code == 403


def test_it_costs_three_commands(
    client_for: ClientFor, firm: Organization, valuer: User, commands: Callable[[], Any]
) -> None:
    report = begun(firm, valuer)
    browser = client_for(valuer)
    with commands() as sent:
        browser.get(f"/api/reports/{report.pk}")

    assert len(sent) <= 2, sent
