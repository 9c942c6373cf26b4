"""Reports in each state, as the pages meet them."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from banks.loading import DATA
from banks.models import Format
from reports import actions
from reports.models import Report
from reports.page_cache import page_cache
from tenants.context import organization_active
from tenants.models import Organization, StoredFile, User

Within = Callable[[Callable[[], Any]], Any]


@pytest.fixture
def within(firm: Organization) -> Within:
    """Run something with the firm active, as a look behind the pages."""

    def run(look: Callable[[], Any]) -> Any:
        with organization_active(firm.placement):
            return look()

    return run


@pytest.fixture
def flat_format(formats: None) -> Format:
    found: Format = Format.objects.get(bank_code="SBI", property_type="flat", version=2)
    return found


@pytest.fixture
def begun(firm: Organization, valuer: User, flat_format: Format, within: Within) -> Report:
    """A draft that nobody has filled in."""
    report: Report = within(
        lambda: actions.begin_report(
            organization=firm,
            by=valuer,
            now=timezone.now(),
            format_id=flat_format.pk,
            branch_code="SBI_MUM_BKC",
        )
    )
    return report


@pytest.fixture
def filled(firm: Organization, valuer: User, flat_format: Format, within: Within) -> Report:
    """A draft of a flat with every answer."""
    sample = json.loads((DATA / "samples" / "sbi_flat_v1.json").read_text(encoding="utf-8"))
    report: Report = within(
        lambda: actions.begin_report(
            organization=firm,
            by=valuer,
            now=timezone.now(),
            format_id=flat_format.pk,
            branch_code="SBI_MUM_BKC",
            answers=sample["answers"],
        )
    )
    return report


@pytest.fixture
def in_review(filled: Report, valuer: User, within: Within) -> Report:
    """Submitted by the valuer."""
    report: Report = within(lambda: actions.submit_report(report_id=filled.pk, by=valuer, now=timezone.now()))
    return report


@pytest.fixture
def approved(in_review: Report, manager: User, within: Within) -> Report:
    report: Report = within(
        lambda: actions.approve_report(report_id=in_review.pk, by=manager, now=timezone.now())
    )
    return report


@pytest.fixture
def issued(approved: Report, firm: Organization, manager: User, within: Within) -> Report:
    report: Report = within(
        lambda: actions.issue_report(report_id=approved.pk, organization=firm, by=manager, now=timezone.now())
    )
    return report


def jpeg(name: str = "front.jpg", size: tuple[int, int] = (320, 240)) -> SimpleUploadedFile:
    """A plain picture as a browser sends it."""
    written = BytesIO()
    Image.new("RGB", size, "#88aacc").save(written, "JPEG")
    return SimpleUploadedFile(name, written.getvalue(), "image/jpeg")


@pytest.fixture
def photograph(begun: Report, valuer: User, within: Within) -> StoredFile:
    """One photograph of ``begun``."""
    file: StoredFile = within(
        lambda: actions.add_photograph(
            report_id=begun.pk, upload=jpeg(), by=valuer, now=timezone.now(), caption="Front"
        )
    )
    return file


@pytest.fixture(autouse=True)
def _no_kept_pages() -> None:
    page_cache.clear()
