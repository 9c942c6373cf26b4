"""A session that ends in the middle of work: what was typed stays, and the page says what to do."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import Site, Watch
from tests.e2e.doing import DRAFT, VALUER, report_of, visits

pytestmark = pytest.mark.e2e


def test_what_was_typed_stays_when_the_session_is_over(chromium: Browser, site: Site, watch: Watch) -> None:
    watch.expect_console("401")
    with visits(chromium, site, watch) as visit:
        page = visit(VALUER)
        page.goto(f"{report_of(page, DRAFT)}edit/common/details/")
        page.context.clear_cookies(name="sessionid")
        field = page.locator("[name='applicant_name']")
        field.fill("Typed after the session was over")
        expect(page.get_by_text("You are signed out. Copy what you typed")).to_be_visible()
        assert field.input_value() == "Typed after the session was over"
