"""Several people at the same report in the same moment, whatever they do to it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from reports import actions
from reports.actions import photographs as keeping
from reports.files import clean_photograph
from reports.models import Report
from reports.queries import count_photographs, photographs_of
from reports.tests.actions.test_photographs import add, picture
from reports.tests.making import NOW, begin
from tenants.context import carry
from tenants.models import ActivityEntry, Organization, User

pytestmark = pytest.mark.usefixtures("formats")


def at_once(*jobs: Callable[[], Any]) -> None:
    start = Barrier(len(jobs))

    def run(job: Callable[[], Any]) -> None:
        start.wait()
        job()

    with ThreadPoolExecutor(len(jobs)) as pool:
        for waiting in [pool.submit(carry(run), job) for job in jobs]:
            waiting.result()


def submitted_while(monkeypatch: pytest.MonkeyPatch, report: Report, by: User) -> None:
    """Somebody submits the report in the moment in which an upload is being looked at."""
    look = clean_photograph

    def and_submit(name: str, content: bytes) -> Any:
        actions.submit_report(report_id=report.pk, by=by, now=NOW)
        return look(name, content)

    monkeypatch.setattr(keeping, "clean_photograph", and_submit)


def test_no_photograph_joins_a_report_that_was_submitted_meanwhile(
    in_firm: Organization, valuer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = begin(in_firm, valuer)
    submitted_while(monkeypatch, report, valuer)

    with pytest.raises(actions.ReportFrozen):
        add(report, valuer)

    assert count_photographs(report.pk) == 0


@pytest.mark.parametrize("change", ["caption", "move", "remove"])
def test_no_photograph_changes_in_a_report_that_was_submitted_meanwhile(
    in_firm: Organization, valuer: User, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    report = begin(in_firm, valuer)
    first, _ = add(report, valuer, "one.jpg"), add(report, valuer, "two.jpg")
    looked_up = "photographs_of" if change == "move" else "_photograph"
    look = getattr(keeping, looked_up)

    def and_submit(*about: Any) -> Any:
        found = look(*about)
        if Report.objects.get(pk=report.pk).status == "draft":
            at_once(lambda: actions.submit_report(report_id=report.pk, by=valuer, now=NOW))
        return found

    monkeypatch.setattr(keeping, looked_up, and_submit)
    what: dict[str, Any] = {"report_id": report.pk, "file_id": first.pk, "by": valuer, "now": NOW}
    changes: dict[str, Callable[[], Any]] = {
        "caption": lambda: actions.caption_photograph(**what, caption="Rear"),
        "move": lambda: actions.move_photograph(**what, direction="down"),
        "remove": lambda: actions.remove_photograph(**what),
    }

    with pytest.raises(actions.ReportFrozen):
        changes[change]()


def test_photographs_that_come_at_once_stand_one_after_another(in_firm: Organization, valuer: User) -> None:
    report = begin(in_firm, valuer, filled=False)

    at_once(*(lambda: add(report, valuer) for _ in range(4)))

    assert [file.position for file in photographs_of(report.pk)] == [1, 2, 3, 4]


def test_no_more_photographs_come_at_once_than_the_report_may_have(
    in_firm: Organization, valuer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = begin(in_firm, valuer, filled=False)
    monkeypatch.setattr(keeping, "MOST_PHOTOGRAPHS", 1)

    with pytest.raises(actions.FileRefused):
        at_once(*(lambda: add(report, valuer) for _ in range(3)))

    assert count_photographs(report.pk) == 1


def test_no_file_is_attached_to_a_report_that_was_submitted_meanwhile(
    in_firm: Organization, valuer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = begin(in_firm, valuer)
    look = actions.attachments._checked

    def and_submit(name: str, upload: Any) -> Any:
        actions.submit_report(report_id=report.pk, by=valuer, now=NOW)
        return look(name, upload)

    monkeypatch.setattr(actions.attachments, "_checked", and_submit)

    with pytest.raises(actions.ReportFrozen):
        actions.attach_file(report_id=report.pk, upload=picture("deed.jpg"), by=valuer, now=NOW)


def test_ten_comments_at_once_are_all_kept(in_firm: Organization, valuer: User) -> None:
    report = begin(in_firm, valuer, filled=False)

    def comment(number: int) -> Callable[[], Any]:
        return lambda: actions.add_comment(
            report_id=report.pk, path="", text=f"Number {number}", by=valuer, now=NOW
        )

    at_once(*(comment(number) for number in range(10)))

    assert ActivityEntry.objects.filter(report_id=str(report.pk), action="comment_added").count() == 10
