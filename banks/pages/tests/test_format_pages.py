"""A firm's changes to a bank's format, as a manager makes them."""

from __future__ import annotations

import pytest
from django.test import Client

from banks import overrides
from banks.pages.tests.asking import (
    FIELD,
    FORMAT,
    NAME,
    PATH,
    SECTION,
    Commands,
    Does,
    Stored,
    drawn,
    send,
    text_of,
    url,
)

pytestmark = pytest.mark.usefixtures("formats")


def test_a_percentage_is_changed_for_all_branches_and_for_one(browser: Client, stored: Stored) -> None:
    page = url("bank-format-figures", *FORMAT)
    values = drawn(browser, url("bank-format", *FORMAT))
    browser.post(page, {**values, "realizable_percent": "85"})
    of_branch = drawn(browser, url("bank-format", *FORMAT, branch="SBI_DEL_CP"))
    assert of_branch["realizable_percent"] == "85"
    browser.post(f"{page}?branch=SBI_DEL_CP", {**of_branch, "realizable_percent": "80"})
    assert stored().formats == {
        NAME: {
            "all": {"parameters": {"realizable_percent": "85"}},
            "branches": {"SBI_DEL_CP": {"parameters": {"realizable_percent": "80"}}},
        }
    }


def test_a_percentage_says_what_lies_under_it(browser: Client, does: Does) -> None:
    does(overrides.change_format, format_name=NAME, changes={"parameters": {"realizable_percent": "85"}})
    assert "Your firm's; the bank's is 90 %." in text_of(browser.get(url("bank-format", *FORMAT)))
    page = text_of(browser.get(url("bank-format", *FORMAT, branch="SBI_DEL_CP")))
    assert "Your firm's for all branches." in page


def test_a_percentage_above_a_hundred_is_refused_at_its_field(browser: Client, stored: Stored) -> None:
    values = drawn(browser, url("bank-format", *FORMAT))
    response = browser.post(url("bank-format-figures", *FORMAT), {**values, "distress_percent": "180"})
    assert response.status_code == 422
    page = response.content.decode()
    assert 'aria-invalid="true"' in page
    # The page was drawn under the address that only takes figures; its searches lead elsewhere.
    assert f'action="{url("bank-format", *FORMAT)}#questions"' in page
    assert stored().version == 0


def test_a_format_costs_two_commands(browser: Client, commands: Commands) -> None:
    browser.get(url("bank-format", *FORMAT))
    for name, at in (("bank-format", FORMAT), ("bank-format-section", SECTION), ("bank-format-field", FIELD)):
        with commands() as sent:
            browser.get(url(name, *at))
        assert len(sent) == 2, name


def test_a_question_gets_the_firms_words_and_limit(browser: Client, stored: Stored) -> None:
    response = send(browser, url("bank-format-field", *FIELD), label="Extent, deed", maximum="1,00,000")
    assert response["Location"] == url("bank-format-section", *SECTION)
    assert stored().formats == {
        NAME: {"all": {"fields": {PATH: {"label": "Extent, deed", "maximum": "100000"}}}}
    }
    page = text_of(browser.get(url("bank-format-section", *SECTION)))
    assert "Extent, deed" in page
    assert "0 to 1,00,000" in page


def test_a_date_gets_the_firms_limits_and_a_table_its_most(browser: Client, stored: Stored) -> None:
    plan = (*FORMAT, "building", "plan", "plan_date")
    owners = (*FORMAT, "general", "records", "owners")
    page = url("bank-format-field", *plan)
    assert 'value="today"' in browser.get(page).content.decode()
    assert send(browser, page, min_date="01-04-1990", max_date="Date of valuation").status_code == 302
    assert send(browser, url("bank-format-field", *owners), max_rows="4").status_code == 302
    assert stored().formats == {
        NAME: {
            "all": {
                "fields": {
                    "building.plan.plan_date": {
                        "min_date": "1990-04-01",
                        "max_date": "common.details.valuation_date",
                    },
                    "general.records.owners": {"max_rows": 4},
                }
            }
        }
    }
    assert "not before 01-04-1990" in text_of(browser.get(url("bank-format-section", *plan[:-1])))
    assert "at most 4 rows" in text_of(browser.get(url("bank-format-section", *owners[:-1])))

    send(browser, page, reset="max_date")
    send(browser, url("bank-format-field", *owners), max_rows="")
    assert stored().formats == {
        NAME: {"all": {"fields": {"building.plan.plan_date": {"min_date": "1990-04-01"}}}}
    }


def test_a_date_that_another_is_limited_by_is_not_hidden(browser: Client, does: Does, stored: Stored) -> None:
    limit = {"fields": {"land.guideline.guideline_date": {"min_date": "building.plan.plan_date"}}}
    does(overrides.change_format, format_name=NAME, changes=limit)
    response = send(
        browser, url("bank-format-field", *FORMAT, "building", "plan", "plan_date"), hidden="true"
    )
    assert response.status_code == 422
    assert stored().formats == {NAME: {"all": limit}}


def test_a_questions_words_go_back_to_the_banks(browser: Client, does: Does, stored: Stored) -> None:
    changes = {"fields": {PATH: {"label": "Extent, deed", "help": "Read the deed."}}}
    does(overrides.change_format, format_name=NAME, changes=changes)
    send(browser, url("bank-format-field", *FIELD), reset="label")
    assert stored().formats == {NAME: {"all": {"fields": {PATH: {"help": "Read the deed."}}}}}


def test_a_question_that_a_formula_needs_is_not_hidden(browser: Client, stored: Stored) -> None:
    response = send(browser, url("bank-format-field", *FIELD), hidden="true")
    assert response.status_code == 422
    assert stored().version == 0


def test_a_question_that_nothing_needs_is_hidden(browser: Client, stored: Stored) -> None:
    field = (*FORMAT, "site", "remarks", "advantages")
    assert send(browser, url("bank-format-field", *field), hidden="true").status_code == 302
    assert "not asked" in text_of(browser.get(url("bank-format-section", *field[:-1])))


def test_two_who_change_the_same_words_of_a_question_are_told(browser: Client, does: Does) -> None:
    page = url("bank-format-field", *FIELD)
    opened = drawn(browser, page)
    does(overrides.change_format, format_name=NAME, changes={"fields": {PATH: {"label": "Theirs"}}})
    response = browser.post(page, {**opened, "label": "Mine"})
    assert response.status_code == 409
    assert "Keep yours Mine Take theirs Theirs" in text_of(response)


def test_two_who_change_different_questions_both_succeed(browser: Client, does: Does, stored: Stored) -> None:
    page = url("bank-format-field", *FIELD)
    opened = drawn(browser, page)
    does(overrides.change_format, format_name=NAME, changes={"parameters": {"realizable_percent": "85"}})
    browser.post(page, {**opened, "label": "Mine"})
    assert stored().formats == {
        NAME: {"all": {"parameters": {"realizable_percent": "85"}, "fields": {PATH: {"label": "Mine"}}}}
    }


def test_a_question_of_the_firms_own_is_added_changed_and_taken_away(browser: Client, stored: Stored) -> None:
    added = {"label": "Gate", "type": "select", "options": "Red\nBlue", "after": "extent_deed"}
    send(browser, url("bank-format-add", *SECTION), **added)
    own = (*SECTION, "own_gate")
    send(browser, url("bank-format-field", *own), label="Colour of the gate")
    node = {
        "id": "own_gate",
        "type": "select",
        "label": "Colour of the gate",
        "options": [{"value": "Red", "label": "Red"}, {"value": "Blue", "label": "Blue"}],
    }
    one = {"section": "general.extent", "after": "extent_deed", "field": node}
    assert stored().formats == {NAME: {"all": {"added": [one]}}}
    assert browser.get(url("bank-format-field", *own)).context["remove_url"]
    browser.post(url("bank-format-remove", *own))
    assert stored().formats is None


def test_all_changes_of_a_format_are_taken_back_at_once(browser: Client, does: Does, stored: Stored) -> None:
    does(overrides.change_format, format_name=NAME, changes={"parameters": {"realizable_percent": "85"}})
    place = browser.get(url("bank-format", *FORMAT)).context["place"]
    browser.post(url("bank-reset", "SBI"), {"version": "1", "place": place})
    assert stored().formats is None


def test_a_question_is_found_by_its_words(browser: Client) -> None:
    found = browser.get(url("bank-format", *FORMAT) + "?q=extent+deed").context["found"]
    assert "A: extent as per the deed" in [row["label"] for row in found]


def test_a_branch_is_found_to_change_a_format_for_it_alone(browser: Client) -> None:
    response = browser.get(url("bank-format", *FORMAT) + "?find=koti")
    assert [one.code for one in response.context["branches"]] == ["SBI_HYD_KOTI"]
