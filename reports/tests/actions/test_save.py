"""Saving a section: what is stored, what is refused, and two people at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from threading import Barrier
from typing import Any

import pytest

from banks.queries import visible_bank
from reports import actions
from reports.models import Report
from reports.tests.making import NOW, begin, in_review
from tenants.context import carry, organization_active
from tenants.models import ActivityEntry, Organization, User
from tenants.mongodb.monitoring import Command

pytestmark = pytest.mark.usefixtures("formats")


def save(
    report: Report, by: User, tab: str, section: str, base: int = 0, **values: Any
) -> actions.SavedSection:
    return actions.save_section(
        report_id=report.pk,
        tab_id=tab,
        section_id=section,
        values=values,
        base_version=base,
        by=by,
        now=NOW,
    )


def rate(report: Report, by: User, adopted: str, base: int = 0) -> actions.SavedSection:
    return save(report, by, "land", "valuation", base, adopted_rate=adopted)


def test_it_stores_what_was_answered(in_firm: Organization, valuer: User) -> None:
    report = begin(in_firm, valuer)

    rate(report, valuer, "4300")

    assert Report.objects.get(pk=report.pk).answers["land"]["valuation"]["adopted_rate"] == "4300"


def test_it_keeps_what_the_save_does_not_name(in_firm: Organization, valuer: User) -> None:
    report = begin(in_firm, valuer)
    before = report.answers["land"]["valuation"]["rate_reason"]

    rate(report, valuer, "4300")

    assert Report.objects.get(pk=report.pk).answers["land"]["valuation"]["rate_reason"] == before


def test_it_works_the_report_out_again(in_firm: Organization, valuer: User) -> None:
    report = begin(in_firm, valuer)

    rate(report, valuer, "4300")

    # 2,400 sq ft × 100 more a square foot.
    assert str(Report.objects.get(pk=report.pk).fair_market_value) == "13458125.00"


def test_it_stores_computed_figures_as_canonical_text(in_firm: Organization, valuer: User) -> None:
    report = begin(in_firm, valuer)

    rate(report, valuer, "4300.50")

    assert Report.objects.get(pk=report.pk).computed["land.valuation.land_value"] == "10321200"


def test_it_repeats_applicant_and_address_for_lists(in_firm: Organization, valuer: User) -> None:
    report = begin(in_firm, valuer)

    save(report, valuer, "common", "details", applicant_name="Applicant Ninety")

    stored = Report.objects.get(pk=report.pk)
    assert stored.applicant_name == "Applicant Ninety"
    assert "ninety" in stored.search_text


def test_it_empties_an_answer_that_is_none(in_firm: Organization, valuer: User) -> None:
    report = begin(in_firm, valuer)

    save(report, valuer, "land", "valuation", rate_reason=None)

    assert "rate_reason" not in Report.objects.get(pk=report.pk).answers["land"]["valuation"]


def test_it_stores_text_that_looks_like_a_database_expression(in_firm: Organization, valuer: User) -> None:
    report = begin(in_firm, valuer)

    save(report, valuer, "land", "valuation", rate_reason="$applicant_name . $$ROOT")

    stored = Report.objects.get(pk=report.pk).answers["land"]["valuation"]
    assert stored["rate_reason"] == "$applicant_name . $$ROOT"


def test_it_records_the_changed_path_with_both_values(in_firm: Organization, valuer: User) -> None:
    report = begin(in_firm, valuer)

    rate(report, valuer, "4300")

    entry = ActivityEntry.objects.get(report_id=str(report.pk), action="section_saved")
    (change,) = entry.details["changes"]
    assert (change["path"], change["before"], change["after"]) == (
        "land.valuation.adopted_rate",
        "4200",
        "4300",
    )


def test_saving_what_is_stored_already_changes_nothing(in_firm: Organization, valuer: User) -> None:
    report = begin(in_firm, valuer)

    saved = rate(report, valuer, "4200", base=99)

    assert (saved.changes, saved.report.version) == ((), report.version)


def test_a_branch_that_is_chosen_becomes_the_reports_branch(in_firm: Organization, valuer: User) -> None:
    report = begin(in_firm, valuer)
    bank = visible_bank("SBI")
    assert bank is not None
    other = next(branch for branch in bank.branches if branch.code != report.branch_code)

    save(report, valuer, "common", "details", branch=other.code)

    stored = Report.objects.get(pk=report.pk)
    assert (stored.branch_code, stored.branch_name) == (other.code, other.name)


def test_it_refuses_a_branch_that_the_bank_has_not(in_firm: Organization, valuer: User) -> None:
    report = begin(in_firm, valuer)

    with pytest.raises(actions.BranchUnknown):
        save(report, valuer, "common", "details", branch="nowhere")


def test_it_refuses_a_section_that_the_format_has_not(in_firm: Organization, valuer: User) -> None:
    report = begin(in_firm, valuer)

    with pytest.raises(actions.SectionUnknown):
        save(report, valuer, "land", "sea", depth="4")


def test_it_refuses_a_viewer(in_firm: Organization, valuer: User, viewer: User) -> None:
    report = begin(in_firm, valuer)

    with pytest.raises(actions.NotAllowed):
        rate(report, viewer, "4300")


def test_it_refuses_a_report_that_is_in_review(in_firm: Organization, valuer: User) -> None:
    report = in_review(in_firm, valuer)

    with pytest.raises(actions.ReportFrozen):
        rate(report, valuer, "4300")


def test_it_knows_no_report_of_another_firm(
    in_firm: Organization, valuer: User, rival: Organization, rival_valuer: User
) -> None:
    report = begin(in_firm, valuer)

    with organization_active(rival.placement), pytest.raises(Report.DoesNotExist):
        rate(report, rival_valuer, "4300")


# Two people ---------------------------------------------------------------------------------------------


def test_a_stale_save_is_refused_with_what_the_other_wrote(
    in_firm: Organization, valuer: User, assistant: User
) -> None:
    report = begin(in_firm, valuer)
    rate(report, assistant, "4300")

    with pytest.raises(actions.StaleSection) as refused:
        rate(report, valuer, "4400")

    assert (refused.value.theirs["adopted_rate"], refused.value.by_name) == ("4300", "Asha Assistant")


def test_a_stale_save_stores_nothing(in_firm: Organization, valuer: User, assistant: User) -> None:
    report = begin(in_firm, valuer)
    rate(report, assistant, "4300")

    with pytest.raises(actions.StaleSection):
        save(report, valuer, "land", "valuation", adopted_rate="4400", rate_reason="Corner plot")

    stored = Report.objects.get(pk=report.pk).answers["land"]["valuation"]
    assert (stored["adopted_rate"], stored["rate_reason"] != "Corner plot") == ("4300", True)


def test_saving_on_the_version_that_the_refusal_names_works(
    in_firm: Organization, valuer: User, assistant: User
) -> None:
    report = begin(in_firm, valuer)
    version = rate(report, assistant, "4300").version

    rate(report, valuer, "4400", base=version)

    assert Report.objects.get(pk=report.pk).answers["land"]["valuation"]["adopted_rate"] == "4400"


def test_a_save_of_another_section_in_between_does_no_harm(
    in_firm: Organization, valuer: User, assistant: User
) -> None:
    report = begin(in_firm, valuer)
    save(report, assistant, "remarks", "opinion", marketability="Good")

    rate(report, valuer, "4300")

    stored = Report.objects.get(pk=report.pk).answers
    assert stored["remarks"]["opinion"]["marketability"] == "Good"


def _at_once(jobs: list[Callable[[], Any]]) -> list[Any]:
    """The results, or the refusals, of jobs that begin at the same moment on threads of their own."""
    start = Barrier(len(jobs))

    def run(job: Callable[[], Any]) -> Any:
        start.wait(timeout=10)
        try:
            return job()
        except actions.ActionRefused as refusal:
            return refusal

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(carry(run), jobs))


def test_of_two_people_who_save_one_section_at_once_one_is_refused(
    in_firm: Organization, valuer: User, assistant: User
) -> None:
    report = begin(in_firm, valuer)

    results = _at_once([lambda: rate(report, valuer, "4300"), lambda: rate(report, assistant, "4400")])

    refused = [one for one in results if isinstance(one, actions.StaleSection)]
    (saved,) = [one for one in results if isinstance(one, actions.SavedSection)]
    stored = Report.objects.get(pk=report.pk)
    assert len(refused) == 1
    assert stored.answers["land"]["valuation"]["adopted_rate"] == saved.changes[0].after


def test_two_people_who_save_two_sections_at_once_both_succeed(
    in_firm: Organization, valuer: User, assistant: User
) -> None:
    report = begin(in_firm, valuer)

    _at_once(
        [
            lambda: rate(report, valuer, "4300"),
            lambda: save(report, assistant, "remarks", "opinion", marketability="Good"),
        ]
    )

    stored = Report.objects.get(pk=report.pk)
    assert stored.answers["land"]["valuation"]["adopted_rate"] == "4300"
    assert stored.answers["remarks"]["opinion"]["marketability"] == "Good"
    assert stored.version == report.version + 2


def test_a_failure_in_the_middle_leaves_neither_report_nor_record_changed(
    in_firm: Organization, valuer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = begin(in_firm, valuer)

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the power went")

    monkeypatch.setattr("reports.actions.changing.record_activity", fail)
    with pytest.raises(RuntimeError):
        rate(report, valuer, "4300")

    assert Report.objects.get(pk=report.pk).answers["land"]["valuation"]["adopted_rate"] == "4200"


def test_it_costs_three_commands_the_commit_and_two_for_the_chain(
    in_firm: Organization,
    valuer: User,
    commands: Callable[[], AbstractContextManager[list[Command]]],
) -> None:
    report = begin(in_firm, valuer)

    with commands() as sent:
        rate(report, valuer, "4300")

    within = ["aggregate", "update", "insert", "commitTransaction"]
    # Once it is committed its entry is chained to the last one, outside of the transaction.
    assert [one.name for one in sent] == [*within, "find", "update"]
