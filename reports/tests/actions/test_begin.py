"""Beginning a report."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from banks.models import BankOverride, Format, FormatStatus
from reports import actions
from reports.actions.begin import next_number
from reports.models import Report, ReportStatus
from reports.tests.making import NOW, begin, shipped_format
from tenants.context import carry, organization_active, shared_resources_writable
from tenants.models import ActivityEntry, Organization, User

pytestmark = pytest.mark.usefixtures("formats")


def a_format() -> Format:
    found: Format = Format.objects.get(bank_code="SBI", property_type="land_building", version=1)
    return found


def test_it_begins_a_draft_with_the_firms_next_reference(in_firm: Organization, valuer: User) -> None:
    report = begin(in_firm, valuer, filled=False)

    assert (report.status, report.reference) == (ReportStatus.DRAFT, "AV/0001/23112026")


def test_it_fills_in_bank_branch_and_reference(in_firm: Organization, valuer: User) -> None:
    report = begin(in_firm, valuer, filled=False)

    details = report.answers["common"]["details"]
    assert (details["bank"], details["branch"]) == ("SBI", report.branch_code)
    assert details["reference_number"] == report.reference


def test_it_keeps_no_other_answer_in_an_empty_report(in_firm: Organization, valuer: User) -> None:
    report = begin(in_firm, valuer, filled=False)

    fields = {field.path: field for section in shipped_format().sections() for field in section.fields}
    given = {
        f"{tab}.{section}.{name}"
        for tab, sections in report.answers.items()
        for section, answers in sections.items()
        for name in answers
    }
    known = {"common.details.bank", "common.details.branch", "common.details.reference_number"}
    assert {path for path in given - known if fields[path].default is None} == set()


def test_it_counts_on_from_the_last_reference(in_firm: Organization, valuer: User) -> None:
    begin(in_firm, valuer, filled=False)

    assert begin(in_firm, valuer, filled=False).reference.startswith("AV/0002/")


def test_it_works_the_report_out_from_given_answers(in_firm: Organization, valuer: User) -> None:
    report = Report.objects.get(pk=begin(in_firm, valuer).pk)

    assert str(report.fair_market_value) == "13218125.00"


def test_it_records_who_began_it(in_firm: Organization, valuer: User) -> None:
    report = begin(in_firm, valuer, filled=False)

    entry = ActivityEntry.objects.get(report_id=str(report.pk))
    assert (entry.action, entry.actor_name) == ("report_begun", "Vikram Valuer")


def test_it_passes_over_a_reference_that_is_taken(in_firm: Organization, valuer: User) -> None:
    taken = begin(in_firm, valuer, filled=False)
    Report.objects.filter(pk=taken.pk).update(reference="AV/0002/23112026")

    assert begin(in_firm, valuer, filled=False).reference == "AV/0003/23112026"


def test_it_draws_each_number_once_for_people_who_begin_together(in_firm: Organization) -> None:
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(carry(next_number), ["report"] * 20))

    assert sorted(drawn) == list(range(1, 21))


def test_it_refuses_a_viewer(in_firm: Organization, viewer: User) -> None:
    with pytest.raises(actions.NotAllowed):
        begin(in_firm, viewer)


def test_it_refuses_an_unknown_branch(in_firm: Organization, valuer: User) -> None:
    with pytest.raises(actions.BranchUnknown):
        actions.begin_report(
            organization=in_firm, by=valuer, now=NOW, format_id=a_format().pk, branch_code="nowhere"
        )


def test_it_refuses_a_branch_that_the_firm_hides(in_firm: Organization, valuer: User) -> None:
    branch = begin(in_firm, valuer, filled=False).branch_code
    BankOverride.objects.create(bank_code="SBI", branches={branch: {"hidden": True}})

    with pytest.raises(actions.BranchUnknown):
        begin(in_firm, valuer, filled=False)


@pytest.mark.parametrize("format_id", ["", "nonsense", "6b03cc425fab60ecf147ddde"])
def test_it_refuses_a_format_that_does_not_exist(in_firm: Organization, valuer: User, format_id: str) -> None:
    with pytest.raises(actions.FormatUnavailable):
        actions.begin_report(organization=in_firm, by=valuer, now=NOW, format_id=format_id, branch_code="any")


def test_it_refuses_a_format_that_is_not_published(firm: Organization, valuer: User) -> None:
    with shared_resources_writable():
        Format.objects.filter(pk=a_format().pk).update(status=FormatStatus.RETIRED)

    with organization_active(firm.placement), pytest.raises(actions.FormatUnavailable):
        begin(firm, valuer, filled=False)
