"""Reports for the demo firms: one in each state of a report's life, filled from the formats' samples."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from banks.loading import DATA
from banks.models import Format
from reports import actions
from reports.demo_pictures import CAPTIONS, picture
from reports.models import Report
from tenants.models import Organization, User


@dataclass(frozen=True, slots=True)
class DemoReport:
    """A report to be made: which sample fills it, whose name it bears, how far it gets."""

    sample: str
    applicant: str
    reach: str
    photographs: int = 0


OF_FIRST_FIRM = (
    DemoReport("sbi_land_building_v2", "Anand Applicant", "issued", photographs=4),
    DemoReport("bob_land_building_v2", "Bhavna Borrower", "in_review", photographs=2),
    DemoReport("sbi_flat_v2", "Chitra Customer", "changes_requested", photographs=2),
    DemoReport("sbi_land_building_v1", "Dinesh Depositor", "draft", photographs=1),
)
OF_SECOND_FIRM = (DemoReport("sbi_flat_v2", "Esha Example", "draft", photographs=1),)


def load_reports(
    organization: Organization, *, valuer: User, manager: User, wanted: tuple[DemoReport, ...]
) -> int:
    """Make the reports unless the firm has some. The organization must be active. Returns how many."""
    if Report.objects.exists():
        return 0
    for demo in wanted:
        _make(demo, organization, valuer=valuer, manager=manager, now=timezone.now())
    return len(wanted)


def _make(
    demo: DemoReport, organization: Organization, *, valuer: User, manager: User, now: datetime
) -> None:
    sample = json.loads((DATA / "samples" / f"{demo.sample}.json").read_text(encoding="utf-8"))
    bank_code, scheme, property_type, version = sample["format"].split("/")
    stored = Format.objects.get(
        bank_code=bank_code, scheme=scheme, property_type=property_type, version=int(version)
    )
    answers = sample["answers"]
    details = answers["common"]["details"]
    details["applicant_name"] = demo.applicant
    branch = details.get("branch", "")
    report = actions.begin_report(
        organization=organization,
        by=valuer,
        now=now,
        format_id=stored.pk,
        branch_code=branch,
        answers=answers,
    )
    for number in range(demo.photographs):
        actions.add_photograph(
            report_id=report.pk,
            upload=SimpleUploadedFile(f"site-{number + 1}.jpg", picture(number), "image/jpeg"),
            caption=CAPTIONS[number % len(CAPTIONS)],
            by=valuer,
            now=now,
        )
    steps: dict[str, list[Callable[[], Any]]] = {
        "draft": [],
        "in_review": [lambda: actions.submit_report(report_id=report.pk, by=valuer, now=now)],
    }
    steps["changes_requested"] = [
        *steps["in_review"],
        lambda: actions.return_report(
            report_id=report.pk,
            note="Please say how the composite rate was compared.",
            by=manager,
            now=now,
        ),
    ]
    steps["issued"] = [
        *steps["in_review"],
        lambda: actions.approve_report(report_id=report.pk, by=manager, now=now),
        lambda: actions.issue_report(report_id=report.pk, organization=organization, by=manager, now=now),
    ]
    for step in steps[demo.reach]:
        step()
