"""What several browser tests do: visit as somebody, begin a report, find one, press a button."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from playwright.sync_api import Browser, BrowserContext, Page

from tenants.management.commands.load_demo import PASSWORD
from tests.e2e.conftest import Site, Watch

MANAGER = "manager@demo-valuers.example"
VALUER = "valuer@demo-valuers.example"
ASSISTANT = "assistant@demo-valuers.example"
# Begins the reports that serve one test only, so that the first firm's pages stay presentable.
OTHER_VALUER = "valuer@second-surveyors.example"

# The demo firm's reports, by the state that each is in and its applicant.
DRAFT = "Dinesh Depositor"
IN_REVIEW = "Bhavna Borrower"
CHANGES_REQUESTED = "Chitra Customer"
ISSUED = "Anand Applicant"

# ``visit(email, width=360, dark=True, javascript=False)`` gives a watched page with that person signed in.
Visit = Callable[..., Page]

# Hashing a password takes its time on purpose; who has signed in once keeps the cookie for the other tests.
_sessions: dict[tuple[str, str], str] = {}


@contextmanager
def visits(chromium: Browser, site: Site, watch: Watch) -> Iterator[Visit]:
    """A way to open watched pages as somebody, or as nobody (no e-mail); all are closed at the end."""
    with ExitStack() as contexts:

        def visit(
            email: str | None = None,
            *,
            width: int = 1280,
            height: int = 900,
            dark: bool = False,
            javascript: bool = True,
        ) -> Page:
            context = chromium.new_context(
                base_url=site.url,
                viewport={"width": width, "height": height},
                color_scheme="dark" if dark else "light",
                locale="en-IN",
                timezone_id="Asia/Kolkata",
                java_script_enabled=javascript,
            )
            contexts.callback(context.close)
            context.set_default_timeout(15_000)
            if email is not None:
                _enter(context, site, email)
            page = context.new_page()
            watch.watch(page)
            return page

        yield visit


def _enter(context: BrowserContext, site: Site, email: str) -> None:
    """Give the context the session of that person, who signs in the first time."""
    known = _sessions.get((site.url, email))
    if known is not None:
        context.add_cookies([{"name": "sessionid", "value": known, "url": site.url}])
        return
    page = context.new_page()
    sign_in(page, email)
    page.wait_for_url(re.compile(r"^(?!.*/sign-in/)"))
    page.close()
    cookies = {cookie["name"]: cookie["value"] for cookie in context.cookies()}
    _sessions[site.url, email] = cookies["sessionid"]


def sign_in(page: Page, email: str, password: str = PASSWORD) -> None:
    """Fill in the sign-in form and send it; what comes of it is the test's matter."""
    page.goto("/sign-in/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def report_of(page: Page, applicant: str) -> str:
    """The address of the report that bears this applicant's name."""
    page.goto(f"/reports/?q={applicant.replace(' ', '+')}")
    address = page.locator("main a.ref").first.get_attribute("href")
    assert address is not None
    return address


def begin_report(page: Page) -> str:
    """Begin a land-and-building report of State Bank of India, MG Road; returns the report's address."""
    page.goto("/reports/new/?bank=SBI")
    page.get_by_label(re.compile("MG Road")).check()
    page.get_by_label(re.compile("land and building")).check()
    page.get_by_role("button", name="Begin the report").click()
    page.wait_for_url(re.compile("/edit/"))
    found = re.search(r"/reports/[0-9a-f]{24}/", page.url)
    assert found is not None
    return found.group()


def press(page: Page, name: str) -> int:
    """Press a button that leads to a page; the status of that page."""
    with page.expect_navigation() as navigation:
        page.get_by_role("button", name=name, exact=True).click()
    answer = navigation.value
    assert answer is not None
    return answer.status
