"""Two people in one section of one report: nobody's work disappears, with scripts and without."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import Site, Watch
from tests.e2e.doing import ASSISTANT, DRAFT, VALUER, Visit, press, report_of, visits

pytestmark = pytest.mark.e2e
GUIDELINE = "edit/land/guideline/"
ASSISTANT_S_NAME = "Asha Assistant"


@dataclass(frozen=True)
class Pair:
    """A valuer and an assistant of one firm, each in a browser, and the address of the report they write."""

    valuer: Page
    assistant: Page
    report: str

    def open(self, section: str) -> None:
        """Both look at the section as it is stored now."""
        for page in (self.valuer, self.assistant):
            page.goto(f"{self.report}{section}")


@pytest.fixture
def visit(chromium: Browser, site: Site, watch: Watch) -> Iterator[Visit]:
    with visits(chromium, site, watch) as visit:
        yield visit


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def pair(request: pytest.FixtureRequest, visit: Visit, watch: Watch) -> Pair:
    # The browser itself notes that the answer to a stale save is a refusal.
    watch.expect_console("status of 409")
    valuer, assistant = (visit(email, javascript=request.param) for email in (VALUER, ASSISTANT))
    return Pair(valuer, assistant, report_of(valuer, DRAFT))


def control(page: Page, name: str) -> Locator:
    return page.locator(f'[name="{name}"]')


def conflict(page: Page, name: str) -> Locator:
    """The choice between both values, at the field."""
    return page.locator(f"#q-{name}-field fieldset")


def rates(pair: Pair) -> tuple[str, str]:
    """Two guideline rates, neither of which is stored: the assistant's and the valuer's."""
    stored = int(control(pair.valuer, "guideline_rate").input_value().replace(",", ""))
    return f"{stored + 10:,}", f"{stored + 25:,}"


def test_the_later_save_is_refused_and_shows_what_both_wrote(pair: Pair) -> None:
    pair.open(GUIDELINE)
    theirs, mine = rates(pair)
    control(pair.assistant, "guideline_rate").fill(theirs)
    control(pair.assistant, "registration_office").fill(f"Office that asks {theirs}")
    assert press(pair.assistant, "Save") == 200

    control(pair.valuer, "guideline_rate").fill(mine)
    control(pair.valuer, "guideline_evidence").fill(f"A circular that says {mine}")
    assert press(pair.valuer, "Save") == 409

    both = conflict(pair.valuer, "guideline_rate")
    expect(both).to_contain_text(f"Changed by {ASSISTANT_S_NAME} at ")
    expect(both.locator("time")).to_have_text(re.compile(r"^\d\d:\d\d$"))
    expect(both.get_by_label("Keep yours")).to_be_checked()
    expect(both).to_contain_text(mine)
    expect(both).to_contain_text(theirs)
    # What was typed is still there, contested or not; what only the other one changed is theirs.
    expect(control(pair.valuer, "guideline_rate")).to_have_value(mine)
    expect(control(pair.valuer, "guideline_evidence")).to_have_value(f"A circular that says {mine}")
    expect(control(pair.valuer, "registration_office")).to_have_value(f"Office that asks {theirs}")
    expect(pair.valuer.locator("#section-form fieldset.conflict")).to_have_count(1)
    # Refused means that nothing of it is stored.
    pair.assistant.goto(f"{pair.report}{GUIDELINE}")
    expect(control(pair.assistant, "guideline_rate")).to_have_value(theirs)


def test_choosing_and_saving_again_stores_what_was_chosen(pair: Pair) -> None:
    pair.open(GUIDELINE)
    theirs, mine = rates(pair)
    for page, rate in ((pair.assistant, theirs), (pair.valuer, mine)):
        control(page, "guideline_rate").fill(rate)
        control(page, "guideline_evidence").fill(f"A circular that says {rate}")
        press(page, "Save")

    conflict(pair.valuer, "guideline_rate").get_by_label("Take theirs").check()
    conflict(pair.valuer, "guideline_evidence").get_by_label("Keep yours").check()
    assert press(pair.valuer, "Save") == 200

    pair.assistant.goto(f"{pair.report}{GUIDELINE}")
    expect(control(pair.assistant, "guideline_rate")).to_have_value(theirs)
    expect(control(pair.assistant, "guideline_evidence")).to_have_value(f"A circular that says {mine}")
    expect(pair.assistant.locator("fieldset.conflict")).to_have_count(0)


def test_two_people_in_different_sections_do_not_meet(visit: Visit) -> None:
    valuer, assistant = visit(VALUER), visit(ASSISTANT)
    report = report_of(valuer, DRAFT)
    valuer.goto(f"{report}edit/remarks/opinion/")
    assistant.goto(f"{report}edit/general/location/")
    control(assistant, "landmark").fill("Opposite the water tower")
    assert press(assistant, "Save") == 200
    control(valuer, "marketability").fill("Sells within a season.")
    assert press(valuer, "Save") == 200
    assistant.reload()
    expect(control(assistant, "landmark")).to_have_value("Opposite the water tower")
