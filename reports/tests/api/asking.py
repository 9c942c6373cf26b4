"""What the tests of the reports' API share: a report to work with, and requests with JSON bodies."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.test import Client
from django.utils import timezone

from banks.models import Format
from reports.actions import begin_report
from reports.models import Report
from tenants.context import organization_active
from tenants.models import Organization, User

ClientFor = Callable[[User], Client]
NEW = {
    "bank": "SBI",
    "branch": "SBI_BLR_MGR",
    "scheme": "general",
    "property_type": "land_building",
}
DETAILS = "common.details"


def begun(firm: Organization, by: User, property_type: str = "land_building") -> Report:
    """A new report of the firm in the format of the State Bank of India."""
    with organization_active(firm.placement):
        chosen = Format.objects.get(bank_code="SBI", property_type=property_type, version=1)
        return begin_report(
            organization=firm, by=by, now=timezone.now(), format_id=chosen.pk, branch_code="SBI_BLR_MGR"
        )


def stored(firm: Organization, report_id: object) -> Report:
    """The report as the database has it now."""
    with organization_active(firm.placement):
        found: Report = Report.objects.get(pk=report_id)
        return found


def set_fields(firm: Organization, report: Report, **fields: Any) -> None:
    """Put a report into a state without walking there."""
    with organization_active(firm.placement):
        Report.objects.filter(pk=report.pk).update(**fields)


def count_reports(firm: Organization) -> int:
    with organization_active(firm.placement):
        return int(Report.objects.count())


def post(browser: Client, body: Any) -> Any:
    return browser.post("/api/reports", json.dumps(body), content_type="application/json")


def patch(browser: Client, report: Report, body: Any, **headers: str) -> Any:
    return browser.patch(
        f"/api/reports/{report.pk}", json.dumps(body), content_type="application/json", headers=headers
    )


def details(base_version: int | None = 0, **answers: Any) -> dict[str, Any]:
    """The body of a change of the first section."""
    change: dict[str, Any] = {"answers": answers}
    if base_version is not None:
        change["base_version"] = base_version
    return {"sections": {DETAILS: change}}


def pointers(answer: Any) -> list[str]:
    """Where the answer says that values are wrong."""
    return [error["pointer"] for error in answer.json()["errors"]]
