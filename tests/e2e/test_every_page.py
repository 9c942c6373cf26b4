"""Every page of the firm's side: it answers, fits a phone and a screen, and shuts nobody out.

Each is looked at light on a wide screen and dark on a phone, as a manager sees it. The rules of accessibility
are axe's; what it calls serious or critical fails the test. The browser's surroundings watch meanwhile for
breaches of the Content-Security-Policy and errors in scripts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from enum import Enum
from typing import Any, cast

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Browser, Page, expect

from banks.formats.definition import Section
from banks.formats.shipped import shipped_format
from tests.e2e.conftest import Site, Watch
from tests.e2e.doing import CHANGES_REQUESTED, DRAFT, IN_REVIEW, ISSUED, MANAGER, Visit, report_of, visits

pytestmark = pytest.mark.e2e
FORMAT = "sbi_land_building_v1"
APPROVED, CANCELLED = "Farida Finished", "Gopal Given-up"
# The states that no report of the demo data is in: copies of the draft that got so far.
ADD_REPORTS = f"""
from bson import ObjectId
from reports.models import Report
from tenants.context import organization_active
from tenants.models import Organization
with organization_active(Organization.objects.get(org_id="demo_org_001").placement):
    Report.objects.filter(applicant_name__in=("{APPROVED}", "{CANCELLED}")).delete()
    for applicant, status in (("{APPROVED}", "approved"), ("{CANCELLED}", "cancelled")):
        report = Report.objects.get(applicant_name="{DRAFT}")
        report.pk, report.applicant_name, report.status = ObjectId(), applicant, status
        report.reference += "/" + status
        report.search_text = applicant.lower()
        report.save(force_insert=True)
"""
REMOVE_REPORTS = ADD_REPORTS.partition("    for ")[0]

# Swagger UI draws the operations of the API; its markup is not ours.
_AXE = """(part) => axe.run({include: [[part]], exclude: [[".swagger-ui"]]}, {resultTypes: ["violations"]})"""
_MEASURE = """() => [
    document.documentElement.scrollWidth - document.documentElement.clientWidth,
    document.querySelectorAll("h1:not(.swagger-ui h1)").length,
    document.title.trim(),
]"""


class Look(Enum):
    """How a page is looked at: width and height of the window, colours."""

    WIDE = (1280, 860, "light")
    NARROW = (360, 780, "dark")

    def take(self, page: Page) -> None:
        width, height, colours = self.value
        page.set_viewport_size({"width": width, "height": height})
        # Without movement: colours half-way between light and dark have no contrast.
        page.emulate_media(color_scheme=cast("Any", colours), reduced_motion="reduce")


@pytest.fixture
def visit(chromium: Browser, site: Site, watch: Watch) -> Iterator[Visit]:
    with visits(chromium, site, watch) as visit:
        yield visit


@pytest.fixture(scope="module")
def reports_in_every_state(site: Site) -> Iterator[None]:
    site.manage("shell", "-c", ADD_REPORTS)
    yield
    site.manage("shell", "-c", REMOVE_REPORTS)


def barriers(page: Page, part: str) -> list[str]:
    """What axe finds serious or critical in a part (a selector) of the open page, with the first places."""
    # Evaluated by way of the debugger, which the page's policy does not concern.
    page.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate(_AXE, part)
    return [
        f"{one['id']}: {[node['target'] for node in one['nodes']][:3]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]


def problems_of(
    page: Page, address: str, *, read_in: Collection[Look] = tuple(Look), part: str = "html"
) -> list[str]:
    """Everything that is wrong with the page at an address: measured in every look, read by axe in some."""
    answer = page.goto(address)
    found = [] if answer is not None and answer.status == 200 else [f"status {answer and answer.status}"]
    for look in Look:
        look.take(page)
        overflow, headings, title = page.evaluate(_MEASURE)
        found += [f"{look.name}: {overflow} pixels too wide"] * (overflow > 0)
        found += [f"{headings} main headings"] * (headings != 1)
        found += ["no title"] * (not title)
        if look in read_in:
            found += [f"{look.name}: {barrier}" for barrier in barriers(page, part)]
    return [f"{address}: {one}" for one in found]


def test_the_firm_s_pages_are_sound(visit: Visit) -> None:
    page = visit(MANAGER)
    addresses = [
        "/",
        "/reports/",
        "/reports/?mine=1&status=draft",
        "/reports/?q=nobody+has+this+name",
        "/reports/new/",
        "/reports/new/?bank=SBI",
        "/reports/new/?bank=NONE",
        "/profile/",
        "/firm/",
        *("/people/", "/people/invite/", "/usage/", "/activity/", "/support/"),
        *("/account/", "/account/settings/", "/account/sessions/", "/password/", "/tokens/", "/tokens/new/"),
    ]
    assert [problem for address in addresses for problem in problems_of(page, address)] == []


def test_the_reference_of_the_api_is_sound(visit: Visit) -> None:
    assert problems_of(visit(MANAGER), "/api/docs/") == []


@pytest.mark.usefixtures("reports_in_every_state")
def test_the_pages_of_a_report_are_sound_in_every_state(visit: Visit) -> None:
    page = visit(MANAGER)
    draft, in_review, issued = (report_of(page, name) for name in (DRAFT, IN_REVIEW, ISSUED))
    addresses = [report_of(page, name) for name in (CHANGES_REQUESTED, APPROVED, CANCELLED)]
    addresses += [draft, in_review, f"{in_review}review/", issued, f"{issued}review/"]
    addresses += [f"{draft}photographs/", f"{issued}photographs/", f"{draft}preview/"]
    found = []
    for number, address in enumerate(addresses):
        found += problems_of(page, address, read_in=[tuple(Look)[number % 2]])
    assert found == []


def test_every_section_of_the_editor_is_sound(visit: Visit) -> None:
    page = visit(MANAGER)
    report = report_of(page, DRAFT)
    found: list[str] = []
    # axe takes longer than all else, and what stands around a section is the same on every page. It reads the
    # sections that between them have every kind of control, each kind both wide and narrow.
    unread = {look: kinds_in(shipped_format(FORMAT).sections()) for look in Look}
    for number, section in enumerate(shipped_format(FORMAT).sections()):
        kinds = kinds_in([section])
        read_in = [look for look in Look if unread[look] & kinds]
        for look in read_in:
            unread[look] -= kinds
        address = f"{report}edit/{section.tab_id}/{section.id}/"
        found += problems_of(page, address, read_in=read_in, part="#section" if number else "html")
    assert found == []
    assert not any(unread.values())


def kinds_in(sections: Iterable[Section]) -> set[str]:
    """The kinds of control that sections have: types of fields, of those within groups and tables, and the
    shapes of tables."""
    found: set[str] = set()
    waiting = [field for section in sections for field in section.fields]
    while waiting:
        field = waiting.pop()
        found.add(field.type.value + ("" if field.table is None else f" {field.table.kind.value}"))
        found.update({"not applicable"} if field.not_applicable else ())
        waiting.extend(field.fields)
        if field.table is not None:
            waiting.extend((*field.table.columns, *field.table.row_fields))
    return found


def test_a_section_that_is_frozen_is_sound(visit: Visit) -> None:
    page = visit(MANAGER)
    address = f"{report_of(page, ISSUED)}edit/building/valuation/"
    assert problems_of(page, address) == []


# As wide as a sheet of A4 between its margins, at 96 dots an inch and the scale that browsers print at.
PAPER = {"width": 760, "height": 1100}
_RIGHTMOST = """() => Math.max(
    ...[...document.querySelectorAll("th, td")].map((cell) => cell.getBoundingClientRect().right)
)"""


def test_paper_gets_the_page_without_its_frame_and_every_column(visit: Visit) -> None:
    page = visit(MANAGER)
    draft, in_review = report_of(page, DRAFT), report_of(page, IN_REVIEW)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": PAPER["width"], "height": PAPER["height"]})
    found = []
    for address in ("/reports/", draft, f"{in_review}review/", f"{draft}edit/building/valuation/"):
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        for frame in (".topbar", ".bottombar", ".button"):
            found += [f"{address}: prints {frame}"] * page.locator(frame).filter(visible=True).count()
        if page.locator("td").count() and page.evaluate(_RIGHTMOST) > PAPER["width"]:
            found.append(f"{address}: a table is cut off")
    assert found == []
