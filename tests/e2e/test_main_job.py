"""The main job in a real browser: from a blank report to an issued document, and no further than the firm."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from io import BytesIO

from playwright.sync_api import FilePayload, Page, expect
from pypdf import PdfReader

from banks.formats.shipped import sample, shipped_format
from reports.demo_pictures import picture
from tests.e2e.conftest import Watch
from tests.e2e.filling import fill_report

VALUER = "valuer@demo-valuers.example"
MANAGER = "manager@demo-valuers.example"
RIVAL = "manager@second-surveyors.example"
FORMAT = "sbi_land_building_v1"

PageFor = Callable[..., Page]


def begin(page: Page) -> str:
    """Begin a report of State Bank of India, MG Road; returns the report's address."""
    page.get_by_role("link", name="New report").first.click()
    page.get_by_role("link", name="State Bank of India").click()
    page.get_by_label(re.compile("MG Road")).check()
    page.get_by_label(re.compile("land and building")).check()
    page.get_by_role("button", name="Begin the report").click()
    page.wait_for_url(re.compile("/edit/"))
    found = re.search(r"/reports/[0-9a-f]{24}/", page.url)
    assert found is not None
    return found.group()


def add_photographs(page: Page, report: str) -> None:
    page.goto(f"{report}photographs/")
    files: list[FilePayload] = [
        {"name": f"p{n}.jpg", "mimeType": "image/jpeg", "buffer": picture(n)} for n in range(3)
    ]
    page.set_input_files('input[type="file"][name="photos"]', files)
    expect(page.locator("img[src*='/thumbnail/']")).to_have_count(3)
    captions = page.locator("input[name='caption']")
    captions.nth(0).fill("Front with the owner")
    captions.nth(0).press("Enter")
    expect(page.locator("input[name='caption']").nth(0)).to_have_value("Front with the owner")
    first = page.locator("img[src*='/thumbnail/']").first.get_attribute("src")
    page.get_by_role("button", name=re.compile("later|down", re.I)).first.click()
    expect(page.locator("img[src*='/thumbnail/']").nth(1)).to_have_attribute("src", first or "")


def submit(page: Page, report: str) -> None:
    page.goto(report)
    page.get_by_role("button", name="Submit for review").click()
    expect(page.get_by_text("In review").first).to_be_visible()


def the_document_says_what_was_valued(page: Page, report: str) -> None:
    """The bytes have the hash that the page shows, and every figure stands where a bank looks for it."""
    shown = page.locator("code.hash").inner_text()
    bytes_of_document = page.request.get(f"{report}document.pdf").body()
    assert hashlib.sha256(bytes_of_document).hexdigest() == shown
    pages = [sheet.extract_text() for sheet in PdfReader(BytesIO(bytes_of_document)).pages]
    reference = page.get_by_role("heading", level=1).inner_text().strip()
    for number, text in enumerate(pages, start=1):
        assert f"page {number} of {len(pages)}" in text
        assert reference in text
    whole = "\n".join(pages)
    for figure in ("14,72,625", "12,70,500", "27,43,125", "1,03,20,000", "1,34,58,125", "1,34,58,000"):
        assert figure in whole
    assert "Rupees One Crore Thirty-Four Lakh Fifty-Eight Thousand Only" in " ".join(whole.split())
    assert "Front with the owner" in whole


def test_a_report_is_written_reviewed_corrected_and_issued(page_for: PageFor, watch: Watch) -> None:
    answers = sample(FORMAT)["answers"]
    valuer = page_for(VALUER)
    report = begin(valuer)
    assert fill_report(valuer, shipped_format(FORMAT), answers) > 150
    expect(valuer.get_by_text("1,32,18,125").first).to_be_visible()

    add_photographs(valuer, report)
    valuer.goto(f"{report}preview/")
    first_page = valuer.locator("img[src*='/preview/1.png']")
    expect(first_page).to_be_visible()
    assert first_page.evaluate("image => image.decode().then(() => image.naturalWidth)") > 400
    submit(valuer, report)

    manager = page_for(MANAGER)
    manager.goto(f"{report}review/")
    row = manager.locator('[id="land.valuation.adopted_rate"]')
    row.locator("summary").click()
    row.locator("textarea").fill("Please compare with the deal on the main road.")
    row.get_by_role("button").last.click()
    expect(manager.get_by_text("Please compare with the deal on the main road.").first).to_be_visible()
    manager.get_by_label("Note to the valuer").fill("One rate to look at again.")
    manager.get_by_role("button", name="Return for changes").click()
    expect(manager.get_by_text("Changes requested").first).to_be_visible()

    valuer.goto(f"{report}edit/land/valuation/")
    expect(valuer.get_by_text("Please compare with the deal on the main road.").first).to_be_visible()
    valuer.locator('[name="adopted_rate"]').fill("4,300")
    # The totals follow what is typed, before anything is saved: 2,400 sq ft × ₹4,300.
    expect(valuer.get_by_text("1,03,20,000").first).to_be_visible()
    valuer.get_by_role("button", name="Save", exact=True).click()
    expect(valuer.get_by_text("1,34,58,125").first).to_be_visible()
    submit(valuer, report)

    manager.goto(f"{report}review/")
    manager.get_by_role("button", name="Approve").click()
    manager.goto(report)
    manager.get_by_role("button", name="Issue the document").click()
    expect(manager.get_by_role("heading", name="The issued document")).to_be_visible()

    the_document_says_what_was_valued(manager, report)

    # Frozen: the editor shows, and changes nothing.
    valuer.goto(f"{report}edit/land/valuation/")
    assert valuer.locator('button[name="then"]').count() == 0

    watch.expect_console("404")
    rival = page_for(RIVAL)
    for address in (report, f"{report}review/", f"{report}document.pdf", f"{report}edit/land/valuation/"):
        assert rival.request.get(address).status == 404
