"""The shortest way through a report works in a browser that runs no script."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from reports.demo import picture
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


def test_a_report_is_begun_filled_and_refused_while_it_is_unfinished(visit: Visit, watch: Watch) -> None:
    watch.expect_console("status of 422")
    page = visit(javascript=False)
    sign_in(page, OTHER_VALUER)
    expect(page.get_by_role("heading", level=1)).to_have_text("Work")
    report = begin_report(page)
    page.goto(f"{report}edit/general/property/")
    page.locator('[name="building_constructed"][value="yes"]').check()
    assert press(page, "Save") == 200
    page.goto(f"{report}edit/building/description/")
    page.locator('[name="total_life"]').fill("60")
    page.locator('[name="construction_year"]').fill("2006")
    assert press(page, "Save") == 200

    page.goto(f"{report}edit/building/valuation/")
    add_floor(page, 0, {"particulars": "Ground floor", "plinth_area": "1,275", "replacement_rate": "1,650"})
    add_floor(page, 1, {"particulars": "First floor", "plinth_area": "1100", "replacement_rate": "1650"})
    expect(page.locator('[name="floors__0__particulars"]')).to_have_value("Ground floor")
    assert press(page, "Save") == 200
    expect(page.locator("#q-floors-foot")).to_contain_text("2,375")
    # 2,375 sq ft × ₹1,650, before depreciation.
    expect(page.locator("#q-floors-foot")).to_contain_text("39,18,750")
    expect(page.locator(".rail .values")).to_contain_text("Building")

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
