"""The API's page: drawn from the schema under the strict Content-Security-Policy, without another site."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.e2e
VALUER = "valuer@demo-valuers.example"


def test_it_draws_every_operation(page_for: Callable[..., Page]) -> None:
    page = page_for(VALUER)
    page.goto("/api/docs/")

    expect(page.locator(".opblock")).to_have_count(8)


def test_an_operation_can_be_tried_out(page_for: Callable[..., Page]) -> None:
    page = page_for(VALUER)
    page.goto("/api/docs/")
    page.locator(".opblock", has_text="Who is signed in").locator(".opblock-summary-control").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()

    expect(page.locator(".live-responses-table")).to_contain_text(VALUER)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_fits_a_telephone(page_for: Callable[..., Page], dark: bool) -> None:
    page = page_for(VALUER, width=360, dark=dark)
    page.goto("/api/docs/")
    expect(page.locator(".opblock")).to_have_count(8)
    page.locator(".opblock", has_text="Change answers").locator(".opblock-summary-control").click()
    expect(page.locator(".responses-table")).to_be_visible()

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
