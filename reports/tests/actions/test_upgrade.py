"""Bringing a draft to the version of its format that is in force."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from banks.formats.changing import changed
from banks.formats.checksums import checksum_of
from banks.models import BankOverride, Format, FormatStatus
from reports import actions
from reports.actions.failures import NotAllowed, ReportFrozen, UpgradeRefused
from reports.actions.upgrade import has_newer_version, prospect_of, upgrade_report
from reports.formats import definition_of
from reports.models import Report
from reports.tests.making import NOW, begin, in_review
from tenants.context import organization_active, shared_resources_writable
from tenants.models import ActivityEntry, Organization, User

pytestmark = pytest.mark.usefixtures("formats")

FLAT = "uco_flat_v1"
CHANGES: dict[str, Any] = {
    "remove": ["general.location.landmark"],
    "change": {"general.location.pin_code": {"label": "Postal index number"}},
}


@pytest.fixture
def draft(firm: Organization, valuer: User) -> Report:
    """A filled draft on version 1."""
    with organization_active(firm.placement):
        return begin(firm, valuer, name=FLAT)


def publish_next(status: str = FormatStatus.PUBLISHED) -> Format:
    """Version 2 of the flat's format: without the landmark."""
    first = Format.objects.get(bank_code="UCO", property_type="flat", version=1)
    content = changed(copy.deepcopy(first.content), CHANGES)
    content["format"] = {**content["format"], "version": 2}
    with shared_resources_writable():
        second: Format = Format.objects.create(
            bank_code="UCO",
            scheme=first.scheme,
            property_type=first.property_type,
            version=2,
            title="UCO Bank: flat, revised",
            status=status,
            content=content,
            checksum=checksum_of(content),
        )
    return second


def upgrade(draft: Report, by: User, **given: Any) -> Report:
    wanted = {"version": 2, "base_version": draft.version, **given}
    return upgrade_report(report_id=draft.pk, by=by, now=NOW, **wanted)[0]


def test_a_draft_stays_on_its_version_until_somebody_says_so(firm: Organization, draft: Report) -> None:
    publish_next()
    with organization_active(firm.placement):
        stored = Report.objects.get(pk=draft.pk)

        assert (stored.format_version, has_newer_version(stored)) == (1, True)


def test_a_version_that_is_a_draft_is_not_offered(firm: Organization, draft: Report) -> None:
    publish_next(FormatStatus.DRAFT)
    with organization_active(firm.placement):
        assert prospect_of(draft) is None


def test_an_upgraded_draft_stands_on_the_newer_version(
    firm: Organization, valuer: User, draft: Report
) -> None:
    publish_next()
    with organization_active(firm.placement):
        stored = Report.objects.get(pk=upgrade(draft, valuer).pk)
        section = definition_of(stored).section("general", "location")

        assert (stored.format_version, stored.format_title) == (
            2,
            "UCO Bank: flat, revised",
        )
        assert section is not None
        assert "Postal index number" in {field.label for field in section.fields}


def test_an_answer_without_a_question_is_kept_aside(firm: Organization, valuer: User, draft: Report) -> None:
    landmark = draft.answers["general"]["location"]["landmark"]
    publish_next()
    with organization_active(firm.placement):
        stored = Report.objects.get(pk=upgrade(draft, valuer).pk)

        assert (stored.set_aside or {})["general.location.landmark"]["answer"] == landmark
        assert "landmark" not in stored.answers["general"]["location"]


def test_the_figures_stay_what_they_were(firm: Organization, valuer: User, draft: Report) -> None:
    publish_next()
    with organization_active(firm.placement):
        assert upgrade(draft, valuer).fair_market_value == draft.fair_market_value


def test_it_is_recorded_with_what_was_set_aside(firm: Organization, valuer: User, draft: Report) -> None:
    publish_next()
    with organization_active(firm.placement):
        upgrade(draft, valuer)
        entry = ActivityEntry.objects.get(action="report_upgraded")

        assert entry.details["changes"] == {"format_version": {"from": 1, "to": 2}}
        assert entry.details["set_aside"] == ["general.location.landmark"]


def test_a_form_of_the_version_before_is_refused(firm: Organization, valuer: User, draft: Report) -> None:
    publish_next()
    with organization_active(firm.placement):
        upgrade(draft, valuer)

        with pytest.raises(actions.StaleSection):
            actions.save_section(
                report_id=draft.pk,
                tab_id="general",
                section_id="location",
                values={"pin_code": "400099"},
                base_version=0,
                by=valuer,
                now=NOW,
            )


def test_a_comment_on_a_question_that_is_gone_is_about_the_whole_report(
    firm: Organization, valuer: User, draft: Report
) -> None:
    publish_next()
    with organization_active(firm.placement):
        commented = actions.add_comment(
            report_id=draft.pk, path="general.location.landmark", text="Which one?", by=valuer, now=NOW
        )

        assert [one["path"] for one in upgrade(commented, valuer).comments] == [""]


def test_what_the_firm_changes_now_is_taken_over(firm: Organization, valuer: User, draft: Report) -> None:
    changes = {"parameters": {"distress_percent": "75"}}
    with organization_active(firm.placement):
        BankOverride.objects.create(bank_code="UCO", formats={"general/flat": {"all": changes}})
        stored = Report.objects.get(pk=upgrade(draft, valuer, version=1).pk)

        assert stored.format_changes == changes
        assert definition_of(stored).parameters["distress_percent"] == 75


def test_a_report_in_review_keeps_its_version(firm: Organization, valuer: User) -> None:
    with organization_active(firm.placement):
        report = in_review(firm, valuer)
    publish_next()
    with organization_active(firm.placement), pytest.raises(ReportFrozen):
        upgrade(report, valuer)


def test_a_report_that_changed_meanwhile_is_looked_at_again(
    firm: Organization, valuer: User, draft: Report
) -> None:
    publish_next()
    with organization_active(firm.placement), pytest.raises(UpgradeRefused, match="look at what follows"):
        upgrade(draft, valuer, base_version=draft.version - 1)


def test_a_report_that_is_up_to_date_is_left_alone(firm: Organization, valuer: User, draft: Report) -> None:
    with organization_active(firm.placement), pytest.raises(UpgradeRefused, match="up to date"):
        upgrade(draft, valuer, version=1)


def test_a_reader_upgrades_nothing(firm: Organization, viewer: User, draft: Report) -> None:
    publish_next()
    with organization_active(firm.placement), pytest.raises(NotAllowed):
        upgrade(draft, viewer)
