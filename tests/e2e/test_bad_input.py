"""What is wrong is refused with its name and its rule, what was typed stays, and nothing is half done."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from reports.demo_pictures import picture
from tenants.management.commands.load_demo import PASSWORD, STAFF
from tests.e2e.conftest import Site, Watch
from tests.e2e.doing import OTHER_VALUER, VALUER, Visit, begin_report, press, sign_in, visits

pytestmark = pytest.mark.e2e
OF_NO_FIRM = "nobody@elsewhere.example"
OF_PAUSED_FIRM = "manager@paused-valuers.example"
PAUSED = "paused_org_001"

ADD_PEOPLE = f"""
from tenants.models import Organization, User
from tenants.operations.people import add_member, add_person
from tenants.permissions import Role
add_person(User(email="{OF_NO_FIRM}", name="Nina Nobody"), password="{PASSWORD}", by=None)
firm = Organization.objects.get(org_id="{PAUSED}")
add_member(organization=firm, email="{OF_PAUSED_FIRM}", name="Paula Paused", role=Role.MANAGER,
           password="{PASSWORD}", by=None)
"""


@pytest.fixture
def visit(chromium: Browser, site: Site, watch: Watch) -> Iterator[Visit]:
    with visits(chromium, site, watch) as visit:
        yield visit


@pytest.fixture(scope="module")
def further_people(site: Site) -> None:
    """A manager of a firm that no other test uses, and somebody who belongs to no firm."""
    site.manage("create_org", PAUSED, "--name", "Paused Valuers", "--initials", "PV")
    site.manage("shell", "-c", ADD_PEOPLE)


def control(page: Page, name: str) -> Locator:
    return page.locator(f'[name="{name}"]')


# Answers ----------------------------------------------------------------------------------------------

TOMORROW = (date.today() + timedelta(days=2)).isoformat()  # noqa: DTZ011 - two days are enough in any zone

# section, what is typed, the field that is wrong, its label, the rule
WRONG = (
    ("land/size", {"north_south": "sixty"}, "north_south", "North and south", "“sixty” is not a number"),
    ("land/size", {"east_west": "-4"}, "east_west", "East and west", "At least 0"),
    (
        "general/extent",
        {"extent_deed": "120 kg"},
        "extent_deed",
        "A: extent as per the deed",
        "“kg” does not",
    ),
    ("building/plan", {"plan_date": TOMORROW}, "plan_date", "Date of issue", "At most today"),
    (
        "building/plan",
        {"plan_date": "2020-02-01", "plan_valid_until": "2019-02-01"},
        "plan_valid_until",
        "Valid until",
        "A plan is valid until a day after its issue",
    ),
    ("building/description", {"construction_year": "1790"}, "construction_year", "Year", "At least 1800"),
    ("general/location", {"pin_code": "012"}, "pin_code", "PIN code", "six digits"),
)


def test_a_wrong_answer_is_named_with_its_rule_and_keeps_what_was_typed(visit: Visit, watch: Watch) -> None:
    watch.expect_console("status of 422")
    page = visit(OTHER_VALUER)
    report = begin_report(page)
    # The questions about the building follow this answer.
    page.goto(f"{report}edit/general/property/")
    page.locator('[name="building_constructed"][value="yes"]').press("Space")
    assert press(page, "Save") == 200
    for section, typed, wrong, label, rule in WRONG:
        page.goto(f"{report}edit/{section}/")
        for name, text in typed.items():
            control(page, name).fill(text)
        assert press(page, "Save") == 422, typed
        expect(page.locator(f"#q-{wrong}-error")).to_contain_text(rule)
        expect(control(page, wrong)).to_have_attribute("aria-invalid", "true")
        named = page.locator(".banner").get_by_role("link", name=re.compile(f"^{label}"))
        expect(named).to_have_attribute("href", f"#q-{wrong}")
        for name, text in typed.items():
            expect(control(page, name)).to_have_value(text)


def test_a_wrong_answer_keeps_the_right_ones_beside_it_from_being_half_saved(
    visit: Visit, watch: Watch
) -> None:
    watch.expect_console("status of 422")
    page = visit(OTHER_VALUER)
    address = f"{begin_report(page)}edit/land/size/"
    page.goto(address)
    control(page, "north_south").fill("60")
    control(page, "east_west").fill("forty")
    assert press(page, "Save") == 422
    page.goto(address)
    expect(control(page, "north_south")).to_have_value("")


# section, then for some of its fields what people type and how it stands there afterwards
AS_TYPED = (
    (
        "land/market",
        {"market_rate_low": ("14.7 lakh", "14,70,000"), "market_rate_high": ("₹ 1472625", "14,72,625")},
    ),
    ("land/guideline", {"guideline_rate": ("1,275", "1,275")}),
    ("general/extent", {"extent_deed": ("240 sq yd", "240"), "extent_actual": ("2,400 sqft", "2,400")}),
)


def test_numbers_are_understood_as_people_type_them(visit: Visit) -> None:
    page = visit(OTHER_VALUER)
    report = begin_report(page)
    for section, answers in AS_TYPED:
        page.goto(f"{report}edit/{section}/")
        for name, (typed, _) in answers.items():
            control(page, name).fill(typed)
        assert press(page, "Save") == 200, answers
        for name, (_, shown) in answers.items():
            expect(control(page, name)).to_have_value(shown)
    expect(control(page, "extent_deed__unit")).to_have_value("sq_yd")
    expect(control(page, "extent_actual__unit")).to_have_value("sq_ft")


def test_an_unfinished_report_is_not_submitted_and_each_reason_leads_to_its_field(
    visit: Visit, watch: Watch
) -> None:
    watch.expect_console("status of 422")
    page = visit(OTHER_VALUER)
    report = begin_report(page)
    page.goto(report)
    assert press(page, "Submit for review") == 422
    problems = page.locator(".banner.bad a")
    expect(problems.filter(has_text="applicant")).to_have_count(1)
    expect(page.locator("h1 + .status")).to_contain_text("Draft")
    # A few from the whole list, one of a photograph among them where it is asked for.
    links = [link.get_attribute("href") or "" for link in problems.all()]
    assert len(links) > 20
    for address in links[:: len(links) // 5]:
        page.goto(address)
        where, _, anchor = address.partition("#")
        assert page.url.endswith(address)
        assert not anchor or page.locator(f'[id="{anchor}"]').is_visible(), f"{where} has no #{anchor}"


# Photographs ------------------------------------------------------------------------------------------


def too_many_pixels() -> bytes:
    """An image that is small as a file and of 64 million pixels."""
    written = BytesIO()
    Image.new("1", (8000, 8000)).save(written, "PNG")
    return written.getvalue()


def test_each_bad_file_is_refused_with_name_reason_and_limit_and_the_good_one_kept(
    visit: Visit, tmp_path: Path
) -> None:
    files = {
        "letter.jpg": b"Dear Sir or Madam, this is no photograph.",
        "map.png": too_many_pixels(),
        "huge.jpg": picture(0) + bytes(15 * 1024 * 1024),
        "front.jpg": picture(1),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    # Without scripts: otherwise the browser makes large images small before they are sent.
    page = visit(OTHER_VALUER, javascript=False)
    page.goto(f"{begin_report(page)}photographs/")
    page.set_input_files('input[name="photos"]', [tmp_path / name for name in files])
    page.locator("form.file-drop").first.get_by_role("button", name="Upload").click()
    refusals = page.locator(".toast.error")
    expect(refusals.filter(has_text="letter.jpg")).to_contain_text("no JPEG, PNG or WebP image")
    expect(refusals.filter(has_text="map.png")).to_contain_text("64 million pixels; at most 60 million")
    expect(refusals.filter(has_text="huge.jpg")).to_contain_text("15 MB")
    expect(page.locator(".toast.success")).to_contain_text("1 photograph added")
    expect(page.locator("img[src*='/thumbnail/']")).to_have_count(1)


def test_a_text_file_that_is_dropped_in_is_refused_by_name(visit: Visit) -> None:
    page = visit(OTHER_VALUER)
    page.goto(f"{begin_report(page)}photographs/")
    page.set_input_files(
        'input[name="photos"]', {"name": "notes.jpg", "mimeType": "image/jpeg", "buffer": b"Notes."}
    )
    expect(page.locator(".toast.error")).to_contain_text("notes.jpg")
    expect(page.locator("img[src*='/thumbnail/']")).to_have_count(0)


# People and firms -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("further_people")
def test_somebody_without_a_firm_gets_a_page_that_says_so(visit: Visit, watch: Watch) -> None:
    watch.expect_console("status of 403")
    page = visit()
    sign_in(page, OF_NO_FIRM)
    expect(page.get_by_role("heading", level=1)).to_have_text("Your account belongs to no firm yet")
    expect(page.locator("main")).to_contain_text(OF_NO_FIRM)
    page.get_by_role("button", name="Sign out").last.click()
    expect(page.get_by_label("E-mail")).to_be_visible()


@pytest.mark.usefixtures("further_people")
def test_a_suspended_firm_is_refused_on_the_next_click_and_let_in_again(visit: Visit, watch: Watch) -> None:
    watch.expect_console("status of 403")
    manager, office = visit(OF_PAUSED_FIRM), visit(STAFF)
    manager.goto("/")
    expect(manager.get_by_role("heading", level=1)).to_have_text("Work")
    office.goto("/admin/tenants/organization/?q=Paused")
    record = (office.locator("#result_list tbody th a").first.get_attribute("href") or "").split("change/")[0]

    office.goto(f"{record}suspend/")
    office.get_by_label("Reason").fill("The plan has run out.")
    office.get_by_role("button", name="Suspend").click()
    expect(office.get_by_text("is suspended")).to_be_visible()
    manager.get_by_role("link", name="Reports").first.click()
    expect(manager.get_by_role("heading", level=1)).to_have_text("Sign in")
    sign_in(manager, OF_PAUSED_FIRM)
    expect(manager.get_by_role("heading", level=1)).to_have_text("This firm is suspended")

    office.goto(f"{record}reactivate/")
    office.get_by_role("button", name="Reactivate").click()
    expect(office.get_by_text("is open again")).to_be_visible()
    manager.reload()
    expect(manager.get_by_role("heading", level=1)).to_have_text("Work")


def test_a_refused_sign_in_does_not_tell_who_exists(visit: Visit, watch: Watch) -> None:
    watch.expect_console("status of 422")
    page = visit()
    said = []
    for email in (VALUER, "stranger@demo-valuers.example"):
        sign_in(page, email, "not-the-password-of-anybody")
        expect(page.get_by_label("E-mail")).to_have_value(email)
        said.append(page.locator("main").inner_text())
    assert "E-mail and password do not match" in said[0]
    assert said[0] == said[1]


@pytest.mark.parametrize("address", ["/nowhere/", "/reports/000000000000000000000000/", "/reports/none/"])
def test_what_does_not_exist_is_said_with_a_way_back(visit: Visit, watch: Watch, address: str) -> None:
    watch.expect_console("status of 404")
    page = visit(VALUER)
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such page")
    page.get_by_role("link", name="Back to your work").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Work")
