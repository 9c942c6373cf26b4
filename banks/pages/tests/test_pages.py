"""The firm's pages of banks as managers and others meet them, and what stands in the database afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from banks import merging, overrides
from banks.pages import views
from banks.pages.tests.asking import (
    BRANCH,
    BUTTONS,
    CHANGING,
    FORMAT,
    LOOKING,
    NAME,
    SECTION,
    ClientFor,
    Commands,
    Does,
    Stored,
    text_of,
    url,
)
from tenants.models import User
from tenants.shared_cache import shared_cache

pytestmark = pytest.mark.usefixtures("formats")


# Who may --------------------------------------------------------------------------------------------


def test_everybody_of_the_firm_may_look_and_is_offered_no_change(client_for: ClientFor, viewer: User) -> None:
    browser = client_for(viewer)
    for name, at in LOOKING:
        response = browser.get(url(name, *at))
        main = response.content.decode().split("<main", 1)[-1]
        assert (name, response.status_code, 'method="post"' in main) == (name, 200, False)


def test_who_is_no_manager_changes_nothing(client_for: ClientFor, valuer: User, stored: Stored) -> None:
    browser = client_for(valuer)
    for name, at in [*CHANGING, *BUTTONS]:
        assert browser.post(url(name, *at), {"version": "0"}).status_code == 403, name
    assert stored().version == 0


def test_who_is_signed_out_signs_in_first(database: None) -> None:
    for name, at in [*LOOKING, *CHANGING]:
        response = Client().get(url(name, *at))
        assert response["Location"].startswith("/sign-in/"), name


def test_what_is_not_there_is_not_found(browser: Client) -> None:
    for address in (
        ("bank", "NOPE"),
        ("branch", "SBI", "NOPE"),
        ("branch-change", "SBI", "NOPE"),
        ("bank-format", "SBI", "general", "castle"),
        ("bank-format-section", *FORMAT, "general", "nope"),
        ("bank-format-field", *SECTION, "nope"),
    ):
        assert browser.get(url(*address)).status_code == 404, address


def test_a_format_for_a_branch_that_is_not_there_is_not_found(browser: Client) -> None:
    assert browser.get(url("bank-format", *FORMAT, branch="NOPE")).status_code == 404


def test_a_rival_sees_nothing_of_what_the_firm_changed(
    client_for: ClientFor, rival_manager: User, does: Does
) -> None:
    does(overrides.change_branch, branch_code="SBI_DEL_CP", values={"phone": "000 0000 0004"})
    own = {"name": "Secret corner", "ifsc": "SBIN0NEW001", "city": "Pune", "state": "Maharashtra"}
    does(overrides.add_own_branch, branch_code="CORNER", values=own)
    rival = client_for(rival_manager)
    assert rival.get(url("branch", "SBI", "OWN_CORNER")).status_code == 404
    for page in (url("bank", "SBI"), url("branch", *BRANCH), url("banks") + "?q=corner"):
        assert not re.search("000 0000 0004|Secret corner", text_of(rival.get(page)))


# The list -------------------------------------------------------------------------------------------


def test_the_list_says_what_the_firm_changed(browser: Client, does: Does) -> None:
    does(overrides.change_bank, values={"short_name": "SBI"})
    does(overrides.set_empanelment, values={"number": "SBI/0042", "until": "2020-01-31"})
    page = text_of(browser.get(url("banks")))
    assert "1 change" in page
    assert "SBI/0042 ended 31 Jan 2020" in page


def test_the_list_costs_two_commands_its_search_three(
    browser: Client, does: Does, commands: Commands
) -> None:
    does(overrides.change_branch, branch_code="SBI_DEL_CP", values={"phone": "000 0000 0004"})
    browser.get(url("banks"))
    with commands() as sent:
        browser.get(url("banks"))
    assert len(sent) == 2
    with commands() as sent:
        browser.get(url("banks") + "?q=koti")
    assert len(sent) == 3


def test_the_list_read_for_the_first_time_costs_four_commands(browser: Client, commands: Commands) -> None:
    shared_cache.clear()
    with commands() as sent:
        browser.get(url("banks"))
    assert len(sent) <= 4


def test_a_branch_is_found_among_all_banks_by_its_ifsc(browser: Client) -> None:
    hits = browser.get(url("banks") + "?q=sbin0demo04").context["hits"]
    assert [(hit.bank.code, hit.branch.name) for hit in hits] == [("SBI", "Koti")]


@pytest.mark.parametrize("name", ["banks", "bank-branches"])
def test_a_search_for_what_no_keyboard_has_finds_nothing(browser: Client, name: str) -> None:
    at = () if name == "banks" else ("SBI",)
    assert browser.get(url(name, *at), {"q": "a\x00[("}).status_code == 200


def test_words_of_a_search_are_no_pattern(browser: Client) -> None:
    assert browser.get(url("banks") + "?q=.*").context["hits"] == []


def test_a_branch_is_found_by_the_name_that_the_firm_gave_it(browser: Client, does: Does) -> None:
    does(overrides.change_branch, branch_code="SBI_DEL_CP", values={"name": "Delhi main"})
    hits = browser.get(url("banks") + "?q=delhi+main").context["hits"]
    assert [hit.branch.code for hit in hits] == ["SBI_DEL_CP"]
    assert browser.get(url("banks") + "?q=janpath+sbin0demo01").context["hits"][0].branch.name == "Delhi main"


def test_a_search_that_finds_nothing_offers_the_way_back(browser: Client) -> None:
    assert "Show all banks" in text_of(browser.get(url("banks") + "?q=zzzz"))


def test_banks_changed_by_the_firm_are_picked_out(browser: Client, does: Does) -> None:
    does(overrides.change_bank, values={"short_name": "SBI"})
    assert [one.code for one in browser.get(url("banks") + "?only=changed").context["rows"]] == ["SBI"]


def test_without_banks_the_list_says_who_brings_them(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "banks_listed", lambda today: ([], []))
    assert "There are no banks yet" in text_of(browser.get(url("banks")))


# One bank -------------------------------------------------------------------------------------------


def test_a_bank_is_hidden_and_shown_again(browser: Client) -> None:
    browser.post(url("bank-hidden", "SBI"), {"version": "0", "hidden": "yes"})
    assert [one.code for one in browser.get(url("banks")).context["hidden"]] == ["SBI"]
    browser.post(url("bank-hidden", "SBI"), {"version": "1", "hidden": "no"})
    assert browser.get(url("banks")).context["hidden"] == []


def test_a_bank_costs_two_commands(browser: Client, does: Does, commands: Commands) -> None:
    does(overrides.change_format, format_name=NAME, changes={"parameters": {"realizable_percent": "85"}})
    browser.get(url("bank", "SBI"))
    with commands() as sent:
        browser.get(url("bank", "SBI"))
    assert len(sent) == 2


def test_a_bank_read_for_the_first_time_costs_five_commands(browser: Client, commands: Commands) -> None:
    shared_cache.clear()
    with commands() as sent:
        browser.get(url("bank", "SBI"))
    assert len(sent) <= 5


def test_of_many_branches_only_those_shown_are_merged(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    merged: list[object] = []
    laid_over = merging._laid_over

    def counted(*given: Any) -> Any:
        merged.append(given)
        return laid_over(*given)

    monkeypatch.setattr(merging, "_laid_over", counted)
    response = browser.get(url("bank-branches", "SBI") + "?q=koti", headers={"HX-Request": "true"})
    assert [one.code for one in response.context["found"]] == ["SBI_HYD_KOTI"]
    # The bank itself and the one branch.
    assert len(merged) == 2


def test_the_list_of_branches_opened_by_itself_is_the_whole_page(browser: Client) -> None:
    page = browser.get(url("bank-branches", "SBI"), {"q": "koti"}).content.decode()
    part = browser.get(url("bank-branches", "SBI"), {"q": "koti"}, headers={"HX-Request": "true"})
    assert page.startswith("<!doctype html>")
    assert part.content.decode().startswith('<div id="branches">')
    assert "Koti" in page
    assert "MG Road" not in page


def test_a_page_of_branches_beyond_the_last_is_the_last(browser: Client) -> None:
    response = browser.get(url("bank", "SBI") + "?page=99")
    assert response.context["paged"].number == 1


def test_a_change_goes_back_to_the_shared_value(browser: Client, does: Does, stored: Stored) -> None:
    does(overrides.change_bank, values={"short_name": "SBI"})
    page = browser.get(url("bank", "SBI"))
    assert "Short name Your firm's SBI Shared State Bank of India" in text_of(page)
    response = browser.post(url("bank-reset", "SBI"), {"version": "1", "place": "bank.short_name"})
    assert (response["Location"], stored().changes) == (url("bank", "SBI"), {})


def test_a_button_of_an_old_page_changes_nothing(browser: Client, does: Does, stored: Stored) -> None:
    does(overrides.change_bank, values={"short_name": "SBI"})
    does(overrides.change_bank, values={"city": "Pune"})
    response = browser.post(
        url("bank-reset", "SBI"), {"version": "1", "place": "bank.short_name"}, follow=True
    )
    assert "Somebody else changed this bank" in text_of(response)
    assert stored().changes == {"short_name": "SBI", "city": "Pune"}


def test_a_place_that_is_none_is_refused_in_words(browser: Client) -> None:
    response = browser.post(url("bank-reset", "SBI"), {"version": "0", "place": "<x>"}, follow=True)
    assert "is no place of a bank" in text_of(response)


def test_a_button_leads_to_no_other_site(browser: Client) -> None:
    data = {"version": "0", "place": "bank.name", "next": "//evil.example/banks/"}
    assert browser.post(url("bank-reset", "SBI"), data)["Location"] == url("bank", "SBI")


def test_a_shared_value_that_changed_is_told_and_ours_kept(
    browser: Client, does: Does, stored: Stored, lay_under: Callable[[dict[str, str]], None]
) -> None:
    does(overrides.change_branch, branch_code="SBI_HYD_KOTI", values={"ifsc": "SBIN0DEMO99"})
    lay_under({"branch.SBI_HYD_KOTI.ifsc": "SBIN0DEMO98"})
    assert "1 needs a look" in text_of(browser.get(url("banks")))
    told = "The shared value was SBIN0DEMO98 when your firm changed it, and is now SBIN0DEMO04"
    assert told in text_of(browser.get(url("bank", "SBI")))
    told = "The bank's record said SBIN0DEMO98 when your firm wrote SBIN0DEMO99 , and now says SBIN0DEMO04"
    assert told in text_of(browser.get(url("branch", "SBI", "SBI_HYD_KOTI")))
    browser.post(url("bank-accept", "SBI"), {"version": "1", "place": "branch.SBI_HYD_KOTI.ifsc"})
    assert "needs a look" not in text_of(browser.get(url("bank", "SBI")))
    assert stored().branches["SBI_HYD_KOTI"]["ifsc"] == "SBIN0DEMO99"


def test_a_format_that_says_something_else_now_is_told(
    browser: Client, does: Does, stored: Stored, lay_under: Callable[[dict[str, str]], None]
) -> None:
    does(overrides.change_format, format_name=NAME, changes={"parameters": {"realizable_percent": "85"}})
    place = f"format.{NAME}/@/parameter/realizable_percent"
    lay_under({place: "70"})
    told = "The bank's format said 70 % when your firm wrote 85 % , and now says 90 %"
    assert told in text_of(browser.get(url("bank-format", *FORMAT)))
    browser.post(url("bank-reset", "SBI"), {"version": "1", "place": place})
    assert stored().formats is None
