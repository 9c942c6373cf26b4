"""A picture of each main page, for whoever reads about the application before running it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tenants.management.commands.load_demo import STAFF
from tests.e2e.conftest import Site, Watch
from tests.e2e.doing import (
    CHANGES_REQUESTED,
    DRAFT,
    IN_REVIEW,
    ISSUED,
    MANAGER,
    VALUER,
    Visit,
    report_of,
    visits,
)

pytestmark = pytest.mark.e2e
FORMAT_TITLE = "State Bank of India: land and building"
SIZE = {"width": 1280, "height": 860}

Keep = Callable[[Page, str], None]


@pytest.fixture
def visit(chromium: Browser, site: Site, watch: Watch) -> Iterator[Visit]:
    with visits(chromium, site, watch) as visit:
        yield visit


@pytest.fixture
def keep(keep_screenshot: Keep) -> Callable[[Page, str, str], None]:
    """``keep(page, name, heading)``: make sure that the page is the one meant, keep its picture."""

    def keep(page: Page, name: str, heading: str) -> None:
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        # What is in sight is drawn; the fonts it is set in are known by then.
        page.evaluate(
            """async () => {
                const seen = [...document.images].filter((image) => {
                    const place = image.getBoundingClientRect();
                    return place.height && place.top < innerHeight;
                });
                await Promise.all([document.fonts.ready, ...seen.map((image) => image.decode())]);
            }"""
        )
        keep_screenshot(page, name)

    return keep


def test_the_pages_of_a_valuer(visit: Visit, keep: Callable[[Page, str, str], None]) -> None:
    page = visit(VALUER, **SIZE)
    page.goto("/")
    keep(page, "work", "Work")
    page.goto("/reports/")
    keep(page, "reports", "Reports")
    page.goto("/reports/new/?bank=SBI")
    keep(page, "new-report", "New report")
    report = report_of(page, DRAFT)
    page.goto(f"{report}edit/land/valuation/")
    keep(page, "editor", FORMAT_TITLE)
    page.goto(f"{report}preview/")
    keep(page, "preview", "Preview")
    page.goto(f"{report_of(page, CHANGES_REQUESTED)}photographs/")
    keep(page, "photographs", "Photographs")


def test_the_editor_on_a_phone_in_the_dark(visit: Visit, keep: Callable[[Page, str, str], None]) -> None:
    page = visit(VALUER, width=360, height=780, dark=True)
    page.goto(f"{report_of(page, DRAFT)}edit/building/valuation/")
    keep(page, "editor-phone", FORMAT_TITLE)


def test_the_pages_of_a_manager(visit: Visit, keep: Callable[[Page, str, str], None]) -> None:
    page = visit(MANAGER, **SIZE)
    page.goto(f"{report_of(page, IN_REVIEW)}review/")
    keep(page, "review", "Review")
    issued = report_of(page, ISSUED)
    reference = page.locator("main a.ref").first.inner_text()
    page.goto(issued)
    keep(page, "issued", reference)


def test_the_reference_of_the_api(visit: Visit, keep: Callable[[Page, str, str], None]) -> None:
    page = visit(MANAGER, **SIZE)
    page.goto("/api/docs/")
    expect(page.get_by_text("/api/reports", exact=True).first).to_be_visible()
    keep(page, "api-reference", "API")


def test_the_dashboard_of_the_staff(visit: Visit, keep: Callable[[Page, str, str], None]) -> None:
    page = visit(STAFF, **SIZE)
    page.goto("/admin/")
    keep(page, "staff-dashboard", page.get_by_role("heading", level=1).inner_text())
