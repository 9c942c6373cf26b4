"""A manager adapts a bank to the firm, sees whose each value is, and goes back; no JavaScript is needed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Site, Watch
from tests.e2e.doing import MANAGER, VALUER, Visit, visits

pytestmark = pytest.mark.e2e
KOTI = "/banks/SBI/branches/SBI_HYD_KOTI/"
FLAT = "/banks/SBI/formats/general/flat/"


@pytest.fixture
def visit(chromium: Browser, site: Site, watch: Watch) -> Iterator[Visit]:
    with visits(chromium, site, watch) as visit:
        yield visit


def _find_the_branch(page: Page) -> None:
    page.goto("/banks/")
    page.get_by_label("Bank, or a branch by IFSC, name or place").fill("sbin0demo04")
    page.get_by_role("main").get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Koti").click()


def test_a_manager_corrects_a_branch_on_a_phone_and_goes_back(visit: Visit) -> None:
    page = visit(MANAGER, width=360, height=780, javascript=False)
    _find_the_branch(page)
    page.get_by_role("link", name="Change", exact=True).click()
    page.get_by_label("Phone", exact=True).fill("000 0000 0004")
    page.get_by_label("Landmark").press("Enter")
    expect(page.get_by_role("main")).to_contain_text("your firm's; the bank has")
    page.get_by_text("Back to the bank's values").click()
    page.get_by_role("button", name="Take all of the bank's").click()
    expect(page.get_by_role("main")).not_to_contain_text("your firm's; the bank has")


def test_a_percentage_of_a_format_is_the_firms_and_the_banks_again(visit: Visit) -> None:
    page = visit(MANAGER)
    page.goto(FLAT)
    page.get_by_label("Realizable value").fill("85")
    page.get_by_role("button", name="Save the figures").click()
    expect(page.get_by_text("Your firm's; the bank's is")).to_be_visible()
    page.get_by_role("button", name="Back to the bank's: Realizable value").click()
    expect(page.get_by_text("Your firm's; the bank's is")).to_have_count(0)


def test_who_is_no_manager_looks_only(visit: Visit) -> None:
    page = visit(VALUER)
    page.goto(KOTI)
    expect(page.get_by_role("heading", level=1)).to_have_text("Koti")
    expect(page.get_by_role("link", name="Change", exact=True)).to_have_count(0)
