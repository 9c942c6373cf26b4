"""Every page of the staff's admin in a real browser: nothing inline, nothing from elsewhere, no error.

The browser's surroundings watch each page and fail the test on a breach of the Content-Security-Policy; these
tests open what there is, and use what works by script (calendar, search for a firm, theme, side bar).
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tenants.management.commands.load_demo import STAFF

pytestmark = pytest.mark.e2e
MODELS = (
    "tenants/organization",
    "tenants/user",
    "tenants/plan",
    "tenants/subscription",
    "tenants/cluster",
    "tenants/auditentry",
    "tenants/operation",
    "banks/bank",
    "banks/commonfields",
    "banks/documenttype",
    "banks/format",
)
TO_BE_ADDED = ("organization", "user", "plan", "subscription", "cluster", "bank", "documenttype")
TO_BE_DELETED = ("plan", "cluster", "documenttype")
STEPS = {
    "organization": ("backup", "move", "clone", "rename", "check", "offboard", "suspend"),
    "operation": (),
    "user": ("password", "deactivate"),
    "format": ("retire",),
}

PageFor = Callable[..., Page]


@pytest.fixture
def office(page_for: PageFor) -> Page:
    """A browser in which staff are signed in."""
    return page_for(STAFF)


def opened(page: Page, address: str) -> None:
    response = page.goto(address)
    assert response is not None
    assert response.status == 200, f"{address}: {response.status}"


def fits(page: Page, width: int) -> bool:
    """Whether the page that is open needs no scrolling sideways in a window of that width."""
    page.set_viewport_size({"width": width, "height": 900})
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def first_record(page: Page, model: str) -> str:
    """The address of the first record of a list, without its last part."""
    page.goto(f"/admin/{model}/")
    link = page.locator("#result_list tbody th a").first.get_attribute("href")
    assert link is not None
    found = re.match(r"(/admin/.+/[0-9a-f]{24}/)change/", link)
    assert found is not None
    return found.group(1)


def addresses(page: Page, model: str) -> list[str]:
    name = model.split("/")[1]
    record = first_record(page, model)
    wanted = [f"/admin/{model}/", f"/admin/{model}/?q=a", f"{record}change/", f"{record}history/"]
    wanted += [f"/admin/{model}/add/"] * (name in TO_BE_ADDED)
    wanted += [f"{record}delete/"] * (name in TO_BE_DELETED)
    return wanted + [f"{record}{step}/" for step in STEPS.get(name, ())]


def test_every_page_keeps_the_policy_and_fits_a_phone_and_a_screen(office: Page) -> None:
    pages = ["/admin/", "/admin/tenants/", "/admin/banks/"]
    for model in MODELS:
        pages += addresses(office, model)
    too_wide = []
    for address in pages:
        opened(office, address)
        too_wide += [f"{address} at {width}" for width in (360, 1280) if not fits(office, width)]
    assert too_wide == []


def test_a_bank_s_branch_is_added_changed_and_removed(office: Page) -> None:
    bank = first_record(office, "banks/bank")
    opened(office, f"{bank}branches/add/")
    for label, value in (("Name", "Test Road"), ("Code", "E2E_TEST"), ("IFSC", "BARB0999999")):
        office.get_by_label(f"{label}:", exact=True).fill(value)
    office.get_by_label("City:").fill("Pune")
    office.get_by_label("State:").fill("Maharashtra")
    office.get_by_role("button", name="Save", exact=True).click()
    office.get_by_role("link", name="Test Road", exact=True).click()
    office.get_by_label("City:").fill("Nashik")
    office.get_by_role("button", name="Save", exact=True).click()
    row = office.get_by_role("row").filter(has_text="E2E_TEST")
    expect(row).to_contain_text("Nashik")
    row.get_by_role("link", name="Remove Test Road").click()
    office.get_by_role("button", name="Remove branch").click()
    expect(office.get_by_role("row").filter(has_text="E2E_TEST")).to_have_count(0)


def test_the_calendar_fills_in_a_date(office: Page) -> None:
    opened(office, "/admin/tenants/subscription/add/")
    office.locator("#id_ends_on ~ .datetimeshortcuts a").last.click()
    office.locator(".calendarbox:visible td a").first.click()
    expect(office.locator("#id_ends_on")).to_have_value(re.compile(r"\d"))


def test_a_firm_is_found_by_typing(office: Page) -> None:
    opened(office, "/admin/tenants/user/add/")
    office.locator(".select2-selection").click()
    office.locator(".select2-search__field").fill("Demo")
    office.locator(".select2-results__option", has_text="Demo Valuers").click()
    expect(office.locator("#id_organization")).to_have_value("demo_org_001")


def test_theme_and_side_bar_are_switched(office: Page) -> None:
    opened(office, "/admin/tenants/organization/")
    office.locator("#header .theme-toggle").click()
    office.locator("#toggle-nav-sidebar").click()
    office.reload()
    assert office.locator("html").get_attribute("data-theme") != "auto"


def test_filters_are_combined(office: Page) -> None:
    opened(office, "/admin/tenants/auditentry/")
    office.locator("#changelist-filter").get_by_role("link", name="People").click()
    office.get_by_label("Organization id").fill("demo_org_002")
    office.get_by_label("Organization id").press("Enter")
    expect(office.locator("#result_list tbody tr").first).to_contain_text("demo_org_002")
    assert "category=people" in office.url


def test_a_refused_form_says_why(office: Page) -> None:
    opened(office, "/admin/tenants/organization/add/")
    office.get_by_label("Firm's name:").fill("Nobody")
    office.get_by_role("button", name="Create organization").click()
    expect(office.locator(".field-initials .errorlist")).to_be_visible()
    expect(office.get_by_label("Firm's name:")).to_have_value("Nobody")


def test_signing_out_leads_to_the_sign_in(office: Page) -> None:
    opened(office, "/admin/")
    office.get_by_role("button", name="Sign out").click()
    office.goto("/admin/")
    assert "/sign-in/" in office.url
