"""``PATCH /api/reports/{id}``."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.test import Client

from reports.tests.api.asking import (
    DETAILS,
    ClientFor,
    begun,
    details,
    patch,
    pointers,
    set_fields,
    stored,
)
from tenants.context import organization_active
from tenants.models import ActivityEntry, Organization, User

pytestmark = pytest.mark.usefixtures("formats")
PROPERTY = "general.property"


def applicant(firm: Organization, report: Any) -> Any:
    return stored(firm, report.pk).answers["common"]["details"].get("applicant_name")


def test_it_stores_answers(client_for: ClientFor, firm: Organization, assistant: User) -> None:
    report = begun(firm, assistant)
    answer = patch(client_for(assistant), report, details(applicant_name="Applicant One"))

    assert (answer.status_code, applicant(firm, report)) == (200, "Applicant One")


def test_it_answers_with_the_report_as_it_is_then(
    client_for: ClientFor, firm: Organization, valuer: User
) -> None:
    report = begun(firm, valuer)
    browser = client_for(valuer)
    answer = patch(browser, report, details(applicant_name="Applicant One"))

    assert answer.json() == browser.get(f"/api/reports/{report.pk}").json()


def test_it_keeps_answers_that_are_not_named(client_for: ClientFor, firm: Organization, valuer: User) -> None:
    report = begun(firm, valuer)
    patch(client_for(valuer), report, details(applicant_name="Applicant One"))

    assert stored(firm, report.pk).answers["common"]["details"]["branch"] == "SBI_BLR_MGR"


def test_null_empties_an_answer(client_for: ClientFor, firm: Organization, valuer: User) -> None:
    report = begun(firm, valuer)
    browser = client_for(valuer)
    version = patch(browser, report, details(applicant_name="Applicant One")).json()["section_versions"][
        DETAILS
    ]
    patch(browser, report, details(version, applicant_name=None))

    assert applicant(firm, report) is None


def test_it_records_what_changed(client_for: ClientFor, firm: Organization, valuer: User) -> None:
    report = begun(firm, valuer)
    patch(client_for(valuer), report, details(applicant_name="Applicant One"))

    with organization_active(firm.placement):
        entry = ActivityEntry.objects.get(action="section_saved")
    assert [change["path"] for change in entry.details["changes"]] == [f"{DETAILS}.applicant_name"]


def test_it_stores_several_sections(client_for: ClientFor, firm: Organization, valuer: User) -> None:
    report = begun(firm, valuer)
    body = details(applicant_name="Applicant One")
    body["sections"][PROPERTY] = {"base_version": 0, "answers": {"tenure": "freehold"}}
    patch(client_for(valuer), report, body)
    answers = stored(firm, report.pk).answers

    assert (answers["common"]["details"]["applicant_name"], answers["general"]["property"]["tenure"]) == (
        "Applicant One",
        "freehold",
    )


def test_a_date_is_held_against_another_one_of_the_same_request(
    client_for: ClientFor, firm: Organization, valuer: User
) -> None:
    report = begun(firm, valuer)
    answer = patch(
        client_for(valuer), report, details(inspection_date="2026-01-03", valuation_date="2026-01-02")
    )

    assert pointers(answer) == ["#/sections/common.details/answers/inspection_date"]


# Stale ------------------------------------------------------------------------------------------------


def saved_by_another(client_for: ClientFor, firm: Organization, valuer: User, other: User) -> Any:
    """A report of which somebody else has saved the first section meanwhile."""
    report = begun(firm, valuer)
    patch(client_for(other), report, details(applicant_name="Applicant Two"))
    return report


def test_a_stale_change_is_refused(
    client_for: ClientFor, firm: Organization, valuer: User, other_valuer: User
) -> None:
    report = saved_by_another(client_for, firm, valuer, other_valuer)
    answer = patch(client_for(valuer), report, details(applicant_name="Applicant One"))

    assert (answer.status_code, answer.json()["type"]) == (409, "/api/docs/#problem-stale")


def test_a_stale_change_is_told_both_answers(
    client_for: ClientFor, firm: Organization, valuer: User, other_valuer: User
) -> None:
    report = saved_by_another(client_for, firm, valuer, other_valuer)
    conflict = patch(client_for(valuer), report, details(applicant_name="Applicant One")).json()["conflict"]

    assert (
        conflict["yours"]["applicant_name"],
        conflict["theirs"]["applicant_name"],
        conflict["by"],
        conflict["differences"],
    ) == ("Applicant One", "Applicant Two", "Olga Valuer", [f"{DETAILS}.applicant_name"])


def test_a_stale_change_leaves_what_the_other_stored(
    client_for: ClientFor, firm: Organization, valuer: User, other_valuer: User
) -> None:
    report = saved_by_another(client_for, firm, valuer, other_valuer)
    patch(client_for(valuer), report, details(applicant_name="Applicant One"))

    assert applicant(firm, report) == "Applicant Two"


def test_a_stale_change_is_stored_on_the_version_that_it_was_told(
    client_for: ClientFor, firm: Organization, valuer: User, other_valuer: User
) -> None:
    report = saved_by_another(client_for, firm, valuer, other_valuer)
    browser = client_for(valuer)
    told = patch(browser, report, details(applicant_name="Applicant One")).json()["conflict"]["version"]
    patch(browser, report, details(told, applicant_name="Applicant One"))

    assert applicant(firm, report) == "Applicant One"


def test_nothing_of_a_request_is_stored_when_one_of_its_sections_is_stale(
    client_for: ClientFor, firm: Organization, valuer: User, other_valuer: User
) -> None:
    report = begun(firm, valuer)
    late = {"sections": {PROPERTY: {"base_version": 0, "answers": {"tenure": "leasehold"}}}}
    patch(client_for(other_valuer), report, late)
    body = details(applicant_name="Applicant One")
    body["sections"][PROPERTY] = {"base_version": 0, "answers": {"tenure": "freehold"}}

    answer = patch(client_for(valuer), report, body)

    assert (answer.status_code, applicant(firm, report)) == (409, None)


def test_a_change_of_another_section_meanwhile_does_no_harm(
    client_for: ClientFor, firm: Organization, valuer: User, other_valuer: User
) -> None:
    report = saved_by_another(client_for, firm, valuer, other_valuer)
    body = {"version": report.version, "sections": {PROPERTY: {"answers": {"tenure": "freehold"}}}}

    assert patch(client_for(valuer), report, body).status_code == 200


def test_the_reports_version_stands_for_the_sections(
    client_for: ClientFor, firm: Organization, valuer: User, other_valuer: User
) -> None:
    report = saved_by_another(client_for, firm, valuer, other_valuer)
    body = {**details(None, applicant_name="Applicant One"), "version": report.version}

    assert patch(client_for(valuer), report, body).status_code == 409


def test_a_present_etag_stands_for_the_sections(
    client_for: ClientFor, firm: Organization, valuer: User, other_valuer: User
) -> None:
    report = saved_by_another(client_for, firm, valuer, other_valuer)
    browser = client_for(valuer)
    tag = browser.get(f"/api/reports/{report.pk}")["ETag"]
    patch(browser, report, details(None, applicant_name="Applicant One"), **{"If-Match": tag})

    assert applicant(firm, report) == "Applicant One"


def test_an_etag_of_before_is_refused(
    client_for: ClientFor, firm: Organization, valuer: User, other_valuer: User
) -> None:
    report = saved_by_another(client_for, firm, valuer, other_valuer)
    answer = patch(client_for(valuer), report, details(None, applicant_name="X Y Z"), **{"If-Match": '"1"'})

    assert (answer.status_code, answer.json()["version"], applicant(firm, report)) == (
        412,
        2,
        "Applicant Two",
    )


def test_it_asks_what_the_answers_were_made_from(
    client_for: ClientFor, firm: Organization, valuer: User
) -> None:
    answer = patch(client_for(valuer), begun(firm, valuer), details(None, applicant_name="Applicant One"))

    assert pointers(answer) == ["#/sections/common.details/base_version"]


def test_two_people_change_different_sections_at_once(
    client_for: ClientFor, firm: Organization, valuer: User, other_valuer: User
) -> None:
    report = begun(firm, valuer)
    both = Barrier(2)

    def send(browser: Client, sections: dict[str, Any]) -> int:
        body = {"sections": {path: {"base_version": 0, "answers": told} for path, told in sections.items()}}
        both.wait(timeout=10)
        return int(patch(browser, report, body).status_code)

    mine = {DETAILS: {"applicant_name": "Applicant One"}, PROPERTY: {"tenure": "freehold"}}
    theirs = {"general.area": {"settlement": "city"}, "general.location": {"pin_code": "560001"}}
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(send, (client_for(valuer), client_for(other_valuer)), (mine, theirs)))

    general = stored(firm, report.pk).answers["general"]
    assert (answers, sorted(general)) == ([200, 200], ["area", "location", "property"])


# Refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["in_review", "approved", "issued", "cancelled"])
def test_a_frozen_report_is_not_changed(
    client_for: ClientFor, firm: Organization, manager: User, status: str
) -> None:
    report = begun(firm, manager)
    set_fields(firm, report, status=status)
    answer = patch(client_for(manager), report, details(applicant_name="Applicant One"))

    assert (answer.status_code, answer.json()["type"], applicant(firm, report)) == (
        409,
        "/api/docs/#problem-frozen",
        None,
    )


def test_that_a_report_is_frozen_is_told_before_its_wrong_values(
    client_for: ClientFor, firm: Organization, valuer: User
) -> None:
    report = begun(firm, valuer)
    set_fields(firm, report, status="approved")

    assert patch(client_for(valuer), report, details(applicant_name="Al")).status_code == 409


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#/sections"),
        ({"sections": {}}, "#/sections"),
        ({"sections": []}, "#/sections"),
        ({"sections": {DETAILS: 1}}, "#/sections/common.details"),
        ({"sections": {DETAILS: {"base_version": 0}}}, "#/sections/common.details/answers"),
        (
            {"sections": {DETAILS: {"base_version": -1, "answers": {}}}},
            "#/sections/common.details/base_version",
        ),
        (
            {"sections": {DETAILS: {"base_version": 0, "answers": {}, "force": True}}},
            "#/sections/common.details/force",
        ),
        ({"sections": {"no.section": {"base_version": 0, "answers": {}}}}, "#/sections/no.section"),
        ({"status": "issued", **details(applicant_name="Applicant One")}, "#/status"),
        (details(applicant_name="Al"), "#/sections/common.details/answers/applicant_name"),
        (details(applicant_name=5), "#/sections/common.details/answers/applicant_name"),
        (details(valuation_date="tomorrow"), "#/sections/common.details/answers/valuation_date"),
        (details(branch="BOB_PUN_CAMP"), "#/sections/common.details/answers/branch"),
        (details(bank="BOB"), "#/sections/common.details/answers/bank"),
    ],
)
def test_it_names_a_wrong_value(
    client_for: ClientFor, firm: Organization, valuer: User, body: dict[str, Any], pointer: str
) -> None:
    answer = patch(client_for(valuer), begun(firm, valuer), body)

    assert (answer.status_code, pointers(answer)) == (422, [pointer])


def test_it_says_which_rule_a_value_breaks(client_for: ClientFor, firm: Organization, valuer: User) -> None:
    answer = patch(client_for(valuer), begun(firm, valuer), details(applicant_name="Al"))

    assert answer.json()["errors"] == [
        {
            "detail": "Give the applicant's name, 3 to 100 characters. At least 3 characters.",
            "pointer": "#/sections/common.details/answers/applicant_name",
            "path": "common.details.applicant_name",
        }
    ]


def test_it_stores_nothing_when_one_value_is_wrong(
    client_for: ClientFor, firm: Organization, valuer: User
) -> None:
    report = begun(firm, valuer)
    patch(client_for(valuer), report, details(applicant_name="Applicant One", purpose="fun"))

    assert applicant(firm, report) is None


def test_a_viewer_changes_nothing(
    client_for: ClientFor, firm: Organization, valuer: User, viewer: User
) -> None:
    assert patch(client_for(viewer), begun(firm, valuer), details(applicant_name="Abc")).status_code == 403


def test_staff_change_nothing(client_for: ClientFor, firm: Organization, valuer: User, staff: User) -> None:
    assert patch(client_for(staff), begun(firm, valuer), details(applicant_name="Abc")).status_code == 403


def test_somebody_unknown_changes_nothing(firm: Organization, valuer: User) -> None:
    assert patch(Client(), begun(firm, valuer), details(applicant_name="Abc")).status_code == 401


def test_it_hides_a_report_from_a_rival_firm(
    client_for: ClientFor, firm: Organization, valuer: User, rival_manager: User
) -> None:
    report = begun(firm, valuer)
    answer = patch(client_for(rival_manager), report, details(applicant_name="Applicant One"))

    assert (answer.status_code, applicant(firm, report)) == (404, None)
