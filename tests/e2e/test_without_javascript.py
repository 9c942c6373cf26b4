"""The shortest way through a report works in a browser that runs no script."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from reports.demo_pictures import picture
from tests.e2e.conftest import Site, Watch
from tests.e2e.doing import OTHER_VALUER, Visit, begin_report, press, sign_in, visits

pytestmark = pytest.mark.e2e


@pytest.fixture
def visit(chromium: Browser, site: Site, watch: Watch) -> Iterator[Visit]:
    with visits(chromium, site, watch) as visit:
        yield visit


def add_floor(page: Page, number: int, answers: dict[str, str]) -> None:
    """Add a row to the table of floors and fill it; what stands in the rows before must stay."""
    page.get_by_role("button", name="Add floor").click()
    for name, text in answers.items():
        page.locator(f'[name="floors__{number}__{name}"]').fill(text)


def fill(page: Page, address: str, answers: dict[str, str]) -> None:
    """Type into a section and save it."""
    page.goto(address)
    for name, text in answers.items():
        page.locator(f'[name="{name}"]').fill(text)
    assert press(page, "Save") == 200


def test_a_report_is_begun_filled_and_refused_while_it_is_unfinished(visit: Visit, watch: Watch) -> None:
    watch.expect_console("status of 422")
    page = visit(javascript=False)
    sign_in(page, OTHER_VALUER)
    expect(page.get_by_role("heading", level=1)).to_have_text("Work")
    report = begin_report(page)
    day = date.today() - timedelta(days=2)  # noqa: DTZ011 - no later than today in any zone
    fill(page, f"{report}edit/common/details/", {"valuation_date": day.isoformat()})
    page.goto(f"{report}edit/general/property/")
    page.locator('[name="building_constructed"][value="yes"]').check()
    assert press(page, "Save") == 200
    fill(
        page,
        f"{report}edit/building/description/",
        {"construction_year": str(day.year - 20), "total_life": "60"},
    )

    page.goto(f"{report}edit/building/valuation/")
    add_floor(page, 0, {"floor": "Ground floor", "plinth_area": "1,275", "replacement_rate": "1,650"})
    add_floor(page, 1, {"floor": "First floor", "plinth_area": "1100", "replacement_rate": "1650"})
    expect(page.locator('[name="floors__0__floor"]')).to_have_value("Ground floor")
    assert press(page, "Save") == 200
    # 2,375 sq ft × ₹1,650 less 30 %: 20 of 60 years of what is above a tenth.
    foot = page.locator("#q-floors-foot")
    for total in ("2,375", "39,18,750", "27,43,125"):
        expect(foot).to_contain_text(total)
    expect(page.locator(".rail .values")).to_contain_text("27,43,125")

    page.goto(f"{report}photographs/")
    page.set_input_files(
        'input[name="photos"]', {"name": "front.jpg", "mimeType": "image/jpeg", "buffer": picture(2)}
    )
    page.locator("form.file-drop").first.get_by_role("button", name="Upload").click()
    expect(page.locator("img[src*='/thumbnail/']")).to_have_count(1)

    page.goto(report)
    assert press(page, "Submit for review") == 422
    expect(page.locator(".banner.bad a").filter(has_text="applicant")).to_be_visible()
    expect(page.locator("h1 + .status")).to_contain_text("Draft")
