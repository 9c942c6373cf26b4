"""The editor's pages on the real database: reading, saving, live values, two people, budgets."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from reports import actions
from reports.calculation.engine import calculate, compile_definition
from reports.calculation.numbers import canonical
from reports.formats import definition_of
from reports.models import Report, ReportStatus
from reports.tests.calculation.test_recalculating import steps_taken
from reports.tests.editing.browsing import controls
from reports.tests.making import NOW, begin, in_review
from tenants.context import no_organization, organization_active
from tenants.models import ActivityEntry, Organization, StoredFile, User
from tenants.mongodb.monitoring import Command

pytestmark = pytest.mark.usefixtures("formats")

ClientFor = Callable[[User], Client]
Commands = Callable[[], AbstractContextManager[list[Command]]]


@pytest.fixture
def report(firm: Organization, valuer: User) -> Report:
    """A filled draft of the firm; no organization is active in the test itself."""
    with organization_active(firm.placement):
        return begin(firm, valuer)


@pytest.fixture
def browser(client_for: ClientFor, valuer: User) -> Client:
    return client_for(valuer)


def url(report: Report, section: str = "land/valuation") -> str:
    return f"/reports/{report.pk}/edit/{section}/"


def text(response: Any) -> str:
    return str(response.content.decode())


def typed(browser: Client, report: Report, section: str = "land/valuation", **changes: Any) -> dict[str, Any]:
    """What the browser would send of the page after some typing."""
    return {**controls(text(browser.get(url(report, section)))), **changes}


def stored(firm: Organization, report: Report) -> Report:
    with organization_active(firm.placement):
        found: Report = Report.objects.get(pk=report.pk)
        return found


def adopted(firm: Organization, report: Report) -> str:
    rate: str = stored(firm, report).answers["land"]["valuation"]["adopted_rate"]
    return rate


# Reading --------------------------------------------------------------------------------------------------


def test_it_shows_a_section_with_its_answers(browser: Client, report: Report) -> None:
    response = browser.get(url(report))

    assert response.status_code == 200
    assert 'name="adopted_rate" value="4,200"' in text(response)


def test_it_shows_values_words_and_checks_beside_it(browser: Client, report: Report) -> None:
    page = text(browser.get(url(report)))

    assert "1,32,18,125" in page
    assert "Rupees One Crore Thirty-Two Lakh" in page
    assert "No photograph yet" in page


def test_every_section_of_the_report_can_be_read(browser: Client, report: Report, firm: Organization) -> None:
    with organization_active(firm.placement):
        sections = [f"{section.tab_id}/{section.id}" for section in definition_of(report).sections()]

    answers = {section: browser.get(url(report, section)).status_code for section in sections}

    assert set(answers.values()) == {200}


def test_saving_does_not_work_the_report_out_a_second_time(
    browser: Client, report: Report, firm: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = typed(browser, report, adopted_rate="4,300")
    taken = steps_taken(monkeypatch)
    browser.post(url(report), sent)

    with organization_active(firm.placement):
        definition = definition_of(report)
    after = stored(firm, report)
    assert sorted(taken) == sorted(compile_definition(definition).nodes)
    assert after.computed == {
        path: canonical(value) for path, value in calculate(definition, after.answers).values.items()
    }
    assert after.computed != report.computed


def test_sending_a_page_back_untouched_changes_nothing(
    browser: Client, report: Report, firm: Organization
) -> None:
    browser.post(url(report, "building/valuation"), typed(browser, report, "building/valuation"))

    assert stored(firm, report).version == report.version


def test_signed_out_people_are_sent_to_sign_in(client: Client, report: Report) -> None:
    response = client.get(url(report))

    assert response.status_code == 302
    assert "/sign-in/" in response["Location"]


@pytest.mark.parametrize(("method", "page"), [("get", ""), ("post", ""), ("post", "values/")])
def test_it_hides_a_report_from_a_rival_firm(
    client_for: ClientFor, rival_valuer: User, report: Report, method: str, page: str
) -> None:
    response = getattr(client_for(rival_valuer), method)(url(report) + page)

    assert response.status_code == 404


def test_a_section_that_the_format_has_not_is_not_found(browser: Client, report: Report) -> None:
    assert browser.get(url(report, "land/sea")).status_code == 404


def test_a_viewer_reads_without_a_form(client_for: ClientFor, viewer: User, report: Report) -> None:
    page = text(client_for(viewer).get(url(report)))

    assert "section-form" not in page
    assert "₹4,200" in page


def test_a_viewer_may_not_save(client_for: ClientFor, viewer: User, report: Report) -> None:
    assert client_for(viewer).post(url(report), {"adopted_rate": "1"}).status_code == 403


def test_a_report_in_review_is_read_only(client_for: ClientFor, valuer: User, firm: Organization) -> None:
    with organization_active(firm.placement):
        waiting = in_review(firm, valuer)

    page = text(client_for(valuer).get(url(waiting)))

    assert "section-form" not in page
    assert "in review" in page


# Saving ---------------------------------------------------------------------------------------------------


def test_saving_stores_and_shows_the_section_again(
    browser: Client, report: Report, firm: Organization
) -> None:
    response = browser.post(url(report), typed(browser, report, adopted_rate="4,300"))

    assert (response.status_code, response["Location"]) == (302, url(report))
    assert adopted(firm, report) == "4300"


def test_saving_and_continuing_goes_to_the_next_section(browser: Client, report: Report) -> None:
    response = browser.post(url(report), typed(browser, report, then="next"))

    assert response["Location"] == url(report, "building/description")


def test_continuing_passes_over_what_does_not_apply(browser: Client, report: Report) -> None:
    browser.post(
        url(report, "general/property"),
        typed(browser, report, "general/property", building_constructed="no"),
    )

    response = browser.post(url(report), typed(browser, report, then="next"))

    assert response["Location"] == url(report, "miscellaneous/items")


def test_a_wrong_value_is_refused_with_the_rule_and_everything_typed(
    browser: Client, report: Report, firm: Organization
) -> None:
    response = browser.post(
        url(report), typed(browser, report, adopted_rate="lots", rate_reason="Corner plot")
    )

    assert response.status_code == 422
    assert "is not a number" in text(response)
    assert 'value="lots"' in text(response)
    assert "Corner plot" in text(response)
    assert adopted(firm, report) == "4200"


def test_a_refused_page_can_be_corrected_and_saved(
    browser: Client, report: Report, firm: Organization
) -> None:
    refused = browser.post(url(report), typed(browser, report, adopted_rate="lots"))

    browser.post(url(report), {**controls(text(refused)), "adopted_rate": "4,400"})

    assert adopted(firm, report) == "4400"


def test_what_a_person_types_is_never_markup(browser: Client, report: Report) -> None:
    browser.post(url(report), typed(browser, report, rate_reason="<script>alert(1)</script>"))

    assert "<script>alert" not in text(browser.get(url(report)))


def test_submitting_from_the_editor_saves_first(browser: Client, report: Report, firm: Organization) -> None:
    browser.post(url(report), typed(browser, report, adopted_rate="4,250", then="submit"))

    assert (adopted(firm, report), stored(firm, report).status) == ("4250", ReportStatus.IN_REVIEW)


def test_a_report_that_is_not_ready_is_saved_and_not_submitted(
    browser: Client, report: Report, firm: Organization
) -> None:
    response = browser.post(url(report), typed(browser, report, adopted_rate="", then="submit"), follow=True)

    assert "not submitted yet" in text(response)
    assert stored(firm, report).status == ReportStatus.DRAFT


def test_a_save_that_comes_after_the_submission_keeps_what_was_typed_readable(
    browser: Client, report: Report, firm: Organization, valuer: User
) -> None:
    late = typed(browser, report, rate_reason="Too late")
    with organization_active(firm.placement):
        actions.submit_report(report_id=report.pk, by=valuer, now=NOW)

    response = browser.post(url(report), late)

    assert response.status_code == 409
    assert "Too late" in text(response)
    assert "Not saved" in text(response)


# Tables without JavaScript ----------------------------------------------------------------------------------


def test_adding_a_row_keeps_what_was_typed_and_stores_nothing(
    browser: Client, report: Report, firm: Organization
) -> None:
    sent = typed(browser, report, "building/valuation", add_row="floors", floors__0__plinth_area="1,300")

    response = browser.post(url(report, "building/valuation"), sent)

    assert response.status_code == 200
    assert 'name="floors__2__plinth_area"' in text(response)
    assert 'value="1,300"' in text(response)
    assert stored(firm, report).version == report.version


def test_removing_a_row_and_saving_leaves_the_other(
    browser: Client, report: Report, firm: Organization
) -> None:
    sent = typed(browser, report, "building/valuation", remove_row="floors:0")
    page = text(browser.post(url(report, "building/valuation"), sent))

    browser.post(url(report, "building/valuation"), controls(page))

    floors = stored(firm, report).answers["building"]["valuation"]["floors"]
    assert [floor["floor"] for floor in floors] == ["First floor"]


def test_adding_a_column_offers_the_next_floor(browser: Client, report: Report) -> None:
    section = "building/specification"

    page = text(browser.post(url(report, section), typed(browser, report, section, add_column="by_floor")))

    assert 'value="Floor 3"' in page


# Two people -------------------------------------------------------------------------------------------------


def test_a_stale_save_shows_both_values_and_keeps_what_was_typed(
    browser: Client, client_for: ClientFor, assistant: User, report: Report, firm: Organization
) -> None:
    mine = typed(browser, report, adopted_rate="4,400", rate_reason="My reason")
    other = client_for(assistant)
    other.post(url(report), typed(other, report, adopted_rate="4,300"))

    response = browser.post(url(report), mine)

    page = text(response)
    assert response.status_code == 409
    assert "Changed by Asha Assistant" in page
    assert "₹4,300" in page
    assert 'value="4,400"' in page
    assert "My reason" in page
    assert adopted(firm, report) == "4300"


def test_saving_again_after_the_conflict_stores_mine(
    browser: Client, client_for: ClientFor, assistant: User, report: Report, firm: Organization
) -> None:
    mine = typed(browser, report, adopted_rate="4,400")
    other = client_for(assistant)
    other.post(url(report), typed(other, report, adopted_rate="4,300"))
    page = text(browser.post(url(report), mine))

    browser.post(url(report), controls(page))

    assert adopted(firm, report) == "4400"


def test_choosing_theirs_stores_theirs(
    browser: Client, client_for: ClientFor, assistant: User, report: Report, firm: Organization
) -> None:
    mine = typed(browser, report, adopted_rate="4,400", rate_reason="My reason")
    other = client_for(assistant)
    other.post(url(report), typed(other, report, adopted_rate="4,300"))
    page = text(browser.post(url(report), mine))

    browser.post(url(report), {**controls(page), "adopted_rate__choose": "theirs"})

    section = stored(firm, report).answers["land"]["valuation"]
    assert (section["adopted_rate"], section["rate_reason"]) == ("4300", "My reason")


def test_what_only_the_other_changed_survives_my_save(
    browser: Client, client_for: ClientFor, assistant: User, report: Report, firm: Organization
) -> None:
    mine = typed(browser, report, adopted_rate="4,400")
    other = client_for(assistant)
    other.post(url(report), typed(other, report, rate_reason="Their reason"))
    page = text(browser.post(url(report), mine))

    browser.post(url(report), controls(page))

    section = stored(firm, report).answers["land"]["valuation"]
    assert (section["adopted_rate"], section["rate_reason"]) == ("4400", "Their reason")


def test_a_save_of_another_section_is_not_stale(
    browser: Client, client_for: ClientFor, assistant: User, report: Report, firm: Organization
) -> None:
    mine = typed(browser, report, adopted_rate="4,400")
    other = client_for(assistant)
    other.post(url(report, "remarks/opinion"), typed(other, report, "remarks/opinion", marketability="Good"))

    assert browser.post(url(report), mine).status_code == 302


# Live values ------------------------------------------------------------------------------------------------


def test_live_values_follow_what_is_typed_and_store_nothing(
    browser: Client, report: Report, firm: Organization
) -> None:
    response = browser.post(url(report) + "values/", typed(browser, report, adopted_rate="4,300"))

    assert "1,34,58,125" in text(response)
    assert adopted(firm, report) == "4200"


def test_live_values_bear_with_what_cannot_be_read(browser: Client, report: Report) -> None:
    response = browser.post(url(report) + "values/", typed(browser, report, adopted_rate="4,3x"))

    assert response.status_code == 200


def test_a_figure_that_is_typed_over_is_left_alone_by_live_values(browser: Client, report: Report) -> None:
    response = browser.post(url(report) + "values/", typed(browser, report, land_value="90,00,000"))

    assert 'id="q-land_value-computed"' not in text(response)


def test_feet_of_tables_come_in_templates(browser: Client, report: Report) -> None:
    section = "building/valuation"

    page = text(browser.post(url(report, section) + "values/", typed(browser, report, section)))

    # A bare part of a table between other elements is dropped by HTML parsers.
    assert '<template><tfoot id="q-floors-foot" hx-swap-oob="true">' in page


# Files ------------------------------------------------------------------------------------------------------


def test_a_file_is_attached_with_the_section(browser: Client, report: Report, firm: Organization) -> None:
    deed = SimpleUploadedFile("deed.pdf", b"%PDF-1.4 a deed")

    browser.post(
        url(report, "general/records"), typed(browser, report, "general/records", title_deed_copy=deed)
    )

    with organization_active(firm.placement):
        file = StoredFile.objects.get(
            pk=stored(firm, report).answers["general"]["records"]["title_deed_copy"]
        )
        with default_storage.open(file.stored_as) as kept:
            assert kept.read() == b"%PDF-1.4 a deed"


def test_a_file_that_is_neither_image_nor_pdf_is_refused_and_the_rest_kept(
    browser: Client, report: Report, firm: Organization
) -> None:
    tool = SimpleUploadedFile("deed.exe", b"MZ\x90\x00")
    sent = typed(browser, report, "general/records", title_deed_copy=tool, contact__name="Somebody New")

    response = browser.post(url(report, "general/records"), sent)

    assert response.status_code == 422
    assert "deed.exe" in text(response)
    assert "Somebody New" in text(response)
    assert stored(firm, report).version == report.version


# Comments ---------------------------------------------------------------------------------------------------


def test_an_open_comment_stands_at_its_question_and_in_the_rail(
    browser: Client, report: Report, firm: Organization, valuer: User, manager: User
) -> None:
    with organization_active(firm.placement):
        actions.submit_report(report_id=report.pk, by=valuer, now=NOW)
        actions.add_comment(
            report_id=report.pk, path="land.valuation.adopted_rate", text="Why so high?", by=manager, now=NOW
        )
        actions.return_report(report_id=report.pk, by=manager, now=NOW)

    page = text(browser.get(url(report)))

    assert page.count("Why so high?") == 2
    assert "Mark as done" in page


# Budgets ----------------------------------------------------------------------------------------------------


def test_reading_a_section_costs_three_commands(browser: Client, report: Report, commands: Commands) -> None:
    browser.get(url(report))

    with no_organization(), commands() as sent:
        browser.get(url(report))

    # Session, person with firm, report, number of photographs.
    assert len(sent) == 3, [f"{one.name} {one.collection}" for one in sent]


def test_reading_the_section_with_the_branch_costs_one_more(
    browser: Client, report: Report, commands: Commands
) -> None:
    browser.get(url(report, "common/details"))

    with no_organization(), commands() as sent:
        browser.get(url(report, "common/details"))

    assert len(sent) == 4, [f"{one.name} {one.collection}" for one in sent]


def test_saving_a_section_costs_eight_commands(browser: Client, report: Report, commands: Commands) -> None:
    sent_form = typed(browser, report, adopted_rate="4,300")

    with no_organization(), commands() as sent:
        browser.post(url(report), sent_form)

    # Session and person, report; then in the transaction report, update, activity, commit; and, when it is
    # committed, two that chain the activity's entry to the last one.
    assert len(sent) == 8, [f"{one.name} {one.collection}" for one in sent]


def test_live_values_cost_two_commands(browser: Client, report: Report, commands: Commands) -> None:
    sent_form = typed(browser, report, adopted_rate="4,300")

    with no_organization(), commands() as sent:
        browser.post(url(report) + "values/", sent_form)

    assert len(sent) == 2, [f"{one.name} {one.collection}" for one in sent]


def test_every_save_is_on_the_record(browser: Client, report: Report, firm: Organization) -> None:
    browser.post(url(report), typed(browser, report, adopted_rate="4,300"))

    with organization_active(firm.placement):
        entry = ActivityEntry.objects.get(report_id=str(report.pk), action="section_saved")
    assert (entry.actor_name, entry.target) == ("Vikram Valuer", "land.valuation")
