"""What a firm changes of a format holds in the reports that are begun from then on, everywhere."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from banks.formats.changing import changed
from banks.formats.checksums import checksum_of
from banks.formats.paths import index_fields
from banks.models import Bank, Format
from banks.overrides import (
    add_own_branch,
    change_format,
    override_of,
    set_branch_hidden,
    set_empanelment,
    set_hidden,
    set_letterhead,
)
from banks.queries import merged_format
from reports import actions
from reports.api.answers import SentSection, check_sections
from reports.calculation.engine import calculate
from reports.calculation.totals import headline
from reports.document_data import gather_document
from reports.formats import changes_in_force, definition_of, key_of
from reports.models import Report
from reports.tests.making import NOW, begin
from tenants.context import no_organization, organization_active, shared_resources_writable
from tenants.models import Organization, User
from tenants.shared_cache import begin_next_revision

pytestmark = pytest.mark.usefixtures("formats")

LAND = "general/land_building"
BRANCH, OTHER = "SBI_BLR_MGR", "SBI_MUM_BKC"
APPLICANT = "common.details.applicant_name"
OWNERS = "general.records.owners"
REASON = "land.valuation.rate_reason"
ZONE = {
    "section": "common.details",
    "after": "purpose",
    "field": {"id": "own_zone", "type": "text", "label": "Zone", "required": True},
}
CHANGES: dict[str, Any] = {
    "parameters": {"realizable_percent": "85"},
    "fields": {
        APPLICANT: {"label": "Name of the borrower", "max_length": 20},
        REASON: {"hidden": True},
        "common.details.purpose": {"default": "mortgage_loan"},
    },
    "added": [ZONE],
}


def change(manager: User, changes: dict[str, Any], branch: str = "") -> None:
    change_format(
        bank_code="SBI",
        format_name=LAND,
        changes=changes,
        branch_code=branch,
        by=manager,
        base_version=override_of("SBI").version,
    )


def realizable(report: Report) -> Decimal:
    definition = definition_of(report)
    return headline(definition, calculate(definition, report.answers))["realizable_value"]


def text_of(document: Any) -> str:
    """Every text of a document."""
    if isinstance(document, dict):
        return " ".join(map(text_of, document.values()))
    return " ".join(map(text_of, document)) if isinstance(document, list) else str(document)


def printed(report: Report, firm: Organization) -> str:
    return text_of(gather_document(report, firm, draft=True, now=NOW).document)


def save_details(report: Report, by: User, **values: Any) -> Report:
    return actions.save_section(
        report_id=report.pk,
        tab_id="common",
        section_id="details",
        values=values,
        base_version=report.section_versions.get("common.details", 0),
        by=by,
        now=NOW,
    ).report


def test_every_kind_of_change_holds_in_a_new_report(
    in_firm: Organization, manager: User, valuer: User
) -> None:
    before = begin(in_firm, valuer)
    change(manager, CHANGES)
    report = Report.objects.get(pk=begin(in_firm, valuer).pk)

    fields = index_fields(definition_of(report))
    assert report.format_changes == CHANGES
    assert (fields[APPLICANT].label, fields[APPLICANT].validation.max_length) == ("Name of the borrower", 20)
    assert REASON not in fields
    assert realizable(report) / realizable(before) == pytest.approx(
        Decimal(85) / Decimal(90), abs=Decimal("0.01")
    )
    assert report.computed != before.computed
    assert "Name of the borrower" in printed(report, in_firm)
    assert "Name of the borrower" not in printed(before, in_firm)


def test_the_firms_limits_of_days_and_rows_hold_in_pages_and_api(
    in_firm: Organization, manager: User, valuer: User, client_for: Any
) -> None:
    limits = {"land.guideline.guideline_date": {"min_date": "2026-04-01"}, OWNERS: {"max_rows": 1}}
    change(manager, {"fields": limits})
    report = begin(in_firm, valuer)
    definition = definition_of(report)
    browser: Client = client_for(valuer)
    url = reverse("reports:section", args=[report.pk, "land", "guideline"])
    assert 'min="2026-04-01"' in browser.get(url).content.decode()

    def told(path: str, answers: dict[str, Any]) -> list[str]:
        section = definition.section(*path.split("."))
        assert section is not None
        sent = [SentSection(section, answers, ())]
        checked = check_sections(definition, report.answers, sent, today=NOW.date(), choices={})
        return [problem.detail for problem in checked.problems]

    assert "At least 01-04-2026." in told("land.guideline", {"guideline_date": "2026-03-31"})
    assert told("land.guideline", {"guideline_date": "2026-04-01"}) == []
    two = [{"name": "Applicant Four"}, {"name": "Applicant Five"}]
    assert "At most 1 rows are allowed; these are 2." in told("general.records", {"owners": two})


def test_a_report_that_is_begun_already_is_left_alone(
    in_firm: Organization, manager: User, valuer: User
) -> None:
    report = begin(in_firm, valuer)
    change(manager, CHANGES)
    stored = save_details(report, valuer, applicant_name="An applicant with more than twenty characters")

    assert stored.format_changes is None
    assert REASON in index_fields(definition_of(stored))
    assert realizable(stored) == realizable(report)


def test_the_firms_default_is_the_first_answer(in_firm: Organization, manager: User, valuer: User) -> None:
    change(manager, CHANGES)
    report = begin(in_firm, valuer, filled=False)

    assert report.answers["common"]["details"]["purpose"] == "mortgage_loan"


def test_the_editor_asks_what_the_firm_asks_and_keeps_to_its_limits(
    firm: Organization, manager: User, valuer: User, client_for: Any
) -> None:
    with organization_active(firm.placement):
        change(manager, CHANGES)
        report = begin(firm, valuer)
    browser: Client = client_for(valuer)
    url = reverse("reports:section", args=[report.pk, "common", "details"])

    page = browser.get(url).content.decode()
    refused = browser.post(url, {"applicant_name": "x" * 21, "own_zone": "B", "version": 0})
    saved = browser.post(url, {"applicant_name": "Applicant Four", "own_zone": "B", "version": 0})

    assert "Name of the borrower" in page
    assert 'name="own_zone"' in page
    assert (refused.status_code, saved.status_code) == (422, 302)
    with organization_active(firm.placement):
        assert Report.objects.get(pk=report.pk).answers["common"]["details"]["own_zone"] == "B"


def test_a_question_of_the_firms_that_is_required_is_asked_for_before_submission(
    in_firm: Organization, manager: User, valuer: User
) -> None:
    change(manager, {"added": [ZONE]})
    report = begin(in_firm, valuer)

    with pytest.raises(actions.NotReady) as refused:
        actions.submit_report(report_id=report.pk, by=valuer, now=NOW)
    assert list(refused.value.problems) == ["common.details.own_zone"]


def test_the_api_takes_the_answers_to_the_firms_questions(
    firm: Organization, manager: User, valuer: User, client_for: Any
) -> None:
    with organization_active(firm.placement):
        change(manager, CHANGES)
    body = {
        "bank": "SBI",
        "branch": BRANCH,
        "scheme": "general",
        "property_type": "land_building",
        "answers": {"common": {"details": {"own_zone": "C", "applicant_name": "Applicant Four"}}},
    }
    browser: Client = client_for(valuer)
    begun = browser.post("/api/reports", body, content_type="application/json")
    details = {"own_zone": "C", "applicant_name": "x" * 21}
    refused = browser.post(
        "/api/reports", {**body, "answers": {"common": {"details": details}}}, content_type="application/json"
    )
    assert (begun.status_code, begun.json()["answers"]["common"]["details"]["own_zone"]) == (201, "C")
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, APPLICANT)


def test_answers_to_a_hidden_question_outlive_saves_and_come_back(
    in_firm: Organization, manager: User, valuer: User
) -> None:
    change(manager, {"fields": {"common.details.purpose": {"label": "Why"}}})
    change(manager, {"added": [ZONE]}, branch=BRANCH)
    report = begin(in_firm, valuer)
    assert report.branch_code == BRANCH
    report = save_details(report, valuer, own_zone="D")

    elsewhere = save_details(report, valuer, branch=OTHER)
    again = save_details(elsewhere, valuer, applicant_name="Applicant Four")
    assert "common.details.own_zone" not in index_fields(definition_of(again))
    assert again.answers["common"]["details"]["own_zone"] == "D"

    back = save_details(again, valuer, branch=BRANCH)
    assert "common.details.own_zone" in index_fields(definition_of(back))
    assert back.answers["common"]["details"]["own_zone"] == "D"


def test_another_branch_brings_what_the_firm_changes_for_it_into_the_figures(
    in_firm: Organization, manager: User, valuer: User
) -> None:
    change(manager, {"parameters": {"realizable_percent": "80"}}, branch=OTHER)
    report = begin(in_firm, valuer)
    before = realizable(report)
    saved = Report.objects.get(pk=save_details(report, valuer, branch=OTHER).pk)

    assert saved.format_changes == {"parameters": {"realizable_percent": "80"}}
    assert realizable(saved) < before
    assert saved.answers["land"] == report.answers["land"]


def test_changes_that_do_not_fit_a_later_version_are_left_out_of_its_reports(
    in_firm: Organization, manager: User, valuer: User
) -> None:
    change(manager, CHANGES)
    override = override_of("SBI")
    override.formats[LAND]["all"]["fields"]["land.valuation.gone"] = {"label": "Gone"}  # type: ignore[index]
    override.save()

    report = begin(in_firm, valuer)
    assert report.format_changes == CHANGES
    assert changes_in_force(key_of(report), BRANCH) == CHANGES


def test_the_document_bears_the_letterhead_and_the_empanelment_for_the_bank(
    in_firm: Organization, manager: User, valuer: User
) -> None:
    report = begin(in_firm, valuer)
    set_letterhead(bank_code="SBI", values={"name": "Alpha for SBI"}, by=manager, base_version=0)
    set_empanelment(bank_code="SBI", values={"number": "SBI/17", "category": "A"}, by=manager, base_version=1)
    document = gather_document(report, in_firm, draft=True, now=NOW).document

    assert document["letterhead"]["name"] == "Alpha for SBI"
    assert "Empanelled with State Bank of India: no. SBI/17, category A" in text_of(document)


def test_a_report_of_a_bank_that_is_hidden_now_is_still_written_and_printed(
    in_firm: Organization, manager: User, valuer: User
) -> None:
    report = begin(in_firm, valuer)
    set_hidden(bank_code="SBI", hidden=True, by=manager, base_version=0)

    saved = save_details(report, valuer, applicant_name="Applicant Four")
    assert "Applicant Four" in printed(saved, in_firm)


@pytest.mark.parametrize("gone", ["bank hidden", "branch hidden", "branch inactive", "bank inactive"])
def test_a_report_keeps_letterhead_address_and_changes_of_what_new_ones_are_not_offered(
    in_firm: Organization, manager: User, valuer: User, gone: str
) -> None:
    report = begin(in_firm, valuer)
    set_letterhead(bank_code="SBI", values={"name": "Alpha for SBI"}, by=manager, base_version=0)
    set_empanelment(bank_code="SBI", values={"number": "SBI/17"}, by=manager, base_version=1)
    change(manager, {"parameters": {"realizable_percent": "85"}})
    before = gather_document(report, in_firm, draft=True, now=NOW).document
    if gone == "bank hidden":
        set_hidden(bank_code="SBI", hidden=True, by=manager, base_version=3)
    elif gone == "branch hidden":
        set_branch_hidden(bank_code="SBI", branch_code=BRANCH, hidden=True, by=manager, base_version=3)
    else:
        with no_organization(), shared_resources_writable():
            bank = Bank.objects.get(code="SBI")
            bank.is_active = gone != "bank inactive"
            for one in bank.branches:
                one.is_active = gone != "branch inactive" or one.code != BRANCH
            bank.save()
            begin_next_revision()

    after = gather_document(report, in_firm, draft=True, now=NOW).document
    assert "SBI/17" in text_of(before)
    assert after == before
    assert changes_in_force(key_of(report), BRANCH) == {"parameters": {"realizable_percent": "85"}}


def test_a_report_is_begun_for_an_own_branch(in_firm: Organization, manager: User, valuer: User) -> None:
    values = {"name": "Camp", "ifsc": "SBIN0099999", "city": "Pune", "state": "Maharashtra"}
    add_own_branch(bank_code="SBI", branch_code="camp", values=values, by=manager, base_version=0)
    report = begin(in_firm, valuer)
    saved = save_details(report, valuer, branch="OWN_CAMP")
    assert (saved.branch_code, saved.branch_name) == ("OWN_CAMP", "Camp")


def test_a_newer_version_whose_formula_needs_what_the_firm_hides_can_be_begun(
    in_firm: Organization, manager: User, valuer: User
) -> None:
    change(manager, {"parameters": {"realizable_percent": "85"}, "fields": {REASON: {"hidden": True}}})
    newest = Format.objects.filter(bank_code="SBI", property_type="land_building").latest("version")
    twice = {"id": "twice", "type": "calculated", "label": "Twice", "formula": "rate_reason * 2"}
    content = changed(
        newest.content,
        {"change": {REASON: {"type": "currency"}}, "add": [{"into": "land.valuation", "node": twice}]},
    )
    version = newest.version + 1
    content["format"] = {**content["format"], "version": version}
    newest.pk, newest.version, newest.content, newest.checksum = None, version, content, checksum_of(content)
    with no_organization(), shared_resources_writable():
        newest.save(force_insert=True)

    report = actions.begin_report(
        organization=in_firm, by=valuer, now=NOW, format_id=newest.pk, branch_code=BRANCH
    )
    told = merged_format("SBI", LAND)

    assert report.format_changes == {"parameters": {"realizable_percent": "85"}}
    assert told is not None
    assert [place.place for place in told.stale] == [f"format.{LAND}/@/hidden/{REASON}"]
