"""``POST /api/reports``."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from banks.formats.shipped import sample
from banks.models import Format, FormatStatus
from reports.tests.api.asking import NEW, ClientFor, count_reports, pointers, post, stored
from tenants.context import organization_active, shared_resources_writable
from tenants.models import ActivityEntry, Organization, User

pytestmark = pytest.mark.usefixtures("formats")
SAMPLES = ["sbi_land_building_v1", "sbi_flat_v1", "bob_land_building_v1"]


def from_sample(name: str) -> dict[str, Any]:
    """The body of a request that begins a report with all answers of a shipped sample."""
    shipped = sample(name)
    bank, scheme, property_type, version = shipped["format"].split("/")
    return {
        "bank": bank,
        "branch": shipped["answers"]["common"]["details"]["branch"],
        "scheme": scheme,
        "property_type": property_type,
        "version": int(version),
        "answers": shipped["answers"],
    }


def normal(answers: Any) -> Any:
    """Answers without the number that the system gives and what is empty; several choices in one order."""
    if isinstance(answers, dict):
        told = {name: normal(inner) for name, inner in answers.items() if name != "reference_number"}
        return {name: inner for name, inner in told.items() if inner not in (False, {}, [None] * 2)}
    if isinstance(answers, list):
        inner = [normal(one) for one in answers]
        return sorted(inner) if all(isinstance(one, str) for one in inner) else inner
    return answers


def test_it_begins_a_draft(client_for: ClientFor, firm: Organization, assistant: User) -> None:
    answer = post(client_for(assistant), NEW)

    assert (answer.status_code, stored(firm, answer.json()["id"]).status) == (201, "draft")


def test_it_says_where_the_report_is(client_for: ClientFor, valuer: User) -> None:
    browser = client_for(valuer)
    answer = post(browser, NEW)

    assert browser.get(answer["Location"]).json() == answer.json()


def test_it_gives_the_next_reference_number(client_for: ClientFor, valuer: User) -> None:
    browser = client_for(valuer)

    assert [post(browser, NEW).json()["reference"][:7] for _ in range(2)] == ["AV/0001", "AV/0002"]


def test_it_fills_in_bank_and_branch(client_for: ClientFor, valuer: User) -> None:
    details = post(client_for(valuer), NEW).json()["answers"]["common"]["details"]

    assert (details["bank"], details["branch"]) == ("SBI", "SBI_BLR_MGR")


def test_it_records_who_began_it(client_for: ClientFor, firm: Organization, valuer: User) -> None:
    post(client_for(valuer), NEW)

    with organization_active(firm.placement):
        assert [(one.action, one.actor_name) for one in ActivityEntry.objects.all()] == [
            ("report_begun", "Vikram Valuer")
        ]


@pytest.mark.parametrize("name", SAMPLES)
def test_it_keeps_first_answers_as_they_were_sent(client_for: ClientFor, valuer: User, name: str) -> None:
    body = from_sample(name)
    del body["answers"]["common"]["details"]["reference_number"]

    answer = post(client_for(valuer), body)

    assert (answer.status_code, normal(answer.json()["answers"])) == (201, normal(body["answers"]))


def test_it_works_out_the_figures_of_first_answers(client_for: ClientFor, valuer: User) -> None:
    body = from_sample(SAMPLES[0])
    del body["answers"]["common"]["details"]["reference_number"]

    told = post(client_for(valuer), body).json()

    expected = sample(SAMPLES[0])["expected"]["headline"]["fair_market_value"]
    assert Decimal(told["fair_market_value"]) == Decimal(expected)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"bank": "NONE"}, "#/bank"),
        ({"bank": 5.5}, "#/bank"),
        ({"branch": "BOB_PUN_CAMP"}, "#/branch"),
        ({"scheme": "gold"}, "#/scheme"),
        ({"property_type": "ship"}, "#/scheme"),
        ({"version": 99}, "#/version"),
        ({"version": 0}, "#/version"),
        ({"format": "x"}, "#/format"),
        ({"answers": []}, "#/answers"),
        ({"answers": {"common": 1}}, "#/answers/common"),
        ({"answers": {"common": {"details": "x"}}}, "#/answers/common/details"),
        ({"answers": {"nothing": {"here": {}}}}, "#/answers/nothing/here"),
        ({"answers": {"common": {"details": {"nothing": "x"}}}}, "#/answers/common/details/nothing"),
        ({"answers": {"common": {"details": {"purpose": "fun"}}}}, "#/answers/common/details/purpose"),
        (
            {"answers": {"common": {"details": {"reference_number": "X/1"}}}},
            "#/answers/common/details/reference_number",
        ),
    ],
)
def test_it_names_a_wrong_value(
    client_for: ClientFor, valuer: User, changes: dict[str, Any], pointer: str
) -> None:
    answer = post(client_for(valuer), {**NEW, **changes})

    assert (answer.status_code, pointers(answer)) == (422, [pointer])


def test_it_asks_for_what_is_missing(client_for: ClientFor, valuer: User) -> None:
    assert pointers(post(client_for(valuer), {})) == ["#/bank", "#/branch", "#/scheme", "#/property_type"]


def test_it_begins_nothing_when_a_value_is_wrong(
    client_for: ClientFor, firm: Organization, valuer: User
) -> None:
    post(client_for(valuer), {**NEW, "answers": {"common": {"details": {"applicant_name": "A"}}}})

    assert count_reports(firm) == 0


def test_it_offers_no_format_that_is_retired(client_for: ClientFor, valuer: User) -> None:
    with shared_resources_writable():
        Format.objects.filter(bank_code="SBI", property_type="land_building").update(
            status=FormatStatus.RETIRED
        )

    assert pointers(post(client_for(valuer), NEW)) == ["#/scheme"]


def test_a_viewer_begins_nothing(client_for: ClientFor, viewer: User) -> None:
    answer = post(client_for(viewer), NEW)

    assert (answer.status_code, answer.json()["detail"]) == (
        403,
        "Your role does not allow this (draft_reports).",
    )


def test_staff_begin_nothing(client_for: ClientFor, staff: User) -> None:
    assert post(client_for(staff), NEW).status_code == 403


def test_somebody_unknown_begins_nothing(database: None) -> None:
    assert post(Client(), NEW).status_code == 401


def test_it_begins_in_the_own_firm_only(
    client_for: ClientFor, firm: Organization, valuer: User, rival: Organization
) -> None:
    post(client_for(valuer), NEW)

    assert (count_reports(firm), count_reports(rival)) == (1, 0)


def test_a_status_cannot_be_chosen(client_for: ClientFor, valuer: User) -> None:
    assert pointers(post(client_for(valuer), {**NEW, "status": "issued"})) == ["#/status"]
