"""The firm's pages of banks as managers and others meet them, and what stands in the database afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from banks import merging, overrides
from banks.models import Bank, BankOverride
from banks.pages import views
from tenants.context import no_organization, organization_active, shared_resources_writable
from tenants.models import Organization, User
from tenants.mongodb.monitoring import Command
from tenants.shared_cache import begin_next_revision, shared_cache

pytestmark = pytest.mark.usefixtures("formats")

ClientFor = Callable[[User], Client]
Commands = Callable[[], AbstractContextManager[list[Command]]]
Stored = Callable[[], BankOverride]

FORMAT = ("SBI", "general", "land_building")
SECTION = (*FORMAT, "general", "extent")
FIELD = (*SECTION, "extent_deed")
BRANCH = ("SBI", "SBI_DEL_CP")
PATH = "general.extent.extent_deed"
NAME = "general/land_building"

LOOKING = [
    ("banks", ()),
    ("bank", BRANCH[:1]),
    ("bank-branches", BRANCH[:1]),
    ("branch", BRANCH),
    ("bank-format", FORMAT),
    ("bank-format-section", SECTION),
]
CHANGING = [
    ("bank-change", BRANCH[:1]),
    ("bank-letterhead", BRANCH[:1]),
    ("bank-empanelment", BRANCH[:1]),
    ("branch-add", BRANCH[:1]),
    ("branch-change", BRANCH),
    ("bank-format-add", SECTION),
    ("bank-format-field", FIELD),
]
BUTTONS = [
    ("bank-hidden", BRANCH[:1]),
    ("bank-reset", BRANCH[:1]),
    ("bank-accept", BRANCH[:1]),
    ("branch-hidden", BRANCH),
    ("branch-remove", BRANCH),
    ("bank-format-figures", FORMAT),
    ("bank-format-remove", FIELD),
]


def url(name: str, *at: str, branch: str = "") -> str:
    return reverse(name, args=at) + (f"?branch={branch}" if branch else "")


@pytest.fixture
def browser(client_for: ClientFor, manager: User) -> Client:
    return client_for(manager)


@pytest.fixture
def stored(firm: Organization) -> Stored:
    """What the firm changes of SBI, as it is stored now."""

    def read() -> BankOverride:
        with organization_active(firm.placement):
            return overrides.override_of("SBI")

    return read


@pytest.fixture
def does(firm: Organization, manager: User) -> Callable[..., BankOverride]:
    """``does(action, …)``: a manager did something to SBI before the test looks."""

    def do(action: Callable[..., BankOverride], **given: Any) -> BankOverride:
        with organization_active(firm.placement):
            version = overrides.override_of("SBI").version
            return action(bank_code="SBI", by=manager, base_version=version, **given)

    return do


Does = Callable[..., BankOverride]


def text_of(response: Any) -> str:
    """The page's words without its markup."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def drawn(browser: Client, page: str) -> dict[str, Any]:
    """What the page's form would send if nobody touched it."""
    form = browser.get(page).context["form"]
    values = {
        name: value for name, value in form.current.values.items() if value is not False and value != []
    }
    return {**form.carried, **values}


def send(browser: Client, page: str, **typed: Any) -> Any:
    """Open the page, type, send."""
    return browser.post(page, {**drawn(browser, page), **typed})


@pytest.fixture
def lay_under(firm: Organization) -> Callable[[dict[str, str]], None]:
    """``lay_under({place: value})``: that was the shared value when the firm made its change."""

    def lay(under: dict[str, str]) -> None:
        with organization_active(firm.placement):
            BankOverride.objects.filter(bank_code="SBI").update(under=under)

    return lay


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


# Branches -------------------------------------------------------------------------------------------


def test_a_branch_says_whose_each_value_is(browser: Client, does: Does) -> None:
    does(overrides.change_branch, branch_code="SBI_DEL_CP", values={"manager_name": "Applicant Four"})
    page = text_of(browser.get(url("branch", *BRANCH)))
    assert "Manager Applicant Four your firm's; the bank has nothing" in page
    assert "IFSC SBIN0DEMO01 from the bank" in page


def test_only_what_was_changed_of_a_branch_is_stored(browser: Client, stored: Stored) -> None:
    response = send(browser, url("branch-change", *BRANCH), phone="000 0000 0004")
    assert response["Location"] == url("branch", *BRANCH)
    assert stored().branches == {"SBI_DEL_CP": {"phone": "000 0000 0004"}}


def test_what_stands_wrong_in_a_branch_already_does_not_stop_a_change(
    browser: Client, does: Does, stored: Stored, firm: Organization
) -> None:
    does(overrides.change_branch, branch_code="SBI_DEL_CP", values={"phone": "000 0000 0004"})
    brought = {"SBI_DEL_CP": {"pin_code": "12"}}
    with organization_active(firm.placement):
        BankOverride.objects.filter(bank_code="SBI").update(branches=brought)
    send(browser, url("branch-change", *BRANCH), phone="000 0000 0005")
    assert stored().branches == {"SBI_DEL_CP": {"pin_code": "12", "phone": "000 0000 0005"}}


def test_back_to_the_banks_value_saves_what_else_was_typed(
    browser: Client, does: Does, stored: Stored
) -> None:
    does(overrides.change_branch, branch_code="SBI_DEL_CP", values={"phone": "000 0000 0004"})
    send(browser, url("branch-change", *BRANCH), manager_name="Applicant Four", reset="phone")
    assert stored().branches == {"SBI_DEL_CP": {"manager_name": "Applicant Four"}}


def test_a_wrong_ifsc_is_told_at_its_field_and_nothing_typed_is_lost(browser: Client, stored: Stored) -> None:
    response = send(browser, url("branch-change", *BRANCH), ifsc="SBIN1", phone="000 0000 0004")
    assert response.status_code == 422
    page = response.content.decode()
    assert "An IFSC has four letters, a zero" in page
    assert 'value="000 0000 0004"' in page
    assert stored().version == 0


def test_the_ifsc_of_another_branch_is_refused(browser: Client) -> None:
    response = send(browser, url("branch-change", *BRANCH), ifsc="SBIN0DEMO04")
    assert response.status_code == 422
    assert "has this IFSC already" in text_of(response)


def test_two_who_change_different_values_of_a_branch_both_succeed(
    browser: Client, does: Does, stored: Stored
) -> None:
    opened = drawn(browser, url("branch-change", *BRANCH))
    does(overrides.change_branch, branch_code="SBI_DEL_CP", values={"manager_name": "Applicant Four"})
    response = browser.post(url("branch-change", *BRANCH), {**opened, "phone": "000 0000 0004"})
    assert response.status_code == 302
    assert stored().branches["SBI_DEL_CP"] == {"manager_name": "Applicant Four", "phone": "000 0000 0004"}


def test_what_staff_change_while_a_form_is_open_is_not_pinned_to_what_it_was(
    browser: Client, stored: Stored
) -> None:
    opened = drawn(browser, url("branch-change", *BRANCH))
    with no_organization(), shared_resources_writable():
        bank = Bank.objects.get(code="SBI")
        next(one for one in bank.branches if one.code == BRANCH[1]).landmark = "Clock tower"
        bank.save()
        begin_next_revision()
    browser.post(url("branch-change", *BRANCH), {**opened, "phone": "000 0000 0004"})
    assert stored().branches == {BRANCH[1]: {"phone": "000 0000 0004"}}


def test_limits_that_another_saved_meanwhile_stay(browser: Client, does: Does, stored: Stored) -> None:
    owners = url("bank-format-field", *FORMAT, "general", "records", "owners")
    opened = drawn(browser, owners)
    changes = {"fields": {"general.records.owners": {"max_rows": 4}}}
    does(overrides.change_format, format_name=NAME, changes=changes)
    assert browser.post(owners, {**opened, "label": "Who owns it"}).status_code == 302
    assert stored().formats == {
        NAME: {"all": {"fields": {"general.records.owners": {"label": "Who owns it", "max_rows": 4}}}}
    }


def test_two_who_change_the_same_value_of_a_branch_are_told(
    browser: Client, does: Does, stored: Stored
) -> None:
    page = url("branch-change", *BRANCH)
    opened = drawn(browser, page)
    does(overrides.change_branch, branch_code="SBI_DEL_CP", values={"phone": "000 0000 0004"})
    response = browser.post(page, {**opened, "phone": "000 0000 0005"})
    assert response.status_code == 409
    assert "Keep yours 000 0000 0005 Take theirs 000 0000 0004" in text_of(response)
    again = {
        **opened,
        **response.context["form"].carried,
        "phone": "000 0000 0005",
        "phone__choose": "theirs",
    }
    assert browser.post(page, again).status_code == 302
    assert stored().branches["SBI_DEL_CP"]["phone"] == "000 0000 0004"


def test_a_branch_of_the_firms_own_is_added_changed_and_removed(browser: Client, stored: Stored) -> None:
    values = {"code": "EAST", "name": "East", "ifsc": "sbin0new001", "city": "Pune", "state": "Maharashtra"}
    response = send(browser, url("branch-add", "SBI"), **values)
    assert response["Location"] == url("branch", "SBI", "OWN_EAST")
    send(browser, url("branch-change", "SBI", "OWN_EAST"), phone="000 0000 0004")
    assert stored().branches["OWN_EAST"]["phone"] == "000 0000 0004"
    assert "Reports that name it keep" in text_of(browser.get(url("branch", "SBI", "OWN_EAST")))
    browser.post(url("branch-remove", "SBI", "OWN_EAST"), {"version": "2"})
    assert stored().branches == {}


def test_a_branch_without_a_code_is_called_by_its_ifsc(browser: Client, stored: Stored) -> None:
    values = {"name": "East", "ifsc": "SBIN0NEW001", "city": "Pune", "state": "Maharashtra"}
    send(browser, url("branch-add", "SBI"), **values)
    assert list(stored().branches) == ["OWN_SBIN0NEW001"]


def test_a_branch_of_the_banks_is_not_removed(browser: Client) -> None:
    response = browser.post(url("branch-remove", *BRANCH), {"version": "0"}, follow=True)
    assert "has no branch" in text_of(response)


def test_a_branch_is_hidden_and_shown_again(browser: Client, stored: Stored) -> None:
    browser.post(url("branch-hidden", *BRANCH), {"version": "0", "hidden": "yes"})
    assert "Your firm hides this branch" in text_of(browser.get(url("branch", *BRANCH)))
    browser.post(url("branch-hidden", *BRANCH), {"version": "1", "hidden": "no"})
    assert stored().branches == {}


# Letterhead, empanelment, the bank's names -----------------------------------------------------------


def test_the_letterhead_of_a_bank_has_only_the_lines_that_differ(browser: Client, stored: Stored) -> None:
    send(browser, url("bank-letterhead", "SBI"), tagline="Panel of the bank", address="1 Road\n\n Pune ")
    assert stored().letterhead == {"tagline": "Panel of the bank", "address": "1 Road\nPune"}
    send(browser, url("bank-letterhead", "SBI"), tagline="", address="")
    assert stored().letterhead is None


def test_an_empanelment_is_kept_with_its_days(browser: Client, stored: Stored) -> None:
    page = url("bank-empanelment", "SBI")
    send(browser, page, number="SBI/0042", since="2024-01-01", until="2026-12-31")
    assert stored().empanelment == {"number": "SBI/0042", "since": "2024-01-01", "until": "2026-12-31"}


def test_an_empanelment_without_its_number_is_refused(browser: Client) -> None:
    response = send(browser, url("bank-empanelment", "SBI"), category="A")
    assert response.status_code == 422
    assert "Give the number" in text_of(response)


def test_a_bank_is_named_as_the_firm_names_it(browser: Client, stored: Stored) -> None:
    send(browser, url("bank-change", "SBI"), short_name="SBI")
    assert stored().changes == {"short_name": "SBI"}


def test_a_bank_without_a_name_is_refused(browser: Client) -> None:
    assert send(browser, url("bank-change", "SBI"), name="").status_code == 422


# Formats --------------------------------------------------------------------------------------------


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
