"""Staff write a draft of a format in a browser: saved in place, seen beside it, removed again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tenants.management.commands.load_demo import STAFF

pytestmark = pytest.mark.e2e


@pytest.fixture
def draft(page_for: Callable[..., Page]) -> Iterator[Page]:
    """The editor of a new draft, which is removed afterwards."""
    page = page_for(STAFF)
    page.goto("/admin/banks/format/?q=SBI")
    page.get_by_role("link", name="State Bank of India: flat").first.click()
    page.get_by_role("link", name="New version from this one").click()
    page.get_by_role("button", name="New version").click()
    expect(page.get_by_role("heading", name="Write the draft")).to_be_visible()
    yield page
    page.goto(re.sub(r"/edit/.*", "/remove/", page.url))
    page.get_by_role("button", name="Remove draft").click()
    expect(page.get_by_text("was removed")).to_be_visible()


def test_a_label_is_changed_in_place_and_seen_beside_it(draft: Page) -> None:
    draft.goto(f"{draft.url}?at=common.details")
    draft.get_by_role("navigation", name="Outline of the format").get_by_role(
        "link", name="Name of the applicant"
    ).click()
    expect(draft.get_by_role("heading", name="Field: Name of the applicant")).to_be_visible()
    draft.get_by_label("Label:", exact=True).first.fill("Name of the borrower")
    draft.get_by_role("button", name="Save", exact=True).click()
    expect(draft.get_by_text("“Name of the borrower” is saved.")).to_be_visible()
    preview = draft.get_by_role("complementary", name="Preview")
    expect(preview.get_by_text("Name of the borrower").first).to_be_visible()
    expect(preview.get_by_role("img", name="Page 1 as it will print")).to_be_visible(timeout=20_000)


def test_its_pages_fit_a_phone_and_a_screen(draft: Page) -> None:
    editor = draft.url
    too_wide = []
    for name in ("edit/", "edit/?at=document", "json/", "compare/", "preview/", "publish/"):
        draft.goto(editor.replace("edit/", name))
        for width in (360, 1280):
            draft.set_viewport_size({"width": width, "height": 900})
            if draft.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                too_wide.append(f"{name} at {width}")
    draft.goto(editor)
    assert too_wide == []
