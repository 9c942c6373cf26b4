"""A personal API token: made and copied in the browser, used by a program, tried on the API's page."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tenants.management.commands.load_demo import PASSWORD
from tests.e2e.conftest import Site, Watch

pytestmark = pytest.mark.e2e
VALUER = "valuer@demo-valuers.example"


def made_token(page: Page, name: str) -> str:
    page.goto("/tokens/")
    page.get_by_role("link", name="New token").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Present password").fill(PASSWORD)
    page.get_by_role("button", name="Make the token").click()
    return page.get_by_label(name).input_value()


def status_of(site: Site, token: str) -> int:
    """What a program is answered that sends the token and nothing else."""
    with closing(http.client.HTTPConnection(urlsplit(site.url).netloc, timeout=10)) as connection:
        connection.request("GET", "/api/me", headers={"Authorization": f"Bearer {token}"})
        return connection.getresponse().status


def test_a_token_works_until_it_is_revoked(page_for: Callable[..., Page], site: Site) -> None:
    page = page_for(VALUER)
    token = made_token(page, "Nightly import")
    before = status_of(site, token)
    page.get_by_role("link", name="I have kept it").click()
    page.get_by_role("link", name="Revoke Nightly import").click()
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("is revoked: it opens nothing from now on.")).to_be_visible()

    assert (before, status_of(site, token)) == (200, 401)


def test_the_button_copies_the_whole_token(page_for: Callable[..., Page]) -> None:
    page = page_for(VALUER)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    token = made_token(page, "Copied")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Copied.")).to_be_visible()

    assert page.evaluate("navigator.clipboard.readText()") == token


def test_a_token_can_be_tried_on_the_api_s_page(page_for: Callable[..., Page], watch: Watch) -> None:
    page = page_for(VALUER)
    watch.expect_console("403")
    # For reading alone, which is what the form proposes: beginning a report is refused though the person may.
    token = made_token(page, "For reading")
    page.goto("/api/docs/")
    page.locator(".auth-wrapper .authorize").click()
    page.locator(".auth-container input").fill(token)
    page.locator(".auth-btn-wrapper .authorize").first.click()
    page.locator(".btn-done").click()
    page.locator(".opblock", has_text="Begin a report").locator(".opblock-summary-control").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()

    expect(page.locator(".live-responses-table")).to_contain_text("The token's scopes do not allow this")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_pages_fit_a_telephone(
    page_for: Callable[..., Page], keep_screenshot: Callable[[Page, str], None], dark: bool
) -> None:
    page = page_for("manager@demo-valuers.example", width=360, height=800, dark=dark)
    widths = []
    made_token(page, "Import of the branch office's inspections")
    widths.append(page.evaluate("document.documentElement.scrollWidth"))
    for path in ("/tokens/", "/tokens/new/"):
        page.goto(path)
        widths.append(page.evaluate("document.documentElement.scrollWidth"))

    assert max(widths) <= 360
