"""A version of a format is taken from its day on; of those whose day has come the newest is offered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from banks.models import Bank, BankType, Branch, Format
from banks.queries import format_in_force, published_formats
from banks.tests.storing import small_content, stored_format
from reports import actions
from reports.formats import forget_formats
from reports.models import Report
from reports.tests.making import NOW
from tenants.context import no_organization, organization_active, shared_resources_writable
from tenants.models import Organization, User

pytestmark = pytest.mark.usefixtures("formats")


@pytest.fixture
def bank(formats: None) -> Iterator[None]:
    # Other tests have formats of the same key.
    forget_formats()
    branch = Branch(code="T1", name="Test branch", ifsc="TSTB0000001", city="Pune", state="Maharashtra")
    with no_organization(), shared_resources_writable():
        Bank.objects.create(code="TST", name="Test bank", bank_type=BankType.PUBLIC, branches=[branch])
    yield
    forget_formats()


def version(number: int, effective_from: date | None) -> Format:
    with no_organization():
        return stored_format(version=number, effective_from=effective_from)


def begun(firm: Organization, by: User, stored: Format) -> Report:
    with organization_active(firm.placement):
        return actions.begin_report(organization=firm, by=by, now=NOW, format_id=stored.pk, branch_code="T1")


def test_a_version_is_offered_from_its_day_on(bank: None) -> None:
    today = timezone.localdate()
    version(1, None)
    version(2, today)
    version(3, today + timedelta(days=1))

    assert [one.version for one in published_formats("TST")] == [2]
    found = format_in_force("TST", "general/land")
    assert found is not None
    assert found.version == 2


def test_a_report_is_not_begun_in_a_version_of_tomorrow(bank: None, firm: Organization, valuer: User) -> None:
    later = version(2, timezone.localdate(NOW) + timedelta(days=1))
    with pytest.raises(actions.FormatUnavailable):
        begun(firm, valuer, later)


def test_the_api_takes_the_version_in_force(
    bank: None, firm: Organization, valuer: User, client_for: Any
) -> None:
    version(1, None)
    version(2, timezone.localdate() + timedelta(days=1))
    browser: Client = client_for(valuer)
    body = {"bank": "TST", "branch": "T1", "scheme": "general", "property_type": "land"}

    begun = browser.post("/api/reports", body, content_type="application/json")
    named = browser.post("/api/reports", {**body, "version": 2}, content_type="application/json")

    assert (begun.status_code, begun.json()["format_version"]) == (201, 1)
    assert (named.status_code, named.json()["errors"][0]["pointer"]) == (422, "#/version")


def test_a_reference_of_the_former_system_s_name_and_a_default_of_today_are_filled_in(
    bank: None, firm: Organization, valuer: User
) -> None:
    content = small_content()
    content["tabs"][1]["sections"][0]["fields"] += [
        {"id": "report_reference_number", "type": "text", "label": "Reference", "read_only": True},
        {"id": "seen_on", "type": "date", "label": "Seen on", "default": "today"},
        {
            "id": "site",
            "type": "group",
            "label": "Site",
            "fields": [
                {"id": "walled", "type": "checkbox", "label": "Walled", "default": True},
            ],
        },
    ]
    with no_organization():
        stored = stored_format(content=content)
    report = begun(firm, valuer, stored)

    assert report.answers["land"]["value"] == {
        "report_reference_number": report.reference,
        "seen_on": timezone.localdate(NOW).isoformat(),
        "site": {"walled": True},
    }
